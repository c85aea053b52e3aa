"""Pause, step, stop: the gate that every call passes before it is made or looked up; and what a person decides."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import EngineError, RunStopped
from .events import Decision, StopChosen

State = Literal["running", "pausing", "paused", "stopping"]
Stride = Literal["step", "phase"]
"""How far a run goes before it pauses by itself."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions of an earlier execution, in order, to be taken again after the same facts.

    ``facts`` is how far that one came: until there the run is its history, and no new decision is taken.
    """

    decisions: tuple[Decision, ...] = ()
    facts: int = 0


class Control:
    """The one owner of a run's control state; lives on the engine's event loop and is called there only.

    Another thread reaches it by ``loop.call_soon_threadsafe(control.pause)``.

    ``attended`` says that a person can resume a pause: without one, trouble ends the run.
    ``on_change(state, reason)`` is called at each change of state. Decisions wait in ``decisions`` until the training,
    which hears of each by ``on_decision``, takes them.
    """

    def __init__(
        self,
        *,
        attended: bool = False,
        on_change: Callable[[State, str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attended = attended
        self.on_change = on_change
        self.state: State = "running"
        self.reason = ""
        self.in_flight = 0
        self.steered = False
        """Whether a person has decided anything that took hold, or has asked for a stop."""
        self.halted_by: EngineError | None = None
        """The trouble that the run pauses for; None once it goes on."""
        self.ended_by = ""
        """Why the run stops though no person asked for it; empty where one did."""
        self.decisions: deque[Decision] = deque()
        self.on_decision: Callable[[], None] | None = None
        self._stride: Stride | None = None
        self._clock = clock
        self._idle = 0.0
        self._paused_at: float | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def worked(self) -> float:
        """Return the seconds of a clock that stands while the run is paused: a person's time is not the run's."""
        return (self._clock() if self._paused_at is None else self._paused_at) - self._idle

    def pause(self, reason: str = "") -> None:
        """Let no new call start; calls in flight finish and are kept."""
        if self.state in ("running", "pausing", "paused"):
            self._enter("pausing" if self.in_flight else "paused", reason)

    def resume(self) -> None:
        """Let calls start again."""
        self._stride = None
        if self.state in ("pausing", "paused"):
            self._enter("running", "")

    def step(self, stride: Stride = "step") -> None:
        """Run until the current step, or only its current phase, is finished, then pause."""
        if self.state in ("pausing", "paused", "running"):
            self._stride = stride
            self._enter("running", f"one {stride}")

    def decide(self, decision: Decision) -> None:
        """Hand over what a person decided; its ``after`` is the training's to say."""
        if isinstance(decision, StopChosen):
            self.stop()
            return
        self.decisions.append(decision)
        if self.on_decision is not None:
            self.on_decision()

    def stop(self, reason: str = "") -> None:
        """Ask for stop-and-keep: calls in flight finish, then the next call raises ``RunStopped``.

        A ``reason`` is whose who stops without having been asked to by a person.
        """
        self.steered = True
        self.ended_by = reason
        self._enter("stopping", reason or "stop and keep the best")

    def reporting(self) -> None:
        """Open the gate for the final report after a stop, for which calls are needed once more."""
        self._enter("running", "final report")

    def finished(self, stride: Stride, what: str) -> None:
        """Tell the gate that a step or a phase ended: where a run that goes by it, or by less, pauses."""
        if self._stride == stride or (self._stride is not None and stride == "step"):
            self._stride = None
            self.pause(f"{what} finished")

    async def trouble(self, error: EngineError) -> None:
        """Pause because of ``error`` until a person resumes; without a person raise it.

        Raises:
            RunStopped: A person has asked for a stop meanwhile, which wins over any trouble.
        """
        if not self.attended and self.state != "stopping":
            raise error
        if self.state != "stopping":
            self.halted_by = error
        self.pause(str(error))
        await self._until_open()

    async def passing(self) -> None:
        """Wait until the gate is open, and count nothing.

        Raises:
            RunStopped: A stop was asked for, and what was in flight has finished.
        """
        await self._until_open()

    async def enter(self) -> None:
        """Wait until a call may start, then count it as in flight; pair with ``leave``.

        Raises:
            RunStopped: A stop was asked for, and what was in flight has finished.
        """
        await self._until_open()
        self.in_flight += 1

    def leave(self) -> None:
        """Count a call as no longer in flight."""
        self.in_flight -= 1
        if self.in_flight == 0 and self.state == "pausing":
            self._enter("paused", self.reason)
        else:
            self._wake()

    async def _until_open(self) -> None:
        while not (self.state == "running" or (self.state == "stopping" and self.in_flight == 0)):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        if self.state == "stopping":
            raise RunStopped("the run was stopped; the best prompts so far are kept")

    def _enter(self, state: State, reason: str) -> None:
        self.state, self.reason = state, reason
        self._count_pause()
        if state == "running":
            self.halted_by = None
        if self.on_change is not None:
            self.on_change(state, reason)
        self._wake()

    def _count_pause(self) -> None:
        now = self._clock()
        if self.state == "paused":
            self._paused_at = now if self._paused_at is None else self._paused_at
        elif self._paused_at is not None:
            self._idle, self._paused_at = self._idle + now - self._paused_at, None

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():  # a cancelled waiter is done
                waiter.set_result(None)
