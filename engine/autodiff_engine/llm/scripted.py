"""A model that a function answers for: tests and benchmarks, never a real run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .model import Call, Reply, Usage


class ScriptedModel:
    """Answers each call with ``answer(call)``; keeps what it saw, in the order in which calls arrived."""

    def __init__(
        self,
        answer: Callable[[Call], str | Reply],
        *,
        delay_s: Callable[[Call], float] | None = None,
    ) -> None:
        self._answer = answer
        self._delay_s = delay_s
        self.seen: list[Call] = []

    async def complete(self, call: Call) -> Reply:
        """Answer at once, or after ``delay_s(call)``; what ``answer`` raises is raised here."""
        self.seen.append(call)
        if self._delay_s is not None:
            await asyncio.sleep(self._delay_s(call))
        answer = self._answer(call)
        if isinstance(answer, Reply):
            return answer
        words = sum(len(message.content.split()) for message in call.request.messages)
        return Reply(answer, "stop", Usage(words, len(answer.split())), cost_usd=0.0)
