"""Calls: open and done, by node, by role and by both, with what they took; and what is left of the budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from autodiff_engine.events import BudgetCaps, LedgerUpdated

from .trail import Trail

CapName = Literal["usd", "tokens", "calls", "minutes"]


@dataclass(frozen=True, slots=True)
class NodeCalls:
    """Calls of one node: open now, and answered or failed so far."""

    running: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class RoleCalls:
    """Calls of one role (task, backward, optimizer, …); ``cost_usd`` is None once any answer had no known price."""

    made: int = 0
    cached: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    open: int = 0

    @property
    def tokens(self) -> int:
        """Tokens sent and received."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Spending:
    """What the run had taken in all when a step ended (step 0: when the first one began)."""

    step: int
    usd: float | None
    tokens: int
    calls: int
    minutes: float
    most_usd: float | None
    """With what is unsettled: as a budget counts it."""
    most_tokens: int
    roles: Mapping[str, RoleCalls]
    """The calls of each role, of which those that were stored took nothing."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls by node, by role and by both, the totals that the engine itself keeps, and these by step."""

    nodes: Mapping[str, NodeCalls] = field(default_factory=dict[str, NodeCalls])
    roles: Mapping[str, RoleCalls] = field(default_factory=dict[str, RoleCalls])
    parts: Mapping[tuple[str, str], RoleCalls] = field(default_factory=dict[tuple[str, str], RoleCalls])
    """By role and node."""
    ledger: LedgerUpdated | None = None
    failed_earlier: int = 0
    """How many of the ledger's failed calls were made before the process that executes the run now."""
    spending: Trail[Spending] = field(default_factory=Trail[Spending])


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap of the budget: what was taken of it, and how many more steps like those so far it pays."""

    name: CapName
    most: float
    taken: float | None
    """None when nobody knows: a model without a known price."""
    steps: float | None
    """None before the first step has ended, or when steps take nothing of it."""


def spending_of(traffic: Traffic, step: int, elapsed_s: float) -> Spending:
    """Return what has been taken by now."""
    ledger = traffic.ledger
    if ledger is None:
        return Spending(step, 0.0, 0, 0, elapsed_s / 60, 0.0, 0, traffic.roles)
    used, most = ledger.tokens, ledger.spent
    return Spending(
        step, ledger.cost_usd, used.prompt + used.completion, ledger.calls.made, elapsed_s / 60,
        most.most_usd, most.most_tokens, traffic.roles,
    )  # fmt: skip


def caps(budget: BudgetCaps | None, traffic: Traffic, elapsed_s: float) -> tuple[Cap, ...]:
    """Return the caps that are set; a step takes what those so far took on average."""
    if budget is None:
        return ()
    now = spending_of(traffic, 0, elapsed_s)
    told: tuple[tuple[CapName, float | None], ...] = (
        ("usd", budget.usd), ("tokens", budget.tokens), ("calls", budget.calls), ("minutes", budget.minutes),
    )  # fmt: skip
    return tuple(_cap(name, most, now, traffic.spending) for name, most in told if most is not None)


def _cap(name: CapName, most: float, now: Spending, spending: Trail[Spending]) -> Cap:
    so_far, a_step = _taken(now, name), per_step(spending, name)
    steps = None if not a_step or so_far is None else max(0.0, most - so_far) / a_step
    return Cap(name, most, so_far, steps)


def per_step(spending: Trail[Spending], name: CapName) -> float | None:
    """Return what a step has taken on average; None before one has ended, or when nobody knows.

    Steps that asked nobody, as all their answers were stored, do not count: those to come may find none.
    """
    paid = paying(spending)
    if not paid:
        return None if len(spending) < 2 else 0.0
    first, last = _taken(spending[0], name), _taken(spending[-1], name)
    return None if first is None or last is None else (last - first) / paid


def paying(spending: Trail[Spending]) -> int:
    """Return how many steps have made a call that was not stored."""
    return sum(before.calls < after.calls for before, after in pairwise(spending))


def _taken(spent: Spending, name: CapName) -> float | None:
    return {"usd": spent.most_usd, "tokens": spent.most_tokens, "calls": spent.calls, "minutes": spent.minutes}[name]
