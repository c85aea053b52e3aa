"""Events <-> lines of JSON."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from functools import cache
from math import isfinite
from sys import intern
from typing import cast, get_args

from pydantic import TypeAdapter, ValidationError

from .errors import StorageError
from .events import SCHEMA_VERSION, Event, Stamped
from .secret import KnownSecrets

_PLACES = ("run_dir", "run_id", "best")
"""Fields that name a run's place: left out when two journals are compared."""
_REMARKS = ("tried",)
"""Fields that explain another one, and that older journals lack: left out, too."""
_ON_DISK = {"t": "node_t"}
"""An event's own field -> its name in a line, where the line says something else by that name."""
_DIGITS = 300
"""Of a whole number: with more, whoever divides by it fails."""
_REPEATED = frozenset(
    ("answer", "example", "expected", "metric", "model", "node", "phase", "role", "source", "split", "target", "why")
)
"""Fields whose values many lines say: in memory each value is there once, as in the process that said them."""
_HEAD = re.compile(rb'\{"v": \d+, "seq": \d+, "t": [-+.\de]+, "type": "(\w+)"')
"""How ``encode`` begins a line."""


def encode(stamped: Stamped) -> str:
    """Return the JSON line of an event, ASCII only."""
    event = stamped.event
    line: dict[str, object] = {"v": SCHEMA_VERSION, "seq": stamped.seq, "t": stamped.t, "type": type(event).__name__}
    if stamped.fact is not None:
        line["fact"] = stamped.fact
    told: dict[str, object] = _adapter(type(event)).dump_python(event, mode="json")
    for name, default in _later(type(event)):
        if getattr(event, name) == default:
            del told[name]
    return json.dumps(line | {_ON_DISK.get(name, name): value for name, value in told.items()}, ensure_ascii=True)


@cache
def _types() -> dict[str, type[Event]]:
    return {kind.__name__: kind for group in get_args(Event) for kind in (get_args(group) or (group,))}


@cache
def _adapter(kind: type[Event]) -> TypeAdapter[Event]:
    return TypeAdapter(kind)


@cache
def _later(kind: type[Event]) -> tuple[tuple[str, object], ...]:
    """Fields that older journals do not have, with what they then are: left out, so that equal runs are equal text."""
    return tuple((field.name, field.default) for field in fields(kind) if field.metadata.get("later"))


def kind_of(line: bytes) -> str | None:
    """Return the kind of an event by the head of its line, None when that is no event's."""
    head = _HEAD.match(line)
    return head[1].decode("ascii") if head else None


def decode(line: str, where: str) -> Stamped | None:
    """Return the event of a line, None for one of a kind unknown here; ``where`` names the line in messages.

    Raises:
        StorageError: It is no event's line.
    """
    try:
        told = json.loads(line, parse_int=_short, parse_float=_finite, parse_constant=_finite)
        kind = _types().get(told["type"])
        if kind is None:
            return None
        names = {_ON_DISK.get(field.name, field.name): field.name for field in fields(kind)}
        for key in _REPEATED & told.keys():
            if isinstance(told[key], str):
                told[key] = intern(told[key])
        event = _adapter(kind).validate_python({names[key]: value for key, value in told.items() if key in names})
        return _stamped(told["seq"], told["t"], told.get("fact"), event)
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise StorageError(
            f"{where}: not an event of ours", "another version of autodiff-tui wrote it, or somebody changed it"
        ) from error


def _stamped(seq: object, t: object, fact: object, event: Event) -> Stamped:
    if type(seq) is not int or type(t) not in (int, float) or not (fact is None or type(fact) is int):
        raise TypeError("its place in the journal is none")
    return Stamped(seq, cast("float", t), fact, event)


def _short(number: str) -> int:
    if len(number) > _DIGITS:
        raise ValueError("nothing that is counted is as large")
    return int(number)


def _finite(number: str) -> float:
    value = float(number)
    if not isfinite(value):
        raise ValueError("nothing that is measured is infinite")
    return value


def without_secrets(event: Event, known: KnownSecrets) -> Event:
    """Return ``event`` with no value of ``known`` in any of its texts."""
    told = _adapter(type(event)).dump_python(event, mode="json")
    return _adapter(type(event)).validate_python(texts_without_secrets(told, known))


def texts_without_secrets(told: object, known: KnownSecrets) -> object:
    """Return a value of JSON with no value of ``known`` in any text of it."""
    if isinstance(told, str):
        return known.out_of(told)
    if isinstance(told, dict):
        table = cast("dict[str, object]", told)
        return {known.out_of(name): texts_without_secrets(each, known) for name, each in table.items()}
    if isinstance(told, list):
        return [texts_without_secrets(each, known) for each in cast("list[object]", told)]
    return told


def placeless(stamped: Stamped) -> str:
    """Return an event as JSON without line number, time and place: equal for equal facts of two executions."""
    told = json.loads(encode(stamped))
    kept = {key: value for key, value in told.items() if key not in ("v", "seq", "t", *_PLACES, *_REMARKS)}
    return json.dumps(kept, sort_keys=True)
