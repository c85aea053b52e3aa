"""Folding decisions: what a person did to the run."""

from __future__ import annotations

from dataclasses import replace

from autodiff_engine.events import (
    Decision,
    ProposalEdited,
    ProposalVetoed,
    TextChange,
    TextFrozen,
)

from .parts import Point, ProposalView, Scores, TextView
from .run import RunView


def reduce_decision(view: RunView, decision: Decision) -> RunView:
    """Return the view after ``decision``; what it leads to is said by the facts that follow."""
    view = replace(view, decisions=view.decisions.append(decision))
    match decision:
        case ProposalEdited():
            return _edited(view, decision)
        case ProposalVetoed():
            return _vetoed(view, f"{decision.step}.{decision.k}")
        case TextFrozen():
            others = tuple(name for name in view.frozen if name != decision.text)
            return replace(view, frozen=(*others, decision.text) if decision.frozen else others)
        case _:
            return view


def judged_now(view: RunView) -> ProposalView | None:
    """Return the proposal that is being judged, if one is."""
    newest = view.proposals.current[-1] if view.proposals.current else None
    return newest if newest is not None and newest.fate is None and view.finished is None else None


def incumbent_proposal(view: RunView) -> ProposalView | None:
    """Return the accepted proposal that the best prompts came with; None while these are the start prompts."""
    newest = view.standings[-1] if view.standings else None
    return view.proposals.find(newest.key) if newest is not None and newest.step else None


def _edited(view: RunView, decision: ProposalEdited) -> RunView:
    found = view.proposals.find(f"{decision.step}.{decision.k}")
    if found is None:
        return view
    known = {change.name: change for change in found.changes} if not found.problem else {}
    old = known.get(decision.text)
    reasoning, asked_by = (old.reasoning, old.asked_by) if old is not None else ("", ())
    change = TextChange(decision.text, decision.value, "edited by a person", reasoning, asked_by, 0)
    before = dict(found.before)
    if decision.text in view.texts:
        before.setdefault(decision.text, view.texts[decision.text].value)
    changes = tuple({**known, decision.text: change}.values())
    changed = replace(found, changes=changes, before=before, problem="")
    return replace(view, proposals=view.proposals.with_current(changed))


def _vetoed(view: RunView, key: str) -> RunView:
    """Take the best back to what it was before, if it came with this proposal."""
    if not view.standings or view.standings[-1].key != key:
        return view
    standings = view.standings[:-1]
    texts = {name: _without(text, key) for name, text in view.texts.items()}
    bounds = {place: told for place, told in view.scores.bounds.items() if place != ("best", "val")}
    scores = replace(_back(view.scores, standings[-1].step if standings else 0, view.step), bounds=bounds)
    proposals = view.proposals.changed(lambda one: replace(one, vetoed=True) if one.key == key else one)
    return replace(view, standings=standings, texts=texts, scores=scores, proposals=proposals)


def _without(text: TextView, key: str) -> TextView:
    kept = tuple(version for version in text.versions if f"{version.step}.{version.k}" != key)
    return text if len(kept) == len(text.versions) else replace(text, versions=kept)


def _back(scores: Scores, step: int, now: int) -> Scores:
    """Add the score of the version of ``step`` again: from ``now`` on it is the best."""
    known = [point for point in scores.validation if point.step == step]
    if not known:
        return scores
    again = Point(now, known[-1].mean, known[-1].n)
    return replace(scores, validation=scores.validation.append(again))
