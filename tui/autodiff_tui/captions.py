"""A line on what to look at: what the phase is for, where in a replay one is."""

from __future__ import annotations

from .view import RunView

_PHASES = {
    "start.validation": "The start prompts are scored on the validation set: the score to beat.",
    "forward": "The best prompts answer this step's examples: what they fail is to be learnt.",
    "backward": "Each failure becomes feedback in words and flows back to the prompts (∇).",
    "teacher": "A stronger model answers what failed: good replies can serve as examples.",
    "propose": "The optimizer reads the feedback and rewrites a prompt: see the proposals.",
    "minibatch": "The rewrite answers the same examples, and goes on only if it does better.",
    "validation": "The whole validation set decides; it stops when the rewrite cannot win.",
    "start.test": "Training is over: the start prompts answer the test set, unseen so far.",
    "best.test": "The best prompts answer the test set: the only look at it.",
}
"""Each fits a terminal of 80 cells."""
WATCHED = "Watched: another process executes this run; here it is read, not steered."
_DONE = "The run has ended. Open a proposal to read its changes; , and < look back."


def caption(view: RunView) -> str:
    """Return what the run does now and why, for someone who sees it for the first time."""
    if view.finished is not None:
        return _DONE
    phase = view.progress.phase
    return _PHASES.get(phase) or _PHASES.get(phase.rpartition(".")[2], "Models and data are made ready.")


def place(position: int, end: int, view: RunView) -> str:
    """Return where on its tape the shown run is."""
    step = f" · step {view.step}" if view.progress.phase else ""
    return f"event {position:,} of {end:,}{step}"


def pace(speed: float) -> str:
    """Return a speed as a person says it: ``4×``, ``¼×``."""
    halves = {0.5: "½×", 0.25: "¼×", 0.125: "⅛×", 0.0625: "1/16×"}
    return halves.get(speed) or f"{speed:g}×"
