import re
from itertools import islice

import pytest

from autodiff_engine.generated import NUMBERS, THINGS, Difficulty, object_count


def recount(question: str) -> int:
    """Read the sentence as a person would: category first, then each amount with its thing."""
    listed, asked = question.rstrip("?").split(". How many ")
    counted = {
        name
        for forms in THINGS[asked.removesuffix(" is that in all")]
        for name in (forms[0].split(" ", 1)[1], forms[1])
    }
    amounts = re.findall(rf"(?:^| )({'|'.join(NUMBERS)}|an?|[0-9]+) ([a-z][a-z ]*?)(?=,|$)", listed)
    assert len(amounts) == listed.count(",") + 1
    return sum(number(amount) for amount, name in amounts if name in counted)


def number(word: str) -> int:
    if word in ("a", "an"):
        return 1
    return NUMBERS.index(word) if word in NUMBERS else int(word)


@pytest.mark.parametrize("difficulty", [Difficulty(), Difficulty(4, 3), Difficulty(14, 12)], ids=str)
def test_every_answer_survives_an_independent_recount(difficulty: Difficulty) -> None:
    for question, answer in islice(object_count(2025, difficulty), 400):
        assert recount(question) == int(answer), question


def test_no_question_comes_twice_and_no_answer_is_guessed_from_its_frequency() -> None:
    pairs = list(islice(object_count(7), 2000))

    assert len({question for question, _ in pairs}) == 2000
    answers = [answer for _, answer in pairs]
    assert max(answers.count(answer) for answer in set(answers)) < 300
    assert "0" not in answers


def test_the_same_seed_gives_the_same_questions_and_another_seed_others() -> None:
    first, again, other = (list(islice(object_count(seed), 50)) for seed in (0, 0, 1))

    assert first == again
    assert not set(first) & set(other)


def test_no_thing_belongs_to_two_categories() -> None:
    names = [name for things in THINGS.values() for forms in things for name in forms]

    assert len(names) == len(set(names))


def test_a_harder_list_is_longer() -> None:
    def length(difficulty: Difficulty) -> int:
        return sum(question.count(",") for question, _ in islice(object_count(3, difficulty), 100))

    assert length(Difficulty(kinds=4)) < length(Difficulty(kinds=9)) < length(Difficulty(kinds=14))
