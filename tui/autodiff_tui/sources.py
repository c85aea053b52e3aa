"""Runs that do not execute here: one that was recorded, and one that another process writes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from autodiff_engine.control import Stride
from autodiff_engine.errors import EngineError
from autodiff_engine.events import Decision, RunFinished, Stamped
from autodiff_engine.finding import goes_on
from autodiff_engine.journal import Tail

_SILENT_S = 1.5
"""How long nothing is written before it is asked whether anybody still executes the run, and how often then."""
_FIRST_S = 0.3
"""The same once all is read that had been written before: a run that was left long ago is no surprise."""


class ReadOnly:
    """A source that cannot be steered: who shows it says so, and these do nothing."""

    abandoned: bool = False
    """Whether the run has not ended and no process executes it."""

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
    """The journal of a run as it grows; it has ended when the run has, and goes on if that is resumed.

    It has ended, too, as long as it is ``abandoned``: its process died, which the lock of its folder tells.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._ask_at = clock() + _FIRST_S
        """When to ask next whether the run is executed, if nothing is written until then."""
        self._caught_up = False
        self._tail = Tail(folder)
        self._waiting: deque[Stamped] = deque()
        self._finished = False
        self._left = threading.Event()
        self._error: BaseException | None = None

    @property
    def ended(self) -> bool:
        """True once the run has ended and its last event was drained, or nobody wants more."""
        return not self._waiting and (self._finished or self.abandoned or self._left.is_set())

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
            self._look_for_its_process()
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if taken:
            self._finished = isinstance(taken[-1].event, RunFinished)
        return taken

    def _look_for_its_process(self) -> None:
        """Ask for the lock where the run is silent, then read again: its process wrote before it let go of that."""
        if self._waiting:
            self.abandoned = False
            self._ask_at = self._clock() + (_SILENT_S if self._caught_up else _FIRST_S)
            return
        self._caught_up = True
        if self._finished or self.abandoned or self._left.is_set() or self._clock() < self._ask_at:
            return
        self._ask_at = self._clock() + _SILENT_S
        if goes_on(self._folder) is False:
            self._read()
            self.abandoned = not self._waiting

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
