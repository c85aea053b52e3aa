"""The gate around a model: pause and stop take hold here, before the store and again before a call is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..control import Control
from ..errors import AnswerMissing
from .model import Call, Model, Reply
from .slots import Slots


@dataclass(frozen=True, slots=True)
class CallReport:
    """How one call ended: exactly one of ``reply`` and ``error`` is given; ``in_flight`` counts what is still open."""

    call: Call
    reply: Reply | None
    error: str
    in_flight: int


OnStarted = Callable[[Call, int], None]
OnFinished = Callable[[CallReport], None]


class GatedModel:
    """Stands before the store, so that a cached run pauses too; reports what was answered without being sent.

    ``again`` says that the run says again what it has said: a pause or a stop takes hold where it is live.
    """

    def __init__(
        self,
        inner: Model,
        control: Control,
        on_started: OnStarted,
        on_finished: OnFinished,
        *,
        again: Callable[[], bool] = lambda: False,
    ) -> None:
        self._again = again
        self._inner = inner
        self._control = control
        self._on_started = on_started
        self._on_finished = on_finished

    async def complete(self, call: Call) -> Reply:
        """Wait for the gate, then ask."""
        if not self._again():
            await self._control.passing()
        try:
            reply = await self._inner.complete(call)
        except AnswerMissing:  # a stop that came meanwhile ends the run, not an answer that nobody needs any more
            await self._control.passing()
            raise
        if reply.cached:
            self._on_started(call, self._control.in_flight)
            self._on_finished(CallReport(call, reply, "", self._control.in_flight))
        return reply


class AdmittedModel:
    """Stands behind the store: lets a call be sent when ``control`` says so, counts it as in flight and reports it.

    At most ``at_once`` calls are let in at a time, so that a pause or a stop waits for these alone, not for all that a
    validation has asked for. A call that waits here, or that a stop turns away here, is reported by nobody.
    """

    def __init__(
        self, inner: Model, control: Control, on_started: OnStarted, on_finished: OnFinished, *, at_once: int
    ) -> None:
        self._inner = inner
        self._control = control
        self._on_started = on_started
        self._on_finished = on_finished
        self._slots = Slots(at_once)

    async def complete(self, call: Call) -> Reply:
        """Wait for a slot and for the gate, then ask; a cancelled call is reported with the error ``cancelled``."""
        await self._slots.take()
        try:
            await self._control.enter()
            return await self._reported(call)
        finally:
            self._slots.give()

    async def _reported(self, call: Call) -> Reply:
        reply: Reply | None = None
        error = "cancelled"
        try:
            self._on_started(call, self._control.in_flight)
            reply = await self._inner.complete(call)
            error = ""
            return reply
        except Exception as failure:
            error = str(failure) or type(failure).__name__
            raise
        finally:
            self._control.leave()
            self._on_finished(CallReport(call, reply, error, self._control.in_flight))
