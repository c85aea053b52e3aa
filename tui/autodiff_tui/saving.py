"""A file that a person asked for: put there whole or not at all, and read back before success is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from autodiff_engine.errors import ConfigError, StorageError


def save(
    target: Path,
    content: bytes,
    *,
    option: str,
    example: str,
    overwrite: bool = False,
    ours: Callable[[Path], bool] | None = None,
) -> None:
    """Write ``content`` to ``target``, at once or not at all.

    ``option`` is the flag that names it and ``example`` a name for such a file, for messages. What ``ours`` says yes to
    may be overwritten without being asked.

    Raises:
        ConfigError: ``target`` is a folder, or it exists and may not be overwritten.
        StorageError: It cannot be written, or what was read back differs.
    """
    check(target, option=option, example=example, overwrite=overwrite, ours=ours)
    try:
        _put(target, content)
    except OSError as error:
        raise StorageError(f"{target}: cannot be written: {error.strerror or error}") from error


def check(
    target: Path, *, option: str, example: str, overwrite: bool = False, ours: Callable[[Path], bool] | None = None
) -> None:
    """Refuse what ``save`` would refuse before it writes: for work that takes long, before it is done.

    Raises:
        ConfigError: ``target`` is a folder, or it exists and may not be overwritten.
    """
    if target.is_dir():
        raise ConfigError(f"{target}: is a folder", f"name a file, as in {option} {target / example}")
    if target.exists() and not overwrite and not (ours is not None and ours(target)):
        what = "exists already" if ours is None else "exists already and is no export of ours"
        raise ConfigError(f"{target}: {what}", f"name another file with {option}, or overwrite it with --force")


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
