import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.synthetic import outcome

from autodiff_engine.candidate import Candidate
from autodiff_engine.comparison import Race, Rule, comparable, compare, deciding_order, greater, mean
from autodiff_engine.evaluate import Outcome
from autodiff_engine.statistics import paired_p

SCORES = st.sampled_from([Fraction(0), Fraction(1)])
FINE = st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(1, 3), Fraction(1)])
RULES = [Rule("greater", 0.05), Rule("confident", 0.3)]


def outcomes(scores: list[Fraction]) -> list[Outcome]:
    return [outcome(score, f"v{i}") for i, score in enumerate(scores)]


def better(before: list[Fraction], after: list[Fraction], rule: Rule) -> bool:
    """The rule, in its plainest words."""
    if sum(after) <= sum(before):
        return False
    return rule.accept == "greater" or paired_p(before, after) < rule.alpha


def raced(before: list[Fraction], after: list[Fraction], rule: Rule) -> Race:
    """Run a candidate that would get ``after`` until the race says that it is lost."""
    ordered = deciding_order(outcomes(before))
    new = {each.example.id: each for each in outcomes(after)}
    race = Race(ordered, rule)
    for old in ordered:
        race.add(new[old.example.id])
        if race.lost():
            break
    return race


@settings(max_examples=150)
@given(st.data(), st.sampled_from(RULES), st.sampled_from([SCORES, FINE]), st.integers(1, 9))
def test_stopping_early_changes_no_decision(
    data: st.DataObject, rule: Rule, scores: st.SearchStrategy[Fraction], n: int
) -> None:
    before = data.draw(st.lists(scores, min_size=n, max_size=n))
    after = data.draw(st.lists(scores, min_size=n, max_size=n))
    race = raced(before, after, rule)
    in_order = [before[int(each.example.id[1:])] for each in deciding_order(outcomes(before))]
    after_in_order = [after[int(each.example.id[1:])] for each in deciding_order(outcomes(before))]
    assert race.won() is better(in_order, after_in_order, rule)
    assert len(race.after) == n or not race.won()


@given(st.lists(st.tuples(FINE, FINE, st.booleans(), st.booleans()), min_size=1, max_size=9))
def test_what_a_race_knows_is_what_its_pairs_say_however_far_it_came(
    told: list[tuple[Fraction, Fraction, bool, bool]],
) -> None:
    """Sums that are kept are the sums that one would count anew."""
    sides = [
        (outcome(old, f"v{i}", unavailable="no" * lost), outcome(new, f"v{i}", unavailable="no" * gone))
        for i, (old, new, lost, gone) in enumerate(told)
    ]
    race = Race([old for old, _ in sides], RULES[0])
    for count in range(len(sides) + 1):
        known = [(old, new if i < count else None) for i, (old, new) in enumerate(sides) if not old.unavailable]
        left = [(old, new) for old, new in known if new is None or not new.unavailable]
        assert race.possible == sum(1 if new is None else new.score for _, new in left)
        assert race.lost() is (race.possible <= sum(old.score for old, _ in left))
        if count < len(sides):
            race.add(sides[count][1])
    assert race.won() is greater(*zip(*sides, strict=True))


def test_a_race_is_stopped_at_the_first_example_that_decides_it() -> None:
    before = [Fraction(1)] * 8 + [Fraction(0)] * 2
    race = raced(before, [Fraction(0)] * 10, RULES[0])
    told = race.comparison(split="val", metric="m")
    assert (told.n, told.stopped_after, told.at_most, told.before, told.after) == (10, 2, 0.8, 0.8, 0.0)
    assert (told.wins, told.losses, told.ties, told.p) == (0, 0, 2, None)


def test_with_confidence_a_race_is_lost_as_soon_as_p_cannot_get_there() -> None:
    before, after = [Fraction(1)] * 5 + [Fraction(0)] * 5, [Fraction(1)] * 5 + [Fraction(0)] + [Fraction(1)] * 4
    strict = raced(before, after, Rule("confident", 0.06))
    assert (strict.won(), len(strict.after)) == (False, 1)
    assert raced(before, after, Rule("greater", 0.06)).won()


def test_what_the_incumbent_failed_is_run_first_and_equals_keep_their_order() -> None:
    before = outcomes([Fraction(1), Fraction(0), Fraction(1, 2), Fraction(0), Fraction(1)])
    assert [each.example.id for each in deciding_order(before)] == ["v1", "v3", "v2", "v0", "v4"]


def test_sums_are_exact_where_floats_are_not() -> None:
    tenths = outcomes([Fraction(1, 10)] * 3)
    same = outcomes([Fraction(3, 10), Fraction(0), Fraction(0)])
    assert 0.1 + 0.1 + 0.1 > 0.3
    assert not greater(same, tenths)
    assert not greater(tenths, same)
    assert (
        compare(same, tenths, split="val", metric="m").before == compare(tenths, same, split="val", metric="m").before
    )


@given(st.lists(FINE, min_size=1, max_size=6))
def test_equal_is_not_better(scores: list[Fraction]) -> None:
    shuffled = random.Random(1).sample(scores, len(scores))
    assert not greater(outcomes(scores), outcomes(shuffled))
    assert not raced(scores, shuffled, RULES[0]).won()


def test_what_either_side_lacks_is_left_out_on_both() -> None:
    before = outcomes([Fraction(0), Fraction(1), Fraction(0), Fraction(0)])
    after = outcomes([Fraction(1), Fraction(1), Fraction(1), Fraction(0)])
    before[2] = outcome(0, "v2", unavailable="nobody")
    after[1] = outcome(0, "v1", unavailable="nobody")
    told = compare(before, after, split="train", metric="m")
    assert (told.n, told.before, told.after, told.excluded) == (2, 0.0, 0.5, ("v1", "v2"))
    assert (told.wins, told.losses, told.ties) == (1, 0, 1)
    assert greater(before, after)
    after[0] = replace(after[0], unavailable="nobody")
    assert not greater(before, after)


def test_nothing_to_compare_has_no_p_and_is_not_better() -> None:
    before = [outcome(0, "v0", unavailable="nobody")]
    told = compare(before, outcomes([Fraction(1)]), split="train", metric="m")
    assert (told.n, told.p) == (0, None)
    assert not greater(before, outcomes([Fraction(1)]))


def test_examples_that_a_candidate_quotes_are_not_compared_on() -> None:
    before = outcomes([Fraction(0), Fraction(1)])
    quoting = Candidate({"task": "Q: how many things of kind v1 are there? A: 8", "format": ""})
    kept, quoted = comparable(before, quoting)
    assert ([each.example.id for each in kept], quoted) == (["v0"], ("v1",))


@pytest.mark.parametrize(
    ("scores", "value"), [([], 0.0), ([Fraction(1, 3)] * 3, 1 / 3), ([Fraction(1), Fraction(0)], 0.5)]
)
def test_a_mean_is_rounded_once(scores: list[Fraction], value: float) -> None:
    assert mean(scores) == value


def test_an_example_that_is_shown_is_not_compared_on_and_its_shot_is_searched_for_no_other() -> None:
    before = [outcome(0, name) for name in ("t1", "t2", "t3")]  # all but one word is the same in each
    value = "how many things of kind t1 are there\n8"
    shown = Candidate({"task": "Count.", "demos": value})
    left, quoted = comparable(before, shown, {"demos": ("t1", "t9")})
    assert ([each.example.id for each in left], quoted) == (["t2", "t3"], ("t1",))
    other_words = Candidate({"task": "Count.", "demos": "3"})
    assert comparable(before, other_words, {"demos": ("t3",)})[1] == ("t3",)
    also_in_a_prompt = Candidate({"task": value, "demos": "3"})
    assert comparable(before, also_in_a_prompt, {"demos": ("t3",)})[1] == ("t1", "t3")
