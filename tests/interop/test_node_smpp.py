"""The npm package smpp as SMSC: it encodes the texts, headers and parameters; we must read them as it meant them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from smppd.config import Config
from tests.interop.kit import Peer, Systems, gateway, need_node_package, stands, tables

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
NURSE, CLINIC, WORKER = "255754000001", "255754000002", "255754000003"
GSM, IA5, LATIN1, UCS2 = 0, 1, 3, 8
FIRST, SECOND, THIRD = "Weekly report, fever 14; ", "RDT positive {9} [ACT] €3, ", "stock 40 ORS ~ 2 nights"
EMOJI = "ሪፖርት 🤰🏾 ok"


def pdu(source: str, text: str = "", data_coding: int | None = GSM, udh: str = "", **others: Any) -> dict[str, Any]:
    """A deliver_sm as the package takes it; data_coding None lets it choose."""
    made: dict[str, Any] = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": source}
    made |= {"destination_addr": "15001", **others}
    if data_coding is not None:
        made["data_coding"] = data_coding
    if text:
        made["short_message"] = {"message": text, "udh": udh} if udh else {"message": text}
    return made


def sar(source: str, text: str, total: int, number: int) -> dict[str, Any]:
    return pdu(source, text, sar_msg_ref_num=777, sar_total_segments=total, sar_segment_seqnum=number)


SINGLE = {
    "GSM 7 with its extension table": ([pdu(NURSE, "a{b}[c]~^|\\ €5 @£$ ñü_")], "a{b}[c]~^|\\ €5 @£$ ñü_"),
    "alphabet left to the package": ([pdu(NURSE, "REG {ana} €2 a@b.org", None)], "REG {ana} €2 a@b.org"),
    "plain words, alphabet left to the package": ([pdu(NURSE, "STOCK ORS 12", None)], "STOCK ORS 12"),
    "Latin-1": ([pdu(NURSE, "Bébé né à Ségou, ça va", LATIN1)], "Bébé né à Ségou, ça va"),
    "UCS-2 with emoji": ([pdu(CLINIC, "እናት ጤናማ ናት 🤰🏾👍", UCS2)], "እናት ጤናማ ናት 🤰🏾👍"),
    "optional parameters beside the text": (
        [pdu(CLINIC, "with parameters", user_message_reference=4711, source_port=99, language_indicator=1)],
        "with parameters",
    ),
    "data_sm": ([pdu(CLINIC, command="data_sm", message_payload={"message": "as data_sm {x}"})], "as data_sm {x}"),
    "data_sm in UCS-2": (
        [pdu(CLINIC, "", UCS2, command="data_sm", message_payload={"message": "ዳታ 👶"})],
        "ዳታ 👶",
    ),
}
MULTIPART = {
    "message_payload": ([pdu(WORKER, message_payload={"message": FIRST * 20})], FIRST * 20),
    "UDH 8-bit, last part first": (
        [
            pdu(WORKER, THIRD, udh="0500032a0303"),
            pdu(WORKER, FIRST, udh="0500032a0301"),
            pdu(WORKER, SECOND, udh="0500032a0302"),
        ],
        FIRST + SECOND + THIRD,
    ),
    "the same reference from another sender": (
        [pdu(CLINIC, SECOND, udh="0500032a0202"), pdu(CLINIC, THIRD, udh="0500032a0201")],
        THIRD + SECOND,
    ),
    "UDH 16-bit": (
        [pdu(NURSE, SECOND, udh="0608041f2e0201"), pdu(NURSE, THIRD, udh="0608041f2e0202")],
        SECOND + THIRD,
    ),
    "UDH with ports before the reference": (
        [pdu(NURSE, FIRST, udh="0b0504138813880003370201"), pdu(NURSE, THIRD, udh="0b0504138813880003370202")],
        FIRST + THIRD,
    ),
    "an emoji cut between two UCS-2 parts": (
        [
            pdu(WORKER, "ለ" * 60 + EMOJI[:5] + "\ud83e", UCS2, udh="050003510201"),
            pdu(WORKER, "\udd30" + EMOJI[6:], UCS2, udh="050003510202"),
        ],
        "ለ" * 60 + EMOJI,
    ),
    "sar_* parameters, a part repeated": (
        [sar(CLINIC, SECOND, 2, 2), sar(CLINIC, SECOND, 2, 2), sar(CLINIC, FIRST, 2, 1)],
        FIRST + SECOND,
    ),
    "UDH inside message_payload": (
        [
            pdu(NURSE, esm_class=0x40, message_payload={"message": FIRST * 8, "udh": "0500036b0201"}),
            pdu(NURSE, esm_class=0x40, message_payload={"message": THIRD * 8, "udh": "0500036b0202"}),
        ],
        FIRST * 8 + THIRD * 8,
    ),
}
RECEIPT = "id:{id} sub:001 dlvrd:001 submit date:2611210400 done date:2611210401 stat:{stat} err:{error} text:Visit Ami"
RECEIPTS = [
    pdu(NURSE, RECEIPT.format(id="7F3A", stat="DELIVRD", error="000"), esm_class=4),
    pdu(
        NURSE,
        RECEIPT.format(id="900", stat="UNDELIV", error="0A1"),
        esm_class=4,
        receipted_message_id="900",
        message_state=5,
    ),
    pdu(NURSE, esm_class=4, receipted_message_id="b2-only-parameters", message_state=3),
]


@pytest.fixture(scope="module")
def package() -> None:
    need_node_package()


@pytest.fixture
async def peer(package: None, tmp_path: Path) -> AsyncIterator[Peer]:
    async with Peer.run(tmp_path, "node", HERE / "smsc.js") as running:
        yield running


async def test_everything_node_smpp_sends_arrives_whole_at_every_system(
    peer: Peer, make_config: Callable[..., Config]
) -> None:
    messages = [*SINGLE.values(), *MULTIPART.values()]
    sent = [(pdus[0]["source_addr"], text) for pdus, text in messages]
    systems = Systems([sender for sender, _ in sent])
    async with AsyncExitStack() as stack:
        served = await systems.start(stack)
        port = (await peer.event("listening"))["port"]
        running = await stack.enter_async_context(gateway(make_config(**tables(port), **served)))
        bound = await peer.event("bound")
        assert (bound["command"], bound["system_id"], bound["version"]) == ("bind_transceiver", "moh", 0x34)
        await peer.deliver([one for pdus, _ in messages for one in pdus])
        await peer.deliver(RECEIPTS)
        await systems.received(sent)
        kept = await running.db.pool.fetch("select message_id, state, error from receipt order by id")
        assert [tuple(row) for row in kept] == [
            ("7F3A", "delivered", "000"),
            ("900", "undelivered", "0A1"),
            ("b2-only-parameters", "expired", ""),
        ]
        assert await running.db.pool.fetchval("select count(*) from message where state <> 'complete'") == 0


async def test_node_smpp_and_the_gateway_enquire_and_unbind_both_ways(
    peer: Peer, make_config: Callable[..., Config]
) -> None:
    systems = Systems([NURSE])
    async with AsyncExitStack() as stack:
        served = await systems.start(stack)
        port = (await peer.event("listening"))["port"]
        running = await stack.enter_async_context(gateway(make_config(**tables(port), **served)))
        await peer.event("bound")
        await peer.event("enquired")
        await peer.order(enquire=True)
        assert (await peer.event("enquire_answered"))["status"] == 0
        await peer.order(unbind=True)
        assert (await peer.event("unbind_answered"))["status"] == 0
        await peer.event("bound")
        await peer.deliver([pdu(NURSE, "after the second bind")])
        await systems.received([(NURSE, "after the second bind")])
        running.stop()
        await peer.event("unbound")
    assert await peer.ended() == 0


async def test_a_password_that_node_smpp_refuses_is_a_state_in_words(
    peer: Peer, make_config: Callable[..., Config]
) -> None:
    port = (await peer.event("listening"))["port"]
    async with gateway(make_config(**tables(port, password="wrong"))) as running:
        reason = await stands(running, "select reason from link_state where reason like '%refused%'")
    assert "ESME_RINVPASWD 0x0E" in reason
