from __future__ import annotations

from dataclasses import replace

from tests.tui.html_report.test_page import view_of
from tests.tui.recorded import recorded

from autodiff_tui.format import score
from autodiff_tui.html_report.chart import chart_of
from autodiff_tui.view import Point, RunView, Scores, Trail


def test_nothing_scored_is_no_chart() -> None:
    assert chart_of(RunView()) is None


def test_every_measurement_has_its_mark_with_its_numbers() -> None:
    view = view_of(recorded(6))
    chart = chart_of(view)

    assert chart is not None
    assert [bar.title for bar in chart.bars] == [
        f"step {point.step}: minibatch {score(point.mean, point.n)}" for point in view.scores.minibatch
    ]
    accepted = [each.title for each in chart.diamonds if each.accepted]
    assert len(accepted) == len(view.scores.validation)
    assert accepted[0] == f"step 0: validation {score(29 / 60, 60)}, the start prompts"
    assert [each.title for each in chart.whiskers] == [
        "95 % interval of the start prompts: 0.36 to 0.61",
        "95 % interval of the best prompts: 0.40 to 0.65",
    ]


def test_the_axis_is_from_0_to_1_whatever_the_scores() -> None:
    few = Scores(minibatch=Trail([Point(1, 0.0, 4), Point(2, 1.0, 4)]), refused=Trail([Point(2, 0.5, 60)]))
    chart = chart_of(replace(RunView(), scores=few))

    assert chart is not None
    places = {label.text: label.y for label in chart.axis}
    zero, one = chart.bars
    assert one.y == places["1"]
    assert one.y + one.height == places["0"]
    assert zero.y + zero.height == places["0"]
    assert 0 < zero.height < 3
    (lost,) = chart.diamonds
    assert not lost.accepted
    assert float(lost.points.split()[1].split(",")[1]) == places["0.5"]


def test_a_run_of_many_steps_gets_a_wider_drawing_and_of_very_many_the_newest() -> None:
    many = Scores(minibatch=Trail(Point(step, 0.5, 4) for step in range(1, 3001)))
    chart = chart_of(replace(RunView(), scores=many))

    assert chart is not None
    assert len(chart.bars) == 1000
    assert chart.bars[-1].title.startswith("step 3000:")
    assert chart.bars[-1].x < chart.width
    assert chart_of(replace(RunView(), scores=Scores(minibatch=Trail([Point(1, 0.5, 4)])))).width < 800  # type: ignore[union-attr]
