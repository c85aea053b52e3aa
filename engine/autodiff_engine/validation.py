"""Proposals -> verdicts: lint, then this step's minibatch, then the whole validation set (algorithm 2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from .comparison import Race, Rule, comparable, compare, deciding_order, greater
from .dataset import Example
from .evaluate import Outcome
from .events import Comparison, Fate
from .lint import Lint
from .proposal import Proposal

_UNGRADED = "no verdict: the judge gave too many answers on the validation examples no grade that could be read"


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

    def direct(self) -> Gates:
        """Return the gates without the minibatch."""
        return replace(self, two_stage=False)


RunBatch = Callable[[Sequence[Example], Callable[[Outcome], object]], Awaitable[Sequence[Outcome]]]
RunSplit = Callable[[Sequence[Example], Callable[[Outcome], bool | None]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class Case:
    """A proposal with all that it is judged on.

    ``forward`` has the incumbent's outcomes on this step's batch, ``incumbent`` those on the whole validation split, in
    the split's order; ``failed`` the ids of this step's rejected candidates. ``run_batch`` and ``run_split`` run the
    candidate and say each outcome as it is told. ``shown`` has, by the name of a text of demos, the ids of the examples
    that the candidate holds there.
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
    return await Judging(case, gates).verdict()


class Judging:
    """One proposal on its way through the gates; what it has come to so far follows from the outcomes told alone."""

    def __init__(self, case: Case, gates: Gates) -> None:
        self._case = case
        self._gates = gates
        self._before, self._quoted = comparable(case.forward, case.proposal.candidate, case.shown)
        ordered = deciding_order(case.incumbent)
        self._ordered = [each.example for each in ordered]
        self._race = Race(ordered, gates.rule)
        self._asked = [each.example for each in self._before if not each.unavailable]
        """Of the others there is nothing to compare with: excluded anyway, they need not be asked."""
        self._told: list[Outcome] = []
        """What was told of the minibatch."""

    @property
    def past_minibatch(self) -> bool:
        """Whether every outcome of the minibatch was told, so that the first gate has decided."""
        return bool(self._told) and len(self._told) == len(self._asked)

    async def verdict(self) -> Verdict:
        """Go through the gates; may be cancelled, and then ``cut`` says what became of the proposal."""
        case, gates = self._case, self._gates
        if case.proposal.problem:
            return Verdict("unusable", case.proposal.problem)
        lint, reason = gates.lint.check(case.proposal, case.failed)
        if lint:
            return Verdict("lint", reason, lint)
        if self._gated:
            await case.run_batch(self._asked, self._told.append)
            if not greater(self._before, self._after):
                return self._lost_minibatch()
        await case.run_split(self._ordered, self._seen)
        return self._whole_verdict()

    def cut(self, fate: Literal["skipped", "vetoed"], reason: str) -> Verdict:
        """Return the verdict when a person ended it here; what a gate has refused by now stays that gate's."""
        if self.past_minibatch and not greater(self._before, self._after):
            return self._lost_minibatch()
        if not self._race.after or not (self._race.lost() or self._race.done):
            return Verdict(fate, reason, minibatch=self._minibatch())
        verdict = self._whole_verdict()
        return replace(verdict, fate=fate, reason=reason, outcomes=()) if verdict.fate == "accepted" else verdict

    @property
    def _after(self) -> list[Outcome]:
        by_id = {each.example.id: each for each in self._told}
        return [by_id.get(each.example.id, each) for each in self._before]

    @property
    def _gated(self) -> bool:
        """Whether there is a minibatch to pass: the examples that the feedback came from, but for those quoted.

        Where no example is left that the candidate could do better on, nobody could pass: the whole validation set
        decides.
        """
        return self._gates.two_stage and not all(each.score == 1 or each.unavailable for each in self._before)

    def _minibatch(self) -> Comparison | None:
        if not self.past_minibatch:
            return None
        return compare(
            self._before, self._after, split="train", metric=self._gates.minibatch_metric, quoted=self._quoted
        )

    def _lost_minibatch(self) -> Verdict:
        return Verdict("minibatch", "not better on the examples of this step", minibatch=self._minibatch())

    def _seen(self, outcome: Outcome) -> bool:
        self._race.add(outcome)
        return self._race.lost()

    def _whole_verdict(self) -> Verdict:
        race, minibatch = self._race, self._minibatch()
        whole = race.comparison(split="val", metric=self._gates.metric)
        if not race.won():
            why = _UNGRADED if race.ungraded else _why_lost(whole, self._gates.rule)
            return Verdict("validation", why, minibatch=minibatch, validation=whole)
        by_id = {each.example.id: each for each in race.after}
        ordered = tuple(by_id[each.example.id] for each in self._case.incumbent)
        return Verdict("accepted", "better on the whole validation set", "", minibatch, whole, ordered)


def _why_lost(whole: Comparison, rule: Rule) -> str:
    if whole.stopped_after is not None:
        return f"stopped after {whole.stopped_after} of {whole.n} validation examples: it could not win any more"
    if whole.after is not None and whole.after > whole.before and whole.p is not None:
        return f"better, but not with confidence: p={whole.p:.3f}, alpha={rule.alpha:g}"
    return "not better on the whole validation set"
