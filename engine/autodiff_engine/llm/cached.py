"""The cache around a model: every answer is stored before it is used, and equal requests at once make one call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ..errors import AnswerMissing
from .model import Call, Model, Reply
from .redact import one_line
from .store import AnswerStore
from .stored import StoredAnswers

_QUIET_TURNS = 50
"""Turns of the event loop without a stored answer after which none is on its way: one needs about ten to be used."""

CacheMode = Literal["read-write", "off", "refresh", "read-only"]
"""What a run does with other runs' answers; its own are always stored, and read again when it is resumed.

``read-write`` reads and adds to them; ``read-only`` reads them; ``off`` does neither; ``refresh`` asks anew and puts
its answers in their place.
"""


@dataclass(slots=True)
class _Flight:
    """One request on its way, and how many calls wait for it."""

    task: asyncio.Task[Reply]
    waiters: int = 0


@dataclass(frozen=True, slots=True)
class KeptModel:
    """Stores what ``inner`` says before anybody hears of it.

    Stands where a call counts as open: so that one that is told as answered is never asked again, however soon this
    process is killed.
    """

    inner: Model
    store: AnswerStore
    run: str
    mode: CacheMode = "read-write"

    async def complete(self, call: Call) -> Reply:
        """Ask, store, return; what was paid for is stored although the call is cancelled meanwhile.

        Raises:
            StorageError: The answer could not be stored.
        """
        reply = await self.inner.complete(call)
        storing = asyncio.create_task(self._keep(call.request.key, reply))
        try:
            return await asyncio.shield(storing)
        except asyncio.CancelledError:
            await asyncio.wait({storing})
            raise

    async def _keep(self, key: str, reply: Reply) -> Reply:
        if self.mode == "read-write":
            return await self.store.add(key, reply)
        if self.mode == "refresh":
            await self.store.replace(key, reply)
        return await self.store.add(key, reply, self.run)


class CachedModel:
    """Answers from ``store`` where the mode allows, else asks ``inner`` and stores what it says.

    Where ``inner`` holds a ``KeptModel`` already, ``keeps`` is False; a store that is only read keeps nothing. ``run``
    names the part of the store that is this run's own; it must be the same when the run is resumed. ``offline`` forbids
    asking at all. ``on_hit`` hears of each answer that cost nothing now.
    """

    def __init__(
        self,
        inner: Model,
        store: AnswerStore | StoredAnswers,
        run: str,
        *,
        mode: CacheMode = "read-write",
        offline: bool = False,
        keeps: bool = True,
        on_hit: Callable[[Reply], None] | None = None,
    ) -> None:
        self._inner = KeptModel(inner, store, run, mode) if keeps and isinstance(store, AnswerStore) else inner
        self._store = store
        self._run = run
        self._mode: CacheMode = mode
        self._offline = offline
        self._on_hit = on_hit
        self._running: dict[str, _Flight] = {}
        self._hits = 0

    async def complete(self, call: Call) -> Reply:
        """Answer from the store, from an equal request in flight, or by asking.

        Raises:
            AnswerMissing: Asking is forbidden and nothing is stored.
            StorageError: The answer could not be stored.
        """
        key = call.request.key
        flight = self._running.get(key)
        first = flight is None
        if flight is None:  # no await between the look and the launch: a second equal call must find this one
            flight = self._launch(key, call)
        reply = await self._wait(key, flight)
        if not first:
            reply = replace(reply, cached=True)
        if reply.cached:
            self._hits += 1
            if self._on_hit is not None:
                self._on_hit(reply)
        return reply

    def _launch(self, key: str, call: Call) -> _Flight:
        flight = _Flight(asyncio.create_task(self._find_or_ask(key, call)))
        self._running[key] = flight
        flight.task.add_done_callback(lambda _: self._forget(key, flight))
        return flight

    def _forget(self, key: str, flight: _Flight) -> None:
        if self._running.get(key) is flight:
            del self._running[key]

    async def _wait(self, key: str, flight: _Flight) -> Reply:
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            if flight.waiters == 1 and not flight.task.done():  # nobody else wants it: do not pay for it further
                self._forget(key, flight)
                flight.task.cancel()
                await asyncio.wait({flight.task})  # until its reservation is settled, its answer stored
            raise
        finally:
            flight.waiters -= 1

    async def _find_or_ask(self, key: str, call: Call) -> Reply:
        stored = self._find(key)
        if stored is not None:
            return stored
        await self._until_quiet()
        if self._offline:
            raise _missing(call)
        return await self._inner.complete(call)

    async def _until_quiet(self) -> None:
        """Wait while stored answers are still being handed out: what they decide, an early stop, may spare this call.

        A run that is executed again over its answers thus asks for none that its first execution had cancelled.
        """
        before = -1
        while before != self._hits:
            before = self._hits
            for _ in range(_QUIET_TURNS):
                await asyncio.sleep(0)

    def _find(self, key: str) -> Reply | None:
        own = self._store.get(key, self._run)
        if own is not None or self._mode in ("off", "refresh"):
            return own
        return self._store.get(key)


def _missing(call: Call) -> AnswerMissing:
    messages = call.request.messages
    start = one_line(messages[-1].content)[:80] if messages else ""
    message = f"no recorded answer to the {call.role} prompt “{start}” [{call.at}]"
    return AnswerMissing(message, "run it once without --offline, or with the --cache-dir that holds its answers")
