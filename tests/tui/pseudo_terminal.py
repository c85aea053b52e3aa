"""A pseudo-terminal for tests: every byte that a program sends to its terminal, and whether it is left as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OURS = ("CI", "NO_COLOR", "COLUMNS", "LINES")
"""What an environment says of another terminal."""
_OPENED, _LEFT = b"\x1b[?1049h", b"\x1b[?1049l"


@dataclass
class PseudoTerminal:
    """A program in a pseudo-terminal; nothing that it says is read unless a test does."""

    process: subprocess.Popen[bytes]
    master: int
    said: bytes = b""

    def read_until(self, words: bytes, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.said and time.monotonic() < deadline and self._read():
            pass
        assert words in self.said, self.said[-2000:]

    def read_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._read():
            pass

    def write(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def left(self, seconds: float = 30) -> int:
        """Read to the end, and return the exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read()
        while self._read():  # what it said last
            if not select.select([self.master], [], [], 0.1)[0]:
                break
        return self.process.wait(max(1.0, deadline - time.monotonic()))  # it may close the terminal long before it ends

    @property
    def is_restored(self) -> bool:
        """Whether the usual screen was given back, after the app's own."""
        return -1 < self.said.find(_OPENED) < self.said.rfind(_LEFT)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def _read(self) -> bool:
        """Take what is there; False once the other side is closed."""
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.said += os.read(self.master, 65536)
            except OSError:
                return False
        return True


def opened(
    command: Sequence[str], *, folder: Path = ROOT, size: tuple[int, int] = (120, 40), controlling: bool = True
) -> PseudoTerminal:
    """Start ``command`` in a terminal of ``size``; ``controlling``: it hangs up when the terminal goes away."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (size[1], size[0]))

    def own_terminal() -> None:
        if controlling:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    known = {name: value for name, value in os.environ.items() if name not in _OURS}
    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, start_new_session=True, preexec_fn=own_terminal,
        env={**known, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(slave)
    return PseudoTerminal(process, master)
