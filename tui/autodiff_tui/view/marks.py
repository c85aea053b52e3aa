"""Folding marks and telemetry: what comes as it happens."""

from __future__ import annotations

from dataclasses import replace

from autodiff_engine.events import (
    BudgetEnded,
    CallFinished,
    CallStarted,
    ControlChanged,
    ExamplesShown,
    Interrupted,
    LedgerUpdated,
    Mark,
    PhaseStarted,
    RunFinished,
    RunOpened,
    RunResumed,
    Telemetry,
    Warned,
)

from .log import trouble_words
from .parts import Control, Progress
from .run import RunView
from .traffic import NodeCalls, RoleCalls, Traffic

_ROLE_OF_PHASE = {"propose": "optimizer", "backward": "backward"}
"""Phases whose calls of a role are counted, by the last word of their name."""


def reduce_mark(view: RunView, mark: Mark) -> RunView:
    """Return the view after ``mark``."""
    match mark:
        case ControlChanged():
            return _controlled(view, mark)
        case PhaseStarted():
            return replace(view, progress=Progress(mark.step, mark.phase, 0, mark.total))
        case RunOpened():
            failed = view.traffic.ledger.calls.failed if view.traffic.ledger is not None else 0
            return replace(
                view,
                opened=mark,
                control=Control("running"),
                traffic=replace(_idle(view.traffic), failed_earlier=failed),
                notes=replace(view.notes, past_warnings=len(view.notes.warnings), past_errors=len(view.notes.errors)),
                finished=None,
                proposals=view.proposals.changed(lambda one: replace(one, unjudged=False) if one.unjudged else one),
                earlier_s=view.elapsed_s,
            )
        case RunResumed():
            return replace(view, facts=min(view.facts, mark.after))  # those behind it are said anew
        case Warned():
            return replace(view, notes=replace(view.notes, warnings=view.notes.warnings.append(mark.message)))
        case ExamplesShown():
            told = {each.example: {one.name: one.value for one in each.inputs} for each in mark.examples}
            return replace(view, inputs={**view.inputs, **told})
        case BudgetEnded():
            return _failed(view, f"budget: {mark.message}")
        case Interrupted():
            return _failed(view, f"interrupted: {mark.reason}")
        case RunFinished():
            proposals = view.proposals.changed(lambda one: replace(one, unjudged=True) if one.awaited else one)
            view = replace(view, finished=mark, control=replace(view.control, in_flight=0), proposals=proposals)
            return _failed(view, f"{mark.error.kind}: {mark.error.message}") if mark.error else view


def without_process(view: RunView) -> RunView:
    """Return the view of a run that no process executes any more and that has not ended: none of its calls is open."""
    return replace(view, control=Control("unfinished", "its process has ended"), traffic=_idle(view.traffic))


def _idle(traffic: Traffic) -> Traffic:
    """Return the same without open calls: what was open in a process that ended is open no more."""
    return replace(
        traffic,
        nodes={name: NodeCalls(0, calls.done) for name, calls in traffic.nodes.items()},
        roles={role: replace(calls, open=0) for role, calls in traffic.roles.items()},
        parts={part: replace(calls, open=0) for part, calls in traffic.parts.items()},
    )


def _controlled(view: RunView, mark: ControlChanged) -> RunView:
    """Return the view after a change of control; what it pauses for is told once, though it pauses in two stages."""
    told = view.control.trouble is not None
    view = replace(view, control=Control(mark.state, mark.reason, mark.in_flight, mark.trouble))
    return view if mark.trouble is None or told else _failed(view, trouble_words(mark.trouble))


def reduce_telemetry(view: RunView, telemetry: Telemetry) -> RunView:
    """Return the view after ``telemetry``."""
    match telemetry:
        case CallStarted():
            control = replace(view.control, in_flight=telemetry.in_flight)
            return replace(view, traffic=_started(view.traffic, telemetry), control=control)
        case CallFinished():
            return replace(
                view,
                traffic=_answered(view.traffic, telemetry),
                control=replace(view.control, in_flight=telemetry.in_flight),
                progress=_progress_of_call(view.progress, telemetry),
            )
        case LedgerUpdated():
            return replace(view, traffic=replace(view.traffic, ledger=telemetry))


def _failed(view: RunView, message: str) -> RunView:
    return replace(view, notes=replace(view.notes, errors=view.notes.errors.append(message)))


def _progress_of_call(progress: Progress, call: CallFinished) -> Progress:
    counted = _ROLE_OF_PHASE.get(progress.phase.rpartition(".")[2])
    return replace(progress, calls=progress.calls + 1) if counted == call.role else progress


def _started(traffic: Traffic, call: CallStarted) -> Traffic:
    calls = traffic.nodes.get(call.node) or NodeCalls()
    part = (call.role, call.node)
    role, both = traffic.roles.get(call.role) or RoleCalls(), traffic.parts.get(part) or RoleCalls()
    return replace(
        traffic,
        nodes={**traffic.nodes, call.node: NodeCalls(calls.running + 1, calls.done)},
        roles={**traffic.roles, call.role: replace(role, open=role.open + 1)},
        parts={**traffic.parts, part: replace(both, open=both.open + 1)},
    )


def _answered(traffic: Traffic, call: CallFinished) -> Traffic:
    calls = traffic.nodes.get(call.node) or NodeCalls()
    part = (call.role, call.node)
    return replace(
        traffic,
        nodes={**traffic.nodes, call.node: NodeCalls(max(0, calls.running - 1), calls.done + 1)},
        roles={**traffic.roles, call.role: _with_call(traffic.roles.get(call.role), call)},
        parts={**traffic.parts, part: _with_call(traffic.parts.get(part), call)},
    )


def _with_call(known: RoleCalls | None, call: CallFinished) -> RoleCalls:
    so_far = known or RoleCalls()
    still_open = max(0, so_far.open - 1)
    if call.cached:
        return replace(so_far, cached=so_far.cached + 1, open=still_open)
    cost = None if call.cost_usd is None and not call.error else call.cost_usd or 0.0
    return RoleCalls(
        so_far.made + 1,
        so_far.cached,
        so_far.failed + bool(call.error),
        so_far.prompt_tokens + (call.prompt_tokens or 0),
        so_far.completion_tokens + (call.completion_tokens or 0),
        None if cost is None or so_far.cost_usd is None else so_far.cost_usd + cost,
        still_open,
    )
