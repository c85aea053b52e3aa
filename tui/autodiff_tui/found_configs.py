"""The configs of a folder, also those that cannot be read; nothing of them is checked."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import cast

from autodiff_engine.config import RunConfig
from autodiff_engine.config.models import STANDS_IN
from autodiff_engine.secret import redacted

_FOLDERS = (".", "configs")
_PROJECT = "train.toml"
"""What a project's config is called, as ``init`` writes it."""
_TABLES = frozenset(RunConfig.model_fields)
_MARKS = ("task", "models", "trainer", "data", "retrieval", "budget", "limits")
_TABLE = re.compile(rf"^[ \t]*\[[ \t]*(?:{'|'.join(_MARKS)})(?![\w-])", re.MULTILINE)
"""What a config looks like that TOML cannot be made of: the beginning of a line; best.toml has no such table."""
_OF_TRAINING = frozenset(("data", "trainer"))
_NO_TASK = "it has no table [task]"
_MOST_ENTRIES = 2_000
"""Of a folder: in a home or a download folder nobody waits for more."""


_Stamp = tuple[int, int, int]


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


@dataclass(slots=True)
class ConfigShelf:
    """The configs of a folder; remembers what it read, so that to look again costs a look at each file's date."""

    here: Path
    _known: dict[Path, tuple[_Stamp, ConfigFound | None]] = field(
        default_factory=dict[Path, tuple[_Stamp, ConfigFound | None]]
    )

    def look(self) -> list[ConfigFound]:
        """Return the configs there are now: TOML files with a table [task], or that were meant to be such.

        Those in the folder and its ``configs`` by name, then the ``train.toml`` of each project right below; nothing
        deeper is looked at, and nothing in hidden folders.
        """
        self._known = {file: self._read(file) for file in _files(self.here)}
        return [found for _, found in self._known.values() if found is not None]

    def _read(self, file: Path) -> tuple[_Stamp, ConfigFound | None]:
        known, stamp = self._known.get(file), _stamp(file)
        if known is not None and known[0] == stamp:
            return known
        return stamp, _config(file, file.relative_to(self.here))


def configs(here: Path) -> list[ConfigFound]:
    """Return the configs of a folder, as ``ConfigShelf.look`` does."""
    return ConfigShelf(here).look()


def _files(here: Path) -> Iterator[Path]:
    """Yield what may be a config."""
    for folder in _FOLDERS:
        yield from sorted((here / folder).glob("*.toml"))
    yield from _of_projects(here)


def _stamp(file: Path) -> _Stamp:
    try:
        told = file.stat()
    except OSError:  # gone while we looked
        return 0, 0, 0
    return told.st_mtime_ns, told.st_size, told.st_ino


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
        broken = raw.decode("utf-8-sig", "replace")
        return _unreadable(broken, shown, str(error)) if _TABLE.search(broken) else None
    task = _table(tables.get("task"))
    if task is None:
        ours = _TABLES & {name for name, value in tables.items() if _table(value) is not None}
        meant = len(ours) > 1 and not ours.isdisjoint(_OF_TRAINING)
        return _unreadable(written, shown, _NO_TASK) if meant else None
    text = redacted(written)  # one with a key in it is refused when it is loaded, and shown before
    first = text.partition("\n")[0]
    roles = _table(tables.get("models")) or {}
    models = ((role, redacted(_model(role, roles))) for role in roles)
    data = _table(tables.get("data")) or {}
    about = first.lstrip("# ") if first.startswith("#") else ""
    pipeline, source = redacted(str(task.get("pipeline", "?"))), redacted(_source(data.get("source", "?")))
    return ConfigFound(shown, pipeline, source, tuple(models), about, text)


def _unreadable(written: str, shown: Path, problem: str) -> ConfigFound:
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
