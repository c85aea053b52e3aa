"""Two candidates on the same examples: paired counts, exact sums, and a whole validation that can stop early."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
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


class Race:
    """A whole validation while it runs: knows after each outcome whether the candidate can still win.

    ``incumbent`` is in the order in which the candidate is run (``deciding_order``); scores are compared exactly.
    """

    def __init__(self, incumbent: Sequence[Outcome], rule: Rule) -> None:
        self._incumbent = incumbent
        self._rule = rule
        self._to_beat = sum((each.score for each in incumbent), Fraction(0))
        self.after: list[Outcome] = []

    @property
    def possible(self) -> Fraction:
        """The highest sum that the candidate can still reach."""
        return sum((each.score for each in self.after), Fraction(len(self._incumbent) - len(self.after)))

    @property
    def done(self) -> bool:
        """Whether the candidate was run on every example."""
        return len(self.after) == len(self._incumbent)

    def lost(self) -> bool:
        """Whether no answer that is still out could make the candidate win: the decision is then the same."""
        if self.possible <= self._to_beat:
            return True
        if self._rule.accept == "greater":
            return False
        old = [each.score for each in self._incumbent]
        return best_possible_p(old, [each.score for each in self.after]) >= self._rule.alpha

    def won(self) -> bool:
        """Whether the candidate, run on all examples, is better by the rule."""
        if len(self.after) < len(self._incumbent) or self.possible <= self._to_beat:
            return False
        old, new = [each.score for each in self._incumbent], [each.score for each in self.after]
        return self._rule.accept == "greater" or paired_p(old, new) < self._rule.alpha

    def comparison(self, *, split: str, metric: str) -> Comparison:
        """Return the comparison so far; one that was stopped early has no p and says what was still possible."""
        n, done = len(self._incumbent), len(self.after)
        if done == n:
            return compare(self._incumbent, self.after, split=split, metric=metric)
        old, new = [each.score for each in self._incumbent[:done]], [each.score for each in self.after]
        wins, losses = _wins(old, new), _wins(new, old)
        return Comparison(
            split=split,
            metric=metric,
            n=n,
            before=float(self._to_beat / n),
            after=mean(new) if new else None,
            wins=wins,
            losses=losses,
            ties=done - wins - losses,
            p=None,
            stopped_after=done,
            at_most=float(self.possible / n),
        )


def deciding_order(incumbent: Sequence[Outcome]) -> list[Outcome]:
    """Return the incumbent's outcomes, worst first: there a candidate can gain, so the race is decided earliest."""
    return sorted(incumbent, key=lambda each: each.score)


def mean(scores: Sequence[Fraction]) -> float:
    """Return the mean, computed exactly; 0 for none."""
    return float(sum(scores, Fraction(0)) / len(scores)) if scores else 0.0


def _wins(old: Sequence[Fraction], new: Sequence[Fraction]) -> int:
    return sum(b > a for a, b in zip(old, new, strict=True))


def _lost(old: Outcome, new: Outcome) -> bool:
    return bool(old.unavailable or new.unavailable)
