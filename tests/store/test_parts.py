"""Parts into sets: every order, repeat and clash ends each part in exactly one message, and a full set closes once."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppd.store.parts import Closed, PartSet, SetKey, Slot, merge


def key(total: int = 3) -> SetKey:
    return SetKey(1, "+255700000001", "15001", "udh8", 7, total)


def slot(word: str, *, fresh: bool = True) -> Slot:
    """ "2b" is part 2 of the text b."""
    number, text = int(word[:-1]), word[-1]
    return Slot(number, hash((number, text)), text.encode(), 0, 0x40, 1, 1, fresh=fresh)


def stored(words: str = "", *, total: int = 3, finished: bool = False, recent: bool = True) -> PartSet:
    slots = {s.number: s for s in (slot(word, fresh=False) for word in words.split())}
    return PartSet(key(total), slots, 99 if finished else None, recent)


def shown(slots: dict[int, Slot]) -> str:
    return " ".join(f"{n}{slots[n].body.decode()}" for n in sorted(slots))


def outcome(before: PartSet, arrived: str) -> tuple[str, list[str]]:
    """What the set holds then, and the sets that closed; "*" marks one that leaves markers."""
    result, closed = merge(before, [slot(word) for word in arrived.split()])
    return shown(result.slots), [shown(one.slots) + ("*" if one.stays else "") for one in closed]


@pytest.mark.parametrize("order", list(permutations(["1a", "2a", "3a"])), ids=" ".join)
def test_every_order_makes_one_message(order: tuple[str, ...]) -> None:
    assert outcome(stored(), " ".join(order)) == ("1a 2a 3a", ["1a 2a 3a*"])


@pytest.mark.parametrize(
    ("before", "arrived", "holds", "closed"),
    [
        ("", "1a", "1a", []),
        ("1a", "1a", "1a", []),
        ("1a", "2a 2a", "1a 2a", []),
        ("1a 3a", "2a", "1a 2a 3a", ["1a 2a 3a*"]),
        ("1a 3a", "2a 1a 3a 2a", "1a 2a 3a", ["1a 2a 3a*"]),
    ],
)
def test_a_part_that_is_there_already_changes_nothing(before: str, arrived: str, holds: str, closed: list[str]) -> None:
    assert outcome(stored(before), arrived) == (holds, closed)


@pytest.mark.parametrize(
    ("before", "arrived", "holds", "closed"),
    [
        ("1a", "1b", "1b", ["1a"]),
        ("1a 2a", "2b 1b 3b", "1b 2b 3b", ["1a 2a", "1b 2b 3b*"]),
        ("1a", "1b 1c", "1c", ["1a", "1b"]),
        ("", "1a 2a 3a 1b", "1b", ["1a 2a 3a"]),
        ("", "1a 2a 3a 1b 2b 3b", "1b 2b 3b", ["1a 2a 3a", "1b 2b 3b*"]),
        ("2a 3a", "1a 3b 2b 1b", "1b 2b 3b", ["1a 2a 3a", "1b 2b 3b*"]),
    ],
)
def test_another_content_in_the_same_slot_closes_the_older_set_and_begins_a_new_one(
    before: str, arrived: str, holds: str, closed: list[str]
) -> None:
    assert outcome(stored(before), arrived) == (holds, closed)


@pytest.mark.parametrize(
    ("recent", "arrived", "holds", "closed"),
    [
        (True, "2a", "1a 2a 3a", []),
        (True, "3a 2a 1a", "1a 2a 3a", []),
        (True, "1b", "1b", []),
        (True, "1b 2b 3b", "1b 2b 3b", ["1b 2b 3b*"]),
        (False, "2a", "2a", []),  # long ago: the same text again under a reference that came round
        (False, "1a 2a 3a", "1a 2a 3a", ["1a 2a 3a*"]),
    ],
)
def test_a_finished_set_recognises_its_parts_for_a_while(
    recent: bool, arrived: str, holds: str, closed: list[str]
) -> None:
    assert outcome(stored("1a 2a 3a", finished=True, recent=recent), arrived) == (holds, closed)


def test_what_was_stored_under_the_key_is_replaced_only_when_it_belongs_to_an_older_set() -> None:
    assert not merge(stored("1a"), [slot("2a")])[0].replaced
    assert not merge(stored("1a 2a"), [slot("3a")])[0].replaced
    assert merge(stored("1a"), [slot("1b")])[0].replaced
    assert merge(stored("1a 2a 3a", finished=True), [slot("1b")])[0].replaced


def test_a_closed_set_names_what_never_came() -> None:
    closed = Closed(key(4), {2: slot("2a")}, stays=False)
    assert closed.missing == [1, 3, 4]


WORDS = st.builds(lambda n, t: f"{n}{t}", st.integers(1, 4), st.sampled_from("ab"))


@given(
    total=st.integers(2, 4),
    before=st.lists(WORDS, max_size=4),
    finished=st.booleans(),
    recent=st.booleans(),
    arrived=st.lists(WORDS, max_size=14),
)
def test_every_part_ends_in_exactly_one_set_and_none_is_lost(
    total: int, before: list[str], finished: bool, recent: bool, arrived: list[str]
) -> None:
    start = PartSet(key(total), {}, None, recent)
    for word in before:
        if int(word[0]) <= total:
            start.slots.setdefault(int(word[0]), slot(word, fresh=False))
    if len(start.slots) == total or (finished and start.slots):
        start.finished = 99  # also an incomplete set that was closed when its time was over
    old = dict(start.slots)
    was_finished = start.finished is not None
    came = [slot(word) for word in arrived if int(word[0]) <= total]
    result, closed = merge(start, came)

    # The set as it stands is also the last closed one when that is full; apart from this no part is in two places.
    places = [one.slots for one in closed]
    if not any(slots is result.slots for slots in places):
        places.append(result.slots)
    everywhere = [id(part) for slots in places for part in slots.values()]
    assert len(everywhere) == len(set(everywhere)), "a part stands in two sets"

    contents = {(part.number, part.digest) for slots in places for part in slots.values()}
    known = contents | {(part.number, part.digest) for part in old.values()}
    assert {(part.number, part.digest) for part in came} <= known, "a part that came is nowhere"
    if not was_finished:
        assert {id(part) for part in old.values()} <= set(everywhere), "a part that was waiting is lost"
    elif result.replaced:
        assert not {id(part) for part in old.values()} & set(everywhere), "a delivered part is delivered again"

    for slots in places:
        assert all(1 <= number <= total and part.number == number for number, part in slots.items())
    full = [one for one in closed if len(one.slots) == total]
    assert len({id(one.slots) for one in closed}) == len(closed), "a set closes twice"
    if len(result.slots) == total and not was_finished:
        assert any(one.slots is result.slots and one.stays for one in full), "a full set did not close"
    assert all(one.slots is result.slots for one in closed if one.stays), "an older set leaves markers"


@given(arrived=st.lists(WORDS, max_size=12), cut=st.integers(0, 12))
def test_it_makes_no_difference_where_a_batch_ends(arrived: list[str], cut: int) -> None:
    came = [slot(word) for word in arrived]
    whole_set, whole = merge(PartSet(key(4)), came)
    first_set, first = merge(PartSet(key(4)), came[:cut])
    if any(one.slots is first_set.slots for one in first):
        first_set = PartSet(key(4), first_set.slots, finished=99, recent=True)
    second_set, second = merge(first_set, came[cut:])
    assert [shown(one.slots) for one in first + second] == [shown(one.slots) for one in whole]
    assert shown(second_set.slots) == shown(whole_set.slots)
