"""The disk budget: a share of our own volume, or a size of the database wherever it is."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from smppd.config import Config
from smppd.store import Database
from smppd.store.disk import RESUME, DiskBudget

Usage = namedtuple("Usage", "total used free")


def budget(dsn: str | None, most: str, folder: Path = Path("/")) -> DiskBudget:
    store = {"max_disk": most, "data_dir": str(folder), **({"dsn": dsn} if dsn else {})}
    return DiskBudget(Database(Config.model_validate({"store": store})))


@pytest.mark.parametrize(
    ("most", "kept_back", "free", "used"),
    [("80%", 0, 100, 0.0), ("80%", 0, 60, 0.5), ("80%", 0, 20, 1.0), ("50%", 0, 25, 1.5), ("80%", 50, 30, 0.5)],
)
async def test_a_share_is_of_the_volume_that_holds_the_embedded_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, most: str, kept_back: int, free: int, used: float
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: asked.append(path) or Usage(100, 100 - free - kept_back, free)
    )
    assert await budget(None, most, tmp_path).used() == pytest.approx(used)
    assert asked == [tmp_path]


async def test_the_volume_of_a_database_elsewhere_is_not_known_and_never_full(dsn: str) -> None:
    elsewhere = budget(dsn, "1%")
    assert await elsewhere.check() is None
    assert not elsewhere.full


@pytest.mark.parametrize(("most", "full"), [("100kB", True), ("100GB", False)])
async def test_a_size_counts_the_database_itself(
    make_config: Callable[..., Config], dsn: str, most: str, full: bool
) -> None:
    db = Database(Config.model_validate({"store": {"dsn": dsn, "max_disk": most}}))
    await db.open()
    try:
        disk = DiskBudget(db)
        used = await disk.check()
        assert used is not None
        assert used > 0
        assert disk.full is full
    finally:
        await db.stop()


async def test_it_has_room_again_only_a_little_below_the_border(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = budget(None, "50%", tmp_path)
    seen = []
    for used in (49.9, 50.0, 49.9, 50 * RESUME, 50 * RESUME - 0.1, 49.9):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, used=used: Usage(100, used, 100 - used))
        await disk.check()
        seen.append(disk.full)
    assert seen == [False, True, True, True, False, False]
