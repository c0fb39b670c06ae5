"""The same flood on an empty database and on one with a long history: what is past must not slow what comes.

python -m benchmarks.history [--rows 10000000] [--count 20000]
"""

from __future__ import annotations

import argparse
import time

import asyncpg

from benchmarks.load import CountingSink, flood, run
from benchmarks.peers import smppd
from smppd.simulator.smsc import Smsc

WINDOWS = (10, 100)
SHARE = 1_000_000  # rows per statement

_FILL = """
with n as materialized (select nextval('entry_id') as id from generate_series(1, $1::bigint)),
 r as (insert into received
         (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class, state, received_at)
       select id, 1, 1, 0, id, '2557' || (id % 20000), '15001',
              'ANC ' || id || ' a text of about sixty octets as they come', 0, 0, 0, now() - interval '1 hour' from n)
insert into outcome (message, system, state, attempts) select id, 1, 1, 1 from n
"""


async def main(rows: int, count: int) -> None:
    """One gateway; floods before and after its history is filled in."""
    smsc, sink = Smsc(accounts={"bench": "bench"}, keep=0), CountingSink()
    port, url = await smsc.start(), await sink.start()
    async with smppd(port, url) as gateway:
        await smsc.wait_bound(1, 30)
        await flood(smsc, sink, 2000, 100)
        empty = {window: await flood(smsc, sink, count, window) for window in WINDOWS}
        began = time.monotonic()
        connection = await asyncpg.connect(gateway.dsn)
        for _ in range(0, rows, SHARE):
            await connection.execute(_FILL, min(SHARE, rows), timeout=600)
        await connection.execute("vacuum analyze received, outcome", timeout=600)
        await connection.execute("checkpoint", timeout=600)
        await connection.close()
        print(f"{rows:,} rows of history written in {time.monotonic() - began:.0f} s")
        await flood(smsc, sink, 2000, 100)
        full = {window: await flood(smsc, sink, count, window) for window in WINDOWS}
    await smsc.stop()
    for window in WINDOWS:
        before, after = empty[window], full[window]
        print(
            f"window {window:3}: acknowledged {before.acked:8,.0f} -> {after.acked:8,.0f}/s "
            f"({after.acked / before.acked - 1:+.0%}), forwarded {before.forwarded:8,.0f} -> {after.forwarded:8,.0f}/s "
            f"({after.forwarded / before.forwarded - 1:+.0%})"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--count", type=int, default=20_000)
    given = parser.parse_args()
    run(main(given.rows, given.count))
