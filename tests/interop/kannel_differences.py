"""Where smppd answers or sends otherwise than Kannel, each on purpose, and why. The test finds these and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.interop.kannel_seen import Sent

_SHORT = 6  # digits of a short code
_MORE_MESSAGES = 0x0426


@dataclass(frozen=True, slots=True)
class Standing:
    """A field that differs in every message: `ours` makes ours of Kannel's."""

    field: str
    kannel: str
    smppd: str
    why: str
    ours: Callable[[Sent], Sent]


@dataclass(frozen=True, slots=True)
class Difference:
    """Requests whose answers or messages differ for one reason: all whose name (in kannel_requests) is `requests`, a
    regular expression, and no others."""

    requests: str
    example: str
    kannel: str
    smppd: str
    why: str


def _number(field: str) -> Callable[[Sent], Sent]:
    def ours(sent: Sent) -> Sent:
        ton, npi, digits = getattr(sent, field)
        if ton != 2:
            return sent
        return replace(sent, **{field: (0 if len(digits) <= _SHORT else 1, npi, digits)})

    return ours


def _validity(sent: Sent) -> Sent:
    return replace(sent, validity=("relative", sent.validity[1])) if sent.validity else sent


STANDING = [
    Standing(
        "esm_class", "3, store and forward", "0, the default of the SMSC",
        "The specification makes both the same for an SMSC that stores, and some refuse 3.",
        lambda sent: replace(sent, esm_class=sent.esm_class & ~0x03),
    ),
    Standing(
        "registered_delivery", "as dlr-mask asks", "1 always, and 0x10 as dlr-mask asks",
        "What became of a message is known here whoever asked; `receipts = false` of a carrier ends it.",
        lambda sent: replace(sent, registered_delivery=1 | sent.registered_delivery & 0x10),
    ),
    Standing(
        "source_addr_ton", "2, national, for digits without +", "0 for a short code, else 1",
        "A number is international once it is normalised; `source_ton` of a carrier sets what one asks for.",
        _number("source"),
    ),
    Standing(
        "dest_addr_ton", "2, national, for digits without +", "0 for a short code, else 1",
        "As above: numbers are normalised before they are sent.", _number("destination"),
    ),
    Standing(
        "validity_period", "an absolute time", "what is left of it, relative",
        "It does not depend on the clock of the carrier.", _validity,
    ),
    Standing(
        "more_messages_to_send", "in all parts but the last", "not sent",
        "It is meant for a circuit of the GSM network that no SMSC keeps for us.",
        lambda sent: replace(sent, tlvs=tuple(tag for tag in sent.tlvs if tag != _MORE_MESSAGES)),
    ),
]  # fmt: skip
DIFFERENCES = [
    # Numbers
    Difference(
        r"(compress=(1|1x|\+1|%2B1|1\.5|01|%201)|compress=1&(mclass=0|coding=2))&text=.*"
        r"|POST with \{'Compress': '1'\}|XML <dcs><compress>.*",
        "compress=1 with a text", "marks the text as compressed", "ignores it",
        "The text is not compressed: what says so is unreadable. With coding=1 the mark is set.",
    ),
    Difference(
        r"validity=(0|0x1)&text=.*", "validity=0", "202, expired at once", "400 Validity field misformed, rejected",
        "It could never be delivered.",
    ),
    Difference(
        r"validity=(9999999999|99999999)&text=.*", "validity=99999999", "403, its arithmetic overflows",
        "400 Validity field misformed, rejected", "More than a year is a mistake.",
    ),
    Difference(
        r"deferred=9999999999&text=.*", "deferred=9999999999", "202, decades ahead",
        "400 Deferred field misformed, rejected", "More than a year is a mistake.",
    ),
    Difference(
        r"deferred=(0|0x1)&text=.*", "deferred=0", "schedule_delivery_time of now", "sent at once, without it",
        "It says nothing, and some SMSCs refuse every schedule_delivery_time.",
    ),
    Difference(
        r"(validity=30&)?deferred=(1|2|1500|3000|10|1x|\+1|%2B1|1\.5|01|%201)&text=.*"
        r"|POST with \{'Deferred': '10'\}|XML <timing>.*",
        "deferred=10", "sent at once with schedule_delivery_time", "kept, and sent when it is time",
        "Few SMSCs keep it reliably; until then it can be cancelled here.",
    ),
    Difference(
        r"validity=10&deferred=30&text=a", "validity=10&deferred=30", "202", "400 Deferred field misformed, rejected",
        "It would expire before it is sent.",
    ),
    Difference(
        r"mwi=6&coding=2&text=.*", "mwi=4 to 7 with coding=2", "data_coding 0xC0 to 0xC3", "0xE0 to 0xE3",
        "The group 0xC0 is one of GSM text: the UCS-2 text would be unreadable.",
    ),
    Difference(
        r"(dlrmask=31|dlr-mask=31&dlrmask=99)&text=hi", "dlr-mask=31 without any dlr-url",
        "asks the SMSC for intermediate news", "does not", "There is nobody to tell.",
    ),
    # Texts
    Difference(
        r"text=%zz%4", "text=%zz%4", "drops the cut escape at the end", "keeps it as it stands", "Nothing is lost.",
    ),
    Difference(
        r"text=%E9|charset=ascii&text=%E9|charset=utf-8&text=%FF|coding=2&text=(%01|%D8%3D)",
        "text=%E9 (no UTF-8), coding=2 with an odd octet", "202, sends it empty, with ? or broken",
        "400 Charset or body misformed, rejected", "Nobody could read it; the sender learns what is wrong.",
    ),
    Difference(
        r"(coding=0&)?text=%C4%8D|text=(%F0%9F%98%80|a%0Ab%0Dc%09d|%60|%E2%80%99|%C2%A0x|%1B)|charset=KOI8-R&text=%C1"
        r"|POST text/plain \xc3\xa9 coding None|POST text/plain; charset=utf-8 \xc4\x8d coding None"
        r"|XML ud \u010d",
        "text=č", "? for what the GSM alphabet has not", "the whole text as UCS-2",
        "What was written arrives; `unmappable` of the system says otherwise if that is wanted.",
    ),
    Difference(
        r"text=%C3%A7", "text=ç", "Ç", "ç, as UCS-2", "The GSM alphabet has the capital letter only.",
    ),
    Difference(
        r"text=a%00b", "text=a%00b", "? for NUL", "U+FFFD for NUL", "The database keeps no NUL in a text.",
    ),
    Difference(
        r"text=%EF%BB%BFa|coding=2&text=%FE%FF%00h", "a text that begins with a byte order mark", "sends it",
        "leaves it out", "It is no part of the text.",
    ),
    Difference(
        r"charset=UCS-2&text=%00h", "charset=UCS-2", "reads it with the low octet first", "with the high octet first",
        "So UCS-2 is written.",
    ),
    Difference(
        r"1531 times .*|(1530) times brace|671 times UCS-2|1341 octets", "a text of more than access.max_parts parts",
        "202, cuts it", "400 Text rejected: it takes 11 parts, at most 10 are allowed", "Nothing is lost in silence.",
    ),
    Difference(
        r"70 surrogate pairs", "70 emoji with coding=2", "cuts one in half", "cuts between them",
        "Half a character is shown as rubbish.",
    ),
    # User data headers
    Difference(
        r"udh=%01%00\(6\)&text=a\(1\)|udh=%8B.*&text=a\(1\)", "udh=%01%00", "202", "400 UDH field misformed, rejected",
        "It is no sequence of elements, or it leaves no room; a phone would drop the message.",
    ),
    Difference(
        r"udh=%00\(3\)&text=a\(1\)", "udh=%00", "sends an empty header", "sends none", "It says nothing.",
    ),
    # Receivers and senders
    Difference(
        r"to=(0772000001|%2B%2B1|2567720000012567720000012567720000|999999999999)", "to=0772000001, to=999999999999",
        "202, whatever it is", "400 Receiver number misformed, rejected: and why",
        "No phone has it; national numbers are read in `policy.region`.",
    ),
    Difference(
        r"to=(00256772000001|256-772-000001)", "to=256-772-000001", "as it is written", "256772000001",
        "Numbers are normalised.",
    ),
    Difference(
        r"to=-", "to=-", "202", "400, as other receivers without digits", "It is no number.",
    ),
    Difference(
        r"to=256772000001[,;]256772000002", "to=A,B and to=A;B", "400", "202, both of them", "Many write it so.",
    ),
    Difference(
        r"to=(256772000001\+abc|abc\+256772000001|%2B256\+772\+000001)", "to=256772000001+abc",
        "202, without a word on the other", "202, with ` Denied receivers are: abc` behind it",
        "The sender learns who gets nothing.",
    ),
    Difference(
        r"from=(\+8500|\+256780000000)", "from=+8500 (the plus not encoded)", "a name with a blank before it",
        "8500, or the plus put back before an international number", "That is what was meant.",
    ),
    Difference(
        r"from=\+", "from=+", "a blank as name", "400 Sender missing and no global set, rejected", "It is nobody.",
    ),
    Difference(
        r"from=(MINISTRYOFHEALTH|%C3%A9|123456789012345678901)", "from=MINISTRYOFHEALTH",
        "202, and an error of the SMSC later", "400 Sender misformed or not allowed, rejected: and why",
        "A name of more than 11 plain characters is nothing a phone can show.",
    ),
    # Other parameters
    Difference(
        r"smsc=other&text=hi", "smsc=other, where there is no such carrier", "202, ignores it",
        "403 Not routable. Do not try again.", "The wish cannot be met.",
    ),
    Difference(
        r"binfo=%C3%A9&text=hi", "binfo=é", "202", "400 BInfo field misformed, rejected",
        "service_type is ASCII; an SMSC refuses it.",
    ),
    # Paths, methods and types
    Difference(
        r"GET /", "GET /", "Unknown request.", "404 with a JSON body", "Kannel's words are used below /cgi-bin only.",
    ),
    Difference(
        r"GET /cgi-bin/sendota|POST /cgi-bin/xmlrpc", "/cgi-bin/sendota, /cgi-bin/xmlrpc", "there",
        "404 Unknown request.", "Over-the-air settings and XML-RPC have no use here.",
    ),
    Difference(
        r"HEAD /cgi-bin/sendsms", "HEAD /cgi-bin/sendsms", "sends the message", "405",
        "HEAD asks, and changes nothing.",
    ),
    Difference(
        r"(PUT|DELETE|OPTIONS) /cgi-bin/sendsms", "PUT /cgi-bin/sendsms", "400", "405", "The method is what is wrong.",
    ),
    Difference(
        r"POST a form|POST JSON", "a form or JSON as body", "400 Invalid content-type", "202",
        "Half of those who write a client try that first.",
    ),
    Difference(
        r"XML an entity", "XML with a document type", "expands entities", "403",
        "Entities can be made to fill the memory.",
    ),
    Difference(
        r"XML in ISO-8859-1", "XML in ISO-8859-1", "reads it as UTF-8", "reads it as it declares",
        "That is what it says.",
    ),
]  # fmt: skip


def tables() -> str:
    """Both as docs/kannel.md has them; `python -m tests.interop.kannel_differences` prints them."""
    lines = ["| request | Kannel | smppd | why |", "|---|---|---|---|"]
    lines += [f"| {_plain(e.example)} | {_plain(e.kannel)} | {_plain(e.smppd)} | {e.why} |" for e in DIFFERENCES]
    lines += ["", "| in every submit_sm | Kannel | smppd | why |", "|---|---|---|---|"]
    lines += [f"| `{each.field}` | {each.kannel} | {each.smppd} | {each.why} |" for each in STANDING]
    return "\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(tables())
