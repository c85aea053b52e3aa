"""Where a run may put and find things, and whether it may ask anybody."""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_cache_path

from ..config import RunConfig
from ..errors import ConfigError, StorageError
from ..llm.store import AnswerStore, database
from ..llm.stored import StoredAnswers


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What is no part of a run's meaning. ``offline`` makes every call that the cache cannot answer an error.

    ``keyless``: variables that the config names need not be set, as nobody will be asked now.
    """

    run_dir: Path | None = None
    runs_root: Path = Path("runs")
    cache_dir: Path | None = None
    offline: bool = False
    keyless: bool = False

    def answers(self, config: RunConfig | None = None, base: Path | None = None) -> Path:
        """Return the folder of the answers: the flag's, else the config's, else the user's cache folder."""
        if self.cache_dir is not None:
            return self.cache_dir
        if config is not None and config.cache.dir is not None:
            return (base or Path()) / config.cache.dir
        return user_cache_path("autodiff-tui") / "answers"

    @property
    def register(self) -> Path | None:
        """The folder whose register names a run that goes elsewhere; None for one that lies in it."""
        return None if self.run_dir is None else self.runs_root

    def place(self, pipeline: str) -> tuple[str, Path]:
        """Return a new run's id and folder.

        Raises:
            ConfigError: The folder that was asked for is not empty, or cannot be written.
        """
        name = pipeline.rpartition("/")[2].partition(".py")[0]
        run_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}-{secrets.token_hex(2)}"
        check_writable(self.run_dir or self.runs_root, "--run-dir")
        if self.run_dir is None:
            return run_id, self.runs_root / run_id
        if self.run_dir.is_file() or (self.run_dir.is_dir() and any(self.run_dir.iterdir())):
            raise ConfigError(f"--run-dir {self.run_dir}: there is something already", "name a new or an empty folder")
        return run_id, self.run_dir


def check_writable(folder: Path, flag: str) -> None:
    """Refuse a folder that could not be made or written in; nothing is left of the trial.

    Raises:
        ConfigError: It could not; ``flag`` names another.
    """
    try:
        there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        os.rmdir(tempfile.mkdtemp(prefix=".autodiff-", dir=there))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(f"{folder}: cannot be written: {reason}", f"choose another folder with {flag}") from error


def check_answers(folder: Path) -> None:
    """Refuse a folder in which no answer could be stored; nothing is left of the trial.

    Raises:
        ConfigError: It, or the database in it, cannot be written, or that is damaged.
    """
    check_writable(folder, "--cache-dir")
    for file in database(folder):
        if file.exists() and not os.access(file, os.W_OK):
            raise ConfigError(f"{file}: cannot be written", "choose another folder with --cache-dir")
    try:
        with closing(StoredAnswers(folder)) as stored:
            stored.check()
    except StorageError as error:
        raise ConfigError(str(error), error.hint) from error


def store(cache_dir: Path | None) -> AnswerStore:
    """Open the answers; for the commands that look after them.

    Raises:
        ConfigError: The folder cannot be written.
        StorageError: What is in it cannot be used.
    """
    folder = RunOptions(cache_dir=cache_dir).answers()
    check_answers(folder)
    return AnswerStore(folder, logging.getLogger("autodiff.cache").warning)
