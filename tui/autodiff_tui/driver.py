"""The driver of a terminal that may stop reading, or go away, without stopping the app."""

from __future__ import annotations

import os
import select
import sys
from queue import Full
from typing import IO

from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread

PATIENCE_S = 1.0
"""How long the app's end waits for a terminal that does not read."""


class SteadyWriter(WriterThread):
    """Writes to the terminal; what comes while it does not read is skipped, and what comes after it is gone, dropped.

    Textual's own lets whoever writes wait as soon as thirty writes are open. That is the loop that hears keys and
    signals: a stopped terminal would keep the app, and the run with it, from every end.
    """

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._fd = file.fileno()
        self._gone = False
        self._skipped = False

    def write(self, text: str) -> None:
        """Have ``text`` written, or skip it; never waits."""
        try:
            self._queue.put_nowait(text)
        except Full:
            self._skipped = True

    def caught_up(self) -> bool:
        """Whether all is written, but something was skipped since the last time: the screen has to be painted anew."""
        if not self._skipped or not self._queue.empty():
            return False
        self._skipped = False
        return True

    def run(self) -> None:
        """Write until told to stop; not through the file, whose lock a write that never ends would keep."""
        while (text := self._queue.get()) is not None:
            self._send(text.encode(errors="replace"))

    def stop(self) -> None:
        """Wait for what is open, but not for a terminal that does not read."""
        try:
            self._queue.put(None, timeout=PATIENCE_S)
        except Full:
            return
        self.join(PATIENCE_S)

    def _send(self, left: bytes) -> None:
        while left and not self._gone:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:  # whoever shares the terminal with us may have made it so
                select.select([], [self._fd], [], PATIENCE_S)
            except OSError:
                self._gone = True


def let_go(*streams: int) -> None:
    """Send what is still written to ``streams`` to nowhere, also after the app."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in streams:
        os.dup2(nowhere, fd)
    os.close(nowhere)


def caught_up(driver: Driver | None) -> bool:
    """Whether the terminal reads again after something was skipped: the whole screen has to be painted anew."""
    writer = getattr(driver, "_writer_thread", None)
    return isinstance(writer, SteadyWriter) and writer.caught_up()


if sys.platform == "win32":
    STEADY: type[Driver] | None = None
    """Textual's own choice: Windows writes in another way."""
else:
    from textual.drivers.linux_driver import LinuxDriver

    class SteadyDriver(LinuxDriver):
        """Textual's driver with a writer that never waits."""

        def start_application_mode(self) -> None:
            """Take the terminal; again after another program had it."""
            super().start_application_mode()
            if self._writer_thread is None or self._file is None:
                return
            self._writer_thread.stop()
            self._writer_thread = SteadyWriter(self._file)
            self._writer_thread.start()

        def close(self) -> None:
            """Give the terminal back; one that does not read gets nothing more, nobody waits for it after the app."""
            super().close()
            if self._writer_thread is not None and self._writer_thread.is_alive():
                let_go(*(fd for fd in (0, 1, 2) if os.isatty(fd)))

    STEADY = SteadyDriver
