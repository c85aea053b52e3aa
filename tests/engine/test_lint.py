from dataclasses import replace

import pytest
from tests.synthetic import outcome, proposal

from autodiff_engine.candidate import Candidate
from autodiff_engine.dataset import Example
from autodiff_engine.lint import Lint, quotes, secret_runs
from autodiff_engine.proposal import Proposal

SECRET = "one two three four five six seven eight nine"
SHARED = "a b c d e f g h i"


def example(question: str, expected: str | None = "8") -> Example:
    return Example("x", {"question": question}, expected, 1)


def lint(*, max_words: int = 30) -> Lint:
    secret = secret_runs([example(SHARED)], [example(SECRET), example(SHARED), example("why", "p q r s t u v w")])
    return Lint(secret, ("task", "question"), max_words)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unchanged", "LEVEL 2"),
        ("too long", "word " * 31),
        ("lone surrogate", "Count \ud83d things."),
        ("tag debris", "Count things.</new_text>"),
        ("tag debris", "<Reasoning>Count.</reasoning> Count things."),
        ("tag debris", "<proposed_variable>Count"),
        ("pasted", "Count things.\nSent: How many?\nReplied: 3\nFeedback: it is 4"),
        ("talk", "Here is the improved prompt: count things."),
        ("talk", "Sure! Count things."),
        ("talk", "**Improved prompt:** count things."),
        ("marker", "Answer {{ question }}"),
        ("marker", "Answer {question}"),
        ("leak", "For example One, two three four five six seven: eight!"),
        ("leak", "why p q r s t u v"),
        ("too long", "数每一件东西" * 6),
        ("too long", "ものをかぞえる" * 5),
        ("", "数每一件东西" * 5),
        ("", "물건을 하나씩 세어 보라 " * 7),
        ("", "word " * 30),
        ("", "Count 😀 things."),
        ("", "Count <b>things</b> in {braces} & give 100 %."),
        ("", "Here you count things. Be sure to improve."),
        ("", "Make the answer to the question short."),
        ("", "one two three four five six seven"),
        ("", SHARED),
    ],
)
def test_each_check_has_a_name_and_lets_the_harmless_pass(name: str, text: str) -> None:
    found, reason = lint().check(proposal(text), ())
    assert found == name
    assert bool(reason) == bool(name)


def test_texts_that_failed_in_this_step_are_not_judged_again() -> None:
    again = proposal("LEVEL 3")
    assert lint().check(again, [again.candidate.id])[0] == "repeated"
    assert lint().check(again, [proposal("LEVEL 4").candidate.id])[0] == ""


def test_tags_that_the_program_itself_asks_for_may_stay_and_others_may_not() -> None:
    before = "Think in <reasoning>…</reasoning>."
    assert lint().check(proposal("First think in <reasoning>…</reasoning>.", parent=before), ())[0] == ""
    assert lint().check(proposal("Think in <reasoning>…</reasoning>.</new_text>", parent=before), ())[0] == "tag debris"


def test_of_two_texts_rewritten_together_one_may_stay_as_it_was() -> None:
    before = Candidate({"task": "a", "format": "b"})
    both = proposal("c")
    mixed = Proposal(1, 1, before, before.with_texts({"task": "c"}), (*both.changes, *proposal("b").changes))
    assert lint().check(mixed, ())[0] == ""


def test_the_reason_names_the_text_and_the_thing() -> None:
    assert lint().check(proposal("Answer {question}"), ())[1].startswith("task: it holds a marker for the slot que")
    assert lint(max_words=1).check(proposal("a b"), ())[1] == "task: 2 words, the most is 1"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Q: How many things of kind a1 are there? A: 8", True),
        ("how many things of kind a1", False),
        ("how many things of kind b2 are there", False),
    ],
)
def test_a_text_quotes_an_example_when_it_holds_all_or_eight_words_of_its_input(text: str, quoted: bool) -> None:
    assert quotes([text], outcome(0).example) is quoted


def test_very_short_inputs_are_no_quotation() -> None:
    assert not quotes(["Is it red or green?"], example("red"))
    assert quotes(["one two three four five six seven eight"], example(SECRET))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unchanged", "LEVEL 2"),
        ("too long", "word " * 31),
        ("lone surrogate", "Count \ud83d things."),
        ("", "Text: how many?\n8"),
        ("", "Sent: a parcel\nReplied: yes\nFeedback: good"),
        ("", "What is {question}?\n<reasoning>it is a slot</reasoning>"),
        ("", "Q\n one two three four five six seven eight"),
    ],
)
def test_demos_are_put_together_from_training_examples_and_checked_for_size_alone(name: str, text: str) -> None:
    checks = replace(lint(), demos=("task",))
    assert checks.check(proposal(text), ())[0] == name


def test_what_only_metrics_compare_with_is_no_less_a_secret() -> None:
    titles = replace(example("why"), gold={"gold_titles": SECRET})
    assert Lint(secret_runs([], [titles]), (), 30).check(proposal(f"See {SECRET}."), ())[0] == "leak"
    assert Lint(secret_runs([titles], [titles]), (), 30).check(proposal(f"See {SECRET}."), ())[0] == ""
