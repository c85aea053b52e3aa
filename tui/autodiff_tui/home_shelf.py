"""The part of home that knows what there is: looks for configs and runs in a thread, and deletes runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import on, work
from textual.message import Message
from textual.worker import get_current_worker  # pyright: ignore[reportUnknownVariableType] - its Worker has no type

from autodiff_engine.errors import EngineError

from .deleting import delete
from .found import RunFound, Shelf
from .found_configs import ConfigFound, ConfigShelf
from .screens.desk import Handy
from .screens.home import HomeScreen
from .screens.home_pages import Draw
from .screens.page import PageScreen

if TYPE_CHECKING:
    from textual.worker import Worker

Command = tuple[str, ...]
"""Words as they stand behind ``autodiff-tui`` on a command line."""
_LOOK = "look"
_PORTION = 16
"""Runs that are read before they are shown: not each by itself, as that would paint the list each time."""


class ShelfApp(Handy[Command]):
    """Shows what a folder holds and pages of it; all that may block runs in threads."""

    @dataclass
    class Looked(Message):
        """What a look has found so far."""

        configs: Sequence[ConfigFound]
        runs: Sequence[RunFound]

    @dataclass
    class Written(Message):
        """A page to read is ready, or it failed."""

        title: str
        draw: Draw
        keys: str = ""

    @dataclass
    class Said(Message):
        """Something to say in a toast; ``look`` when what was found has changed."""

        text: str
        severe: bool = False
        look: bool = False

    def __init__(self, here: Path, shelf: Shelf, home: HomeScreen, *, ascii_only: bool = False) -> None:
        super().__init__(ascii_only=ascii_only)
        self._here = here
        self._configs = ConfigShelf(here)
        self._shelf = shelf
        self._home = home

    @work(thread=True, exclusive=True, group=_LOOK, exit_on_error=False)
    def look(self) -> None:
        """Find everything at once, then read the journals, the newest first, a portion at a time."""
        worker = cast("Worker[None]", get_current_worker())
        found, runs = self._configs.look(), self._shelf.names()
        self.post_message(self.Looked(found, tuple(runs)))
        for place, run in enumerate(runs):
            if worker.is_cancelled:
                return
            runs[place] = self._shelf.read(run)
            if (place + 1) % _PORTION == 0 or place + 1 == len(runs):
                self.post_message(self.Looked(found, tuple(runs)))

    def look_again(self) -> None:
        """Show what is another than it was, unless a look is on its way anyway."""
        if not any(worker.group == _LOOK and not worker.is_finished for worker in self.workers):
            self._look_again(self._home.configs, self._home.runs)

    @work(thread=True, exclusive=True, group=_LOOK, exit_on_error=False)
    def _look_again(self, configs: Sequence[ConfigFound], runs: Sequence[RunFound]) -> None:
        """Look at the dates of files and at who holds which run; what changed is read, and shown once all of it is."""
        found = tuple(self._configs.look())
        now = tuple(self._shelf.read(run) if run.unread else run for run in self._shelf.names())
        if (found, now) != (tuple(configs), tuple(runs)):
            self.post_message(self.Looked(found, now))

    @on(Looked)
    def _show_found(self, event: Looked) -> None:
        self._home.found(event.configs, event.runs)

    def action_refresh(self) -> None:
        """Look again."""
        self.toast("looking again")
        self.look()

    @work(thread=True, group="delete", exit_on_error=False)
    def delete(self, run: RunFound) -> None:
        """Delete a run's own files, say what stays, and look again."""
        try:
            stay = delete(run.folder)
        except EngineError as error:
            self.post_message(self.Said(f"{error}. {error.hint}", severe=True, look=True))
        else:
            kept = f"; what is not ours stays: {', '.join(stay)}" if stay else ""
            self.post_message(self.Said(f"deleted {run.name}{kept}", look=True))

    @work(thread=True, exclusive=True, group="write", exit_on_error=False)
    def write(self, title: str, write: Callable[[], Draw], keys: str = "") -> None:
        """Have a page written, then show it."""
        try:
            draw = write()
        except EngineError as error:
            self.post_message(self.Said(f"{error}. {error.hint}", severe=True))
            return
        self.post_message(self.Written(title, draw, keys))

    @on(Written)
    def _read(self, event: Written) -> None:
        if self.screen is self._home:  # a question or a page was opened meanwhile
            self.push_screen(PageScreen(event.title, event.draw, event.keys))

    @on(Said)
    def _say(self, event: Said) -> None:
        self.toast(event.text, severe=event.severe)
        if event.look:
            self.look()
