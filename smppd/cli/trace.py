"""smppd trace: PDUs explained field by field, from hex, a stream of octets or a capture."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smppd.cli.capture import Traced
    from smppd.cli.explained import Frame


class Alphabet(StrEnum):
    """What a carrier's default_alphabet may be."""

    gsm7 = "gsm7"
    gsm7_packed = "gsm7-packed"
    latin1 = "latin1"
    ascii = "ascii"
    utf8 = "utf-8"


def trace(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="HEX|FILE",
            help="Octets in hex, blanks allowed; or a file: of hex, of octets as they are, a capture (pcap, pcapng);"
            " - reads any of them from stdin.",
        ),
    ],
    alphabet: Annotated[Alphabet, typer.Option(help="What data_coding 0 means at this carrier.")] = Alphabet.gsm7,
    port: Annotated[
        list[int] | None, typer.Option(help="In a capture: this port alone, SMPP or not. May be given several times.")
    ] = None,
    mask: Annotated[bool, typer.Option("--mask", help="Hide texts and the middle of numbers, to pass it on.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Explain PDUs field by field: all of them, however many there are. Exit code 1 if one cannot be read."""
    from smppd.cli import listing, masking, octets
    from smppd.cli.explain import explain

    found: list[tuple[Frame, bytes, Traced | None]] = []
    name, given = "stdin", b""
    if what == ["-"]:
        given = sys.stdin.buffer.read()
    elif len(what) == 1 and octets.is_name(what[0]):
        name, given = what[0], octets.read(what[0])
    if octets.is_capture(given):
        from smppd.cli.capture import captured

        found += captured(given, name, port or [], alphabet.value)
    else:
        stream = octets.from_file(given) if given else octets.from_text("" if what == ["-"] else " ".join(what))
        found += [(frame, stream, None) for frame in explain(stream, alphabet=alphabet.value)]
    if mask:
        for frame, _, _ in found:
            masking.mask(frame)
    if json:
        typer.echo(listing.as_json((frame, sent) for frame, _, sent in found))
    else:
        for index, (frame, stream, sent) in enumerate(found):
            typer.echo("\n".join(([""] if index else []) + list(listing.lines(frame, stream, sent))))
    if any(frame.fault for frame, _, _ in found):
        raise typer.Exit(1)
