"""What there is to do in a folder: the configs that can be trained and the runs that were; read without a run."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import cast

from autodiff_engine.config.models import STANDS_IN
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
from autodiff_engine.secret import redacted

from .view import RunView, reduce

_EVERY = (
    CandidateScored, DataLoaded, ProgramDescribed, ProposalJudged, ProposalMade, ProposalVetoed,
    RunFinished, RunOpened, StepFinished, TestCompared,
)  # fmt: skip
_FOLDERS = (".", "configs")
_PROJECT = "train.toml"
"""What a project's config is called, as ``init`` writes it."""
_TASK = re.compile(r"^[ \t]*\[[ \t]*task[ \t]*\]", re.MULTILINE)
"""What a config looks like that TOML cannot be made of."""
_MOST_ENTRIES = 2_000
"""Of a folder: in a home or a download folder nobody waits for more."""


@dataclass(frozen=True, slots=True)
class ConfigFound:
    """A config as its file says it; nothing of it is checked. ``about`` is the comment that it begins with."""

    path: Path
    pipeline: str
    data: str
    models: tuple[tuple[str, str], ...]
    about: str
    text: str
    problem: str = ""
    """Why it cannot be read, whole; empty when it can."""

    @property
    def name(self) -> str:
        """The path as a person types it."""
        return self.path.as_posix()


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
        """Return the run with what its journal says; blocks as long as the file takes to read."""
        known = self._known.get(run.folder)
        stamp = _stamp(run.folder)
        if known is not None and known[0] == stamp:
            return _as_of_now(known[1])
        try:
            view = RunView()
            for stamped in skim(run.folder, _EVERY, (LedgerUpdated,)):
                view = reduce(view, stamped)
            found = RunFound(run.folder, run.name, view)
        except StorageError as error:
            found = RunFound(run.folder, run.name, problem=str(error))
        self._known[run.folder] = stamp, found
        return _as_of_now(found)

    def _remembered(self, name: str, folder: Path) -> RunFound:
        known = self._known.get(folder)
        unread = RunFound(folder, name)
        return _as_of_now(known[1]) if known is not None and known[0] == _stamp(folder) else unread


def _as_of_now(found: RunFound) -> RunFound:
    """Return ``found`` with whether it is executed now, which its file does not say."""
    running = found.view is not None and bool(goes_on(found.folder))
    return found if running == found.running else replace(found, running=running)


def configs(here: Path) -> list[ConfigFound]:
    """Return the configs of a folder: TOML files with a table [task], also where they cannot be parsed.

    Those in ``here`` and its ``configs`` by name, then the ``train.toml`` of each project right below; nothing deeper
    is looked at, and nothing in hidden folders.
    """
    files = [file for folder in _FOLDERS for file in sorted((here / folder).glob("*.toml"))]
    found = (_config(file, file.relative_to(here)) for file in (*files, *_of_projects(here)))
    return [each for each in found if each is not None]


def _of_projects(here: Path) -> list[Path]:
    """Return the configs of the projects right below ``here``, by name."""
    try:
        with os.scandir(here) as entries:
            names = [each.name for each in islice(entries, _MOST_ENTRIES) if not each.name.startswith(".")]
    except OSError:
        return []
    places = (here / name / _PROJECT for name in sorted(names) if name not in _FOLDERS)
    return [place for place in places if os.path.isfile(place)]  # also in a folder that nobody may look into


def _config(file: Path, shown: Path) -> ConfigFound | None:
    try:
        raw = file.read_bytes()
    except OSError:  # whatever it is, nobody can say that it is a config of ours
        return None
    try:
        written = raw.decode("utf-8-sig")
        tables: Mapping[str, object] = tomllib.loads(written)
    except (ValueError, RecursionError) as error:
        return _unreadable(raw.decode("utf-8-sig", "replace"), shown, str(error))
    task = _table(tables.get("task"))
    if task is None:
        return None
    text = redacted(written)  # one with a key in it is refused when it is loaded, and shown before
    first = text.partition("\n")[0]
    roles = _table(tables.get("models")) or {}
    models = ((role, redacted(_model(role, roles))) for role in roles)
    data = _table(tables.get("data")) or {}
    about = first.lstrip("# ") if first.startswith("#") else ""
    pipeline, source = redacted(str(task.get("pipeline", "?"))), redacted(_source(data.get("source", "?")))
    return ConfigFound(shown, pipeline, source, tuple(models), about, text)


def _unreadable(written: str, shown: Path, problem: str) -> ConfigFound | None:
    """Return a config that its mistakes keep from being read, if it looks like one."""
    if _TASK.search(written) is None:
        return None
    return ConfigFound(shown, "", "", (), "", redacted(written), redacted(problem) or "no reason was given")


def _model(role: str, roles: Mapping[str, object]) -> str:
    """Return the model of a role, or whose it plays with: a table may hold no more than a temperature."""
    named = [each for each, told in roles.items() if (_table(told) or {}).get("model")]
    if role in named:
        return str((_table(roles[role]) or {})["model"])
    order = next((others for known, others in STANDS_IN.items() if known == role), ())
    return next((f"as {each}" for each in order if each in named), "?")


def _source(named: object) -> str:
    """Return a source as a person wrote it: a file for each split where they gave three."""
    files = _table(named)
    return str(named) if files is None else ", ".join(f"{split} {file}" for split, file in files.items())


def _table(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def _stamp(folder: Path) -> tuple[int, int]:
    try:
        told = (folder / FILE).stat()
    except OSError:  # deleted while we looked
        return 0, 0
    return told.st_mtime_ns, told.st_size
