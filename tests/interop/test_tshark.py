"""Wireshark reads a whole run off the wire: nothing malformed, and exactly what the SMSC's ledger says."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

import pdu
from smppd.app.samples import CLINIC, NURSE, WORKER, samples
from smppd.config import Config
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from tests.interop.kit import PASSWORD, Ended, Program, Systems, gateway, need, tables

pytestmark = pytest.mark.interop

BIND_RECEIVER, BIND_TRANSMITTER, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK, DATA_SM = (
    1,
    2,
    5,
    6,
    9,
    0x15,
    0x103,
)
RESPONSE = 0x80000000
ERROR = 0x800000  # Wireshark's severity "Error"
RECEIPT = "id:1A sub:001 dlvrd:001 submit date:2611210400 done date:2611210401 stat:DELIVRD err:000 text:Visit"
STATE = (pdu.Tlv(0x001E, b"1B\0"), pdu.Tlv(0x0427, b"\2"))


class Message(NamedTuple):
    """What Wireshark and the ledger must agree on for a deliver_sm or data_sm."""

    command: int
    source: str
    destination: str
    esm_class: int
    data_coding: int
    body: str  # short_message or message_payload, as hex


class Seen(NamedTuple):
    """One PDU as Wireshark reads it, between two TCP ports."""

    source: int
    destination: int
    command: int
    status: int
    sequence: int
    message: Message | None


class Capture(Program):
    """tshark at work on some loopback ports."""

    file: Path
    decode: tuple[str, ...]

    @classmethod
    @contextlib.asynccontextmanager
    async def of(cls, folder: Path, *ports: int) -> AsyncIterator[Capture]:
        """Capturing begins before the block does."""
        tshark = shutil.which("tshark") or ""
        need(tshark, "tshark (Debian: tshark)")
        file = folder / "run.pcapng"
        decode = tuple(word for port in ports for word in ("-d", f"tcp.port=={port},smpp"))
        only = " or ".join(f"tcp port {port}" for port in ports)
        printed = ("-P", "-l", "-T", "fields", "-e", "smpp.command_id")
        command: tuple[str | Path, ...] = (tshark, "-i", "lo", "-f", only, "-w", file, *decode, *printed)
        async with cls.run(folder, *command) as running:
            running.file, running.decode = file, decode
            try:
                await running._begun(ports[0])
            except Ended as error:
                need(False, f"the right to capture on loopback: {error}")
                raise
            yield running

    async def _begun(self, port: int) -> None:
        """Knock until a packet is seen; what tshark says of its start differs from version to version."""
        first = asyncio.create_task(self.line(lambda line: True))
        while not first.done():
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await asyncio.wait({first}, timeout=0.1)
        await first

    async def until(self, command: int, count: int) -> None:
        """So many PDUs of this command have been captured."""
        left = count

        def counted(line: str) -> bool:
            nonlocal left
            left -= sum(word == f"0x{command:08x}" for word in line.replace(",", " ").split())
            return left <= 0

        await self.line(counted)

    async def stop(self) -> None:
        self.process.terminate()
        await self.ended()


async def dissected(folder: Path, capture: Capture, *options: str) -> str:
    async with Program.run(folder, "tshark", "-r", capture.file, *capture.decode, *options) as reading:
        octets: bytes = (await reading.process.communicate())[0]
        assert reading.process.returncode == 0, reading.errors
    return octets.decode(errors="replace")  # it writes halves of surrogate pairs as they come


def pdus(pdml: str) -> list[Seen]:
    """Every SMPP PDU of a dissection, in the order of the capture."""
    seen = []
    for packet in ElementTree.fromstring(pdml).iter("packet"):
        source, destination = (_port(packet, end) for end in ("src", "dst"))
        for proto in packet.iterfind("proto[@name='smpp']"):
            fields = {field.get("name", "").removeprefix("smpp."): field for field in proto.iter("field")}
            command = int(_value(fields, "command_id"), 16)
            message = None
            if command in (DELIVER_SM, DATA_SM):
                message = Message(
                    command,
                    fields["source_addr"].get("show", ""),
                    fields["destination_addr"].get("show", ""),
                    int(fields["esm.submit.features"].get("unmaskedvalue", ""), 16),
                    int(_value(fields, "data_coding"), 16),
                    _value(fields, "message_payload") or _value(fields, "message"),
                )
            status, sequence = _value(fields, "command_status") or "0", _value(fields, "sequence_number")
            seen.append(Seen(source, destination, command, int(status, 16), int(sequence, 16), message))
    return seen


def _port(packet: ElementTree.Element, end: str) -> int:
    (field,) = packet.iterfind(f"proto[@name='tcp']/field[@name='tcp.{end}port']")
    return int(field.get("show", ""))


def _value(fields: dict[str, ElementTree.Element], name: str) -> str:
    """The octets of a field as hex; empty where the PDU has none."""
    return fields[name].get("value", "") if name in fields else ""


def booked(smsc: Smsc) -> Counter[Message]:
    """What the ledger says was sent, each as often as it was."""
    made: Counter[Message] = Counter()
    for piece in (piece for entry in smsc.entries for piece in entry.pieces):
        sent = pdu.decode(piece.octets)
        assert isinstance(sent, pdu.DeliverSm | pdu.DataSm)
        body = pdu.payload(sent).hex()
        message = Message(
            sent.command_id, sent.source_addr, sent.destination_addr, sent.esm_class, sent.data_coding, body
        )
        made[message] += piece.attempts
    return made


EXTRA = [  # beside the demo's samples
    Mo(source=NURSE, text="እናት 🤰 ጤናማ ናት " * 60, multipart="udh16", links=(0, 1)),
    Mo(source=CLINIC, text="Bébé né à Ségou", alphabet="latin1"),
    Mo(source=WORKER, text="a vendor's parameter", tlvs=(pdu.Tlv(0x1403, b"\1\2"), pdu.Tlv(0x1404, b""))),
]
ALONE = [
    # Not behind others: Wireshark 4.0 carries the UDH indicator of a PDU over to a data_sm in the same TCP segment.
    (0, Mo(source=CLINIC, text="by data_sm, with {extension} €", data_sm=True)),
    (1, Mo(source=WORKER, text="the last, over a receiver")),
]
RECEIPTS = [
    Mo(source=NURSE, text=RECEIPT, esm_class=0x04),
    Mo(source=NURSE, text=RECEIPT.replace("1A", "1B"), esm_class=0x04, tlvs=STATE),
]


async def test_wireshark_finds_nothing_malformed_in_a_whole_run_and_what_the_ledger_says(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    messages = [*(sample.mo for sample in samples()), *EXTRA]
    sent = [(mo.source, mo.text) for mo in [*messages, *(mo for _, mo in ALONE)]]
    systems = Systems([sender for sender, _ in sent])
    async with AsyncExitStack() as stack:
        served = await systems.start(stack)
        smsc = Smsc(accounts={"moh": PASSWORD}, enquire_link=0.5)
        pair = Smsc(accounts={"moh": PASSWORD})
        ports = [await one.start() for one in (smsc, pair)]
        for one in (smsc, pair):
            stack.push_async_callback(one.stop)
        capture = await stack.enter_async_context(Capture.of(tmp_path, *ports))
        configured = tables(ports[0], links=2)
        configured["carriers"]["paired"] = tables(ports[1], bind="pair")["carriers"]["peer"]
        running = await stack.enter_async_context(gateway(make_config(**configured, **served)))
        await smsc.wait_bound(2)
        await pair.wait_bound(1)
        await asyncio.gather(*(smsc.enqueue(mo).acked for mo in [*messages, *RECEIPTS]))
        for place, mo in ALONE:
            await (smsc, pair)[place].enqueue(mo).acked
        await systems.received(sent)
        assert await running.db.pool.fetchval("select count(*) from receipt") == len(RECEIPTS)
        await capture.until(ENQUIRE_LINK | RESPONSE, 10)
        smsc.unbind_all()
        await smsc.wait_counter("binds", 4)
        running.stop()
        await capture.until(UNBIND | RESPONSE, 6)
        await capture.stop()

    assert await dissected(tmp_path, capture, "-Y", f"_ws.malformed || _ws.expert.severity >= {ERROR}") == ""
    seen = pdus(await dissected(tmp_path, capture, "-T", "pdml"))

    ledger = booked(smsc) + booked(pair)
    assert Counter(one.message for one in seen if one.message is not None) == ledger
    assert ledger.total() == smsc.counters.acked_pdus + pair.counters.acked_pdus

    requests = [one for one in seen if not one.command & RESPONSE]
    answers = [one for one in seen if one.command & RESPONSE]
    assert {one.status for one in seen} == {0}
    assert not [one for one in requests if one.sequence == 0]
    # Each request has one answer, the other way on its connection, with its command and sequence number.
    asked = Counter((one.source, one.destination, one.command | RESPONSE, one.sequence) for one in requests)
    assert Counter((one.destination, one.source, one.command, one.sequence) for one in answers) == asked
    assert set(asked.values()) == {1}
    for both_ways in (ENQUIRE_LINK, UNBIND):
        assert {one.source in ports for one in requests if one.command == both_ways} == {True, False}
    commands = Counter(one.command for one in requests)
    assert {name: commands[name] for name in (BIND_TRANSCEIVER, BIND_RECEIVER, BIND_TRANSMITTER, UNBIND)} == {
        BIND_TRANSCEIVER: 4,
        BIND_RECEIVER: 1,
        BIND_TRANSMITTER: 1,
        UNBIND: 6,
    }
