"""A run and its thread: the engine's event loop on one side, whoever shows the run on the other."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from autodiff_engine.control import Control, Stride
from autodiff_engine.events import Decision, RunFinished, Stamped

Listener = Callable[[Stamped], None]
Execute = Callable[[Control, Listener], Awaitable[RunFinished]]
"""Executes a whole run: emits each event to the listener, returns the last one; errors end up in ``RunFinished``."""


class Source(Protocol):
    """Where events come from and commands go to, live or recorded. Called from one thread, the reader's."""

    @property
    def ended(self) -> bool:
        """True once no further event will come and all have been drained."""
        ...

    @property
    def error(self) -> BaseException | None:
        """What ended the source without a ``RunFinished``: a defect of ours, to be shown as such. None if nothing."""
        ...

    @property
    def abandoned(self) -> bool:
        """Whether the run has not ended and no process executes it: it may be resumed, and events come again."""
        ...

    def start(self) -> None:
        """Begin; once."""
        ...

    def drain(self, limit: int = 2000) -> list[Stamped]:
        """Take up to ``limit`` events that have come since, in order; never waits."""
        ...

    def pause(self) -> None:
        """Let no new call start; calls in flight finish and are kept."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    def step(self, stride: Stride = "step") -> None:
        """Run to the end of the current training step, or of its current phase, then pause."""
        ...

    def decide(self, decision: Decision) -> None:
        """Hand over what a person decided about a proposal or a text; it takes effect between two facts."""
        ...

    def stop(self) -> None:
        """Stop and keep the best: calls in flight finish, then the final report is made."""
        ...

    def abort(self, reason: str) -> None:
        """Cancel what is in flight and end as interrupted; what was answered is stored."""
        ...

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the run has ended, or ``timeout_s``."""
        ...


class LiveSession:
    """Executes a run in a thread and an event loop of its own, so that a stalled terminal cannot stall a paid run.

    ``history`` is what the run said in earlier executions: it comes first.
    """

    def __init__(self, execute: Execute, *, attended: bool, history: Iterable[Stamped] = ()) -> None:
        self._execute = execute
        self._control = Control(attended=attended)
        self._events: deque[Stamped] = deque(history)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None

    @property
    def error(self) -> BaseException | None:
        """What ended the engine's thread without a ``RunFinished``; set before ``ended`` is."""
        return self._error

    @property
    def abandoned(self) -> bool:
        """Never: it is executed here."""
        return False

    @property
    def ended(self) -> bool:
        """True once the thread is done and every event has been drained."""
        return self._ready.is_set() and not self._thread.is_alive() and not self._events

    def start(self) -> None:
        """Start the thread and wait until commands can reach it."""
        self._thread.start()
        self._ready.wait()

    def drain(self, limit: int = 2000) -> list[Stamped]:
        """Take what has come; appends and pops of a deque are atomic, so no lock is needed."""
        taken: list[Stamped] = []
        while self._events and len(taken) < limit:
            taken.append(self._events.popleft())
        return taken

    def pause(self) -> None:
        """Close the gate."""
        self._send(self._control.pause)

    def resume(self) -> None:
        """Open the gate."""
        self._send(self._control.resume)

    def step(self, stride: Stride = "step") -> None:
        """Open the gate until the step or the phase is finished."""
        self._send(lambda: self._control.step(stride))

    def decide(self, decision: Decision) -> None:
        """Hand it to the training."""
        self._send(lambda: self._control.decide(decision))

    def stop(self) -> None:
        """Stop and keep the best."""
        self._send(self._control.stop)

    def abort(self, reason: str) -> None:
        """Cancel the run's task; the engine writes its last events and closes its files."""
        if self._task is not None:
            self._send(lambda: self._task and self._task.cancel(reason))

    def join(self, timeout_s: float | None = None) -> None:
        """Wait for the thread."""
        self._thread.join(timeout_s)

    def _send(self, command: Callable[[], object]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(command)
            except RuntimeError:  # the loop was closed in between: the run has ended, there is nothing to command
                return

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - shown by the reader, with its traceback
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._ready.set()
        await self._execute(self._control, self._events.append)
