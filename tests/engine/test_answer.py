from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.answer import after, reader
from autodiff_engine.config import LabelsAnswer, RegexAnswer
from autodiff_engine.errors import ConfigError


@pytest.mark.parametrize(
    ("reply", "number"),
    [
        ("Two and 3 make 5.", "5"),
        ("Answer: 1,234", "1234"),
        ("It costs $5.", "5"),
        ("-3", "-3"),
        ("−3 degrees", "-3"),
        ("-$5", "-5"),
        ("It is 3.50, I think", "3.50"),
        ("**8**", "8"),
        ("there are 7 or 8 apples", "8"),
        ("between 10-12", "12"),
        ("1, 2, 3", "3"),
        ("[1,2,3]", "3"),
        ("gpt4 says so", None),
        ("none", None),
        ("", None),
    ],
)
def test_the_last_number_is_read_as_digits(reply: str, number: str | None) -> None:
    assert reader("last_number")(reply) == number


@given(st.integers(-(10**12), 10**12), st.sampled_from(["Answer: {}", "{}.", "so, {} apples", "({})", "a\n{}\n"]))
def test_any_whole_number_is_found_with_and_without_commas(number: int, text: str) -> None:
    assert reader("last_number")(text.format(number)) == str(number)
    assert reader("last_number")(text.format(f"{number:,}")) == str(number)


def test_the_whole_reply_is_stripped_and_an_empty_one_is_no_answer() -> None:
    assert reader("whole")("  a b \n") == "a b"
    assert reader("whole")(" \n") is None


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("yes", "Yes"),
        ("**No**.", "No"),
        ("not sure", "not sure"),
        ("I first thought yes.\nBut the answer is no.", "No"),
        ("Yes, and not no:\nyes", "Yes"),
        ("The answer is no.\nThank you!", "No"),
        ("yes or no?\nhard to say", None),
        ("nobody knows", None),
        ("", None),
        ("I am not sure", "not sure"),
    ],
)
def test_a_label_is_found_and_returned_as_the_config_writes_it(reply: str, label: str | None) -> None:
    assert reader(LabelsAnswer(labels=("Yes", "No", "not sure")))(reply) == label
    assert reader(("Yes", "No", "not sure"))(reply) == label


@given(st.text(max_size=40))
def test_a_label_is_never_made_up(reply: str) -> None:
    assert reader(("a", "b(", "c++"))(reply) in ("a", "b(", "c++", None)


def test_a_regex_gives_group_one_of_its_last_match() -> None:
    parse = reader(RegexAnswer(regex="Answer: (.*)"))

    assert parse("Answer: 1\nno, Answer:  2 \nbye") == "2"
    assert parse("2") is None
    assert reader(RegexAnswer(regex="[0-9]+"))("1 and 22") == "22"
    assert reader(RegexAnswer(regex="a(b)?"))("a") is None


def test_a_regex_that_is_none_is_said_with_its_key() -> None:
    with pytest.raises(ConfigError, match=r"program\.answer = .*not a regular expression"):
        reader(RegexAnswer(regex="("))


@pytest.mark.parametrize(
    ("spec", "form"),
    [
        ("whole", "the whole reply"),
        ("last_number", "the last number in the reply"),
        (("yes", "no"), "one of yes, no; it must stand last in the reply"),
        (RegexAnswer(regex="A: (.*)"), "what the regular expression A: (.*) matches last in the reply"),
    ],
)
def test_a_reader_says_in_words_what_it_takes(spec: Literal["whole", "last_number"], form: str) -> None:
    assert reader(spec).form == form


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("I think so.\nAnswer: Lund", "Lund"),
        ("answer:\n**Lund**\nin Sweden", "Lund"),
        ("Answer: no\nAnswer: Lund", "Lund"),
        ("Lund. Answer:", None),
        ("Lund", None),
    ],
)
def test_an_answer_stands_behind_the_last_mark_or_on_the_next_line(reply: str, answer: str | None) -> None:
    assert after("Answer:")(reply) == answer
