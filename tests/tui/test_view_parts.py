"""What the reducer keeps for steps, spend, examples, blame and log."""

from dataclasses import replace

import pytest
from tests.tui.recorded import BATCH, VAL, recorded

from autodiff_engine.events import (
    BudgetCaps,
    CallCounts,
    CallFinished,
    CallStarted,
    Event,
    ExampleExcluded,
    ExampleScored,
    FeedbackMissing,
    LedgerUpdated,
    ProposalCounts,
    ProposalJudged,
    ProposalMade,
    RunOpened,
    Stamped,
    StepFinished,
    StepStarted,
    TokenCounts,
    TracedCall,
    Warned,
)
from autodiff_tui.format import cap, still_pays
from autodiff_tui.screens.proposal_text import proposal_lines
from autodiff_tui.view import (
    Cap,
    RunView,
    Traffic,
    Trail,
    by_example,
    caps,
    count,
    examples_of,
    facts,
    gates_of,
    pairs,
    parts,
    passages,
    per_step,
    reduce,
    step_rows,
    versions_of,
)

OPENED = RunOpened("r", "runs/r", "c.toml", "0.1.0", "2031-01-01T00:00:00Z", False)


def folded(events: list[Stamped]) -> RunView:
    view = RunView()
    for stamped in events:
        view = reduce(view, stamped)
    return view


def view_of(*events: Event) -> RunView:
    facts = 0
    told: list[Stamped] = []
    for seq, event in enumerate(events, 1):
        is_fact = isinstance(event, StepStarted | StepFinished | ExampleExcluded | FeedbackMissing)
        facts += is_fact
        told.append(Stamped(seq, float(60 * seq), facts if is_fact else None, event))
    return folded(told)


def test_the_counts_of_the_steps_add_up_to_those_of_the_run() -> None:
    view = folded(recorded(6))

    rows = step_rows(view)

    assert [row.step for row in rows] == [1, 2, 3, 4, 5, 6]
    for name in ProposalCounts.__dataclass_fields__:
        assert sum(getattr(row.gates, name) for row in rows) == getattr(view.gates, name)
    assert gates_of((*view.proposals.past, *view.proposals.current)) == view.gates
    assert [row.best for row in rows][-1] == view.scores.best.mean if view.scores.best else None
    assert view.traffic.ledger is not None
    assert sum(row.calls for row in rows) + view.traffic.spending[0].calls == view.traffic.ledger.calls.made


def test_a_step_that_goes_on_has_no_outcome_and_no_cost_yet() -> None:
    row = step_rows(folded(recorded(3, finished=False)[:-12]))[-1]

    assert (row.step, row.outcome, row.best, row.usd) == (3, "", None, None)


def test_a_proposal_keeps_what_each_side_made_of_each_example() -> None:
    view = folded(recorded(6))
    won = next(one for one in view.proposals.newest_first(99) if one.fate == "accepted")
    lost = next(one for one in view.proposals.newest_first(99) if one.fate == "validation")

    assert won.minibatch is not None
    assert won.validation is not None
    minibatch = pairs(won.old.minibatch, won.new.minibatch)
    assert len(minibatch) == BATCH
    assert sum(
        pair.after.score - pair.before.score for pair in minibatch if pair.after and pair.before
    ) == pytest.approx((won.minibatch.after or 0) * BATCH - won.minibatch.before * BATCH)
    validation = pairs(won.old.validation, won.new.validation)
    gained = count(validation, "fixed") - count(validation, "broken")
    assert gained == round(((won.validation.after or 0) - won.validation.before) * VAL)
    assert count(pairs(lost.old.validation, lost.new.validation), "unknown") == VAL - 41


def test_every_version_that_was_the_best_keeps_its_validation_examples() -> None:
    view = folded(recorded(6))

    assert view.standings[0].key == "start"
    assert len(view.standings) == view.accepted + 1
    assert examples_of(view.standings) == tuple(f"val-{n}" for n in range(VAL))
    means = [sum(result.score for result in each.results) / len(each.results) for each in view.standings]
    assert means == pytest.approx([point.mean for point in view.scores.validation])
    assert set(by_example(view.standings[-1])) == set(examples_of(view.standings))


def test_blame_of_a_text_spells_it_and_knows_its_proposals() -> None:
    view = folded(recorded(6))

    for text in view.texts.values():
        told = passages(text)
        assert "".join(passage.text for passage in told) == text.value
        assert told[0].version.step == 0
        known = {(version.step, version.k) for version in versions_of(text)}
        assert {(passage.version.step, passage.version.k) for passage in told} <= known
        for version in text.versions:
            assert version.change is not None
            assert version.change.asked_by
            assert version.judged is not None
            assert (version.judged.after or 0) > version.judged.before


def test_traced_calls_are_kept_in_order_by_node() -> None:
    calls = folded(recorded(2)).exchanges["query"]

    assert [(one.step, one.phase, one.call.t) for one in calls[:3]] == [
        (1, "forward", 1), (1, "forward", 2), (1, "forward", 1),
    ]  # fmt: skip


def test_calls_are_counted_by_role_and_node_and_an_opened_run_has_none_open() -> None:
    started = CallStarted("1/backward/e/answer/1", "backward", "answer", 1)
    ended = CallFinished("1/forward/e/answer/1", "task", "answer", "m", "k", 1.0, 10, 5, 0.5, False, "", 0)
    view = view_of(started, replace(started, role="task"), ended, replace(ended, cached=True))

    parts = view.traffic.parts
    assert (parts["backward", "answer"].open, parts["task", "answer"].open) == (1, 0)
    assert (parts["task", "answer"].made, parts["task", "answer"].cached, parts["task", "answer"].tokens) == (1, 1, 15)
    again = reduce(view, Stamped(9, 0.0, None, OPENED))
    assert again.traffic.parts["backward", "answer"].open == 0
    assert again.traffic.roles["backward"].open == 0


def spent(made: int, usd: float | None) -> LedgerUpdated:
    return LedgerUpdated(CallCounts(made), TokenCounts(made * 80, made * 20), usd)


def test_the_budget_says_how_many_more_steps_it_pays() -> None:
    budget = BudgetCaps(usd=1.0, tokens=100_000, calls=1000, minutes=60.0)
    view = view_of(
        replace(OPENED, budget=budget), spent(100, 0.1), StepStarted(1, ("e",), ()), spent(200, 0.2),
        StepFinished(1, "rejected", None, "c", 0.5), spent(400, 0.3), StepFinished(2, "rejected", None, "c", 0.5),
    )  # fmt: skip

    told = {each.name: each for each in caps(budget, view.traffic, view.elapsed_s)}

    assert per_step(view.traffic.spending, "calls") == 150
    assert told["usd"].steps == pytest.approx(7.0)
    assert told["tokens"].steps == pytest.approx(60_000 / 15_000)
    assert told["calls"].steps == pytest.approx(600 / 150)
    assert told["minutes"].taken == pytest.approx(7.0)
    assert cap(told["usd"]) == "$0.30 of $1.00"
    assert cap(told["tokens"]) == "40.0k of 100.0k tokens"
    assert cap(told["calls"]) == "400 of 1,000 calls"
    assert still_pays(told["usd"]) == "pays about 7.0 more steps"


def test_a_budget_in_dollars_says_nothing_where_no_price_is_known() -> None:
    told = caps(BudgetCaps(usd=1.0), Traffic(ledger=spent(1, None)), 1.0)

    assert told == (Cap("usd", 1.0, None, None),)
    assert cap(told[0]) == "unknown of $1.00"
    assert "no known price" in still_pays(told[0])


def test_no_budget_has_no_caps_and_no_step_no_forecast() -> None:
    assert caps(None, Traffic(), 0.0) == ()
    (first,) = caps(BudgetCaps(calls=5), Traffic(ledger=spent(2, 0.0)), 0.0)
    assert (first.taken, first.steps) == (2, None)
    assert "with the first step" in still_pays(first)
    assert per_step(Trail(), "usd") is None


def test_the_log_holds_warnings_excluded_examples_and_failures_with_their_step() -> None:
    failed = CallFinished("1/forward/e/answer/1", "task", "answer", "m", "k", 1.0, None, None, None, False, "429", 0)
    view = view_of(
        OPENED, StepStarted(1, ("e",), ()), Warned("odd"), ExampleExcluded(1, "forward", "e", "timeout"), failed,
        replace(failed, error=""), FeedbackMissing(1, "e", "timeout"), StepFinished(1, "rejected", None, "c", 0.5),
    )  # fmt: skip

    assert [(entry.level, entry.step) for entry in view.log] == [
        ("note", 0), ("step", 1), ("warning", 1), ("excluded", 1), ("failure", 1), ("excluded", 1), ("step", 1),
    ]  # fmt: skip
    assert [entry.t for entry in view.log][:2] == [60.0, 120.0]
    assert view.log[4].text == "a call of answer (task) failed: 429"


def long_run(steps: int) -> RunView:
    """A run of two proposals a step, each scored on one example of the minibatch and three of the validation set."""
    told: list[Event] = []
    for step in range(1, steps + 1):
        told.append(StepStarted(step, ("a",), ()))
        for k in (1, 2):
            told.append(ProposalMade(step, k, f"c{step}.{k}", "c0", ()))
            told += [
                ExampleScored(step, f"p{k}.{gate}", "val", name, "m", 1.0, "8", "8", "", (), (TRACED,))
                for gate, name in [("minibatch", "a"), *(("validation", name) for name in "abc")]
            ]
            told.append(ProposalJudged(step, k, f"c{step}.{k}", "validation", "not better"))
        told.append(StepFinished(step, "rejected", None, "c0", 0.5))
    return view_of(*told)


TRACED = TracedCall("answer", 1, "k", "a long prompt", "8")


def test_of_very_many_proposals_the_examples_of_the_newest_are_kept_and_all_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "SAMPLED", 40)
    for steps in (10, 11, 60):
        view = long_run(steps)
        held = sum(one.new.scored for one in view.proposals.past)
        assert held == view.proposals.sampled
        assert min(40, 8 * steps) <= held <= 80
        assert len(view.proposals) == view.gates.made == 2 * steps
        newest = view.proposals.newest_first(10)
        assert [(one.thinned, one.new.scored) for one in newest] == [(False, 4)] * 10
        thinned = [one for one in view.proposals.past if one.thinned]
        assert all(one.new.scored == 0 and one.fate == "validation" and one.scored == 3 for one in thinned)
        assert bool(thinned) is (steps > 10)
    shown = "\n".join("".join(piece for piece, _ in line) for line in proposal_lines(view, thinned[0]))
    assert "no longer in memory" in shown
    assert "not judged there" in shown  # the minibatch verdict, which nobody gave here


def test_of_very_many_traced_calls_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "EXCHANGES", 10)
    view = long_run(20)
    assert 10 <= len(view.exchanges["answer"]) <= 20
    assert view.exchanges["answer"][-1].step == 20
