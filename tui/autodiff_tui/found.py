"""The runs that were, and those that other processes execute: what came of each, read without its training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from autodiff_engine.errors import StorageError
from autodiff_engine.events import (
    CandidateScored,
    DataLoaded,
    LedgerUpdated,
    ProgramDescribed,
    ProposalJudged,
    ProposalMade,
    ProposalVetoed,
    RunFinished,
    RunOpened,
    StepFinished,
    TestCompared,
)
from autodiff_engine.finding import goes_on, named_runs
from autodiff_engine.journal import FILE, skim

from .view import RunView, reduce

_EVERY = (
    CandidateScored, DataLoaded, ProgramDescribed, ProposalJudged, ProposalMade, ProposalVetoed,
    RunFinished, RunOpened, StepFinished, TestCompared,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunFound:
    """A past run; ``view`` is None until its journal was read, or when ``problem`` says why it cannot be."""

    folder: Path
    name: str
    view: RunView | None = None
    problem: str = ""
    running: bool = False
    """Whether a process executes it now."""

    @property
    def unread(self) -> bool:
        """Whether its journal was not read yet."""
        return self.view is None and not self.problem

    @property
    def state(self) -> str:
        """One word: how it ended, or that it did not."""
        if self.view is None:
            return "unreadable" if self.problem else "…"
        if self.running:
            return "running"
        return self.view.finished.status if self.view.finished else "unfinished"

    @property
    def not_to_resume(self) -> str:
        """Why nobody can go on with it now, empty where somebody may."""
        if self.running:
            return f"{self.name} goes on in another process: autodiff-tui watch {self.name}"
        return f"{self.name} is done: there is nothing to resume" if self.state == "done" else ""


@dataclass(slots=True)
class Shelf:
    """The runs below a folder; remembers what it read, so that to look again costs a look at each file's date."""

    root: Path
    _known: dict[Path, tuple[tuple[int, int], RunFound]] = field(
        default_factory=dict[Path, tuple[tuple[int, int], RunFound]]
    )

    def names(self) -> list[RunFound]:
        """Return the runs, the newest first, those that were read before with what was read."""
        return [self._remembered(name, folder) for name, folder in reversed(named_runs(self.root).items())]

    def read(self, run: RunFound) -> RunFound:
        """Return the run with what its journal says; blocks as long as the file takes to read.

        Whether it is executed is asked first: a run that ends while its journal is read counts as running until the
        next look, and is not called unfinished because its last events came behind what was read.
        """
        running, stamp = bool(goes_on(run.folder)), _stamp(run.folder)
        known = self._known.get(run.folder)
        if known is not None and known[0] == stamp:
            return _as_of_now(known[1], running)
        try:
            view = RunView()
            for stamped in skim(run.folder, _EVERY, (LedgerUpdated,)):
                view = reduce(view, stamped)
            found = RunFound(run.folder, run.name, view)
        except StorageError as error:
            found = RunFound(run.folder, run.name, problem=str(error))
        self._known[run.folder] = stamp, found
        return _as_of_now(found, running)

    def _remembered(self, name: str, folder: Path) -> RunFound:
        running, known = bool(goes_on(folder)), self._known.get(folder)
        unread = RunFound(folder, name)
        return _as_of_now(known[1], running) if known is not None and known[0] == _stamp(folder) else unread


def _as_of_now(found: RunFound, running: bool) -> RunFound:
    """Return ``found`` with whether it is executed now, which its file does not say."""
    running = running and found.view is not None
    return found if running == found.running else replace(found, running=running)


def _stamp(folder: Path) -> tuple[int, int]:
    try:
        told = (folder / FILE).stat()
    except OSError:  # deleted while we looked
        return 0, 0
    return told.st_mtime_ns, told.st_size
