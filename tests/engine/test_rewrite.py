import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.llm import Reply, Usage
from autodiff_engine.rewrite import Rewrite, read_rewrite
from autodiff_engine.template import Template

USAGE = Usage(1, 1)


def replied(text: str, finish: str = "stop") -> Rewrite:
    return read_rewrite(Reply(text, finish, USAGE))


def form(text: str, method: str = "rephrase") -> str:
    return f"<reasoning>It is\nvague.</reasoning>\n<method>{method}</method>\n<new_text>\n{text}\n</new_text>"


PIECES = st.sampled_from(
    [
        "{",
        "{{ task }}",
        "{% if %}",
        "%",
        "$x",
        "<new_text>",
        "</new_text>",
        "<b>",
        "&",
        "```",
        "``",
        "\n",
        "\\",
        '"""',
        "a",
    ]
)
VALUES = (st.lists(PIECES).map("".join) | st.text()).map(str.strip).filter(bool)


@given(VALUES.filter(lambda text: not text.startswith("```")))
def test_a_value_passes_verbatim_through_template_and_reply(value: str) -> None:
    sent = Template("<reasoning>r</reasoning><method>delete</method><new_text>{{ value }}</new_text> bye").fill(
        {"value": value}
    )
    read = replied(sent)
    assert (read.text, read.problem, read.method, read.reasoning) == (value, "", "delete", "r")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("```\nAll of it.\n```", "All of it."),
        ("```text\nAll\nof it.\n```", "All\nof it."),
        ("```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"),
        ("```\na\n``` ends", "```\na\n``` ends"),
        ("Run ```x```", "Run ```x```"),
    ],
)
def test_a_fence_is_taken_off_only_when_it_is_around_everything(written: str, read: str) -> None:
    assert replied(form(written)).text == read


def test_a_forgotten_closing_tag_may_be_the_end_of_a_reply_that_was_not_cut_off() -> None:
    def last(text: str, finish: str = "stop") -> Rewrite:
        return read_rewrite(Reply(text, finish, USAGE), unclosed=True)

    text = "<reasoning>r</reasoning>\n<method>delete</method>\n<new_text>\nCount each thing.\n"
    assert (last(text).text, last(text).problem) == ("Count each thing.", "")
    assert "no text between" in replied(text).problem
    assert "cut off" in last("<new_text>\nCount each", "length").problem
    assert "is empty" in last("<new_text>\n").problem
    assert "no text between" in last("Count.</new_text><new_text>").problem


def test_the_parts_of_a_reply_are_read_by_their_tags() -> None:
    read = replied("Sure!\n" + form("Count each thing once.", "2. Add Instructions") + "\nI hope it helps.")
    assert read.text == "Count each thing once."
    assert (read.method, read.reasoning, read.problem) == ("add instructions", "It is vague.", "")


@pytest.mark.parametrize(
    ("named", "method"),
    [
        ("add examples", "add examples"),
        ("Adding an example", "add examples"),
        ("rephrase or replace", "rephrase"),
        ("Replace wording", "rephrase"),
        ("delete.", "delete"),
        ("", "not named"),
        ("something else " * 9, ("something else " * 9)[:40]),
    ],
)
def test_a_method_is_one_of_the_four_or_a_label(named: str, method: str) -> None:
    assert replied(form("x", named)).method == method


@pytest.mark.parametrize(
    ("text", "finish", "problem"),
    [
        ("", "stop", "there is no text between <new_text> and </new_text>"),
        ("Here is a better one: count.", "stop", "there is no text between"),
        ("</new_text> x <new_text>", "stop", "there is no text between"),
        (form("  "), "stop", "the text between <new_text> and </new_text> is empty"),
        (form("```\n\n```"), "stop", "is empty"),
        (form("whole"), "length", "it was cut off at the length limit"),
        ("<new_text>half a", "length", "it was cut off"),
        (form("whole"), "content_filter", "it was refused by a content filter"),
    ],
)
def test_what_cannot_be_used_has_a_problem_and_the_raw_reply_is_no_text(text: str, finish: str, problem: str) -> None:
    read = replied(text, finish)
    assert problem in read.problem
    assert read.raw == ("" if finish == "length" else text)
    assert read.text != text or text == ""


def test_reasoning_and_method_inside_the_new_text_are_the_texts_own() -> None:
    read = replied("<new_text>Use <reasoning>why</reasoning> and <method>how</method>.</new_text>")
    assert (read.reasoning, read.method) == ("", "not named")
    assert read.text == "Use <reasoning>why</reasoning> and <method>how</method>."
