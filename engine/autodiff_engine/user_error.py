"""An exception of the user's own code, told as ours: in one line, with the user's own frames beside it."""

from __future__ import annotations

import inspect
import os
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException
from typing import cast

from .errors import EngineError, ProgramError
from .llm.redact import one_line, redacted

HINT = "--verbose shows the frames of your own code; a run keeps them in crash.txt in its folder"


def user_error(where: str, error: BaseException) -> EngineError:
    """Return what to raise ``from error``: a ProgramError that says ``where``, what, and in which file and line.

    An error of ours that comes out of the user's code is returned as it is, also out of a group of a ``TaskGroup``.
    """
    ours = _of_ours(error)
    if ours is not None:
        return ours
    said = f"{where}: {one_line(f'{type(error).__name__}: {error}')}{raised_in(error)}"
    return ProgramError(said, HINT, traceback=frames_of(error))


def raised_in(error: BaseException) -> str:
    """Return `` (file.py, line 3, in name)`` of the last frame of the user's own; empty where it came by none."""
    told = TracebackException.from_exception(error)
    return _place([frame for frame in _trim(told.stack) if not _is_library(frame.filename)])


def frames_of(error: BaseException) -> str:
    """Return the traceback of ``error`` and its causes without our own frames, locals and secrets."""
    told = TracebackException.from_exception(error)
    waiting: list[TracebackException | None] = [told]
    while waiting:
        each = waiting.pop()
        if each is not None:
            each.stack = _trim(each.stack)
            waiting += [each.__cause__, each.__context__, *(each.exceptions or ())]
    return redacted("".join(told.format()))


def place_of(function: Callable[..., object]) -> str:
    """Return `` (file.py, line 3, in name)`` of a function of the user's; empty for what is not written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f" ({os.path.basename(code.co_filename)}, line {code.co_firstlineno}, in {code.co_name})" if code else ""


def is_users(file: str) -> bool:
    """Return whether ``file`` is neither ours nor of a library."""
    return not _is_ours(file) and not _is_library(file)


def _of_ours(error: BaseException) -> EngineError | None:
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, EngineError):
            return each
        if isinstance(each, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", each).exceptions
    return None


def _place(frames: Sequence[FrameSummary]) -> str:
    if not frames:
        return ""
    last = frames[-1]
    return f" ({os.path.basename(last.filename)}, line {last.lineno}, in {last.name})"


def _trim(stack: StackSummary) -> StackSummary:
    """Leave our frames out, and what libraries do before the user's own code begins."""
    kept = [frame for frame in stack if not _is_ours(frame.filename)]
    first = next((place for place, frame in enumerate(kept) if not _is_library(frame.filename)), 0)
    return StackSummary.from_list(kept[first:])


def _is_ours(file: str) -> bool:
    return file.startswith("<frozen ") or Path(__file__).parent in Path(file).parents


def _is_library(file: str) -> bool:
    paths = sysconfig.get_paths()
    return any(Path(paths[name]) in Path(file).parents for name in ("stdlib", "purelib", "platlib"))
