"""Work on the main thread that a signal ends cleanly."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_DEADLY = ("SIGTERM", "SIGHUP")
"""Signals that end a process at once, where nobody catches them."""


def run(job: Callable[[], Awaitable[T]]) -> tuple[T | None, int]:
    """Run ``job`` in an event loop of its own and return its result and 0.

    A signal cancels it; once it has cleaned up, None and the signal's number are returned. What it raises is raised.
    """
    return asyncio.run(_until_signal(job))


@contextmanager
def unwinding() -> Generator[Callable[[], None]]:
    """Have the signals that would end this process at once raise ``SystemExit`` inside the block: what it made goes.

    What is yielded arms them again: an event loop, as the app has one, gives them back as the system has them. Signals
    that are ignored stay so, as under nohup.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    numbers: list[int] = [getattr(signal, name) for name in _DEADLY if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    caught = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def arm() -> None:
        for number in caught:
            signal.signal(number, _exit)

    arm()
    try:
        yield arm
    finally:
        for number in caught:
            signal.signal(number, before[number])


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


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
