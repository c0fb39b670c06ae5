"""What the demo shows in the end: each message, and whether it stands where it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smppd.app.samples import outgoing, samples
from smppd.simulator.phones import shown
from smppd.store import Database

if TYPE_CHECKING:
    from rich.console import Console

    from smppd.app.demo import Demo

_STORED = "select text, state from message order by id"
_SENT = """
select s.text, s.state, (select count(*) from outpart p where p.message = s.id and p.stat <> '') as receipts
from sent s order by s.id
"""


async def inbound_table(running: Demo, db: Database, console: Console) -> bool:
    """From the phones; whether all of it arrived, once and whole."""
    from rich.table import Table

    stored = {row["text"]: row["state"] for row in await db.pool.fetch(_STORED)}
    table = Table(title="From the phone to the system", title_justify="left")
    for column in ("message", "parts", "acknowledged", "stored", "at DHIS2", "at CHT", ""):
        table.add_column(column, justify="left" if column in ("message", "") else "center")
    all_well = True
    for sample in samples():
        acked, state = running.acked.get(sample.name, False), stored.get(sample.text, "no")
        found = {system: running.arrived(sample, system) for system in ("dhis2", "cht")}
        well = acked and state == "complete" and all(found[s] == (s in sample.systems) for s in found)
        all_well &= well
        cells = [str(found[s]) if s in sample.systems or found[s] else "·" for s in ("dhis2", "cht")]
        table.add_row(sample.name, str(sample.parts), "yes" if acked else "no", state, *cells, _words(well))
    console.print(table)
    return all_well


async def outbound_table(running: Demo, db: Database, console: Console) -> bool:
    """To the phones; whether all of it was sent, once and whole, and its end told to the system that asked."""
    from rich.table import Table

    stored = {row["text"]: row for row in await db.pool.fetch(_SENT)}
    table = Table(title="From the system to the phone", title_justify="left")
    for column in ("message", "from", "parts", "stored", "on the phone", "receipts", "the system was told", ""):
        table.add_column(column, justify="left" if column in ("message", "from", "") else "center")
    all_well = True
    for each in outgoing():
        row = stored.get(each.text)
        state, receipts = (row["state"], row["receipts"]) if row is not None else ("no", 0)
        phone, told = shown(running.smsc.submits, each.phone), running.told(each)
        well = state == told == each.ends and phone == [each.text] and receipts == each.parts
        all_well &= well
        count = str(phone.count(each.text))
        table.add_row(each.name, each.by, str(each.parts), state, count, str(receipts), told, _words(well))
    console.print(table)
    return all_well


def _words(well: bool) -> str:
    return "ok" if well else "NOT ARRIVED"
