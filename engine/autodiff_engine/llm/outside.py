"""A model for what is no LLM: the user's functions that look outside (a web search, a clock)."""

from __future__ import annotations

import time

from .model import Call, Model, Reply, Usage
from .redact import received


class OutsideModel:
    """Answers calls of ``outside/NAME`` with their own function, and passes all others to ``inner``.

    Stands where models stand, so that the result is gated, stored, replayed and counted like an answer; it takes no
    tokens and costs nothing. What the function raises ends the call at once: only the user knows if it may be repeated.
    """

    def __init__(self, inner: Model) -> None:
        self._inner = inner

    async def complete(self, call: Call) -> Reply:
        """Run the call's function, or ask ``inner``.

        Raises:
            ProgramError: The function raised.
        """
        if call.function is None:
            return await self._inner.complete(call)
        started = time.monotonic()
        text = received(await call.function())
        return Reply(text, "stop", Usage(0, 0), cost_usd=0.0, seconds=time.monotonic() - started)
