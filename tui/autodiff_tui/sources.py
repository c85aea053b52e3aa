"""Runs that do not execute here: one that was recorded, and one that another process writes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from autodiff_engine.control import Stride
from autodiff_engine.errors import EngineError
from autodiff_engine.events import Decision, RunFinished, Stamped
from autodiff_engine.journal import Tail


class ReadOnly:
    """A source that cannot be steered: who shows it says so, and these do nothing."""

    def pause(self) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""

    def step(self, stride: Stride = "step") -> None:
        """Do nothing."""

    def decide(self, decision: Decision) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class RecordedSource(ReadOnly):
    """A journal that was read whole; all of it is there at once."""

    error: BaseException | None = None

    def __init__(self, events: Iterable[Stamped]) -> None:
        self._events = deque(events)

    @property
    def ended(self) -> bool:
        """True once all was drained."""
        return not self._events

    def start(self) -> None:
        """Nothing is to be begun."""

    def drain(self, limit: int = 2000) -> list[Stamped]:
        """Take up to ``limit`` events."""
        return [self._events.popleft() for _ in range(min(limit, len(self._events)))]

    def abort(self, reason: str) -> None:
        """Give nothing more."""
        self._events.clear()

    def join(self, timeout_s: float | None = None) -> None:
        """Return at once."""


class WatchedSource(ReadOnly):
    """The journal of a run as it grows; it has ended when the run has, and goes on if that is resumed."""

    def __init__(self, folder: Path) -> None:
        self._tail = Tail(folder)
        self._waiting: deque[Stamped] = deque()
        self._finished = False
        self._left = threading.Event()
        self._error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """True once the run has ended and its last event was drained, or nobody wants more."""
        return not self._waiting and (self._finished or self._left.is_set())

    @property
    def error(self) -> BaseException | None:
        """Why the journal cannot be read any more."""
        return self._error

    def start(self) -> None:
        """Nothing is to be begun."""

    def drain(self, limit: int = 2000) -> list[Stamped]:
        """Take up to ``limit`` of the events that were written since."""
        if not self._waiting and not self._left.is_set():
            self._read()
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if taken:
            self._finished = isinstance(taken[-1].event, RunFinished)
        return taken

    def _read(self) -> None:
        try:
            self._waiting.extend(self._tail.read())
        except EngineError as error:
            self._error = error
            self._left.set()

    def abort(self, reason: str) -> None:
        """Watch no longer; the run is not touched."""
        self._left.set()
        self._waiting.clear()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the journal to grow, ``timeout_s`` at most."""
        self._left.wait(timeout_s)
