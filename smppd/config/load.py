"""TOML text to `Config`; everything that is wrong said at once, each with key, value, reason and line."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from smppd.config import schema
from smppd.config.locate import KeyPath, dotted, locate, nearest
from smppd.config.root import Config
from smppd.errors import ConfigError

VARIABLE = "SMPPD_CONFIG"
DEFAULTS = (Path("smppd.toml"), Path("/etc/smppd/smppd.toml"))


def find(path: str | Path | None) -> Path:
    """The file to read: the one given, else $SMPPD_CONFIG, else ./smppd.toml, else /etc/smppd/smppd.toml.

    Raises `ConfigError` when nothing was given and no default exists.
    """
    if path is not None:
        return Path(path)
    if named := os.environ.get(VARIABLE):
        return Path(named)
    for default in DEFAULTS:
        if default.exists():
            return default
    looked = " or ".join(str(default) for default in DEFAULTS)
    raise ConfigError("", f"there is no configuration: give one with -c FILE or ${VARIABLE}, or write {looked}")


def load(path: str | Path) -> Config:
    """Read and check the file. Raises `ConfigError`; what else is wrong is in its `others`."""
    return parse(read(path), str(path))


def read(path: str | Path) -> str:
    """The file's text. Raises `ConfigError` in words when it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError("", "there is no such file", file=str(path)) from None
    except UnicodeDecodeError as error:
        raise ConfigError("", f"the file is not UTF-8 text (octet {error.start})", file=str(path)) from None
    except OSError as error:
        raise ConfigError("", f"the file cannot be read: {error.strerror}", file=str(path)) from None


def parse(text: str, file: str = "") -> Config:
    """Check `text`; `file` names it in errors. Raises `ConfigError`; what else is wrong is in its `others`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(error, text, file) from None
    lines = locate(text)
    found: dict[str, tuple[KeyPath, str]] = {}
    for path, reason in (*_unknown_targets(raw), *_bad_networks(raw)):
        found.setdefault(dotted(path), (path, reason))
    config = None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        for path, reason in _merged(raw, error.errors(include_url=False)):
            found.setdefault(dotted(path), (path, reason))
    if config is not None and not found:
        return config
    problems = [
        ConfigError(key, reason, value=_shown(raw, path, reason), line=nearest(lines, path), file=file)
        for key, (path, reason) in found.items()
    ]
    first, *others = sorted(problems, key=lambda problem: problem.line or 0)
    first.others = others
    raise first


def _syntax(error: tomllib.TOMLDecodeError, text: str, file: str) -> ConfigError:
    at = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
    words = str(error)[: at.start()] if at else str(error)
    words = re.sub(r"\('[^)]*\)", lambda table: "[" + ".".join(re.findall(r"'([^']*)'", table[0])) + "]", words)
    line = int(at[1]) if at and at[1] else text.count("\n") + 1
    column = f", column {at[2]}" if at and at[2] else ""
    reason = f"this is not TOML: {words[:1].lower()}{words[1:]}{column}"
    return ConfigError("", reason, line=line, file=file)


def _merged(raw: Any, errors: list[ErrorDetails]) -> Iterator[tuple[KeyPath, str]]:
    """Turn what pydantic says into one reason per key: alternatives of one value are one problem, not several."""
    placed = [(*_place(raw, error), error) for error in errors]
    alternatives: dict[KeyPath, list[str]] = {}
    for path, branch, error in placed:
        if branch and isinstance(_value(raw, path), dict) and any(p[: len(path)] == path != p for p, _, _ in placed):
            continue  # a table was written, and what is wrong inside it is said there
        reason = _reason(raw, path, error)
        path, reason = _pointed(raw, path, reason)
        if reason not in (reasons := alternatives.setdefault(path, [])):
            reasons.append(reason)
    for path, reasons in alternatives.items():
        if len(reasons) > 1 and all(reason.startswith("write ") for reason in reasons):
            yield path, "write " + ", or ".join(reason.removeprefix("write ") for reason in reasons)
        else:
            yield path, "; ".join(reasons)


def _place(raw: Any, error: ErrorDetails) -> tuple[KeyPath, bool]:
    """Where in the file the error is, and whether it speaks of one of several kinds the value could have had.

    pydantic mixes the names of those kinds into its location; what the file does not hold is such a name.
    """
    path: KeyPath = ()
    here, branch = raw, False
    for step in error["loc"]:
        inside = (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here, path, branch = here[step], (*path, step), False
        elif error["type"] == "missing" and step == error["loc"][-1]:
            path = (*path, step)
        else:
            branch = True
    return path, branch


def _pointed(raw: Any, path: KeyPath, reason: str) -> tuple[KeyPath, str]:
    """A check of a whole table names the key it means in its words; point there."""
    found = re.match(r'(?:the key "([^"]+)"|([\w.\[\]-]+) )', reason)
    if found and isinstance(_value(raw, path), dict):
        inner: KeyPath = ()
        for name, index in re.findall(r"([\w-]+)|\[(\d+)\]", found[1] or found[2]):
            inner = (*inner, name or int(index))
        if inner and _value(raw, (*path, *inner)) is not None:
            return (*path, *inner), reason
    return path, reason


def _reason(raw: Any, path: KeyPath, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return _unknown(path)
        case "missing":
            return f"this key is missing; [{dotted(path[:-1])}] needs it"
        case "value_error":
            return str(context["error"])
        case "int_type" | "int_parsing" | "int_from_float":
            return "write a whole number"
        case "float_type" | "float_parsing":
            return "write a number"
        case "bool_type" | "bool_parsing":
            return "write true or false"
        case "string_type":
            return "write text in quotes"
        case "list_type":
            return "write a list in [ ]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "write a table"
        case "literal_error":
            return "write " + str(context["expected"]).replace("'", '"')
        case "greater_than":
            return f"must be more than {context['gt']:g}"
        case "greater_than_equal":
            return f"must be at least {context['ge']:g}"
        case "less_than_equal":
            return f"must be at most {context['le']:g}"
        case "too_short":
            return f"needs at least {context['min_length']} element(s)"
        case "string_too_short":
            return f"needs at least {context['min_length']} character(s)"
        case "string_too_long":
            return f"may have at most {context['max_length']} characters"
        case "string_pattern_mismatch":
            return f"must have the form {context['pattern']}"
    return error["msg"][:1].lower() + error["msg"][1:]


def _unknown(path: KeyPath) -> str:
    names = schema.known(path[:-1])
    close = difflib.get_close_matches(str(path[-1]).lower(), names, n=1, cutoff=0.6)
    if close:
        return f'there is no such key; did you mean "{close[0]}"?'
    table = f"[{dotted(path[:-1])}]" if len(path) > 1 else "the file"
    return f"there is no such key; {table} may hold {', '.join(sorted(names))}"


def _unknown_targets(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Routes to what is not configured. The model says it too, but only of the first and only if all else is well."""
    routes = raw.get("routes")
    for index, route in enumerate(routes if isinstance(routes, list) else []):
        if not isinstance(route, dict):
            continue
        targets = route.get("to")
        asked = [("to", target, "systems") for target in (targets if isinstance(targets, list) else [])]
        if isinstance(carrier := route.get("carrier"), str):
            asked.append(("carrier", carrier, "carriers"))
        for key, name, side in asked:
            there = raw.get(side, {})
            if isinstance(name, str) and isinstance(there, dict) and name not in there:
                close = difflib.get_close_matches(name, there, n=1)
                hint = f'; did you mean "{close[0]}"?' if close else ""
                yield ("routes", index, key), f"there is no [{side}.{name}]{hint or f'; write one, or take {name} out'}"


def _bad_networks(raw: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Address rules that could never match: such a rule keeps nobody out, or everybody, and nobody notices."""
    lists: list[KeyPath] = [("http", "trusted_proxies")]
    systems = raw.get("systems")
    lists += [("systems", name, "access", "allow_ips") for name in (systems if isinstance(systems, dict) else {})]
    for path in lists:
        given = _value(raw, path)
        for index, network in enumerate(given if isinstance(given, list) else []):
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                detail = ": the part behind the mask must be 0" if "host bits" in str(error) else ""
                yield (*path, index), f'write an address or a network such as "10.0.0.0/8"{detail}'


def _value(raw: Any, path: KeyPath) -> Any:
    for step in path:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _shown(raw: Any, path: KeyPath, reason: str) -> object:
    """What stood there, if a reader may see it: no secret, no whole table, no credentials within an address."""
    value = _value(raw, path)
    if schema.is_secret(path) or not schema.at(path) or isinstance(value, dict):
        return None
    if isinstance(value, str):
        return re.sub(r"//[^/@]*@", "//***@", value)
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return None
    return value
