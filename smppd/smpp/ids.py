"""Message ids of a carrier: under which forms a part is found, and how near a receipt's id is to the response's."""

from __future__ import annotations

from pdu import message_id
from pdu.message_id import Base, Likeness

__all__ = ["LIKENESSES", "Likeness", "likeness", "receipt_keys", "response_keys"]

LIKENESSES: tuple[Likeness, ...] = ("exact", "folded", "padded", "hex-to-decimal", "decimal-to-hex")
"""From the nearest to the farthest."""


def response_keys(text: str, response: Base = "as-is", receipt: Base = "as-is") -> tuple[str, ...]:
    """What to store the id of a submit_sm_resp under; `response` and `receipt` are the carrier's message_id_base.

    One form where the bases of both sides are known, else those of every spelling. Empty for an empty id.
    """
    return _keys(text, response, pinned=response != "as-is" and receipt != "as-is")


def receipt_keys(text: str, response: Base = "as-is", receipt: Base = "as-is") -> tuple[str, ...]:
    """What to look the id of a receipt up by: it means a part that shares a key with it."""
    return _keys(text, receipt, pinned=response != "as-is" and receipt != "as-is")


def likeness(submitted: str, receipted: str) -> Likeness | None:
    """How the id of a receipt is that of the response; None where only the carrier's bases make them one."""
    return message_id.likeness(submitted, receipted)


def _keys(text: str, base: Base, *, pinned: bool) -> tuple[str, ...]:
    if not pinned:
        return message_id.keys(text)
    found = message_id.canonical(text, base)
    return (found,) if found else ()
