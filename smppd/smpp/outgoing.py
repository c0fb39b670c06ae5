"""Outbound messages to the PDUs of one carrier. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pdu import (
    Element,
    EsmClass,
    Part,
    Split,
    SubmitSm,
    Tlv,
    build_udh,
    encode_text,
    format_time,
    parse_udh,
    split_octets,
    split_text,
)
from pdu import EncodeError as EncodeError
from pdu.errors import DecodeError
from pdu.gsm7 import encode_septets
from pdu.kinds import Integer, Octets
from smppd.config.carriers import CarrierConfig
from smppd.model import Options, Submission

Request = SubmitSm
"""What one part is written as."""

MOST_PARTS = 255
_OCTETS = 140  # of user data in one part
_SEPTETS = 160  # the same in septets
_CONCATENATION = (0x00, 0x08)  # elements that number a part (3GPP TS 23.040 sections 9.2.3.24.1 and .8)
_LONGEST = 31 * 86400  # seconds of validity that are written; a carrier keeps no message for longer
_SHORT = 6  # digits of a short code
_LONGEST_NAME = 11  # characters of an alphanumeric sender (3GPP TS 23.040 section 9.1.2.5)


class Unsendable(ValueError):
    """A message that this carrier can never be given: `field` names what is wrong, `reason` why, without quoting it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(slots=True, frozen=True)
class Measure:
    """How many parts a message takes, and in which alphabet."""

    parts: int
    alphabet: str


_ONE = Measure(1, "gsm7")


@dataclass(slots=True)
class Outgoing:
    """A message as the sender has it."""

    sender: str
    recipient: str
    text: str | None
    data: bytes | None
    options: Options
    priority: int
    created_at: datetime


def measure(asked: Submission, config: CarrierConfig) -> Measure:
    """Raises Unsendable."""
    source_of(asked.sender, config)
    if len(asked.options.service_type or config.service_type) > 5:
        raise Unsendable("service_type", "at most 5 characters fit")
    _own(asked.options, config)
    if asked.text is not None and _one(asked.text, asked.options, config) is not None:
        return _ONE
    split = _split(asked.text, asked.data, asked.options, config, 0)
    return Measure(len(split.parts), split.alphabet)


def _one(text: str, options: Options, config: CarrierConfig) -> bytes | None:
    """The septets of what most messages are, one part of the default alphabet, without all that others need."""
    if len(text) > _SEPTETS or options.udh or options.coding == "ucs2" or config.default_alphabet != "gsm7":
        return None
    septets = encode_septets(text)
    return septets if septets is not None and len(septets) <= _SEPTETS else None


def compose(message: Outgoing, config: CarrierConfig, reference: int, now: datetime) -> list[SubmitSm]:
    """One submit_sm per part, in order; `reference` numbers the set. Raises Unsendable."""
    options = message.options
    septets = _one(message.text, options, config) if message.text and options.message_class is None else None
    if septets is None:
        parts = _split(message.text, message.data, options, config, reference).parts
    else:
        parts = (Part(b"", septets, 0, (), 0),)
    source, destination = source_of(message.sender, config), _destination(message.recipient, config)
    mode = EsmClass.REPLY_PATH if options.reply_path else 0
    registered = (1 if config.receipts else 0) | (0x10 if options.intermediate else 0)
    validity = _validity(options, message.created_at, now)
    own = _own(options, config)
    try:
        return [
            SubmitSm(
                service_type=options.service_type or config.service_type,
                source_addr_ton=source[0],
                source_addr_npi=source[1],
                source_addr=source[2],
                dest_addr_ton=destination[0],
                dest_addr_npi=destination[1],
                destination_addr=destination[2],
                esm_class=part.esm_class | mode,
                protocol_id=options.protocol_id,
                priority_flag=message.priority,
                validity_period=validity,
                registered_delivery=registered,
                data_coding=part.data_coding if options.data_coding is None else options.data_coding,
                short_message=part.short_message,
                tlvs=(*part.tlvs, *own),
            )
            for part in parts
        ]
    except EncodeError as error:
        raise Unsendable(error.field, error.reason) from None


def in_alphabet(text: str) -> bool:
    """Whether the GSM default alphabet has all of it."""
    try:
        encode_text(text, prefer="gsm7", unmappable="refuse")
    except EncodeError:
        return False
    return True


def _split(text: str | None, data: bytes | None, options: Options, config: CarrierConfig, reference: int) -> Split:
    try:
        elements = _elements(options.udh)
        if any(element.tag in _CONCATENATION for element in elements):
            return _one_part(text, data, options, config, elements)
        return _cut(text, data, options, config, _Frame(reference, config.long_messages, elements))
    except EncodeError as error:
        raise Unsendable("udh" if error.field == "elements" else error.field, error.reason) from None


@dataclass(slots=True, frozen=True)
class _Frame:
    reference: int
    kind: str
    elements: tuple[Element, ...]
    limit: int = _OCTETS
    most: int = MOST_PARTS


def _one_part(
    text: str | None, data: bytes | None, options: Options, config: CarrierConfig, elements: tuple[Element, ...]
) -> Split:
    """A part that the system has numbered itself goes out as it stands, and is never cut."""
    header = build_udh(elements)
    others = tuple(element for element in elements if element.tag not in _CONCATENATION)
    frame = _Frame(0, "udh8", others, _OCTETS - len(header) + len(build_udh(others)), 1)
    split = _cut(text, data, options, config, frame)
    if split.alphabet == "gsm7-packed":
        raise Unsendable("udh", "this carrier packs its alphabet: only it can number the parts")
    part = split.parts[0]
    return split._replace(parts=(part._replace(udh=header, esm_class=part.esm_class | EsmClass.UDHI),))


def _cut(text: str | None, data: bytes | None, options: Options, config: CarrierConfig, frame: _Frame) -> Split:
    if text is None:
        return split_octets(
            data or b"",
            reference=frame.reference,
            kind=frame.kind,
            limit=frame.limit,
            elements=frame.elements,
            max_parts=frame.most,
        )
    return split_text(
        text,
        reference=frame.reference,
        kind=frame.kind,
        limit=frame.limit,
        prefer="ucs2" if options.coding == "ucs2" else config.default_alphabet,
        unmappable="refuse" if options.coding == "default" else options.unmappable,
        languages=config.languages,
        message_class=options.message_class,
        elements=frame.elements,
        max_parts=frame.most,
    )


def _elements(udh: str) -> tuple[Element, ...]:
    if not udh:
        return ()
    try:
        elements, rest = parse_udh(bytes.fromhex(udh))
    except (DecodeError, ValueError):
        raise Unsendable("udh", "not a user data header: its length octet first, then its elements, in hex") from None
    if rest:
        raise Unsendable("udh", f"{len(rest)} octets behind its end")
    return elements


def source_of(sender: str, config: CarrierConfig) -> tuple[int, int, str]:
    """TON, NPI and address of a sender at this carrier. Raises Unsendable."""
    digits = sender.removeprefix("+")
    if digits.isascii() and digits.isdigit():
        international = sender.startswith("+") or len(digits) > _SHORT
        ton, npi, shown = (1, 1, digits) if international else (0, 1, digits)
    else:
        if sender and (len(sender) > _LONGEST_NAME or not sender.isprintable() or not sender.isascii()):
            raise Unsendable("from", f"a name as sender has at most {_LONGEST_NAME} plain characters")
        ton, npi, shown = (5, 0, sender) if sender else (0, 0, "")
    return _or(config.source_ton, ton), _or(config.source_npi, npi), shown


def _destination(recipient: str, config: CarrierConfig) -> tuple[int, int, str]:
    ton = 1 if recipient.startswith("+") else 0
    return _or(config.dest_ton, ton), _or(config.dest_npi, 1), recipient.removeprefix("+")


def _own(options: Options, config: CarrierConfig) -> tuple[Tlv, ...]:
    """Parameters that the system names, as far as the carrier has them: another one that takes over may have none."""
    if not options.tlvs:
        return ()
    known, found = config.parameters, list[Tlv]()
    for name, text in options.tlvs.items():
        parameter = known.find(name)
        if parameter is None:
            continue
        value: object = text
        try:
            if isinstance(parameter.kind, Integer):
                value = int(text, 0)
            elif isinstance(parameter.kind, Octets):
                value = text.encode()
            found.append(known.build(name, value))
        except EncodeError as error:
            raise Unsendable(f"tlvs.{name}", error.reason) from None
        except ValueError:
            raise Unsendable(f"tlvs.{name}", "not a whole number") from None
    return tuple(found)


def _or(configured: int | None, derived: int) -> int:
    return derived if configured is None else configured


def _validity(options: Options, created_at: datetime, now: datetime) -> str:
    """What is left of the validity that was asked for, as a relative time of whole seconds, which has no months."""
    if not options.validity:
        return ""
    left = created_at + timedelta(seconds=options.validity) - now
    return format_time(timedelta(seconds=min(max(1, int(left.total_seconds())), _LONGEST)), "validity")


def beginning(text: str, parts: int) -> str:
    """As much of the text as fits so many parts, whatever the carrier: all of it where it does."""

    def fits(length: int) -> bool:
        try:
            split_text(text[:length], reference=0, max_parts=parts)
        except EncodeError:
            return False
        return True

    if fits(len(text)):
        return text
    least, most = 0, min(len(text), parts * 160)
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if fits(middle) else (least, middle - 1)
    return text[:least]
