"""What a run took step by step and call by call, what a person decided, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

from autodiff_engine.events import ProposalWritten, decision_words
from autodiff_tui.format import cost, duration, rate, score, tokens
from autodiff_tui.safe import Shown, block
from autodiff_tui.view import RoleCalls, RunView, StepRow, step_rows

from .results import Named
from .tables import Capped, last

_MOST_STEPS = 500
_MOST_DECISIONS = 200
_MOST_PROBLEMS = 200
_MOST_CHARS = 2000
_PROBLEMS = ("warning", "excluded", "failure", "error")


@dataclass(frozen=True, slots=True)
class StepLine:
    """A training step; all its cells are text."""

    step: int
    outcome: str
    batch: str
    proposals: str
    minibatch: str
    validation: str
    best: str
    calls: str
    tokens: str
    cost: str


@dataclass(frozen=True, slots=True)
class SpendLine:
    """The calls of a role, or of one node within it (``node`` not empty)."""

    role: str
    node: str
    made: str
    cached: str
    failed: str
    prompt: str
    completion: str
    cost: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """What a person chose, and after which fact of the journal."""

    after: int
    said: str
    written: tuple[Named, ...]
    """The texts that the person wrote, as far as they are no part of a proposal yet."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the log that says what went wrong."""

    at: str
    step: int
    level: str
    text: Shown


def steps_of(view: RunView) -> Capped[StepLine]:
    """Return the steps, oldest first."""
    return last([_step(row) for row in step_rows(view)], _MOST_STEPS, "step")


def _step(row: StepRow) -> StepLine:
    gates = row.gates
    return StepLine(
        row.step, row.outcome or "not finished", score(row.batch), str(gates.made),
        rate(gates.minibatch_passed, gates.minibatch_judged), rate(gates.validation_passed, gates.validation_judged),
        score(row.best), f"{row.calls:,}", tokens(row.tokens), cost(row.usd),
    )  # fmt: skip


def spend_lines(view: RunView) -> tuple[SpendLine, ...]:
    """Return a line for each role, and below it one for each node that asked in that role."""
    lines: list[SpendLine] = []
    for role, calls in view.traffic.roles.items():
        lines.append(_spend(role, "", calls))
        lines += [_spend(role, node, part) for (of, node), part in view.traffic.parts.items() if of == role]
    return tuple(lines)


def _spend(role: str, node: str, calls: RoleCalls) -> SpendLine:
    counts = (f"{calls.made:,}", f"{calls.cached:,}", f"{calls.failed:,}")
    return SpendLine(
        role, node, *counts, tokens(calls.prompt_tokens), tokens(calls.completion_tokens), cost(calls.cost_usd)
    )


def decisions_of(view: RunView) -> Capped[DecisionLine]:
    """Return what a person decided, oldest first."""
    lines = [
        DecisionLine(
            each.after,
            decision_words(each),
            tuple(Named(text.name, block(text.value, max_chars=_MOST_CHARS).text) for text in each.texts)
            if isinstance(each, ProposalWritten)
            else (),
        )
        for each in view.decisions
    ]
    return last(lines, _MOST_DECISIONS, "decision")


def problems_of(view: RunView) -> Capped[Problem]:
    """Return warnings, excluded examples, failed calls and errors, oldest first."""
    told = [
        Problem(duration(entry.t), entry.step, entry.level, block(entry.text, max_chars=_MOST_CHARS))
        for entry in view.log
        if entry.level in _PROBLEMS
    ]
    return last(told, _MOST_PROBLEMS, "line")
