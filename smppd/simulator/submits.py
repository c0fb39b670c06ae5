"""What ESMEs submitted, and the forms an SMSC gives its message ids."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pdu

Message = pdu.SubmitSm | pdu.SubmitMulti | pdu.DataSm

#: Destination, user data with its header, data_coding.
Content = tuple[str, bytes, int]

#: Where the SMSC's own numbers start: letters in hex, nine digits, so that every form of the id differs.
_FIRST_NUMBER = 171_798_691


@dataclass(slots=True)
class Submit:
    """One submit_sm, data_sm or submit_multi that was accepted."""

    message: Message
    system_id: str
    number: int
    """The SMSC's own number of the message, which `form_id` writes."""
    message_id: str
    """As the response says it."""
    at: float
    """The loop's time of arrival."""
    submitted_at: datetime
    state: int = 1
    """message_state (SMPP 3.4, 5.2.28): 1 en route."""
    done_at: datetime | None = None
    """When it entered its final state."""

    def enter(self, state: int, now: datetime) -> None:
        """What a receipt has told."""
        self.state = state
        if state not in (1, 6):
            self.done_at = now

    @property
    def octets(self) -> bytes:
        """The user data with its header, wherever it stands."""
        payload = pdu.find_tlv(self.message.tlvs, pdu.Tag.MESSAGE_PAYLOAD)
        if payload is not None:
            return payload
        return b"" if isinstance(self.message, pdu.DataSm) else self.message.short_message

    @property
    def content(self) -> Content:
        """What makes two submits the same part of the same message."""
        return self.destination, self.octets, self.message.data_coding

    @property
    def destination(self) -> str:
        """The address, or the first one of a submit_multi."""
        message = self.message
        if not isinstance(message, pdu.SubmitMulti):
            return message.destination_addr
        first = message.dest_address[0]
        return first.address if isinstance(first, pdu.Destination) else first.name


class Submits(deque[Submit]):
    """The last `keep` submits (None: all), found by the id their response gave."""

    def __init__(self, keep: int | None = None) -> None:
        super().__init__(maxlen=keep)
        self._by_id: dict[str, Submit] = {}
        self._copies: Counter[Content] = Counter()
        self._number = _FIRST_NUMBER

    def take(self, message: Message, system_id: str, form: str, at: float) -> Submit:
        """Gives the message its number and its id."""
        number = self.next_number()
        submit = Submit(message, system_id, number, form_id(number, form), at, datetime.now(UTC))
        if self.maxlen == 0:
            return submit
        if len(self) == self.maxlen:
            self._forget(self[0])
        self.append(submit)
        self._by_id[submit.message_id] = submit
        self._copies[submit.content] += 1
        return submit

    def next_number(self) -> int:
        """The number of the next message."""
        self._number += 1
        return self._number

    def copies(self, content: Content) -> int:
        """How often this was taken."""
        return self._copies[content]

    @property
    def doubled(self) -> dict[Content, int]:
        """What was taken more than once, and how often."""
        return {content: times for content, times in self._copies.items() if times > 1}

    @property
    def doubled_total(self) -> int:
        """Submits beyond the first of their content."""
        return len(self) - len(self._copies)

    def find(self, message_id: str) -> Submit | None:
        """The submit that was answered with this id."""
        return self._by_id.get(message_id)

    def _forget(self, submit: Submit) -> None:
        self._by_id.pop(submit.message_id, None)
        content = submit.content
        self._copies[content] -= 1
        if not self._copies[content]:
            del self._copies[content]


def form_id(number: int, form: str) -> str:
    """The message id `number` in one of `habits.ID_FORMS`."""
    match form:
        case "hex":
            return f"{number:x}"
        case "upper-hex":
            return f"{number:X}"
        case "padded":
            return f"{number:010d}"
        case "padded-hex":
            return f"{number:010x}"
        case "letters":
            return f"msg-{number:x}-{number % 97:02d}"
        case "uuid":
            return str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128))
        case _:
            return str(number)
