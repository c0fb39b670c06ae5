"""smppd send: one message handed in, beside a running gateway or before one, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smppd.cli.common import ConfigOption, loaded, opened, quiet_log, run_async

if TYPE_CHECKING:
    from smppd.config import Config
    from smppd.desk import Desk
    from smppd.store import Database

EVERY = 0.25  # seconds between two looks at its life
UNKNOWN_YET = 3  # exit code


def send(
    to: Annotated[str, typer.Option("--to", metavar="NUMBER", help="The phone.")],
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="What it says; long ones go in parts.")],
    config: ConfigOption = None,
    sender: Annotated[str, typer.Option("--from", metavar="NUMBER", help="Default: the system's own.")] = "",
    system: Annotated[
        str | None, typer.Option(metavar="NAME", help="As this system. Default: the first one with access.")
    ] = None,
    carrier: Annotated[str, typer.Option(metavar="NAME", help="By this carrier only.")] = "",
    reference: Annotated[str | None, typer.Option(metavar="ID", help="The same one again is the same message.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show its life until it ends.")] = False,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="Wait no longer than this.")] = 60.0,
) -> None:
    """Send one message to a phone. The gateway that runs on this database, or the next one, sends it."""
    from smppd.model import Options, Submission

    for given in (to, text, sender, carrier, reference or ""):
        if not _is_utf8(given):
            raise typer.BadParameter("the command line is not UTF-8; what would be sent is a guess")
    settings, _ = loaded(config)
    quiet_log(settings)
    name = _system(settings, system)
    asked = Submission(to, text, sender=sender, reference=reference, options=Options(carrier=carrier))
    raise typer.Exit(run_async(_send(settings, name, asked, timeout if wait else None)))


def _is_utf8(text: str) -> bool:
    """Python keeps other octets of the command line as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _system(config: Config, asked: str | None) -> str:
    """Whose message it is: the one named, the only one, or the first that may hand in messages."""
    from smppd.errors import StartError

    names = list(config.systems)
    if asked is not None:
        if asked not in names:
            raise typer.BadParameter(f"there is no [systems.{asked}]; there are {', '.join(names) or 'none'}")
        return asked
    if not names:
        raise StartError('there is no system that could send: write one, for example [systems.me] with type = "api"')
    return next((name for name in names if config.systems[name].access is not None), names[0])


async def _send(config: Config, system: str, asked: Any, timeout: float | None) -> int:
    from smppd.desk import Accepted

    async with opened(config) as db, _desk(db, config) as desk:
        (result,) = await desk.submit(system, [asked])
        if not isinstance(result, Accepted):
            stored = f" (kept as {result.id})" if result.id else ""
            typer.echo(f"not sent: {result.field}: {result.reason}{stored}", err=True)
            return 1
        parts = "1 part" if result.parts == 1 else f"{result.parts} parts"
        typer.echo(f"message {result.id} of {system}: {result.state.name.lower()}", nl=False)
        typer.echo(
            f", it was there before{_because(result.reason)}"
            if result.repeated
            else f" for {result.carrier}, {parts} ({result.alphabet})"
        )
        if not result.usable and not result.repeated:
            words = desk.health.of(result.carrier).reason
            typer.echo(f"{result.carrier} takes no messages now{_because(words)}; it waits", err=True)
        return 0 if timeout is None else await _watch(db, config, result.id, timeout)


@contextlib.asynccontextmanager
async def _desk(db: Database, config: Config) -> AsyncIterator[Desk]:
    """A desk for one message, which tells the senders of it."""
    from smppd.app.counter import Counter
    from smppd.store.wake import SEND

    committed = asyncio.Event()
    counter = Counter(db, config, committed.set)
    await counter.health.refresh()
    await counter.check_disk()
    writing = asyncio.create_task(counter.writer.run())
    try:
        yield counter.desk
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        if committed.is_set():
            await db.pool.execute(f"notify {SEND}")


async def _watch(db: Database, config: Config, id: int, timeout: float) -> int:
    from smppd.model import OutboundState
    from smppd.store.sent import Sent

    sent, said = Sent(db), ""
    end = asyncio.get_running_loop().time() + timeout
    while True:
        life = await sent.life(id, None)
        if life is None:
            typer.echo("it is no longer there", err=True)
            return 1
        if (words := _words(life)) != said:
            typer.echo(words)
            said = words
        state = OutboundState[life["state"].upper()]
        if state.final:
            return 0 if state is OutboundState.DELIVERED else 1
        if state is OutboundState.SENT and _no_receipts(config, life["carrier"]):
            return 0
        if asyncio.get_running_loop().time() >= end:
            typer.echo(f"it goes on: after {timeout:g} s it is {life['state']}", err=True)
            return UNKNOWN_YET
        await asyncio.sleep(EVERY)


def _no_receipts(config: Config, carrier: str) -> bool:
    """Whether no more will be heard of it, because nobody asked."""
    found = config.carriers.get(carrier)
    return found is not None and not found.receipts


def _words(life: dict[str, Any]) -> str:
    """Its state, and that of each part which the carrier has named."""
    parts = [
        f"part {part['number']} {part['state']}" + (f" as {part['message_id']}" if part["message_id"] else "")
        for part in life["sent_parts"]
    ]
    return f"{life['state']}{_because(life['reason'])}" + (f" ({', '.join(parts)})" if parts else "")


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
