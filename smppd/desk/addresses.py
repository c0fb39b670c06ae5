"""Where a request comes from: the peer's address, or what proxies that we trust say of it. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Networks:
    """A list of addresses and networks of the configuration."""

    def __init__(self, written: Iterable[str]) -> None:
        self._networks: list[_Network] = [ipaddress.ip_network(each) for each in written]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


@lru_cache(maxsize=4096)
def read(written: str) -> Address | None:
    """An address, also with port or brackets as proxies write it; None for anything else. IPv4 in IPv6 is IPv4."""
    text = written.strip().strip('"')
    if found := re.fullmatch(r"\[([^\]]+)\](?::\d+)?", text) or re.fullmatch(r"([\d.]+):\d+", text):
        text = found[1]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def client(peer: str, forwarded: Sequence[str], trusted: Networks) -> Address | None:
    """The address of the client. `forwarded`: the X-Forwarded-For headers in order.

    Each proxy appends whom it heard; they are read from the end for as long as the one that says so is trusted.
    """
    address = read(peer)
    if not trusted or address not in trusted:
        return address
    for hop in reversed([hop for header in forwarded for hop in header.split(",")]):
        heard = read(hop)
        if heard is None:
            break
        address = heard
        if address not in trusted:
            break
    return address


def neighbourhood(address: Address | None) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one host of IPv6 chooses its addresses from."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
