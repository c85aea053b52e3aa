"""The terminal under the app: noticing that it is gone, going on without one, signals that ask to end."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Callable
from contextlib import suppress

from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread


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

    A closed window or a dead connection makes every write to them fail. Textual's writing thread dies of that, and then
    blocks whoever writes: the app would never end, and with it the run.
    """

    def __init__(self) -> None:
        self._streams = tuple(fd for fd in (0, 1, 2) if os.isatty(fd))

    @property
    def lost(self) -> bool:
        """Whether a stream that was a terminal is none any more; costs three system calls."""
        return any(not os.isatty(fd) for fd in self._streams)

    def let_go(self, driver: Driver | None) -> None:
        """Send what is still written, also after the app, to nowhere; what never was a terminal is left alone."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for fd in self._streams:
            os.dup2(nowhere, fd)
        os.close(nowhere)
        self._streams = ()
        if driver is not None and getattr(driver, "_writer_thread", None) is not None:
            driver._writer_thread = _Nowhere()  # pyright: ignore[reportAttributeAccessIssue] - no public way to replace it


class _Nowhere(WriterThread):
    """Takes what the driver writes and never waits; it is not started."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())

    def write(self, text: str) -> None:
        """Drop ``text``."""

    def stop(self) -> None:
        """There is nothing to wait for."""
