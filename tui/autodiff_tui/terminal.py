"""The terminal under the app: noticing that it is gone, and signals that ask to end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from .driver import let_go


def catch_signals(told: Callable[[int], object]) -> Callable[[], None]:
    """Have ``told`` called, with its number, for each signal that asks the app to end; return what gives them back.

    Called in the app's event loop. Where it is not the main thread's, or on Windows, nothing is caught.
    """
    loop = asyncio.get_running_loop()
    caught: list[int] = []
    for number in (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")):
        if number is not None:
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, told, number)
                caught.append(number)

    def give_back() -> None:
        for number in caught:
            loop.remove_signal_handler(number)

    return give_back


class Terminal:
    """The standard streams that were a terminal when the app began.

    A closed window or a dead connection makes every write to them fail; nothing else tells of it where the signal for
    it does not come.
    """

    def __init__(self) -> None:
        self._streams = tuple(fd for fd in (0, 1, 2) if os.isatty(fd))

    @property
    def lost(self) -> bool:
        """Whether a stream that was a terminal is none any more; costs three system calls."""
        return any(not os.isatty(fd) for fd in self._streams)

    def let_go(self) -> None:
        """Send what is still written, also after the app, to nowhere; what never was a terminal is left alone."""
        let_go(*self._streams)
        self._streams = ()
