from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.dataset import Example
from autodiff_engine.errors import ConfigError
from autodiff_engine.metric import Comparing, by_name
from autodiff_engine.passage import Passage, render
from autodiff_engine.ranking import KINDS, ranking

FOUND = render([Passage("Lamp", "x"), Passage("The  Bell", "y"), Passage("Clock", "z"), Passage("lamp", "again")])


def score(name: str, expected: str, answer: str = FOUND) -> Fraction:
    metric = by_name(name, Path())
    assert isinstance(metric, Comparing)
    return metric.against(answer, expected).value


@pytest.mark.parametrize(
    ("name", "expected", "value"),
    [
        ("recall", "the bell\nClock", Fraction(1)),
        ("recall@2", "the bell\nClock", Fraction(1, 2)),
        ("recall@1", "the bell\nClock", Fraction(0)),
        ("recall", "Clock\n\nclock\nother\nmore", Fraction(1, 3)),
        ("recall", "", Fraction(0)),
        ("precision", "the bell\nClock", Fraction(2, 3)),
        ("precision@2", "the bell\nClock", Fraction(1, 2)),
        ("precision@10", "the bell\nClock", Fraction(1, 5)),
        ("mrr", "Clock\nthe bell", Fraction(1, 2)),
        ("mrr@2", "Clock", Fraction(0)),
        ("mrr", "Clock", Fraction(1, 3)),
        ("mrr", "other", Fraction(0)),
    ],
)
def test_each_measure_is_what_its_description_says(name: str, expected: str, value: Fraction) -> None:
    assert score(name, expected) == value


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_retrieved_scores_zero(kind: str) -> None:
    assert score(kind, "Clock", "") == score(f"{kind}@3", "Clock", "") == 0


titles = st.lists(st.sampled_from(["Lamp", "Bell", "Clock", "Mill", "Pier", "Ferry"]), unique=True)


@given(titles, titles.filter(bool), st.integers(1, 8))
def test_measures_agree_with_their_textbook_definitions(found: list[str], wanted: list[str], k: int) -> None:
    answer, expected = render(Passage(each, "text") for each in found), "\n".join(wanted)
    hits = sum(each in wanted for each in found[:k])
    ranks = [place for place, each in enumerate(found[:k], 1) if each in wanted]

    assert score(f"recall@{k}", expected, answer) == Fraction(hits, len(wanted))
    assert score(f"precision@{k}", expected, answer) == Fraction(hits, k)
    assert score(f"mrr@{k}", expected, answer) == (Fraction(1, min(ranks)) if ranks else 0)
    assert score("recall", expected, answer) == score("recall@9", expected, answer)


def test_the_description_names_k_and_what_is_compared() -> None:
    said = {name: by_name(name, Path()).description for name in ("recall@4", "recall", "precision@4", "mrr@4")}

    assert "the share of the expected titles that are among the first 4 retrieved passages" in said["recall@4"]
    assert "among all retrieved passages" in said["recall"]
    assert said["precision@4"].endswith(
        "the share of 4 retrieved passages whose title is expected, also where fewer than 4 are retrieved"
    )
    assert "the first expected title among the first 4 retrieved passages" in said["mrr@4"]
    assert by_name("recall@4", Path()).name == "recall@4"


@pytest.mark.parametrize("k", ["0", "-1", "x", "", "04", "1.5", "10001", "99999999999", " 4", "٤"])
def test_what_is_no_k_is_refused(k: str) -> None:
    with pytest.raises(ConfigError, match=r'task\.metric = ".*": what follows the @ must be a whole number from 1 to'):
        by_name(f"recall@{k}", Path())


def test_other_names_are_no_ranking() -> None:
    assert ranking("exact_match", "task.metric") is None
    with pytest.raises(ConfigError, match=r"did you mean recall\?"):
        by_name("recal", Path())


async def test_a_metric_of_titles_scores_an_example_whose_expected_answer_they_are() -> None:
    told = await by_name("recall@1", Path()).score(FOUND, Example("1", {"question": "?"}, "Lamp", 1))

    assert told.value == 1
