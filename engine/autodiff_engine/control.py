"""Pause, step, stop: the gate that every call passes before it is made or looked up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from .errors import EngineError, RunStopped

State = Literal["running", "pausing", "paused", "stopping"]


class Control:
    """The one owner of a run's control state; lives on the engine's event loop and is called there only.

    Another thread reaches it by ``loop.call_soon_threadsafe(control.pause)``.

    ``attended`` says that a person can resume a pause: without one, trouble ends the run.
    ``on_change(state, reason)`` is called at each change of state.
    """

    def __init__(self, *, attended: bool = False, on_change: Callable[[State, str], None] | None = None) -> None:
        self.attended = attended
        self.on_change = on_change
        self.state: State = "running"
        self.reason = ""
        self.in_flight = 0
        self._stepping = False
        self._waiters: list[asyncio.Future[None]] = []

    def pause(self, reason: str = "") -> None:
        """Let no new call start; calls in flight finish and are kept."""
        if self.state in ("running", "pausing", "paused"):
            self._enter("pausing" if self.in_flight else "paused", reason)

    def resume(self) -> None:
        """Let calls start again."""
        self._stepping = False
        if self.state in ("pausing", "paused"):
            self._enter("running", "")

    def step(self) -> None:
        """Run until the current step is finished, then pause."""
        if self.state in ("pausing", "paused", "running"):
            self._stepping = True
            self._enter("running", "one step")

    def stop(self) -> None:
        """Ask for stop-and-keep: calls in flight finish, then the next call raises ``RunStopped``."""
        self._enter("stopping", "stop and keep the best")

    def reporting(self) -> None:
        """Open the gate for the final report after a stop, for which calls are needed once more."""
        self._enter("running", "final report")

    def step_finished(self) -> None:
        """Tell the gate that a training step ended: where a single step pauses."""
        if self._stepping:
            self._stepping = False
            self.pause("step finished")

    async def trouble(self, error: EngineError) -> None:
        """Pause because of ``error`` until a person resumes; without a person raise it.

        Raises:
            RunStopped: A person has asked for a stop meanwhile, which wins over any trouble.
        """
        if not self.attended and self.state != "stopping":
            raise error
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
        if self.on_change is not None:
            self.on_change(state, reason)
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():  # a cancelled waiter is done
                waiter.set_result(None)
