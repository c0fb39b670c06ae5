"""Timers and the proof, with `now` as an argument and no clock anywhere."""

from __future__ import annotations

import pytest

import pdu
from pdu import Command
from smppd.smpp.events import Bound, Cause, Closed, Delivered, Event, Lost, Proved, Undecodable
from smppd.smpp.session import Session
from smppd.smpp.states import State
from tests.smpp.mc import UNREADABLE, bound, frame, hear, mo, said, started


def closed(events: list[Event]) -> tuple[Cause, str]:
    (event,) = events
    assert isinstance(event, Closed)
    return event.cause, event.reason


def take(session: Session, count: int, now: float = 0.0, status: int = 0) -> None:
    """Receive and answer `count` messages."""
    for event in hear(session, *[mo(number) for number in range(count)], now=now):
        assert isinstance(event, Delivered)
        session.answer(event.pdu, status)
    session.take()


def enquiry(session: Session) -> int:
    """The sequence of the one enquire_link that was just sent."""
    (sent,) = said(session)
    assert sent.command_id == Command.ENQUIRE_LINK
    return sent.sequence


# --- timers ----------------------------------------------------------------------------------------------------------


def test_a_bind_without_answer_is_given_up() -> None:
    session = started(100.0, bind_timeout=30.0)
    assert session.deadline() == 130.0
    assert session.tick(129.9) == []
    assert closed(session.tick(130.0)) == (Cause.SILENT, "no answer to the bind within 30 s")


def test_a_slow_bind_is_not_given_up_by_other_traffic() -> None:
    session = started(bind_timeout=30.0)
    hear(session, pdu.EnquireLink(sequence=1), now=29.0)
    assert [type(event) for event in session.tick(30.0)] == [Closed]


def test_an_idle_link_is_asked_and_lives_when_it_answers() -> None:
    session = bound(enquire_link=30.0)
    assert session.deadline() == 30.0
    session.tick(30.0)
    sequence = enquiry(session)
    assert session.deadline() == 45.0
    assert hear(session, pdu.EnquireLinkResp(sequence=sequence), now=31.0) == []
    assert session.deadline() == 61.0


@pytest.mark.parametrize(("enquire_link", "patience"), [(30.0, 15.0), (10.0, 10.0), (120.0, 15.0)])
def test_a_silent_link_is_given_up_after_the_patience_of_an_enquire_link(enquire_link: float, patience: float) -> None:
    session = bound(enquire_link=enquire_link)
    session.tick(enquire_link)
    assert session.deadline() == enquire_link + patience
    assert session.tick(enquire_link + patience - 0.1) == []
    cause, reason = closed(session.tick(enquire_link + patience))
    assert cause is Cause.SILENT
    assert f"{patience:g} s" in reason


@pytest.mark.parametrize(
    "sign", [mo(1), pdu.EnquireLink(sequence=1), pdu.SubmitSmResp(sequence=999), frame(0x999, 3), b"\0\0"]
)
def test_anything_received_is_a_sign_of_life(sign: pdu.Pdu | bytes) -> None:
    session = bound(enquire_link=30.0)
    hear(session, sign, now=20.0)
    session.tick(30.0)
    assert Command.ENQUIRE_LINK not in [each.command_id for each in said(session)]
    assert session.deadline() == 50.0


def test_one_lost_answer_does_not_end_a_link_on_which_octets_flow() -> None:
    session = bound(enquire_link=30.0)
    session.tick(30.0)
    first = enquiry(session)
    hear(session, mo(1), now=44.0)
    assert session.tick(45.0) == []
    assert session.state is State.TRANSCEIVER
    session.tick(74.0)
    assert enquiry(session) != first
    assert closed(session.tick(89.0))[0] is Cause.SILENT


def test_inactivity_unbinds_where_it_is_wanted() -> None:
    session = bound(inactivity=60.0, enquire_link=25.0)
    take(session, 1, now=10.0)
    for now in (12.0, 35.0, 60.0):
        session.tick(now)
        for sent in said(session):
            hear(session, pdu.EnquireLinkResp(sequence=sent.sequence), now=now)
    assert session.state is State.TRANSCEIVER
    session.tick(70.0)
    assert said(session)[-1].command_id == Command.UNBIND


@pytest.mark.parametrize("back", [0.001, 3600.0, 1e9])
def test_a_clock_that_steps_back_fires_nothing_and_delays_nothing(back: float) -> None:
    session = bound(1e9, enquire_link=30.0, response_timeout=60.0)
    session.request(pdu.SubmitSm(), 1e9)
    session.take()
    hear(session, pdu.EnquireLink(sequence=1), now=1e9 + 10)
    session.take()
    start = 1e9 + 10 - back
    assert session.tick(start) == []
    assert session.deadline() == pytest.approx(start + 30.0)
    assert session.tick(start + 29.9) == []
    session.tick(start + 30.001)
    enquiry(session)


def test_time_stands_still_while_the_driver_does_not_read() -> None:
    session = bound(enquire_link=30.0, response_timeout=60.0)
    session.request(pdu.SubmitSm(), 0.0)
    session.tick(30.0)
    session.take()
    session.pause(40.0)
    assert session.deadline() is None
    assert session.tick(1000.0) == []
    session.resume(2000.0)
    assert session.deadline() == 2005.0
    lost, *rest = session.tick(2005.0)
    assert lost == Lost(2, written=True)
    assert closed(rest)[0] is Cause.SILENT


@pytest.mark.parametrize("moment", [0.0, 10.0, 30.0, 45.0])
def test_a_tick_never_leaves_a_deadline_that_is_past(moment: float) -> None:
    session = bound(enquire_link=30.0, inactivity=40.0)
    session.request(pdu.SubmitSm(), 0.0)
    take(session, 1)
    session.tick(moment)
    due = session.deadline()
    assert due is None or due > moment


# --- the proof -------------------------------------------------------------------------------------------------------


def test_an_answered_enquire_link_proves_what_was_answered_before_it_was_sent() -> None:
    session = bound()
    take(session, 3)
    session.prove(0.0)
    sequence = enquiry(session)
    take(session, 2)
    assert hear(session, pdu.EnquireLinkResp(sequence=sequence)) == [Proved(3)]
    session.prove(0.0)
    assert hear(session, pdu.EnquireLinkResp(sequence=enquiry(session))) == [Proved(5)]


@pytest.mark.parametrize(("enquire_link", "interval"), [(30.0, 5.0), (2.0, 2.0)])
def test_the_first_unproved_answer_waits_a_short_while_for_its_proof(enquire_link: float, interval: float) -> None:
    session = bound(enquire_link=enquire_link)
    take(session, 1, now=1.0)
    take(session, 1, now=1.0 + interval / 2)
    assert session.deadline() == 1.0 + interval
    session.tick(1.0 + interval)
    enquiry(session)


def test_a_link_without_unproved_answers_is_not_asked() -> None:
    session = bound(enquire_link=30.0)
    take(session, 1)
    session.tick(5.0)
    assert hear(session, pdu.EnquireLinkResp(sequence=enquiry(session)), now=5.0) == [Proved(1)]
    assert session.deadline() == 35.0
    session.prove(6.0)
    assert session.take() == b""


def test_no_second_enquire_link_is_sent_while_one_is_out() -> None:
    session = bound(enquire_link=30.0)
    take(session, 1)
    session.tick(5.0)
    sequence = enquiry(session)
    take(session, 1, now=6.0)
    session.tick(12.0)
    assert session.take() == b""
    assert hear(session, pdu.EnquireLinkResp(sequence=sequence), now=13.0) == [Proved(1)]
    session.tick(13.0)  # the second answer has waited its time
    assert hear(session, pdu.EnquireLinkResp(sequence=enquiry(session)), now=13.0) == [Proved(2)]


@pytest.mark.parametrize("status", [0, 0x64, 0x14])
def test_every_answer_counts_whatever_it_says(status: int) -> None:
    session = bound()
    take(session, 2, status=status)
    (event,) = hear(session, UNREADABLE)
    assert isinstance(event, Undecodable)
    session.answer(event, 0)
    session.take()
    session.prove(0.0)
    assert hear(session, pdu.EnquireLinkResp(sequence=enquiry(session))) == [Proved(3)]


def test_what_the_session_answers_by_itself_does_not_count() -> None:
    session = bound()
    hear(session, pdu.EnquireLink(sequence=1), frame(0x999, 2), pdu.SubmitSm(sequence=3))
    session.take()
    take(session, 1)
    session.prove(0.0)
    assert hear(session, pdu.EnquireLinkResp(sequence=enquiry(session))) == [Proved(1)]


def test_a_nack_of_the_enquire_link_proves_as_well() -> None:
    session = bound()
    take(session, 1)
    session.prove(0.0)
    assert hear(session, pdu.GenericNack(sequence=enquiry(session), status=3)) == [Proved(1)]


def test_a_late_answer_still_proves_and_a_later_one_stands_for_it() -> None:
    session = bound(enquire_link=30.0)
    take(session, 1)
    session.tick(5.0)
    first = enquiry(session)
    take(session, 1, now=10.0)
    session.tick(20.0)  # forgiven, as something was heard; asked again at once
    second = enquiry(session)
    assert hear(session, pdu.EnquireLinkResp(sequence=first), now=21.0) == [Proved(1)]
    assert hear(session, pdu.EnquireLinkResp(sequence=second), now=22.0) == [Proved(2)]
    assert hear(session, pdu.EnquireLinkResp(sequence=first), now=23.0) == []


def test_the_answer_to_our_unbind_proves_what_was_answered_before_it() -> None:
    session = bound()
    take(session, 2)
    (event,) = hear(session, mo(9))
    assert isinstance(event, Delivered)
    session.unbind(0.0)
    (unbind,) = said(session)
    session.answer(event.pdu, 0)
    assert hear(session, pdu.UnbindResp(sequence=unbind.sequence)) == [Proved(2), Closed(Cause.ASKED, "unbound")]


def test_an_unbind_of_the_carrier_proves_nothing() -> None:
    session = bound()
    take(session, 2)
    assert [type(event).__name__ for event in hear(session, pdu.Unbind(sequence=1))] == ["PeerUnbound", "Closed"]


def test_before_the_bind_stands_there_is_nothing_to_prove() -> None:
    session = started()
    session.prove(0.0)
    assert session.take() == b""
    assert hear(session, pdu.BindTransceiverResp("SMSC", sequence=1)) == [Bound("SMSC", 0x34)]
