"""A source for tests: events from a list, commands into one; no thread, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice

from autodiff_engine.events import DataLoaded, Decision, ProgramDescribed, RunFinished, RunOpened, Stamped

_ONCE = (RunOpened, ProgramDescribed, DataLoaded, RunFinished)


def flood(events: Sequence[Stamped], count: int) -> list[Stamped]:
    """As many as ``count``: ``events``, then all of them but what comes once again and again, then the last one."""
    again = [one for one in events if not isinstance(one.event, _ONCE)]
    more = islice(cycle(again), count - len(events))
    repeated = [Stamped(10**6 + n, 0.0, None, one.event) for n, one in enumerate(more)]
    return [*events[:-1], *repeated, events[-1]]


class ListSource:
    """Gives ``per_drain`` events a drain (None: as many as asked for) and remembers what it was told."""

    def __init__(
        self,
        events: Sequence[Stamped] = (),
        *,
        per_drain: int | None = None,
        endless: bool = False,
        obeys: bool = True,
    ) -> None:
        self.events = list(events)
        self.told: list[str] = []
        self.endless = endless
        self.obeys = obeys
        self.given = 0
        self._per_drain = per_drain
        self.error: BaseException | None = None
        self.abandoned = False

    @property
    def ended(self) -> bool:
        return not self.endless and self.given >= len(self.events)

    def start(self) -> None:
        self.told.append("start")

    def drain(self, limit: int = 2000) -> list[Stamped]:
        count = limit if self._per_drain is None else min(limit, self._per_drain)
        taken = self.events[self.given : self.given + count]
        self.given += len(taken)
        return taken

    def pause(self) -> None:
        self.told.append("pause")

    def resume(self) -> None:
        self.told.append("resume")

    def step(self, stride: str = "step") -> None:
        self.told.append(stride)

    def decide(self, decision: Decision) -> None:
        self.told.append(repr(decision))

    def stop(self) -> None:
        self.told.append("stop")

    def abort(self, reason: str) -> None:
        self.told.append(f"abort {reason}")
        self.endless = self.endless and not self.obeys

    def join(self, timeout_s: float | None = None) -> None:
        return
