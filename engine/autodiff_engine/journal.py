"""Events <-> a run's folder: one JSON line an event, facts on disk before the run goes on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from .errors import ConfigError, StorageError
from .events import (
    FACT_TYPES,
    SCHEMA_VERSION,
    Decision,
    Event,
    ProposalJudged,
    RunFinished,
    Stamped,
    StepFinished,
    StopChosen,
    Telemetry,
)
from .register import registered

FILE = "journal.jsonl"
_SYNCED = (ProposalJudged, StepFinished, StopChosen, RunFinished)
_PLACES = ("run_dir", "run_id", "best")
"""Fields that name a run's place: left out when two journals are compared."""
_ON_DISK = {"t": "node_t"}
"""An event's own field -> its name in a line, where the line says something else by that name."""


class Journal:
    """Appends events to ``journal.jsonl`` and hands each, stamped, to a listener; the one writer of the file.

    Telemetry is written with the next fact, decision or mark; all else is handed to the operating system at once, so
    that it survives the death of this process, and verdicts, step ends and decisions are forced to the disk.
    """

    def __init__(self, folder: Path, listener: Callable[[Stamped], None]) -> None:
        self._file = (folder / FILE).open("a", encoding="utf-8", newline="\n")
        self._listener = listener
        self._began = time.monotonic()
        self._seq = 0
        self.facts = 0
        """How many facts have been written."""

    @property
    def elapsed(self) -> float:
        """Seconds since this journal was opened."""
        return time.monotonic() - self._began

    def append(self, event: Event) -> Stamped:
        """Write one event and return it stamped.

        Raises:
            StorageError: The disk is full or the folder went away.
        """
        self._seq += 1
        is_fact = isinstance(event, FACT_TYPES)
        self.facts += is_fact
        stamped = Stamped(self._seq, round(self.elapsed, 3), self.facts if is_fact else None, event)
        try:
            self._file.write(encode(stamped) + "\n")
            if not isinstance(event, get_args(Telemetry)):
                self._file.flush()
            if isinstance(event, _SYNCED):
                os.fsync(self._file.fileno())
        except OSError as error:
            raise StorageError(
                f"{self._file.name}: {error.strerror}", "free some space; nothing paid is lost"
            ) from error
        self._listener(stamped)
        return stamped

    def close(self) -> None:
        """Write what is left and close the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A journal read back.

    ``torn`` says that its last line was cut short; ``unknown`` counts events of no type known here.
    """

    events: tuple[Stamped, ...]
    torn: bool
    unknown: int

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts and decisions as text without line number, time and place: equal for equal runs."""
        told = (each for each in self.events if each.fact is not None or isinstance(each.event, Decision))
        return tuple(_placeless(each) for each in told)


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


def read(folder: Path) -> Recorded:
    """Read a run's journal; a torn last line and unknown events are counted, not fatal.

    Raises:
        StorageError: There is no journal, or a line in its middle is broken.
    """
    path = folder / FILE
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}", "is this the folder of a run?") from error
    except UnicodeDecodeError as error:
        raise StorageError(f"{path}: byte {error.start} is no text", "the journal was damaged") from error
    torn = lines[-1] != ""
    events: list[Stamped] = []
    unknown = 0
    for number, line in enumerate(lines[:-1], 1):
        stamped = _decode(line, f"{path}: line {number}")
        unknown += stamped is None
        if stamped is not None:
            events.append(stamped)
    return Recorded(tuple(events), torn, unknown)


def find_run(name: str, root: Path) -> Path:
    """Return the folder of a run: a folder, the id of a run begun here, a unique prefix of one, or ``latest``.

    Raises:
        ConfigError: There is no such run, or there are several.
    """
    if (Path(name) / FILE).is_file():
        return Path(name)
    runs = list_runs(root)
    if name == "latest" and runs:
        return runs[-1]
    ids = _by_id(root)
    matching = [name] if name in ids else [each for each in ids if each.startswith(name)]
    if len({ids[each].absolute() for each in matching}) == 1:
        return ids[matching[0]]
    if matching:
        raise ConfigError(f"{name}: {len(matching)} runs begin so: {', '.join(matching[:4])}")
    here = ", ".join([*ids][-3:]) or "none yet"
    raise ConfigError(f"{name}: no such run in {root}", f"runs there: {here}")


def list_runs(root: Path) -> list[Path]:
    """Return the folders of the runs below ``root`` and of those that its register names, oldest first, each once."""
    return list({folder.absolute(): folder for folder in reversed(_by_id(root).values())}.values())[::-1]


def _by_id(root: Path) -> dict[str, Path]:
    """Return the runs by id, oldest first; those of an ablation lie one folder deeper than others."""
    places = [
        *((folder.name, folder) for folder in _folders(root)),
        *((each.id, each.folder) for each in registered(root)),
    ]
    runs: dict[str, Path] = {}
    for name, place in places:
        inner = [] if _holds_run(place) else [each for each in _folders(place) if _holds_run(each)]
        found = {f"{name}/{each.name}": each for each in inner} if inner else {name: place}
        runs |= {key: folder for key, folder in found.items() if _holds_run(folder)}
    return dict(sorted(runs.items(), key=lambda run: ((run[1] / FILE).stat().st_mtime_ns, run[1].name)))


def _folders(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []


def _holds_run(folder: Path) -> bool:
    return (folder / FILE).is_file()


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


def _decode(line: str, where: str) -> Stamped | None:
    try:
        told = json.loads(line)
        kind = _types().get(told["type"])
        if kind is None:
            return None
        names = {_ON_DISK.get(field.name, field.name): field.name for field in fields(kind)}
        event = _adapter(kind).validate_python({names[key]: value for key, value in told.items() if key in names})
        return Stamped(told["seq"], told["t"], told.get("fact"), event)
    except (ValueError, KeyError, TypeError, ValidationError) as error:
        raise StorageError(f"{where}: not an event of ours", "the journal was changed by hand") from error


def _placeless(stamped: Stamped) -> str:
    told = json.loads(encode(stamped))
    kept = {key: value for key, value in told.items() if key not in ("seq", "t", *_PLACES)}
    return json.dumps(kept, sort_keys=True)
