"""Values as text: scores, p values, money, tokens, time, verdicts; pure, and never rounder than the truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autodiff_engine.events import Comparison, Fate, LossMean, ProposalCounts, TestScores

    from .view import Cap, Outlook, ProposalView, RunView

UNKNOWN = "unknown"
NO_DIFFERENCE = "no difference"
NOT_JUDGED = "not judged"

_FATES: dict[str, str] = {
    "unusable": "unusable reply",
    "lint": "refused by lint",
    "minibatch": "lost on minibatch",
    "validation": "lost on validation",
    "accepted": "accepted",
    "skipped": "skipped by a person",
    "vetoed": "vetoed by a person",
}
_PHASES = {
    "forward": "running the minibatch",
    "backward": "writing feedback",
    "teacher": "the teacher answers what failed",
    "propose": "writing the step's proposals",
    "start.validation": "start prompts on the validation set",
    "best.validation": "best prompts on the validation set",
    "start.test": "start prompts on the test set",
    "best.test": "best prompts on the test set",
}
_SPLITS = {"train": "minibatch", "val": "validation"}
_GATES = {"minibatch": "on the minibatch", "validation": "on the validation set", "propose": "being written"}


def score(value: float | None, n: int | None = None, *, digits: int = 2) -> str:
    """Return ``0.48`` or ``0.48 (n=60)``; only a perfect score reads 1.00 and only an empty one 0.00."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}"
    while digits < 6 and ((float(text) == 1.0 and value < 1.0) or (float(text) == 0.0 and value > 0.0)):
        digits += 1
        text = f"{value:.{digits}f}"
    return text if n is None else f"{text} (n={n})"


def losses(means: Sequence[LossMean], on_answer: float | None, metric: str) -> str:
    """Return ``retrieve recall@4 0.50 (weight 0.5), answer f1 0.40; f1 of the answer 0.40``; empty without losses."""
    each = ", ".join(f"{one.node} {one.metric} {score(one.mean)}{_weight(one.weight)}" for one in means)
    answer = "" if on_answer is None else f"; {metric or 'the metric'} of the answer {score(on_answer)}"
    return f"{each}{answer}" if means else ""


def _weight(weight: float) -> str:
    return "" if weight == 1 else f" (weight {weight:g})"


def p_value(p: float | None) -> str:
    """Return ``p=.73``, ``p<.001``, or that there is none."""
    if p is None:
        return "no p"
    if p < 0.001:
        return "p<.001"
    digits = 2 if p >= 0.01 else 3
    return f"p={p:.{digits}f}".replace("=0.", "=.")


def significance(p: float | None, wins: int, losses: int) -> str:
    """Return the paired p, or that there is nothing to test: not one example came out better or worse."""
    return NO_DIFFERENCE if p is not None and not wins and not losses else p_value(p)


def tested(test: TestScores) -> str:
    """Return the p of a report on the test split; where both means are the same there is no difference to speak of."""
    return NO_DIFFERENCE if test.p == 1 and test.start == test.best else p_value(test.p)


def cost(usd: float | None, most: float | None = 0.0) -> str:
    """Return dollars, ``≤`` before them where ``most``, with what is unsettled, is more; None is not nothing."""
    if usd is None or most is None:
        return UNKNOWN
    if most > usd:
        return f"≤{cost(most)}".replace("≤<", "<")
    if usd == 0:
        return "$0"
    return f"${usd:.2f}" if usd >= 0.1 else f"${usd:.4f}" if usd >= 0.0001 else "<$0.0001"


def cap(told: Cap) -> str:
    """Return ``$0.21 of $1.00``: how much of a cap is taken, and of which."""
    taken = UNKNOWN if told.taken is None else _amount(told.name, told.taken)
    unit = "" if told.name == "usd" else f" {told.name}"
    return f"{taken} of {_amount(told.name, told.most)}{unit}"


def _amount(name: str, value: float) -> str:
    if name == "usd":
        return cost(value)
    if name == "tokens":
        return tokens(round(value))
    return f"{value:,.1f}" if name == "minutes" else f"{value:,.0f}"


def still_pays(told: Cap) -> str:
    """Return how many more steps a cap pays, in words."""
    if told.taken is None:
        return "nobody knows what is left of it: a model has no known price"
    if told.steps is None:
        return "a forecast comes with the first step that takes something of it"
    return f"pays about {told.steps:.1f} more steps" if told.steps < 10 else f"pays about {told.steps:,.0f} more steps"


def foretold(told: Outlook, steps: int) -> Iterator[str]:
    """Yield what is to come of a run of at most ``steps`` steps, and what all of it will have taken, in words."""
    parts = [f"{told.steps} of {steps} steps"] if told.steps else []
    parts += ["the test split"] if told.tests else []
    if parts:
        to_come = "" if told.usd_to_come is None else f", about {cost(told.usd_to_come)}"
        yield f"{' and '.join(parts)} to go{to_come}"
        whole = "" if told.usd is None else f", {cost(told.usd)}"
        yield f"the whole run: about {told.calls:,.0f} calls, {tokens(round(told.tokens))} tokens{whole}"
    if told.grows:
        yield "more once worked examples stand in the prompts"


def tokens(count: int) -> str:
    """Return ``950``, ``12.3k`` or ``1.2M``."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 999_950 else f"{count / 1_000_000:.1f}M"


def duration(seconds: float) -> str:
    """Return ``0:42``, ``12:03`` or ``1:02:03``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def counted(count: int, noun: str) -> str:
    """Return ``1 call`` or ``2 calls``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rate(passed: int, judged: int) -> str:
    """Return ``3 of 5 (60%)``; with none judged there is no rate."""
    return f"{passed} of {judged} ({passed / judged:.0%})" if judged else "none judged"


def pass_rates(gates: ProposalCounts) -> str:
    """Return both gates' pass rates in one line."""
    told = (
        ("minibatch", gates.minibatch_passed, gates.minibatch_judged),
        ("validation", gates.validation_passed, gates.validation_judged),
    )
    return " · ".join(f"{name}{' passed' if judged else ':'} {rate(passed, judged)}" for name, passed, judged in told)


def change(compared: Comparison) -> str:
    """Return ``0.483 → 0.517``, or the highest that was still possible when it was stopped."""
    if compared.stopped_after is not None:
        most = "" if compared.at_most is None else f" ≤{score(compared.at_most)}"
        return f"{score(compared.before)} →{most or ' –'}"
    return f"{score(compared.before)} → {score(compared.after)}"


def comparison(compared: Comparison) -> str:
    """Return ``validation 0.483 → 0.517, n=60, +5 −3, p=.73``: what was compared, and its numbers."""
    return f"{_SPLITS.get(compared.split, compared.split)} {numbers(compared)}"


def numbers(compared: Comparison) -> str:
    """Return a comparison's numbers in one line, ``n`` always with them."""
    counts = f"+{compared.wins} −{compared.losses}"
    left_out = len(compared.excluded) + len(compared.quoted)
    tail = f", {left_out} left out" if left_out else ""
    if compared.stopped_after is not None:
        most = "" if compared.at_most is None else f": at most {score(compared.at_most, digits=3)}"
        start = f"{score(compared.before, digits=3)}, stopped after {compared.stopped_after} of {compared.n}"
        return f"{start}{most} ({counts}){tail}"
    means = f"{score(compared.before, digits=3)} → {score(compared.after, digits=3)}"
    return f"{means}, n={compared.n}, {counts}, {significance(compared.p, compared.wins, compared.losses)}{tail}"


def fate(value: Fate) -> str:
    """Return where a proposal ended, in words."""
    return _FATES[value]


def accepted(view: RunView) -> str:
    """Return how many proposals were accepted, and how many of them a person vetoed."""
    later = f", {view.vetoed} of them vetoed" if view.vetoed else ""
    return f"{view.accepted} accepted{later}"


def proposal_state(proposal: ProposalView) -> str:
    """Return how far a proposal has come, in words."""
    if proposal.fate is not None:
        return "accepted, then vetoed" if proposal.vetoed else fate(proposal.fate)
    if proposal.problem:
        return _FATES["unusable"]
    if proposal.unjudged:
        return f"{NOT_JUDGED}: the run ended"
    words = {"proposed": "proposed", "minibatch": "minibatch", "validation": "validating"}[proposal.gate]
    if proposal.gate == "proposed":
        return words
    of = f"/{proposal.expected}" if proposal.expected else ""
    return f"{words} {proposal.scored}{of}"


def phase(name: str) -> str:
    """Return what the run does, in words; a phase that nobody named here is shown as it is."""
    if name in _PHASES:
        return _PHASES[name]
    who, _, gate = name.partition(".")
    if who[:1] == "p" and who[1:].isdigit() and gate in _GATES:
        return f"proposal {who[1:]} {_GATES[gate]}"
    return name
