"""Which part a receipt speaks of, when several share a form of its id. Pure but for what it learns of its carrier.

Carriers that count their messages make ids such as 10 and 16, of which each may be the other in another base. What
tells them apart is the phone, how this carrier was seen to spell its ids, and which part still waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass

from smppd.smpp.ids import LIKENESSES, Likeness, likeness
from smppd.store.receipts import Candidate, Parked

ENOUGH = 5  # matches without a rival, until a carrier's way is known
OTHER = "other"

_SAME: dict[str | None, str] = {"exact": "same", "folded": "same", "padded": "same"}
_TAIL = 8  # digits of a number that are the same in every way to write it


@dataclass(slots=True, frozen=True)
class Chosen:
    """A part, how its id is the receipt's, whether the phones are the same, and whether there was no other.

    Where it is not `sure` a better one may be about to be recorded: receipts come before their responses.
    """

    part: Candidate
    how: Likeness | None
    phone: bool
    sure: bool
    alone: bool

    @property
    def word(self) -> str:
        """`how` as a label: alike only by the carrier's bases, or by the second id of a receipt, is "other"."""
        return self.how or OTHER


class Choice:
    """Learns, for one carrier, in which base its receipts spell ids and whether they name the phone."""

    def __init__(self, *, pinned: bool) -> None:
        self._pinned = pinned  # the configuration says how ids are spelled: what shares a form is meant
        self._ways: Counter[str] = Counter()
        self._phones: Counter[bool] = Counter()

    def best(
        self, receipt: Parked, candidates: Sequence[Candidate], taken: Container[tuple[int, int]] = ()
    ) -> Chosen | None:
        """The part that is meant, as far as can be told now; None without any. `taken` got their receipts just now."""
        if not candidates:
            return None
        way = self._way()

        def rank(one: Candidate) -> tuple[bool, bool, int, bool, int]:
            how = likeness(one.message_id, receipt.message_id)
            return (
                not same_phone(receipt, one),
                way is not None and _kind(how) != way,
                len(LIKENESSES) if how is None else LIKENESSES.index(how),
                not one.open or (one.message, one.number) in taken,
                -one.message,
            )

        part = min(candidates, key=rank)
        how = likeness(part.message_id, receipt.message_id)
        phone = same_phone(receipt, part)
        unmistakable = self._pinned or (len(receipt.keys) == 1 and how in _SAME)
        expected = way is None or _kind(how) == way
        # Counters of carriers begin again: an id at another phone, or one that had its receipt, may be a new part's.
        waits = part.open and (part.message, part.number) not in taken
        # As long as nobody knows how this carrier spells ids, others may tell before this one must be decided.
        kinds = {_kind(likeness(one.message_id, receipt.message_id)) for one in candidates if same_phone(receipt, one)}
        clear = unmistakable or (expected and (way is not None or len(kinds) < 2))
        sure = clear and (phone or not self._names_phones()) and waits
        return Chosen(part, how, phone, sure, alone=len(candidates) == 1)

    def learn(self, receipt: Parked, chosen: Chosen) -> None:
        """A match was made: what it tells of this carrier's ways, if there was nothing to choose from."""
        if not chosen.alone:
            return
        self._phones[chosen.phone] += 1
        # Ids below 10 look the same in both bases, and one that is found at another phone may be another's.
        if chosen.phone and chosen.how is not None and (len(receipt.keys) > 1 or chosen.how not in _SAME):
            self._ways[_kind(chosen.how)] += 1

    def _way(self) -> str | None:
        """How this carrier's receipts spell ids, once that is known."""
        for way, count in self._ways.most_common(1):
            if count >= ENOUGH and count > 2 * (self._ways.total() - count):
                return way
        return None

    def _names_phones(self) -> bool:
        """Whether another phone in a receipt means another message; carriers are known to leave it out."""
        return self._phones[True] > 0 or self._phones.total() < ENOUGH


def same_phone(receipt: Parked, candidate: Candidate) -> bool:
    """Whether the receipt comes from where the part went, in whatever way numbers are written.

    Some carriers leave sender and recipient as they were when the message was sent.
    """
    if _alike(receipt.sender, candidate.recipient):
        return True
    return _alike(receipt.recipient, candidate.recipient) and not _alike(receipt.recipient, candidate.sender)


def _alike(one: str, other: str) -> bool:
    one, other = "".join(filter(str.isdigit, one)), "".join(filter(str.isdigit, other))
    if len(one) < _TAIL or len(other) < _TAIL:
        return bool(one) and one == other
    return one[-_TAIL:] == other[-_TAIL:]


def _kind(how: str | None) -> str:
    return OTHER if how is None else _SAME.get(how, how)
