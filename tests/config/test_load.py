"""What a person is told when the configuration is wrong."""

import sys
from pathlib import Path
from typing import get_args

import pytest

from pdu.receipt_state import STATES
from smppd.config import find, load, parse
from smppd.config.carriers import ReceiptState
from smppd.errors import ConfigError

CARRIER = '[carriers.voda]\nhosts = ["10.0.0.5:2775"]\nsystem_id = "moh"\n'
HOOK = '[systems.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n'


TWICE = '[systems.a]\ntype = "api"\naccess = { username = "n", password = "x" }\n'
ARGON = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"


def problems(text: str, file: str = "") -> list[ConfigError]:
    with pytest.raises(ConfigError) as caught:
        parse(text, file)
    return [caught.value, *caught.value.others]


TABLE = [
    # text, line, key, value shown, a part of the reason
    ('[store]\nmax_disk = "200%"', 2, "store.max_disk", "200%", "a share of the volume"),
    ('[store]\nretian = "90d"', 2, "store.retian", None, 'did you mean "retain"?'),
    ('[stroe]\nretain = "90d"', 1, "stroe", None, 'did you mean "store"?'),
    ("[store]\nxyzzy = 1", 2, "store.xyzzy", None, "[store] may hold data_dir, dsn, max_disk, retain, retain_text"),
    ('[store]\nretain = "a while"', 2, "store.retain", "a while", 'such as|for example "30s"'),
    ("[store]\nretain = 90", 2, "store.retain", 90, "with its unit"),
    ('[node]\nprocesses = "two"', 2, "node.processes", "two", 'write "auto", or a whole number'),
    ("[node]\nprocesses = 0", 2, "node.processes", 0, '"auto" or a number from 1 to 64'),
    ('[http]\nlisten = [\n "127.0.0.1:8080",\n "8081"]', 4, "http.listen[1]", "8081", '"host:port"'),
    ('[http]\nlisten = "127.0.0.1:8080"', 2, "http.listen", "127.0.0.1:8080", "write a list"),
    ('[http]\ntls = { cert = "x" }', 2, "http.tls.key", None, "missing; [http.tls] needs it"),
    ('[http]\ntrusted_proxies = ["192.168.*"]', 2, "http.trusted_proxies[0]", "192.168.*", "an address or a network"),
    ('[log]\nlevel = "loud"', 2, "log.level", "loud", 'write "debug", "info", "warning" or "error"'),
    ("[log]\nlevel = 3", 2, "log.level", 3, 'write "debug"'),
    ("[policy]\ndeny_alphanumeric = 7", 2, "policy.deny_alphanumeric", 7, "write true or false"),
    ('[policy]\nregion = "Tanzania"', 2, "policy.region", "Tanzania", 'such as "TZ"'),
    ('[policy]\nregion = "XX"', 2, "policy.region", "XX", 'such as "TZ"'),
    (CARRIER + 'prefixes = ["25575", "abc"]', 4, "carriers.voda.prefixes", ["25575", "abc"], '"abc" is no beginning'),
    (HOOK + 'senders = ["15001", ""]', 4, "systems.hook.senders", ["15001", ""], "neither a number nor a name"),
    (HOOK + 'senders = ["MINISTRYOFHEALTH"]', 4, "systems.hook.senders", ["MINISTRYOFHEALTH"], "at most 11"),
    (HOOK + 'carrier = "nosuch"', 4, "systems.hook.carrier", "nosuch", "which is not configured"),
    ("[policy]\ndeny_shorter_than = -1", 2, "policy.deny_shorter_than", -1, "at least 0"),
    ('[carriers.voda]\nhosts = ["a:1"]', 1, "carriers.voda.system_id", None, "missing; [carriers.voda] needs it"),
    ('[carriers.voda]\nhosts = []\nsystem_id = ""', 2, "carriers.voda.hosts", [], "at least 1"),
    (CARRIER + "window = 0", 4, "carriers.voda.window", 0, "at least 1"),
    (CARRIER + 'window = "big"', 4, "carriers.voda.window", "big", "write a whole number"),
    (CARRIER + 'enquire_link = "0s"', 4, "carriers.voda.enquire_link", "0s", "at least 1s"),
    (CARRIER + 'tls = "maybe"', 4, "carriers.voda.tls", "maybe", "write true or false, or a table"),
    (CARRIER + "tls = { ca = 5 }", 4, "carriers.voda.tls.ca", 5, "write text in quotes"),
    (CARRIER + 'status = { "0xZZ" = "retry" }', 4, "carriers.voda.status", None, "not a command_status"),
    ("[carriers]\nvoda = 5", 2, "carriers.voda", 5, "write a table"),
    ('[carriers."a b"]\nhosts=["a:1"]\nsystem_id="x"', 1, "carriers", None, "letters, digits"),
    ('[systems.x]\ntype = "dhis3"\nurl = "http://x"', 2, "systems.x.type", "dhis3", '"dhis2", "cht"'),
    ('[systems.x]\ntype = "webhok"\nurl = "http://x"\nsecret = "s"', 2, "systems.x.type", "webhok", '"dhis2", "cht"'),
    ('[systems.x]\ntype = "cht"\nurl = "http://x"\nmethod = "GET"', 4, "systems.x.method", "GET", "belongs to type"),
    (HOOK.replace("http:", "ftp:"), 3, "systems.hook.url", "ftp://127.0.0.1:9/", 'must start with "http://"'),
    (HOOK + 'fields = { a = "nope" }', 4, "systems.hook.fields.a", "nope", "not a field of ours"),
    (HOOK + 'access.allow_ips = ["10.0.0.1/8"]', 4, "systems.hook.access.allow_ips[0]", "10.0.0.1/8", "mask"),
    (HOOK + 'access.token_hash = "$argon2id"', 4, "systems.hook.access.token_hash", None, "as `smppd token` prints"),
    (HOOK + 'access.password_hash = "x"', 4, "systems.hook.access.password_hash", None, "smppd token --password"),
    (HOOK + 'access.password = "x"', 4, "systems.hook.access.password", None, "a username, which is missing"),
    (HOOK + 'access.username = "x"', 4, "systems.hook.access.username", "x", "needs a password"),
    (HOOK + 'access = { username = "a:b", password = "x" }', 4, "systems.hook.access.username", "a:b", "colon"),
    (HOOK + 'access = { username = "a", password = "" }', 4, "systems.hook.access.password", None, "empty"),
    (TWICE + '[systems.b]\ntype = "api"\naccess = { username = "n", password = "y" }', 6, "systems.b.access.username",
     "n", "that of systems.a as well"),
    (TWICE + f'[console.users.n]\npassword_hash = "{ARGON}"', 3, "systems.a.access.username", "n", "console.users.n"),
    ('[console.users.n]\npassword_hash = "plain"', 2, "console.users.n.password_hash", None, "$argon2id"),
    (f'[console.users.n]\npassword_hash = "{ARGON.replace("m=8", "m=4194304")}"', 2, "console.users.n.password_hash",
     None, "$argon2id"),
    ('[[routes]]\nto = ["hok"]\n' + HOOK, 2, "routes[0].to", ["hok"], 'no [systems.hok]; did you mean "hook"?'),
    ('[systems.a]\ntype = "api"\n[[routes]]\nto = ["a"]', 4, "routes[0].to", ["a"], "it takes no messages"),
    ('[[routes]]\ncarrier = "v"\nto = []', 2, "routes[0].carrier", "v", "no [carriers.v]"),
    ('[[routes]]\nto = []\n[[routes]]\nfrom = "2*5"\nto=[]', 4, "routes[1].from", "2*5", "can match no number"),
    ('[[routes]]\nto = []\nkeyword_regex = "("', 3, "routes[0].keyword_regex", "(", "not a regular expression"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "key", "value", "reason"), TABLE, ids=[row[2] + f"-{i}" for i, row in enumerate(TABLE)]
)
def test_an_error_names_line_key_value_and_reason(text: str, line: int, key: str, value: object, reason: str) -> None:
    (problem,) = problems(text, "gw.toml")
    assert (problem.line, problem.key, problem.value) == (line, key, value)
    assert any(part in problem.reason for part in reason.split("|"))
    assert str(problem).startswith(f"gw.toml:{line}: {key}")


def test_all_problems_are_said_at_once_in_the_order_of_the_file() -> None:
    found = problems('[store]\nretian = "1d"\nmax_disk = "x"\n[[routes]]\nto = ["nobody"]\n[log]\nlevel = "x"')
    assert [problem.line for problem in found] == [2, 3, 5, 7]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a = 1\nb = \n", 2, "invalid value, column 5"),
        ("a = 1\na = 2\n", 2, "cannot overwrite a value"),
        ("[systems.a]\n[systems.a]\n", 2, "cannot declare [systems.a] twice"),
        ('a = """never closed\n', 2, "this is not TOML"),
    ],
)
def test_broken_toml_names_the_line(text: str, line: int, reason: str) -> None:
    (problem,) = problems(text, "gw.toml")
    assert problem.line == line
    assert reason in str(problem)


SECRETS = [
    CARRIER + 'password = ["hunter2"]',
    CARRIER + 'pasword = "hunter2"',
    CARRIER + 'password = { envv = "hunter2" }',
    HOOK + 'secret = { hunter2 = "hunter2" }',
    HOOK + "headers = { Authorization = ['hunter2'] }",
    HOOK.replace("http://", "ftp://u:hunter2@"),
    '[store]\ndsn = ["hunter2"]',
    '[console.users.a]\npassword_hash = ["hunter2"]',
]


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
def test_a_secret_is_never_shown(text: str) -> None:
    assert not [str(problem) for problem in problems(text) if "hunter2" in str(problem)]


def test_a_missing_secret_names_its_variable_or_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VODA_PASSWORD", raising=False)
    missing = tmp_path / "password"
    (problem,) = problems(CARRIER + 'password = { env = "VODA_PASSWORD" }')
    assert problem.reason == "the environment variable VODA_PASSWORD is not set"
    (problem,) = problems(CARRIER + f'password = {{ file = "{missing}" }}')
    assert problem.reason == f"the file {missing} cannot be read: No such file or directory"


def test_secrets_are_read_from_where_the_file_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VODA_PASSWORD", "from env")
    (tmp_path / "token").write_text("from file\n")
    config = parse(
        CARRIER + 'password = { env = "VODA_PASSWORD" }\n' + HOOK + f'token = {{ file = "{tmp_path}/token" }}\n'
    )
    assert config.carriers["voda"].password == "from env"
    assert config.systems["hook"].token == "from file"
    assert "from" not in repr(config.carriers["voda"].password)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gw.toml"
    path.write_text(CARRIER + 'enquire_link = "15s"\n' + HOOK + '[[routes]]\nfrom = "255*"\nto = ["hook"]\n')
    config = load(path)
    assert config.carriers["voda"].enquire_link == 15.0
    assert config.routes[0].sender == "255*"


def test_what_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "latin1").write_bytes(b"a = '\xe9'")
    for name, reason in [("none", "no such file"), (".", "Is a directory"), ("latin1", "not UTF-8 text (octet 5)")]:
        with pytest.raises(ConfigError, match=r".*") as caught:
            load(tmp_path / name)
        assert reason in str(caught.value)
        assert str(tmp_path / name) in str(caught.value)


def test_the_file_is_searched_in_the_promised_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMPPD_CONFIG", raising=False)
    monkeypatch.setattr(sys.modules["smppd.config.load"], "DEFAULTS", (Path("smppd.toml"), tmp_path / "etc.toml"))
    with pytest.raises(ConfigError, match="give one with -c FILE or"):
        find(None)
    (tmp_path / "etc.toml").touch()
    assert find(None) == tmp_path / "etc.toml"
    (tmp_path / "smppd.toml").touch()
    assert find(None) == Path("smppd.toml")
    monkeypatch.setenv("SMPPD_CONFIG", "named.toml")
    assert find(None) == Path("named.toml")
    assert find("given.toml") == Path("given.toml")


TLVS = CARRIER + "[carriers.voda.tlvs]\n"


def own(name: str = "a", tag: object = 0x1400, type: str = "integer", length: int = 1, more: str = "") -> str:
    return f'{name} = {{ tag = {tag}, type = "{type}", length = {length}{more} }}\n'


@pytest.mark.parametrize(
    ("text", "line", "key", "value", "reason"),
    [
        (own(tag=0), 5, "a.tag", 0, "at least 1"),
        (own(tag="0x10000"), 5, "a.tag", 65536, "at most 65535"),
        (own(tag="'x'"), 5, "a.tag", "x", "write a whole number"),
        (own(type="integr"), 5, "a.type", "integr", 'write "integer", "octetstring" or "nulterminated"'),
        (own(length=0), 5, "a.length", 0, "at least 1"),
        (own(length=9), 5, "a.length", 9, "length of an integer is 1 to 8 octets"),
        (own(type="octetstring", length=65536), 5, "a.length", 65536, "at most 65535"),
        (own(more=", smsc = 1"), 5, "a.smsc", None, "there is no such key"),
        ('a = { tag = 0x1400, type = "integer" }', 5, "a.length", None, "this key is missing"),
        ("a = 0x1400", 5, "a", 5120, "write a table"),
        (own(tag="0x0427"), 5, "a", None, "tag 0x0427 of a is that of message_state already"),
        (own("message_state"), 5, "message_state", None, "message_state is the name of tag 0x0427 already"),
        (own("c", 0x1402) + own() + own("b", length=2), 7, "b", None, "tag 0x1400 of b is that of a already"),
        (own('"1 a"'), 4, "", None, '"1 a" is no name'),
    ],
)
def test_a_carriers_own_parameter_that_cannot_be_is_told_by_key(
    text: str, line: int, key: str, value: object, reason: str
) -> None:
    (problem,) = problems(TLVS + text)
    assert (problem.line, problem.key, problem.value) == (line, f"carriers.voda.tlvs.{key}".strip("."), value)
    assert reason in problem.reason


def test_a_carriers_own_optional_parameters_are_known_for_it_and_for_no_other() -> None:
    config = parse(
        TLVS
        + own("operator_id", "0x1401", "integer", 2)
        + own("tariff", "0x1402", "nulterminated", 5)
        + own("session", "0x1403", "octetstring", 9)
        + CARRIER.replace("voda", "airtel")
    )
    voda, airtel = config.carriers["voda"].parameters, config.carriers["airtel"].parameters
    tlvs = (voda.build("operator_id", 64004), voda.build("tariff", "free"), voda.build("session", b"\1"))
    assert voda.read_all(tlvs) == [("operator_id", 64004), ("tariff", "free"), ("session", b"\1")]
    assert [name for name, _ in airtel.read_all(tlvs)] == ["0x1401", "0x1402", "0x1403"]


def test_what_a_carriers_words_in_receipts_mean_is_one_of_the_states() -> None:
    config = parse(CARRIER + 'receipt_states = { "Perdu" = "undelivered", "0" = "delivered" }\n')
    assert config.carriers["voda"].states == {"PERDU": "undelivered", "0": "delivered"}
    assert get_args(ReceiptState) == STATES
    (problem,) = problems(CARRIER + 'receipt_states = { "PERDU" = "lost" }\n')
    assert (problem.key, problem.value) == ("carriers.voda.receipt_states.PERDU", "lost")
    assert '"undelivered"' in problem.reason
