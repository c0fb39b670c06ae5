"""smppd messages: search what came and what became of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smppd.cli.common import ConfigOption, JsonOption, console, loaded, moment, opened, quiet_log, run_async

if TYPE_CHECKING:
    from smppd.config import Config
    from smppd.store.history import HistoryRow, ReportRow


class State(StrEnum):
    """States of an inbound message."""

    complete = "complete"
    incomplete = "incomplete"
    unrouted = "unrouted"
    quarantined = "quarantined"
    blocked = "blocked"


DeadOption = Annotated[bool, typer.Option("--dead", help="Only what a system refused for good or until given up.")]
SystemOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only what was to reach this system.")]
CarrierOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only of this carrier.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="NUMBER", help="Sender, as the carrier wrote it.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="NUMBER", help="Our number.")]
SinceOption = Annotated[str | None, typer.Option(metavar="AGE|TIME", help='"2h", "3d" or a time.')]


def messages(
    config: ConfigOption = None,
    sent: Annotated[bool, typer.Option("--sent", help="Those that systems sent to phones.")] = False,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Only in this state.")] = None,
    dead: DeadOption = False,
    system: SystemOption = None,
    carrier: CarrierOption = None,
    sender: FromOption = None,
    recipient: ToOption = None,
    since: SinceOption = None,
    id: Annotated[int | None, typer.Option(help="Only this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, newest first.")] = 50,
    open_: Annotated[bool, typer.Option("--open", help="Show texts and whole numbers.")] = False,
    json: JsonOption = False,
) -> None:
    """Search inbound messages and their deliveries; with --sent those to phones, and with --id the parts of one.

    Numbers are masked and texts hidden unless --open.

    --dead and --id find reports as well: what a system was to be told of a message that it sent.
    """
    from smppd.cli import sent as sent_module
    from smppd.store.sent import Filters

    settings, _ = loaded(config)
    quiet_log(settings)
    after = None if since is None else moment(since)
    _known(state, sent_module.STATES if sent else tuple(State))
    if sent:
        if dead:
            raise typer.BadParameter(
                "--dead asks of deliveries to systems; those to phones have --state", param_hint="--dead"
            )
        filters = Filters(system, state, carrier, recipient, sender, after, limit=limit)
        found = run_async(sent_module.find(settings, filters, id))
        if json:
            from smppd.cli.output import as_json

            typer.echo(as_json([sent_module.plain(row, open_) for row in found]))
        else:
            sent_module.show(found, open_)
            if len(found) == limit:
                typer.echo(f"the newest {limit}; --limit shows more", err=True)
        return
    rows = run_async(
        find(
            settings,
            state=state,
            dead=dead,
            system=system,
            carrier=carrier,
            sender=sender,
            recipient=recipient,
            since=after,
            id=id,
            limit=limit,
        )
    )
    reports: list[ReportRow] = []
    if not json and (dead or id is not None) and not (state or carrier or sender or recipient):
        reports = run_async(_reports(settings, system=system, since=after, id=id, dead=dead, limit=limit))
    if json:
        from smppd.cli.output import as_json

        typer.echo(as_json([plain(row, open_) for row in rows]))
    else:
        if rows or not reports:
            _table(rows, open_)
        for report in reports:
            told = f"report {report.id} of message {report.outbound} to {report.system}: {report.state}"
            typer.echo("\n".join([told, *(f"    {line}" for line in report.deliveries)]))
        if len(rows) == limit:
            typer.echo(f"the newest {limit}; --limit shows more", err=True)


def _known(state: str | None, states: Sequence[str]) -> None:
    if state is not None and state not in states:
        raise typer.BadParameter(f"write one of {', '.join(states)}", param_hint="--state")


async def find(config: Config, **filters: Any) -> list[HistoryRow]:
    """The messages that fit, newest first."""
    from smppd.store.history import search

    async with opened(config) as db:
        return await search(db, **filters)


async def _reports(config: Config, **filters: Any) -> list[ReportRow]:
    from smppd.store.history import reports

    async with opened(config) as db:
        return await reports(db, **filters)


def plain(row: HistoryRow, open_: bool) -> dict[str, Any]:
    """One row as JSON has it, discreet unless `open_`."""
    from dataclasses import asdict

    out = asdict(row)
    if not open_:
        out |= {"sender": _masked(row.sender), "recipient": _masked(row.recipient), "text": None, "data": None}
        out["length"] = len(row.text) if row.text is not None else len(row.data or b"")
    return out


def _masked(number: str) -> str:
    from smppd import log

    return log.masked(number)


def _table(rows: list[HistoryRow], open_: bool) -> None:
    from rich import box
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    out = console()
    if not rows:
        out.print("no message fits")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    below: list[str] = []
    for name in ("id", "received", "carrier", "from", "to", "state", "text" if open_ else "size", "deliveries"):
        table.add_column(name, no_wrap=name != "text", overflow="fold" if name == "text" else "ellipsis")
    for row in rows:
        shown = plain(row, open_)
        content = (row.text if row.text is not None else (row.data or b"").hex(" ")) if open_ else str(shown["length"])
        missing = f", missing {row.missing}" if row.missing else ""
        state = " ".join(filter(None, (row.state, row.problem, row.label))) + missing
        cells = (str(row.id), _local(row.received_at), row.carrier, shown["sender"], shown["recipient"], state, content)
        table.add_row(*(Text(cell) for cell in cells), Text("\n".join(row.deliveries)))
        below += ["  ".join(cells).replace("\n", " "), *(f"    {line}" for line in row.deliveries)]
    unbound = out.options.update(max_width=sys.maxsize)
    if out.is_terminal and Measurement.get(out, unbound, table).maximum > out.width:
        typer.echo("\n".join(below))  # too narrow for columns, which would be cut
    else:
        out.print(table)


def _local(then: datetime) -> str:
    return then.astimezone().strftime("%Y-%m-%d %H:%M:%S")
