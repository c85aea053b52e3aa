"""Runs by name: the folders that hold a journal; and whether one is executed now."""

from __future__ import annotations

from pathlib import Path

from .errors import ConfigError
from .journal import FILE
from .lock import FILE as LOCK
from .lock import held

__all__ = ["LOCK", "find_run", "goes_on", "list_runs"]


def find_run(name: str, root: Path) -> Path:
    """Return the folder of a run: a folder, a run's id below ``root``, a unique prefix of one, or ``latest``.

    Raises:
        ConfigError: There is no such run, or there are several.
    """
    if (Path(name) / FILE).is_file():
        return Path(name)
    runs = list_runs(root)
    if name == "latest" and runs:
        return runs[-1]
    ids = {run.relative_to(root).as_posix(): run for run in runs}
    matching = [name] if name in ids else [each for each in ids if each.startswith(name)]
    if len(matching) == 1:
        return ids[matching[0]]
    if matching:
        raise ConfigError(f"{name}: {len(matching)} runs begin so: {', '.join(matching[:4])}")
    here = ", ".join([*ids][-3:]) or "none yet"
    raise ConfigError(f"{name}: no such run in {root}", f"runs there: {here}")


def goes_on(folder: Path) -> bool | None:
    """Return whether a process executes the run; None where nobody can know: an older version's, or Windows."""
    return held(folder)


def list_runs(root: Path) -> list[Path]:
    """Return the run folders below ``root``, oldest first; those of an ablation lie one folder deeper."""
    runs = [run for folder in _folders(root) for run in ([folder] if _holds_run(folder) else _folders(folder))]
    return sorted(filter(_holds_run, runs), key=lambda folder: ((folder / FILE).stat().st_mtime_ns, folder.name))


def _folders(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []


def _holds_run(folder: Path) -> bool:
    return (folder / FILE).is_file()
