"""smppd replay: dead, past or unrouted messages put back on their way, and reports of messages that systems sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from smppd.cli.common import ConfigOption, loaded, moment, opened, quiet_log, run_async
from smppd.cli.messages import CarrierOption, DeadOption, FromOption, SinceOption, SystemOption, ToOption

if TYPE_CHECKING:
    from smppd.config import Config

MOST = 10_000


def replay(
    config: ConfigOption = None,
    id: Annotated[list[int] | None, typer.Option(help="This message or report; may be given several times.")] = None,
    dead: DeadOption = False,
    unrouted: Annotated[bool, typer.Option("--unrouted", help="What no route took, by the routes of now.")] = False,
    system: SystemOption = None,
    carrier: CarrierOption = None,
    sender: FromOption = None,
    recipient: ToOption = None,
    since: SinceOption = None,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """Put deliveries back into the queue: by --id, all --dead, all --unrouted, or all --since.

    That is messages, and what systems are told of theirs. --carrier, --from and --to choose among messages alone.
    A system that has a message already gets it once more, unless it recognises it.
    """
    if not (id or dead or unrouted or since):
        raise typer.BadParameter("say which: --id, --dead, --unrouted or --since")
    if unrouted and (dead or system):
        raise typer.BadParameter(
            "what no route took was never at a system: --unrouted goes without --dead and --system"
        )
    settings, _ = loaded(config)
    quiet_log(settings)
    after = None if since is None else moment(since)
    filters = {"dead": dead, "system": system, "carrier": carrier, "sender": sender, "recipient": recipient}
    raise typer.Exit(run_async(_replay(settings, id or [], unrouted, yes, {**filters, "since": after})))


async def _replay(config: Config, ids: list[int], unrouted: bool, yes: bool, filters: dict[str, Any]) -> int:
    from smppd.routing import Router
    from smppd.store import history

    async with opened(config) as db:
        if unrouted:
            filters["state"] = "unrouted"
        chosen: list[int] = []
        reports: list[int] = []
        each: list[int | None] = [*ids] or [None]
        for one in each:
            chosen += [row.id for row in await history.search(db, **filters, id=one, limit=MOST)]
            if not (unrouted or filters["carrier"] or filters["sender"] or filters["recipient"]):
                told = {key: filters[key] for key in ("system", "since", "dead")}
                reports += [row.id for row in await history.reports(db, **told, id=one, limit=MOST)]
        if not (chosen or reports):
            typer.echo("no message fits")
            return 1 if ids else 0
        more = f" (the newest {MOST}; run it again for the rest)" if MOST in (len(chosen), len(reports)) else ""
        what = _counted(len(chosen), "message") if chosen or not reports else ""
        if reports:
            what += " and " * bool(what) + _counted(len(reports), "report")
        if not yes and not typer.confirm(f"replay {what}{more}?"):
            return 1
        if unrouted:
            done = await history.route_again(db, chosen, Router(config.routes).targets)
            typer.echo(f"{done} of {what} found a route")
        else:
            done = await history.replay(db, chosen + reports, system=filters["system"], dead_only=filters["dead"])
            deliveries = "1 delivery" if done == 1 else f"{done} deliveries"
            typer.echo(f"{deliveries} of {what} put back")
        return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
