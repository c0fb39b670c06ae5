"""Requests to sendsms, good and bad: every parameter at its edges, characters, the forms of POST, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PATH = "/cgi-bin/sendsms"
USER, PASSWORD = "rapidpro", "secret"
LOGIN = f"username={USER}&password={PASSWORD}"
TO = "to=256772000001"
WHO = f"{LOGIN}&from=8500&{TO}"


@dataclass(frozen=True, slots=True)
class Request:
    """`name` is what the table of differences calls it by."""

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def numbered(self) -> bool:
        """Whether it brings a concatenation header of its own."""
        return any(word in f"{self.target} {self.headers} {self.body!r}" for word in _NUMBERED)


_NUMBERED = ("%05%00%03", "050003", "%06%08%04")


def requests() -> list[Request]:
    """All of them; names are unique."""
    found = [*_numbers(), *_texts(), *_receivers(), *_senders(), *_strings(), *_wrong(), *_paths(), *_headed(), *_xml()]
    assert len({request.name for request in found}) == len(found), "two requests have one name"
    return found


def _get(name: str, query: str | None = None) -> Request:
    return Request(name, "GET", f"{PATH}?{query if query is not None else f'{WHO}&{name}'}")


_RANGES = {
    "mclass": (-1, 3), "mwi": (-1, 7), "coding": (-1, 2), "compress": (-1, 1), "pid": (-1, 255), "rpi": (-1, 2),
    "alt-dcs": (-1, 1), "priority": (-1, 3), "dlr-mask": (-1, 66), "validity": (-1, 3000), "deferred": (-1, 3000),
}  # fmt: skip
_SPELLINGS = ("", "x", "1x", "+1", "%2B1", "1.5", "0x1", "01", "%201", "--1", "9999999999")


def _numbers() -> Iterator[Request]:
    for name, (least, most) in _RANGES.items():
        beyond = [] if name in ("validity", "deferred") else [most + 1]
        for value in dict.fromkeys([least - 1, least, 0, 1, 2, most // 2, most, *beyond]):
            yield _get(f"{name}={value}&text=abcd")
        for spelling in _SPELLINGS:
            yield _get(f"{name}={spelling}&text=ab")
    for mask in (3, 4, 7, 8, 16, 19, 24, 27, 31, 32, 64):
        yield _get(f"dlr-mask={mask}&dlr-url=http://127.0.0.1:1/&text=hi")
    for options in (
        "mclass=0&coding=2&text=%01%0D", "mclass=2&coding=1&text=%01%0D", "mclass=0&alt-dcs=0&text=a",
        "mclass=1&alt-dcs=1&coding=1&text=a", "mclass=1&alt-dcs=0&coding=1&text=a",
        "mclass=1&alt-dcs=1&coding=2&text=%01%0D", "alt-dcs=1&coding=2&text=%01%0D", "alt-dcs=1&coding=1&text=a",
        "mwi=2&coding=2&text=%01%0D", "mwi=6&coding=2&text=%01%0D", "mwi=3&coding=1&text=%01%0D",
        "mwi=3&mclass=1&text=a", "mwi=3&text=", "mwi=4&text=", "mwi=4&text=a", "mwi=1&alt-dcs=1&text=a",
        "compress=1&coding=1&text=a", "compress=1&coding=2&text=%01%0D", "compress=1&mclass=0&text=a",
        "compress=1&mclass=1&coding=1&text=a", "mclass=0&alt-dcs=-1&text=a", "validity=99999999&text=a",
        "validity=30&deferred=10&text=a", "validity=10&deferred=30&text=a", "priority=3&pid=65&rpi=1&mclass=1&text=a",
    ):  # fmt: skip
        yield _get(options)


def _texts() -> Iterator[Request]:
    for query in (
        "text=", "none=", "text=hi&text=ho", "TEXT=hi", "text=a+b%2Bc%26%3D", "text=a=b;c?d", "text=a&&mclass=0",
        "text=a&mclass", "text=%zz%4", "text=%C3%A9%E2%82%AC", "text=%E9", "text=%C4%8D", "text=%F0%9F%98%80",
        "text=a%00b", "text=a%0Ab%0Dc%09d", "text=%7B%7D%5B%5D%5E%7E%5C%7C", "text=%60", "text=%C3%A7",
        "text=%E2%80%99", "text=%C2%A0x", "text=%CE%A9%CE%94", "text=%EF%BB%BFa", "text=%1B", "text=@%24_",
        "coding=0&text=%C4%8D", "coding=1&text=%00%FF", "coding=1&text=", "coding=2&text=", "coding=2&text=%01%0D",
        "coding=2&text=%00h%00o", "coding=2&text=hi", "coding=2&text=%01", "coding=2&text=%D8%3D%DE%00",
        "coding=2&text=%D8%3D", "coding=2&text=%FE%FF%00h", "coding=2&charset=utf8&text=%C4%8D",
        "coding=2&charset=UTF-8&text=%F0%9F%98%80", "coding=2&charset=UTF-16BE&text=%01%0D",
        "coding=2&charset=UTF-16LE&text=%0D%01", "coding=2&charset=ISO-8859-1&text=%E9",
        "coding=1&charset=utf-8&text=%F0", "charset=&text=%C3%A9", "charset=UTF-8&text=%C3%A9",
        "charset=utf8&text=%C3%A9", "charset=ISO-8859-1&text=%E9", "charset=latin1&text=%E9",
        "charset=iso-8859-15&text=%A4", "charset=WINDOWS-1252&text=%80", "charset=CP1252&text=%E9",
        "charset=ascii&text=hi", "charset=ascii&text=%E9", "charset=utf-8&text=%FF", "charset=KOI8-R&text=%C1",
        "charset=UTF-16&text=h%00", "charset=UCS-2&text=%00h", "charset=nonsense&text=hi", "charset=rot13&text=hi",
        "charset=GSM&text=hi", "charset=idna&text=hi",
    ):  # fmt: skip
        yield _get(query)
    for name, text in (("a", "a"), ("brace", "%7B"), ("pound", "%C2%A3")):
        for count in (70, 80, 81, 152, 153, 154, 160, 161, 306, 307, 459, 1530, 1531):
            yield _get(f"{count} times {name}", f"{WHO}&text={text * count}")
    for count in (69, 70, 71, 134, 135, 201, 670, 671):
        yield _get(f"{count} times UCS-2", f"{WHO}&coding=2&text={'%01%0D' * count}")
    yield _get("70 surrogate pairs", f"{WHO}&coding=2&text={'%D8%3D%DE%00' * 70}")
    for count in (139, 140, 141, 268, 269, 1340, 1341):
        yield _get(f"{count} octets", f"{WHO}&coding=1&text={'%01' * count}")
    for udh, text in (
        ("%05%00%03%01%02%01", "hi"), ("%05%00%03%01%02%01", "a" * 134), ("%06%08%04%01%02%02%01", "hi"),
        ("%06%05%04%0B%84%23%F0", "%01%02"), ("%06%05%04%0B%84%23%F0", "%01" * 133),
        ("%06%05%04%0B%84%23%F0", "%01" * 134), ("%01%00", "a"), ("%00", "a"), ("%05%00%03%01%02", "a"),
        ("", "a"), ("050003010201", "a"), ("%8C" + "a" * 140, "a"), ("%8B" + "a" * 139, "a"),
    ):  # fmt: skip
        yield _get(f"udh={udh[:24]}({len(udh)})&text={text[:12]}({len(text)})", f"{WHO}&udh={udh}&text={text}")
    for coding in (0, 2):
        yield _get(f"udh=%06%05%04%0B%84%23%F0&coding={coding}&text=ab")
        yield _get(f"udh=%05%00%03%01%02%01&coding={coding}&text=ab")


def _receivers() -> Iterator[Request]:
    for to in (
        "", "+", "-", "abc", "12", "1234567", "256772000001", "%2B256772000001", "+256772000001", "00256772000001",
        "0772000001", "256-772-000001", "%2B256+772+000001", "%2B%2B1", "256772000001+256772000002",
        "256772000001++256772000002+", "256772000001%0A256772000002", "256772000001%09256772000002",
        "256772000001,256772000002", "256772000001;256772000002", "256772000001+abc", "abc+256772000001",
        "256772000001+256772000001", "2567720000012567720000012567720000", "256772000001?x=1", "999999999999",
        "256772000001%00",
    ):  # fmt: skip
        yield _get(f"to={to}", f"{LOGIN}&from=8500&to={to}&text=hi")
    yield _get("no to", f"{LOGIN}&from=8500&text=hi")


def _senders() -> Iterator[Request]:
    for sender in (
        "", "+", "1", "8500", "+8500", "%2B8500", "1234567", "256780000000", "%2B256780000000", "+256780000000",
        "00256780000000", "0772123456", "HEALTH", "a+b", "8500x", "MINISTRYOFHEALTH", "%C3%A9", "12345678901234567890",
        "123456789012345678901",
    ):  # fmt: skip
        yield _get(f"from={sender}", f"{LOGIN}&from={sender}&{TO}&text=hi")
    yield _get("no from", f"{LOGIN}&{TO}&text=hi")


def _strings() -> Iterator[Request]:
    for query in (
        "smsc=mtn", "smsc=", "smsc=other", "account=abc", "account=", "account=a%5Bb", "account=a%5Db",
        "account=a%0Ab", "account=a%0Db", "account=%C3%A9", "binfo=", "binfo=ab", "binfo=abcde", "binfo=abcdefgh",
        "binfo=%C3%A9", "dlr-url=", "dlr-url=http://", "dlr-url=http://x", "dlr-url=https://", "dlr-url=https://x",
        "dlr-url=HTTP://x", "dlr-url=ftp://x", "dlr-url=htt", "dlr-url=+http://x", "dlrurl=ftp://x",
        "dlrurl=http://x", "dlrmask=99", "dlrmask=31", "dlr-mask=31&dlrmask=99", "meta-data=%3Fsmpp%3Fa%3Db",
        "meta-data=zzz", "meta-data=", "unknown=1",
    ):  # fmt: skip
        yield _get(f"{query}&text=hi")
    for length in (64, 65):
        yield _get(f"account of {length}", f"{WHO}&account={'a' * length}")


def _wrong() -> Iterator[Request]:
    logins = {
        "no login": "", "no password": f"username={USER}", "wrong password": f"username={USER}&password=no",
        "unknown user": f"username=nobody&password={PASSWORD}", "pass": f"username={USER}&pass={PASSWORD}",
        "user and pass": f"user={USER}&pass={PASSWORD}",
        "username before user": f"user={USER}&username=x&password={PASSWORD}",
        "empty username": f"username=&user={USER}&password={PASSWORD}",
        "other case": f"username=RapidPro&password={PASSWORD}",
        "password with NUL": f"username={USER}&password={PASSWORD}%00",
    }  # fmt: skip
    for name, login in logins.items():
        yield _get(name, f"{login}&from=8500&{TO}&text=hi")
    flaws = [
        "to=", "to=abc", "from=", "udh=%09", "account=%5B", "dlr-url=x", "dlr-mask=99", "mclass=9", "pid=999", "rpi=9",
        "alt-dcs=9", "mwi=9", "coding=9", "compress=9", "validity=-9", "deferred=-9", "priority=9", "charset=nonsense",
    ]  # fmt: skip
    for at in range(len(flaws)):
        wrong = {flaw.split("=")[0] for flaw in flaws[at:]}
        right = [pair for pair in ("to=256772000001", "from=8500") if pair.split("=")[0] not in wrong]
        yield _get(f"all wrong from {flaws[at]} on", "&".join([LOGIN, *right, *flaws[at:], "text=hi"]))


def _paths() -> Iterator[Request]:
    for method, path in (
        ("GET", "/"), ("GET", "/cgi-bin/"), ("GET", "/cgi-bin/sendota"), ("POST", "/cgi-bin/xmlrpc"),
        ("GET", "/cgi-bin/sendsms/"), ("GET", PATH), ("POST", PATH), ("HEAD", PATH), ("PUT", PATH), ("DELETE", PATH),
        ("OPTIONS", PATH),
    ):  # fmt: skip
        yield Request(f"{method} {path}", method, f"{path}?{WHO}&text=hi" if method != "POST" else path)
    yield Request("POST with a query", "POST", f"{PATH}?{WHO}&text=hi", (("Content-Type", "text/plain"),), b"hi")


def _post(name: str, kind: str | None, body: bytes = b"hi", **given: str | None) -> Request:
    named = {"Username": USER, "Password": PASSWORD, "From": "8500", "To": "256772000001"}
    named |= {key.replace("_", "-"): value for key, value in given.items()}  # type: ignore[dict-item]
    headers = [(f"X-Kannel-{key}", value) for key, value in named.items() if value is not None]
    return Request(f"POST {name}", "POST", PATH, tuple(([("Content-Type", kind)] if kind else []) + headers), body)


def _headed() -> Iterator[Request]:
    for kind, body, coding in (
        (None, b"hi", None), ("text/plain", b"hi", None), ("TEXT/Plain", b"hi", None), ("text/plain", b"", None),
        ("text/plain", b"\xe9", None), ("text/plain", b"\xc3\xa9", None), ("text/plain", b"\xe9", "2"),
        ("text/plain", b"\xe9", "1"), ("text/plain; charset=utf-8", b"\xc3\xa9", None),
        ('text/plain; charset="UTF-8"', b"\xc3\xa9\xe2\x82\xac", None),
        ("text/plain; charset=utf-8", b"\xc4\x8d", None),
        ("text/plain; charset=utf-8", b"\xc4\x8d", "2"), ("text/plain; charset=UTF-16BE", b"\x01\x0d", "2"),
        ("text/plain; charset=bogus", b"hi", None), ("application/octet-stream", b"\x00\xff", None),
        ("application/octet-stream", b"hi", "0"), ("application/octet-stream", b"\x01\x0d", "2"),
        ("text/html", b"<b>hi</b>", None), ("text/vnd.wap.wml", b"<wml/>", None), ("image/png", b"hi", None),
        ("application/xml", b"<a/>", None), ("nonsense", b"hi", None),
    ):  # fmt: skip
        name = f"{kind} {body.decode('latin-1')} coding {coding}"
        yield _post(name, kind, body, **({"Coding": coding} if coding else {}))
    for given in (
        {"UDH": "050003010201"}, {"UDH": "%05%00%03%01%02%01"}, {"UDH": "0500030102 01"}, {"UDH": "05000301"},
        {"UDH": "zz"}, {"MClass": "0"}, {"MWI": "1"}, {"Alt-DCS": "1"}, {"Compress": "1"}, {"PID": "65"}, {"RPI": "1"},
        {"Priority": "2"}, {"Validity": "10"}, {"Deferred": "10"}, {"DLR-Mask": "31", "DLR-Url": "http://x/"},
        {"DLR-Mask": "99"}, {"Account": "a[b"}, {"BInfo": "ab"}, {"SMSC": "mtn"}, {"Meta-Data": "?smpp?a=b"},
        {"Username": None}, {"Username": "nobody"}, {"Password": "no"}, {"To": None}, {"To": ""}, {"To": "abc"},
        {"To": "256772000001 256772000002"}, {"To": "+256772000001"}, {"From": None}, {"From": ""}, {"mclass": "1"},
    ):  # fmt: skip
        yield _post(f"with {given}", "text/plain", **given)
    for kind in ("image/png", "text/html"):
        yield _post(f"{kind} of an unknown user", kind, Username="nobody")
    yield _post("text/html without a receiver", "text/html", To=None)
    form = f"{WHO}&text=hi".encode()
    yield Request("POST a form", "POST", PATH, (("Content-Type", "application/x-www-form-urlencoded"),), form)
    body = b'{"username": "rapidpro", "password": "secret", "from": "8500", "to": "256772000001", "text": "hi"}'
    yield Request("POST JSON", "POST", PATH, (("Content-Type", "application/json"),), body)


def _document(more: str = "", ud: str = "hi", declared: str = '<?xml version="1.0"?>') -> str:
    login = f"<from><user>{USER}</user><pass>{PASSWORD}</pass></from>"
    da, oa = "<da><number>256772000001</number></da>", "<oa><number>8500</number></oa>"
    return f"{declared}<message><submit>{da}{oa}<ud>{ud}</ud>{more}{login}</submit></message>"


def _xml() -> Iterator[Request]:
    for ud in ("hi", "hello+world", "face", "68656c6c6f", "é", "%C3%A9", "č", "a &amp; b", ""):
        yield _sent_xml(f"ud {ud}", _document(ud=ud))
    for more in (
        "<dcs><coding>2</coding></dcs>", "<dcs><coding>1</coding></dcs>", "<dcs><coding>7</coding></dcs>",
        "<dcs><mclass>0</mclass></dcs>", "<dcs><mwi>1</mwi></dcs>", "<dcs><alt-dcs>1</alt-dcs></dcs>",
        "<dcs><compress>1</compress></dcs>", "<udh>050003010201</udh>", "<udh>%05%00%03%01%02%01</udh>",
        "<pid>65</pid>", "<rpi>1</rpi>", "<priority>2</priority>", "<vp><delay>10</delay></vp>",
        "<timing><delay>10</delay></timing>", "<smsc>mtn</smsc>", "<to>mtn</to>",
        "<statusrequest><dlr-mask>3</dlr-mask><dlr-url>http://x/</dlr-url></statusrequest>",
        "<statusrequest><dlr-mask>99</dlr-mask></statusrequest>", "<da><number>256772000002</number></da>",
        "<from><account>a[b</account></from>", "<from><binfo>ab</binfo></from>", "<other>1</other>",
    ):  # fmt: skip
        yield _sent_xml(more, _document(more))
    whole = _document()
    for name, document in (
        ("nothing", ""),
        ("half", "<message><sub"),
        ("another root", whole.replace("message>", "msg>")),
        ("wrong password", whole.replace(PASSWORD, "no")),
        ("no receiver", whole.replace("<da><number>256772000001</number></da>", "")),
        ("no sender", whole.replace("<oa><number>8500</number></oa>", "")),
        ("username and password", whole.replace("user>", "username>").replace("pass>", "password>")),
        ("an entity", _document(ud="&big;", declared='<!DOCTYPE m [<!ENTITY big "ha">]>')),
    ):
        yield _sent_xml(name, document)
    latin = _document(ud="é", declared='<?xml version="1.0" encoding="ISO-8859-1"?>').encode("latin-1")
    yield Request("XML in ISO-8859-1", "POST", PATH, (("Content-Type", "text/xml"),), latin)


def _sent_xml(name: str, document: str) -> Request:
    return Request(f"XML {name}", "POST", PATH, (("Content-Type", "text/xml"),), document.encode())
