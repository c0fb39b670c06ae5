"""Kannel's XML form of a message: in a request to sendsms, and in an answer to an inbound message."""

from __future__ import annotations

from xml.parsers import expat

_PATHS = {
    "oa/number": "from",
    "ud": "text",
    "udh": "udh",
    "dcs/mclass": "mclass",
    "dcs/mwi": "mwi",
    "dcs/coding": "coding",
    "dcs/compress": "compress",
    "dcs/alt-dcs": "alt-dcs",
    "pid": "pid",
    "rpi": "rpi",
    "priority": "priority",
    "meta-data": "meta-data",
    "vp/delay": "validity",
    "timing/delay": "deferred",
    "statusrequest/dlr-mask": "dlr-mask",
    "statusrequest/dlr-url": "dlr-url",
    "from/user": "username",
    "from/username": "username",
    "from/pass": "password",
    "from/password": "password",
    "from/account": "account",
    "from/binfo": "binfo",
    "smsc": "smsc",
    "to": "smsc",
}
_ROOT = "message/submit/"
_DEEPEST = 16  # elements within each other; Kannel's have four


class _Reader:
    """Gathers the texts of the elements that count. A document type stops it: no entity is ever expanded."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.receivers: list[str] = []
        self._path: list[str] = []
        self._said: list[str] = []
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, body: bytes) -> None:
        self._parser.Parse(body, True)

    def _doctype(self, *_: object) -> None:
        raise ValueError("a document type has no place here")

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._path) >= _DEEPEST:
            raise ValueError("no message is so deep")
        self._path.append(name)
        self._said.clear()

    def _text(self, text: str) -> None:
        self._said.append(text)

    def _end(self, _name: str) -> None:
        path = "/".join(self._path)
        self._path.pop()
        said = "".join(self._said)
        self._said.clear()
        if not path.startswith(_ROOT):
            return
        inner = path.removeprefix(_ROOT)
        if inner == "da/number":
            self.receivers.append(said.strip())
        elif (name := _PATHS.get(inner)) is not None and (name not in self.values or inner == "smsc"):
            self.values[name] = said if name == "text" else said.strip()


def from_xml(body: bytes) -> tuple[dict[str, bytes], list[bytes] | None]:
    """The parameters under the names of the GET form, and the receivers; both in UTF-8 whatever the document is in.

    What is no such document has none of them.
    """
    reader = _Reader()
    try:
        reader.read(body)
    except (expat.ExpatError, ValueError, LookupError):
        return {}, None
    values = {name: value.encode("utf-8", "replace") for name, value in reader.values.items()}
    receivers = [number.encode("utf-8", "replace") for number in reader.receivers]
    return values, receivers or None
