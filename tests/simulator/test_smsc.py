"""The SMSC behaving well: binds, deliveries and their ledger, submits and receipts, the rest of the commands."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import pdu
from smppd.simulator.ledger import RefusedError
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from tests.simulator.esme import Esme

Connect = Callable[[], Awaitable[Esme]]


@pytest.mark.parametrize(
    ("kind", "response"),
    [
        (pdu.BindReceiver, pdu.BindReceiverResp),
        (pdu.BindTransmitter, pdu.BindTransmitterResp),
        (pdu.BindTransceiver, pdu.BindTransceiverResp),
    ],
)
async def test_each_bind_is_answered_by_its_response(esme: Esme, kind: type, response: type) -> None:
    answer = await esme.bind(kind)
    assert type(answer) is response
    assert (answer.status, answer.sequence, answer.system_id) == (0, 1, "SMSC")
    assert pdu.int_tlv(answer.tlvs, 0x0210) == 0x34


@pytest.mark.parametrize(
    ("system_id", "password", "status"), [("moh", "secret", 0), ("moh", "wrong", 0x0E), ("him", "secret", 0x0F)]
)
async def test_credentials_decide_about_the_bind(
    smsc: Smsc, esme: Esme, system_id: str, password: str, status: int
) -> None:
    smsc.accounts = {"moh": "secret"}
    assert (await esme.bind(system_id=system_id, password=password)).status == status
    if status:
        assert await esme.next() is None


async def test_an_account_has_a_limited_number_of_binds(smsc: Smsc, connect: Connect) -> None:
    smsc.max_binds = 1
    first, second, other = await connect(), await connect(), await connect()
    assert (await first.bind()).status == 0
    await smsc.wait_bound()
    assert (await second.bind()).status == 0x05
    assert (await other.bind(system_id="other")).status == 0
    first.close()
    await smsc.watch.until(lambda: len(smsc.links) == 1, 5.0)
    assert (await (await connect()).bind()).status == 0


async def test_a_second_bind_on_a_connection_is_refused_but_leaves_it_open(bound: Esme) -> None:
    assert (await bound.bind()).status == 0x05
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp


async def test_unbind_is_answered_and_ends_the_connection(bound: Esme) -> None:
    answer = await bound.answer(pdu.Unbind)
    assert type(answer) is pdu.UnbindResp
    assert await bound.next() is None


async def test_the_smsc_unbinds_and_closes_after_the_response(smsc: Smsc, bound: Esme) -> None:
    smsc.unbind_all()
    request = await bound.next(pdu.Unbind)
    bound.send(pdu.UnbindResp(sequence=request.sequence))
    assert await bound.next() is None


async def test_enquire_link_goes_both_ways_and_silence_ends_the_connection() -> None:
    smsc = Smsc(enquire_link=0.01)
    await smsc.start()
    esme = await Esme.connect(smsc.port)
    await esme.bind()
    assert type(await esme.answer(pdu.EnquireLink)) in (pdu.EnquireLinkResp, pdu.EnquireLink)
    seen = [message async for message in _until_closed(esme)]
    assert pdu.EnquireLink in map(type, seen)
    esme.close()
    await smsc.stop()


async def _until_closed(esme: Esme):  # type: ignore[no-untyped-def]
    while (message := await esme.next()) is not None:
        yield message


async def test_a_message_is_acknowledged_by_status_0(smsc: Smsc, bound: Esme) -> None:
    entry = smsc.enqueue(Mo(source="255712345678", destination="15001", text="ANC Ω é"))
    message = await bound.next(pdu.DeliverSm)
    assert (message.source_addr, message.destination_addr) == ("255712345678", "15001")
    assert pdu.decode_text(message.short_message, message.data_coding).text == "ANC Ω é"
    assert entry.state == "sent"
    bound.ack(message)
    await entry.acked
    assert (entry.state, entry.attempts, entry.statuses) == ("acked", 1, [0])
    await smsc.wait_acked(1)


async def test_what_is_enqueued_before_the_bind_waits_for_it(smsc: Smsc, esme: Esme) -> None:
    entry = smsc.enqueue(Mo(text="early"))
    assert entry.state == "queued"
    await esme.bind()
    await esme.take()
    await entry.acked


@pytest.mark.parametrize("status", [0x64, 0x14, 0x58])
async def test_a_temporary_error_brings_the_same_octets_again(smsc: Smsc, bound: Esme, status: int) -> None:
    entry = smsc.enqueue(Mo(text="again"))
    first = await bound.frame()
    bound.ack(pdu.decode(first), status)
    second = await bound.frame()
    bound.ack(pdu.decode(second))
    await entry.acked
    assert first[:12] + first[16:] == second[:12] + second[16:]
    assert first[12:16] != second[12:16]
    assert (entry.attempts, smsc.counters.temporary_pdus, smsc.counters.redelivered_pdus) == (2, 1, 1)


@pytest.mark.parametrize("status", [0x08, 0x65, 0x66, 0x400])
async def test_a_permanent_error_ends_the_message(smsc: Smsc, bound: Esme, status: int) -> None:
    entry = smsc.enqueue(Mo(text="no"))
    await bound.take(status)
    with pytest.raises(RefusedError, match=f"0x{status:08x}"):
        await entry.acked
    assert (entry.state, smsc.counters.refused, smsc.counters.acked) == ("refused", 1, 0)


async def test_a_generic_nack_ends_the_message(smsc: Smsc, bound: Esme) -> None:
    entry = smsc.enqueue(Mo(text="no"))
    message = await bound.next()
    bound.send(pdu.GenericNack(status=0x03, sequence=message.sequence))
    with pytest.raises(RefusedError):
        await entry.acked


async def test_a_lost_connection_brings_the_unanswered_to_the_next_bind_in_order(smsc: Smsc, connect: Connect) -> None:
    first, second = await connect(), await connect()
    await first.bind()
    entries = [smsc.enqueue(Mo(text=f"message {number}")) for number in range(4)]
    seen = [await first.frame() for _ in entries]
    first.ack(pdu.decode(seen[1]))
    await entries[1].acked
    first.writer.transport.abort()
    await second.bind()
    again = [await second.frame() for _ in range(3)]
    assert [frame[16:] for frame in again] == [seen[number][16:] for number in (0, 2, 3)]
    for frame in again:
        second.ack(pdu.decode(frame))
    await smsc.wait_acked(4)
    assert smsc.counters.redelivered_pdus == 3


async def test_a_restarted_smsc_keeps_its_port_and_its_ledger(smsc: Smsc, connect: Connect) -> None:
    esme = await connect()
    await esme.bind()
    entry = smsc.enqueue(Mo(text="kept"))
    await esme.next(pdu.DeliverSm)
    port = smsc.port
    await smsc.stop()
    assert await smsc.start() == port
    esme = await connect()
    await esme.bind()
    await esme.take()
    await entry.acked


async def test_the_window_bounds_what_is_outstanding(smsc: Smsc, bound: Esme) -> None:
    smsc.window = 3
    for number in range(8):
        smsc.enqueue(Mo(text=str(number)))
    first = [await bound.next() for _ in range(3)]
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp  # and no fourth before it
    assert len(smsc.links[0].outstanding) == 3
    for message in first:
        bound.ack(message)
    for _ in range(5):
        await bound.take()
    await smsc.wait_acked(8)


async def test_transmitters_get_no_messages(smsc: Smsc, connect: Connect) -> None:
    transmitter, receiver = await connect(), await connect()
    await transmitter.bind(pdu.BindTransmitter)
    smsc.enqueue(Mo(text="to the receiver"))
    assert type(await transmitter.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp
    await receiver.bind(pdu.BindReceiver)
    await receiver.take()
    await smsc.wait_acked(1)


async def test_a_message_for_an_account_reaches_no_other(smsc: Smsc, connect: Connect) -> None:
    one, two = await connect(), await connect()
    await one.bind(system_id="one")
    await two.bind(system_id="two")
    await smsc.wait_bound(2)
    entries = [smsc.enqueue(Mo(text=name, account=name)) for name in ("two", "one", "two")]
    assert [(await two.take()).short_message for _ in range(2)] == [b"two", b"two"]
    assert (await one.take()).short_message == b"one"
    await asyncio.gather(*(entry.acked for entry in entries))


async def test_a_flood_is_acknowledged_message_by_message(smsc: Smsc, bound: Esme) -> None:
    async def serve() -> list[bytes]:
        return [(await bound.take()).short_message for _ in range(500)]

    numbers: list[int] = []
    flood, texts = await asyncio.gather(
        smsc.flood(500, window=20, on_acked=lambda number, sent, acked: numbers.append(number)), serve()
    )
    assert texts == [b"FLOOD %08d" % number for number in range(500)]
    assert (flood.acked, flood.refused, sorted(numbers)) == (500, 0, list(range(500)))
    assert flood.state == b"\x01" * 500
    assert flood.per_second > 0
    assert smsc.counters.acked == 500


async def test_a_flood_outlives_its_connection(smsc: Smsc, connect: Connect) -> None:
    first, second = await connect(), await connect()
    await first.bind()
    await smsc.wait_bound()
    flood = asyncio.create_task(smsc.flood(30, window=5))
    for _ in range(10):
        await first.take()
    await smsc.wait_acked(10)
    first.writer.transport.abort()
    await second.bind()
    texts = {(await second.take()).short_message for _ in range(20)}
    assert (await flood).acked == 30
    assert len(texts) == 20


async def test_a_rate_spreads_messages_over_time(smsc: Smsc, bound: Esme) -> None:
    async def serve() -> None:
        for _ in range(21):
            await bound.take()

    flood, _ = await asyncio.gather(smsc.flood(21, window=50, rate=200.0), serve())
    assert flood.seconds >= 20 / 200 - 0.06  # the pace may catch up 50 ms after a late timer


async def test_a_submit_is_answered_with_an_id_and_kept(smsc: Smsc, bound: Esme) -> None:
    answer = await bound.answer(pdu.SubmitSm, source_addr="15001", destination_addr="255700000001", short_message=b"hi")
    assert type(answer) is pdu.SubmitSmResp
    (submit,) = smsc.submits
    assert (answer.status, answer.message_id) == (0, submit.message_id)
    assert (submit.system_id, submit.message.short_message, submit.destination) == ("moh", b"hi", "255700000001")
    await smsc.wait_submits(1)


async def test_submit_multi_and_data_sm_are_taken_as_well(smsc: Smsc, bound: Esme) -> None:
    answer = await bound.answer(pdu.SubmitMulti, dest_address=(pdu.Destination(2, 0, "255700000001"),))
    assert (type(answer), answer.status, answer.unsuccess_sme) == (pdu.SubmitMultiResp, 0, ())
    answer = await bound.answer(pdu.DataSm, destination_addr="2", tlvs=(pdu.Tlv(0x0424, b"hi"),))
    assert (type(answer), answer.status, answer.message_id) == (pdu.DataSmResp, 0, smsc.submits[1].message_id)


@pytest.mark.parametrize("kind", [pdu.BindReceiver, None])
async def test_who_is_not_bound_to_transmit_cannot_submit(esme: Esme, kind: type | None) -> None:
    if kind is not None:
        await esme.bind(kind)
    assert (await esme.answer(pdu.SubmitSm, destination_addr="1")).status == 0x04


@pytest.mark.parametrize(
    ("registered", "stat", "comes"),
    [(0, "DELIVRD", False), (1, "DELIVRD", True), (1, "UNDELIV", True), (2, "DELIVRD", False), (2, "EXPIRED", True)],
)
async def test_a_receipt_comes_when_it_was_asked_for(
    smsc: Smsc, bound: Esme, registered: int, stat: str, comes: bool
) -> None:
    smsc.habits.receipt_stat = stat
    answer = await bound.answer(
        pdu.SubmitSm,
        source_addr="15001",
        destination_addr="255700000001",
        short_message=b"a text of more than twenty",
        registered_delivery=registered,
    )
    if not comes:
        assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp
        assert smsc.counters.receipts == 0
        return
    receipt = await bound.take()
    assert (receipt.esm_class, receipt.source_addr, receipt.destination_addr) == (0x04, "255700000001", "15001")
    text = receipt.short_message.decode()
    assert text.startswith(f"id:{answer.message_id} sub:001 dlvrd:")
    assert f" stat:{stat} err:000 text:a text of more than " in text
    assert pdu.text_tlv(receipt.tlvs, 0x001E) == answer.message_id
    await smsc.wait_receipts(1)
    assert smsc.counters.acked == 0


async def test_a_receipt_goes_to_the_account_that_submitted(smsc: Smsc, connect: Connect) -> None:
    transmitter, receiver, other = await connect(), await connect(), await connect()
    await other.bind(pdu.BindReceiver, system_id="other")
    await transmitter.bind(pdu.BindTransmitter)
    await receiver.bind(pdu.BindReceiver)
    await smsc.wait_bound(2)
    answer = await transmitter.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    assert answer.message_id.encode() in (await receiver.take()).short_message


async def test_a_receipt_can_be_sent_by_hand(smsc: Smsc, bound: Esme) -> None:
    answer = await bound.answer(pdu.SubmitSm, destination_addr="1")
    entry = smsc.receipt(answer.message_id, "REJECTD", "042")
    assert b"stat:REJECTD err:042" in (await bound.take()).short_message
    await entry.acked
    with pytest.raises(KeyError):
        smsc.receipt("unheard of")


async def test_query_and_cancel_know_the_state_of_a_message(smsc: Smsc, bound: Esme) -> None:
    known = (await bound.answer(pdu.SubmitSm, destination_addr="1")).message_id
    assert (await bound.answer(pdu.QuerySm, message_id=known)).message_state == 1
    assert (await bound.answer(pdu.QuerySm, message_id="0")).status == 0x0C
    assert (await bound.answer(pdu.ReplaceSm, message_id=known)).status == 0
    assert (await bound.answer(pdu.CancelSm, message_id=known)).status == 0
    assert (await bound.answer(pdu.QuerySm, message_id=known)).message_state == 4
    assert (await bound.answer(pdu.CancelSm, message_id=known)).status == 0x11


async def test_an_unknown_command_gets_a_generic_nack_with_its_sequence(bound: Esme) -> None:
    bound.writer.write(bytes.fromhex("00000010 00000f0f 00000000 0000002a"))
    answer = await bound.next(pdu.GenericNack)
    assert (answer.status, answer.sequence) == (0x03, 42)
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp


async def test_a_false_command_length_ends_the_connection(bound: Esme) -> None:
    bound.writer.write(bytes.fromhex("00000004 00000015 00000000 00000001"))
    assert (await bound.next(pdu.GenericNack)).status == 0x02
    assert await bound.next() is None


async def test_tls_carries_the_same_protocol(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(certificate))
    client.check_hostname = False
    smsc = Smsc(ssl_context=server)
    await smsc.start()
    esme = await Esme.connect(smsc.port, client)
    assert (await esme.bind()).status == 0
    entry = smsc.enqueue(Mo(text="behind TLS"))
    await esme.take()
    await entry.acked
    esme.close()
    await smsc.stop()
