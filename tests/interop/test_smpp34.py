"""The Python package smpp34 (its protocol is written in Rust) as SMSC, in a process of its own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from smppd.config import Config
from tests.interop.kit import Peer, Systems, gateway, need, proved, tables

pytestmark = pytest.mark.interop

NURSE, WORKER = "255754000001", "255754000003"
GSM, LATIN1, UCS2 = 0, 3, 8
UDHI = 0x40
LONG = "CASE 14 malaria, 3 children under five; fever since Tuesday. " * 5
EMOJI = "ሰላም 🤰 ጤና" * 12


def pdu(source: str, body: bytes = b"", data_coding: int = GSM, esm_class: int = 0, **tlvs: bytes) -> dict[str, Any]:
    """A deliver_sm; the names of `tlvs` are smpp34's."""
    return {
        "source_addr": source,
        "source_addr_ton": 1,
        "source_addr_npi": 1,
        "destination_addr": "15001",
        "esm_class": esm_class,
        "data_coding": data_coding,
        "short_message": body.hex(),
        "tlvs": {f"TLV_{name}": value.hex() for name, value in tlvs.items()},
    }


def cut(source: str, octets: bytes, size: int, header: str, data_coding: int = GSM) -> list[dict[str, Any]]:
    """Parts of `size` octets behind `header`, a template of hex for total and number; the last part first."""
    bodies = [octets[at : at + size] for at in range(0, len(octets), size)]
    numbered = enumerate(bodies, 1)
    made = [(bytes.fromhex(header.format(total=len(bodies), number=number)), body) for number, body in numbered]
    return [pdu(source, udh + body, data_coding, UDHI) for udh, body in reversed(made)]


def segments(source: str, octets: bytes, size: int, reference: int) -> list[dict[str, Any]]:
    bodies = [octets[at : at + size] for at in range(0, len(octets), size)]
    return [
        pdu(
            source,
            body,
            SAR_MSG_REF_NUM=reference.to_bytes(2, "big"),
            SAR_TOTAL_SEGMENTS=bytes([len(bodies)]),
            SAR_SEGMENT_SEQNUM=bytes([number]),
        )
        for number, body in enumerate(bodies, 1)
    ]


MESSAGES = {
    "one GSM 7 message": ([pdu(NURSE, b"STOCK ORS \x1b(12\x1b) \x00 \x1be5")], "STOCK ORS {12} @ €5"),
    "Latin-1": ([pdu(NURSE, "Kédougou, né".encode("latin-1"), LATIN1)], "Kédougou, né"),
    "UCS-2 with emoji": ([pdu(NURSE, "እናት 🤰🏾".encode("utf-16-be"), UCS2)], "እናት 🤰🏾"),
    "a vendor's parameter": ([pdu(NURSE, b"vendor", VENDOR=b"\1\2\3")], "vendor"),
    "UDH 8-bit": (cut(WORKER, LONG.encode(), 153, "05000311{total:02x}{number:02x}"), LONG),
    "UDH 16-bit, as Kannel writes it": (cut(WORKER, LONG.encode(), 152, "0608041234{total:02x}{number:02x}"), LONG),
    "UCS-2 in parts that cut an emoji": (
        cut(WORKER, EMOJI.encode("utf-16-be"), 118, "05000312{total:02x}{number:02x}", UCS2),
        EMOJI,
    ),
    "sar_* parameters": (segments(WORKER, LONG.encode(), 140, 99), LONG),
    "message_payload": ([pdu(WORKER, MESSAGE_PAYLOAD=LONG.encode())], LONG),
}
RECEIPTS = [
    pdu(
        NURSE, b"id:0042 sub:001 dlvrd:001 submit date:2611210400 done date:2611210401 stat:DELIVRD err:000 text:", 0, 4
    ),
    pdu(NURSE, b"", 0, 4, RECEIPTED_MESSAGE_ID=b"43\0", MESSAGE_STATE=b"\x05"),
]


async def test_everything_smpp34_sends_arrives_whole_and_its_link_proves_our_answers(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    need(importlib.util.find_spec("smpp34"), "the Python package smpp34")
    sent = [(pdus[0]["source_addr"], text) for pdus, text in MESSAGES.values()]
    systems = Systems([sender for sender, _ in sent])
    async with AsyncExitStack() as stack:
        served = await systems.start(stack)
        script = Path(__file__).with_name("smpp34_smsc.py")
        peer = await stack.enter_async_context(Peer.run(tmp_path, sys.executable, script))
        port = (await peer.event("listening"))["port"]
        running = await stack.enter_async_context(gateway(make_config(**tables(port), **served)))
        bound = await peer.event("bound")
        assert (bound["system_id"], bound["receives"]) == ("moh", True)
        await peer.deliver([one for pdus, _ in MESSAGES.values() for one in pdus])
        await peer.deliver(RECEIPTS)
        await systems.received(sent)
        kept = await running.db.pool.fetch("select message_id, state from receipt order by message_id")
        assert [tuple(row) for row in kept] == [("0042", "delivered"), ("43", "undelivered")]
        await proved(running, "receipt")
        await peer.order(unbind=True)
        await peer.event("bound")
        running.stop()
        await peer.event("unbound")
        assert await peer.ended() == 0
