"""The reducer: a run as a value."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tui.recorded import BATCH, VAL, recorded

from autodiff_engine.events import (
    BudgetEnded,
    CallFinished,
    CallStarted,
    ControlChanged,
    ErrorInfo,
    Event,
    ExampleExcluded,
    ExampleScored,
    FeedbackGiven,
    ProposalMade,
    RunFinished,
    RunOpened,
    RunResumed,
    Stamped,
    StepStarted,
    TextChange,
    Warned,
)
from autodiff_tui.format import proposal_state
from autodiff_tui.view import RunView, Trail, reduce


def folded(events: list[Stamped], view: RunView | None = None) -> RunView:
    view = view or RunView()
    for stamped in events:
        view = reduce(view, stamped)
    return view


def view_of(*events: Event) -> RunView:
    return folded([Stamped(seq, float(seq), None, event) for seq, event in enumerate(events, 1)])


def test_a_whole_run_adds_up_to_what_its_last_event_says() -> None:
    events = recorded(6)
    last = events[-1].event
    assert isinstance(last, RunFinished)

    view = folded(events)

    assert view.gates == last.proposals
    assert view.minibatch_pass_rate == last.minibatch_pass_rate
    assert view.validation_pass_rate == last.validation_pass_rate
    assert view.state == "done"
    assert view.scores.start is not None
    assert view.scores.best is not None
    assert (view.scores.start.mean, view.scores.best.mean) == (last.val.start, last.val.best)
    assert view.best is not None
    assert view.best.mean == last.val.best
    assert len(view.steps) == last.steps
    assert view.accepted == last.accepted == len(view.scores.validation) - 1
    assert view.elapsed_s == pytest.approx(last.seconds, abs=0.1)


def test_rates_are_none_until_something_was_judged() -> None:
    view = folded(recorded(0, finished=False))

    assert view.minibatch_pass_rate is None
    assert view.validation_pass_rate is None


def test_folding_changes_no_earlier_view() -> None:
    events = recorded(3)
    middle = folded(events[: len(events) // 2])
    feedback = {name: list(said) for name, said in middle.feedback.items()}
    proposals, points = middle.proposals.newest_first(99), list(middle.scores.minibatch)

    folded(events[len(events) // 2 :], middle)
    folded(events[len(events) // 2 :], middle)

    assert {name: list(said) for name, said in middle.feedback.items()} == feedback
    assert middle.proposals.newest_first(99) == proposals
    assert list(middle.scores.minibatch) == points
    assert folded(events) == folded(events[len(events) // 2 :], middle)


def test_facts_said_again_by_a_resumed_run_change_nothing() -> None:
    events = recorded(3)
    once = folded(events)

    again = folded([stamped for stamped in events if stamped.fact is not None], once)

    assert again == once


def test_a_part_that_no_event_touched_is_the_same_object() -> None:
    view = folded(recorded(2, finished=False))

    after = reduce(view, Stamped(10**6, 0.0, None, CallStarted("a", "task", "answer", 1)))

    assert after.proposals is view.proposals
    assert after.graph is view.graph
    assert after.feedback is view.feedback
    assert after.traffic is not view.traffic


def test_open_calls_of_a_node_are_counted_and_never_negative() -> None:
    started = CallStarted("a", "task", "answer", 1)
    done = CallFinished("a", "task", "answer", "m", "k", 1.0, 5, 2, None, False, "", 0)

    view = view_of(started, started, done)
    assert (view.traffic.nodes["answer"].running, view.traffic.nodes["answer"].done) == (1, 1)
    assert view.traffic.roles["task"].cost_usd is None

    view = view_of(done, done)
    assert view.traffic.nodes["answer"].running == 0


def test_a_failed_call_of_unknown_price_leaves_the_cost_known() -> None:
    failed = CallFinished("a", "task", "answer", "m", "k", 1.0, None, None, None, False, "timeout", 0)

    role = view_of(failed).traffic.roles["task"]

    assert (role.made, role.failed, role.cost_usd) == (1, 1, 0.0)


def test_half_a_minibatch_is_no_point() -> None:
    scored = ExampleScored(1, "forward", "train", "a", "m", 1.0, "x", "x", "", ())

    half = view_of(StepStarted(1, ("a", "b"), ()), scored)
    assert not half.scores.minibatch

    excluded = reduce(half, Stamped(9, 9.0, None, ExampleExcluded(1, "forward", "b", "timeout")))
    assert [(point.step, point.mean, point.n) for point in excluded.scores.minibatch] == [(1, 1.0, 1)]
    assert len(excluded.notes.warnings) == 1


def test_accepted_texts_keep_their_start_and_every_version() -> None:
    view = folded(recorded(6))

    for text in view.texts.values():
        assert text.value.startswith(text.info.value)
        assert [version.step for version in text.versions] == sorted(version.step for version in text.versions)
    assert any(text.versions for text in view.texts.values())


def test_feedback_of_a_target_is_by_step_example_and_t() -> None:
    view = folded(recorded(4))

    said = [(piece.step, piece.example, piece.t) for piece in view.feedback["query.task"]]

    assert said == sorted(said)
    assert {t for _, _, t in said} == {1, 2}


def test_the_forward_examples_of_the_current_step_hold_their_traces() -> None:
    view = folded(recorded(2))

    assert len(view.batch.forward) == BATCH
    assert all(example.trace for example in view.batch.forward)
    assert view.exchanges["answer"][-1].call.reply


def test_a_proposal_says_in_words_how_far_it_came() -> None:
    states: list[str] = []
    view = RunView()
    for stamped in recorded(2):
        view = reduce(view, stamped)
        for one in view.proposals.current:
            if not states or states[-1] != proposal_state(one):
                states.append(proposal_state(one))

    words = {state.partition(" ")[0] for state in states}
    assert {"proposed", "minibatch", "validating", "accepted"} <= words
    assert f"validating 30/{VAL}" in states


def test_a_verdict_without_its_proposal_is_still_counted() -> None:
    events = [stamped for stamped in recorded(2) if not isinstance(stamped.event, ProposalMade)]

    view = folded(events)

    assert len(view.proposals) == 0
    assert view.gates.minibatch_judged > 0


def test_a_proposal_remembers_the_texts_as_they_were() -> None:
    change = TextChange("query.task", "new", "rephrase", "why", (), 0)
    base = folded(recorded(0, finished=False))

    view = reduce(base, Stamped(10**6, 0.0, None, ProposalMade(1, 1, "c", "c0", (change,))))

    assert view.proposals.current[0].before == {"query.task": base.texts["query.task"].value}


def test_a_resumed_process_has_no_open_calls_and_adds_to_the_time() -> None:
    opened = RunOpened("r", "runs/r", "c.toml", "0", "2031", False)
    view = view_of(opened, CallStarted("a", "task", "answer", 3), ControlChanged("paused", "why", 3))

    again = reduce(view, Stamped(9, 0.5, None, opened))

    assert again.control.in_flight == 0
    assert again.control.state == "running"
    assert again.traffic.nodes["answer"].running == 0
    assert again.elapsed_s == view.elapsed_s + 0.5


def test_the_time_of_a_run_stands_while_it_is_paused() -> None:
    view = view_of(CallStarted("a", "task", "answer", 1), ControlChanged("paused", "why", 0), Warned("a word"))
    assert view.elapsed_s == 2.0

    goes_on = reduce(view, Stamped(9, 60.0, None, ControlChanged("running", "", 0)))
    later = reduce(goes_on, Stamped(10, 61.5, None, Warned("another")))

    assert (goes_on.elapsed_s, later.elapsed_s) == (2.0, 3.5)
    assert [entry.t for entry in later.log] == sorted(entry.t for entry in later.log)


def test_trouble_is_noted() -> None:
    view = view_of(Warned("odd"), BudgetEnded("spent"))
    last = recorded(1)[-1].event
    assert isinstance(last, RunFinished)
    failed = replace(last, status="failed", error=ErrorInfo("ModelRejected", "no such model", "mend it"))

    ended = reduce(view, Stamped(9, 9.0, None, failed))

    assert list(ended.notes.warnings) == ["odd"]
    assert list(ended.notes.errors) == ["budget: spent", "ModelRejected: no such model"]
    assert ended.state == "failed"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9))))
def test_a_trail_is_a_list_of_which_every_version_lives_on(appends: list[tuple[int, int]]) -> None:
    made: list[tuple[Trail[int], list[int]]] = [(Trail[int](), [])]
    for which, item in appends:
        trail, expected = made[which % len(made)]
        made.append((trail.append(item), [*expected, item]))

    for trail, expected in made:
        assert list(trail) == expected
        assert len(trail) == len(expected)
        assert trail == Trail(expected)
        assert trail[-2:] == tuple(expected[-2:])
        assert trail.last(3) == tuple(expected[-3:])


def test_a_long_run_is_folded_without_copying_what_came_before() -> None:
    piece = FeedbackGiven(1, "a", "loss", "query.task", 1, True, "text", True, "llm")
    view = RunView()
    for seq in range(20_000):
        view = reduce(view, Stamped(seq, 0.0, None, piece))

    said = view.feedback["query.task"]

    assert len(said) == 20_000
    assert said.append(piece)._shared is said._shared


def test_what_plain_output_needs_loads_no_terminal_library() -> None:
    modules = ", ".join(f"autodiff_tui.{name}" for name in ("view", "safe", "format", "diffing", "actions"))
    check = f"import sys, {modules}; sys.exit(bool({{'textual', 'rich', 'litellm'}} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_facts_that_were_taken_back_may_be_said_anew_under_their_numbers() -> None:
    def step(number: int, fact: int) -> Stamped:
        return Stamped(fact, 0.0, fact, StepStarted(number, ("a",), ()))

    events = [step(1, 1), step(2, 2), Stamped(3, 0.0, None, RunResumed(1)), step(7, 2)]
    assert folded(events).facts == 2
    assert folded(events) != folded(events[:3])
    assert folded([*events, step(9, 2)]) == folded(events)
