"""What is said of a run before it and while it goes on is near what it comes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .foretold import MEASURES, foretold

STEPS = 4


@pytest.mark.parametrize("program", ["prompt", "react", pytest.param("multi_hop_cycle", marks=pytest.mark.faults)])
def test_from_the_first_step_on_a_run_takes_between_half_and_twice_of_what_was_foretold(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = foretold(tmp_path / "run", program, 0, monkeypatch.setattr, STEPS)

    print(json.dumps(told.line(program, 0)))  # noqa: T201
    assert len(told.after) == STEPS
    for measure in MEASURES:
        assert told.least[measure] <= told.used[measure] <= told.most[measure]
        ratios = told.ratios(measure)
        assert all(0.5 <= ratio <= 2.0 for ratio in ratios)
        assert ratios[-1] == pytest.approx(1.0, abs=0.1)
