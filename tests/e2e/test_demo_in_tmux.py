"""The demo as a person sees it: the real command in a real terminal."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .tmux import COMMAND, Terminal

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
SHOWS = """
from autodiff_tui.app import RunApp
from tests.tui.recorded import recorded
from tests.tui.sources import ListSource

RunApp(ListSource(recorded(2))).run()
"""


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    opened = Terminal(str(abs(hash(request.node.name))), tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24)])
def test_the_demo_runs_to_its_end_and_q_leaves_with_code_0(terminal: Terminal, width: int, height: int) -> None:
    terminal.open(f"{COMMAND} demo --speed 30", width, height)

    screen = terminal.wait_for("✓ done")
    terminal.press("q")
    after = terminal.wait_for("code 0")

    assert "best" in screen
    assert "validation best" in after
    assert terminal.restored


def test_p_pauses_and_resumes_s_runs_one_step_and_e_exports(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open(f"{COMMAND} demo --speed 8", 120, 40)
    terminal.wait_for("● running")

    terminal.press("p")
    terminal.wait_for("‖ paused")
    terminal.press("s")
    terminal.wait_for("● running")
    terminal.wait_for("‖ paused")
    terminal.press("e")
    terminal.wait_for("best.toml")
    terminal.press("p")
    terminal.wait_for("✓ done")

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
def test_3_and_enter_in_one_write_open_a_proposal(terminal: Terminal, tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "shows.py").write_text(SHOWS, encoding="utf-8")
    terminal.open(f"env PYTHONPATH={ROOT} {sys.executable} shows.py", width, height)
    terminal.wait_for("finished")

    terminal.type("3\r")
    assert "Proposal 2.1" in terminal.wait_for("candidate")
    terminal.type("\r1\r")
    terminal.wait_for("2 query.task")
    terminal.press("q")
    terminal.wait_for("code 0")
