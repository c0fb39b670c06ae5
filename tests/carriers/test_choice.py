"""Which of several parts a receipt means: the phone, the carrier's way to spell ids, and who still waits."""

from __future__ import annotations

import pytest

from smppd.carriers.choice import ENOUGH, Choice, same_phone
from smppd.smpp.ids import receipt_keys
from smppd.store.receipts import Candidate, Parked

A, B, US = "+255754000001", "+255754000002", "15001"


def receipt(message_id: str, sender: str = A, recipient: str = US, state: str = "delivered") -> Parked:
    return Parked(1, receipt_keys(message_id), message_id, sender, recipient, state)


def part(message: int, message_id: str, phone: str = A, *, open: bool = True) -> Candidate:
    return Candidate(message, 1, message_id, open, US, phone)


def taught(submitted: str, receipted: str, phone: str = A, times: int = ENOUGH) -> Choice:
    """One that has seen a carrier spell ids so."""
    choice = Choice(pinned=False)
    for number in range(times):
        one = receipt(receipted, phone)
        made = choice.best(one, [part(number, submitted)])
        assert made is not None
        choice.learn(one, made)
    return choice


@pytest.mark.parametrize(
    ("said", "candidates", "chosen", "how"),
    [
        (receipt("10"), [part(1, "10")], 1, "exact"),
        (receipt("10", B), [part(1, "10", A), part(2, "16", B)], 2, "decimal-to-hex"),
        (receipt("10", A), [part(1, "10", A), part(2, "16", B)], 1, "exact"),
        (receipt("10"), [part(1, "16"), part(2, "010"), part(3, "10")], 3, "exact"),
        (receipt("ab"), [part(1, "00AB"), part(2, "AB")], 2, "folded"),
        (receipt("x-1"), [part(3, "x-1", open=False), part(2, "x-1"), part(1, "x-1")], 2, "exact"),
        (receipt("x-1"), [part(2, "x-1"), part(1, "x-1")], 2, "exact"),
        (receipt("x-1"), [part(2, "x-1", open=False), part(1, "x-1", open=False)], 2, "exact"),
        (receipt("x-1", ""), [part(2, "x-1", B), part(1, "x-1", A)], 2, "exact"),
    ],
)
def test_the_phone_goes_first_then_the_nearest_spelling_then_the_newest_that_waits(
    said: Parked, candidates: list[Candidate], chosen: int, how: str
) -> None:
    made = Choice(pinned=False).best(said, candidates)
    assert made is not None
    assert (made.part.message, made.how) == (chosen, how)


def test_a_carrier_that_answers_in_hexadecimal_is_understood_once_its_way_is_known() -> None:
    rivals = [part(1, "10"), part(2, "16")]  # the receipt 16 means 0x10
    new, known = Choice(pinned=False), taught("A1F", "2591")
    assert [choice.best(receipt("16"), rivals).part.message for choice in (new, known)] == [2, 1]  # type: ignore[union-attr]


def test_a_way_that_is_not_clear_is_no_way() -> None:
    choice = taught("A1F", "2591")
    for _ in range(ENOUGH):
        one = receipt("2591")
        made = choice.best(one, [part(1, "2591")])
        assert made is not None
        choice.learn(one, made)
    made = choice.best(receipt("16"), [part(1, "10"), part(2, "16")])
    assert made is not None
    assert made.part.message == 2


@pytest.mark.parametrize(
    ("choice", "said", "candidate", "sure"),
    [
        (Choice(pinned=False), receipt("10"), part(1, "10"), True),
        (Choice(pinned=False), receipt("10", B), part(1, "10"), False),  # the right part may not be recorded yet
        (Choice(pinned=True), receipt("10", B), part(1, "10"), False),
        (Choice(pinned=False), receipt("x-1", B), part(1, "x-1"), False),  # a counter that began again
        (Choice(pinned=False), receipt("10"), part(1, "10", open=False), False),
        (taught("A1F", "2591"), receipt("10"), part(1, "10"), False),  # 0x0A may be about to be recorded
        (taught("A1F", "2591"), receipt("10"), part(1, "A"), True),
        (taught("A1F", "2591"), receipt("x-1"), part(1, "x-1"), True),
        (taught("77", "77", "SMSC"), receipt("78", "SMSC"), part(1, "78"), True),  # it never names the phone
        (taught("77", "77", "SMSC", ENOUGH - 1), receipt("78", "SMSC"), part(1, "78"), False),
    ],
)
def test_where_a_better_part_may_be_about_to_be_recorded_there_is_doubt(
    choice: Choice, said: Parked, candidate: Candidate, sure: bool
) -> None:
    made = choice.best(said, [candidate])
    assert made is not None
    assert made.sure is sure


@pytest.mark.parametrize(
    ("choice", "rivals", "chosen", "sure"),
    [
        (Choice(pinned=False), [part(1, "10"), part(2, "16")], 2, False),
        (taught("A1F", "2591"), [part(1, "10"), part(2, "16")], 1, True),
        (taught("77", "77"), [part(1, "10"), part(2, "16")], 2, True),
        (Choice(pinned=True), [part(1, "10"), part(2, "16")], 2, True),
        (Choice(pinned=False), [part(1, "10", B), part(2, "16")], 2, True),
    ],
)
def test_which_of_two_bases_is_meant_is_left_open_until_the_way_of_the_carrier_is_known(
    choice: Choice, rivals: list[Candidate], chosen: int, sure: bool
) -> None:
    made = choice.best(receipt("16"), rivals)
    assert made is not None
    assert (made.part.message, made.sure) == (chosen, sure)


def test_two_receipts_of_one_batch_do_not_take_the_same_part() -> None:
    rivals = [part(2, "x-1"), part(1, "x-1")]
    made = Choice(pinned=False).best(receipt("x-1"), rivals, taken={(2, 1)})
    assert made is not None
    assert made.part.message == 1


def test_nothing_is_chosen_from_nothing() -> None:
    assert Choice(pinned=False).best(receipt("1"), []) is None


@pytest.mark.parametrize(
    ("sender", "recipient", "same"),
    [
        ("255754000001", US, True),
        ("0754000001", US, True),
        ("00255754000001", US, True),
        ("+255754000002", US, False),
        (US, "255754000001", True),  # as when it was sent
        ("", US, False),
        ("", "", False),
        ("Vodacom", US, False),
    ],
)
def test_a_number_is_the_same_in_every_way_to_write_it(sender: str, recipient: str, same: bool) -> None:
    assert same_phone(receipt("1", sender, recipient), part(1, "1")) is same


@pytest.mark.parametrize(("sender", "same"), [("15002", True), ("15001", False), ("5002", False)])
def test_a_short_code_is_compared_whole(sender: str, same: bool) -> None:
    assert same_phone(receipt("1", sender), Candidate(1, 1, "1", True, US, "15002")) is same
