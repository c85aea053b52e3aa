"""A run's events in memory, with the view after any of them: what is needed to look back."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from autodiff_engine.events import RunOpened, Stamped, StepStarted

from .rewinding import Past
from .view import RunView, reduce

EVERY = 250
"""Events between two views that are kept: so many are folded again, at most, to look at any place."""
KEPT = 20_000
"""Events of a run that goes on which can be looked back at; a recorded one is kept whole."""


@dataclass(slots=True)
class _Reel:
    """Up to ``EVERY`` events, how many there were before them, and the view before the first of them."""

    start: int
    before: RunView
    events: list[Stamped] = field(default_factory=list[Stamped])


class Tape:
    """Grows at its end; a position is a number of events, 0 is before the first. Keeps the newest ``keep``, or all.

    ``past`` knows what the run said, where it may take facts back: a reel then begins with the view without them.
    """

    def __init__(self, keep: int | None = KEPT, past: Past | None = None) -> None:
        self._reels = [_Reel(0, RunView())]
        self._keep = keep
        self._past = past
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
        return self._reels[0].start

    def extend(self, events: Iterable[Stamped]) -> None:
        """Take in what came next."""
        for stamped in events:
            before = self._past.before(self.head, stamped) if self._past is not None else self.head
            if before is not self.head or len(self._reels[-1].events) >= EVERY:
                self._reels.append(_Reel(self.end, before))
            self._reels[-1].events.append(stamped)
            self.head = reduce(before, stamped)
            self.end += 1
            if isinstance(stamped.event, StepStarted):
                self._steps.append((self.end, stamped.event.step))
        while self._keep is not None and len(self._reels) > 1 and self.end - self._reels[1].start >= self._keep:
            del self._reels[0]

    def view_at(self, position: int) -> RunView:
        """Return the view after ``position`` events; folds ``EVERY`` events at most."""
        position = self.clamped(position)
        if position == self.end:
            return self.head
        if position == self.start:
            return self._reels[0].before
        reel = self._reel(position - 1)
        at, view = reel.start, reel.before
        if at < self._seen[0] <= position:
            at, view = self._seen
        for stamped in reel.events[at - reel.start : position - reel.start]:
            view = reduce(view, stamped)
            self.folded += 1
        self._seen = position, view
        return view

    def pause_before(self, position: int) -> float:
        """Return the seconds between the event at ``position`` and the one before it; 0 at the start of a process."""
        if not self.start < position < self.end:
            return 0.0
        event, before = self._event(position), self._event(position - 1)
        return 0.0 if isinstance(event.event, RunOpened) else max(0.0, event.t - before.t)

    def clamped(self, position: int) -> int:
        """Return the nearest position that there is."""
        return max(self.start, min(position, self.end))

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
        return next((position for position, step in reversed(self._steps) if step == number), None)

    def _event(self, index: int) -> Stamped:
        reel = self._reel(index)
        return reel.events[index - reel.start]

    def _reel(self, index: int) -> _Reel:
        """Return the reel that holds event ``index``, counted from 0."""
        return self._reels[bisect_right(self._reels, index, key=lambda reel: reel.start) - 1]
