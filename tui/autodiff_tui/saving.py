"""A file that a person asked for: put there whole or not at all, and read back before success is said."""

from __future__ import annotations

import os
import tempfile
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
    overwrite: bool | None = False,
    ours: Callable[[Path], bool] | None = None,
    what: str = "export",
) -> None:
    """Write ``content`` to ``target``, at once or not at all.

    ``option`` is the flag that names it and ``example`` a name for such a file, for messages. What ``ours`` says yes to
    is an older ``what``, and may be overwritten without being asked. ``overwrite`` is None where no flag could say so.

    Raises:
        ConfigError: As ``check``.
        StorageError: It cannot be written although the place is a good one (a full disk), or reads back differently.
    """
    check(target, option=option, example=example, overwrite=overwrite, ours=ours, what=what)
    try:
        _put(target, content)
    except OSError as error:
        raise StorageError(f"{target}: cannot be written: {error.strerror or error}") from error


def check(
    target: Path,
    *,
    option: str,
    example: str,
    overwrite: bool | None = False,
    ours: Callable[[Path], bool] | None = None,
    what: str = "export",
) -> None:
    """Refuse what ``save`` would refuse before it writes: for work that takes long, before it is done.

    Raises:
        ConfigError: ``target`` is no file, is in a folder that is not there or where nothing can be written, or it
            exists and may not be overwritten.
    """
    another = f"name another file with {option}"
    try:
        if target.is_dir():
            raise ConfigError(f"{target}: is a folder", f"name a file, as in {option} {target / example}")
        if target.exists() and not target.is_file():
            raise ConfigError(f"{target}: is a device or a pipe, no file", another)
        if target.exists() and not overwrite and not (ours is not None and ours(target)):
            told = "exists already" if ours is None else f"exists already and is no {what} of ours"
            forced = "" if overwrite is None else ", or overwrite it with --force"
            raise ConfigError(f"{target}: {told}", f"{another}{forced}")
        if not target.parent.is_dir():
            raise ConfigError(f"{target}: there is no folder {target.parent}", f"make it, or {another}")
        try_folder(target.parent)
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written: {error.strerror or error}", another) from error


def try_folder(folder: Path) -> None:
    """Find out whether something can be written in ``folder``; nothing is left of the trial.

    Raises:
        OSError: Nothing can.
    """
    os.rmdir(tempfile.mkdtemp(prefix=".autodiff-", dir=folder))


def _put(target: Path, content: bytes) -> None:
    written = target.with_name(f".autodiff-{os.getpid()}.new")  # the name itself may be as long as names may be
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
