"""All SQL access, and the embedded server. Takes values of the model and gives values of the model."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from smppd.config import Config
from smppd.errors import StartError
from smppd.store.database import Database

__all__ = ["Database", "connect"]


@contextlib.asynccontextmanager
async def connect(config: Config, *, migrate_schema: bool = False) -> AsyncIterator[Database]:
    """A database for one command: an embedded server that is not running is started for it, and stopped after it.

    Raises StartError in words.
    """
    db = Database(config)
    if db.embedded is not None and not migrate_schema and not db.embedded.made:
        raise StartError(
            f"nothing has run here yet: there is no database in {config.store.data_dir}; smppd run makes it"
        )
    running = db.embedded is not None and await db.embedded.running()
    try:
        await db.start(migrate_schema=migrate_schema)
        yield db
    finally:
        await db.stop(keep_server=running)
