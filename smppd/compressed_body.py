"""The body of a DHIS2 compressed SMS, read to its end (format: dhis2/sms-compression, versions 1 and 2).

Values are read past, not kept: all that is asked is whether the octets can have come from DHIS2's writer.
"""

from __future__ import annotations

from collections.abc import Callable

TYPES = ("AGGREGATE_DATASET", "DELETE", "ENROLLMENT", "RELATIONSHIP", "SIMPLE_EVENT", "TRACKER_EVENT")


def ends_well(octets: bytes) -> bool:
    """Whether header and body are right and end less than 8 bits, all zero, before the end."""
    kind, version = octets[1] >> 4, octets[1] & 15
    if kind >= len(TYPES) or version not in (1, 2):
        return False
    bits = _Bits(octets, start=56)
    try:
        bits.id()
        _BODIES[kind](bits, version)
        rest = bits.rest
        return rest < 8 and bits.take(rest) == 0
    except _Broken:
        return False


class _Broken(Exception):
    """The bits end too early, or a value is none of its kind."""


class _Bits:
    """The primitives of the format, most significant bit first."""

    def __init__(self, octets: bytes, start: int) -> None:
        self._octets, self._at, self._end = octets, start, len(octets) * 8

    @property
    def rest(self) -> int:
        return self._end - self._at

    def take(self, count: int) -> int:
        first, self._at = self._at, self._at + count
        if self._at > self._end:
            raise _Broken
        window = int.from_bytes(self._octets[first >> 3 : (self._at + 7) >> 3])
        return (window >> (-self._at % 8)) & ((1 << count) - 1)

    def bool(self) -> bool:
        return self.take(1) == 1

    def below(self, width: int, limit: int) -> int:
        value = self.take(width)
        if value >= limit:
            raise _Broken
        return value

    def uid(self) -> None:
        for _ in range(11):
            self.below(6, 62)

    def id(self) -> None:
        """Hashed, with its own length, or plain."""
        if self.bool():
            self.take(self.take(6))
        else:
            self.uid()

    def ids(self, count: int) -> None:
        for _ in range(count):
            self.id()

    def string(self) -> None:
        while self.take(8):
            pass

    def date(self) -> None:
        self.take(32)

    def optional_date(self) -> None:
        if self.bool():
            self.date()

    def geo(self) -> None:
        if self.bool():
            self.string()
            self.string()

    def short_id(self, length: int | None) -> None:
        """An id inside a block of values: `length` bits of hash, or (None) a string."""
        if length is None:
            self.string()
        else:
            self.take(length)

    def value(self, fixed: int) -> None:
        """A tagged value; an integer takes `fixed` bits unless it says its own length."""
        kind = self.below(3, 5)
        if kind == 0:
            self.bool()  # negative
            self.take(self.take(6) if self.bool() else fixed)
        elif kind == 2:
            self.date()
        elif kind == 3:
            self.bool()
        else:  # 1 FLOAT and 4 STRING
            self.string()


def _data_values(bits: _Bits) -> None:
    combo, element = (bits.take(6), bits.take(6)) if bits.bool() else (None, None)
    fixed = bits.take(4) + 1
    more_combos = True
    while more_combos:
        bits.short_id(combo)
        more = True
        while more:
            bits.short_id(element)
            bits.value(fixed)
            more = bits.bool()
        more_combos = bits.bool()


def _attribute_values(bits: _Bits) -> None:
    length = bits.take(6) if bits.bool() else None
    fixed = bits.take(4) + 1
    more = True
    while more:
        bits.short_id(length)
        bits.value(fixed)
        more = bits.bool()


def _values_if_any(bits: _Bits) -> None:
    if bits.bool():
        _data_values(bits)


def _aggregate(bits: _Bits, version: int) -> None:
    bits.ids(2)  # organisation unit, data set
    bits.bool()  # complete
    bits.id()  # attribute option combination
    bits.string()  # period
    _data_values(bits) if version == 1 else _values_if_any(bits)


def _delete(bits: _Bits, _version: int) -> None:
    bits.id()


def _enrollment(bits: _Bits, version: int) -> None:
    bits.ids(5)  # organisation unit, program, entity type, entity, enrolment
    if version == 1:
        bits.date()
        _attribute_values(bits)
        return
    bits.optional_date()
    bits.below(2, 3)
    bits.optional_date()
    bits.geo()
    if bits.bool():
        _attribute_values(bits)
    more = bits.bool()
    while more:
        bits.ids(2)  # organisation unit, stage
        _event(bits, 2)
        more = bits.bool()


def _relationship(bits: _Bits, _version: int) -> None:
    bits.ids(2)
    bits.uid()
    bits.uid()


def _simple_event(bits: _Bits, version: int) -> None:
    bits.ids(2)  # organisation unit, program
    _event(bits, version)


def _tracker_event(bits: _Bits, version: int) -> None:
    bits.ids(2)  # organisation unit, stage
    _event(bits, version, enrolled=True)


def _event(bits: _Bits, version: int, enrolled: bool = False) -> None:
    """What every event ends with, after where and of what it is."""
    bits.below(3, 6)
    bits.ids(3 if enrolled else 2)  # attribute option combination, (enrolment,) event
    if version == 1:
        bits.date()
        _data_values(bits)
        return
    bits.optional_date()
    bits.optional_date()
    bits.geo()
    _values_if_any(bits)


_BODIES: tuple[Callable[[_Bits, int], None], ...] = (
    _aggregate,
    _delete,
    _enrollment,
    _relationship,
    _simple_event,
    _tracker_event,
)
