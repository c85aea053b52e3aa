"""A function out of a user's own file, imported with its own folder first on the path."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import cast

from .config import code
from .errors import ConfigError, ProgramUnusable
from .imports import imported_files
from .llm.redact import one_line
from .text_file import kind_of, meant
from .user_error import HINT, frames_of, is_users

_SHA256 = "__autodiff_sha256__"
"""Name, in a module of the user's, of the hash of what its file held when it was executed."""
_APART = "autodiff_user:"
"""Begins the name of a module whose own name is taken."""


def load(spec: str, base: Path, *, where: str) -> Callable[..., object]:
    """Return the function that ``path/to/file.py:name`` names; ``where`` is the key that says so, for messages.

    The file's folder stays on ``sys.path``, so that the file may import what lies beside it, now and when it is called.
    A file is executed once, however many of its functions are asked for, until ``forget``.

    Raises:
        ConfigError: No such file or function.
        ProgramUnusable: The file raised while it was imported; its exception is the cause.
    """
    file, name = base / code(spec).file, code(spec).after[1:]
    if kind_of(file) != "file":
        raise ConfigError(f'{where} = "{spec}": no file {file}{meant(file, "*.py")}')
    found: object = vars(_module(file.resolve(), where)).get(name)
    if found is None:
        names = [key for key, value in vars(_module(file.resolve(), where)).items() if callable(value)]
        raise ConfigError(f'{where} = "{spec}": {file.name} has no function {name}{_nearest(name, names)}')
    if not callable(found):
        raise ConfigError(f'{where} = "{spec}": {name} is not a function')
    return found


def forget() -> None:
    """Drop every module that user's files brought: what is loaded from now on is what the files hold from now on.

    Functions that were loaded before go on with the modules that they have.
    """
    kept = [module for module in list(sys.modules.values()) if _SHA256 in _names(module)]
    for folder in {Path(str(module.__file__)).parent for module in kept}:
        _drop(folder)
    importlib.invalidate_caches()


def loaded(file: Path) -> Iterator[tuple[str, str]]:
    """Yield path and hash of ``file`` and of what lies beside it and it imports, when it is loaded or in a function.

    Paths are relative to its folder. Hashes are of what was executed, whatever the files hold by now, and of what is
    imported later as it is now.
    """
    executed = {
        path: str(_names(module)[_SHA256]) for _, path, module in _beside(file.parent) if _SHA256 in _names(module)
    }
    later = (path for path in imported_files(file) if path not in executed and is_users(str(path)))
    for path, sha256 in (*executed.items(), *((path, _digest(path.read_bytes())) for path in later)):
        yield path.relative_to(file.parent).as_posix(), sha256


def unnamed(folder: Path, files: Iterable[Path]) -> Iterator[Path]:
    """Yield each file in ``folder`` that came after the user's ``files`` and that no import statement of theirs names.

    A name that is computed brings such a one, once the program is executed.
    """
    named = {path for file in files for path in (file, *imported_files(file))}
    for _, path, module in _beside(folder):
        if _SHA256 not in _names(module) and path not in named:
            yield path


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _module(file: Path, where: str) -> ModuleType:
    name = _free_name(file)
    if name in sys.modules:
        return sys.modules[name]
    loader = _Whole(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that ends itself must not end us
        del sys.modules[name]
        _drop(file.parent)  # whichever of them is to be mended
        importlib.invalidate_caches()
        said = one_line(f"{type(error).__name__}: {error}")
        raise ProgramUnusable(
            f"{where}: {file.name} cannot be imported: {said}", HINT, traceback=frames_of(error)
        ) from error
    vars(module)[_SHA256] = loader.sha256
    for _, path, imported in _beside(file.parent):
        vars(imported).setdefault(_SHA256, _digest(path.read_bytes()))
    return module


class _Whole(SourceFileLoader):
    """Compiles what a file holds, never what a cache of bytecode held of it; ``sha256`` is of just that."""

    sha256 = ""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        content = self.get_data(path)
        self.sha256 = _digest(content)
        return self.source_to_code(content, path)


def _beside(folder: Path) -> Iterator[tuple[str, Path, ModuleType]]:
    """Yield the user's modules that were loaded from ``folder`` and below: their place in it is their name."""
    within = f"{folder}{os.sep}"
    for name, module in list(sys.modules.items()):
        told = _names(module).get("__file__")
        if not isinstance(told, str) or not told.startswith(within) or not told.endswith(".py"):
            continue
        path = Path(told)
        dotted = ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        if name in (dotted, f"{_APART}{path}") and is_users(told):
            yield name, path, module


def _drop(folder: Path) -> None:
    for name, _, _ in list(_beside(folder)):
        del sys.modules[name]


def _names(module: object) -> dict[str, object]:
    """Return what a module holds; ``getattr`` itself may import what is lazy."""
    return cast("dict[str, object]", getattr(module, "__dict__", {}))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _free_name(file: Path) -> str:
    """Return the file's own module name, unless a module from elsewhere has it: then one that says the path."""
    taken = sys.modules.get(file.stem)
    same = taken is None or getattr(taken, "__file__", None) == str(file)
    known = file.stem in sys.builtin_module_names or file.stem in sys.stdlib_module_names
    return file.stem if same and not known else f"{_APART}{file}"
