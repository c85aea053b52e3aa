"""The demo as a person sees it: the real command in a real terminal."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("autodiff-tui")


class Terminal:
    """One tmux server of its own with one window."""

    def __init__(self, name: str, folder: Path) -> None:
        assert shutil.which("tmux"), "these tests need tmux"
        self._tmux = ["tmux", "-L", f"autodiff-{name}"]
        self._folder = folder

    def open(self, command: str, width: int, height: int) -> None:
        shell = f"TERM=xterm-256color CI= {command}; echo code $?; exec sleep 600"
        size = ["-x", str(width), "-y", str(height)]
        self._run("new-session", "-d", *size, "-c", str(self._folder), "sh", "-c", shell)

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Send all of ``text`` in one write, as a fast hand or a paste of keys does."""
        self._run("send-keys", "-l", text)

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Return the screen once it shows ``text``."""
        end = time.monotonic() + seconds
        while text not in (screen := self.screen()):
            assert time.monotonic() < end, f"{text!r} never came:\n{screen}"
            time.sleep(0.2)
        return screen

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    opened = Terminal(str(abs(hash(request.node.name))), tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24)])
def test_the_demo_runs_to_its_end_and_q_leaves_with_code_0(terminal: Terminal, width: int, height: int) -> None:
    terminal.open(f"{COMMAND} demo --speed 30", width, height)

    screen = terminal.wait_for("done")
    terminal.press("q")
    after = terminal.wait_for("code 0")

    assert "best" in screen
    assert "validation best" in after


def test_p_pauses_and_resumes_s_runs_one_step_and_e_exports(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open(f"{COMMAND} demo --speed 8", 120, 40)
    terminal.wait_for("running")

    terminal.press("p")
    terminal.wait_for("paused")
    terminal.press("s")
    terminal.wait_for("running")
    terminal.wait_for("paused")
    terminal.press("e")
    terminal.wait_for("best.toml")
    terminal.press("p")
    terminal.wait_for("done")

    assert list(tmp_path.glob("*best.toml"))


def test_ctrl_c_twice_aborts_with_code_130_and_a_whole_journal(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open(f"{COMMAND} demo --speed 2", 120, 40)
    terminal.wait_for("step 1/")

    terminal.press("C-c")
    terminal.press("C-c")
    terminal.wait_for("code 130")

    (journal,) = tmp_path.glob("runs/*/journal.jsonl")
    assert '"RunFinished"' in journal.read_text(encoding="utf-8").splitlines()[-1]


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24)])
def test_3_and_enter_in_one_write_open_a_proposal(terminal: Terminal, width: int, height: int) -> None:
    shows = (
        "from tests.tui.recorded import recorded; from tests.tui.sources import ListSource; "
        "from autodiff_tui.app import RunApp; RunApp(ListSource(recorded(2))).run()"
    )
    terminal.open(f"PYTHONPATH={ROOT} {sys.executable} -c '{shows}'", width, height)
    terminal.wait_for("finished")

    terminal.type("3\r")
    assert "candidate" in terminal.wait_for("Proposal 2.1")
    terminal.type("\r1\r")
    terminal.wait_for("2 query.task")
    terminal.press("q")
    terminal.wait_for("code 0")
