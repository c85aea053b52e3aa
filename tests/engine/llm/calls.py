"""Calls for tests of the llm layer."""

from __future__ import annotations

import asyncio
from typing import Any

from autodiff_engine.llm import Call, Message, Reply, Request, Role, Usage


def a_call(
    text: str = "How many?",
    *,
    model: str = "openai/loopback",
    endpoint: str = "",
    role: Role = "task",
    draw: int = 0,
    **params: Any,
) -> Call:
    """A call whose request is told apart by its text."""
    messages = (Message("system", "Count."), Message("user", text))
    return Call(Request(model, endpoint, messages, {"max_tokens": 50, **params}, draw), role, f"1/forward/{text}/n/1")


class Held:
    """A model that answers only when it is let, and knows how many it holds."""

    def __init__(self) -> None:
        self.seen: list[Call] = []
        self.open = 0
        self.most = 0
        self.let = asyncio.Event()
        self.error: Exception | None = None

    async def complete(self, call: Call) -> Reply:
        self.seen.append(call)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await self.let.wait()
        finally:
            self.open -= 1
        if self.error is not None:
            raise self.error
        return Reply(f"to {call.request.messages[-1].content}", "stop", Usage(10, 5))
