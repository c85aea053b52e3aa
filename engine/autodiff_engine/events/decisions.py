"""Decisions: what a person did to a run, journalled with the fact that they came after.

Each has ``after``, the number of the last fact before it took effect. Whoever asks for one leaves it at 0: the run
numbers it, and tells nothing of one that came too late.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .parts import LATER, TextValue


@dataclass(frozen=True, slots=True)
class StopChosen:
    """A person chose to stop and keep the best; no fact of the training follows fact ``after``.

    With a ``reason`` it was not the person who chose it: a recording had no more to answer with.
    """

    after: int
    reason: str = field(default="", metadata=LATER)


@dataclass(frozen=True, slots=True)
class ProposalSkipped:
    """Proposal ``k`` of a step was not to be judged any further: calls in flight for it were cancelled."""

    after: int
    step: int
    k: int


@dataclass(frozen=True, slots=True)
class ProposalVetoed:
    """A person rejects proposal ``k`` of a step, whatever its scores; ``reason`` reaches the optimizer's history.

    While it was judged, that ended. When it was the incumbent already, the one before it is the incumbent again, and
    the step that ran with it ended.
    """

    after: int
    step: int
    k: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProposalEdited:
    """A person's ``value`` took the place of what proposal ``k`` makes of a text, before any score of it was told."""

    after: int
    step: int
    k: int
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class ProposalWritten:
    """A person wrote a proposal: the next ``ProposalMade`` by a person is it, judged like any other."""

    after: int
    texts: tuple[TextValue, ...]


@dataclass(frozen=True, slots=True)
class TextFrozen:
    """From the next proposal on the training leaves a trained text as it is, or no longer (``frozen`` False)."""

    after: int
    text: str
    frozen: bool


@dataclass(frozen=True, slots=True)
class ValidationChosen:
    """Proposal ``k`` of a step was to go to the whole validation set at once, without a minibatch to pass."""

    after: int
    step: int
    k: int


Decision = (
    StopChosen | ProposalSkipped | ProposalVetoed | ProposalEdited | ProposalWritten | TextFrozen | ValidationChosen
)


def decision_words(decision: Decision) -> str:
    """Return what a person chose to do, as the rest of a sentence."""
    match decision:
        case ProposalSkipped():
            return f"skip proposal {decision.step}.{decision.k}"
        case ProposalVetoed():
            return f"veto proposal {decision.step}.{decision.k}{f': {decision.reason}' if decision.reason else ''}"
        case ProposalEdited():
            return f"edit {decision.text} in proposal {decision.step}.{decision.k}"
        case ValidationChosen():
            return f"validate proposal {decision.step}.{decision.k} at once"
        case ProposalWritten():
            return f"propose a text of their own for {', '.join(each.name for each in decision.texts)}"
        case TextFrozen():
            return f"{'freeze' if decision.frozen else 'unfreeze'} {decision.text}"
        case StopChosen():
            return "stop and keep the best"


def decision_told(decision: Decision) -> str:
    """Return in a sentence what was decided, and by whom."""
    if isinstance(decision, StopChosen) and decision.reason:
        return f"stopped, the best kept: {decision.reason}"
    return f"a person chose to {decision_words(decision)}"
