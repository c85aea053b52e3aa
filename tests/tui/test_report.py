from __future__ import annotations

from dataclasses import replace

from autodiff_engine.events import (
    BudgetEnded,
    DataLoaded,
    ErrorInfo,
    Event,
    LedgerUpdated,
    ProgramDescribed,
    ProposalJudged,
    RunFinished,
    TextInfo,
)
from autodiff_tui import report, summary
from autodiff_tui.glossary import LINTS
from autodiff_tui.view import RunView, reduce

from .runs import finished, losses_run, small_run, stamped


def view_of(events: list[Event]) -> RunView:
    view = RunView()
    for each in stamped(events):
        view = reduce(view, each)
    return view


def test_a_run_is_shown_with_its_scores_texts_and_proposals() -> None:
    lines = list(report.whole(view_of(small_run())))

    assert "  start val: 0.50 (n=4), 95 % interval 0.15 to 0.85" in lines
    at = lines.index("text task (what to do)")
    assert lines[at + 1 : at + 4] == [
        "  rewritten in step 1 by proposal 2 (rephrase), val 0.75",
        "  - Count.",
        "  + Count with care.",
    ]
    assert lines[lines.index("2 proposals") + 1 :] == [
        "  1.1 refused by lint (repeat): task (rephrase)",
        "      equal to a failed one",
        "  1.2 accepted: task (rephrase)",
        "      minibatch 0.500 → 0.750, n=4, +1 −0, p=1.00",
        "      validation 0.500 → 0.750, n=4, +2 −1, p=.62",
    ]


def test_the_check_that_refused_a_proposal_is_said_in_words() -> None:
    events = [
        replace(each, lint="too long") if isinstance(each, ProposalJudged) and each.lint else each
        for each in small_run()
    ]
    lines = list(report.whole(view_of(events)))

    at = lines.index("  1.1 refused by lint (too long): task (rephrase)")
    assert lines[at + 2] == f"      too long: {LINTS['too long']}"


def test_several_losses_are_summed_up_each_apart() -> None:
    view = view_of(losses_run())
    lines = summary.lines(view)

    assert [line.strip() for line in lines[2:5]] == [
        "retrieve recall@4: best 0.90, start 0.75",
        "answer f1: best 0.68, start 0.38",
        "f1 of the answer: best 0.68, start 0.38",
    ]
    assert "    losses: retrieve recall@4 0.75 (weight 0.5), answer f1 0.38; f1 of the answer 0.38" in report.whole(
        view
    )
    assert len(summary.lines(view_of(small_run()))) == len(lines) - 3


def test_a_text_that_stayed_says_so() -> None:
    lines = list(report.whole(view_of(small_run()[:4])))

    assert lines[lines.index("text task (what to do)") + 1 :][:2] == ["  unchanged", "    Count."]


def test_a_text_cannot_drive_the_terminal() -> None:
    def hostile(event: Event) -> Event:
        if isinstance(event, ProgramDescribed):
            return replace(event, texts=(TextInfo("task\x1b", "role\x1b", "prompt", "a\x1b[2J\nb\u202e"),))
        return event

    lines = list(report.whole(view_of([hostile(event) for event in small_run()])))

    assert not any(mark in line for line in lines for mark in ("\x1b", "\u202e", "\n"))


def test_a_run_that_was_killed_is_summed_up_from_what_it_told() -> None:
    events = [event for event in small_run() if not isinstance(event, RunFinished)]
    spent = LedgerUpdated(summary.CallCounts(5, 2, 0), summary.TokenCounts(100, 10), None)

    lines = summary.lines(view_of([*events, spent]))

    assert lines[0].startswith("run        r1: not finished after 1 step")
    assert lines[1] == "validation best 0.75, start 0.50 (n=4)"
    assert lines[4] == "calls      5 made, 2 from the cache; tokens 100 in, 10 out; cost unknown"
    assert lines[-1] == "folder     runs/r1"


def test_the_list_of_runs_is_a_table() -> None:
    rows = [report.row(view_of(small_run()), "runs/r1"), report.row(view_of(small_run()[:3]), "runs/r1")]

    heading, first, second = report.table(rows)

    assert heading.split() == [
        "run",
        "state",
        "pipeline",
        "val",
        "best",
        "start",
        "n",
        "steps",
        "calls",
        "cost",
        "started",
    ]
    assert first.split() == ["r1", "done", "prompt", "0.75", "0.50", "4", "1", "20", "$0.0123", "2026-11-22T08:00"]
    assert second.split()[:6] == ["r1", "unfinished", "prompt", "–", "–", "0"]
    assert first.index("prompt") == second.index("prompt") == heading.index("pipeline")


def test_an_unknown_price_is_said_and_never_shown_as_nothing() -> None:
    events = [replace(event, cost_usd=None) if isinstance(event, RunFinished) else event for event in small_run()]

    (line,) = [line for line in summary.lines(view_of(events)) if line.startswith("calls")]

    assert line.endswith("cost unknown")


def test_the_corpus_is_shown_where_there_is_one() -> None:
    events = [replace(each, passages=97, corpus="c") if isinstance(each, DataLoaded) else each for each in small_run()]

    assert summary.lines(view_of(events))[1].split() == ["corpus", "97", "passages"]
    assert not any(line.startswith("corpus") for line in summary.lines(view_of(small_run())))


def test_what_ended_an_earlier_execution_is_no_error_of_this_one() -> None:
    error = ErrorInfo("ModelUnavailable", "nobody answered", "try again")
    events = small_run()
    resumed = [*events[:6], BudgetEnded("spent"), finished("budget", error=error), events[0], *events[6:]]
    failed = [*resumed[:-1], finished("failed", error=error)]

    told, again = ([line for line in report.whole(view_of(each)) if "note:" in line] for each in (resumed, failed))

    earlier = [
        "note: in an earlier execution: budget: spent",
        "note: in an earlier execution: ModelUnavailable: nobody answered",
    ]
    assert told == earlier
    assert again == [*earlier, "note: ModelUnavailable: nobody answered"]
