"""The app in a real terminal: what reaches it, and how it is left."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from dataclasses import replace
from autodiff_engine.events import ProgramDescribed
from autodiff_tui.app import RunApp
from tests.tui.recorded import recorded
from tests.tui.sources import ListSource

def hostile(event):
    if not isinstance(event, ProgramDescribed):
        return event
    texts = tuple(replace(text, value="\\x1b[2J\\x9b31m") for text in event.texts)
    return replace(event, pipeline="\\x1b]0;owned\\x07", texts=texts)

events = [replace(one, event=hostile(one.event)) for one in recorded(0, finished=False)]
app = RunApp(ListSource(events, endless=True))
app.run()
print("after the app", app.return_code)
sys.exit(app.return_code or 0)
"""


@dataclass
class Terminal:
    """A program in a pseudo-terminal of 120 by 40."""

    process: "subprocess.Popen[bytes]"
    master: int
    said: bytes = b""

    def read_until(self, words: bytes) -> None:
        deadline = time.monotonic() + 30
        while words not in self.said and time.monotonic() < deadline:
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self.master, 65536)
                except OSError:  # the other side is closed
                    break
        assert words in self.said, self.said[-2000:]


def opened(program: str, *, controlling: bool = True) -> Terminal:
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 120))

    def own_terminal() -> None:
        if controlling:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, start_new_session=True, preexec_fn=own_terminal,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(slave)
    return Terminal(process, master)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_terminal_and_hostile_text_never_reached_it(number: signal.Signals, code: int) -> None:
    terminal = opened(PROGRAM)
    terminal.read_until("␛[2J".encode())
    terminal.process.send_signal(number)
    terminal.read_until(b"after the app")

    assert terminal.process.wait(20) == code
    os.close(terminal.master)
    said = terminal.said
    assert said.index(b"\x1b[?1049h") < said.index(b"\x1b[?1049l") < said.index(b"after the app")
    assert b"\x1b]0;owned" not in said
    assert "␛]0;owned␇".encode() in said
    assert "\x9b".encode() not in said


@pytest.mark.parametrize("controlling", [True, False], ids=["hung up", "without a signal"])
def test_a_terminal_that_goes_away_ends_the_app_and_its_run(controlling: bool) -> None:
    terminal = opened(PROGRAM, controlling=controlling)
    terminal.read_until("␛[2J".encode())

    os.close(terminal.master)

    assert terminal.process.wait(20) == 129


def stop_reading(terminal: Terminal) -> None:
    """Read nothing while far more than a terminal holds is painted."""
    for i in range(120):
        termios.tcsetwinsize(terminal.master, (40, 119 + i % 2))
        terminal.process.send_signal(signal.SIGWINCH)
        time.sleep(0.05)


def test_a_terminal_that_does_not_read_keeps_no_run_from_its_end() -> None:
    terminal = opened(PROGRAM)
    terminal.read_until("␛[2J".encode())
    stop_reading(terminal)

    terminal.process.send_signal(signal.SIGTERM)

    assert terminal.process.wait(20) == 143
    os.close(terminal.master)


@pytest.mark.parametrize("controlling", [True, False], ids=["hung up", "without a signal"])
def test_a_terminal_that_does_not_read_and_then_goes_away_ends_the_app_and_its_run(controlling: bool) -> None:
    terminal = opened(PROGRAM, controlling=controlling)
    terminal.read_until("␛[2J".encode())
    stop_reading(terminal)

    os.close(terminal.master)

    assert terminal.process.wait(20) == 129


def test_a_terminal_that_reads_again_gets_the_whole_screen() -> None:
    terminal = opened(PROGRAM)
    terminal.read_until("␛[2J".encode())
    stop_reading(terminal)
    while select.select([terminal.master], [], [], 0.5)[0]:
        terminal.said = os.read(terminal.master, 65536)
    for _ in range(20):
        if select.select([terminal.master], [], [], 0.5)[0]:
            terminal.said += os.read(terminal.master, 65536)

    terminal.process.send_signal(signal.SIGTERM)

    terminal.read_until(b"after the app")
    assert terminal.process.wait(20) == 143
    os.close(terminal.master)
