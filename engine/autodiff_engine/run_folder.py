"""A run's folder: what a run is before it begins, and the making of its folder, whole or not at all."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from . import register
from .errors import ConfigError, StorageError
from .events import BudgetCaps, Fingerprint, Stamped
from .instructions import Instructions
from .journal import FILE as JOURNAL
from .journal import Journal, Recorded
from .lock import FILE as LOCK
from .lock import locked
from .private import make_folder, opened, replace_text, write_text
from .secret import redacted

_CONFIG = "config.toml"
_INSTRUCTIONS = "instructions"


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known of a run before it begins."""

    run_id: str
    folder: Path
    config: str
    """The name of the config, as a person knows it."""
    config_toml: str
    version: str
    instructions: Instructions
    recorded: bool = False
    budget: BudgetCaps | None = None
    """None when nothing is capped."""
    warnings: tuple[str, ...] = ()
    """What a person should know before anything is paid."""
    parts: tuple[Fingerprint, ...] = ()
    """What the run is made of besides its data."""
    register: Path | None = None
    """The folder whose register gets a line, where the run lies elsewhere than runs of this folder do."""


def open_folder(opening: Opening, listener: Callable[[Stamped], None], held: ExitStack) -> Journal:
    """Make the folder with the config and the instructions in it, begin the journal, and lock it as long as ``held``.

    Raises:
        ConfigError: Another process executes it.
        StorageError: It cannot be made; nothing is left of it.
    """
    folder = opening.folder
    files = [folder / name for name in (_INSTRUCTIONS, JOURNAL, _CONFIG, LOCK)]
    made = [each for each in (*files, folder, *folder.parents) if not each.exists()]
    try:
        make_folder(folder)
        held.enter_context(locked(folder))
        write_text(folder / _CONFIG, opening.config_toml)
        opening.instructions.write(folder / _INSTRUCTIONS)
        return Journal(folder, listener)
    except OSError as error:
        _take_away(folder, made)
        raise StorageError(
            f"{error.filename or folder}: {error.strerror}", "choose another folder with --run-dir"
        ) from error


def open_again(opening: Opening, past: Recorded, listener: Callable[[Stamped], None], held: ExitStack) -> Journal:
    """Go on with the journal of a run, of which ``past`` was read, and lock its folder as long as ``held``.

    Its config becomes that of ``opening``, in one go: a budget that a person raised holds for later executions.

    Raises:
        ConfigError: Another process executes it, or has since it was read.
        StorageError: It cannot be written.
    """
    folder = opening.folder
    try:
        held.enter_context(locked(folder))
        size = (folder / JOURNAL).stat().st_size
        if size < past.size or (size > past.size and not past.torn):
            raise ConfigError(f"{folder}: another process executed it a moment ago", "resume it once more")
        if (folder / _CONFIG).read_text(encoding="utf-8") != opening.config_toml:
            replace_text(folder / _CONFIG, opening.config_toml)
        return Journal(folder, listener, past)
    except OSError as error:
        raise StorageError(f"{error.filename or folder}: {error.strerror}", "is the folder yours to write?") from error


def _take_away(folder: Path, made: Sequence[Path]) -> None:
    """Leave nothing of a folder that was made in part; ``made`` has what was not there before, the inner first."""
    for each in made:
        with suppress(OSError):  # it was never made, or another run has begun in it meanwhile
            if each.parent == folder and each.is_dir():
                shutil.rmtree(each)
            elif each.is_dir():
                each.rmdir()
            else:
                each.unlink()


def registered_or_why_not(opening: Opening) -> list[str]:
    """Enter the run into the register, and return a warning if that fails: a run is worth more than being listed."""
    if opening.register is None:
        return []
    try:
        register.enter(opening.register, opening.run_id, opening.folder)
    except OSError as error:
        place = error.filename or opening.register
        return [f"{place}: {error.strerror}: runs does not list this run, and cache clear would not keep its answers"]
    return []


class _Redacting(logging.Formatter):
    """Leaves secrets out, also those in a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return redacted(super().format(record))


@contextmanager
def log_to(folder: Path) -> Generator[None]:
    """Send our records, and litellm's, to the run's ``debug.log`` inside the block."""
    file = opened(folder / "debug.log", "a")
    handler = logging.StreamHandler(file)
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("autodiff")
    logger.addHandler(handler)
    logger.propagate = False  # nothing of ours may write over a terminal that shows the app
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        with suppress(OSError):  # the disk is full: what the log lacks, the journal has
            file.close()
