"""A coroutine on the main thread that a signal ends cleanly."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def run(job: Callable[[], Awaitable[T]]) -> tuple[T | None, int]:
    """Run ``job`` in an event loop of its own and return its result and 0.

    A signal cancels it; once it has cleaned up, None and the signal's number are returned. What it raises is raised.
    """
    return asyncio.run(_until_signal(job))


async def _until_signal(job: Callable[[], Awaitable[T]]) -> tuple[T | None, int]:
    """Run ``job``; a signal cancels it, and its number is returned in place of a result once it has cleaned up."""
    received = 0
    task = asyncio.ensure_future(job())

    def cancel(number: int) -> None:
        nonlocal received
        received = number
        task.cancel()

    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    try:
        for number in numbers:
            loop.add_signal_handler(number, cancel, number)
    except NotImplementedError:  # Windows: KeyboardInterrupt ends the run instead
        pass
    try:
        return await task, 0
    except asyncio.CancelledError:
        if not received:
            raise
        return None, received
