"""Answers as they are given, for whoever wants to know which ones a run was made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .model import Call, Model, Reply

Note = Callable[[Call, Reply], object]


@dataclass(frozen=True, slots=True)
class NotedModel:
    """Lets ``inner`` answer and has ``note`` hear of it; of what fails or is cancelled it does not."""

    inner: Model
    note: Note

    async def complete(self, call: Call) -> Reply:
        """Ask ``inner``, tell, return."""
        reply = await self.inner.complete(call)
        self.note(call, reply)
        return reply
