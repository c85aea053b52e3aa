"""Events <-> a run's folder: one JSON line an event, facts on disk before the run goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from .control import Decided
from .encoding import decode, encode, kind_of, placeless, without_secrets
from .errors import StorageError
from .events import (
    DECISION_TYPES,
    FACT_TYPES,
    AtMost,
    Decision,
    Event,
    LedgerUpdated,
    ProposalJudged,
    RunFinished,
    RunResumed,
    Stamped,
    StepFinished,
    StopChosen,
    Telemetry,
)
from .private import opened
from .secret import KnownSecrets

FILE = "journal.jsonl"
_SYNCED = (ProposalJudged, StepFinished, RunFinished, *DECISION_TYPES)
_MOST_AT_ONCE = 1 << 20


class Journal:
    """Appends events to ``journal.jsonl`` and hands each, stamped, to a listener; the one writer of the file.

    Telemetry is written with the next fact, decision or mark, but for what is reserved before a call is sent; all else
    is handed to the operating system at once, so that it survives the death of this process, and verdicts, step ends
    and decisions are forced to the disk.

    Values of this environment's secrets, as it was when this was made, are in nothing that is written or handed on.

    ``past`` is what the file holds already: a last line that was cut short is taken out of it.
    """

    def __init__(self, folder: Path, listener: Callable[[Stamped], None], past: Recorded | None = None) -> None:
        path = folder / FILE
        if past is not None and past.torn:
            os.truncate(path, past.size)
        self._file = opened(path, "a")
        self._listener = listener
        self._secrets = KnownSecrets.now()
        self._began = time.monotonic()
        self._seq = past.events[-1].seq if past is not None and past.events else 0
        self.facts = 0
        """The number of the last fact that was written and stands."""

    def append(self, event: Event) -> Stamped:
        """Write one event and return it stamped.

        Raises:
            StorageError: The disk is full or the folder went away.
        """
        stamped, line = self._encoded(self._stamped(event))
        try:
            self._file.write(line + "\n")
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
        self._listener(self._encoded(self._stamped(event))[0])

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
        return Stamped(self._seq, round(time.monotonic() - self._began, 3), self.facts if is_fact else None, event)

    def _encoded(self, stamped: Stamped) -> tuple[Stamped, str]:
        line = encode(stamped)
        if isinstance(stamped.event, LedgerUpdated) or not self._secrets.may_be_in(line):  # the ledger has no texts
            return stamped, line
        told = replace(stamped, event=without_secrets(stamped.event, self._secrets))
        return told, encode(told)

    def _unwritten(self, error: OSError) -> StorageError:
        hint = "free some space, then resume it; nothing paid is lost"
        return StorageError(f"{self._file.name}: {error.strerror}", hint)


def _reserves(event: Event) -> bool:
    return isinstance(event, LedgerUpdated) and event.reserved != AtMost()


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
        return tuple(_standing(self.events))

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts and decisions that stand, as text without line number, time and place: equal for equal runs."""
        told = (each for each in self.standing if each.fact is not None or isinstance(each.event, DECISION_TYPES))
        return tuple(placeless(each) for each in told)

    @property
    def decided(self) -> Decided:
        """What a person decided and still stands, and how far the run came: what a new execution of it takes again."""
        return decided(self.standing)


def decided(said: Iterable[Stamped]) -> Decided:
    """Return the decisions among ``said``, and the number of the last fact of it."""
    told = [each for each in said if each.fact is not None or isinstance(each.event, DECISION_TYPES)]
    decisions = tuple(each.event for each in told if each.fact is None)
    return Decided(cast("tuple[Decision, ...]", decisions), max((each.fact or 0 for each in told), default=0))


def _standing(events: Iterable[Stamped]) -> list[Stamped]:
    kept: list[Stamped] = []
    for each in events:
        if isinstance(each.event, RunResumed):
            after = each.event.after
            kept = [one for one in kept if not _taken_back(one, after)]
        kept.append(each)
    return kept


def _taken_back(stamped: Stamped, after: int) -> bool:
    """Return whether something is no part of a run that goes on after fact ``after``; a stop at that fact is none."""
    if isinstance(stamped.event, DECISION_TYPES):
        decision = cast("Decision", stamped.event)
        return decision.after > after or (decision.after == after and isinstance(decision, StopChosen))
    return stamped.fact is not None and stamped.fact > after


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
        stamped = decode(line, f"{path}: line {number}")
        unknown += stamped is None
        if stamped is not None:
            events.append(stamped)
    return Recorded(tuple(events), torn, unknown, content.rfind(b"\n") + 1)


class Tail:
    """Reads a journal while another process writes it: whole lines only, each once.

    A line that is cut short is read when it is whole; so is one that takes its place, when the run is resumed.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._read = 0
        """The end of the last whole line, in bytes."""
        self._lines = 0
        self._most = _MOST_AT_ONCE
        self.unknown = 0
        """Events of no type known here."""

    def read(self) -> list[Stamped]:
        """Return what has been written since, a megabyte at most at a time; empty when there is nothing new.

        Raises:
            StorageError: The journal is gone, or a line is broken.
        """
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                data = file.read(self._most)
        except OSError as error:
            raise StorageError(f"{self._path}: {error.strerror}", "was the run's folder deleted?") from error
        whole = data[: data.rfind(b"\n") + 1]
        self._most = _MOST_AT_ONCE if whole else max(self._most, 2 * len(data))
        self._read += len(whole)
        return [stamped for line in whole.splitlines() if (stamped := self._decoded(line)) is not None]

    def _decoded(self, line: bytes) -> Stamped | None:
        self._lines += 1
        stamped = decode(line.decode("utf-8", "replace"), f"{self._path}: line {self._lines}")
        self.unknown += stamped is None
        return stamped


def standing_before(folder: Path, seq: int) -> Iterator[Stamped]:
    """Yield, one at a time, the events before line ``seq`` that stand once that line is said.

    The file is read twice, a part at a time: of a long run little is in memory at once.

    Raises:
        StorageError: There is no journal, or a line of it is broken.
    """
    cuts = [(each.seq, cast("RunResumed", each.event).after) for each in skim(folder, (RunResumed,))]
    tail = Tail(folder)
    while events := tail.read():
        for each in events:
            if each.seq >= seq:
                return
            if not any(each.seq < cut <= seq and _taken_back(each, after) for cut, after in cuts):
                yield each


def skim(folder: Path, every: Collection[type[Event]], latest: Collection[type[Event]] = ()) -> tuple[Stamped, ...]:
    """Return the events of the kinds in ``every``, and the last one of each kind in ``latest``, in their order.

    Only these are decoded, so that a list of many runs costs little more than reading their files. A torn last line is
    left out, as are events of kinds unknown here and what a later execution took back.

    Raises:
        StorageError: There is no journal, or a line of it is broken.
    """
    path = folder / FILE
    wanted, last = {kind.__name__ for kind in (*every, RunResumed)}, {kind.__name__ for kind in latest}
    picked: dict[int, bytes] = {}
    newest: dict[str, int] = {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                name = kind_of(line) if line.endswith(b"\n") else ""
                if name in last and name in newest:
                    del picked[newest[name]]
                if name in wanted or name in last:
                    picked[number], newest[name] = line, number
                elif name is None:
                    raise StorageError(
                        f"{path}: line {number}: not an event of ours",
                        "another version of autodiff-tui wrote it, or somebody changed it",
                    )
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}", "is this the folder of a run?") from error
    decoded = (decode(line.decode("ascii", "replace"), f"{path}: line {number}") for number, line in picked.items())
    standing = _standing(stamped for stamped in decoded if stamped is not None)
    return tuple(each for each in standing if isinstance(each.event, (*every, *latest)))
