"""The app in a real terminal: what reaches it, and how it is left."""

import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from .pseudo_terminal import PseudoTerminal, opened

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


def app_in_terminal(*, controlling: bool = True) -> PseudoTerminal:
    return opened([sys.executable, "-c", PROGRAM], controlling=controlling)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_restores_the_terminal_and_hostile_text_never_reached_it(number: signal.Signals, code: int) -> None:
    terminal = app_in_terminal()
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
    terminal = app_in_terminal(controlling=controlling)
    terminal.read_until("␛[2J".encode())

    os.close(terminal.master)

    assert terminal.process.wait(20) == 129


HUNG = """
import sys, time
from autodiff_tui.terminal import outlive_no_terminal
outlive_no_terminal(float(sys.argv[1]))
print("waiting", flush=True)
time.sleep(60)
"""


def test_a_process_that_waits_for_ever_ends_when_its_terminal_is_gone_for_long() -> None:
    terminal = opened([sys.executable, "-c", HUNG, "0.5"], controlling=False)
    terminal.read_until(b"waiting")
    with pytest.raises(subprocess.TimeoutExpired):  # not while the terminal is there
        terminal.process.wait(2)

    os.close(terminal.master)

    assert terminal.process.wait(20) == 129


def stop_reading(terminal: PseudoTerminal) -> None:
    """Read nothing while far more than a terminal holds is painted."""
    for i in range(60):
        termios.tcsetwinsize(terminal.master, (40, 119 + i % 2))
        terminal.process.send_signal(signal.SIGWINCH)
        time.sleep(0.05)


def test_a_terminal_that_does_not_read_keeps_no_run_from_its_end() -> None:
    terminal = app_in_terminal()
    terminal.read_until("␛[2J".encode())
    stop_reading(terminal)

    terminal.process.send_signal(signal.SIGTERM)

    assert terminal.process.wait(20) == 143
    os.close(terminal.master)


@pytest.mark.parametrize("controlling", [True, False], ids=["hung up", "without a signal"])
def test_a_terminal_that_does_not_read_and_then_goes_away_ends_the_app_and_its_run(controlling: bool) -> None:
    terminal = app_in_terminal(controlling=controlling)
    terminal.read_until("␛[2J".encode())
    stop_reading(terminal)

    os.close(terminal.master)

    assert terminal.process.wait(20) == 129


def test_a_terminal_that_reads_again_is_painted_again() -> None:
    terminal = app_in_terminal()
    terminal.read_until("␛[2J".encode())
    stop_reading(terminal)
    terminal.read_for(3)  # what was open
    terminal.said = b""
    termios.tcsetwinsize(terminal.master, (40, 110))
    terminal.process.send_signal(signal.SIGWINCH)
    terminal.read_until("␛[2J".encode())

    terminal.process.send_signal(signal.SIGTERM)

    terminal.read_until(b"after the app")
    assert terminal.process.wait(20) == 143
    os.close(terminal.master)


def test_a_terminal_that_goes_away_without_a_signal_ends_home_as_a_hang_up_does(tmp_path: Path) -> None:
    terminal = opened([sys.executable, "-m", "autodiff_tui"], folder=tmp_path, controlling=False)
    terminal.read_until(b"0 configs")

    os.close(terminal.master)

    assert terminal.process.wait(20) == 129


AT_HOME = """
import os, time
from pathlib import Path
from autodiff_tui.commands import home
from autodiff_tui.terminal import Terminal

def execute(words):
    terminal = Terminal()
    os.write(1, b"executing")  # at once: the terminal goes away as soon as it was read
    while not terminal.lost:
        time.sleep(0.02)
    terminal.let_go()
    return 1  # as a run whose folder is gone, so that it cannot write its end

Path("left").write_text(str(home.home(execute, ("demo",))))
"""


def test_nobody_is_home_again_after_a_command_whose_terminal_went_away_however_it_ended(tmp_path: Path) -> None:
    """Home would read from nowhere, with all of a processor, until it is ended after half a minute."""
    terminal = opened([sys.executable, "-c", AT_HOME], folder=tmp_path, controlling=False)
    terminal.read_until(b"0 configs")
    terminal.write(b"t")
    terminal.read_until(b"executing")

    os.close(terminal.master)

    assert terminal.process.wait(50) == 0
    assert (tmp_path / "left").read_text(encoding="utf-8") == "129"


SLOW = """[task]
pipeline = "slow.py:program"
metric = "exact_match"
[data]
source = "generated:object_count"
[models.task]
model = "openai/any"
"""


def test_a_training_that_is_checked_for_long_says_so_and_can_be_left(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    (tmp_path / "slow.toml").write_text(SLOW, encoding="utf-8")
    terminal = opened([sys.executable, "-m", "autodiff_tui", "train", "slow.toml"], folder=tmp_path)
    terminal.read_until(b"what it will take; ctrl+c leaves")

    terminal.write(b"\x03")

    assert terminal.left() == 130
    assert b"interrupted" in terminal.said
    terminal.close()
