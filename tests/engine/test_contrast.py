from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from autodiff_engine import events as facts
from autodiff_engine.contrast import Contrast, Setting, contrast
from autodiff_engine.errors import ConfigError
from autodiff_engine.events import Comparison, DataLoaded, Event, ExampleScored, ProgramDescribed
from autodiff_engine.journal import Journal, read

from ..tui.runs import small_run

CONFIG = '[task]\npipeline = "prompt"\n\n[trainer]\nseed = {seed}\nbatch_size = 4\n'
COMPARED = Comparison("test", "exact_match", 4, 0.0, 0.0, 0, 0, 4, 1.0)


def on_test(scores: Sequence[float], *, phase: str = "best.test", ended: bool = True) -> list[Event]:
    events: list[Event] = [
        ExampleScored(0, phase, "test", f"t{place}", "exact_match", score, "1", "1", "", ())
        for place, score in enumerate(scores)
    ]
    return [*events, *([facts.TestCompared(COMPARED)] if ended else [])]


def run(folder: Path, extra: Sequence[Event] = (), *, seed: int = 0, events: Sequence[Event] | None = None) -> Path:
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG.format(seed=seed), encoding="utf-8")
    (folder / "instructions").mkdir()
    (folder / "instructions" / "loss.user.j2").write_text(f"seed {seed}", encoding="utf-8")
    journal = Journal(folder, lambda _: None)
    for event in [*(small_run() if events is None else events)[:-1], *extra]:
        journal.append(event)
    journal.close()
    return folder


def compared(left: Path, right: Path) -> Contrast:
    return contrast((left, read(left)), (right, read(right)))


def test_settings_that_differ_are_named_by_their_key_with_both_values(tmp_path: Path) -> None:
    told = compared(run(tmp_path / "a"), run(tmp_path / "b", seed=3))

    assert told.settings[0] == Setting("trainer.seed", 0, 3)
    assert [each.key for each in told.settings] == ["trainer.seed", "instructions/loss.user.j2"]


def test_equal_configs_differ_in_nothing(tmp_path: Path) -> None:
    assert compared(run(tmp_path / "a"), run(tmp_path / "b")).settings == ()


WHOLE = """
[task]
pipeline = "{up}prog.py:sort"
metric = "{up}{metric}.py:right"
[data]
source = "{up}mails.csv"
[models.task]
model = "openai/w"
"""


def test_a_file_is_the_same_from_folders_of_another_depth(tmp_path: Path) -> None:
    (tmp_path / "runs" / "grid").mkdir(parents=True)
    left, right = run(tmp_path / "runs" / "a"), run(tmp_path / "runs" / "grid" / "b")
    (left / "config.toml").write_text(WHOLE.format(up="../../", metric="m"), encoding="utf-8")

    (right / "config.toml").write_text(WHOLE.format(up="../../../", metric="m"), encoding="utf-8")
    assert compared(left, right).settings == ()

    (right / "config.toml").write_text(WHOLE.format(up="../../../", metric="other"), encoding="utf-8")
    assert compared(left, right).settings == (Setting("task.metric", "../../m.py:right", "../../../other.py:right"),)


def test_the_best_prompts_are_paired_by_test_example(tmp_path: Path) -> None:
    left = run(tmp_path / "a", on_test([0, 0, 0, 0, 0, 0, 1, 1]))
    right = run(tmp_path / "b", on_test([1, 1, 1, 1, 1, 1, 1, 0]))

    told = compared(left, right)

    assert told.test is not None
    test = told.test
    assert (test.n, test.left, test.right, test.wins, test.losses, test.ties) == (8, 0.25, 0.875, 6, 1, 1)
    assert test.p == 2 * (7 + 1) / 2**7  # a fair coin falls so far from 3.5 of 7 with both tails


def test_where_no_rewrite_won_the_start_prompts_are_the_best(tmp_path: Path) -> None:
    left = run(tmp_path / "a", on_test([0, 1], phase="start.test"))
    right = run(tmp_path / "b", [*on_test([0, 0], phase="start.test", ended=False), *on_test([1, 1])])

    test = compared(left, right).test

    assert test is not None
    assert (test.left, test.right, test.wins) == (0.5, 1.0, 1)


def test_an_example_that_one_run_did_not_score_is_left_out_and_counted(tmp_path: Path) -> None:
    test = compared(run(tmp_path / "a", on_test([1, 0, 1])), run(tmp_path / "b", on_test([1, 1]))).test

    assert test is not None
    assert (test.n, test.left_out) == (2, 1)


def test_a_test_that_was_cut_short_is_not_compared(tmp_path: Path) -> None:
    told = compared(run(tmp_path / "a", on_test([1, 1])), run(tmp_path / "b", on_test([1, 1], ended=False)))

    assert told.test is None
    assert told.untested == "not both runs came to their test"
    assert told.incomparable == ""


def test_scores_over_other_data_are_not_compared(tmp_path: Path) -> None:
    other = [
        replace(each, fingerprint="g", val=9) if isinstance(each, DataLoaded) else each for each in small_run()
    ]  # fmt: skip
    told = compared(run(tmp_path / "a", on_test([1])), run(tmp_path / "b", on_test([1]), events=other))

    assert told.incomparable == "the data differs: q.csv (8/4/4, f) here, q.csv (8/9/4, g) there"
    assert told.test is None


def test_scores_by_another_metric_are_not_compared(tmp_path: Path) -> None:
    other = [replace(each, metric="f1") if isinstance(each, ProgramDescribed) else each for each in small_run()]
    told = compared(run(tmp_path / "a", on_test([1])), run(tmp_path / "b", on_test([1]), events=other))

    assert "metrics differ" in told.incomparable


def test_a_run_without_its_config_is_refused(tmp_path: Path) -> None:
    left, right = run(tmp_path / "a"), run(tmp_path / "b")
    (right / "config.toml").unlink()

    with pytest.raises(ConfigError, match="no such file"):
        compared(left, right)
