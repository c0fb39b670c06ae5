"""Slices of a byte stream in, whole frames out."""

from __future__ import annotations

from struct import Struct

from pdu.errors import FramingError

_length_at = Struct(">I").unpack_from
HEADER_OCTETS = 16
# The largest that the specification has: a message_payload of 65,535 octets to 255 destinations of 24 octets, and 2 KiB
# for all else. A larger command_length is noise or an attack.
LONGEST_FRAME = 72 * 1024
_KEEP = 64  # octets of a bad frame kept for the log: a header and enough to recognise a probe


class Framer:
    """Cuts a stream at command_length. Holds at most one unfinished frame, so memory is bounded by `max_length`."""

    def __init__(self, max_length: int = LONGEST_FRAME) -> None:
        self.max_length = max_length
        self.error: FramingError | None = None
        self._held = bytearray()
        self._need = 4  # octets that must be held before anything new can be said

    @property
    def pending(self) -> int:
        """Octets held of a frame not yet whole."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that `data` completes, in order, each with its header.

        Raises FramingError when the stream is lost. Frames completed before the bad header are returned first: `error`
        is set then, and the next call raises it.
        """
        if self.error is not None:
            raise self.error
        if self._held:
            self._held += data
            if len(self._held) < self._need:
                return []
            data = bytes(self._held)
            self._held.clear()
        frames: list[bytes] = []
        at, end, longest = 0, len(data), self.max_length
        self._need = 4
        while end - at >= 4:
            (length,) = _length_at(data, at)
            if not HEADER_OCTETS <= length <= longest:
                self.error = FramingError(
                    f"command_length {length} is not within {HEADER_OCTETS} to {longest}", data[at : at + _KEEP]
                )
                if not frames:
                    raise self.error
                return frames
            if end - at < length:
                self._need = length
                break
            frames.append(data[at : at + length])
            at += length
        if at < end:
            self._held += data[at:]
        return frames
