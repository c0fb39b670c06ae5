"""Builds the gateway from its configuration and runs it until a signal ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from smppd import log
from smppd.app.gateway import Gateway
from smppd.config import Config
from smppd.config.load import parse, read
from smppd.config.outside import verify
from smppd.errors import ConfigError, SmppdError


async def run(config: Config, *, config_path: Path | None = None, migrate_schema: bool = True) -> int:
    """The gateway until SIGTERM or SIGINT; a second one forces. SIGHUP reads the configuration again.

    Returns the exit code. Raises StartError in words.
    """
    log.setup(config.log)
    gateway = Gateway(config)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if gateway.stopping:
            os._exit(130)  # asked twice: what is committed is safe, the rest was never answered
        gateway.stop()

    def reload() -> None:
        if config_path is None:
            return
        try:
            text = read(config_path)
            config = parse(text, str(config_path))
            verify(config, text, str(config_path))
        except ConfigError as error:
            for each in (error, *error.others):
                log.get("gateway").error("configuration not taken over; the old one stays", reason=str(each))
        else:
            gateway.reload(config)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(gateway.serve(migrate_schema=migrate_schema))
            announcing = group.create_task(_announce(gateway))
            await asyncio.wait({serving})
            announcing.cancel()
    except* SmppdError as failed:
        raise _first(failed) from None
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
    return 0


def _first(failed: BaseExceptionGroup[SmppdError]) -> SmppdError:
    """A task group within a task group wraps what happened twice."""
    error = failed.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


async def _announce(gateway: Gateway) -> None:
    await gateway.ready.wait()
    sys.stdout.write("smppd ready\n")
    sys.stdout.flush()
