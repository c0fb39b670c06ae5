"""What holds of the tree as a whole: layers, packaging, locks, commands that the documents name, no foreign traces."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import typer.main
from packaging.requirements import Requirement

import pdu
import smppd
from smppd.cli import app

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked() -> list[Path]:
    """The files of the project, as git knows them; in an unpacked archive, what is there."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_nobody_imports_who_must_not() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_the_gateway_the_wire_and_the_statements(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("smppd-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, target in [("smppd", "smppd"), ("pdu", "pdu")]:
        for path in (ROOT / folder).rglob("*.py"):
            assert f"{target}/{path.relative_to(ROOT / folder)}" in names
    for path in (ROOT / "sql").rglob("*.sql"):
        assert f"smppd/sql/{path.relative_to(ROOT / 'sql')}" in names
    assert {name.partition("/")[0] for name in names} == {"smppd", "pdu", f"smppd-{smppd.__version__}.dist-info"}


def test_both_packages_are_ours() -> None:
    """PyPI has another `pdu`; installed beside us it would replace ours without a word."""
    assert Path(pdu.__file__).parents[1] == Path(smppd.__file__).parents[1]
    assert packages_distributions().get("pdu", ["smppd"]) == ["smppd"]


def pins(name: str) -> dict[str, str]:
    found = {}
    for line in (ROOT / name).read_text().splitlines():
        exact = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;@]+)", line)
        assert exact, f"{name}: {line!r} is not an exact pin"
        found[re.sub(r"[-_.]+", "-", exact[1]).lower()] = exact[2]
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        ("requirements-dev.txt", PROJECT["project"]["optional-dependencies"]["dev"]),
    ],
)
def test_the_lock_satisfies_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    there = pins(lock)
    for line in wanted:
        requirement = Requirement(line)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert requirement.specifier.contains(there[name]), line


def test_the_locks_agree() -> None:
    dev = pins("requirements-dev.txt")
    assert {name: dev.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")


COMMANDS = typer.main.get_command(app)


@pytest.mark.parametrize(
    "document", ["README.md", "docs/cli.md", "etc/smppd.toml", "etc/smppd.service", "CHANGELOG.md"]
)
def test_a_command_that_a_document_names_exists_with_its_options(document: str) -> None:
    text = (ROOT / document).read_text()
    named = re.findall(r"(?:`|bin/|^)smppd ((?:[a-z]+\b)(?!:)[^`\n;#]*)", text, re.MULTILINE)
    assert named or document == "CHANGELOG.md"
    for usage in named:
        command, *words = usage.replace("\\|", " ").split()
        if command in ("may", "takes", "ready"):  # sentences, and the line that `run` prints
            continue
        assert command in COMMANDS.commands, usage  # type: ignore[attr-defined]
        options = {o for p in COMMANDS.commands[command].params for o in (*p.opts, *p.secondary_opts)}  # type: ignore[attr-defined]
        asked = {word for each in words for word in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", each)}
        assert asked <= options, usage


@pytest.mark.parametrize(
    "target", ["help", "demo", "test", "bench", "lint", "chaos", "fuzz", "properties", "soak", "lock"]
)
def test_each_target_of_make_is_listed_and_runs_dry(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(rf"^{target} +\S", subprocess.check_output(["make"], cwd=ROOT, text=True), re.MULTILINE)


def test_what_make_lacks_is_said_in_one_line(tmp_path: Path) -> None:
    """With no Python that will do, and with one that has no venv module."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "rm", "touch", "sed", "grep", "expand"):
        (tools / name).symlink_to(subprocess.check_output(["sh", "-c", f"command -v {name}"], text=True).strip())
    make = subprocess.check_output(["sh", "-c", "command -v make"], text=True).strip()

    def attempt() -> str:
        done = subprocess.run(
            [make, "demo"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
        assert len(said) == 1
        return said[0]

    assert attempt().startswith("smppd needs Python 3.11 or newer: install python3.11")
    bare = tools / "python3"
    bare.write_text('#!/bin/sh\ncase "$2" in *venv*) exit 1;; esac\nexit 0\n')
    bare.chmod(0o755)
    assert attempt().startswith("smppd needs the venv module and pip of python3: install python3-venv")


def traces() -> re.Pattern[str]:
    """Paths of a machine, and hosts of package registries: neither belongs in the tree."""
    machine = "|".join(("/" + "work/", "/" + "root/", "/home" + r"/\w", "/" + "opt/pypi", "/tmp" + "/w/"))
    registry = "|".join(("files.pythonhosted" + r"\.org", "pypi" + r"\.org", "registry.npmjs" + r"\.org"))
    return re.compile(f"{machine}|{registry}|--(?:extra-)?index" + "-url|--find" + "-links")


def test_the_tree_bears_no_trace_of_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in traces().finditer(text)]
    assert found == []


def test_the_version_is_the_same_wherever_it_stands() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", smppd.__version__)
    released = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert not released or released[0] == smppd.__version__
