from __future__ import annotations

from dataclasses import replace

import pytest

from autodiff_engine.events import ControlChanged, DataLoaded, Event, ProposalJudged, ProposalMade, RunResumed, Warned
from autodiff_tui.glossary import LINTS
from autodiff_tui.glyphs import to_ascii
from autodiff_tui.narration import Narrator

from .runs import losses_run, small_run


def told(events: list[Event], *, verbose: bool = False) -> list[str]:
    narrator = Narrator(verbose=verbose)
    return [line for event in events for line in narrator.lines(event)]


def test_the_check_that_refused_a_proposal_is_said_in_words() -> None:
    events = [
        replace(each, lint="leak") if isinstance(each, ProposalJudged) and each.lint else each for each in small_run()
    ]

    assert f"  proposal 1: refused by lint (leak: {LINTS['leak']}): equal to a failed one" in told(events)


def test_a_run_reads_as_a_story_with_numbers() -> None:
    assert told(small_run()) == [
        "run r1 in runs/r1",
        "program prompt: 1 trained text, metric exact_match, models small, large",
        "data q.csv: train 8, val 4, test 4, 1 repeat dropped",
        "start prompts: val 0.50 (n=4), 95 % interval 0.15 to 0.85, 1 in a wrong format",
        "step 1 of 3: batch 2/4 right, mean 0.50; 1 piece of feedback",
        "  proposal 1: refused by lint (repeat): equal to a failed one",
        "  proposal 2: minibatch 0.500 → 0.750, n=4, +1 −0, p=1.00; "
        "validation 0.500 → 0.750, n=4, +2 −1, p=.62; accepted",
        "step 1: accepted proposal 2; best val 0.75",
        "best prompts: val 0.75 (n=4), 95 % interval 0.30 to 0.95",
    ]


def test_several_losses_are_told_each_apart_beside_the_tasks_metric() -> None:
    more = [line for line in told(losses_run()) if line not in told(small_run())]

    assert more == [
        "program prompt: 1 trained text, metric f1, models small, large",
        "  loss: recall@4 of retrieve, weight 0.5",
        "  loss: f1 of answer, weight 1",
        "  losses: retrieve recall@4 0.75 (weight 0.5), answer f1 0.38; f1 of the answer 0.38",
        "  losses: retrieve recall@4 0.90 (weight 0.5), answer f1 0.68; f1 of the answer 0.68",
    ]


def test_verbose_adds_answers_feedback_and_rewrites() -> None:
    more = set(told(small_run(), verbose=True)) - set(told(small_run()))

    assert "  e1 (forward): 1.00; answer 7" in more
    assert "  feedback on task, call 1, e2: say how to count" in more
    assert "  new task (rephrase): Count with care." in more


def test_text_from_outside_cannot_reach_the_terminal() -> None:
    hostile = "\x1b]52;c;AAAA\x07\x9b2J\u202e"

    lines = told([*small_run(answer=hostile), Warned(hostile)], verbose=True)

    assert not any(mark in line for line in lines for mark in ("\x1b", "\x07", "\x9b", "\u202e", "\n"))


def test_a_reply_that_could_not_be_used_is_said_once() -> None:
    made = ProposalMade(2, 1, "c", "b", (), "task: cut off")
    lines = told([made, ProposalJudged(2, 1, "c", "unusable", "task: cut off")])
    assert [line for line in lines if "cut off" in line] == ["  proposal 1: unusable reply: task: cut off"]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        pytest.param(ControlChanged("paused", "429", 0), "paused: 429", id="a pause says why"),
        pytest.param(Warned("no price"), "warning: no price", id="a warning"),
    ],
)
def test_trouble_is_said(event: Event, line: str) -> None:
    assert told([event])[-1] == line


def test_ascii_spells_our_marks_and_escapes_the_rest() -> None:
    assert to_ascii("0.5 → 0.7, −1 · ï") == "0.5 -> 0.7, -1 | \\xef"


def test_the_corpus_of_a_program_that_searches_is_told() -> None:
    assert told([DataLoaded("generated:two_hop", 8, 4, 4, 0, "f", 1097, "c")])[1:] == ["corpus: 1,097 passages"]


def test_a_run_that_goes_on_says_what_stands_and_what_no_longer_does() -> None:
    told = Narrator().lines(RunResumed(12, 3, tested=True, torn=True, reason="fact 13 differs: x"))
    assert told == [
        "  the journal's last line was cut short and is dropped",
        "fact 13 differs: x; from here on the run is live",
        "goes on after 12 facts of its journal",
        "  3 facts behind that no longer stand",
        "  the test split was scored when the run was stopped; it is scored again at its new end",
    ]
    assert Narrator().lines(RunResumed(12)) == ["goes on after 12 facts of its journal"]
