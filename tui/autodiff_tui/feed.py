"""Taking what a source has onto the tape, within the budget of one tick of the app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .session import Source
from .tape import Tape

MAX_EVENTS = 2000
MAX_FOLD_S = 0.008
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Fed:
    """What a tick brought: how many events, and whether more are waiting."""

    taken: int
    behind: bool


def feed(tape: Tape, source: Source, clock: Callable[[], float]) -> Fed:
    """Fold events until none is left, ``MAX_EVENTS`` were taken or ``MAX_FOLD_S`` have passed; loses none."""
    began, taken = clock(), 0
    while events := source.drain(min(_CHUNK, MAX_EVENTS - taken)):
        tape.extend(events)
        taken += len(events)
        if taken >= MAX_EVENTS or clock() - began > MAX_FOLD_S:
            return Fed(taken, behind=True)
    return Fed(taken, behind=False)
