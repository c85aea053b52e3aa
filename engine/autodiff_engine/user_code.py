"""A function out of a user's own file, imported with its own folder first on the path."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

from .config import code
from .errors import ConfigError, ProgramUnusable
from .llm.redact import one_line
from .user_error import HINT, frames_of


def load(spec: str, base: Path, *, where: str) -> Callable[..., object]:
    """Return the function that ``path/to/file.py:name`` names; ``where`` is the key that says so, for messages.

    The file's folder stays on ``sys.path``, so that the file may import what lies beside it, now and when it is called.
    A file is executed once, however many of its functions are asked for.

    Raises:
        ConfigError: No such file or function.
        ProgramUnusable: The file raised while it was imported; its exception is the cause.
    """
    file, name = base / code(spec).file, code(spec).after[1:]
    if not file.is_file():
        beside = sorted(path.name for path in file.parent.glob("*.py")) if file.parent.is_dir() else []
        raise ConfigError(f'{where} = "{spec}": no file {file}{_nearest(file.name, beside)}')
    found: object = vars(_module(file.resolve(), where)).get(name)
    if found is None:
        names = [key for key, value in vars(_module(file.resolve(), where)).items() if callable(value)]
        raise ConfigError(f'{where} = "{spec}": {file.name} has no function {name}{_nearest(name, names)}')
    if not callable(found):
        raise ConfigError(f'{where} = "{spec}": {name} is not a function')
    return found


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _module(file: Path, where: str) -> ModuleType:
    name = _free_name(file)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a script that ends itself must not end us
        del sys.modules[name]
        said = one_line(f"{type(error).__name__}: {error}")
        raise ProgramUnusable(
            f"{where}: {file.name} cannot be imported: {said}", HINT, traceback=frames_of(error)
        ) from error
    return module


def _free_name(file: Path) -> str:
    """Return the file's own module name, unless a module from elsewhere has it: then one that says the path."""
    taken = sys.modules.get(file.stem)
    same = taken is None or getattr(taken, "__file__", None) == str(file)
    known = file.stem in sys.builtin_module_names or file.stem in sys.stdlib_module_names
    return file.stem if same and not known else f"autodiff_user:{file}"
