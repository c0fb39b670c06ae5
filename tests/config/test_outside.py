"""What the configuration names outside itself is tried before anything starts."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from smppd.config import parse
from smppd.config.outside import client_context, verify
from smppd.errors import ConfigError

CARRIER = '[carriers.voda]\nhosts = ["10.0.0.5:2775"]\nsystem_id = "moh"\n'


def refused(text: str) -> list[ConfigError]:
    with pytest.raises(ConfigError) as caught:
        verify(parse(text), text, "gw.toml")
    return [caught.value, *caught.value.others]


@pytest.fixture(scope="module")
def pems(open_folder: Path) -> Path:
    where = open_folder / "pems"
    where.mkdir()
    for name in ("a", "b"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-keyout", where / f"{name}.key", "-out", where / f"{name}.pem"],
            check=True, capture_output=True,
        )  # fmt: skip
    locked = ["openssl", "rsa", "-aes256", "-passout", "pass:x", "-in", where / "a.key", "-out", where / "locked.key"]
    subprocess.run(locked, check=True, capture_output=True)
    (where / "empty.pem").touch()
    return where


@pytest.mark.parametrize(
    ("table", "line", "key", "reason"),
    [
        ('[http]\ntls = { cert = "{}/none", key = "{}/a.key" }', 4, "http.tls.cert", "No such file"),
        ('[http]\ntls = { cert = "{}/a.pem", key = "{}/none" }', 4, "http.tls.key", "No such file"),
        ('[http]\ntls = { cert = "{}/a.pem", key = "{}/b.key" }', 4, "http.tls.key", "does not belong"),
        ('[http]\ntls = { cert = "{}/empty.pem", key = "{}/a.key" }', 4, "http.tls.cert", "unencrypted PEM"),
        ('[http]\ntls = { cert = "{}/a.pem", key = "{}/locked.key" }', 4, "http.tls.cert", "unencrypted PEM"),
        (CARRIER + 'tls = { ca = "{}/empty.pem" }', 6, "carriers.voda.tls.ca", "no certificate"),
        (CARRIER + 'tls = { cert = "{}/b.pem", key = "{}/a.key" }', 6, "carriers.voda.tls.key", "does not belong"),
        ('[systems.x]\ntype = "cht"\nurl = "https://x"\nca = "{}/none"', 6, "systems.x.ca", "No such file"),
        ('[store]\nretain = "1d"', 2, "store.data_dir", "is a file"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(
    table: str, line: int, key: str, reason: str, pems: Path
) -> None:
    place = pems / "empty.pem" / "data" if key == "store.data_dir" else pems / "data"
    store = f'store.data_dir = "{place}"\n\n' if "[store]" not in table else f'\n[store]\ndata_dir = "{place}"\n'
    (problem,) = refused(store + table.removeprefix("[store]\n").replace("{}", str(pems)))
    assert problem.key == key
    assert reason in problem.reason
    assert problem.line == (3 if key == "store.data_dir" else line)


def test_all_files_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    text = f'store.data_dir = "{tmp_path}"\n' + CARRIER + 'tls = { ca = "/none/a" }\n[systems.x]\ntype = "cht"\n'
    assert len(refused(text + 'url = "https://x"\nca = "/none/b"')) == 2


def test_a_good_file_passes_and_an_own_database_needs_no_directory(pems: Path) -> None:
    text = f'[store]\ndsn = "postgresql://db/x"\ndata_dir = "/proc/none"\n{CARRIER}tls = {{ ca = "{pems}/a.pem" }}\n'
    verify(parse(text), text, "")
    verify(parse(f'store.data_dir = "{pems}/new/deep"'), "", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed, who may not look")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the folder to another user")
def test_a_data_dir_that_the_user_who_runs_postgresql_cannot_reach_is_refused_before_anything_is_made(
    open_folder: Path,
) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700, exist_ok=True)
    text = f'store.data_dir = "{closed}/new/data"'
    with pytest.raises(ConfigError, match=f"cannot enter {closed}"):
        verify(parse(text), text, "")
    verify(parse(f'store.data_dir = "{closed}"'), "", "")  # the folder itself is given to that user
    assert not (closed / "new").exists()


def test_a_data_dir_that_one_may_not_look_at_is_refused() -> None:
    with tempfile.TemporaryDirectory() as closed:
        code = (
            "import os; from smppd.config import parse; from smppd.config.outside import verify; os.setuid(65534); "
            f"text = 'store.data_dir = \"{closed}/data\"'; verify(parse(text), text, '')"
        )
        result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"the directory cannot be created: {closed} is not writable for user 65534" in result.stderr


def test_a_carrier_is_verified_unless_told_otherwise() -> None:
    for table, checked in [("tls = true", True), ("tls = { verify = false }", False)]:
        tls = parse(CARRIER + table).carriers["voda"].tls_settings
        assert tls is not None
        context = client_context(tls)
        assert context.check_hostname is checked
        assert bool(context.verify_mode) is checked
