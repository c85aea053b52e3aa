"""Proposals: how each was judged, what it changed against its parent, whom it helped and hurt, what asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autodiff_engine.config import code
from autodiff_engine.events import Comparison, FeedbackGiven, TextChange
from autodiff_tui.format import change as moved
from autodiff_tui.format import numbers, proposal_state, score
from autodiff_tui.glossary import meaning
from autodiff_tui.safe import Shown, block
from autodiff_tui.view import ProposalView, RunView

from .examples import ExampleTable, asked, tables_of
from .tables import Capped, first
from .texts import Difference, anchor, difference, examples

MOST_WHOLE = 200
"""Proposals shown whole; of a run with more, the accepted and the newest ones are. All are in the list."""
_MOST_FEEDBACK = 60
_NOT_JUDGED = "not judged there"
_HOW = {
    "loss": "from the loss",
    "template": "from the loss, without a call",
    "pass-through": "passed through",
    "attribution": "attributed",
}


@dataclass(frozen=True, slots=True)
class GateLine:
    """A gate: its numbers, and what was left out of it and why."""

    name: str
    said: str
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackPart:
    """A piece of feedback on a text: which example, where from, and what it said."""

    example: str
    asks: str
    about: str
    text: Shown


@dataclass(frozen=True, slots=True)
class ChangePart:
    """What a proposal makes of one text, and the feedback that asked for it."""

    name: str
    method: str
    reasoning: Shown
    asked: str
    asked_by: str
    difference: Difference
    feedback: Capped[FeedbackPart]


@dataclass(frozen=True, slots=True)
class ProposalPart:
    """A proposal in a row; ``whole`` is False where its details are left out."""

    key: str
    anchor: str
    fate: str
    look: str
    """``accepted``, ``lost`` or ``open``."""
    meaning: str
    texts: str
    methods: str
    minibatch: str
    validation: str
    reason: str
    whole: bool


@dataclass(frozen=True, slots=True)
class ProposalDetails:
    """All about a proposal."""

    row: ProposalPart
    candidate: str
    gates: tuple[GateLine, ...]
    changes: tuple[ChangePart, ...]
    tables: tuple[ExampleTable, ...]


@dataclass(frozen=True, slots=True)
class ProposalsPart:
    """Every proposal as a row, oldest first, and those that are shown whole."""

    rows: tuple[ProposalPart, ...]
    details: tuple[ProposalDetails, ...]
    left_out: str


def proposals_of(view: RunView) -> ProposalsPart:
    """Return all proposals; details of ``MOST_WHOLE`` at most."""
    every = (*view.proposals.past, *view.proposals.current)
    whole = _whole(every)
    rows = [_row(one, one.key in whole) for one in every]
    details = tuple(_details(view, one, row) for one, row in zip(every, rows, strict=True) if row.whole)
    more = len(rows) - len(details)
    left_out = f"Of {more:,} older proposals that were not accepted only the row above is shown." if more else ""
    return ProposalsPart(tuple(rows), details, left_out)


def _whole(every: tuple[ProposalView, ...]) -> dict[str, None]:
    accepted = [one.key for one in every if one.fate == "accepted"][-MOST_WHOLE:]
    others = [one.key for one in every if one.fate != "accepted"]
    room = MOST_WHOLE - len(accepted)
    return dict.fromkeys((*accepted, *(others[-room:] if room else ())))


def _row(one: ProposalView, whole: bool) -> ProposalPart:
    lint = f" ({one.lint})" if one.lint else ""
    return ProposalPart(
        key=one.key,
        anchor=anchor(one.key),
        fate=proposal_state(one) + lint,
        look=_look(one),
        meaning=meaning(one),
        texts=", ".join(each.name for each in one.changes) or "–",
        methods=", ".join(dict.fromkeys(each.method for each in one.changes if each.method)) or "–",
        minibatch=_moved(one.minibatch),
        validation=_moved(one.validation),
        reason="; ".join(dict.fromkeys(filter(None, (*_problems(one), one.reason)))),
        whole=whole,
    )


def _problems(one: ProposalView) -> list[str]:
    return [why if len(one.problems) == 1 or why == one.reason else f"{name}: {why}" for name, why in one.problems]


def _look(one: ProposalView) -> str:
    return (
        "open"
        if one.awaited and not one.unjudged
        else "accepted"
        if one.fate == "accepted" and not one.vetoed
        else "lost"
    )


def _moved(compared: Comparison | None) -> str:
    return "–" if compared is None else f"{moved(compared)} (n={compared.n})"


def _details(view: RunView, one: ProposalView, row: ProposalPart) -> ProposalDetails:
    gates = (_gate(view, "minibatch", one.minibatch), _gate(view, "validation", one.validation))
    changes = tuple(_change(view, one, each) for each in one.changes)
    return ProposalDetails(row, one.candidate, gates, changes, tables_of(view, one.old, one.new))


def _gate(view: RunView, name: str, compared: Comparison | None) -> GateLine:
    if compared is None:
        return GateLine(name, _NOT_JUDGED, ())
    told = (("a call failed", compared.excluded), ("quoted by the proposal", compared.quoted))
    left_out = tuple(f"left out on both sides ({why}): {examples(view, each)}" for why, each in told if each)
    return GateLine(name, f"{code(compared.metric).shown}: {numbers(compared)}", left_out)


def _change(view: RunView, one: ProposalView, changed: TextChange) -> ChangePart:
    shows = changed.method == "demos"
    left = f"; {changed.left_out} pieces of feedback did not fit the prompt" if changed.left_out else ""
    told = list(_asked(view, one, changed))
    return ChangePart(
        changed.name, changed.method or "–", block(changed.reasoning), "shows" if shows else "asked by",
        examples(view, changed.asked_by) + left, difference(one.before.get(changed.name, ""), changed.value),
        first(told, _MOST_FEEDBACK, "piece of feedback"),
    )  # fmt: skip


def _asked(view: RunView, one: ProposalView, changed: TextChange) -> Iterator[FeedbackPart]:
    """The feedback of the step on the text, from the examples that the optimizer was shown, in the order of facts."""
    named = dict.fromkeys(changed.asked_by)
    scores = {result.example: result.score for result in one.old.minibatch}
    for piece in view.feedback.get(changed.name) or ():
        if piece.step == one.step and piece.example in named:
            got = f" (score {score(scores[piece.example])})" if piece.example in scores else ""
            yield FeedbackPart(f"{piece.example}{got}", asked(view, piece.example), _about(piece), block(piece.text))


def _about(piece: FeedbackGiven) -> str:
    times = f"said {piece.count} times" if piece.count > 1 else ""
    blame = "" if piece.to_blame else "not to blame"
    parts = (f"call {piece.t}", f"from {piece.source}", _HOW.get(piece.how, ""), blame, times)
    return " · ".join(part for part in parts if part)
