"""Home as a person sees it: the real command in a real terminal, alone, and again after a run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..tui.home import add_config, add_run
from .tmux import COMMAND, Terminal

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(600)]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    add_config(tmp_path / "configs" / "a.toml")
    add_run(tmp_path / "runs", "20310504-one")
    opened = Terminal("home", tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(("width", "height"), [(120, 40), (80, 24)])
def test_alone_it_shows_home_and_q_leaves_with_code_0(terminal: Terminal, width: int, height: int) -> None:
    terminal.open(str(COMMAND), width, height)
    screen = terminal.wait_for("0.75 (n=4)")
    for words in ("configs/a.toml", "demo", "20310504-one", "q Quit"):
        assert words in screen

    terminal.press("q")

    assert "code 0" in terminal.wait_for("code")


def test_after_a_run_is_left_home_is_there_again_with_the_run(terminal: Terminal) -> None:
    terminal.open(str(COMMAND), 120, 40)
    terminal.wait_for("1 config · 1 run")

    terminal.press("End", "t")
    terminal.wait_for("● running")
    terminal.press("q")
    terminal.wait_for("The run is still going on")
    terminal.press("a")

    assert "interrupted" in terminal.wait_for("1 config · 2 runs")
    terminal.press("q")
    assert "code 0" in terminal.wait_for("code")


def test_in_ascii_home_and_what_is_begun_from_it_write_nothing_else(terminal: Terminal) -> None:
    terminal.open(f"{COMMAND} --ascii", 120, 40)
    assert terminal.wait_for("1 config . 1 run").isascii()

    terminal.press("End", "t")
    assert terminal.wait_for("# running").isascii()
    terminal.press("q")
    terminal.wait_for("The run is still going on")
    terminal.press("a")
    terminal.wait_for("1 config . 2 runs")
    terminal.press("q")
    assert "code 0" in terminal.wait_for("code")
