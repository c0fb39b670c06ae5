"""The configuration model asked about itself: which keys a table knows, and which values are secret."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from smppd.config.locate import KeyPath
from smppd.config.root import Config
from smppd.config.values import Secret

_TELLING = ("password", "token", "secret", "hash", "dsn", "credential")


def keys(model: type[BaseModel]) -> dict[str, Any]:
    """The keys of one table as the file writes them, with their types."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def at(path: KeyPath) -> list[Any]:
    """The types that a value at `path` may have; empty when the model knows no such key."""
    here: list[Any] = [Config]
    for step in path:
        here = [inner for kind in here for inner in _step(kind, step)]
    return here


def known(path: KeyPath) -> list[str]:
    """The keys that the table at `path` may hold; empty where names are free, as under [carriers]."""
    return [key for kind in at(path) if _is_table(kind) for key in keys(kind)]


def is_secret(path: KeyPath) -> bool:
    """Whether the value at `path` must not be shown: by its type, or by a name that tells."""
    names = [step for step in path if isinstance(step, str)]
    return Secret in at(path) or any(word in name.lower() for name in names[-1:] for word in _TELLING)


def every_key(kind: Any = Config, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of the model, tables before what is in them; a free name is written `*`, an element `[]`."""
    for inner in _kinds(kind):
        if _is_table(inner):
            for key, annotation in keys(inner).items():
                yield (*path, key)
                yield from every_key(annotation, (*path, key))
        elif get_origin(inner) in (dict, list):
            yield from every_key(get_args(inner)[-1], (*path, "*" if get_origin(inner) is dict else "[]"))


def _step(kind: Any, step: str | int) -> list[Any]:
    if _is_table(kind):
        annotation = keys(kind).get(str(step))
        return [] if annotation is None else _kinds(annotation)
    if get_origin(kind) in (dict, list):
        return _kinds(get_args(kind)[-1])
    return []


def _kinds(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for choice in get_args(annotation) for kind in _kinds(choice)]
    return [annotation]


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
