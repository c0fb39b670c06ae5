"""A call with Kannel's %-codes, in a form in which two gateways can be compared, and where ours differ on purpose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_to_bytes

from smppd.simulator.standin import Seen

#: name in the query -> code
CODES = {
    **{code: f"%{code}" for code in "krabAeptTqdiIRDFfnmMcCuBoOvVUyxz"},
    **{f"{code}_": f"%{code}" for code in "PQ"},
    "s1": "%s", "s2": "%s", "pc": "%%", "H": "%#smpp#dlr_err#", "G": "%#orig#x#", "end": "%",
}  # fmt: skip
ALL = "&".join(f"{name}={code}" for name, code in CODES.items())
RAW = f"S_=%S&{ALL}"
"""For texts that a URL can hold as they are."""

_TEXTS = ("k", "s1", "s2", "r", "a", "b", "A")
_HEADERS = ("Content-Type", "X-Kannel-")
_SOON = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class CodeDifference:
    """A code whose value is another one: in every call, or only in those where it has one at Kannel's or ours."""

    name: str
    kannel: str
    smppd: str
    why: str


REPORTS = [
    CodeDifference("I", "a fresh UUID", "the id of the message, as X-Message-Id said it",
                   "The caller can tell which message it is."),
    CodeDifference("o", "empty", "the account that sendsms was given", "It is there to be told."),
    CodeDifference("D", "meta-data of the request and of submit_sm_resp too", "dlr_mask, dlr_err, err and stat",
                   "The rest is what the caller has said itself."),
    CodeDifference("G", "meta-data of the request", "empty", "As above."),
    CodeDifference("U", "`%U`", "the user data header in hex", "A newer Kannel has it."),
    CodeDifference("y", "`%y`", "-1", "A newer Kannel has it."),
    CodeDifference("x", "`%x`", "empty", "A newer Kannel has it; there is no smsbox."),
    CodeDifference("d", "2 for a receipt UNKNOWN", "nothing yet, and 2 or 66 when `receipt_timeout` has passed",
                   "Most carriers send another receipt after it."),
]  # fmt: skip
MESSAGES = [
    CodeDifference("S_", "the word as it is", "the word URL-encoded", "A text could otherwise name another address."),
    CodeDifference("o", "the system_id of the link", "empty", "%i names the carrier."),
    CodeDifference("u", "the user data header", "empty", "It is not kept beside a whole message."),
    *(each for each in REPORTS if each.name in ("U", "y", "x")),
]
HEADERS = [
    CodeDifference("X-Kannel-From", "with send-sender only", "always", "Who else would it be from?"),
    CodeDifference("X-Kannel-UDH", "the user data header", "not sent", "It is not kept beside a whole message."),
]


def values(seen: Seen) -> dict[str, str]:
    """What each code stood for; what must differ from call to call has a name instead."""
    pairs = [pair.partition("=") for pair in seen.target.partition("?")[2].split("&")]
    found = {name: unquote_to_bytes(value.replace("+", " ")).decode("latin-1") for name, _, value in pairs}
    found |= {name: value for name, _, value in pairs if name == "S_"}  # which is about how it is written
    found["e"] = bytes.fromhex(found["e"]).decode("latin-1")
    for name in (*_TEXTS, "e"):
        found[name] = re.sub(r"\b\d{10}\b", "DATE", re.sub(r"id:\d+", "id:ID", found[name]))
    found["F"] = "ID" if found["F"] else ""
    found["R"] = re.sub(r"/(kannel|smppd)/", "/SIDE/", found["R"])
    found["I"] = "UUID" if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["I"]) else found["I"]
    now = datetime.now(UTC)
    moments = {"T": datetime.fromtimestamp(int(found["T"]), UTC),
               "t": datetime.strptime(found["t"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)}  # fmt: skip
    for name, moment in moments.items():
        assert abs(moment - now) < _SOON, f"%{name} is {moment}"
        found[name] = "NOW"
    return found


def headers(seen: Seen) -> dict[str, str]:
    """Content-Type and those of Kannel; times have a name instead."""
    found = {name: value for name, value in seen.headers.items() if name.startswith(_HEADERS)}
    if "X-Kannel-Time" in found:
        found["X-Kannel-Time"] = "NOW"
    return found


def table() -> str:
    """As docs/kannel.md has it."""
    codes = {**CODES, "S_": "%S"}
    lines = ["| code | Kannel | smppd | why |", "|---|---|---|---|"]
    for title, group in (("of a report", REPORTS), ("of a message", MESSAGES)):
        lines += [f"| `{codes[each.name]}` {title} | {each.kannel} | {each.smppd} | {each.why} |" for each in group]
    lines += [f"| `{each.name}` | {each.kannel} | {each.smppd} | {each.why} |" for each in HEADERS]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
