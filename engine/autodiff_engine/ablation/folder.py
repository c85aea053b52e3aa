"""An ablation on disk: what it is about, and the journals of a run that was executed more than once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ..config import RunConfig, load, to_toml
from ..errors import ConfigError, StorageError
from ..journal import FILE as JOURNAL
from ..journal import read as read_journal
from ..private import make_folder, write_text
from ..toml_text import dumps
from ..toml_text import read as read_toml
from .measured import Executions, executions_of, measure

FILE = "ablation.toml"
CONFIG = "config.toml"
_EARLIER = "earlier"
"""Folder of a run's journals that were cut short, numbered from 1: what they paid for counts."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an ablation runs; ``id`` begins the ids of its runs and never changes, wherever the folder goes."""

    id: str
    variants: tuple[str, ...]
    seeds: tuple[int, ...]

    def same_grid(self, other: Manifest) -> bool:
        """Whether both run the same variants with the same seeds, in whichever order."""
        return set(self.variants) == set(other.variants) and set(self.seeds) == set(other.seeds)


def write(folder: Path, manifest: Manifest, config: RunConfig) -> None:
    """Make ``folder`` (mode 0700) that of an ablation of ``config``, whose files are relative to it.

    Raises:
        StorageError: It cannot be written.
    """
    told = {"id": manifest.id, "variants": list(manifest.variants), "seeds": list(manifest.seeds)}
    try:
        make_folder(folder)
        write_text(folder / CONFIG, to_toml(config))
        write_text(folder / FILE, dumps(told))  # last: a folder that has it is whole
    except OSError as error:
        place = error.filename or folder
        raise StorageError(f"{place}: {error.strerror}", "choose another folder with --run-dir") from error


def read(folder: Path) -> tuple[Manifest, RunConfig]:
    """Return what an ablation's folder is about.

    Raises:
        ConfigError: There is no ablation, or one that this version cannot read.
    """
    told = read_toml(folder / FILE)
    try:
        manifest = TypeAdapter(Manifest).validate_python(told)
    except ValidationError as error:
        raise ConfigError(
            f"{folder / FILE}: was not written by this version", "name another folder with --run-dir"
        ) from error
    return manifest, load(folder / CONFIG).config


def ablations(root: Path) -> list[Path]:
    """Return the folders of ablations below ``root``, newest first."""
    found = [folder for folder in root.iterdir() if (folder / FILE).is_file()] if root.is_dir() else []
    return sorted(found, key=lambda folder: ((folder / FILE).stat().st_mtime_ns, folder.name), reverse=True)


def executions(run: Path) -> Executions:
    """Read every journal of a run of the grid; a run that was never executed has none.

    Raises:
        StorageError: A journal was damaged.
    """
    earlier = run / _EARLIER
    cut_short = sorted(earlier.iterdir(), key=lambda each: int(each.name)) if earlier.is_dir() else []
    folders = [*cut_short, run] if (run / JOURNAL).is_file() else cut_short
    measured = [measure(read_journal(folder)) for folder in folders]
    told = executions_of(measured)
    return told if (run / JOURNAL).is_file() else Executions(None, told.paid, told.begun)


def set_aside(run: Path) -> None:
    """Put away the journal of an execution that was cut short, so that the next one begins its own.

    Raises:
        StorageError: It cannot be moved.
    """
    if not (run / JOURNAL).is_file():
        return
    earlier = run / _EARLIER
    try:
        earlier.mkdir(exist_ok=True)
        place = earlier / str(1 + len(list(earlier.iterdir())))
        place.mkdir()
        (run / JOURNAL).rename(place / JOURNAL)
    except OSError as error:
        raise StorageError(f"{error.filename or earlier}: {error.strerror}", "is the folder yours to write?") from error
