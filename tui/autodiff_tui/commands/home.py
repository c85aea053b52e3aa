"""The app's home and the commands that are executed from it, one after the other."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from autodiff_tui.flags import RUNS_ROOT, UI

if TYPE_CHECKING:
    from autodiff_tui.home_app import Offers
    from autodiff_tui.toned import Toned

Execute = Callable[[Sequence[str]], int]
"""Runs a command line and returns its exit code."""
_INTERRUPTED = 130
_NOTHING = "nothing to resume: "
_HUNG_UP = 129
_GONE = (_HUNG_UP, 143)
"""Exit codes after which nobody wants to be home again: the terminal hung up, or the process was told to end."""


@dataclass(frozen=True, slots=True)
class Look:
    """How home looks, and what is begun from it."""

    ascii: bool = False
    no_color: bool = False
    theme: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The same on a command line."""
        flags = (("--ascii", self.ascii), ("--no-color", self.no_color))
        return (*(name for name, given in flags if given), *(("--theme", self.theme) if self.theme else ()))


USUAL = Look()


def wanted() -> bool:
    """Return whether the app may be shown here: a person is at a usable terminal and did not ask for another output."""
    from autodiff_tui.front import choose  # help must not wait for the engine

    asked = os.environ.get("AUTODIFF_UI", "auto")
    return asked in ("auto", "tui") and choose(cast("UI", asked)) == "tui"


def home(execute: Execute, known: Collection[str], look: Look = USUAL) -> int:
    """Show home, execute what is chosen there, and show home again, until a person leaves it.

    ``known`` has the names of the commands that there are; they look as home does.
    """
    from autodiff_engine.config import user_config_path
    from autodiff_tui import keymap
    from autodiff_tui.found import Shelf
    from autodiff_tui.front import colour
    from autodiff_tui.home_app import HomeApp  # the one command that needs Textual
    from autodiff_tui.terminal import Terminal, outlive_no_terminal

    outlive_no_terminal()
    terminal = Terminal()
    shelf, notice, code, at = Shelf(RUNS_ROOT), "", 0, ""
    mine = user_config_path()
    colour(wanted=not look.no_color)
    actions, of_runs = keymap.load_home(mine), keymap.load(mine)
    while True:
        app = HomeApp(
            Path(), shelf, known=known, check=_check, offers=_offers(), notice=notice, severe=code != 0, selected=at,
            actions=actions, run_actions=of_runs, ascii_only=look.ascii,
        )  # fmt: skip
        app.wear(look.theme)
        before = app.theme
        chosen = app.run()
        look = look if app.theme == before else replace(look, theme=app.theme)  # chosen in the palette
        if chosen is None:
            return app.return_code or 0
        code, said = _executed(execute, (*chosen, *look.words))
        if code in _GONE:
            return code
        if terminal.lost:  # whatever the command made of it: nobody is there to be home for
            return _HUNG_UP
        notice, at = _notice(chosen, code, said), Path(chosen[-1]).as_posix().removeprefix(f"{RUNS_ROOT}/")


def _executed(execute: Execute, command: Sequence[str]) -> tuple[int, list[str]]:
    """Run a command and return its code and what it wrote to stderr that home should say again, as it covers it."""
    tee = _Tee(sys.stderr)
    with redirect_stderr(cast("TextIO", tee)):
        code = execute(command)
    return code, tee.said


def _notice(command: Sequence[str], code: int, said: Sequence[str]) -> str:
    if code == 0:
        return " · ".join(each for each in said if each.startswith(_NOTHING))
    what = " ".join(command)
    if code == _INTERRUPTED:
        return f"{what}: interrupted; what was answered is kept"
    return f"{what} ended with code {code}: {' · '.join(said) or 'see above when you leave'}"


def _check(path: Path) -> Iterable[Toned]:
    from autodiff_tui import checkup

    from .loading import run_options_of_environment

    return checkup.lines(checkup.of_config(path, run_options_of_environment()))


def _offers() -> Offers:
    from autodiff_engine.config import user_config_path
    from autodiff_tui import beginning
    from autodiff_tui.home_app import Offers

    from .loading import run_options_of_environment

    return Offers(
        lambda path: beginning.of_config(path, run_options_of_environment(), os.environ, user_config_path()),
        lambda run: beginning.of_run(run, os.environ),
    )


class _Tee:
    """Writes on, and remembers the lines of errors and hints, and that nothing was to be done."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""
        self.said: list[str] = []

    def write(self, text: str) -> int:
        """Write on and look at the lines that are complete."""
        *lines, self._line = (self._line + text).split("\n")
        self.said += [each for each in lines if each.startswith(("error: ", "hint: ", _NOTHING))]
        return self._stream.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
