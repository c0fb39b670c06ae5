"""The engine without coverage: seeds mutated, spliced and strung together, and frames of random octets."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from pdu.codes import Command, Tag

LONGEST = 2048
COMMANDS = [int(command).to_bytes(4, "big") for command in Command]
NUMBERS = [
    *(
        bytes((each,))
        for each in (0, 1, 2, 3, 4, 7, 8, 0x0F, 0x10, 0x1B, 0x20, 0x40, 0x7F, 0x80, 0xC0, 0xF0, 0xFE, 0xFF)
    ),
    *(int(tag).to_bytes(2, "big") for tag in Tag),
    *(each.to_bytes(2, "big") for each in (0, 1, 254, 255, 256, 0x7FFF, 0xD800, 0xDC00, 0xFEFF, 0xFFFF)),
    *(each.to_bytes(4, "big") for each in (0, 15, 16, 17, 4096, 4097, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)),
    *COMMANDS,
]
WORDS = [
    b"id:",
    b" stat:",
    b"err:",
    b"text:",
    b" done date:",
    b"DELIVRD",
    b"\0",
    b"\0:",
    b"000001000000000R",
    b"261122120000000+",
]


def mutants(seeds: list[bytes], random: Random) -> Iterator[bytes]:
    """Inputs without end; the same ones for the same seeds and state of `random`."""
    while True:
        kind = random.randrange(16)
        if kind == 0:
            yield random.randbytes(random.randrange(80))
        elif kind == 1:
            yield framed(random.choice(COMMANDS) + random.randbytes(8 + random.randrange(120)))
        elif kind == 2:
            parts = [mutated(random.choice(seeds), seeds, random) for _ in range(random.randrange(2, 6))]
            yield b"".join(parts)[:LONGEST]
        else:
            yield mutated(random.choice(seeds), seeds, random)


def mutated(octets: bytes, seeds: list[bytes], random: Random) -> bytes:
    """One to eight changes; in seven cases of eight the command_length is put right afterwards, to get past it."""
    out = bytearray(octets)
    for _ in range(1 << random.randrange(4)):
        change(out, seeds, random)
    del out[LONGEST:]
    return framed(bytes(out[4:])) if random.randrange(8) else bytes(out)


def framed(octets: bytes) -> bytes:
    """`octets` behind the length that is theirs."""
    return (len(octets) + 4).to_bytes(4, "big") + octets


def change(out: bytearray, seeds: list[bytes], random: Random) -> None:
    """One change in place: set, flip, insert, cut, repeat, splice."""
    at = random.randrange(len(out) + 1)
    kind = random.randrange(10)
    if kind == 0 and at < len(out):
        out[at] ^= 1 << random.randrange(8)
    elif kind == 1 and at < len(out):
        out[at] = random.randrange(256)
    elif kind == 2:
        number = random.choice(NUMBERS)
        out[at : at + len(number)] = number
    elif kind == 3:
        out[at:at] = random.choice(NUMBERS)
    elif kind == 4:
        out[at:at] = random.choice(WORDS)
    elif kind == 5:
        del out[at : at + random.randrange(1, 9)]
    elif kind == 6:
        del out[at:]
    elif kind == 7:
        out[at:at] = out[at : at + random.randrange(1, 33)] * random.randrange(1, 5)
    elif kind == 8:
        other = random.choice(seeds)
        start = random.randrange(len(other) + 1)
        out[at:] = other[start:]
    else:
        out += random.randbytes(random.randrange(1, 9))
