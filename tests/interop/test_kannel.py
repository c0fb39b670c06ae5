"""Kannel's own SMPP test driver as SMSC. It is made to test Kannel's bearerbox; here it meets our gateway instead.

It binds receivers and transmitters only, numbers from sequence 0, sends an enquire_link before it reads the answer to
each deliver_sm, and puts a receipted_message_id on plain messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from smppd.config import Config
from tests.interop.kit import Program, Systems, gateway, need, proved, stands, tables

pytestmark = pytest.mark.interop

DRIVER = Path("/usr/lib/kannel/test/drive_smpp")
SMSBOX_PORT = 13001  # where the driver looks for a bearerbox, whatever its configuration says
MESSAGES = 200


@contextlib.asynccontextmanager
async def silent_bearerbox() -> AsyncIterator[None]:
    """The driver gives up when nobody listens there; it is content with somebody who has nothing to send."""
    done = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    try:
        server = await asyncio.start_server(hold, "127.0.0.1", SMSBOX_PORT)
    except OSError as error:
        need(False, f"port {SMSBOX_PORT}, which drive_smpp insists on: {error}")
        raise
    async with server:
        try:
            yield
        finally:
            done.set()


@pytest.mark.parametrize(("bind", "links"), [("receiver", 1), ("pair", 2)])
async def test_what_kannels_driver_sends_arrives_at_every_system(
    bind: str, links: int, make_config: Callable[..., Config], tmp_path: Path
) -> None:
    need(os.access(DRIVER, os.X_OK), "drive_smpp (Debian: kannel-extras)")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = tmp_path / "driver.conf"
    settings.write_text("group = core\nadmin-port = 1\nsmsbox-port = 1\nadmin-password = x\n")
    sent = [("456", str(number)) for number in range(1, MESSAGES + 1)]
    systems = Systems(["456"])
    async with AsyncExitStack() as stack:
        served = await systems.start(stack)
        await stack.enter_async_context(silent_bearerbox())
        command = ("-v", "0", "-p", str(port), "-m", str(MESSAGES), "-c", str(settings))
        driver = await stack.enter_async_context(Program.run(tmp_path, DRIVER, *command))
        running = await stack.enter_async_context(gateway(make_config(**tables(port, bind=bind), **served)))
        await systems.received(sent)
        await stands(running, "select count(*) = $1 from link_state where state = 'bound'", links)
        receipts = await running.db.pool.fetchval("select count(*) from receipt")
        assert receipts == 0, "a plain message was taken for a receipt"
        await proved(running, "message")
        running.stop()
        # It answers our unbind and ends by itself once all connections have.
        assert await driver.ended() == 0
        log = driver.errors
        assert log.count("Handling SMPP PDU of type deliver_sm_resp") == MESSAGES
        assert "Unhandled SMPP PDU" not in log
