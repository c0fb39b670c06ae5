"""What PostgreSQL makes of a statement: the plan it keeps for a prepared one, and what a run of it reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from smppd.store.database import Connection

_names = count(1)
_NUMBERS = ("Actual Rows", "Actual Loops", "Shared Hit Blocks", "Shared Read Blocks")


@dataclass(frozen=True, slots=True)
class Scan:
    """One place in a plan where a table is read; with an index but no condition on it, all of the index is read."""

    table: str
    index: str | None
    condition: str
    loops: int = 0  # how often it was begun in the run

    @property
    def whole(self) -> bool:
        """Whether everything is read, table or index."""
        return not self.condition

    def __str__(self) -> str:
        return f"{self.table} by {self.index or 'itself'} {self.condition or 'WHOLE'}"


@dataclass(frozen=True, slots=True)
class Plan:
    """`buffers` and `rows` are those of the run, 0 when it was not run."""

    scans: tuple[Scan, ...]
    text: str
    buffers: int = 0
    rows: int = 0

    def indexes(self, table: str) -> set[str | None]:
        """The indexes by which `table` is read; None stands for a scan of the table itself."""
        return {scan.index for scan in self.scans if scan.table == table}


async def kept(connection: Connection, statement: str, *values: object, executions: int = 0) -> Plan:
    """The plan of a prepared statement: the generic one, or the one chosen after so many executions."""
    name = await _prepared(connection, statement)
    try:
        if not executions:
            await connection.execute("set plan_cache_mode = force_generic_plan")
        for _ in range(executions):
            rows = await connection.fetchval(f"explain (format json) execute {name}{_values(values)}")
        if not executions:
            rows = await connection.fetchval(f"explain (format json) execute {name}{_values(values)}")
        return _plan(rows)
    finally:
        await connection.execute(f"deallocate {name}")
        await connection.execute("reset plan_cache_mode")


async def ran(connection: Connection, statement: str, *values: object) -> Plan:
    """The generic plan, run and taken back, with the pages it touched."""
    name = await _prepared(connection, statement)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute("set local plan_cache_mode = force_generic_plan")
        how = "analyze, buffers, timing off, format json"
        return _plan(await connection.fetchval(f"explain ({how}) execute {name}{_values(values)}"))
    finally:
        await transaction.rollback()
        await connection.execute(f"deallocate {name}")


async def _prepared(connection: Connection, statement: str) -> str:
    name = f"p{next(_names)}"
    await connection.execute(f"prepare {name} as {statement}")
    return name


def _plan(explained: str) -> Plan:
    (top,) = json.loads(explained)
    root = top["Plan"]
    scans = tuple(
        Scan(
            node["Relation Name"], node.get("Index Name"), node.get("Index Cond", ""), int(node.get("Actual Loops", 0))
        )
        for node in _nodes(root)
        if node["Node Type"].endswith("Scan") and "Relation Name" in node
    )
    buffers = root.get("Shared Hit Blocks", 0) + root.get("Shared Read Blocks", 0)
    return Plan(scans, "\n".join(_lines(root)), buffers, int(root.get("Actual Rows", 0)))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _lines(node: dict[str, Any], depth: int = 0) -> Iterator[str]:
    words = [node["Node Type"], node.get("Relation Name", ""), node.get("Index Name", "")]
    numbers = [f"{key}={node[key]}" for key in _NUMBERS if key in node]
    conditions = [f"{key}: {node[key]}"[:160] for key in ("Index Cond", "Filter", "Hash Cond") if key in node]
    yield "  " * depth + " ".join(word for word in (*words, *numbers, *conditions) if word)
    for below in node.get("Plans", ()):
        yield from _lines(below, depth + 1)


def _values(values: Iterable[object]) -> str:
    written = ", ".join(map(_literal, values))
    return f"({written})" if written else ""


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case timedelta():
            return f"'{value.total_seconds()} seconds'"
        case datetime():
            return f"'{value.isoformat()}'"
        case list():
            inner = ",".join("null" if one is None else '"' + str(one).replace('"', '\\"') + '"' for one in value)
            return "'{" + inner + "}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"
