"""What a configuration would do, in words, and what in it looks like a mistake. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from smppd.config import CarrierConfig, Config, RouteConfig, StoreConfig, SystemConfig


def described(config: Config) -> Iterator[str]:
    """One line per listener, carrier, system and route."""
    yield f"node {config.node.name}, processes {config.node.processes}"
    yield _store(config.store)
    scheme = "https" if config.http.tls else "http"
    yield "listens on " + ", ".join(f"{scheme}://{address}" for address in config.http.listen)
    for name, carrier in config.carriers.items():
        yield f"carrier {name}: {_carrier(carrier)}"
    for name, system in config.systems.items():
        yield f"system {name}: {_system(system)}"
    for index, route in enumerate(config.routes):
        yield f"route {index + 1}: {route_in_words(route)}"


def warnings(config: Config) -> Iterator[str]:
    """What is allowed but seldom meant."""
    if not config.carriers:
        yield "no carrier is configured: nothing will be received"
    routed = {name for route in config.routes for name in route.to}
    for name, system in config.systems.items():
        if system.type == "api":
            if system.access is None or (system.access.token_hash is None and system.access.username is None):
                yield f"system {name}: it has no token_hash and no username in access, so it cannot call"
        elif name not in routed:
            yield f"system {name}: no route leads to it, so it receives nothing"
    for index, route in enumerate(config.routes):
        if not route.to:
            yield f"route {index + 1}: it leads to no system; what it takes stays unrouted"
        for before, earlier in enumerate(config.routes[:index]):
            if not earlier.continue_ and _covers(earlier, route):
                yield f"route {index + 1}: never reached, route {before + 1} takes all it would"
                break
        if route.carrier is not None and (number := _foreign(config.carriers[route.carrier], route)):
            yield f"route {index + 1}: {number} is not among the numbers of carrier {route.carrier}"
    for name, carrier in config.carriers.items():
        if carrier.version == "3.3" and carrier.bind == "transceiver":
            yield f'carrier {name}: SMPP 3.3 has no transceivers; a carrier that is strict about it wants bind = "pair"'
        if carrier.bind == "transmitter":
            continue
        for number in carrier.numbers:
            if not any(_may_take(route, name, number) for route in config.routes):
                yield f"carrier {name}: no route takes messages to {number}; they will stand as unrouted"
        if not config.routes and not carrier.numbers:
            yield f"carrier {name}: there are no routes, so its messages will stand as unrouted"
        if carrier.password and len(carrier.password) > 8:
            yield f"carrier {name}: the password has more than 8 characters; SMPP 3.4 allows 8, it is sent whole"
        if isinstance(carrier.tls, bool) or carrier.tls.verify:
            continue
        yield f"carrier {name}: its certificate is not verified, so anyone on the way can read and change messages"
    if config.store.dsn is not None and config.store.max_disk.endswith("%"):
        yield "store.max_disk is a share, which cannot be measured on a database elsewhere; give a size"


def route_in_words(route: RouteConfig) -> str:
    """ "to 15001 beginning with the word anc, from 255*: dhis2 and cht"."""
    words = [
        f"to {route.number}" if route.number is not None else "",
        f"from {route.sender}" if route.sender is not None else "",
        f"by carrier {route.carrier}" if route.carrier is not None else "",
        f'first word "{route.keyword}"' if route.keyword is not None else "",
        f"text matching {route.keyword_regex}" if route.keyword_regex is not None else "",
    ]
    conditions = ", ".join(word for word in words if word) or "every message"
    rest = ", and on to the next routes" if route.continue_ else ""
    return f"{conditions} -> {' and '.join(route.to) or 'nobody'}{rest}"


def _store(store: StoreConfig) -> str:
    where = "the PostgreSQL of store.dsn" if store.dsn is not None else f"an embedded PostgreSQL in {store.data_dir}"
    limit = f"{store.max_disk} of its volume" if store.max_disk.endswith("%") else f"{int(store.max_disk) / 1e9:g} GB"
    text = f"texts {store.retain_text / 86400:g} days, rows {store.retain / 86400:g} days"
    return f"keeps messages in {where}, at most {limit}; {text}"


def _system(system: SystemConfig) -> str:
    """Whom it is, how it is called, and whether it may call us."""
    where = " at " + system.url if system.url else ""
    if system.type == "kannel":
        called = urlsplit(system.post_url or system.get_url or "").netloc.rpartition("@")[2]  # the rest may be secret
        where = f" at {called}" if called else ""
    limit = f"{system.concurrency} at a time, given up after {system.retry.give_up / 86400:g} days"
    ways = []
    if (access := system.access) is not None:
        ways = ["a token"] if access.token_hash is not None else []
        ways += [f"user name {access.username}"] if access.username is not None else []
    sends = f"; sends with {' or '.join(ways)}" if ways else ""
    return f"{system.type}{where}, {limit}{sends}"


def _carrier(carrier: CarrierConfig) -> str:
    kind = "a transmitter and a receiver" if carrier.bind == "pair" else f"a {carrier.bind}"
    times = f" {carrier.links} times" if carrier.links > 1 else ""
    tls = " with TLS" if carrier.tls_settings else ""
    hosts = ", else ".join(carrier.hosts)
    session = f"SMPP {carrier.version}, window {carrier.window}"
    return f"binds as {kind}{times} to {hosts}{tls} as {carrier.system_id}, {session}"


def _covers(earlier: RouteConfig, later: RouteConfig) -> bool:
    """Whether every message that `later` takes is taken by `earlier`. Unsure is no."""
    return (
        _pattern_covers(earlier.number, later.number)
        and _pattern_covers(earlier.sender, later.sender)
        and earlier.carrier in (None, later.carrier)
        and (earlier.keyword is None or (later.keyword or "").casefold() == earlier.keyword.casefold())
        and earlier.keyword_regex in (None, later.keyword_regex)
    )


def _pattern_covers(wide: str | None, narrow: str | None) -> bool:
    if wide is None or wide == "*":
        return True
    if narrow is None:
        return False
    if wide.endswith("*"):
        return _bare(narrow.removesuffix("*")).startswith(_bare(wide[:-1]))
    return not narrow.endswith("*") and _bare(wide) == _bare(narrow)


def _may_take(route: RouteConfig, carrier: str, number: str) -> bool:
    return route.carrier in (None, carrier) and _pattern_covers(route.number, number)


def _foreign(carrier: CarrierConfig, route: RouteConfig) -> str | None:
    if not carrier.numbers or route.number is None:
        return None
    return None if any(_pattern_covers(route.number, number) for number in carrier.numbers) else route.number


def _bare(number: str) -> str:
    """As routing compares numbers: a leading + or 00 does not count."""
    return number[1:] if number.startswith("+") else number.removeprefix("00")
