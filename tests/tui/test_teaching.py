"""What a first look at a run tells: what was answered in place of what, and what the step warned of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from tests.tui.recorded import recorded

from autodiff_engine.events import FeedbackGiven, ProgramDescribed, Stamped, StepStarted, Warned
from autodiff_tui.captions import caption
from autodiff_tui.view import Graded, RunView, reduce
from autodiff_tui.widgets.feedback_text import answered
from autodiff_tui.widgets.node_text import Reading, node_lines
from autodiff_tui.widgets.paint import plain
from autodiff_tui.widgets.status_line import second_line

EVENTS = recorded(3, finished=False)
UNREAD = "no answer could be read from 16 of 16 replies: say in a start text in which form to answer"


def view_of(events: list[Stamped]) -> RunView:
    view = RunView()
    for stamped in events:
        view = reduce(view, stamped)
    return view


def test_a_card_says_what_its_example_was_answered_in_the_step_of_the_card() -> None:
    view = view_of(EVENTS)
    told = {piece.example: piece.step for piece in view.feedback["query.task"]}
    assert told
    for example, step in told.items():
        got = view.graded_of(step, example)
        assert got is not None
        cards = plain(node_lines(view, "query.task", 100, Reading(filter=example))).split("▎ ")
        assert "answered" not in cards[0]
        assert f"answered {got.answer}, expected {got.expected}" in cards[-1]


def test_a_card_of_an_example_that_was_not_scored_says_nothing_of_an_answer() -> None:
    said = next(one.event for one in EVENTS if isinstance(one.event, FeedbackGiven) and one.event.on_text)
    view = view_of([one for one in EVENTS if isinstance(one.event, ProgramDescribed)])
    view = reduce(view, Stamped(0, 0.0, None, replace(said, example="nobody")))
    text = plain(node_lines(view, said.target, 100))
    assert "example nobody" in text
    assert "answered" not in text
    assert "expected" not in text


@pytest.mark.parametrize(
    ("got", "cells", "line"),
    [
        (Graded(0.0, "Yes", "technical"), 60, "answered Yes, expected technical"),
        (Graded(0.0, None, "technical"), 60, "no answer could be read, expected technical"),
        (Graded(0.5, "Yes", None), 60, "answered Yes"),
        (Graded(0.0, " \n", "technical"), 60, "answered (nothing), expected technical"),
        (Graded(0.0, "a\x1b[31mb\nc", "d"), 60, "answered a␛[31mb␊c, expected d"),
        (Graded(0.0, "one two three four five six seven", "8"), 40, "answered one two three …, expected 8"),
        (Graded(0.0, "Yes", "one two three four five six seven"), 40, "answered Yes, expected one two three …"),
    ],
)
def test_an_answer_and_what_was_expected_share_a_line_cut_between_words(got: Graded, cells: int, line: str) -> None:
    assert answered(got, cells) == line


@pytest.mark.parametrize("cells", range(20, 70, 7))
def test_a_long_answer_leaves_room_for_what_was_expected(cells: int) -> None:
    line = answered(Graded(0.0, "日本 " * 50, "word " * 50), cells)
    assert cell_len(line) <= cells
    assert "exp" in line


@pytest.mark.parametrize("cells", [58, 78, 118])
def test_a_warning_is_in_sight_until_its_step_ends(cells: int) -> None:
    second = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, StepStarted) and one.event.step == 2)
    third = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, StepStarted) and one.event.step == 3)

    def line(events: list[Stamped]) -> str:
        told = plain((second_line(view_of(events), cells, behind=False),))
        assert cell_len(told) <= cells
        return told

    warned = [*EVENTS[: second + 2], Stamped(0, 9.0, None, Warned(UNREAD))]
    words = "⚠ no answer could be read" if cells > 60 else "⚠ no"
    assert words not in line(warned[:-1])
    assert words in line(warned)
    assert words in line([*warned, *EVENTS[second + 2 : third]])
    assert words not in line([*warned, *EVENTS[second + 2 : third + 1]])


def test_a_warning_of_a_hostile_text_is_one_safe_line() -> None:
    view = reduce(view_of(EVENTS), Stamped(0, 9.0, None, Warned("a\x1b[2J\nb: c")))
    assert "⚠ a␛[2J␊b" in plain((second_line(view, 118, behind=False),))


def test_the_first_caption_names_the_key_that_shows_the_answers() -> None:
    begins = next(n for n, one in enumerate(EVENTS) if isinstance(one.event, StepStarted))
    view = view_of(EVENTS[:begins])
    assert view.progress.phase == "start.validation"
    for said in (caption(view), caption(view, "f9")):
        assert len(said[0]) <= 78
        assert len(said[1]) <= 58
    assert "x shows what was answered in place of what" in caption(view)[0]
    assert "f9 shows the answers" in caption(view, "f9")[1]
