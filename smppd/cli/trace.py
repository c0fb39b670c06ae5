"""smppd trace: a PDU explained field by field."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smppd.cli.explain import Frame


class Alphabet(StrEnum):
    """What a carrier's default_alphabet may be."""

    gsm7 = "gsm7"
    gsm7_packed = "gsm7-packed"
    latin1 = "latin1"
    ascii = "ascii"
    utf8 = "utf-8"


AROUND = 8  # octets shown before and after a fault


def trace(
    hex: Annotated[
        list[str], typer.Argument(metavar="HEX", help="Octets in hex, blanks allowed; - reads them from stdin.")
    ],
    alphabet: Annotated[Alphabet, typer.Option(help="What data_coding 0 means at this carrier.")] = Alphabet.gsm7,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain a PDU field by field. Several frames in one row are all explained."""
    from smppd.cli.explain import explain

    octets = read_hex(sys.stdin.read() if hex == ["-"] else " ".join(hex))
    frames = explain(octets, alphabet=alphabet.value)
    if json:
        _print_json(frames)
    else:
        _print(frames, octets)
    if any(frame.fault for frame in frames):
        raise typer.Exit(1)


def read_hex(text: str) -> bytes:
    """The octets that `text` writes in hex; blanks, colons, commas and 0x are skipped.

    Ends the command with a message that points at the character which is none.
    """
    digits = re.sub(r"0[xX]|\\x|[\s:,;-]", lambda found: " " * len(found[0]), text)
    bad = re.search(r"[^0-9a-fA-F ]", digits)
    compact = digits.replace(" ", "")
    if bad is None and compact and len(compact) % 2 == 0:
        return bytes.fromhex(compact)
    if bad is not None:
        start = max(bad.start() - 30, 0)
        shown = re.sub(r"\s", " ", text[start : bad.start() + 10])
        why = f"{bad[0]!r} is no hex digit\n  {shown}\n  {' ' * (bad.start() - start)}^"
    elif not compact:
        why = "no octets given"
    else:
        why = f"{len(compact)} digits: an octet has two, so one is missing or too many"
    typer.echo(f"trace: {why}", err=True)
    raise typer.Exit(1)


def _print(frames: list[Frame], octets: bytes) -> None:
    for index, frame in enumerate(frames):
        if index:
            typer.echo()
        name = "no PDU" if frame.name == "?" else frame.name
        size = "1 octet" if frame.size == 1 else f"{frame.size} octets"
        typer.echo(f"{name}, {size}" + (f" at {frame.offset}" if frame.offset else ""))
        width = max((len(field.name) for field in frame.fields), default=0)
        values = [_value(field.value) for field in frame.fields]
        room = min(max(map(len, values), default=0), 40)
        for field, value in zip(frame.fields, values, strict=True):
            line = f"{field.offset:5} {field.size:4}  {field.name:<{width}}  {value:<{room}}  {field.meaning}"
            typer.echo(line.rstrip())
        for name, words in frame.message.items():
            typer.echo(f"       {name}: {words!r}" if name == "text" else f"       {name}: {words}")
        if frame.fault:
            typer.echo(f"  !! at octet {frame.fault_at}: {frame.fault}")
            typer.echo(_pointer(octets, frame.fault_at))


def _value(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex(" ") or "(empty)"
    if isinstance(value, str):
        return f'"{value}"' if value.isprintable() else repr(value)
    if isinstance(value, int):
        return f"{value}" if value < 256 else f"0x{value:08x}"
    return str(value)


def _pointer(octets: bytes, at: int) -> str:
    start = max(at - AROUND, 0)
    before, after = octets[start:at].hex(" "), octets[at : at + AROUND].hex(" ")
    column = len(before) + 1 if before else 0
    return f"     {before}{' ' if before else ''}{after or '(end)'}\n     {' ' * column}^^"


def _print_json(frames: list[Frame]) -> None:
    import dataclasses
    import json

    plain = [dataclasses.asdict(frame) for frame in frames]
    typer.echo(
        json.dumps(plain, indent=2, default=lambda value: value.hex() if isinstance(value, bytes) else str(value))
    )
