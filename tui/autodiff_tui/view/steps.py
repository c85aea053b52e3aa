"""A run step by step: what the batch scored, how many proposals passed which gate, what it took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from autodiff_engine.events import ProposalCounts

from .parts import ProposalView
from .run import RunView
from .traffic import Spending


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step, or all of them together (``step`` 0)."""

    step: int
    outcome: str
    """Empty while it goes on."""
    batch: float | None
    """The incumbent's mean on the minibatch; None without one."""
    gates: ProposalCounts
    best: float | None
    """The best validation mean after it."""
    usd: float | None
    tokens: int
    calls: int
    minutes: float


def step_rows(view: RunView) -> tuple[StepRow, ...]:
    """Return the steps, oldest first; the last one may still go on."""
    proposals: dict[int, list[ProposalView]] = {}
    for one in (*view.proposals.past, *view.proposals.current):
        proposals.setdefault(one.step, []).append(one)
    batches = {point.step: point.mean for point in view.scores.minibatch}
    ended = {one.step: one for one in view.steps}
    took = dict(_differences(view.traffic.spending))
    current: set[int] = {view.step} - {0}
    steps = sorted(current | set(ended) | set(proposals) | set(batches))
    rows: list[StepRow] = []
    for step in steps:
        end, spent = ended.get(step), took.get(step)
        rows.append(
            StepRow(
                step, end.outcome if end else "", batches.get(step), gates_of(proposals.get(step, ())),
                end.val if end else None, spent.usd if spent else None, spent.tokens if spent else 0,
                spent.calls if spent else 0, spent.minutes if spent else 0.0,
            )
        )  # fmt: skip
    return tuple(rows)


def gates_of(proposals: Iterable[ProposalView]) -> ProposalCounts:
    """Return how many of ``proposals`` reached, and passed, each gate; the counts of the steps add up to the run's."""
    made = linted = minibatch_judged = minibatch_passed = validation_judged = validation_passed = 0
    for one in proposals:
        made += 1
        linted += one.fate == "lint"
        minibatch_judged += one.minibatch is not None
        minibatch_passed += one.minibatch is not None and one.fate != "minibatch"
        validation_judged += one.validation is not None
        validation_passed += one.fate == "accepted"
    return ProposalCounts(made, linted, minibatch_judged, minibatch_passed, validation_judged, validation_passed)


def _differences(spending: Iterable[Spending]) -> Iterable[tuple[int, Spending]]:
    before: Spending | None = None
    for spent in spending:
        if before is not None:
            yield spent.step, _took(before, spent)
        before = spent


def _took(before: Spending, after: Spending) -> Spending:
    return Spending(
        after.step, _more(before.usd, after.usd), after.tokens - before.tokens, after.calls - before.calls,
        after.minutes - before.minutes, _more(before.most_usd, after.most_usd), after.most_tokens - before.most_tokens,
        after.roles,
    )  # fmt: skip


def _more(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
