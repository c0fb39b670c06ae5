"""check: what would run, what looks wrong, and every refusal with exit 2."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from smppd.cli import app
from smppd.cli.plan import described, warnings
from smppd.config import parse

run = CliRunner()

GOOD = """
[carriers.voda]
hosts = ["10.0.0.5:2775", "10.0.0.6:2775"]
system_id = "moh"
numbers = ["15001"]

[systems.hook]
type = "webhook"
url = "http://127.0.0.1:9/"

[[routes]]
number = "15001"
to = ["hook"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gw.toml"
    path.write_text(f'store.data_dir = "{tmp_path}/data"\n{GOOD}')
    return path


def test_a_good_file_says_what_would_run(file: Path) -> None:
    result = run.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 0
    assert result.stderr == ""
    for line in [
        f"{file}: good",
        "listens on http://127.0.0.1:8080",
        "carrier voda: binds as a transceiver to 10.0.0.5:2775, else 10.0.0.6:2775 as moh, SMPP 3.4, window 10\n",
        "system hook: webhook at http://127.0.0.1:9/, 8 at a time, given up after 7 days",
        "route 1: to 15001 -> hook",
    ]:
        assert line in result.stdout
    assert not (file.parent / "data").exists()


SYSTEMS = """
[systems.reminders]
type = "api"
[systems.reminders.access]
token_hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
username = "app"
password = "hidden-1"
[systems.clinic]
type = "kannel"
get_url = "http://user:hidden-2@10.1.1.1:81/hidden-3?text=%b"
[systems.bare]
type = "api"
"""


def test_systems_that_send_are_told_without_their_secrets(file: Path) -> None:
    file.write_text(file.read_text() + SYSTEMS)
    result = run.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 0
    assert (
        "system reminders: api, 8 at a time, given up after 7 days; sends with a token or user name app\n"
        in result.stdout
    )
    assert "system clinic: kannel at 10.1.1.1:81, 8 at a time, given up after 7 days\n" in result.stdout
    assert "hidden" not in result.stdout + result.stderr
    assert result.stderr.splitlines() == [
        "warning: system clinic: no route leads to it, so it receives nothing",
        "warning: system bare: it has no token_hash and no username in access, so it cannot call",
    ]


def test_a_refusal_is_one_line_per_problem_and_exit_2(file: Path) -> None:
    file.write_text(file.read_text() + '[log]\nlevel = "loud"\nfromat = "text"\n')
    result = run.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    level, unknown = result.stderr.splitlines()
    assert level.startswith(f"{file}:16: log.level = 'loud': write ")
    assert unknown.startswith(f"{file}:17: log.fromat: there is no such key; did you mean ")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (
            'http.tls = { cert = "/none/c.pem", key = "/none/k.pem" }\n',
            "http.tls.cert = '/none/c.pem': the file cannot",
        ),
        ('http.listen = ["127.0.0.1"]\n', "http.listen[0] = '127.0.0.1': write it as"),
        ('node.name = "x"\nnode.name = "y"\n', "this is not TOML"),
    ],
)
def test_check_refuses_what_run_would_refuse(file: Path, extra: str, words: str) -> None:
    file.write_text(extra + file.read_text())
    for command in ("check", "run", "migrate", "status", "messages"):
        result = run.invoke(app, [command, "-c", str(file)])
        assert result.exit_code == 2, command
        assert words in result.stderr
        assert "Traceback" not in result.output


def test_what_an_adapter_refuses_is_refused_with_its_line(file: Path) -> None:
    file.write_text(
        file.read_text()
        + '[systems.cht]\ntype = "cht-rapidpro"\nurl = "https://cht"\n'
        + '[systems.two]\ntype = "webhook"\nurl = "https://two"\nheaders = { "X-A" = "a\\nb" }\n'
    )
    for command in ("check", "run"):
        result = run.invoke(app, [command, "-c", str(file)])
        assert result.exit_code == 2
        missing, header = result.stderr.splitlines()
        assert missing.startswith(f"{file}:15: systems.cht.token: it is missing")
        assert header.startswith(f"{file}:21: systems.two.headers")


def test_a_data_dir_that_is_a_file_is_refused(file: Path) -> None:
    file.write_text(file.read_text().replace("/data", "/gw.toml/data"))
    result = run.invoke(app, ["check", "-c", str(file)])
    assert result.exit_code == 2
    assert "gw.toml is a file, not a directory" in result.stderr


def test_no_file_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMPPD_CONFIG", raising=False)
    monkeypatch.setattr(sys.modules["smppd.config.load"], "DEFAULTS", (Path("smppd.toml"),))
    result = run.invoke(app, ["check"])
    assert result.exit_code == 2
    assert result.stderr.startswith("there is no configuration: give one with -c FILE")
    assert run.invoke(app, ["check", "-c", "none.toml"]).stderr == "none.toml: there is no such file\n"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (GOOD + '[systems.mute]\ntype = "api"\n', "system mute: it has no token_hash and no username"),
        ("", "no carrier is configured"),
        (GOOD.replace('["hook"]', "[]"), "route 1: it leads to no system"),
        (GOOD.replace('["hook"]', "[]"), "system hook: no route leads to it"),
        (GOOD.replace('["15001"]', '["15001", "15002"]'), "carrier voda: no route takes messages to 15002"),
        (
            GOOD + 'carrier = "voda"\n[[routes]]\nnumber = "15009"\ncarrier = "voda"\nto = ["hook"]',
            "15009 is not among",
        ),
        (
            GOOD + '[[routes]]\nnumber = "15001"\nkeyword = "anc"\nto = ["hook"]',
            "route 2: never reached, route 1 takes",
        ),
        (GOOD.replace("numbers", "tls.verify = false\nnumbers"), "its certificate is not verified"),
        (GOOD.replace("numbers", 'password = "123456789"\nnumbers'), "more than 8 characters"),
        (GOOD.replace("numbers", 'version = "3.3"\nnumbers'), "SMPP 3.3 has no transceivers"),
        ('store.dsn = "postgresql://db/x"\n' + GOOD, "store.max_disk is a share"),
        (GOOD.partition("[[routes]]")[0].replace("numbers", "#"), "there are no routes"),
    ],
)
def test_what_is_seldom_meant_is_warned_about(text: str, warning: str) -> None:
    assert [line for line in warnings(parse(text)) if warning in line]


def test_a_plain_file_has_no_warning() -> None:
    assert list(warnings(parse(GOOD))) == []


ROUTES = [
    # earlier, later, whether the later one can never be reached
    ('number = "15001"', 'number = "15001"', True),
    ("", 'number = "15001"', True),
    ('number = "150*"', 'number = "15001"', True),
    ('number = "15001"', 'number = "150*"', False),
    ('number = "15001"', "", False),
    ('from = "255*"', 'from = "+2557*"', True),
    ('from = "2557*"', 'from = "255*"', False),
    ('keyword = "ANC"', 'keyword = "anc"', True),
    ('keyword = "anc"', "", False),
    ('keyword = "anc"', 'keyword = "pnc"', False),
    ('carrier = "voda"', 'carrier = "voda"\nkeyword = "x"', True),
    ('carrier = "voda"', "", False),
    ('keyword_regex = "a+"', 'keyword = "aa"', False),
    ("continue = true", 'number = "15001"', False),
]


@pytest.mark.parametrize(("earlier", "later", "hidden"), ROUTES)
def test_a_route_hidden_by_an_earlier_one_is_seen(earlier: str, later: str, hidden: bool) -> None:
    text = GOOD.partition("[[routes]]")[0] + "".join(
        f'[[routes]]\nto = ["hook"]\n{conditions}\n' for conditions in (earlier, later)
    )
    assert any("never reached" in line for line in warnings(parse(text))) is hidden


def test_routes_are_told_in_words() -> None:
    text = GOOD + 'from = "255*"\nkeyword = "anc"\ncarrier = "voda"\ncontinue = true\n'
    words = 'to 15001, from 255*, by carrier voda, first word "anc" -> hook, and on to the next routes'
    assert f"route 1: {words}" in list(described(parse(text)))


def test_a_secret_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    text = GOOD.replace("numbers", 'password = "hunter2"\nnumbers') + '[store]\ndsn = "postgresql://u:hunter2@db/x"\n'
    assert "hunter2" not in "\n".join([*described(parse(text)), *warnings(parse(text))])
