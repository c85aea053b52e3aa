"""Values as text."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine import events
from autodiff_engine.events import Comparison, ProposalCounts
from autodiff_tui import format as text

WHOLE = Comparison("val", "exact_match", 60, 0.4833, 0.5167, 5, 3, 52, 0.73)
STOPPED = Comparison("val", "exact_match", 60, 0.4833, 0.44, 3, 8, 30, None, 41, 0.47)


@pytest.mark.parametrize(
    ("value", "n", "expected"),
    [
        (0.48, 60, "0.48 (n=60)"),
        (0.48, None, "0.48"),
        (None, None, "–"),
        (1.0, 4, "1.00 (n=4)"),
        (0.0, 4, "0.00 (n=4)"),
        (0.9967, 300, "0.997 (n=300)"),
        (0.0017, 600, "0.002 (n=600)"),
    ],
)
def test_scores(value: float | None, n: int | None, expected: str) -> None:
    assert text.score(value, n) == expected


@given(st.floats(0.0001, 0.9999))
def test_only_a_perfect_score_reads_as_one_and_only_an_empty_one_as_zero(value: float) -> None:
    assert 0 < float(text.score(value)) < 1


def test_a_comparison_in_one_line() -> None:
    assert text.comparison(WHOLE) == "validation 0.483 → 0.517, n=60, +5 −3, p=.73"
    assert text.comparison(STOPPED) == "validation 0.483, stopped after 41 of 60: at most 0.470 (+3 −8)"
    assert text.change(WHOLE) == "0.48 → 0.52"
    assert text.change(STOPPED) == "0.48 → ≤0.47"


@pytest.mark.parametrize(
    ("p", "expected"), [(None, "no p"), (0.73, "p=.73"), (1.0, "p=1.00"), (0.004, "p=.004"), (0.0001, "p<.001")]
)
def test_p_values(p: float | None, expected: str) -> None:
    assert text.p_value(p) == expected


@pytest.mark.parametrize(
    ("usd", "expected"), [(None, "unknown"), (0.0, "$0"), (1.234, "$1.23"), (0.0042, "$0.0042"), (0.00001, "<$0.0001")]
)
def test_an_unknown_cost_is_never_nothing(usd: float | None, expected: str) -> None:
    assert text.cost(usd) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [(950, "950"), (12_345, "12.3k"), (999_960, "1.0M"), (1_200_000, "1.2M")]
)
def test_tokens(count: int, expected: str) -> None:
    assert text.tokens(count) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(42.9, "0:42"), (723, "12:03"), (3723, "1:02:03")])
def test_durations(seconds: float, expected: str) -> None:
    assert text.duration(seconds) == expected


def test_a_rate_of_nothing_is_no_rate() -> None:
    assert text.rate(0, 0) == "none judged"
    assert text.rate(3, 5) == "3 of 5 (60%)"
    assert text.pass_rates(ProposalCounts()) == "minibatch: none judged · validation: none judged"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("forward", "running the minibatch"),
        ("p2.minibatch", "proposal 2 on the minibatch"),
        ("p12.validation", "proposal 12 on the validation set"),
        ("something.new", "something.new"),
        ("px.minibatch", "px.minibatch"),
    ],
)
def test_phases_in_words(name: str, expected: str) -> None:
    assert text.phase(name) == expected


def test_where_nothing_came_out_otherwise_there_is_no_p() -> None:
    same = Comparison("val", "exact_match", 4, 0.5, 0.5, 0, 0, 4, 1.0)

    assert text.numbers(same) == "0.500 → 0.500, n=4, +0 −0, no difference"
    assert text.numbers(replace(same, wins=1, losses=1)) == "0.500 → 0.500, n=4, +1 −1, p=1.00"
    assert text.numbers(replace(same, p=None)).endswith("+0 −0, no p")
    assert text.tested(events.TestScores(0.5, 0.5, 4, 1.0)) == "no difference"
    assert text.tested(events.TestScores(0.5, 0.75, 4, 1.0)) == "p=1.00"
