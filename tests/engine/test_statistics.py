from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff_engine.statistics import best_possible_p, mcnemar_exact, paired_p, sign_flip, wilson

ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)
scores = st.sampled_from([ZERO, Fraction(1, 3), HALF, Fraction(4, 5), ONE])


def counted(differences: list[Fraction]) -> float:
    total = abs(sum(differences))
    flips = list(product((1, -1), repeat=len(differences)))
    sums = [abs(sum(sign * d for sign, d in zip(signs, differences, strict=True))) for signs in flips]
    return sum(reached >= total for reached in sums) / len(flips)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 1, 14 / 64), (6, 0, 2 / 64), (3, 3, 1.0), (6, 2, 2 * (28 + 8 + 1) / 256)],
)
def test_mcnemar_is_the_binomial_tail_counted_by_hand(wins: int, losses: int, p: float) -> None:
    assert mcnemar_exact(wins, losses) == pytest.approx(p)
    assert mcnemar_exact(losses, wins) == mcnemar_exact(wins, losses)


@given(st.lists(scores, max_size=9), st.data())
def test_sign_flip_counts_every_pattern(before: list[Fraction], data: st.DataObject) -> None:
    after = data.draw(st.lists(scores, min_size=len(before), max_size=len(before)))
    differences = [new - old for old, new in zip(before, after, strict=True)]

    assert sign_flip(differences, seed=0) == pytest.approx(counted(differences))


@given(st.integers(0, 9), st.integers(0, 7))
def test_for_zeros_and_ones_both_tests_agree(wins: int, losses: int) -> None:
    assert sign_flip([ONE] * wins + [-ONE] * losses, seed=1) == pytest.approx(mcnemar_exact(wins, losses))


def test_many_fractions_are_drawn_and_the_draw_is_near_the_exact_value() -> None:
    differences = [HALF] * 14 + [-HALF] * 6

    p = sign_flip(differences, seed=0)

    assert p == sign_flip(differences, seed=0)
    assert p != sign_flip(differences, seed=1)
    assert p == pytest.approx(mcnemar_exact(14, 6), abs=0.015)


def test_a_drawn_p_is_never_zero() -> None:
    assert sign_flip([HALF] * 60, seed=0) == pytest.approx(1 / 20_001)


def test_the_test_is_chosen_by_the_scores() -> None:
    assert paired_p([ZERO] * 20, [ONE] * 20) == mcnemar_exact(20, 0)
    assert paired_p([ZERO] * 20, [HALF] + [ONE] * 19) == sign_flip([HALF] + [ONE] * 19, seed=0)


def test_wilson_has_the_published_values() -> None:
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0.0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(1.0, 10)[1] == 1.0
    assert wilson(0.3, 0) == (0.0, 1.0)


@given(st.floats(0, 1), st.integers(1, 500))
def test_an_interval_holds_its_mean(mean: float, n: int) -> None:
    low, high = wilson(mean, n)

    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=7), st.integers(0, 6))
@settings(max_examples=60)
def test_no_completion_that_is_better_gets_below_the_bound(pairs: list[tuple[Fraction, Fraction]], seen: int) -> None:
    before, after = [old for old, _ in pairs], [new for _, new in pairs]

    bound = best_possible_p(before, after[:seen])

    if sum(after) > sum(before):
        assert paired_p(before, after) >= bound


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_the_bound_holds_where_patterns_are_drawn(data: st.DataObject) -> None:
    choices = data.draw(st.sampled_from([st.sampled_from([ZERO, ONE]), scores]))
    before = data.draw(st.lists(choices, min_size=20, max_size=24))
    after = data.draw(st.lists(scores, min_size=len(before), max_size=len(before)))
    seen = data.draw(st.integers(0, len(before)))

    bound = best_possible_p(before, after[:seen])

    if sum(after) > sum(before):
        assert paired_p(before, after) >= bound


def test_the_bound_is_reached_when_all_that_is_left_is_right() -> None:
    before = [ZERO] * 6 + [ONE] * 4

    assert best_possible_p(before, [ONE] * 3) == mcnemar_exact(6, 0)
    assert best_possible_p(before, [ONE] * 3 + [ZERO] * 3) == mcnemar_exact(3, 0)
    assert best_possible_p(before, [ZERO] * 6) == 1.0
