"""A run's best prompts, copied to where a person wants them and read back before success is said."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.export import is_export, read_prompts

_FILE = "best.toml"


def best_of(run_dir: Path) -> tuple[bytes, int]:
    """Return a run's ``best.toml`` byte for byte, and how many trained texts are in it.

    Raises:
        ConfigError: The run has none, or it cannot be read as prompts.
    """
    path = run_dir / _FILE
    if not path.is_file():
        raise ConfigError(f"{run_dir}: has no {_FILE} yet", "it is written when the start prompts have been scored")
    return path.read_bytes(), len(read_prompts(path))


def copy_best(run_dir: Path, target: Path, *, overwrite: bool = False) -> int:
    """Write a run's best prompts to ``target``, at once or not at all; return how many texts they are.

    An older export is overwritten, any other file only with ``overwrite``.

    Raises:
        ConfigError: The run has none, or ``target`` exists and may not be overwritten.
        StorageError: It cannot be written, or what was read back differs.
    """
    content, count = best_of(run_dir)
    if target.is_dir():
        raise ConfigError(f"{target}: is a folder", f"name a file, as in -o {target / _FILE}")
    if target.exists() and not overwrite and not is_export(target):
        raise ConfigError(
            f"{target}: exists already and is no export of ours",
            "name another file with -o, or overwrite it with --force",
        )
    try:
        _put(target, content)
    except OSError as error:
        raise StorageError(f"{target}: cannot be written: {error.strerror or error}") from error
    return count


def _put(target: Path, content: bytes) -> None:
    written = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        written.write_bytes(content)
        _compare(written, content, target)
        written.replace(target)
    except BaseException:
        with suppress(OSError):
            written.unlink()
        raise


def _compare(written: Path, content: bytes, target: Path) -> None:
    if written.read_bytes() != content:
        raise StorageError(f"{target}: what was read back differs from what was written")
