"""A line on what to look at: what the phase is for, where in a replay one is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from autodiff_engine.events import ErrorInfo

from .view import RunView

Said = tuple[str, str]
"""The same in two lengths, for terminals of 80 cells and of 60."""

_PHASES: Mapping[str, Said] = {
    "start.validation": (
        "The start prompts are scored; {x} shows what was answered in place of what.",
        "The start prompts are scored; {x} shows the answers.",
    ),
    "forward": (
        "The best prompts answer this step's examples: what they fail is to be learnt.",
        "The best prompts answer examples: their failures teach.",
    ),
    "backward": (
        "Each failure becomes feedback in words and flows back to the prompts (∇).",
        "Each failure becomes feedback on the prompts (∇).",
    ),
    "teacher": (
        "A stronger model answers what failed: good replies can serve as examples.",
        "A stronger model answers what failed, to give examples.",
    ),
    "propose": (
        "The optimizer reads the feedback and rewrites a prompt: see the proposals.",
        "The optimizer reads the feedback and rewrites a prompt.",
    ),
    "minibatch": (
        "The rewrite answers the same examples, and goes on only if it does better.",
        "The rewrite answers the same examples: is it better?",
    ),
    "validation": (
        "The whole validation set decides; it stops when the rewrite cannot win.",
        "The whole validation set decides about the rewrite.",
    ),
    "start.test": (
        "Training is over: the start prompts answer the test set, unseen so far.",
        "Training is over: the start prompts answer the test set.",
    ),
    "best.test": (
        "The best prompts answer the test set: the only look at it.",
        "The best prompts answer the test set, only once.",
    ),
}
_FIRST: Said = ("Models and data are made ready.", "Models and data are made ready.")
WATCHED: Said = (
    "Watched: another process executes this run; here it is read, not steered.",
    "Watched: another process executes this run.",
)
DONE: Said = (
    "The run has ended. Open a proposal to read its changes; , and < look back.",
    "The run has ended. enter on a proposal opens it.",
)


def abandoned(run: str) -> Sequence[str]:
    """Return, in fewer and fewer words, that nobody executes ``run``, which has not ended, and how it goes on."""
    return (
        f"The process that executed this run has ended; autodiff-tui resume {run} goes on.",
        f"Its process has ended: autodiff-tui resume {run}",
        "Its process has ended; autodiff-tui resume goes on.",
    )


def troubled(trouble: ErrorInfo, resume: str) -> Sequence[str]:
    """Return, in fewer and fewer words, what a run pauses for and how it goes on; ``resume`` is the key for that."""
    what, hint = gist(trouble.message), trouble.hint
    then = f"then {resume} goes on"
    return (
        *((f"{each[-1]}: {hint}; {then}" for each in (what[:1], what[1:])) if hint else (f"{what[-1]}; {then}",)),
        *((f"{hint}; {then}", f"{hint.partition(': ')[0].partition(',')[0]}; {then}") if hint else ()),
        f"7 Log has the reason; {resume} goes on",
    )


def gist(message: str) -> tuple[str, str]:
    """Return an error without the call that it happened in, whole and from its first colon on."""
    told = _CALL.sub("", message)
    return told, told.partition(": ")[2] or told


_CALL = re.compile(r" \[[^\]]*\]$")


def caption(view: RunView, examples: str = "x") -> Said:
    """Return what the run does now and why, for someone who sees it for the first time.

    ``examples`` is the key that opens the examples.
    """
    if view.finished is not None:
        return DONE
    phase = view.progress.phase
    long, short = _PHASES.get(phase) or _PHASES.get(phase.rpartition(".")[2], _FIRST)
    return long.replace("{x}", examples), short.replace("{x}", examples)


@dataclass(frozen=True, slots=True)
class Looking:
    """A place on a run's tape that is looked at instead of its newest event, and how that moves."""

    position: int
    end: int
    motion: Literal["playing", "held", "at its end"] = "held"
    speed: float = 1.0
    recorded: bool = True
    """Whether nothing will come after the tape's end: the run is only shown again."""

    @property
    def event(self) -> str:
        """Which event of how many was the last."""
        return f"event {self.position:,} of {self.end:,}"

    @property
    def state(self) -> str:
        """In a few words with a sign, what takes the place of a run's state."""
        if not self.recorded:
            return "‖ looking back"
        return {"playing": "▶ recording", "held": "‖ recording held", "at its end": "■ recording's end"}[self.motion]

    def told(self, view: RunView) -> Said:
        """Return the motion and the place, where the run stood as in ``view``."""
        moves = {"playing": f"▶ {pace(self.speed)}", "held": "‖ held", "at its end": "■ at its end"}[self.motion]
        step = f" · step {view.step}" if view.progress.phase else ""
        return (
            f"{'replay' if self.recorded else 'looking back'} {moves} · {self.event}{step}",
            f"{moves} · {self.event}",
        )


def pace(speed: float) -> str:
    """Return a speed as a person says it: ``4×``, ``¼×``."""
    halves = {0.5: "½×", 0.25: "¼×", 0.125: "⅛×", 0.0625: "1/16×"}
    return halves.get(speed) or f"{speed:g}×"
