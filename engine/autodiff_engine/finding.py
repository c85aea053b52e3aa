"""Runs by name: the folders that hold a journal; and whether one is executed now."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import ConfigError
from .journal import FILE
from .lock import FILE as LOCK
from .lock import held
from .register import registered

__all__ = ["LOCK", "find_run", "goes_on", "list_runs", "named_runs"]


def find_run(name: str, root: Path) -> Path:
    """Return the folder of a run: a folder, the id of a run begun here, a unique prefix of one, or ``latest``.

    Raises:
        ConfigError: There is no such run, or there are several.
    """
    if name.lower().endswith(".zip"):
        raise ConfigError(
            f"{name}: a pack is no run's folder", "autodiff-tui replay shows packs, and --verify executes them"
        )
    if (Path(name) / FILE).is_file():
        return Path(name)
    runs = list_runs(root)
    if name == "latest" and runs:
        return runs[-1]
    ids = _by_id(root)
    matching = [name] if name in ids else [each for each in ids if each.startswith(name)]
    if len({ids[each].absolute() for each in matching}) == 1:
        return ids[matching[0]]
    if matching:
        raise ConfigError(f"{name}: {len(matching)} runs begin so: {', '.join(matching[:4])}")
    here = ", ".join([*ids][-3:]) or "none yet"
    raise ConfigError(f"{name}: no such run in {root}", f"runs there: {here}")


def goes_on(folder: Path) -> bool | None:
    """Return whether a process executes the run; None where nobody can know: an older version's, or Windows."""
    return held(folder)


def list_runs(root: Path) -> list[Path]:
    """Return the folders of the runs below ``root`` and of those that its register names, oldest first, each once."""
    return list(named_runs(root).values())


def named_runs(root: Path) -> dict[str, Path]:
    """Return the folders of ``list_runs`` by a name that ``find_run`` knows."""
    first: dict[Path, tuple[str, Path]] = {}
    for name, folder in _by_id(root).items():
        first.setdefault(folder.absolute(), (name, folder))
    return dict(first.values())


def _by_id(root: Path) -> dict[str, Path]:
    """Return the runs by id, oldest first; those of an ablation lie one folder deeper than others."""
    places = [
        *((folder.name, folder) for folder in _folders(root)),
        *((each.id, each.folder) for each in registered(root)),
    ]
    runs: dict[str, Path] = {}
    for name, place in places:
        inner = [] if _holds_run(place) else [each for each in _inner(place) if _holds_run(each)]
        found = {f"{name}/{each.name}": each for each in inner} if inner else {name: place}
        runs |= {key: folder for key, folder in found.items() if _holds_run(folder)}
    return dict(sorted(runs.items(), key=lambda run: ((run[1] / FILE).stat().st_mtime_ns, run[1].name)))


def _folders(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if os.path.isdir(each)] if folder.is_dir() else []


def _inner(folder: Path) -> list[Path]:
    try:
        return _folders(folder)
    except OSError:  # somebody else's, perhaps: it must not hide the others
        return []


def _holds_run(folder: Path) -> bool:
    """Whether we can see a journal in ``folder``; unlike ``Path.is_file`` this holds also where nobody may look."""
    return os.path.isfile(folder / FILE)
