"""A new project to edit: its files, written all or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Literal

from autodiff_engine.errors import ConfigError, StorageError

from .saving import try_folder

Kind = Literal["prompt", "program"]
_FILES: Mapping[Kind, tuple[str, ...]] = {
    "prompt": ("prompt/train.toml", "messages.csv", "prompt/README.md"),
    "program": ("program/train.toml", "program/program.py", "messages.csv", "program/README.md"),
}


def write(folder: Path, kind: Kind, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write a project into ``folder``, which is made if it is not there, and return the files.

    With ``overwrite`` files of the same names are replaced and others left alone. When one cannot be written, none is.

    Raises:
        ConfigError: ``folder`` is a file, or not empty and ``overwrite`` was not said, or cannot be made or written in.
        StorageError: It cannot be written although the place is a good one: a full disk.
    """
    _check(folder, overwrite=overwrite)
    source = resources.files("autodiff_tui") / "starter_files"
    contents = {folder / name.rpartition("/")[2]: (source / name).read_bytes() for name in _FILES[kind]}
    made = _made(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _put(contents)
    except OSError as error:
        for each in made:
            with suppress(OSError):
                each.rmdir()
        raise StorageError(f"{folder}: cannot be written: {error.strerror or error}", "name another folder") from error
    return tuple(contents)


def _check(folder: Path, *, overwrite: bool) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"{folder}: is a file", "name a folder that is new or empty")
        if not overwrite and folder.is_dir() and any(folder.iterdir()):
            hint = "name a new folder, or say --force: only files of the same names are replaced"
            raise ConfigError(f"{folder}: is not empty", hint)
        try_folder(next(each for each in (folder, *folder.absolute().parents) if each.exists()))
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror or error}", "name another folder") from error


def _made(folder: Path) -> tuple[Path, ...]:
    """Return the folders that writing into ``folder`` makes, the innermost first."""
    return tuple(each for each in (folder, *folder.parents) if not each.exists())


def _put(contents: Mapping[Path, bytes]) -> None:
    """Write all of them beside their places before any is put there."""
    staged = {path: path.with_name(f".{path.name}.{os.getpid()}.new") for path in contents}
    try:
        for path, content in contents.items():
            staged[path].write_bytes(content)
        for path, new in staged.items():
            new.replace(path)
    except BaseException:
        for new in staged.values():
            with suppress(OSError):
                new.unlink()
        raise
