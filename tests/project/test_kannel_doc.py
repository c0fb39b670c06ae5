"""docs/kannel.md lists the differences to Kannel that the side-by-side tests know."""

from pathlib import Path

import pytest

from tests.interop import kannel_calls, kannel_differences

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("table", "module"),
    [(kannel_differences.tables(), "kannel_differences"), (kannel_calls.table(), "kannel_calls")],
    ids=["requests", "calls"],
)
def test_the_document_has_the_differences_of_the_tests(table: str, module: str) -> None:
    assert table in (ROOT / "docs" / "kannel.md").read_text(), f"python -m tests.interop.{module} prints it"
