import asyncio
import re
import string
import sys
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example as also
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.dataset import Example
from autodiff_engine.errors import ConfigError, DataError, ProgramError
from autodiff_engine.metric import BUILT_IN, Comparing, Metric, Score, by_name

HERE = Path()


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def example(expected: str | None) -> Example:
    return Example("17", {"question": "?"}, expected, 17)


async def value(name: str, answer: str, expected: str) -> Fraction:
    return (await by_name(name, HERE).score(answer, example(expected))).value


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [("8", "8", 1), (" Blue  sky.", "blue sky", 1), ("8.0", "8", 0), ("8..", "8", 0), ("STRASSE", "straße", 1)],
)
async def test_exact_match_disregards_only_what_its_description_says(answer: str, expected: str, right: int) -> None:
    assert await value("exact_match", answer, expected) == right


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("8.0", "8", 1),
        ("1,234", "1234", 1),
        ("$5.", "5", 1),
        ("0.1", ".10", 1),
        ("-3", "3", 0),
        ("eight", "8", 0),
        ("eight", "eight", 0),
        ("1,23", "123", 0),
        ("8 apples", "8", 0),
        ("9" * 5000, "8", 0),
    ],
)
async def test_numeric_compares_numbers_in_digits(answer: str, expected: str, right: int) -> None:
    assert await value("numeric", answer, expected) == right


@pytest.mark.parametrize(
    ("answer", "expected", "f1"),
    [
        ("The cat sat.", "cat sat", Fraction(1)),
        ("cat sat down", "cat sat", Fraction(4, 5)),
        ("dog", "cat", Fraction(0)),
        ("yes it is", "yes", Fraction(0)),
        ("Yes", "yes", Fraction(1)),
        ("the", "The", Fraction(1)),
        ("a", "the", Fraction(0)),
        ("", "cat", Fraction(0)),
        ("to be or not to be", "to be", Fraction(1, 2)),
        ("No answer", "noanswer", Fraction(0)),
        ("noanswer found", "noanswer", Fraction(0)),
        ("the—cat", "cat", Fraction(0)),
    ],
)
async def test_f1_counts_shared_words_exactly(answer: str, expected: str, f1: Fraction) -> None:
    assert await value("f1", answer, expected) == f1


def official(text: str) -> str:
    """Normalise as the evaluation of HotPotQA defines it: lower case, punctuation, articles, white space."""
    lower = "".join(" " if char.isspace() else char for char in text.lower() if char not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", lower).split())


words = st.lists(
    st.sampled_from(
        ["the", "A", "an", "yes", "No.", "noanswer", "cat's", "U.S.", "é", "—", "sat", "L.A.", "l", "la", "a.k.a."]
    )
).map(lambda some: " ".join(some))


@given(words, words)
@also("L.A.", "l")  # punctuation goes first: what is left is "la", and no article
@also("L.A. sat", "LA sat")
@also("a.k.a. The A-the", "aka athe")
def test_f1_and_em_are_those_of_hotpotqa(answer: str, expected: str) -> None:
    given_, wanted = official(answer), official(expected)
    shared = sum((Counter(given_.split()) & Counter(wanted.split())).values())
    apart = given_ != wanted and {given_, wanted} & {"yes", "no", "noanswer"}
    f1 = Fraction(0) if apart or not shared else Fraction(2 * shared, len(given_.split()) + len(wanted.split()))

    assert asyncio.run(value("em", answer, expected)) == (given_ == wanted)
    if given_ and wanted:
        assert asyncio.run(value("f1", answer, expected)) == f1


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("The Tarn, lamp!", "tarn  lamp", 1),
        ("tarn lamps", "tarn lamp", 0),
        ("lamp tarn", "tarn lamp", 0),
        ("L.A.", "LA", 1),
        ("L.A.", "L", 0),
        ("An-The", "anthe", 1),
    ],
)
async def test_em_compares_bare_words_in_their_order(answer: str, expected: str, right: int) -> None:
    assert await value("em", answer, expected) == right


def test_a_comparison_can_be_made_with_another_text_than_the_examples_own() -> None:
    metric = by_name("em", HERE)

    assert isinstance(metric, Comparing)
    assert metric.against("A lamp", "lamp") == Score(Fraction(1), "'A lamp' is right")
    assert metric.against("bell", "lamp") == Score(Fraction(0), "expected 'lamp', got 'bell'")


@given(st.sampled_from(sorted(BUILT_IN)), st.text(max_size=30), st.text(max_size=30))
def test_a_score_is_from_zero_to_one_and_says_why(name: str, answer: str, expected: str) -> None:
    score = asyncio.run(by_name(name, HERE).score(answer, example(expected)))

    assert 0 <= score.value <= 1
    assert repr(answer) in score.why


async def test_a_wrong_answer_is_told_with_what_was_expected() -> None:
    assert await by_name("exact_match", HERE).score("7", example("8")) == Score(Fraction(0), "expected '8', got '7'")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
async def test_a_built_in_metric_needs_an_expected_answer(name: str) -> None:
    with pytest.raises(DataError, match=f"example 17 has no expected answer, which the metric {name} needs"):
        await by_name(name, HERE).score("7", example(None))


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r'task.metric = "exact_mach": no such metric; did you mean exact_match\?'):
        by_name("exact_mach", HERE)


def users_own(folder: Path, body: str, head: str = "def score(answer, expected):") -> Metric:
    (folder / "my_metric.py").write_text(f"import asyncio\n{head}\n    {body}\n", encoding="utf-8")
    return by_name("my_metric.py:score", folder)


@pytest.mark.parametrize(
    ("body", "score"),
    [
        ("return answer == expected", Fraction(1)),
        ("return 0.1", Fraction(0.1)),
        ("return 1", Fraction(1)),
        ("from fractions import Fraction; return Fraction(1, 3)", Fraction(1, 3)),
        ("from decimal import Decimal; return Decimal('0.5')", Fraction(1, 2)),
    ],
)
async def test_a_metric_of_the_users_own_is_exact(tmp_path: Path, body: str, score: Fraction) -> None:
    assert (await users_own(tmp_path, body).score("8", example("8"))).value == score


async def test_a_metric_of_the_users_own_may_be_async_and_say_why(tmp_path: Path) -> None:
    metric = users_own(
        tmp_path, '"Half is enough."; await asyncio.sleep(0); return 0.5, "so so"', "async def score(answer, expected):"
    )

    assert await metric.score("7", example("8")) == Score(Fraction(1, 2), "so so")
    assert (metric.name, metric.description) == ("my_metric.py:score", "Half is enough.")


@pytest.mark.parametrize("given_", ["1.5", "-0.1", "float('nan')", "None", "'1'", "(1, 2, 3)", "[1]", "10**400"])
async def test_what_is_no_score_is_refused_by_its_value(tmp_path: Path, given_: str) -> None:
    with pytest.raises(ProgramError, match=r"metric my_metric.py:score on example 17: gave .*, which is "):
        await users_own(tmp_path, f"return {given_}").score("7", example("8"))


async def test_an_exception_of_the_users_own_metric_is_kept_as_the_cause(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="on example 17: ValueError: invalid literal") as raised:
        await users_own(tmp_path, "return int(answer)").score("seven", example("8"))

    assert isinstance(raised.value.__cause__, ValueError)


async def test_a_metric_of_the_users_own_that_ends_itself_does_not_end_the_run_as_if_a_provider_were_down(
    tmp_path: Path,
) -> None:
    with pytest.raises(ProgramError, match="on example 17: SystemExit: 3"):
        await users_own(tmp_path, "import sys; sys.exit(3)").score("seven", example("8"))


async def test_a_metric_may_take_examples_without_an_expected_answer(tmp_path: Path) -> None:
    metric = users_own(tmp_path, "return expected is None")

    assert (await metric.score("x", example(None))).value == 1
