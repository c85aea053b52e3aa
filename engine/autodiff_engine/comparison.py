"""Two candidates on the same examples: paired counts, exact sums, and a whole validation that can stop early."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from types import MappingProxyType
from typing import Literal

from .candidate import Candidate
from .evaluate import Outcome
from .events import Comparison
from .lint import quotes
from .statistics import best_possible_p, paired_p


@dataclass(frozen=True, slots=True)
class Rule:
    """When a candidate is better: a ``greater`` mean (the paper's), or ``confident``: paired p < ``alpha`` besides."""

    accept: Literal["greater", "confident"]
    alpha: float


def comparable(
    before: Sequence[Outcome],
    candidate: Candidate,
    shown: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> tuple[list[Outcome], tuple[str, ...]]:
    """Return the incumbent's outcomes that a candidate may be compared on, and the ids of those it quotes.

    ``shown`` has, by the name of a text of demos, the ids of the examples that it holds; which those are is known
    exactly. In every other text words are looked for.
    """
    texts = [value for name, value in candidate.texts.items() if name not in shown]
    ids = {example for examples in shown.values() for example in examples}
    quoted = tuple(each.example.id for each in before if each.example.id in ids or quotes(texts, each.example))
    return [each for each in before if each.example.id not in quoted], quoted


def compare(
    before: Sequence[Outcome], after: Sequence[Outcome], *, split: str, metric: str, quoted: tuple[str, ...] = ()
) -> Comparison:
    """Compare two candidates' outcomes on the same examples, in one order; what either side lacks is left out."""
    pairs = list(zip(before, after, strict=True))
    excluded = tuple(old.example.id for old, new in pairs if old.unavailable or new.unavailable)
    old = [each.score for each, _ in pairs if each.example.id not in excluded]
    new = [each.score for _, each in pairs if each.example.id not in excluded]
    wins, losses = _wins(old, new), _wins(new, old)
    return Comparison(
        split=split,
        metric=metric,
        n=len(old),
        before=mean(old),
        after=mean(new),
        wins=wins,
        losses=losses,
        ties=len(old) - wins - losses,
        p=paired_p(old, new) if old else None,
        excluded=excluded,
        quoted=quoted,
    )


def greater(before: Sequence[Outcome], after: Sequence[Outcome]) -> bool:
    """Return whether the candidate's sum is strictly greater over the examples that both sides have a score for."""
    pairs = [(old.score, new.score) for old, new in zip(before, after, strict=True) if not _lost(old, new)]
    return sum(new for _, new in pairs) > sum(old for old, _ in pairs)


MOST_UNGRADED = Fraction(1, 5)
"""The share of a validation split that a judge may leave without a grade: by the rest nobody could be chosen."""


def too_many(lost: int, n: int) -> bool:
    """Return whether so many of ``n`` examples have no grade that nothing can be said."""
    return lost > MOST_UNGRADED * n


class Race:
    """A whole validation while it runs: knows after each outcome whether the candidate can still win.

    Examples without a score on either side, as a judge could not grade them, count on neither.

    ``incumbent`` is in the order in which the candidate is run (``deciding_order``); scores are compared exactly. To
    ``add`` an outcome costs the same however many there are: sums are kept.
    """

    def __init__(self, incumbent: Sequence[Outcome], rule: Rule) -> None:
        graded = [each.score for each in incumbent if not each.unavailable]
        self._incumbent = incumbent
        self._rule = rule
        self._after: list[Outcome] = []
        self._sum_before, self._sum_after = sum(graded, Fraction(0)), Fraction(0)
        self._comparable, self._compared = len(graded), 0
        self._without_grade = 0

    @property
    def after(self) -> Sequence[Outcome]:
        """The candidate's outcomes so far."""
        return self._after

    def add(self, outcome: Outcome) -> None:
        """Take in the candidate's outcome on the next example."""
        old = self._incumbent[len(self._after)]
        self._after.append(outcome)
        self._without_grade += outcome.ungraded
        if old.unavailable:
            return
        if outcome.unavailable:
            self._sum_before -= old.score
            self._comparable -= 1
        else:
            self._sum_after += outcome.score
            self._compared += 1

    @property
    def possible(self) -> Fraction:
        """The highest sum that the candidate can still reach."""
        return self._sum_after + self._comparable - self._compared

    @property
    def ungraded(self) -> bool:
        """Whether a judge left so many of the candidate's answers without a grade that there is no verdict."""
        return too_many(self._without_grade, len(self._incumbent))

    def _scores(self) -> tuple[list[Fraction], list[Fraction]]:
        """Return both sides' scores on what can be compared, in one order; of what is still out the incumbent's."""
        pairs = zip_longest(self._incumbent, self._after)
        told = [(old, new) for old, new in pairs if not (old.unavailable or (new and new.unavailable))]
        return [old.score for old, _ in told], [new.score for _, new in told if new]

    @property
    def done(self) -> bool:
        """Whether the candidate was run on every example."""
        return len(self._after) == len(self._incumbent)

    def lost(self) -> bool:
        """Whether no answer that is still out could make the candidate win: the decision is then the same."""
        if self.ungraded or self.possible <= self._sum_before:
            return True
        return self._rule.accept == "confident" and best_possible_p(*self._scores()) >= self._rule.alpha

    def won(self) -> bool:
        """Whether the candidate, run on all examples, is better by the rule."""
        if not self.done or self.ungraded or self._sum_after <= self._sum_before:
            return False
        return self._rule.accept == "greater" or paired_p(*self._scores()) < self._rule.alpha

    def comparison(self, *, split: str, metric: str) -> Comparison:
        """Return the comparison so far; one that was stopped early has no p and says what was still possible."""
        if self.done:
            return compare(self._incumbent, self._after, split=split, metric=metric)
        whole, new = self._scores()
        old, n, done = whole[: len(new)], len(whole), len(new)
        wins, losses = _wins(old, new), _wins(new, old)
        return Comparison(
            split=split,
            metric=metric,
            n=n,
            before=mean(whole),
            after=mean(new) if new else None,
            wins=wins,
            losses=losses,
            ties=done - wins - losses,
            p=None,
            stopped_after=done,
            at_most=float(self.possible / n) if n else 0.0,
            excluded=tuple(
                old.example.id
                for old, new in zip_longest(self._incumbent, self._after)
                if old.unavailable or (new and new.unavailable)
            ),
        )


def deciding_order(incumbent: Sequence[Outcome]) -> list[Outcome]:
    """Return the incumbent's outcomes, worst first: there a candidate can gain, so the race is decided earliest.

    Those without a score, which decide nothing, come last.
    """
    return sorted(incumbent, key=lambda each: (bool(each.unavailable), each.score))


def mean(scores: Sequence[Fraction]) -> float:
    """Return the mean, computed exactly; 0 for none."""
    return float(sum(scores, Fraction(0)) / len(scores)) if scores else 0.0


def _wins(old: Sequence[Fraction], new: Sequence[Fraction]) -> int:
    return sum(b > a for a, b in zip(old, new, strict=True))


def _lost(old: Outcome, new: Outcome) -> bool:
    return bool(old.unavailable or new.unavailable)
