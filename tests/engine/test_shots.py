import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.sentences import words
from autodiff_engine.shots import Shot, drawn, fitted, in_brief, joined

POOL = ["a", "b", "c", "d"]
WEIGHTS = st.lists(st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1)]), min_size=4, max_size=4)


def shot(example: str, user: str = "Q", reply: str = "A") -> Shot:
    return Shot(example, user, reply, "raw", "why")


def times(weights: list[Fraction], count: int = 1) -> Counter[str]:
    return Counter(
        each for seed in range(600) for each in drawn(POOL, weights, count, random.Random(f"{seed}/demos/3"))
    )


def test_a_shot_is_what_was_sent_and_the_reply_and_a_blank_line_parts_two() -> None:
    assert joined([shot("1", "How many?", "8"), shot("2", "{{ x }} \\n", "%s")]) == "How many?\n8\n\n{{ x }} \\n\n%s"


def test_blank_lines_stand_between_shots_alone() -> None:
    text = joined([shot("1", "Read:\n\n  code\n \n\nHow many?\n", "\nSteps.\r\n\r\nAnswer: 8"), shot("2")])
    assert text == "Read:\n  code\nHow many?\nSteps.\r\nAnswer: 8\n\nQ\nA"
    assert in_brief(text) == "(2 examples, not shown here)"


@pytest.mark.parametrize(
    ("text", "told"), [("", "(0 examples, not shown here)"), ("Q\nA", "(1 example, not shown here)")]
)
def test_in_brief_a_text_of_demos_is_a_number(text: str, told: str) -> None:
    assert in_brief(text) == told


@given(st.lists(st.integers(0, 12), max_size=6), st.integers(0, 30))
def test_what_fits_keeps_its_order_and_its_cap(lengths: list[int], most: int) -> None:
    shots = [shot(str(place), "word " * length, "yes") for place, length in enumerate(lengths)]
    kept = fitted(shots, most)
    assert len(words(joined(kept))) <= most
    assert [each for each in shots if each in kept] == kept
    left = most - len(words(joined(kept)))
    assert all(len(words(each.text)) > left for each in shots if each not in kept)


def test_draws_follow_the_weights() -> None:
    found = times([Fraction(1), Fraction(3), Fraction(0), Fraction(0)])
    assert set(found) == {"a", "b"}
    assert found["a"] + found["b"] == 600
    assert 110 < found["a"] < 190  # a quarter of 600


def test_without_any_weight_every_one_is_as_likely() -> None:
    found = times([Fraction(0)] * 4)
    assert all(110 < found[name] < 190 for name in POOL)


def test_where_the_weights_run_out_the_rest_is_drawn_evenly() -> None:
    found = times([Fraction(0), Fraction(1), Fraction(0), Fraction(0)], 2)
    assert found["b"] == 600
    assert all(150 < found[name] < 250 for name in "acd")


@given(WEIGHTS, st.integers(0, 6), st.integers(0, 99))
def test_none_is_drawn_twice_and_the_same_seed_draws_the_same(weights: list[Fraction], count: int, seed: int) -> None:
    found = drawn(POOL, weights, count, random.Random(seed))
    assert len(set(found)) == len(found) == min(count, 4)
    assert found == drawn(POOL, weights, count, random.Random(seed))
    heavy = [name for name, weight in zip(POOL, weights, strict=True) if weight]
    assert len([name for name in found if name in heavy]) == min(count, len(heavy))
