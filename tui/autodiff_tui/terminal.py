"""The terminal under the app: noticing that it is gone, and signals that ask to end."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
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


_WATCH = "terminal-watch"
WITHOUT_TERMINAL_S = 30.0
"""How long an app may take to its end after its terminal is gone: the engine has ten seconds of them."""


def outlive_no_terminal(patience_s: float = WITHOUT_TERMINAL_S) -> None:
    """End the process when its terminal has been gone for ``patience_s``, whatever the app waits for.

    The last resort: an app was once found that nobody could see, reading its dead terminal for half an hour. Nothing is
    lost by it, as a run can be killed anywhere. Without a terminal on stdin there is nothing to watch.
    """
    watched = any(thread.name == _WATCH for thread in threading.enumerate())  # home, and the run that it leads to
    if os.isatty(0) and not watched:
        threading.Thread(target=_end_without, args=(patience_s,), name=_WATCH, daemon=True).start()


def _end_without(patience_s: float) -> None:
    gone_s = 0.0
    pause_s = patience_s / 10
    while gone_s < patience_s:
        time.sleep(pause_s)
        gone_s = 0.0 if os.isatty(0) else gone_s + pause_s
    os._exit(128 + signal.SIGHUP)


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
