from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from autodiff_engine.build import Finding, Level
from autodiff_tui import checkup
from autodiff_tui.toned import spelled

XTERM = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.fixture
def _at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)


@pytest.mark.usefixtures("_at_a_terminal")
@pytest.mark.parametrize(
    ("size", "environ", "level", "said"),
    [
        pytest.param((120, 40), XTERM, "ok", "120×40, xterm-256color, 16 million colours", id="all"),
        pytest.param((120, 40), XTERM | {"NO_COLOR": "1"}, "ok", "no colours", id="no colour"),
        pytest.param((120, 40), {"TERM": "linux"}, "ok", "16 colours", id="few colours"),
        pytest.param((59, 40), XTERM, "warning", "59×40", id="too narrow"),
        pytest.param((120, 15), XTERM, "warning", "120×15", id="too flat"),
        pytest.param((120, 40), {"TERM": "dumb"}, "warning", "TERM is not usable", id="dumb"),
        pytest.param((120, 40), XTERM | {"CI": "1"}, "warning", "CI is set", id="ci"),
    ],
)
def test_the_terminal_is_judged_as_the_app_would(
    size: tuple[int, int], environ: Mapping[str, str], level: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size(size))

    finding = next(checkup.terminal(environ))

    assert finding.level == level
    assert said in finding.text


def test_the_fix_stands_below_what_it_mends() -> None:
    found = (Finding("problem", "models.task", "needs A_KEY", "export A_KEY=…"), Finding("ok", "data", "fine"))

    assert [spelled(each) for each in checkup.lines(found)] == [
        "problem  models.task       needs A_KEY",
        "                           → export A_KEY=…",
        "ok       data              fine",
    ]


@pytest.mark.parametrize(("levels", "bad"), [(("ok", "warning"), False), (("ok", "problem"), True), ((), False)])
def test_only_a_problem_is_in_the_way_of_training(levels: tuple[Level, ...], bad: bool) -> None:
    assert checkup.worst(Finding(level, "x", "y") for level in levels) is bad
