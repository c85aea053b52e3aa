"""What a run will have taken when it is done, foretold from what its steps took so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .run import RunView
from .traffic import RoleCalls, Spending, paying, spending_of

_SCORING = ("task", "judge")
"""Roles that are asked when a split is scored."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of the whole run, what it has taken and what is to come; in dollars None where no price is known."""

    calls: float
    tokens: float
    usd: float | None
    usd_to_come: float | None
    steps: int
    """Steps to come at most."""
    tests: int
    """How often the test split is scored: with the start prompts, and with others that may be better."""
    grows: bool
    """Whether worked examples may come into a prompt that has none: by how much it grows then, nobody knows yet."""


@dataclass(frozen=True, slots=True)
class _Load:
    """Calls that are paid for, and what they take."""

    calls: float = 0.0
    tokens: float = 0.0
    usd: float | None = 0.0

    def __add__(self, other: _Load) -> _Load:
        usd = None if self.usd is None or other.usd is None else self.usd + other.usd
        return _Load(self.calls + other.calls, self.tokens + other.tokens, usd)

    def resized(self, calls: float) -> _Load:
        """Return so many calls, each of this load's mean size."""
        share = calls / self.calls if self.calls else 0.0
        return _Load(calls if self.calls else 0.0, self.tokens * share, None if self.usd is None else self.usd * share)


def outlook(view: RunView) -> Outlook | None:
    """Return the forecast; None before a step that asked somebody has ended, and once the run has.

    A step to come makes as many calls of each role as the steps so far made on average, and each takes what those of
    the newest step took, since prompts grow. The test split is scored with the start prompts, at what these took on
    validation, and with the best ones, at what the newest step took. A training that ends before its last step takes
    less, one whose prompts grow further takes more.
    """
    spending = view.traffic.spending
    if not paying(spending) or view.finished is not None:
        return None
    now, then = _taken(spending_of(view.traffic, 0, view.elapsed_s)), _taken(spending[-1])
    whole = then
    for load in _to_come(view):
        whole += load
    usd = None if whole.usd is None or now.usd is None else max(whole.usd, now.usd)
    return Outlook(
        max(whole.calls, now.calls), max(whole.tokens, now.tokens), usd,
        None if usd is None or now.usd is None else usd - now.usd, _steps(view), _tests(view),
        _steps(view) > 0 and any(each.info.kind == "demos" and not each.value for each in view.texts.values()),
    )  # fmt: skip


def _to_come(view: RunView) -> Iterator[_Load]:
    """Yield what each role takes in the steps to come, and on the test split."""
    spending = view.traffic.spending
    first, done = spending[0].roles, paying(spending)
    examples = view.data.test / view.data.val if view.data is not None and view.data.val else 0.0
    for role, last in spending[-1].roles.items():
        start = first.get(role) or RoleCalls()
        size = _newest(view, role)
        made, stored = last.made - start.made, last.cached - start.cached
        yield size.resized(_steps(view) * made / done)
        if role in _SCORING and _tests(view):
            yield _load(RoleCalls(), start).resized(start.made * examples)
            if _tests(view) == 2 and made:
                yield size.resized((start.made + start.cached) * examples * made / (made + stored))


def _newest(view: RunView, role: str) -> _Load:
    """Return what ``role`` took in the newest step in which it was asked; nothing where there is none."""
    spending = view.traffic.spending
    for place in range(len(spending) - 1, 0, -1):
        before, after = (spending[each].roles.get(role) or RoleCalls() for each in (place - 1, place))
        if after.made > before.made:
            return _load(before, after)
    return _Load()


def _load(before: RoleCalls, after: RoleCalls) -> _Load:
    usd = None if before.cost_usd is None or after.cost_usd is None else after.cost_usd - before.cost_usd
    return _Load(after.made - before.made, after.tokens - before.tokens, usd)


def _taken(spent: Spending) -> _Load:
    return _Load(spent.calls, spent.most_tokens, spent.most_usd)


def _steps(view: RunView) -> int:
    return max(0, view.max_steps - len(view.steps))


def _tests(view: RunView) -> int:
    if view.data is None or not view.data.test or view.test is not None:
        return 0
    may_be_better = _steps(view) > 0 or any(step.outcome == "accepted" for step in view.steps)
    return 2 if may_be_better else 1
