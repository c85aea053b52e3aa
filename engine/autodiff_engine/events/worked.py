"""The time that a run worked, as the stamps of its events tell it: while it was paused no call was open."""

from __future__ import annotations

from dataclasses import dataclass

from .decisions import Decision
from .facts import Fact
from .marks import ControlChanged, Mark, RunOpened, Telemetry


@dataclass(frozen=True, slots=True)
class Worked:
    """Folds the events of a run; ``heard`` of one that opens the run begins anew, as its stamps do."""

    until: float = 0.0
    """The stamp of the newest event."""
    idle: float = 0.0
    """Seconds of the pauses that are over."""
    paused_at: float | None = None
    """The stamp of the pause that goes on."""

    @property
    def seconds(self) -> float:
        """Since the process opened the run, without its pauses."""
        return (self.until if self.paused_at is None else self.paused_at) - self.idle

    def heard(self, t: float, event: Fact | Decision | Mark | Telemetry) -> Worked:
        """Return the time after an event with the stamp ``t``."""
        until = max(self.until, t)
        if isinstance(event, RunOpened):
            return Worked(t)
        if not isinstance(event, ControlChanged):
            return Worked(until, self.idle, self.paused_at)
        if event.state == "paused":
            return Worked(until, self.idle, until if self.paused_at is None else self.paused_at)
        if self.paused_at is None:
            return Worked(until, self.idle)
        return Worked(until, self.idle + until - self.paused_at)
