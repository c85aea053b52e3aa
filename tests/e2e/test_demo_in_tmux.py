"""The demo as a person sees it: the real command in a real terminal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .tmux import COMMAND, Terminal

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(180)]


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
    assert terminal.restored


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
