"""The locator must agree with tomllib about what a text holds, and with a reader's eye about where."""

import tomllib
from typing import Any

import pytest

from smppd.config.locate import dotted, locate, nearest

TEXT = '''\
# a comment with [brackets] = "and more"
title = "a # b"

[store]
max_disk = "80%"   # ] } ,
"data dir" = 'C:\\x'
plain.dotted."quoted.key" = 1

[carriers."air.tel"]
hosts = [
  "a:1",   # first
  "b:2",
]
tls = { ca = "x", deep = { cert = "y" } }
started = 1979-05-27 07:32:00
note = """
[not.a.table]
x = 1 \\""" still"""
raw = \'\'\'
[[neither]]
\'\'\'

[[routes]]
to = ["a", "b"]

[[routes]]
to = [{ name = "c" }, { name = "d" }]
[routes.extra]
x = 1
[[routes.more]]
y = 2
[[routes.more]]
y = 3
'''

PLACES = [
    (("title",), 2),
    (("store",), 4),
    (("store", "max_disk"), 5),
    (("store", "data dir"), 6),
    (("store", "plain", "dotted", "quoted.key"), 7),
    (("carriers",), 9),
    (("carriers", "air.tel"), 9),
    (("carriers", "air.tel", "hosts"), 10),
    (("carriers", "air.tel", "hosts", 0), 11),
    (("carriers", "air.tel", "hosts", 1), 12),
    (("carriers", "air.tel", "tls", "deep", "cert"), 14),
    (("carriers", "air.tel", "started"), 15),
    (("carriers", "air.tel", "note"), 16),
    (("carriers", "air.tel", "raw"), 19),
    (("routes",), 23),
    (("routes", 0, "to", 1), 24),
    (("routes", 1), 26),
    (("routes", 1, "to", 1, "name"), 27),
    (("routes", 1, "extra", "x"), 29),
    (("routes", 1, "more", 0, "y"), 31),
    (("routes", 1, "more", 1, "y"), 33),
]


@pytest.mark.parametrize(("path", "line"), PLACES, ids=[dotted(path) for path, _ in PLACES])
def test_each_key_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert locate(TEXT)[path] == line


def paths(value: Any, here: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {here} - {()} | {deep for step, child in inner for deep in paths(child, (*here, step))}


def test_the_locator_finds_exactly_what_tomllib_reads() -> None:
    assert set(locate(TEXT)) == paths(tomllib.loads(TEXT))


def test_windows_line_ends_count_the_same() -> None:
    assert locate(TEXT.replace("\n", "\r\n")) == locate(TEXT)


def test_a_key_that_is_not_there_is_placed_at_the_table_that_lacks_it() -> None:
    assert nearest(locate(TEXT), ("carriers", "air.tel", "system_id")) == 9
    assert nearest(locate(TEXT), ("nothing",)) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [(("a", "b"), "a.b"), (("a", "b.c"), 'a."b.c"'), (("routes", 1, "to", 0), "routes[1].to[0]")],
)
def test_a_path_is_written_as_toml_writes_it(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text
