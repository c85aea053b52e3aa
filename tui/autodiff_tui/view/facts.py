"""Folding facts: what is equal in every execution of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from autodiff_engine.events import (
    CandidateScored,
    DataLoaded,
    ExampleExcluded,
    ExampleScored,
    Fact,
    FeedbackGiven,
    FeedbackMissing,
    GraphGrew,
    ProgramDescribed,
    ProposalJudged,
    ProposalMade,
    StepFinished,
    StepStarted,
    TestCompared,
)

from .parts import Batch, Exchange, Gate, GraphView, Point, Progress, ProposalView, Scores, TextView, Version
from .run import RunView
from .samples import Graded, Samples, Standing, graded
from .traffic import spending_of
from .trail import Trail

_START = "start.validation"
EXCHANGES = 1_000
"""Traced calls of a node that are kept at least, and twice as many at most: each holds its whole prompt."""
_GATE = re.compile(r"p(\d+)\.(minibatch|validation)")


def reduce_fact(view: RunView, fact: Fact) -> RunView:
    """Return the view after ``fact``."""
    match fact:
        case ExampleScored():
            return _scored(view, fact)
        case FeedbackGiven():
            said = view.feedback.get(fact.target) or Trail[FeedbackGiven]()
            first = fact.how in ("loss", "template")  # an example's feedback begins at its loss
            progress = view.progress.one_more() if first and view.progress.phase == "backward" else view.progress
            return replace(view, feedback={**view.feedback, fact.target: said.append(fact)}, progress=progress)
        case ProgramDescribed():
            return replace(view, program=fact, texts={text.name: TextView(text) for text in fact.texts})
        case DataLoaded():
            return replace(view, data=fact)
        case GraphGrew():
            return replace(view, graph=_grown(view.graph, fact))
        case StepStarted():
            if not view.traffic.spending:
                view = _with_spending(view, 0)
            return replace(
                view,
                batch=Batch(fact.step, fact.batch, fact.carried),
                graded=_graded(view),
                proposals=view.proposals.settled(),
                progress=Progress(fact.step, "forward", 0, len(fact.batch)),
            )
        case ExampleExcluded():
            return _excluded(view, fact)
        case FeedbackMissing():
            view = replace(view, unsaid=view.unsaid.append(fact))
            return _warned(view, f"step {fact.step}, example {fact.example}: no feedback, {fact.error}")
        case ProposalMade():
            return _made(view, fact)
        case ProposalJudged():
            return _judged(view, fact)
        case CandidateScored():
            return replace(view, scores=_bounded(view.scores, fact))
        case StepFinished():
            view = replace(view, steps=view.steps.append(fact), proposals=view.proposals.settled())
            return _with_spending(view, fact.step)
        case TestCompared():
            return replace(view, test=fact.comparison)


def _graded(view: RunView) -> Mapping[int, Mapping[str, Graded]]:
    """Return what stays known of each minibatch, the one that is left now among them."""
    left = view.batch
    return {**view.graded, left.step: {one.example: graded(one) for one in left.forward}} if left.step else view.graded


def _with_spending(view: RunView, step: int) -> RunView:
    spent = spending_of(view.traffic, step, view.elapsed_s)
    return replace(view, traffic=replace(view.traffic, spending=view.traffic.spending.append(spent)))


def _warned(view: RunView, message: str) -> RunView:
    return replace(view, notes=replace(view.notes, warnings=view.notes.warnings.append(message)))


def _grown(graph: GraphView, fact: GraphGrew) -> GraphView:
    nodes = {**graph.nodes, **{node.name: node for node in fact.nodes}}
    return GraphView(nodes, {**graph.edges, **{(edge.source, edge.target, edge.skip): edge for edge in fact.edges}})


def _advanced(progress: Progress, step: int, phase: str) -> Progress:
    return progress.one_more() if (progress.step, progress.phase) == (step, phase) else progress


def _scored(view: RunView, fact: ExampleScored) -> RunView:
    view = replace(view, progress=_advanced(view.progress, fact.step, fact.phase))
    if fact.trace:
        view = replace(view, exchanges=_exchanged(view.exchanges, fact))
    if fact.phase == "forward":
        batch = view.batch
        batch = replace(batch, forward=batch.forward.append(fact), total=batch.total + fact.score)
        return _with_minibatch_point(replace(view, batch=batch), fact.step)
    if fact.phase == _START:
        start = view.standings[0] if view.standings else Standing(0, 0, "")
        return replace(view, standings=(replace(start, results=start.results.append(fact)), *view.standings[1:]))
    return _scored_proposal(view, fact)


def _exchanged(known: Mapping[str, Trail[Exchange]], fact: ExampleScored) -> Mapping[str, Trail[Exchange]]:
    after = dict(known)
    for call in fact.trace:
        exchange = Exchange(call, fact.step, fact.phase, fact.example, fact.score)
        trail = (after.get(call.node) or Trail[Exchange]()).append(exchange)
        after[call.node] = trail if len(trail) <= 2 * EXCHANGES else Trail(trail.last(EXCHANGES))
    return after


def _excluded(view: RunView, fact: ExampleExcluded) -> RunView:
    view = replace(view, progress=_advanced(view.progress, fact.step, fact.phase))
    view = _warned(view, f"step {fact.step}, {fact.phase}, example {fact.example}: excluded, {fact.error}")
    if fact.phase != "forward":
        return view
    batch = replace(view.batch, excluded=view.batch.excluded + 1)
    return _with_minibatch_point(replace(view, batch=batch), fact.step)


def _with_minibatch_point(view: RunView, step: int) -> RunView:
    """Add the step's point once its whole batch is in: half a batch is no mean of it."""
    batch, scores = view.batch, view.scores
    if not batch.complete or (scores.minibatch and scores.minibatch[-1].step == step):
        return view
    point = Point(step, batch.total / len(batch.forward), len(batch.forward))
    return replace(view, scores=replace(scores, minibatch=scores.minibatch.append(point)))


def _scored_proposal(view: RunView, fact: ExampleScored) -> RunView:
    at = _GATE.fullmatch(fact.phase)
    found = view.proposals.find(f"{fact.step}.{at[1]}") if at else None
    if at is None or found is None:
        return view
    gate = "minibatch" if at[2] == "minibatch" else "validation"
    expected = view.progress.total if view.progress.phase == fact.phase else 0
    scored = found.scored + 1 if found.gate == gate else 1
    changed = replace(found, gate=gate, scored=scored, expected=expected, new=_sampled(found.new, gate, fact))
    return replace(view, proposals=view.proposals.with_current(changed))


def _sampled(known: Samples, gate: Gate, fact: ExampleScored) -> Samples:
    if gate == "minibatch":
        return replace(known, minibatch=known.minibatch.append(fact))
    return replace(known, validation=known.validation.append(fact))


def _made(view: RunView, fact: ProposalMade) -> RunView:
    before = {one.name: view.texts[one.name].value for one in fact.changes if one.name in view.texts}
    best = view.standings[-1].results if view.standings else Trail[ExampleScored]()
    old = Samples(view.batch.forward, best)
    made = ProposalView(fact.step, fact.k, fact.candidate, fact.changes, before, fact.problem, fact.tried, old=old)
    proposals = replace(view.proposals, current=(*view.proposals.current, made))
    return replace(view, proposals=proposals, gates=replace(view.gates, made=view.gates.made + 1))


def _judged(view: RunView, fact: ProposalJudged) -> RunView:
    found = view.proposals.find(f"{fact.step}.{fact.k}")
    if found is None:  # a journal whose beginning is lost: count the verdict, there is no row to show it on
        return _counted(view, fact)
    settled = replace(
        found,
        fate=fact.fate,
        reason=fact.reason,
        lint=fact.lint,
        minibatch=fact.minibatch,
        validation=fact.validation,
    )
    view = replace(_counted(view, fact), proposals=view.proposals.with_current(settled))
    return _adopted(view, settled) if fact.accepted else view


def _counted(view: RunView, fact: ProposalJudged) -> RunView:
    gates, scores, whole = view.gates, view.scores, fact.validation
    on_minibatch = fact.minibatch is not None
    gates = replace(
        gates,
        linted=gates.linted + (fact.fate == "lint"),
        minibatch_judged=gates.minibatch_judged + on_minibatch,
        minibatch_passed=gates.minibatch_passed + (on_minibatch and fact.fate != "minibatch"),
        validation_judged=gates.validation_judged + (whole is not None),
        validation_passed=gates.validation_passed + fact.accepted,
    )
    if whole is not None and whole.after is not None and whole.stopped_after is None:
        point = Point(fact.step, whole.after, whole.n)
        if fact.accepted:
            scores = replace(scores, validation=scores.validation.append(point))
        else:
            scores = replace(scores, refused=scores.refused.append(point))
    return replace(view, gates=gates, scores=scores)


def _adopted(view: RunView, won: ProposalView) -> RunView:
    val = won.validation.after if won.validation else None
    texts = dict(view.texts)
    for change in won.changes:
        if (text := texts.get(change.name)) is not None:
            version = Version(won.step, won.k, change.value, change.method, val, change, won.validation)
            texts[change.name] = replace(text, versions=(*text.versions, version))
    standing = Standing(won.step, won.k, won.candidate, won.new.validation)
    return replace(view, texts=texts, standings=(*view.standings, standing))


def _bounded(scores: Scores, fact: CandidateScored) -> Scores:
    scores = replace(scores, bounds={**scores.bounds, (fact.which, fact.split): fact})
    if (fact.which, fact.split) == ("start", "val") and not scores.validation:
        return replace(scores, validation=scores.validation.append(Point(0, fact.mean, fact.n)))
    return scores
