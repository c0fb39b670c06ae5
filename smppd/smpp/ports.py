"""What a link needs of the layers beside it, and what it tells the layers above."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Protocol

from smppd.model import Answer, Received, ReceivedReceipt


class Intake(Protocol):
    """Where received PDUs are committed. A record stands for one session; only the intake knows what is in it."""

    async def open(self, carrier: str, link: int, prove: Callable[[], None]) -> Any:
        """Begin a session and return its record. Raises StoreError when nothing can be stored now.

        `prove` asks the session for a proof at once.
        """

    def put(self, record: Any, item: Received | ReceivedReceipt, done: Callable[[Answer], None]) -> None:
        """Store one PDU. `done` is called once, in the same loop; after `close` it need not be called."""

    def proved(self, record: Any, count: int) -> None:
        """The carrier has read the first `count` answers, counted in the order of the calls of `done`."""

    def close(self, record: Any) -> None:
        """The session has ended."""


class LinkState(enum.Enum):
    """The values of the label `state` of smppd_link_state."""

    DOWN = "down"
    CONNECTING = "connecting"
    BINDING = "binding"
    BOUND = "bound"
    UNBINDING = "unbinding"


OnState = Callable[[str, int, LinkState, str], None]
"""Called with carrier, link number, state and, in words for the operator, its reason."""
