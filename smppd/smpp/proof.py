"""Which of our answers the carrier has certainly read.

TCP keeps order: an enquire_link_resp to an enquire_link sent after an answer shows that the answer was read. What is
not proved when a connection ends may be sent again, and the store must then recognise it.
"""

from __future__ import annotations

_MOST_ENQUIRIES = 8  # enquire_links whose late answer still proves something


class Proof:
    """Counts answers in the order given. `answered` are all of them, `proved` those certainly read."""

    __slots__ = ("_asked", "answered", "proved")

    def __init__(self) -> None:
        self.answered = self.proved = 0
        self._asked: dict[int, int] = {}  # sequence of an enquire_link -> answers given before it

    def __contains__(self, sequence: object) -> bool:
        return sequence in self._asked

    @property
    def wanting(self) -> bool:
        """Whether there are answers without proof."""
        return self.answered > self.proved

    @property
    def asking(self) -> bool:
        """Whether an enquire_link without answer would prove all there is to prove."""
        return self.answered <= max(self.proved, max(self._asked.values(), default=0))

    def ask(self, sequence: int) -> None:
        """An enquire_link goes out."""
        self._asked[sequence] = self.answered
        if len(self._asked) > _MOST_ENQUIRIES:
            del self._asked[next(iter(self._asked))]

    def hear(self, sequence: int) -> bool:
        """The answer to one came; it stands for the earlier ones too. Returns whether it answers the latest."""
        for earlier in list(self._asked):
            self.prove(self._asked.pop(earlier))
            if earlier == sequence:
                break
        return not self._asked

    def prove(self, count: int) -> None:
        """The first `count` answers have been read."""
        self.proved = max(self.proved, count)
