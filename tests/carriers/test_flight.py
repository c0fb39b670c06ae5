"""What is to become of a message whose parts were answered, and the lanes it comes from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smppd.carriers.flight import FIRST, LONGEST, Message, final, judged, next_carrier, sent
from smppd.carriers.lanes import Lanes
from smppd.model import Options, OutboundState
from smppd.smpp.statuses import Meaning, status_reason
from smppd.store.outqueue import START, Claimed, Ended, Waiting

NOW = datetime(2026, 5, 4, 9, 15, tzinfo=UTC)
HERE, NEXT, LAST = 1, 2, 3


def claimed(number: int = 1, **more: Any) -> Claimed:
    values: dict[str, Any] = {
        "priority": 0,
        "due_at": NOW + timedelta(seconds=number),
        "expires_at": NOW + timedelta(days=1),
        "attempts": 0,
        "alternatives": (NEXT, LAST),
        "tried": (),
        "reason": "",
        "sender": "15001",
        "recipient": "+255754000001",
        "text": "hello",
        "data": None,
        "options": Options(),
        "report": 0,
        "created_at": NOW,
        "total": 1,
        **more,
    }
    return Claimed(number, **values)


def message(total: int = 1, accepted: int = 0, unknown: int = 0, **more: Any) -> Message:
    made = Message(claimed(**more), total, 0.0)
    made.accepted, made.unknown = accepted, unknown
    return made


def fate(given: Message, *usable: int) -> Ended | Waiting:
    return judged(given, HERE, lambda carrier: carrier in usable, rng=lambda: 1.0)


def test_a_temporary_error_waits_here_longer_each_time() -> None:
    waits = []
    for attempts in range(12):
        given = message(attempts=attempts)
        given.blame(Meaning.RETRY, 8, 1)
        became = fate(given)
        assert isinstance(became, Waiting)
        assert (became.carrier, became.counted, became.alternatives) == (HERE, True, (NEXT, LAST))
        assert became.reason == status_reason(8)
        waits.append(became.after)
    assert waits[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert waits[-1] == LONGEST


@pytest.mark.parametrize(
    ("usable", "tried", "carrier", "left"),
    [
        ((NEXT, LAST), (), NEXT, (LAST,)),
        ((LAST,), (), LAST, (NEXT,)),
        ((), (), NEXT, (LAST,)),
        ((NEXT, LAST), (NEXT,), LAST, (NEXT,)),
    ],
)
def test_what_this_carrier_will_not_have_goes_to_the_first_other_that_can(
    usable: tuple[int, ...], tried: tuple[int, ...], carrier: int, left: tuple[int, ...]
) -> None:
    given = message(tried=tried)
    given.blame(Meaning.OTHER_CARRIER, 0x0A, 1)
    became = fate(given, *usable)
    assert isinstance(became, Waiting)
    assert (became.carrier, became.after, became.alternatives, became.tried) == (carrier, None, left, (*tried, HERE))


def test_when_all_had_their_turn_it_waits_here() -> None:
    given = message(tried=(NEXT, LAST))
    given.blame(Meaning.OTHER_CARRIER, 0x0A, 1)
    became = fate(given, NEXT, LAST)
    assert isinstance(became, Waiting)
    assert (became.carrier, became.after) == (HERE, FIRST)


@pytest.mark.parametrize("meaning", [Meaning.RETRY, Meaning.OTHER_CARRIER])
def test_a_message_of_which_the_carrier_has_a_part_stays_with_it(meaning: Meaning) -> None:
    given = message(total=2, accepted=1)
    given.blame(meaning, 8, 2)
    became = fate(given, NEXT, LAST)
    assert isinstance(became, Waiting)
    assert (became.carrier, became.alternatives) == (HERE, ())


def test_what_is_in_doubt_goes_first_again_and_may_go_elsewhere() -> None:
    given = message()
    given.doubted = True
    became = fate(given)
    assert isinstance(became, Waiting)
    assert (became.after, became.counted, became.alternatives) == (None, True, (NEXT, LAST))


def test_what_was_only_given_back_counts_as_no_attempt() -> None:
    given = message()
    given.withdrawn = True
    became = fate(given)
    assert isinstance(became, Waiting)
    assert (became.after, became.counted, became.reason) == (None, False, "")


def test_the_worst_answer_of_a_part_decides() -> None:
    given = message(total=3)
    for meaning, status in ((Meaning.RETRY, 8), (Meaning.FAIL, 0x0B), (Meaning.OTHER_CARRIER, 0x0A)):
        given.blame(meaning, status, 1)
    became = fate(given)
    assert isinstance(became, Ended)
    assert (became.state, became.reason) == (OutboundState.REJECTED, status_reason(0x0B))


def test_a_message_with_a_part_nobody_knows_of_is_unknown() -> None:
    assert sent(message(total=2, accepted=1, unknown=1)).state is OutboundState.UNKNOWN
    assert sent(message(total=2, accepted=2)).state is OutboundState.SENT


def test_once_is_once() -> None:
    assert final(Meaning.ONCE, 0x444, claimed()) is Meaning.RETRY
    assert final(Meaning.ONCE, 0x444, claimed(reason=status_reason(0x444))) is Meaning.FAIL
    assert final(Meaning.ONCE, 0x444, claimed(reason=status_reason(0x445))) is Meaning.RETRY


def test_the_next_carrier_is_none_when_there_is_none() -> None:
    assert next_carrier((), (), lambda carrier: True) is None
    assert next_carrier((NEXT,), (NEXT,), lambda carrier: True) is None


def test_lanes_give_the_highest_priority_first_and_within_one_the_oldest() -> None:
    lanes = Lanes()
    lanes.add([claimed(3), claimed(5), claimed(4, priority=3), claimed(9, priority=1)], ahead=True)
    lanes.add([claimed(1)], ahead=False)
    taken = [lanes.pop() for _ in range(6)]
    assert [one.id if one else None for one in taken] == [4, 9, 1, 3, 5, None]
    assert lanes.held == {1, 3, 4, 5, 9}


def test_lanes_hold_nothing_twice_and_claim_no_more_than_they_have_room_for() -> None:
    lanes = Lanes(room=4)
    assert {room for _, room in lanes.wanted().values()} == {4}
    assert lanes.add([claimed(1), claimed(2), claimed(1)], ahead=True) == 2
    assert lanes.cursors[0] == (NOW + timedelta(seconds=2), 2)
    assert lanes.cursors[3] == START
    wanted = lanes.wanted()
    assert wanted[0] == (lanes.cursors[0], 2)
    lanes.answered(wanted, [])
    assert not lanes.low, "there is no more of any"
    lanes.stirred()
    assert lanes.low
    lanes.add([claimed(3)], ahead=True)
    assert 0 not in lanes.wanted()
    lanes.forget([1])
    assert lanes.add([claimed(1)], ahead=False) == 1
