"""The sample configuration is complete, true and passes `check`; the references name what there is."""

import re
import tomllib
from pathlib import Path

import pytest
from prometheus_client import Counter
from typer.testing import CliRunner

from smppd import metrics
from smppd.cli import app
from smppd.config import parse
from smppd.config.locate import KeyPath, locate
from smppd.config.schema import every_key, known

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = (ROOT / "etc" / "smppd.toml").read_text()
EVERYTHING = re.sub(r"^#(?=[\w\[])", "", SAMPLE, flags=re.MULTILINE)
"""The sample with each setting that it leaves at its default switched on."""


def pattern(path: KeyPath) -> tuple[str, ...]:
    """`path` as `every_key` writes it."""
    out: list[str] = []
    for index, step in enumerate(path):
        names = known(path[:index])
        out.append("[]" if isinstance(step, int) else step if step in names or not index else "*")
    return tuple(out)


LINES = {pattern(path): line for path, line in reversed(locate(EVERYTHING).items())}


@pytest.mark.parametrize("key", [key for key in every_key() if key[-1] not in ("*", "[]")], ids=".".join)
def test_each_key_of_the_model_is_in_the_sample_with_an_explanation(key: tuple[str, ...]) -> None:
    explained = [
        line
        for path, line in locate(EVERYTHING).items()
        if pattern(path) == key and explanation(EVERYTHING.splitlines(), line)
    ]
    assert explained, "no line of the sample has this key below an explanation"


def explanation(lines: list[str], line: int) -> bool:
    """Whether the lines above this one, or above the table it opens, are a comment."""
    above = line - 2
    while above >= 0 and re.match(r"\[|(type|url|hosts|system_id|username|password|token) = ", lines[above]):
        above -= 1
    return above >= 0 and lines[above].startswith("# ")


def test_each_key_of_the_sample_is_one_of_the_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in re.findall(r'env = "(\w+)"', EVERYTHING):
        monkeypatch.setenv(name, "x")
    (tmp_path / "app").write_text("secret\n")
    config = parse(EVERYTHING.replace("/run/secrets/app", str(tmp_path / "app")))
    assert set(config.carriers) == {"vodacom", "airtel"}


def test_every_type_of_system_is_shown() -> None:
    assert {system["type"] for system in tomllib.loads(EVERYTHING)["systems"].values()} == {
        "webhook", "dhis2", "cht", "cht-rapidpro", "kannel", "api",
    }  # fmt: skip


def test_a_default_in_the_sample_is_the_default_of_the_model() -> None:
    """Where the table of references and the sample both give a value for a plain key, they agree with the model."""
    bare = parse('[carriers.a]\nhosts = ["a:1"]\nsystem_id = "x"\n[systems.b]\ntype = "dhis2"\nurl = "http://b"')
    shown = tomllib.loads(EVERYTHING)
    for side, ours, theirs in [
        ("carriers", bare.carriers["a"], shown["carriers"]["vodacom"]),
        ("systems", bare.systems["b"], shown["systems"]["dhis2"]),
    ]:
        for key, value in theirs.items():
            default = getattr(ours, key)
            if default is None:
                continue  # an example: left out, it follows from the number
            if isinstance(value, int | bool) or key in ("bind", "version", "default_alphabet", "variant", "originator"):
                assert value == default, f"{side}: {key}"


def test_the_sample_passes_check(tmp_path: Path) -> None:
    file = tmp_path / "smppd.toml"
    file.write_text(SAMPLE.replace("/var/lib/smppd", str(tmp_path / "data")))
    result = CliRunner().invoke(app, ["check", "-c", str(file)])
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_table_of_keys_names_each_key_once() -> None:
    table = (ROOT / "docs" / "configuration.md").read_text()
    named = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    keys = [".".join(key).replace(".[]", "[]") for key in every_key()]
    tables = {key for key in keys if any(other.startswith((key + ".", key + "[")) for other in keys)}
    assert sorted(named) == sorted((set(keys) - tables) | {"carriers.*.tls"})


def test_the_table_of_metrics_names_each_series() -> None:
    table = (ROOT / "docs" / "metrics.md").read_text()
    named = re.findall(r"^\| `(smppd_\w+)` \| (\w+) \| ([^|]*) \|", table, re.MULTILINE)
    declared = [
        (
            metric._name + ("_total" if isinstance(metric, Counter) else ""),
            metric._type,
            ", ".join(metric._labelnames) or "-",
        )
        for name, metric in vars(metrics).items()
        if name.isupper() and hasattr(metric, "_labelnames")
    ]
    assert sorted(named) == sorted(declared)
