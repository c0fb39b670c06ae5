"""A forwarder process: its orders come on standard input, its metrics go out on standard output.

End of input means that the parent is gone, however it went; then nothing more may be delivered by this process, since
the next parent starts its own.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys

import orjson
import uvloop

from smppd import log, metrics
from smppd.app.counter import Counter
from smppd.app.forwarding import Forwarding
from smppd.app.orders import Orders
from smppd.errors import SmppdError
from smppd.store import Database
from smppd.store.wake import SEND, Hint

LAST_WORDS = 5.0  # seconds the forwarders have to give their leases back after they have stopped


async def serve() -> int:
    """Run by orders until told to stop; returns the exit code."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    size = int(await reader.readline())
    orders: Orders = pickle.loads(await reader.readexactly(size))
    log.setup(orders.config.log)
    db = Database(orders.config)
    try:
        await db.start(migrate_schema=False)
    except SmppdError as error:
        log.get("forwarder").error("cannot start", reason=str(error))
        return 1
    hint = Hint(db, SEND)
    counter = Counter(db, orders.config, hint.give)
    beside = [asyncio.ensure_future(job) for job in (counter.run(), hint.run())]
    forwarding = Forwarding(db, orders.config, orders.systems, counter)
    running = asyncio.ensure_future(forwarding.run())
    listening = asyncio.ensure_future(_listen(reader, forwarding, counter))
    sys.stdout.buffer.write(b"ready\n")
    sys.stdout.buffer.flush()
    await asyncio.wait({running, listening}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({running}, timeout=LAST_WORDS)
    if running.done() and (failure := running.exception()) is not None:
        log.get("forwarder").error("stopped", error=failure)
        return 1
    for task in beside:
        task.cancel()
    await db.stop()
    return 0


async def _listen(reader: asyncio.StreamReader, forwarding: Forwarding, counter: Counter) -> None:
    while True:
        match (await reader.readline()).split():
            case [b"metrics"]:
                sys.stdout.buffer.write(orjson.dumps(metrics.samples()) + b"\n")
                sys.stdout.buffer.flush()
            case [b"configure", size]:
                counter.desk.configure(pickle.loads(await reader.readexactly(int(size))))
            case [b"stop", seconds]:
                await forwarding.stop(float(seconds))
                return
            case []:
                os._exit(0)


if __name__ == "__main__":
    sys.exit(uvloop.run(serve()))
