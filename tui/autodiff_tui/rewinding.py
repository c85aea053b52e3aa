"""A run that takes facts back: its view, folded anew from what still stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from autodiff_engine.errors import StorageError
from autodiff_engine.events import RunResumed, Stamped
from autodiff_engine.journal import standing_before

from .view import Progress, RunView, reduce


@dataclass(frozen=True, slots=True)
class Past:
    """What a run has said, in its ``folder``'s journal: nobody needs to keep in memory what may be taken back."""

    folder: Path

    def before(self, view: RunView, stamped: Stamped) -> RunView:
        """Return the view before ``stamped`` without what it takes back; ``view`` itself where that is nothing.

        Costs as much as reading the whole journal, once for each time that a run is resumed from an earlier place. A
        journal that cannot be read takes nothing back.
        """
        event = stamped.event
        if not isinstance(event, RunResumed) or not _takes_back(view, event):
            return view
        try:
            standing = RunView()
            for each in standing_before(self.folder, stamped.seq):
                standing = reduce(standing, each)
        except StorageError:
            return view
        return _training(standing)


def _training(view: RunView) -> RunView:
    """Return the view without the final report as what goes on: a run that takes it back trains on."""
    over = view.trained and view.finished is None
    return replace(view, progress=Progress(view.batch.step)) if over else view


def _takes_back(view: RunView, event: RunResumed) -> bool:
    """Whether facts, or a decision such as a stop, may stand no longer."""
    return event.after < view.facts or bool(view.decisions and view.decisions[-1].after >= event.after)
