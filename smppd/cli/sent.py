"""smppd messages --sent: what systems sent to phones, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from smppd.cli.common import console, opened
from smppd.errors import StoreDown

if TYPE_CHECKING:
    from smppd.config import Config
    from smppd.store.sent import Filters

STATES = (
    "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "expired", "rejected", "failed", "denied",
    "cancelled", "unknown",
)  # fmt: skip


async def find(config: Config, wanted: Filters, id: int | None) -> list[dict[str, Any]]:
    """The messages that fit, newest first; one alone with its parts, receipts and reports."""
    from smppd.store.sent import Sent, TooMuch

    async with opened(config) as db:
        if id is not None:
            found = await Sent(db).life(id, wanted.system)
            return [] if found is None else [found]
        try:
            return await Sent(db).search(wanted)
        except TooMuch:
            raise StoreDown("this search reads too much: add --to, --since or --system") from None


def plain(row: dict[str, Any], open_: bool) -> dict[str, Any]:
    """One row as JSON has it, discreet unless `open_`."""
    if open_:
        return row
    from smppd import log

    length = len(row["text"]) if row["text"] is not None else len(row["data"] or b"")
    hidden: dict[str, Any] = {"from": log.masked(row["from"]), "to": log.masked(row["to"]), "length": length}
    hidden |= {"text": None, "data": None}
    hidden["options"] = {key: value for key, value in row["options"].items() if key != "callback_url"}
    for receipt in (receipts := [dict(one) for one in row.get("receipts", ())]):
        receipt.pop("raw", None)
        receipt.update({key: log.masked(receipt[key]) for key in ("sender", "recipient") if key in receipt})
    return row | hidden | ({"receipts": receipts} if receipts else {})


def show(rows: list[dict[str, Any]], open_: bool) -> None:
    """A table, or what is known of the one message."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    if not rows:
        out.print("no message fits")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "handed in", "system", "carrier", "from", "to", "parts", "state", "text" if open_ else "size"):
        table.add_column(name, overflow="fold")
    for row in rows:
        shown = plain(row, open_)
        content = (row["text"] or (row["data"] or b"").hex(" ")) if open_ else str(shown["length"])
        state = row["state"] + (f": {row['reason']}" if row["reason"] else "")
        cells = (str(row["id"]), _local(row["created_at"]), row["system"], row["carrier"] or "-", shown["from"] or "-")
        table.add_row(*(Text(cell) for cell in (*cells, shown["to"], str(row["parts"]), state, content)))
    out.print(table)
    for row in rows:
        for part in row.get("sent_parts", ()):
            known = f", id {part['message_id']}" if part["message_id"] else ""
            said = " ".join(filter(None, (part["stat"], part["error"])))
            again = f", sent again {part['resends']} times in doubt" if part["resends"] else ""
            typer.echo(
                f"part {part['number']} of {part['total']}: {part['state']}{known}{f', {said}' if said else ''}{again}"
            )
        for report in row.get("reports", ()):
            typer.echo(
                "\n".join([f"report {report['id']}: {report['state']}", *(f"    {d}" for d in report["deliveries"])])
            )


def _local(then: datetime) -> str:
    return then.astimezone().strftime("%Y-%m-%d %H:%M:%S")
