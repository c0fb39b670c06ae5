"""Captures written octet by octet: Ethernet, IPv4 or IPv6, TCP."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from struct import pack

SYN, ACK, FIN = 0x02, 0x10, 0x01


def packet(source: tuple[str, int], target: tuple[str, int], sequence: int, flags: int, octets: bytes) -> bytes:
    """One Ethernet frame; checksums are 0, as offloading leaves them."""
    tcp = pack(">HHIIBBHHH", source[1], target[1], sequence % 2**32, 0, 0x50, flags, 65535, 0, 0) + octets
    here, there = ip_address(source[0]), ip_address(target[0])
    if here.version == 4:
        ip = pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + here.packed + there.packed
    else:
        ip = pack(">IHBB", 0x60000000, len(tcp), 6, 64) + here.packed + there.packed
    return bytes(12) + (b"\x08\x00" if here.version == 4 else b"\x86\xdd") + ip + tcp


@dataclass
class Side:
    """One end of a connection and the number of its next octet."""

    address: tuple[str, int]
    sequence: int


@dataclass
class Capture:
    """Packets with their times in seconds."""

    packets: list[tuple[float, bytes, int]] = field(default_factory=list)

    def add(self, time: float, octets: bytes, snap: int = 65535) -> None:
        self.packets.append((time, octets, snap))

    def send(self, time: float, source: Side, target: Side, octets: bytes, flags: int = ACK) -> None:
        self.add(time, packet(source.address, target.address, source.sequence, flags, octets))
        source.sequence += len(octets) + bool(flags & (SYN | FIN))

    def pcap(self) -> bytes:
        """As libpcap writes it, little-endian, microseconds."""
        out = pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        for time, octets, snap in self.packets:
            kept = octets[:snap]
            out += pack("<IIII", int(time), round(time % 1 * 1e6), len(kept), len(octets)) + kept
        return out

    def pcapng(self) -> bytes:
        """One section, one Ethernet interface, enhanced packet blocks, microseconds."""

        def block(kind: int, body: bytes) -> bytes:
            body += bytes(-len(body) % 4)
            return pack("<II", kind, len(body) + 12) + body + pack("<I", len(body) + 12)

        out = block(0x0A0D0D0A, pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, pack("<HHI", 1, 0, 65535))
        for time, octets, snap in self.packets:
            ticks, kept = round(time * 1e6), octets[:snap]
            head = pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(kept), len(octets))
            out += block(6, head + kept)
        return out
