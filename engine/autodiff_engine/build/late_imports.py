"""The files that a program imports by names that it computes: nobody knows them before it is executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .. import user_code
from ..events import CandidateScored, Event, ExampleScored, StepFinished, Warned


def late_imports(files: Sequence[Path]) -> tuple[str, ...]:
    """Return the names of those beside the user's ``files`` that came so far, as their folders have them."""
    folders = list(dict.fromkeys(file.parent for file in files))
    found = (path.relative_to(folder).as_posix() for folder in folders for path in user_code.unnamed(folder, files))
    return tuple(sorted(set(found)))


def not_compared(names: Sequence[str]) -> str:
    """Return in words what that means for a run that is executed again; empty without names."""
    if not names:
        return ""
    was = "was" if len(names) == 1 else "were"
    return f"{' and '.join(names)} {was} imported by a name that the program computes, and not compared"


class LateImports:
    """Hands events on to ``emit``, and warns once of each such file: of a run that goes on they are not compared."""

    def __init__(self, files: Sequence[Path], emit: Callable[[Event], object]) -> None:
        self._files = files
        self._emit = emit
        self._known: set[str] = set()
        self._executed = False

    def hear(self, event: Event) -> None:
        """Take in an event; after the first example, and then whenever a candidate is scored, look what came."""
        self._emit(event)
        first = isinstance(event, ExampleScored) and not self._executed
        if not self._files or not (first or isinstance(event, CandidateScored | StepFinished)):
            return
        self._executed = True
        for name in late_imports(self._files):
            if name not in self._known:
                self._known.add(name)
                self._emit(
                    Warned(
                        f"{name} was imported by a name that the program computes: resume and replay do not notice "
                        "when it changes; name it in an import statement, if only in a function"
                    )
                )
