"""Writes sql/schema.sql: the schema that the migrations make, for people to read and for a test to compare.

`python -m tests.project.dump_schema` after a new migration.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path

import asyncpg

from smppd.store import migrate
from smppd.store.embedded import EmbeddedServer

SCHEMA = Path(__file__).resolve().parents[2] / "sql" / "schema.sql"
_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*|)$")


def dumped(server: EmbeddedServer, dsn: str) -> str:
    """The schema of a database as pg_dump sees it, without what depends on its version or place."""
    command = [str(server._bin / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", "--dbname", dsn]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = re.sub(r" CONSTRAINT \w+ NOT NULL", " NOT NULL", text)  # PostgreSQL 18 names them, older ones do not
    statements = re.split(r"\n(?=CREATE|ALTER)", "\n".join(x for x in text.splitlines() if not _NOISE.match(x)))
    return "\n\n".join(statement.strip() for statement in statements) + "\n"


async def _fresh(folder: Path) -> str:
    server = EmbeddedServer(folder)
    await server.start()
    try:
        connection = await asyncpg.connect(server.dsn)
        await migrate.migrate(connection)
        await connection.close()
        return await asyncio.to_thread(dumped, server, server.dsn)
    finally:
        await server.stop("immediate")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="smppd-schema-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        SCHEMA.write_text(asyncio.run(_fresh(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
