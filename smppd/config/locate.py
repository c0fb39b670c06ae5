"""Where in a TOML text each key stands. tomllib keeps no positions, and an error without a line costs a search."""

from __future__ import annotations

import bisect
import re
import tomllib

KeyPath = tuple[str | int, ...]

_STRING = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK_OR_COMMA = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")


def locate(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key, table and array element of `text`, which must be valid TOML."""
    return _Scanner(text).scan()


def nearest(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of the closest table around it that the text does have."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def dotted(path: KeyPath) -> str:
    """`path` as TOML would write it, with the position of array elements in brackets, from 0."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            quoted = step if _BARE_KEY.fullmatch(step) else f'"{step}"'
            out += f".{quoted}" if out else quoted
    return out


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.starts = [i for i, c in enumerate(text) if c == "\n"]
        self.lines: dict[KeyPath, int] = {}
        self.last: dict[KeyPath, int] = {}  # array of tables -> position of its latest element

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _header(self) -> KeyPath:
        line, width = self._line(), 2 if self.text.startswith("[[", self.at) else 1
        self.at += width
        names = self._key()
        self.at += width
        path: KeyPath = ()
        for name in names[:-1]:
            path = (*path, name)
            if path in self.last:
                path = (*path, self.last[path])
        path = (*path, names[-1])
        if width == 2:
            self._mark(path, line)
            self.last[path] = self.last.get(path, -1) + 1
            path = (*path, self.last[path])
        self._mark(path, line)
        self.lines[path] = line  # a header counts for more than a table that only a deeper header implied
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key())
        self.at += 1  # the equals sign
        self._mark(path, line)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        match self.text[self._skip(_BLANK)]:
            case '"' | "'":
                self._take(_STRING)
            case "[":
                self.at += 1
                index = 0
                while self.text[self._skip(_BLANK_OR_COMMA)] != "]":
                    self._mark((*path, index), self._line())
                    self._value((*path, index))
                    index += 1
                self.at += 1
            case "{":
                self.at += 1
                while self.text[self._skip(_BLANK_OR_COMMA)] != "}":
                    self._pair(path)
                self.at += 1
            case _:
                self._take(_BARE_VALUE)

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            quoted = self.text[self._skip(_BLANK)] in "\"'"
            name = self._take(_STRING if quoted else _BARE_KEY)
            names.append(tomllib.loads(f"name = {name}")["name"] if quoted else name)
            if self.text[self._skip(_BLANK)] != ".":
                return names
            self.at += 1

    def _skip(self, blank: re.Pattern[str]) -> int:
        self._take(blank)
        return self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None, "locate() is given valid TOML only"
        self.at = found.end()
        return found[0]

    def _line(self) -> int:
        return bisect.bisect_left(self.starts, self.at) + 1

    def _mark(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
