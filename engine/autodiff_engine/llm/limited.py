"""Limits around a model: how many calls at once over all roles, and how often one is tried again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from ..errors import ModelUnavailable
from .model import Call, Model, Reply
from .slots import Slots
from .unavailable import RateLimited

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
PATIENCE_S = 120.0
"""A provider that asks for a longer wait than this is not waited for: the run pauses and a person decides."""


class LimitedModel:
    """At most ``in_flight`` calls at once, each sent up to ``attempts`` times; only ``ModelUnavailable`` is retried.

    A rate limit halves the number in flight at once, successes win it back one by one. While a call waits for its next
    attempt its slot is free. ``seed`` is for the jitter: it decides waits, never answers.
    """

    def __init__(
        self,
        inner: Model,
        in_flight: int = 8,
        *,
        attempts: int = 4,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._slots = Slots(in_flight)
        self._attempts = attempts
        self._rng = random.Random(f"{seed}/retry")
        self._sleep = sleep

    @property
    def in_flight_limit(self) -> int:
        """How many calls may be in flight now."""
        return self._slots.size

    async def complete(self, call: Call) -> Reply:
        """Ask until there is an answer.

        Raises:
            ModelUnavailable: No attempt brought one; the message says how many were made and how the last one ended.
        """
        for attempt in range(1, self._attempts + 1):
            try:
                return await self._attempt(call)
            except ModelUnavailable as error:
                if attempt == self._attempts or (error.retry_after_s or 0.0) > PATIENCE_S:
                    raise _given_up(call, attempt, error) from error
                wait_s = self._wait_s(attempt, error)
            await self._sleep(wait_s)
        raise ValueError(f"attempts is {self._attempts}; it must be at least 1")

    async def _attempt(self, call: Call) -> Reply:
        era = await self._slots.take()
        try:
            reply = await self._inner.complete(call)
        except RateLimited:
            self._slots.shrink(era)
            raise
        finally:
            self._slots.give()
        self._slots.grow()
        return reply

    def _wait_s(self, attempt: int, error: ModelUnavailable) -> float:
        """Full jitter below a doubling ceiling; what the provider asked for comes first, and a little jitter on top."""
        if error.retry_after_s is not None:
            return error.retry_after_s + self._rng.uniform(0.0, 1.0)
        return self._rng.uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt))


def _given_up(call: Call, attempts: int, error: ModelUnavailable) -> ModelUnavailable:
    times = "attempt" if attempts == 1 else "attempts"
    message = f"no answer from {call.request.model} in {attempts} {times}: {error}"
    if error.retry_after_s is not None:
        message += f" (asks to wait {error.retry_after_s:g} s)"
    message += f" [{call.at}]"
    hint = error.hint or "wait a while, then run it again: what was answered is stored and costs nothing"
    return ModelUnavailable(message, hint, retry_after_s=error.retry_after_s)
