"""docs/kannel.md lists the differences to Kannel that the side-by-side test knows."""

from pathlib import Path

from tests.interop.kannel_differences import tables

ROOT = Path(__file__).resolve().parents[2]


def test_the_document_has_the_differences_of_the_test() -> None:
    assert tables() in (ROOT / "docs" / "kannel.md").read_text(), "python -m tests.interop.kannel_differences"
