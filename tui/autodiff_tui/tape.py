"""A run's events in memory, with the view after any of them: what is needed to look back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from autodiff_engine.events import RunOpened, Stamped, StepStarted

from .view import RunView, reduce

EVERY = 250
"""Events between two views that are kept: so many are folded again, at most, to look at any place."""
KEPT = 20_000
"""Events of a run that goes on which can be looked back at; a recorded one is kept whole."""


@dataclass(slots=True)
class _Reel:
    """Up to ``EVERY`` events, and the view before the first of them."""

    before: RunView
    events: list[Stamped] = field(default_factory=list[Stamped])


class Tape:
    """Grows at its end; a position is a number of events, 0 is before the first. Keeps the newest ``keep``, or all."""

    def __init__(self, keep: int | None = KEPT) -> None:
        self._reels = [_Reel(RunView())]
        self._keep = keep
        self._base = 0
        self._steps: list[tuple[int, int]] = []
        """Of each step: the position after the event that it began, and its number."""
        self._seen: tuple[int, RunView] = (0, RunView())
        self.head = RunView()
        """The view after all events."""
        self.end = 0
        """How many events there have been."""
        self.folded = 0
        """How many events were folded to look back; what looking back costs."""

    @property
    def start(self) -> int:
        """The earliest position that can be looked at."""
        return self._base

    def extend(self, events: Iterable[Stamped]) -> None:
        """Take in what came next."""
        for stamped in events:
            if len(self._reels[-1].events) >= EVERY:
                self._reels.append(_Reel(self.head))
            self._reels[-1].events.append(stamped)
            self.head = reduce(self.head, stamped)
            self.end += 1
            if isinstance(stamped.event, StepStarted):
                self._steps.append((self.end, stamped.event.step))
        while self._keep is not None and self.end - self._base - EVERY >= self._keep:
            del self._reels[0]
            self._base += EVERY

    def view_at(self, position: int) -> RunView:
        """Return the view after ``position`` events; folds ``EVERY`` events at most."""
        position = self.clamped(position)
        if position == self.end:
            return self.head
        reel, offset = divmod(position - self._base, EVERY)
        at, view = position - offset, self._reels[reel].before
        if at <= self._seen[0] <= position:
            at, view = self._seen
        for stamped in self._reels[reel].events[at - (position - offset) : offset]:
            view = reduce(view, stamped)
            self.folded += 1
        self._seen = position, view
        return view

    def pause_before(self, position: int) -> float:
        """Return the seconds between the event at ``position`` and the one before it; 0 at the start of a process."""
        if not self._base < position < self.end:
            return 0.0
        event, before = self._event(position), self._event(position - 1)
        return 0.0 if isinstance(event.event, RunOpened) else max(0.0, event.t - before.t)

    def clamped(self, position: int) -> int:
        """Return the nearest position that there is."""
        return max(self._base, min(position, self.end))

    def step_after(self, position: int) -> int:
        """Return the position where the next step has just begun, or the end."""
        index = bisect_right(self._steps, position, key=lambda step: step[0])
        return self._steps[index][0] if index < len(self._steps) else self.end

    def step_before(self, position: int) -> int:
        """Return the last position before this one where a step has just begun, or the start."""
        index = bisect_left(self._steps, position, key=lambda step: step[0])
        return self.clamped(self._steps[index - 1][0] if index else 0)

    def step(self, number: int) -> int | None:
        """Return the position where step ``number`` has just begun, 0 for the start; None when there is none yet."""
        if number == 0:
            return self.start
        return next((position for position, step in self._steps if step == number), None)

    def _event(self, index: int) -> Stamped:
        reel, offset = divmod(index - self._base, EVERY)
        return self._reels[reel].events[offset]
