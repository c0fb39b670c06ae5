"""Where foreign codecs tell otherwise than ours, and who is right by the specification.

One table: what the tests find must be in it, and what is in it must be found. docs/interop.md is written from it:
`python -m tests.interop.codec_differences`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pdu.codes import command_name
from pdu.declare import LAYOUTS
from tests.interop.codec_facts import ABSENT, Mismatch, facts_of

OURS, THEIRS, EITHER = "ours", "theirs", "either"
READS, WRITES, BOTH = "reads", "writes", "reads|writes"


class Peer(NamedTuple):
    """A foreign codec: `pdus` is the regular expression of the commands it has one for."""

    title: str
    pdus: str
    note: str


_COMMON = "bind_.*|unbind.*|enquire_link.*|generic_nack|(submit|deliver)_sm(_resp)?"
_34 = "(?!.*broadcast).*"
PEERS = {
    "tshark": Peer("Wireshark (tshark 4.0)", ".*", "Reads alone."),
    "aiosmpplib": Peer("aiosmpplib 0.7.4 (PyPI)", _COMMON, "Texts and dates instead of octets."),
    "smpplib": Peer(
        "smpplib 2.2.4 (PyPI)", f"{_COMMON}|(data|query)_sm(_resp)?|alert_notification", "Octets and numbers."
    ),
    "smpp34": Peer(
        "smpp34 1.5.0 (PyPI)", "(submit|deliver)_sm", "Of other PDUs its codec gives header and body alone."
    ),
    "node": Peer("smpp 0.5.1 (npm)", ".*", "Texts, dates and headers as values, or octets."),
    "perl": Peer("Net::SMPP (libnet-smpp-perl)", _34, "Octets and numbers, over a connection."),
}


# Standard tags whose octets a peer never tells as ours does, in reading and in writing; DIFFERENCES say why.
_NOT_IN_SMPPLIB = frozenset(
    [
        "additional_status_info_text",
        "alert_on_message_delivery",
        "congestion_state",
        "delivery_failure_reason",
        "dpf_result",
        "set_dpf",
        "source_telematics_id",
        "billing_identification",
        "broadcast_area_identifier",
        "broadcast_area_success",
        "broadcast_channel_indicator",
        "broadcast_content_type",
        "broadcast_content_type_info",
        "broadcast_end_time",
        "broadcast_error_status",
        "broadcast_frequency_interval",
        "broadcast_message_class",
        "broadcast_rep_num",
        "broadcast_service_group",
        "dest_addr_np_country",
        "dest_addr_np_information",
        "dest_addr_np_resolution",
        "dest_network_id",
        "dest_node_id",
        "source_network_id",
        "source_node_id",
    ]
)
NEVER_AGREED: dict[tuple[str, str], frozenset[str]] = {
    ("tshark", READS): frozenset(("broadcast_rep_num", "callback_num", "callback_num_atag")),
    ("aiosmpplib", READS): frozenset(("broadcast_end_time", "dest_network_id", "source_network_id")),
    ("smpplib", READS): _NOT_IN_SMPPLIB,
    ("smpplib", WRITES): _NOT_IN_SMPPLIB | {"callback_num_atag"},
    ("node", READS): frozenset(("alert_on_message_delivery", "broadcast_end_time", "dest_addr_np_country")),
    ("node", WRITES): frozenset(("alert_on_message_delivery", "dest_addr_np_country", "source_telematics_id")),
}


def always(_: Mismatch) -> bool:
    return True


def beyond_ascii(found: Mismatch) -> bool:
    """The fact holds octets above 0x7F."""
    expected = facts_of(found.case.value).get(found.fact.replace("typed:", "tlv:"), "")
    said = expected if isinstance(expected, str) else "".join(map(str, expected))
    return any(octet > 0x7F for octet in bytes.fromhex(said))


def empty(found: Mismatch) -> bool:
    return facts_of(found.case.value).get(found.fact) in ("", [], [""])


def refused(found: Mismatch) -> bool:
    return found.case.value.status != 0


def gsm_group(found: Mismatch) -> bool:
    """A data_coding of the GSM groups."""
    return getattr(found.case.value, "data_coding", 0) > 0x0F


def named(*words: str) -> Callable[[Mismatch], bool]:
    """The case's name has one of these."""
    return lambda found: any(word in found.case.name for word in words)


class Difference(NamedTuple):
    """One way in which a peer differs: `pdus` and `facts` are regular expressions, `outcome` is searched for."""

    peer: str
    way: str
    pdus: str
    facts: str
    outcome: str
    what: str
    right: str
    by: str
    when: Callable[[Mismatch], bool] = always

    def explains(self, found: Mismatch) -> bool:
        return bool(
            found.peer == self.peer
            and found.way in self.way.split("|")
            and re.fullmatch(self.pdus, found.case.command)
            and re.fullmatch(self.facts, found.fact)
            and re.search(self.outcome, found.outcome)
            and self.when(found)
        )


SM = "(submit|deliver)_sm"
ASCII_IN_NODE = (
    "callback_num|broadcast_(content_type_info|service_group)|(source|dest)_node_id|dest_addr_np_information"
)
IN_NODE = ("turkish", "spanish", "portuguese")
FORWARD = "3.4: 3.3"

DIFFERENCES = [
    # Wireshark
    Difference("tshark", READS, "submit_multi", "validity_period", ABSENT,
               "an empty validity_period goes by the name of schedule_delivery_time", OURS, "3.4: 4.5.1", empty),
    Difference("tshark", READS, ".*(?<!_resp)", "status", ABSENT, "command_status of a request is not shown", EITHER,
               "3.4: 5.1.3, NULL in requests"),
    Difference("tshark", READS, ".*", ".*", ABSENT, "an empty string or short_message is not shown", EITHER,
               "3.4: 3.1", empty),
    Difference("tshark", READS, ".*_resp", ".*", ABSENT, "the body of a response with an error status is not read",
               EITHER, "3.4: 4.1.2 and 4.4.2 have none then, 4.7.2 has parameters about the failure", refused),
    Difference("tshark", READS, "submit_multi", "schedule_delivery_time again", 'extra: ""',
               "an empty validity_period goes by the name of schedule_delivery_time", OURS, "3.4: 4.5.1"),
    Difference("tshark", READS, ".*", "name:destination_port", "dest_port",
               "tag 0x020B is called dest_port", EITHER, "3.4: 5.3.2.21; 5.0: 4.8.1 has this name"),
    Difference("tshark", READS, ".*", "tlv:callback_num(_atag)?", '"" ?|\\[""',
               "the octets of callback_num and callback_num_atag are not shown", OURS, "3.4: 5.3.2.36, 5.3.2.38"),
    Difference("tshark", READS, ".*", "tlv:broadcast_rep_num|malformed", "", "broadcast_rep_num is taken for one octet",
               OURS, "5.0: 4.8.4.13", named("broadcast_rep_num")),
    Difference("tshark", READS, ".*", "replace_if_present_flag", "^[01] for",
               "only the lowest bit of replace_if_present_flag is read", EITHER,
               "3.4: 4.4.1, other values are reserved"),
    Difference("tshark", READS, ".*", "text", "extra",
               "8-bit, UCS-2 and compressed data of the GSM groups is shown in the default alphabet", OURS,
               "3.4: 5.2.19; 3GPP TS 23.038: 4", gsm_group),
    Difference("tshark", READS, "data_sm", "text", "extra",
               "the header in message_payload is shown as the beginning of the text", OURS, "3.4: 5.2.12",
               named("UCS-2 part")),
    # aiosmpplib
    Difference("aiosmpplib", BOTH, SM, "pdu", "valid SmppDataCoding",
               "a data_coding outside its list, all GSM groups among them, loses the PDU", OURS, "3.4: 5.2.19"),
    Difference("aiosmpplib", BOTH, ".*", "pdu", "valid SmppCommandStatus",
               "a status outside its list, a vendor's or SMPP 5.0's, loses the PDU", OURS, "3.4: 5.1.3, 3.3"),
    Difference("aiosmpplib", BOTH, ".*", "pdu", "valid (TON|NPI)", "a reserved TON or NPI loses the PDU", OURS,
               "3.4: 5.2.5, 5.2.6"),
    Difference("aiosmpplib", BOTH, ".*", "pdu", "'ascii' codec",
               "an octet above 0x7F in a string or an optional parameter loses the PDU", OURS, "3.4: 3.1, 3.2.4.1"),
    Difference("aiosmpplib", BOTH, SM, "pdu", "Either short_message or",
               "a message without text, or of 8-bit data on writing, is refused", OURS, "3.4: 4.4.1, sm_length 0"),
    Difference("aiosmpplib", BOTH, SM, "(schedule_delivery_time|validity_period)", "for",
               "the quarters of an hour in a time are taken for hours", OURS, "3.4: 7.1.1.1", named("in local time")),
    Difference("aiosmpplib", BOTH, SM, "pdu", "validity is 63 weeks", "more than 63 weeks are refused", OURS,
               "3.4: 7.1.1.2"),
    Difference("aiosmpplib", READS, SM, "short_message", "text", "8-bit data is read as text", OURS, "3.4: 5.2.19",
               named("data_coding 0x02", "data_coding 0x04")),
    Difference("aiosmpplib", READS, SM, "pdu", "'gsm0338' codec",
               "an octet above 0x7F in the default alphabet loses the PDU", EITHER, "3GPP TS 23.038: 6.2.1"),
    Difference("aiosmpplib", WRITES, SM, "pdu", "too long|'H' format", "octets that are no text cannot be written",
               EITHER, "3.4: 5.2.22"),
    Difference("aiosmpplib", READS, SM, "tlv:.*", r'^\["(\w*)"\] for \["\1(00)+"\]$',
               "a NUL at the end of any parameter it holds for text is dropped", OURS, "3.4: 3.2.4.1"),
    Difference("aiosmpplib", READS, SM, "tlv:sar_.*", "extra",
               "any header is read as a reference, one of 16 bits as 32", OURS, "3GPP TS 23.040: 9.2.3.24.8",
               named("UDH", "udh16", ", each ")),
    Difference("aiosmpplib", READS, SM, "short_message", "text", "national languages are read by the default tables",
               OURS, "3GPP TS 23.038: 6.2.1.2", named(", each ")),
    # smpplib
    Difference("smpplib", READS, ".*", "pdu", "UnknownCommandError", "a tag without a name loses the PDU", OURS,
               FORWARD),
    Difference("smpplib", READS, ".*", "pdu", "KeyError", "a tag it does not expect in this PDU loses the PDU", OURS,
               FORWARD),
    Difference("smpplib", READS, "submit_sm|data_sm", "pdu", "unpack requires",
               "source_addr_subunit and source_telematics_id are taken for two octets", OURS, "3.4: 5.3.2.2, 5.3.2.8"),
    Difference("smpplib", WRITES, "submit_sm|data_sm", "tlv:source_(addr_subunit|telematics_id)", '"00',
               "source_addr_subunit and source_telematics_id are written as two octets", OURS,
               "3.4: 5.3.2.2, 5.3.2.8"),
    Difference("smpplib", READS, ".*", "tlv:alert_on_message_delivery", ABSENT,
               "alert_on_message_delivery is passed over", OURS, "3.4: 5.3.2.41"),
    Difference("smpplib", READS, SM, "short_message", ABSENT, "an empty short_message is none", EITHER, "3.4: 4.4.1"),
    Difference("smpplib", WRITES, ".*", "tlv:(source_subaddress|dest_subaddress|callback_num_atag)", "for",
               "octets above 0x7F in a parameter become two, and its length stays", OURS, "3.4: 3.2.4.1", beyond_ascii),
    Difference("smpplib", BOTH, ".*",
               "tlv:(source_subaddress|dest_subaddress|callback_num_atag|delivery_failure_reason|network_error_code)",
               "for", "octets that are no string end in a NUL", OURS, "3.4: 5.3.2.15, 5.3.2.31, 5.3.2.33, 5.3.2.38"),
    Difference("smpplib", WRITES, ".*", "trailing", "extra",
               "octets above 0x7F in a parameter become two, and its length stays", OURS, "3.4: 3.2.4.1"),
    Difference("smpplib", BOTH, SM, "tlv:callback_num", "for", "of a parameter that occurs twice, one is kept", OURS,
               "3.4: 5.3.2.36", named("twice")),
    Difference("smpplib", WRITES, ".*", "tlv:.*", ABSENT,
               "a tag it does not expect in this PDU, or an empty value, is left out", OURS, "3.4: 3.2.4.1"),
    Difference("smpplib", WRITES, "data_sm|alert_notification", "(source|destination|esme)_addr", "for",
               "addresses are cut to 20 characters", OURS, "3.4: 4.7.1, 4.12.1"),
    Difference("smpplib", WRITES, "query_sm", "pdu", "message_id", "an empty message_id is refused", EITHER,
               "3.4: 4.8.1"),
    # smpp34
    Difference("smpp34", READS, SM, "status", ABSENT, "requests have no command_status", EITHER,
               "3.4: 5.1.3, NULL in requests"),
    Difference("smpp34", BOTH, SM, "service_type|(source|destination)_addr", "for", "strings are UTF-8", EITHER,
               "3.4: 3.1, ASCII alone", beyond_ascii),
    # node-smpp
    Difference("node", READS, ".*", "(?!tlv|short).*", "for", "octets above 0x7F in a string lose their highest bit",
               EITHER, "3.4: 3.1, ASCII alone", beyond_ascii),
    Difference("node", READS, ".*", f"(tlv|typed):({ASCII_IN_NODE})", "for|extra",
               "octets above 0x7F in a parameter that it holds for text lose their highest bit", OURS,
               "3.4: 5.3.2.36; 5.0: 4.8.4", beyond_ascii),
    Difference("node", READS, ".*", "pdu|tlv:dest_addr_np_country", "RangeError|for",
               "dest_addr_np_country is taken for four octets", OURS, "5.0: 4.8.4.20", named("dest_addr_np_country")),
    Difference("node", WRITES, ".*", "pdu|tlv:dest_addr_np_country", "RangeError|for",
               "dest_addr_np_country is written as four octets", OURS, "5.0: 4.8.4.20", named("dest_addr_np_country")),
    Difference("node", READS, ".*", "tlv:broadcast_end_time", "for", "broadcast_end_time is a date without a NUL",
               EITHER, "5.0: 4.8.4.9", named("broadcast_end_time")),
    Difference("node", READS, ".*", "pdu", "RangeError", "source_telematics_id is taken for two octets", OURS,
               "3.4: 5.3.2.8", named("source_telematics_id")),
    Difference("node", WRITES, ".*", "tlv:source_telematics_id", "for", "source_telematics_id is written as two octets",
               OURS, "3.4: 5.3.2.8"),
    Difference("node", READS, ".*", "tlv:alert_on_message_delivery", "for",
               "alert_on_message_delivery is read from the octet behind it", OURS, "3.4: 5.3.2.41",
               named("every tag at once")),
    Difference("node", READS, ".*", "pdu", "RangeError",
               "alert_on_message_delivery without a value at the end loses the PDU", OURS, "3.4: 5.3.2.41",
               named("alert_on_message_delivery")),
    Difference("node", WRITES, ".*", "tlv:alert_on_message_delivery", "for",
               "alert_on_message_delivery is written as one octet", EITHER, "3.4: 5.3.2.41; 5.0: 4.8.4.2 has one"),
    Difference("node", READS, ".*", "short_message", "text",
               "only the last four bits of data_coding are read", OURS, "3.4: 5.2.19; 3GPP TS 23.038: 4", gsm_group),
    Difference("node", READS, ".*", "short_message", "text",
               "octets outside the GSM alphabet, and an escape without its letter, are read otherwise", EITHER,
               "3GPP TS 23.038: 6.2.1", named("140 octets", "longest")),
    Difference("node", BOTH, ".*", "short_message|tlv:message_payload", "for",
               "data_coding 1 is the GSM alphabet, where @ is another octet", OURS, "3.4: 5.2.19", named("ASCII")),
    Difference("node", WRITES, ".*", "pdu", "TypeError", "Cyrillic and Hebrew cannot be written as text", EITHER,
               "3.4: 5.2.19", named("Cyrillic", "Hebrew")),
    Difference("node", WRITES, ".*", "data_coding", "1 for 0", "a national language sets data_coding 1", OURS,
               "3GPP TS 23.038: 6.2.1.2", named(", each ")),
    Difference("node", BOTH, SM, "short_message", "for",
               "of the national languages, Turkish, Spanish and Portuguese are known", OURS, "3GPP TS 23.038: A",
               lambda found: not named(*IN_NODE)(found) and named(", each ")(found)),
    Difference("node", WRITES, SM, "short_message", "for",
               "a letter in both national tables is written in the other one", EITHER, "3GPP TS 23.038: 6.2.1.2",
               named(*IN_NODE)),
    Difference("node", READS, ".*", "pdu", "too large", "a PDU above 16,384 octets is refused", EITHER,
               "3.4: 5.3.2.32, at most 64 K"),
    Difference("node", WRITES, ".*_resp", ".*", "for", "a response with an error status is written without its body",
               THEIRS, "3.4: 4.1.2, 4.4.2; ours writes what it is told", refused),
    Difference("node", WRITES, ".*", "pdu", "tag without a name", "a tag without a name cannot be written", OURS,
               "3.4: 5.3.2"),
    # Net::SMPP
    Difference("perl", READS, SM, "tlv:callback_num", "for", "of a parameter that occurs twice, one is kept", OURS,
               "3.4: 5.3.2.36", named("twice")),
    Difference("perl", WRITES, ".*", "pdu", "tag without a name", "a tag without a name takes numbers alone", OURS,
               "3.4: 5.3.2"),
    Difference("perl", WRITES, "submit_multi_resp", "pdu", "error_status_code must",
               "a response without failures cannot be written", OURS, "3.4: 4.5.2, no_unsuccess 0"),
]  # fmt: skip

DOCUMENT = Path(__file__).parents[2] / "docs" / "interop.md"
HEAD = """\
# Codecs of others beside ours

The tests put a generated corpus of PDUs before codecs that this project did not write: each parameter of each PDU at
its empty, typical, longest and odd values, each standard tag, the alphabets, headers, parts and receipts. They must
read what ours writes, fact by fact, and ours must read what they write. Where they differ it is listed here with who is
right by the specification: "either" where it allows both, or does not say. A difference that is not listed fails the
tests, and so does one that no longer occurs.

This page is written by `python -m tests.interop.codec_differences`.

## The codecs

| codec | PDUs | note |
|---|---|---|
"""


def known(peer: str) -> list[str]:
    """The commands a peer has a codec for."""
    return [name for name in map(command_name, sorted(LAYOUTS)) if re.fullmatch(PEERS[peer].pdus, name)]


def document() -> str:
    """The page docs/interop.md."""
    out = HEAD
    everything = len(LAYOUTS)
    for key, (title, _, note) in PEERS.items():
        names = [name for name in known(key) if not name.endswith("_resp")]
        count = len(known(key))
        which = "all" if count == everything else f"{', '.join(names)}; with their responses"
        if key == "smpp34":
            which = ", ".join(names)
        out += f"| {title} | {which} | {note} |\n"
    for key, (title, _, _) in PEERS.items():
        out += f"\n## {title}\n\n| | difference | right | by (SMPP version: section) |\n|---|---|---|---|\n"
        lines: dict[tuple[str, str, str], set[str]] = {}
        for row in DIFFERENCES:
            if row.peer == key:
                lines.setdefault((row.what, row.right, row.by), set()).update(row.way.split("|"))
        for (what, right, by), ways in lines.items():
            out += f"| {' and '.join(sorted(ways))} | {what} | {right} | {by} |\n"
        for way in (READS, WRITES):
            if tags := NEVER_AGREED.get((key, way)):
                out += f"\nTags that it never {way} as ours does: {', '.join(sorted(tags))}.\n"
    return out


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
