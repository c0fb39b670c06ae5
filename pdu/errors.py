"""What can go wrong between bytes and values."""

from __future__ import annotations


class DecodeError(ValueError):
    """A frame or block that cannot be read.

    `field` names the parameter and `offset` its octet in the frame; `status` is the command_status that answers it;
    `command_id` and `sequence` come from the header (0 where there is none), so a session can answer it.
    `raw` is the whole frame, for quarantine: it never appears in the message of the error.
    """

    def __init__(
        self,
        field: str,
        offset: int,
        reason: str,
        status: int = 0x02,
        command_id: int = 0,
        sequence: int = 0,
        raw: bytes = b"",
    ) -> None:
        super().__init__(f"{field} at octet {offset}: {reason}")
        self.field = field
        self.offset = offset
        self.reason = reason
        self.status = status
        self.command_id = command_id
        self.sequence = sequence
        self.raw = raw


class EncodeError(ValueError):
    """A value that does not fit its parameter, named by `field`; `reason` never quotes the value."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class FramingError(ValueError):
    """A command_length that cannot be true: octets after it have no boundaries, so the connection is lost.

    `status` (0x02, ESME_RINVCMDLEN) goes into the generic_nack; `raw` holds the first octets from the bad header on.
    """

    def __init__(self, reason: str, raw: bytes, status: int = 0x02) -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw
        self.status = status
