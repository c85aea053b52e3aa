"""Proposals -> verdicts: lint, then this step's minibatch, then the whole validation set (algorithm 2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from .comparison import Race, Rule, comparable, compare, deciding_order, greater
from .dataset import Example
from .evaluate import Outcome
from .events import Comparison, Fate
from .lint import Lint
from .proposal import Proposal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a proposal, and why; ``outcomes`` are those of the whole validation when it was accepted."""

    fate: Fate
    reason: str
    lint: str = ""
    minibatch: Comparison | None = None
    validation: Comparison | None = None
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Gates:
    """How proposals are judged: the checks, the names of both gates' metrics, and when a candidate is better."""

    lint: Lint
    minibatch_metric: str
    metric: str
    rule: Rule
    two_stage: bool = True


RunBatch = Callable[[Sequence[Example]], Awaitable[Sequence[Outcome]]]
RunSplit = Callable[[Sequence[Example], Callable[[Outcome], bool | None]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class Case:
    """A proposal with all that it is judged on.

    ``forward`` has the incumbent's outcomes on this step's batch, ``incumbent`` those on the whole validation split, in
    the split's order; ``failed`` the ids of this step's rejected candidates. ``run_batch`` and ``run_split`` run the
    candidate. ``shown`` has, by the name of a text of demos, the ids of the examples that the candidate holds there.
    """

    proposal: Proposal
    forward: Sequence[Outcome]
    incumbent: Sequence[Outcome]
    failed: Collection[str]
    run_batch: RunBatch
    run_split: RunSplit
    shown: Mapping[str, Collection[str]] = field(default_factory=dict[str, Collection[str]])


async def judge(case: Case, gates: Gates) -> Verdict:
    """Judge a proposal: each gate costs more than the one before, and the first that it does not pass is its fate."""
    if case.proposal.problem:
        return Verdict("unusable", case.proposal.problem)
    lint, reason = gates.lint.check(case.proposal, case.failed)
    if lint:
        return Verdict("lint", reason, lint)
    minibatch, passed = await _minibatch(case, gates)
    if not passed:
        return Verdict("minibatch", "not better on the examples of this step", minibatch=minibatch)
    race = await _race(case, gates)
    whole = race.comparison(split="val", metric=gates.metric)
    if not race.won():
        return Verdict("validation", _why_lost(whole, gates.rule), minibatch=minibatch, validation=whole)
    by_id = {each.example.id: each for each in race.after}
    ordered = tuple(by_id[each.example.id] for each in case.incumbent)
    return Verdict("accepted", "better on the whole validation set", "", minibatch, whole, ordered)


async def _minibatch(case: Case, gates: Gates) -> tuple[Comparison | None, bool]:
    """Compare on the examples that the feedback came from; those that the candidate quotes prove nothing.

    Where no example is left that the candidate could do better on, nobody could pass: the whole validation set decides.
    """
    before, quoted = comparable(case.forward, case.proposal.candidate, case.shown)
    if not gates.two_stage or all(each.score == 1 or each.unavailable for each in before):
        return None, True
    answered = await case.run_batch([each.example for each in before if not each.unavailable])
    by_id = {each.example.id: each for each in answered}
    after = [by_id.get(each.example.id, each) for each in before]  # excluded anyway: it need not be asked
    told = compare(before, after, split="train", metric=gates.minibatch_metric, quoted=quoted)
    return told, greater(before, after)


async def _race(case: Case, gates: Gates) -> Race:
    ordered = deciding_order(case.incumbent)
    race = Race(ordered, gates.rule)

    def seen(outcome: Outcome) -> bool:
        race.after.append(outcome)
        return race.lost()

    await case.run_split([each.example for each in ordered], seen)
    return race


def _why_lost(whole: Comparison, rule: Rule) -> str:
    if whole.stopped_after is not None:
        return f"stopped after {whole.stopped_after} of {whole.n} validation examples: it could not win any more"
    if whole.after is not None and whole.after > whole.before and whole.p is not None:
        return f"better, but not with confidence: p={whole.p:.3f}, alpha={rule.alpha:g}"
    return "not better on the whole validation set"
