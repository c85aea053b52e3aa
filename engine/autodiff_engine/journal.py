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
    LedgerUpdated,
    ProposalJudged,
    Reserved,
    RunFinished,
    RunResumed,
    Stamped,
    StepFinished,
    StopChosen,
    Telemetry,
)

FILE = "journal.jsonl"
_SYNCED = (ProposalJudged, StepFinished, StopChosen, RunFinished)
_PLACES = ("run_dir", "run_id", "best")
"""Fields that name a run's place: left out when two journals are compared."""
_ON_DISK = {"t": "node_t"}
"""An event's own field -> its name in a line, where the line says something else by that name."""


class Journal:
    """Appends events to ``journal.jsonl`` and hands each, stamped, to a listener; the one writer of the file.

    Telemetry is written with the next fact, decision or mark, but for what is reserved before a call is sent; all else
    is handed to the operating system at once, so that it survives the death of this process, and verdicts, step ends
    and decisions are forced to the disk.

    ``past`` is what the file holds already: a last line that was cut short is taken out of it.
    """

    def __init__(self, folder: Path, listener: Callable[[Stamped], None], past: Recorded | None = None) -> None:
        path = folder / FILE
        if past is not None and past.torn:
            os.truncate(path, past.size)
        self._file = path.open("a", encoding="utf-8", newline="\n")
        self._listener = listener
        self._began = time.monotonic()
        self._seq = past.events[-1].seq if past is not None and past.events else 0
        self.facts = 0
        """The number of the last fact that was written and stands."""

    @property
    def elapsed(self) -> float:
        """Seconds since this journal was opened."""
        return time.monotonic() - self._began

    def append(self, event: Event) -> Stamped:
        """Write one event and return it stamped.

        Raises:
            StorageError: The disk is full or the folder went away.
        """
        stamped = self._stamped(event)
        try:
            self._file.write(encode(stamped) + "\n")
            if not isinstance(event, get_args(Telemetry)) or _reserves(event):
                self._file.flush()
            if isinstance(event, _SYNCED):
                os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritten(error) from error
        self._listener(stamped)
        return stamped

    def tell(self, event: Event) -> None:
        """Let the listener alone hear of an event: when the file cannot be written any more."""
        self._listener(self._stamped(event))

    def close(self) -> None:
        """Write what is left and close the file.

        Raises:
            StorageError: As of ``append``; the file is closed all the same.
        """
        try:
            self._file.close()
        except OSError as error:
            raise self._unwritten(error) from error

    def _stamped(self, event: Event) -> Stamped:
        self._seq += 1
        is_fact = isinstance(event, FACT_TYPES)
        self.facts = event.after if isinstance(event, RunResumed) else self.facts + is_fact
        return Stamped(self._seq, round(self.elapsed, 3), self.facts if is_fact else None, event)

    def _unwritten(self, error: OSError) -> StorageError:
        hint = "free some space, then resume it; nothing paid is lost"
        return StorageError(f"{self._file.name}: {error.strerror}", hint)


def _reserves(event: Event) -> bool:
    return isinstance(event, LedgerUpdated) and event.reserved != Reserved()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A journal read back.

    ``torn`` says that its last line was cut short; ``unknown`` counts events of no type known here. ``size`` is the
    length of its whole lines, in bytes.
    """

    events: tuple[Stamped, ...]
    torn: bool
    unknown: int
    size: int = 0

    @property
    def standing(self) -> tuple[Stamped, ...]:
        """The events without the facts and decisions that a later execution took back."""
        kept: list[Stamped] = []
        for each in self.events:
            if isinstance(each.event, RunResumed):
                after = each.event.after
                kept = [one for one in kept if not _taken_back(one, after)]
            kept.append(each)
        return tuple(kept)

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts and decisions that stand, as text without line number, time and place: equal for equal runs."""
        told = (each for each in self.standing if each.fact is not None or isinstance(each.event, Decision))
        return tuple(placeless(each) for each in told)


def _taken_back(stamped: Stamped, after: int) -> bool:
    if isinstance(stamped.event, Decision):
        return stamped.event.after >= after
    return stamped.fact is not None and stamped.fact > after


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
        content = path.read_bytes()
        lines = content.decode("utf-8").split("\n")
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
    return Recorded(tuple(events), torn, unknown, content.rfind(b"\n") + 1)


def find_run(name: str, root: Path) -> Path:
    """Return the folder of a run: a folder, a run's id below ``root``, a unique prefix of one, or ``latest``.

    Raises:
        ConfigError: There is no such run, or there are several.
    """
    if (Path(name) / FILE).is_file():
        return Path(name)
    runs = list_runs(root)
    if name == "latest" and runs:
        return runs[-1]
    ids = {run.relative_to(root).as_posix(): run for run in runs}
    matching = [name] if name in ids else [each for each in ids if each.startswith(name)]
    if len(matching) == 1:
        return ids[matching[0]]
    if matching:
        raise ConfigError(f"{name}: {len(matching)} runs begin so: {', '.join(matching[:4])}")
    here = ", ".join([*ids][-3:]) or "none yet"
    raise ConfigError(f"{name}: no such run in {root}", f"runs there: {here}")


def list_runs(root: Path) -> list[Path]:
    """Return the run folders below ``root``, oldest first; those of an ablation lie one folder deeper."""
    runs = [run for folder in _folders(root) for run in ([folder] if _holds_run(folder) else _folders(folder))]
    return sorted(filter(_holds_run, runs), key=lambda folder: ((folder / FILE).stat().st_mtime_ns, folder.name))


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


def placeless(stamped: Stamped) -> str:
    """Return an event as JSON without line number, time and place: equal for equal facts of two executions."""
    told = json.loads(encode(stamped))
    kept = {key: value for key, value in told.items() if key not in ("v", "seq", "t", *_PLACES)}
    return json.dumps(kept, sort_keys=True)
