"""A deadline of our own around a model: providers' client libraries do not keep theirs."""

from __future__ import annotations

import asyncio

from ..errors import ModelUnavailable
from .model import Call, Model, Reply


class DeadlineModel:
    """Gives up a request after ``timeout_s`` seconds.

    It stands inside the meter and outside the client, so that a wait for the budget, for a slot or for a local model
    to load is no part of the time, and a request that was given up is settled as spent.
    """

    def __init__(self, inner: Model, timeout_s: float) -> None:
        self._inner = inner
        self._timeout_s = timeout_s

    async def complete(self, call: Call) -> Reply:
        """Ask, for so long.

        Raises:
            ModelUnavailable: No whole answer arrived in time.
        """
        clock = asyncio.timeout(self._timeout_s)
        try:
            async with clock:
                return await self._inner.complete(call)
        except TimeoutError as late:
            if not clock.expired():
                raise
            message = f"{call.request.model} gave no answer within {self._timeout_s:g} s"
            raise ModelUnavailable(message, "raise limits.timeout_s, or lower max_tokens") from late
