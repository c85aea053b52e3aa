from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError
from autodiff_engine.events import DataLoaded, Event
from autodiff_tui.comparing import Compared, compare, lines
from autodiff_tui.toned import spelled

from .home import add_run, with_text
from .runs import small_run


def told(compared: Compared, width: int = 120) -> list[str]:
    return [spelled(each).rstrip() for each in lines(compared, width)]


def on_other_data(events: Sequence[Event]) -> list[Event]:
    return [replace(each, fingerprint="other") if isinstance(each, DataLoaded) else each for each in events]


def test_two_runs_stand_side_by_side_with_what_tells_them_apart(tmp_path: Path) -> None:
    left = add_run(tmp_path, "a")
    right = add_run(tmp_path, "b", events=with_text("Count with great care."), seed=5)

    said = told(compare(left, right))

    assert "val best    0.75 (n=4)  0.75 (n=4)" in said
    assert ["validation", *["1", "of", "1", "(100%)"] * 2] in [each.split() for each in said]
    assert "  trainer.seed  0  5" in said
    assert "text task: left → right, +1 −0 words" in said
    assert "  Count with {+great +}care." in said


def test_over_other_data_no_score_is_shown_but_all_the_rest(tmp_path: Path) -> None:
    left, right = add_run(tmp_path, "a"), add_run(tmp_path, "b", events=on_other_data(small_run()))

    said = told(compare(left, right))

    assert not [each for each in said if each.startswith(("val", "test")) and "0.75" in each]
    assert any(each.startswith("scores are not compared: the data differs") for each in said)
    assert "text task: equal" in said


def test_an_unfinished_run_can_be_compared(tmp_path: Path) -> None:
    left, right = add_run(tmp_path, "a"), add_run(tmp_path, "b", events=small_run()[:4])

    said = told(compare(left, right))

    assert any("unfinished after 0 steps" in each for each in said)
    assert "val best    0.75 (n=4)  0.50 (n=4)" in said


@pytest.mark.parametrize("width", [40, 76, 120])
def test_the_table_keeps_within_its_width(width: int, tmp_path: Path) -> None:
    left, right = add_run(tmp_path, "a" * 60), add_run(tmp_path, "b" * 60)

    table = told(compare(left, right), width)[:14]

    assert max(map(len, table)) <= max(width, 50)


def test_a_run_is_not_compared_with_itself(tmp_path: Path) -> None:
    folder = add_run(tmp_path, "a")

    with pytest.raises(ConfigError, match="with itself"):
        compare(folder, tmp_path / "." / "a")
