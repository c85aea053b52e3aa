"""A real terminal for tests: one window of a tmux server, with the real command in it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

COMMAND = Path(sys.executable).with_name("autodiff-tui")


class Terminal:
    """One tmux server of its own with one window."""

    def __init__(self, name: str, folder: Path) -> None:
        assert shutil.which("tmux"), "these tests need tmux"
        self._tmux = [
            "tmux",
            "-L",
            f"autodiff-{name}-{uuid4().hex[:8]}",
        ]  # no server of another test, not even one that is ending
        self._folder = folder

    def open(self, command: str, width: int, height: int) -> None:
        begin = f"echo $$ > {self._folder}/pid; exec {command}"
        shell = f"env -u CI -u COLUMNS -u LINES TERM=xterm-256color sh -c '{begin}'; echo code $?; exec sleep 600"
        size = ["-x", str(width), "-y", str(height)]
        self._run("new-session", "-d", *size, "-c", str(self._folder), "sh", "-c", shell)

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Send all of ``text`` in one write, as a fast hand or a paste of keys does."""
        self._run("send-keys", "-l", text)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the command alone."""
        os.kill(int((self._folder / "pid").read_text(encoding="utf-8")), number)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def wait_for(self, text: str, seconds: float = 150) -> str:
        """Return the screen once it shows ``text``."""
        end = time.monotonic() + seconds
        while text not in (screen := self.screen()):
            assert time.monotonic() < end, f"{text!r} never came:\n{screen}"
            time.sleep(0.2)
        return screen

    @property
    def restored(self) -> bool:
        """Whether the usual screen is shown, with a cursor, and no mouse is reported any more."""
        return self._run("display-message", "-p", "#{alternate_on}#{mouse_any_flag}#{cursor_flag}").strip() == "001"

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout
