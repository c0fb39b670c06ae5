"""What receipts make of parts, and parts of messages: every order, repeat and contradiction, as tables."""

from __future__ import annotations

from itertools import permutations

import pytest

from smppd.model import OutboundState, PartState
from smppd.store.progress import Part, receive, verdict

SENT, UNKNOWN = OutboundState.SENT, OutboundState.UNKNOWN
DELIVERED, UNDELIVERED = OutboundState.DELIVERED, OutboundState.UNDELIVERED


def parts(*states: PartState, total: int | None = None) -> list[Part]:
    return [
        Part(1, number, total or len(states), state, f"id{number}", "", "", done=False)
        for number, state in enumerate(states, 1)
    ]


@pytest.mark.parametrize(
    ("state", "stat", "becomes", "done", "noted"),
    [
        ("delivered", "DELIVRD", PartState.DELIVERED, True, "DELIVRD"),
        ("undelivered", "UNDELIV", PartState.UNDELIVERED, True, "UNDELIV"),
        ("expired", "EXPIRED", PartState.UNDELIVERED, True, "EXPIRED"),
        ("deleted", "DELETED", PartState.UNDELIVERED, True, "DELETED"),
        ("rejected", "REJECTD", PartState.UNDELIVERED, True, "REJECTD"),
        ("skipped", "", PartState.UNDELIVERED, True, "skipped"),
        ("enroute", "BUFFRED", PartState.ACCEPTED, False, "BUFFRED"),
        ("accepted", "ACCEPTD", PartState.ACCEPTED, False, "ACCEPTD"),
        ("scheduled", "", PartState.ACCEPTED, False, "scheduled"),
        ("unknown", "UNKNOWN", PartState.ACCEPTED, False, "UNKNOWN"),
    ],
)
def test_a_receipt_moves_its_part(state: str, stat: str, becomes: PartState, done: bool, noted: str) -> None:
    (part,) = parts(PartState.ACCEPTED)
    assert receive(part, state, stat, "069")
    assert (part.state, part.done, part.stat, part.error, part.changed) == (becomes, done, noted, "069", True)


@pytest.mark.parametrize(
    ("state", "becomes"),
    [("deleted", PartState.CANCELLED), ("expired", PartState.UNDELIVERED), ("delivered", PartState.DELIVERED)],
)
def test_that_a_part_is_deleted_while_its_message_is_taken_back_is_no_failure(state: str, becomes: PartState) -> None:
    (part,) = parts(PartState.ACCEPTED)
    assert receive(part, state, "X", "0", cancelling=True)
    assert (part.state, part.done) == (becomes, True)


_A, _C, _D, _U = PartState.ACCEPTED, PartState.CANCELLED, PartState.DELIVERED, PartState.UNDELIVERED


@pytest.mark.parametrize(
    ("states", "meanwhile", "in_the_end"),
    [
        ((_C,), "CANCELLED", "CANCELLED"),
        ((_C, _C), "CANCELLED", "CANCELLED"),
        ((_C, _A), None, "UNDELIVERED"),
        ((_C, _D), None, "UNDELIVERED"),
        ((_C, _U), "UNDELIVERED", "UNDELIVERED"),
        ((_A, _A), None, None),
        ((_D, _D), "DELIVERED", "DELIVERED"),
    ],
)
def test_what_is_taken_back_waits_for_the_answer_on_each_part(
    states: tuple[PartState, ...], meanwhile: str | None, in_the_end: str | None
) -> None:
    for cancelling, expected in ((True, meanwhile), (False, in_the_end)):
        found = verdict(SENT, parts(*states), cancelling=cancelling)
        assert (found.state.name if found else None) == expected


@pytest.mark.parametrize("second", ["delivered", "undelivered", "enroute", "unknown"])
@pytest.mark.parametrize("first", ["delivered", "expired"])
def test_the_first_last_word_on_a_part_stays(first: str, second: str) -> None:
    (part,) = parts(PartState.ACCEPTED)
    receive(part, first, "FIRST", "1")
    state = part.state
    assert not receive(part, second, "SECOND", "2")
    assert (part.state, part.stat, part.error) == (state, "FIRST", "1")


@pytest.mark.parametrize("before", [PartState.UNKNOWN, PartState.SENDING, PartState.WAITING])
def test_a_part_that_was_given_up_or_seems_unanswered_is_still_heard_of(before: PartState) -> None:
    (part,) = parts(before)
    assert receive(part, "delivered", "DELIVRD", "000")
    assert part.state is PartState.DELIVERED


D, A, U, R, W, K = (
    PartState.DELIVERED, PartState.ACCEPTED, PartState.UNDELIVERED, PartState.REFUSED, PartState.WAITING,
    PartState.UNKNOWN,
)  # fmt: skip


@pytest.mark.parametrize(
    ("state", "states", "total", "becomes"),
    [
        (SENT, (D,), 1, DELIVERED),
        (SENT, (A,), 1, None),
        (SENT, (U,), 1, UNDELIVERED),
        (SENT, (D, D, D), 3, DELIVERED),
        (SENT, (D, A, D), 3, None),
        (SENT, (D, U, A), 3, UNDELIVERED),
        (SENT, (D, D), 3, None),
        (SENT, (D, K), 2, None),
        (SENT, (), 1, None),
        (UNKNOWN, (D,), 1, DELIVERED),
        (UNKNOWN, (K, D), 2, None),
        (UNKNOWN, (U, K), 2, UNDELIVERED),
        (OutboundState.QUEUED, (D, W), 2, None),
        (OutboundState.QUEUED, (U, W), 2, None),
        (OutboundState.QUEUED, (D, D), 2, None),
        *[
            (end, states, 1, None)
            for end in OutboundState
            if end.final and end is not UNKNOWN
            for states in ((D,), (U,), (R,))
        ],
    ],
)
def test_parts_move_their_message(
    state: OutboundState, states: tuple[PartState, ...], total: int, becomes: OutboundState | None
) -> None:
    found = verdict(state, parts(*states, total=total))
    assert (found and found.state) == becomes


@pytest.mark.parametrize(
    ("stat", "error", "total", "reason"),
    [
        ("UNDELIV", "000", 1, "UNDELIV"),
        ("UNDELIV", "", 1, "UNDELIV"),
        ("UNDELIV", "069", 1, "UNDELIV, error 069"),
        ("EXPIRED", "1F", 3, "part 2 of 3: EXPIRED, error 1F"),
        ("", "8", 1, "rejected, error 8"),
    ],
)
def test_the_reason_of_a_failure_is_in_the_carriers_words(stat: str, error: str, total: int, reason: str) -> None:
    made = parts(*[PartState.ACCEPTED] * total)
    receive(made[1 if total > 1 else 0], "rejected", stat, error)
    found = verdict(SENT, made)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("lost", [None, 0, 1, 2])
def test_whatever_the_order_of_receipts_the_end_comes_once_and_is_the_same(
    order: tuple[int, ...], lost: int | None
) -> None:
    made, state, ends = parts(A, A, A), SENT, []
    for place, number in enumerate(order, 1):
        for repeat in range(2):
            heard = receive(made[number], "undelivered" if number == lost else "delivered", "STAT", "000")
            assert heard is (repeat == 0)
            made[number].order = made[number].order or place
            if found := verdict(state, made):
                ends.append((found.state, found.part.number))
                state = found.state
    assert ends == [(DELIVERED, order[-1] + 1) if lost is None else (UNDELIVERED, lost + 1)]
