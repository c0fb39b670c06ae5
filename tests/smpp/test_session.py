"""The session against what carriers do: rows of what is heard and what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

import pdu
from pdu import Command, Status, Tag, Tlv
from pdu.framer import LONGEST_FRAME
from smppd.smpp.events import (
    Alert,
    BindRefused,
    Bound,
    Cause,
    Closed,
    Delivered,
    Lost,
    Overdue,
    PeerUnbound,
    Response,
    Undecodable,
)
from smppd.smpp.session import Session, WrongState
from smppd.smpp.settings import SessionSettings
from smppd.smpp.states import REACTIONS, State
from tests.smpp.mc import UNREADABLE, bound, frame, hear, mo, said, started

NACK = 0x80000000


# --- binding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bind", "version", "first"),
    [
        ("transceiver", 0x34, pdu.BindTransceiver("moh", "secret", "ussd", 0x34, 1, 2, "^15", sequence=1)),
        ("receiver", 0x33, pdu.BindReceiver("moh", "secret", "ussd", 0x33, 1, 2, "^15", sequence=1)),
        ("transmitter", 0x50, pdu.BindTransmitter("moh", "secret", "ussd", 0x50, 1, 2, "^15", sequence=1)),
    ],
)
def test_the_first_thing_said_is_the_bind(bind: str, version: int, first: pdu.Pdu) -> None:
    session = Session(
        SessionSettings("moh", "secret", "ussd", bind, version, "^15", 1, 2)  # type: ignore[arg-type]
    )
    session.start(0.0)
    assert session.take() == pdu.encode(first)
    assert session.take() == b""


@pytest.mark.parametrize("password", ["123456789", "sixteen-octets-!", "p" * 40])
def test_a_password_longer_than_the_specification_is_sent_whole(password: str) -> None:
    session = Session(SessionSettings("moh", password))
    session.start(0.0)
    assert f"\0{password}\0".encode() in session.take()


@pytest.mark.parametrize("field", ["system_id", "password", "system_type", "address_range"])
@pytest.mark.parametrize("value", ["a\0b", "пароль"])
def test_what_no_string_of_smpp_can_carry_is_refused_without_showing_it(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field) as refused:
        SessionSettings(**{"system_id": "moh", field: value})  # type: ignore[arg-type]
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("response", "version"),
    [
        (pdu.BindTransceiverResp("SMSC", sequence=1), 0x34),
        (pdu.BindTransceiverResp("SMSC", sequence=1, tlvs=(Tlv(Tag.SC_INTERFACE_VERSION, b"\x33"),)), 0x33),
        (pdu.BindTransceiverResp("SMSC", sequence=1, tlvs=(Tlv(Tag.SC_INTERFACE_VERSION, b"\x50"),)), 0x34),
        (frame(Command.BIND_TRANSCEIVER_RESP, 1, body=b"SMSC"), 0x34),  # no NUL
        (frame(Command.BIND_TRANSCEIVER_RESP, 1, body=b"SMSC\0"), 0x34),
    ],
)
def test_a_bind_stands_in_the_lower_of_both_versions(response: pdu.Pdu | bytes, version: int) -> None:
    session = started()
    assert hear(session, response) == [Bound("SMSC", version)]
    assert session.state is State.TRANSCEIVER


@pytest.mark.parametrize(
    ("response", "status", "reason"),
    [
        (frame(0x80000009, 1, 0x0E), 0x0E, "bind refused: invalid password (ESME_RINVPASWD 0x0E)"),
        (frame(0x80000009, 1, 0x05, b"SMSC\0"), 0x05, "bind refused: already bound (ESME_RALYBND 0x05)"),
        (frame(0x80000009, 1, 0x0D, b"\0"), 0x0D, "bind refused: bind failed (ESME_RBINDFAIL 0x0D)"),
        (frame(0x80000009, 1, 0x0F, b"\x02\x10\0\x01\x34"), 0x0F, "invalid system_id"),  # a TLV, no body
        (frame(0x80000009, 1, 0x401), 0x401, "0x00000401"),
        (frame(0x80000009, 1, 0x0E, b"\xff" * 400), 0x0E, "invalid password"),  # a body that cannot be read
        (frame(NACK, 1, 0x03), 0x03, "(ESME_RINVCMDID 0x03)"),
        (frame(NACK, 1, 0x00), 0x0D, "(ESME_RBINDFAIL 0x0D)"),
    ],
)
def test_a_refused_bind_is_told_in_words(response: bytes, status: int, reason: str) -> None:
    session = started()
    refused, closed = hear(session, response)
    assert refused == BindRefused(status)
    assert isinstance(closed, Closed)
    assert closed.cause is Cause.REFUSED
    assert reason in closed.reason


def test_a_nack_without_sequence_does_not_end_the_bind() -> None:
    session = started()
    assert hear(session, frame(NACK, 0, 0x03)) == []
    assert hear(session, pdu.BindTransceiverResp("SMSC", sequence=1)) == [Bound("SMSC", 0x34)]


def test_a_bind_response_with_another_sequence_is_taken_and_counted() -> None:
    session = started()
    assert hear(session, pdu.BindTransceiverResp("SMSC", sequence=0)) == [Bound("SMSC", 0x34)]
    assert session.strange.total() == 1


def test_enquire_link_before_the_bind_response_is_answered() -> None:
    session = started()
    hear(session, pdu.EnquireLink(sequence=0))
    assert said(session) == [pdu.EnquireLinkResp(sequence=0)]


def test_deliver_sm_before_the_bind_response_waits_for_it() -> None:
    session = started()
    first, second = mo(1), mo(2)
    assert hear(session, first, UNREADABLE) == []
    assert said(session) == []
    events = hear(session, pdu.BindTransceiverResp("SMSC", sequence=1), second)
    assert [type(event) for event in events] == [Bound, Delivered, Undecodable, Delivered]
    assert session.owed == 3


def test_no_more_than_a_thousand_wait_for_the_bind_response() -> None:
    session = started()
    hear(session, *[mo(number) for number in range(1002)])
    assert said(session) == [
        pdu.DeliverSmResp(sequence=1000, status=Status.ESME_RX_T_APPN),
        pdu.DeliverSmResp(sequence=1001, status=Status.ESME_RX_T_APPN),
    ]


def test_the_first_deliver_sm_may_come_in_the_segment_of_the_bind_response() -> None:
    session = started()
    events = hear(session, pdu.BindTransceiverResp("SMSC", sequence=1), mo(2), pdu.EnquireLink(sequence=3))
    assert [type(event) for event in events] == [Bound, Delivered]
    assert said(session) == [pdu.EnquireLinkResp(sequence=3)]


@pytest.mark.parametrize("early", [True, False])
def test_a_transmitter_takes_no_message(early: bool) -> None:
    session = started(bind="transmitter")
    response = pdu.BindTransmitterResp("SMSC", sequence=1)
    events = hear(session, *((mo(5), response) if early else (response, mo(5))))
    assert [type(event) for event in events] == [Bound]
    assert said(session) == [pdu.DeliverSmResp(sequence=5, status=Status.ESME_RINVBNDSTS)]
    assert session.owed == 0


# --- receiving -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", [0, 1, 0x7FFFFFFF, 0x80000001, 0xFFFFFFFF])
@pytest.mark.parametrize("status", [Status.ESME_ROK, Status.ESME_RX_T_APPN, Status.ESME_RMSGQFUL])
def test_an_answer_echoes_the_sequence_and_has_a_single_nul(sequence: int, status: Status) -> None:
    session = bound()
    (event,) = hear(session, mo(sequence))
    assert isinstance(event, Delivered)
    assert session.answer(event.pdu, status)
    assert session.take() == pdu.encode(pdu.DeliverSmResp("", sequence=sequence, status=status))


def test_data_sm_is_answered_as_data_sm() -> None:
    session = bound()
    (event,) = hear(session, pdu.DataSm(sequence=4, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"hi"),)))
    assert isinstance(event, Delivered)
    session.answer(event.pdu, 0)
    assert session.take() == pdu.encode(pdu.DataSmResp(sequence=4))


def test_one_refused_message_does_not_end_the_session() -> None:
    session = bound()
    for status in (0x64, 0x14, 0, 0x64):
        (event,) = hear(session, mo())
        assert isinstance(event, Delivered)
        session.answer(event.pdu, status)
    assert session.state is State.TRANSCEIVER
    assert [each.status for each in said(session)] == [0x64, 0x14, 0, 0x64]


def test_answers_may_come_in_any_order() -> None:
    session = bound()
    one, two, three = (event.pdu for event in hear(session, mo(1), mo(2), mo(3)) if isinstance(event, Delivered))
    for each in (three, one, two):
        session.answer(each, 0)
    assert [each.sequence for each in said(session)] == [3, 1, 2]


def test_an_unreadable_deliver_sm_is_handed_over_raw_and_answered_like_others() -> None:
    session = bound()
    (event,) = hear(session, UNREADABLE)
    assert isinstance(event, Undecodable)
    assert (event.raw, event.sequence, event.command_id) == (UNREADABLE, 9, 0x05)
    assert "source_addr" in event.reason
    session.answer(event, 0)
    assert said(session) == [pdu.DeliverSmResp(sequence=9)]


@pytest.mark.parametrize(
    "strange",
    [
        frame(0x00000999, 77),
        frame(0x00000023, 77, body=b"\0\0" + b"255\0\x05"),  # query_last_msgs of SMPP 3.3
        frame(0x00010200, 77, body=b"\0" * 40),  # a vendor's own
    ],
)
def test_an_unknown_command_is_nacked_by_its_sequence_and_the_link_lives(strange: bytes) -> None:
    session = bound()
    events = hear(session, strange, mo(78))
    assert [type(event) for event in events] == [Delivered]
    assert said(session) == [pdu.GenericNack(sequence=77, status=Status.ESME_RINVCMDID)]


@pytest.mark.parametrize(
    ("strange", "said_back"),
    [
        (pdu.SubmitSm(sequence=77), pdu.SubmitSmResp(sequence=77, status=0x04)),
        (pdu.QuerySm("1", sequence=77), pdu.QuerySmResp(sequence=77, status=0x04)),
        (pdu.BroadcastSm(sequence=77), pdu.BroadcastSmResp(sequence=77, status=0x04)),
        (pdu.QueryBroadcastSm("1", sequence=77), pdu.QueryBroadcastSmResp(sequence=77, status=0x04)),
        (pdu.CancelBroadcastSm(sequence=77), pdu.CancelBroadcastSmResp(sequence=77, status=0x04)),
    ],
)
def test_what_only_an_esme_may_send_is_refused_and_the_link_lives(strange: pdu.Pdu, said_back: pdu.Pdu) -> None:
    session = bound()
    assert [type(event) for event in hear(session, strange, mo(78))] == [Delivered]
    assert said(session) == [said_back]


@pytest.mark.parametrize("strange", [frame(0x80000999, 77), frame(0x80000111, 77), frame(NACK, 77, 3)])
def test_an_unknown_response_is_never_nacked(strange: bytes) -> None:
    session = bound()
    assert hear(session, strange) == []
    assert said(session) == []
    assert session.strange.total() == 1


@pytest.mark.parametrize("length", [0, 4, 15, LONGEST_FRAME + 1, 0x47455420, 0xFFFFFFFF])
def test_a_stream_that_cannot_be_cut_is_nacked_and_closed(length: int) -> None:
    session = bound()
    events = hear(session, mo(3), length.to_bytes(4, "big") + b" / HTTP/1.1\r\n")
    assert [type(event) for event in events] == [Delivered, Closed]
    assert isinstance(events[-1], Closed)
    assert events[-1].cause is Cause.BROKEN
    assert said(session) == [pdu.GenericNack(status=Status.ESME_RINVCMDLEN)]


@pytest.mark.parametrize(
    "command", [pdu.SubmitSm, pdu.QuerySm, pdu.CancelSm, pdu.ReplaceSm, pdu.BindTransceiver, pdu.BindReceiver]
)
def test_what_only_an_esme_may_ask_is_refused(command: type[pdu.Pdu]) -> None:
    session = bound()
    assert hear(session, command(sequence=5)) == []
    (refusal,) = said(session)
    assert (refusal.command_id, refusal.sequence) == (command.command_id | pdu.RESPONSE, 5)
    assert refusal.status == Status.ESME_RINVBNDSTS


def test_an_alert_is_told_and_not_answered() -> None:
    session = bound()
    alert = pdu.AlertNotification(source_addr="255712345678", sequence=2)
    assert hear(session, alert) == [Alert(alert)]
    assert said(session) == []


@pytest.mark.parametrize("junk", [b"\0", b"\xa5\xa5\xa5"])
def test_octets_behind_the_last_field_are_counted_and_harm_nothing(junk: bytes) -> None:
    session = bound()
    octets = pdu.encode(mo(3)) + junk
    (event,) = hear(session, len(octets).to_bytes(4, "big") + octets[4:])
    assert isinstance(event, Delivered)
    assert event.pdu.short_message == b"REG AMINA"  # type: ignore[union-attr]
    assert session.strange["trailing octets"] == 1


# --- asking ----------------------------------------------------------------------------------------------------------

BROADCAST = pdu.BroadcastSm(
    tlvs=(
        pdu.STANDARD.build("broadcast_area_identifier", pdu.BroadcastArea(0, b"Mwanza")),
        pdu.STANDARD.build("broadcast_content_type", pdu.BroadcastContent(1, 0)),
        pdu.STANDARD.build("broadcast_rep_num", 1),
        pdu.STANDARD.build("broadcast_frequency_interval", pdu.BroadcastInterval(9, 1)),
    )
)
SUBMIT = pdu.SubmitSm(destination_addr="255712345678", short_message=b"asante")


def test_a_request_is_sent_under_our_next_sequence_and_its_response_told() -> None:
    session = bound()
    sequence = session.request(SUBMIT, 1.0)
    (sent,) = said(session)
    assert (sent.sequence, sent.short_message) == (sequence, b"asante")  # type: ignore[attr-defined]
    assert sequence is not None
    response = pdu.SubmitSmResp("id-1", sequence=sequence)
    assert hear(session, response) == [Response(sequence, response)]
    assert session.waiting == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 0x0B),
        (b"\x03\x81\x00\x01\x07", 0x58),  # TLVs instead of the body
        (b"", 0x400),
        (b"id\0", 0x4FF),
        (b"", 0x00),
        (b"id", 0x00),
        (b"i" * 70 + b"\0", 0x00),
        (b"i" * 400, 0x00),
        (b"i" * 400, 0x14),
    ],
)
def test_a_response_of_any_shape_ends_its_request_with_its_status(body: bytes, status: int) -> None:
    session = bound()
    sequence = session.request(SUBMIT, 0.0)
    assert sequence is not None
    (event,) = hear(session, frame(Command.SUBMIT_SM_RESP, sequence, status, body))
    assert isinstance(event, Response)
    assert (event.sequence, event.pdu.status) == (sequence, status)


def test_a_nack_with_our_sequence_ends_the_request_and_one_without_ends_nothing() -> None:
    session = bound()
    sequence = session.request(SUBMIT, 0.0)
    assert sequence is not None
    assert hear(session, frame(NACK, 0, 0x03)) == []
    assert session.waiting == 1
    assert [type(event) for event in hear(session, frame(NACK, sequence, 0x03))] == [Response]
    assert session.strange.total() == 1


@pytest.mark.parametrize(
    "late", [pdu.SubmitSmResp("x", sequence=4711), pdu.DataSmResp("x", sequence=2), pdu.EnquireLinkResp(sequence=2)]
)
def test_a_response_that_answers_nothing_is_counted(late: pdu.Pdu) -> None:
    session = bound()
    assert session.request(SUBMIT, 0.0) == 2
    assert hear(session, late) == []
    assert session.waiting == 1
    assert session.strange.total() == 1


def test_the_window_is_kept() -> None:
    session = bound(window=2)
    first, second = session.request(SUBMIT, 0.0), session.request(SUBMIT, 0.0)
    assert session.request(SUBMIT, 0.0) is None
    hear(session, pdu.SubmitSmResp(sequence=second or 0))
    assert session.request(SUBMIT, 0.0) is not None
    assert session.request(SUBMIT, 0.0) is None
    assert first != second


def test_a_request_is_overdue_once_and_given_up_once() -> None:
    session = bound(response_timeout=20.0, late_response=100.0, enquire_link=300.0)
    early, late = session.request(SUBMIT, 1.0), session.request(SUBMIT, 2.0)
    assert early is not None
    assert late is not None
    session.take()
    assert session.deadline() == 21.0
    assert session.tick(20.9) == []
    assert session.tick(21.0) == [Overdue(early)]
    assert session.deadline() == 22.0
    assert session.tick(30.0) == [Overdue(late)]
    assert session.tick(40.0) == []
    assert session.deadline() == 121.0
    assert session.tick(121.0) == [Lost(early, written=True)]
    assert session.tick(130.0) == [Lost(late, written=True)]
    assert hear(session, pdu.SubmitSmResp("x", sequence=early), now=131.0) == []
    assert session.strange.total() == 1
    assert (session.waiting, session.overdue) == (0, 0)


@pytest.mark.parametrize(
    "response", [pdu.SubmitSmResp("id-1"), pdu.SubmitSmResp(status=0x58), pdu.GenericNack(status=3)]
)
def test_a_late_response_still_ends_its_request_and_only_once(response: pdu.Pdu) -> None:
    session = bound(response_timeout=20.0, late_response=100.0)
    sequence = session.request(SUBMIT, 0.0)
    assert sequence is not None
    session.take()
    assert session.tick(20.0) == [Overdue(sequence)]
    response = replace(response, sequence=sequence)
    assert hear(session, response, now=90.0) == [Response(sequence, response, late=True)]
    assert hear(session, response, now=90.0) == []
    assert session.lost("reset") == [Closed(Cause.CLOSED, "reset")]


def test_a_late_response_of_another_command_ends_nothing() -> None:
    session = bound(response_timeout=20.0)
    sequence = session.request(SUBMIT, 0.0)
    session.tick(20.0)
    assert hear(session, pdu.DataSmResp("x", sequence=sequence or 0), now=21.0) == []
    assert session.overdue == 1


def test_what_is_overdue_takes_no_room_in_the_window() -> None:
    session = bound(window=2, response_timeout=20.0)
    first, second = session.request(SUBMIT, 0.0), session.request(SUBMIT, 0.0)
    assert session.request(SUBMIT, 19.0) is None
    session.tick(20.0)
    assert (session.waiting, session.overdue) == (0, 2)
    third, fourth = session.request(SUBMIT, 20.0), session.request(SUBMIT, 20.0)
    assert session.request(SUBMIT, 20.0) is None
    assert len({first, second, third, fourth}) == 4


def test_of_the_overdue_only_so_many_are_remembered() -> None:
    session = bound(window=10_000, response_timeout=20.0, late_response=1000.0)
    first = [session.request(SUBMIT, 0.0) for _ in range(10_000)]
    assert session.tick(20.0) == [Overdue(each or 0) for each in first]
    second = [session.request(SUBMIT, 21.0) for _ in range(3)]
    assert session.tick(41.0) == [
        *(Overdue(each or 0) for each in second),
        *(Lost(each or 0, written=True) for each in first[:3]),
    ]
    assert session.overdue == 10_000


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_what_was_never_written_is_told_apart_and_never_written(taken: int) -> None:
    session = bound()
    sequences = []
    for number in range(3):
        if number == taken:
            session.take()
        sequences.append(session.request(SUBMIT, 0.0))
    if taken == 3:
        session.take()
    hear(session, mo(1), pdu.EnquireLink(sequence=5))
    told = session.lost("reset")
    assert told == [
        *(Lost(each, written=False) for each in sequences[taken:]),
        *(Lost(each, written=True) for each in sequences[:taken]),
        Closed(Cause.CLOSED, "reset"),
    ]
    assert [each.command_id for each in said(session)] == [Command.ENQUIRE_LINK_RESP]


def test_what_is_overdue_and_was_never_taken_is_not_written_either() -> None:
    session = bound(response_timeout=20.0)
    sequence = session.request(SUBMIT, 0.0)
    assert session.tick(20.0) == [Overdue(sequence or 0)]
    assert session.lost("reset")[0] == Lost(sequence or 0, written=False)
    assert session.take() == b""


def test_our_sequence_wraps_and_passes_over_what_still_waits() -> None:
    session = bound(response_timeout=20.0)
    session._outstanding.sequence = 0x7FFFFFFE
    assert session.request(SUBMIT, 0.0) == 0x7FFFFFFF
    assert session.request(SUBMIT, 10.0) == 1
    session._outstanding.sequence = 0x7FFFFFFE
    assert session.request(SUBMIT, 10.0) == 2
    assert session.tick(20.0) == [Overdue(0x7FFFFFFF)]
    session.take()
    session._outstanding.sequence = 0x7FFFFFFE
    session.tick(30.0)
    assert [(each.command_id, each.sequence) for each in said(session)] == [(Command.ENQUIRE_LINK, 3)]
    session._outstanding.sequence = 0x7FFFFFFE
    assert session.request(SUBMIT, 30.0) == 4


@pytest.mark.parametrize(
    ("session", "request_"),
    [
        (started(), SUBMIT),
        (bound(bind="receiver"), SUBMIT),
        (bound(), mo()),
        (bound(), pdu.EnquireLink()),
    ],
)
def test_a_request_that_the_state_does_not_allow_is_a_fault_of_the_caller(session: Session, request_: pdu.Pdu) -> None:
    with pytest.raises(WrongState):
        session.request(request_, 0.0)
    assert session.take() == b""


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (SUBMIT, pdu.SubmitSmResp(status=0x58)),
        (pdu.SubmitMulti(dest_address=(pdu.Destination(1, 1, "255"),)), pdu.SubmitMultiResp(status=0x33)),
        (pdu.QuerySm("1"), pdu.QuerySmResp(status=0x67)),
        (BROADCAST, pdu.BroadcastSmResp(status=0x10D)),
        (pdu.QueryBroadcastSm("1"), pdu.QueryBroadcastSmResp(status=0x10E)),
    ],
)
def test_the_status_of_a_response_whose_body_cannot_be_read_counts(request_: pdu.Pdu, response: pdu.Pdu) -> None:
    session = bound(version=0x50)
    sequence = session.request(request_, 0.0)
    assert sequence is not None
    body = b"9" * 300 + b"\0" + b"9" * 300  # longer than any string, and no parameters either
    (event,) = hear(session, frame(response.command_id, sequence, response.status, body))
    assert event == Response(sequence, replace(response, sequence=sequence))


def agreed_on(ours: int, theirs: bytes) -> Session:
    session = started(version=ours)
    hear(session, pdu.BindTransceiverResp("SMSC", sequence=1, tlvs=(Tlv(Tag.SC_INTERFACE_VERSION, theirs),)))
    return session


LONG = pdu.SubmitSm(destination_addr="255712345678", tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"asante"),))


@pytest.mark.parametrize(
    ("session", "request_", "field"),
    [
        (bound(version=0x33), LONG, "tlvs"),
        (agreed_on(0x34, b"\x33"), LONG, "tlvs"),
        (agreed_on(0x33, b"\x34"), LONG, "tlvs"),
        (bound(version=0x33), pdu.DataSm(), "command_id"),
        (bound(version=0x34), BROADCAST, "command_id"),
        (agreed_on(0x50, b"\x34"), BROADCAST, "command_id"),
        (bound(), pdu.SubmitSm(tlvs=(Tlv(Tag.SAR_MSG_REF_NUM, b"\1"),)), "sar_msg_ref_num"),
    ],
)
def test_what_the_version_agreed_on_lacks_is_refused_and_never_sent(
    session: Session, request_: pdu.Pdu, field: str
) -> None:
    session.take()
    with pytest.raises(pdu.EncodeError) as caught:
        session.request(request_, 0.0)
    assert caught.value.field == field
    assert (session.take(), session.waiting) == (b"", 0)
    assert session.request(SUBMIT, 0.0) is not None
    assert [each.tlvs for each in said(session)] == [()]


def test_a_session_of_3_3_says_nothing_with_optional_parameters() -> None:
    session = started(version=0x33)
    hear(session, pdu.EnquireLink(sequence=1), mo(2), pdu.BindTransceiverResp("SMSC", sequence=1))
    (event,) = hear(session, mo(3, tlvs=(Tlv(0x1400, b"x"),)), frame(0x999, 4), pdu.Outbind(sequence=5))
    assert isinstance(event, Delivered)
    session.answer(event.pdu, 0)
    session.request(SUBMIT, 0.0)
    session.tick(1e3)
    session.unbind(1e3)
    spoken = said(session)
    assert len(spoken) > 4
    assert {each.tlvs for each in spoken} == {()}
    assert {each.trailing for each in spoken} == {b""}


def test_a_request_that_cannot_be_encoded_uses_nothing_up() -> None:
    session = bound(window=1)
    with pytest.raises(pdu.EncodeError):
        session.request(pdu.SubmitSm(destination_addr="x" * 60), 0.0)
    assert session.request(SUBMIT, 0.0) == 2


# --- the end ---------------------------------------------------------------------------------------------------------


def test_an_unbind_of_the_carrier_is_answered_when_it_is_owed_nothing() -> None:
    session = bound()
    assert hear(session, pdu.Unbind(sequence=8)) == [
        PeerUnbound(),
        Closed(Cause.CLOSED, "the carrier unbound"),
    ]
    assert said(session) == [pdu.UnbindResp(sequence=8)]


def test_what_the_carrier_is_owed_comes_before_the_answer_to_its_unbind() -> None:
    session = bound()
    one, two, unbound = hear(session, mo(1), mo(2), pdu.Unbind(sequence=8))
    assert unbound == PeerUnbound()
    assert isinstance(one, Delivered)
    assert isinstance(two, Delivered)
    session.answer(two.pdu, 0)
    assert [each.command_id for each in said(session)] == [Command.DELIVER_SM_RESP]
    session.answer(one.pdu, 0x64)
    assert [each.command_id for each in said(session)] == [Command.DELIVER_SM_RESP, Command.UNBIND_RESP]
    assert session.deadline() == 0.0  # something is to be told
    assert session.tick(0.0) == [Closed(Cause.CLOSED, "the carrier unbound")]


def test_a_message_behind_an_unbind_stays_with_the_carrier() -> None:
    session = bound()
    hear(session, mo(1), pdu.Unbind(sequence=8), mo(2))
    assert said(session) == [pdu.DeliverSmResp(sequence=2, status=Status.ESME_RX_T_APPN)]
    assert session.owed == 1
    with pytest.raises(WrongState):
        session.request(SUBMIT, 0.0)


def test_an_unbind_is_answered_in_time_even_if_the_store_hangs() -> None:
    session = bound(unbind_timeout=10.0)
    hear(session, mo(1), pdu.Unbind(sequence=8), now=5.0)
    assert session.tick(14.9) == []
    assert session.tick(15.0) == [Closed(Cause.CLOSED, "the carrier unbound")]
    assert said(session) == [pdu.UnbindResp(sequence=8)]


def test_both_may_unbind_at_once() -> None:
    session = bound()
    session.unbind(0.0)
    assert hear(session, pdu.Unbind(sequence=8)) == []
    ours, theirs = said(session)
    assert theirs == pdu.UnbindResp(sequence=8)
    assert hear(session, pdu.UnbindResp(sequence=ours.sequence)) == [Closed(Cause.ASKED, "unbound")]


def test_our_unbind_waits_for_what_both_sides_are_owed() -> None:
    session = bound()
    (event,) = hear(session, mo(3))
    assert isinstance(event, Delivered)
    sequence = session.request(SUBMIT, 0.0)
    assert sequence is not None
    session.unbind(1.0, patience=8.0)
    assert session.state is State.DRAINING
    assert [each.command_id for each in said(session)] == [Command.SUBMIT_SM]
    with pytest.raises(WrongState):
        session.request(SUBMIT, 2.0)
    assert hear(session, mo(4), pdu.EnquireLink(sequence=5), now=3.0) == []
    response = pdu.SubmitSmResp("id", sequence=sequence)
    assert hear(session, response, now=4.0) == [Response(sequence, response)]
    assert [each.command_id for each in said(session)] == [Command.ENQUIRE_LINK_RESP]
    assert session.answer(event.pdu, 0)
    assert [each.command_id for each in said(session)] == [Command.DELIVER_SM_RESP, Command.UNBIND]
    assert session.state is State.UNBINDING


def test_our_unbind_waits_no_longer_than_it_is_told() -> None:
    session = bound(unbind_timeout=10.0)
    hear(session, mo(3))
    sequence = session.request(SUBMIT, 0.0)
    session.unbind(1.0, patience=8.0)
    session.take()
    assert session.deadline() == 9.0
    assert session.tick(8.9) == []
    assert session.take() == b""
    assert session.tick(9.0) == []
    assert [each.command_id for each in said(session)] == [Command.UNBIND]
    assert session.tick(19.0) == [
        Lost(sequence or 0, written=True),
        Closed(Cause.ASKED, "no answer to the unbind within 10 s"),
    ]


def test_our_unbind_waits_for_nothing_that_is_overdue() -> None:
    session = bound(response_timeout=5.0)
    sequence = session.request(SUBMIT, 0.0)
    session.unbind(1.0, patience=60.0)
    session.take()
    assert session.tick(5.0) == [Overdue(sequence or 0)]
    (unbind,) = said(session)
    assert unbind.command_id == Command.UNBIND
    response = pdu.SubmitSmResp("id", sequence=sequence or 0)
    assert hear(session, response, pdu.UnbindResp(sequence=unbind.sequence), now=5.0) == [
        Response(sequence or 0, response, late=True),
        Closed(Cause.ASKED, "unbound"),
    ]


def test_an_unbind_of_the_carrier_while_ours_waits_is_answered() -> None:
    session = bound()
    sequence = session.request(SUBMIT, 0.0)
    session.unbind(1.0, patience=60.0)
    session.take()
    assert hear(session, pdu.Unbind(sequence=8), now=2.0) == [PeerUnbound()]
    response = pdu.SubmitSmResp("id", sequence=sequence or 0)
    assert hear(session, response, now=2.0) == [
        Response(sequence or 0, response),
        Closed(Cause.CLOSED, "the carrier unbound"),
    ]
    assert said(session) == [pdu.UnbindResp(sequence=8)]


def test_a_carrier_that_unbinds_has_a_moment_for_the_responses_it_owes() -> None:
    session = bound(unbind_timeout=10.0)
    sequence = session.request(SUBMIT, 0.0)
    session.take()
    assert hear(session, pdu.Unbind(sequence=8), now=5.0) == [PeerUnbound()]
    assert session.take() == b""
    assert session.deadline() == 8.0
    assert session.tick(8.0) == [Lost(sequence or 0, written=True), Closed(Cause.CLOSED, "the carrier unbound")]
    assert said(session) == [pdu.UnbindResp(sequence=8)]


def test_a_request_still_in_our_hands_when_the_carrier_unbinds_is_not_written() -> None:
    session = bound()
    first = session.request(SUBMIT, 0.0)
    session.take()
    second = session.request(SUBMIT, 0.0)
    assert hear(session, pdu.Unbind(sequence=8)) == [PeerUnbound(), Lost(second or 0, written=False)]
    assert session.take() == b""
    response = pdu.SubmitSmResp("id", sequence=first or 0)
    assert hear(session, response)[0] == Response(first or 0, response)


@pytest.mark.parametrize("end", ["answer", "nack", "silence", "close"])
def test_our_unbind_ends_one_way_or_another(end: str) -> None:
    session = bound(unbind_timeout=10.0)
    session.unbind(1.0)
    (ours,) = said(session)
    assert ours.command_id == Command.UNBIND
    events = {
        "answer": lambda: hear(session, pdu.UnbindResp(sequence=ours.sequence)),
        "nack": lambda: hear(session, frame(NACK, ours.sequence, 0x03)),
        "silence": lambda: session.tick(11.0),
        "close": lambda: session.lost("reset"),
    }[end]()
    (closed,) = events
    assert isinstance(closed, Closed)
    assert closed.cause is Cause.ASKED


def test_a_message_that_crosses_our_unbind_is_left_to_the_next_bind() -> None:
    session = bound()
    session.unbind(0.0)
    said(session)
    assert hear(session, mo(3), UNREADABLE, pdu.EnquireLink(sequence=4)) == []
    assert said(session) == [pdu.EnquireLinkResp(sequence=4)]


def test_what_was_taken_before_our_unbind_may_still_be_answered() -> None:
    session = bound()
    (event,) = hear(session, mo(3))
    assert isinstance(event, Delivered)
    session.unbind(0.0)
    assert session.answer(event.pdu, 0)
    assert [each.command_id for each in said(session)] == [Command.UNBIND, Command.DELIVER_SM_RESP]


def test_stopping_before_the_bind_stands_just_closes() -> None:
    session = started()
    session.unbind(0.0)
    assert session.take() == b""
    assert [type(event) for event in session.tick(0.0)] == [Closed]


def test_after_the_end_nothing_is_said_or_told() -> None:
    session = bound()
    (event,) = hear(session, mo(3))
    assert isinstance(event, Delivered)
    assert session.lost("reset by peer") == [Closed(Cause.CLOSED, "reset by peer")]
    assert not session.answer(event.pdu, 0)
    assert hear(session, mo(4), pdu.EnquireLink(sequence=5)) == []
    assert session.tick(1e6) == []
    assert session.lost("again") == []
    assert session.take() == b""
    assert session.deadline() is None


def test_every_command_of_the_codec_stands_in_the_matrix() -> None:
    commands = {
        each.command_id for each in vars(pdu).values() if isinstance(each, type) and hasattr(each, "command_id")
    }
    assert len(commands) > 25
    for state in State:
        if state not in (State.OPEN, State.CLOSED):
            assert set(REACTIONS[state]) == commands
