"""smppd status: links, queues and what needs attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from smppd.cli.common import ConfigOption, JsonOption, ago, console, loaded, opened, quiet_log, run_async

if TYPE_CHECKING:
    from datetime import datetime

    from rich.table import Table

    from smppd.config import Config
    from smppd.store.status import Status


_NUMBERS = ("waiting", "retrying", "dead", "queued", "scheduled", "in flight")


def status(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Show links, queues per carrier and system, incomplete parts and disk, as the database knows them."""
    settings, _ = loaded(config)
    quiet_log(settings)
    found = run_async(_snapshot(settings))
    if json:
        from smppd.cli.output import as_json

        typer.echo(as_json(found))
    else:
        _print(found, settings)


async def _snapshot(config: Config) -> Status:
    from smppd.store.status import snapshot

    async with opened(config) as db:
        return await snapshot(db)


def _print(found: Status, config: Config) -> None:
    out = console()
    alive = [node["name"] for node in found.nodes if node["alive"]]
    out.print(f"running on {', '.join(alive)}" if alive else "no gateway is running on this database", style="bold")
    states = {(link["carrier"], link["link"]): link for link in found.links}
    links = _new("carrier", "link", "state", "for", "node", "peer", "reason")
    for (carrier, number), link in states.items():
        gone = "" if carrier in config.carriers else "not configured any more"
        state = link["state"] if link["node"] in alive else f"{link['state']} when last seen"
        _add(
            links,
            carrier,
            number,
            state,
            ago(link["since"], found.at),
            link["node"],
            link["peer"],
            gone or link["reason"],
        )
    for carrier in sorted(set(config.carriers) - {name for name, _ in states}):
        _add(links, carrier, "-", "never bound", "-", "", "", "")
    out.print(links)
    out.print(_carriers(found, config))
    systems = _new("system", "waiting", "retrying", "oldest", "dead", "service", "last reason")
    for row in found.systems:
        waited = ago(row["oldest"], found.at)
        by_hand = f"by hand: {row['held_by']}" if row["held_at"] else ""
        reason = by_hand or row["paused_reason"] or row["reason"] or ""
        service = _service(row, alive, found.at)
        _add(systems, row["name"], row["waiting"], row["retrying"], waited, row["dead"], service, reason)
    out.print(systems)
    for row in found.recent:
        out.print(
            f"{row['carrier']}: {row['last_minute']} messages in the last minute, {row['last_hour']} in the last hour"
        )
    disk = "unknown" if found.disk is None else f"{found.disk:.0%} of its budget"
    out.print(f"waiting for parts: {found.parts_incomplete}; disk: {disk}")
    hints = {
        "unrouted": "no route took them: smppd messages --state unrouted; after a new route smppd replay --unrouted",
        "quarantined": "could not be read: smppd messages --state quarantined",
        "incomplete": "delivered without all parts: smppd messages --state incomplete",
    }
    for name, count in found.attention.items():
        if count:
            out.print(f"{count} {name}: {hints.get(name, '')}")
    if dead := sum(row["dead"] for row in found.systems):
        out.print(f"{dead} dead: smppd messages --dead shows why; smppd replay --dead puts them back")


def _carriers(found: Status, config: Config) -> Table:
    """What is sent over each carrier, and why it is not faster."""
    table = _new("carrier", "sends", "queued", "scheduled", "in flight", "oldest", "pace", "limited by", "why")
    for row in found.carriers:
        settings = config.carriers.get(row["name"])
        if settings is not None and settings.bind == "receiver":
            continue
        pace = "" if row["pace"] is None or not row["up"] else f"{row['pace']:.4g}/s"
        if pace and settings is not None:
            pace += f" of {settings.throughput:g}"
        _add(
            table,
            row["name"],
            _sends(row, found.at),
            row["queued"],
            row["scheduled"],
            row["sending"],
            ago(row["oldest"], found.at),
            pace,
            row["limited_by"] if row["up"] else "carrier",
            row["reason"],
        )
    return table


def _sends(carrier: dict[str, Any], now: datetime) -> str:
    if carrier["paused_at"]:
        return f"paused for {ago(carrier['paused_at'], now)}"
    if not carrier["up"]:
        return "no: down"
    return "no: it refuses" if carrier["refusing_until"] else "yes"


def _service(system: dict[str, Any], alive: list[str], now: datetime) -> str:
    if system["node"] not in alive:
        return "nobody serves it"
    since = system["held_at"] or system["paused_since"]
    return f"paused for {ago(since, now)}" if since else "served"


def _new(*columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left")
    return table


def _add(table: Table, *cells: Any) -> None:
    from rich.text import Text

    table.add_row(*(Text(str(cell)) for cell in cells))
