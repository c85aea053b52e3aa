"""The table of an ablation: a row a variant, every number with what it is over."""

from __future__ import annotations

import statistics as spread  # the standard library's; ours has the paired tests
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..events import RunFinished
from ..statistics import mcnemar_exact
from .measured import Executions, Measured, Paid, Used
from .variants import FULL


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over ``runs`` runs of scores over ``n`` examples each; ``sd`` needs two runs, else None."""

    mean: float
    sd: float | None
    n: int
    runs: int


@dataclass(frozen=True, slots=True)
class Passed:
    """Proposals that passed a gate and those judged there, over all runs."""

    passed: int
    judged: int

    @property
    def rate(self) -> float | None:
        """None with none judged."""
        return self.passed / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Pairs:
    """A variant's best prompts against those of ``full``, on the same test examples of the same seed, pooled.

    ``p`` is that of the exact sign test over all pairs; one example under several seeds gives several pairs, which are
    not independent, so with several seeds it is too small.
    """

    wins: int
    losses: int
    ties: int
    p: float


@dataclass(frozen=True, slots=True)
class Row:
    """A variant over its runs that are done, ``runs`` of ``asked``; ``paid`` is over all executions, cut short or not.

    Scores are None without a run that is done, or without a test split.
    """

    variant: str
    runs: int
    asked: int
    val_start: Spread | None
    val_best: Spread | None
    test_start: Spread | None
    test_best: Spread | None
    against_full: Pairs | None
    minibatch: Passed
    validation: Passed
    paid: Paid
    whole: Used


Grid = Mapping[tuple[str, int], Executions]
"""By variant's name and seed."""


def table(variants: Sequence[str], seeds: Sequence[int], grid: Grid) -> tuple[Row, ...]:
    """Return a row for each of ``variants``, in their order."""
    done = {key: each.done for key, each in grid.items() if each.done is not None}
    return tuple(_row(variant, seeds, grid, done) for variant in variants)


def _row(variant: str, seeds: Sequence[int], grid: Grid, done: Mapping[tuple[str, int], Measured]) -> Row:
    mine = {seed: done[variant, seed] for seed in seeds if (variant, seed) in done}
    full = {seed: done[FULL, seed] for seed in mine if (FULL, seed) in done}
    ends = [each.finished for each in mine.values() if each.finished is not None]
    gates = [end.proposals for end in ends]
    return Row(
        variant=variant,
        runs=len(mine),
        asked=len(seeds),
        val_start=_spread([end.val.start for end in ends], [end.val.n for end in ends]),
        val_best=_spread([end.val.best for end in ends], [end.val.n for end in ends]),
        test_start=_test(ends, "start"),
        test_best=_test(ends, "best"),
        against_full=None if variant == FULL else _pairs([(full[seed], mine[seed]) for seed in full]),
        minibatch=Passed(sum(each.minibatch_passed for each in gates), sum(each.minibatch_judged for each in gates)),
        validation=Passed(sum(each.validation_passed for each in gates), sum(each.validation_judged for each in gates)),
        paid=sum((grid[variant, seed].paid for seed in seeds if (variant, seed) in grid), Paid()),
        whole=sum((each.whole for each in mine.values()), Used()),
    )


def _test(ends: Sequence[RunFinished], which: str) -> Spread | None:
    tests = [end.test for end in ends if end.test is not None]
    return _spread([each.best if which == "best" else each.start for each in tests], [each.n for each in tests])


def _spread(scores: Sequence[float | None], sizes: Sequence[int]) -> Spread | None:
    known = [score for score in scores if score is not None]
    if not known:
        return None
    return Spread(spread.fmean(known), spread.stdev(known) if len(known) > 1 else None, sizes[0], len(known))


def _pairs(runs: Sequence[tuple[Measured, Measured]]) -> Pairs | None:
    pairs = [
        (full.test_best[example], score)
        for full, mine in runs
        for example, score in mine.test_best.items()
        if example in full.test_best
    ]
    if not pairs:
        return None
    wins, losses = sum(new > old for old, new in pairs), sum(new < old for old, new in pairs)
    return Pairs(wins, losses, len(pairs) - wins - losses, mcnemar_exact(wins, losses))
