"""Journals to a table, on figures that can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.tui.runs import finished, stamped

from autodiff_engine import events
from autodiff_engine.ablation import Executions, Measured, Paid, Passed, Used, executions_of, measure, table
from autodiff_engine.events import (
    CallCounts,
    CallFinished,
    Event,
    ExampleScored,
    LedgerUpdated,
    ProposalCounts,
    TokenCounts,
    ValScores,
)
from autodiff_engine.journal import Recorded


def scored(example: str, score: float, phase: str) -> ExampleScored:
    return ExampleScored(0, phase, "test", example, "m", score, "a", "b", "", ())


def call(key: str, prompt: int | None = 10, *, cached: bool = False, error: str = "") -> CallFinished:
    return CallFinished("0/x/y/z/1", "task", "z", "m", key, 0.1, prompt, 2, 0.0, cached, error, 0)


def recorded(*events: Event) -> Recorded:
    return Recorded(tuple(stamped(events)), False, 0)


def run(
    best: float, test: Sequence[float] = (), *, start: Sequence[float] = (), gates: ProposalCounts | None = None,
    status: str = "done", calls: Sequence[CallFinished] = (), cost: float | None = 0.5,
) -> Measured:  # fmt: skip
    end = replace(
        finished(status, cost_usd=cost),
        val=ValScores(0.5, best, 4),
        test=events.TestScores(sum(start) / len(start), sum(test or start) / len(start), len(start), None)
        if start
        else None,
        proposals=gates or ProposalCounts(),
        calls=CallCounts(3, 5, 1),
        tokens=TokenCounts(30, 6, 50, 10),
    )
    starts = [scored(f"t{i}", each, "start.test") for i, each in enumerate(start)]
    bests = [scored(f"t{i}", each, "best.test") for i, each in enumerate(test)]
    return measure(recorded(*calls, *starts, *bests, end))


def test_a_row_has_the_mean_and_the_sample_deviation_over_seeds() -> None:
    grid = {("full", 1): run(0.6), ("full", 2): run(0.8)}
    (row,) = table(["full"], [1, 2], {key: Executions(each) for key, each in grid.items()})

    assert row.val_best is not None
    assert (row.val_best.mean, row.val_best.n, row.val_best.runs) == (pytest.approx(0.7), 4, 2)
    assert row.val_best.sd == pytest.approx(0.1414213562)
    assert row.val_start is not None
    assert (row.val_start.mean, row.val_start.sd) == (0.5, 0.0)
    assert row.test_best is None
    assert (row.runs, row.asked) == (2, 2)


def test_one_seed_has_no_deviation_and_a_run_that_is_not_done_is_in_no_score() -> None:
    half = executions_of([run(0.9, status="interrupted")])
    (row,) = table(["full"], [1, 2], {("full", 1): Executions(run(0.6)), ("full", 2): half})

    assert half.done is None
    assert row.val_best is not None
    assert (row.val_best.mean, row.val_best.sd, row.runs, row.asked) == (0.6, None, 1, 2)


def test_pass_rates_are_pooled_over_seeds_and_none_without_a_judgement() -> None:
    judged, none = run(0.6, gates=ProposalCounts(9, 1, 4, 3, 3, 1)), run(0.6)
    both, empty = table(
        ["full", "one-stage"], [1, 2],
        {("full", 1): Executions(judged), ("full", 2): Executions(judged), ("one-stage", 1): Executions(none)},
    )  # fmt: skip

    assert (both.minibatch, both.validation) == (Passed(6, 8), Passed(2, 6))
    assert both.minibatch.rate == 0.75
    assert (empty.minibatch.rate, empty.validation.rate) == (None, None)


def test_against_full_pairs_are_of_the_same_example_and_seed() -> None:
    full = {seed: run(0.5, (1, 0, 0, 0), start=(0, 0, 0, 0)) for seed in (1, 2)}
    better = {1: run(0.5, (0, 1, 1, 0), start=(0, 0, 0, 0)), 2: run(0.5, (1, 1, 0, 0), start=(0, 0, 0, 0))}
    grid = {("full", seed): Executions(each) for seed, each in full.items()}
    grid |= {("opro", seed): Executions(each) for seed, each in better.items()}
    grid[("opro", 3)] = Executions(run(0.5, (1, 1, 1, 1), start=(0, 0, 0, 0)))  # full has no such run

    own, row = table(["full", "opro"], [1, 2, 3], grid)

    assert own.against_full is None
    assert row.against_full is not None
    assert (row.against_full.wins, row.against_full.losses, row.against_full.ties) == (3, 1, 4)
    assert row.against_full.p == pytest.approx(2 * (1 + 4) / 16)


def test_without_full_or_without_a_test_split_there_are_no_pairs() -> None:
    (alone,) = table(["opro"], [1], {("opro", 1): Executions(run(0.5, (1,), start=(0,)))})
    _, untested = table(
        ["full", "opro"], [1], {("full", 1): Executions(run(0.5)), ("opro", 1): Executions(run(0.5))}
    )  # fmt: skip
    assert (alone.against_full, untested.against_full) == (None, None)


def test_where_nothing_was_accepted_the_start_prompts_are_the_best_ones_on_test() -> None:
    same = run(0.5, start=(1, 0))
    assert same.test_best == same.test_start == {"t0": 1, "t1": 0}


def test_whole_counts_each_answered_request_once_whoever_paid() -> None:
    measured = run(
        0.5,
        calls=[call("a"), call("a", cached=True), call("b", cached=True), call("c", error="timeout"), call("d", None)],
    )

    assert measured.whole == Used(3, 20, 6)
    assert measured.paid.used == Used(3, 30, 6)  # the ledger's word: failed and cancelled calls are in it


def test_what_was_cut_short_is_paid_for_and_an_unknown_price_stays_unknown() -> None:
    killed = measure(recorded(LedgerUpdated(CallCounts(2, 0, 0), TokenCounts(20, 4), 0.25), call("a")))
    told = executions_of([killed, run(0.5)])
    unknown = executions_of([run(0.5, cost=None), run(0.5)])

    assert (killed.finished, killed.done) == (None, False)
    assert told.done is not None
    assert (told.paid.used, told.paid.cost_usd) == (Used(5, 50, 10), 0.75)
    assert unknown.paid.cost_usd is None
    assert executions_of([]) == Executions(None, Paid())
