"""What ESMEs submitted, and the forms an SMSC gives its message ids."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import pdu

Message = pdu.SubmitSm | pdu.SubmitMulti | pdu.DataSm

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
    state: int = 1
    """message_state (SMPP 3.4, 5.2.28): 1 en route."""

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
        self._number = _FIRST_NUMBER

    def take(self, message: Message, system_id: str, form: str, at: float) -> Submit:
        """Gives the message its number and its id."""
        self._number += 1
        submit = Submit(message, system_id, self._number, form_id(self._number, form), at)
        if self and len(self) == self.maxlen:
            self._by_id.pop(self[0].message_id, None)
        self.append(submit)
        self._by_id[submit.message_id] = submit
        return submit

    def find(self, message_id: str) -> Submit | None:
        """The submit that was answered with this id."""
        return self._by_id.get(message_id)


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
        case _:
            return str(number)
