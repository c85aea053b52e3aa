"""The app's home: looks for configs and runs in a thread, and returns the command that a person chose."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segments
from rich.text import Text
from textual import on, work
from textual.binding import BindingType
from textual.message import Message
from textual.worker import get_current_worker  # pyright: ignore[reportUnknownVariableType] - its Worker has no type

from autodiff_engine.errors import EngineError

from .actions import ACTIONS as RUN_ACTIONS
from .actions import Action
from .crash import frames
from .deleting import delete
from .driver import caught_up
from .found import ConfigFound, RunFound, Shelf, configs
from .home_actions import ACTIONS
from .home_texts import Lines, fixed, of_run, of_text, of_two
from .keymap import of_home
from .safe import marked, one_line
from .screens.asking import AskScreen
from .screens.desk import Handy
from .screens.home import HomeScreen, bindings
from .screens.home_pages import help_page, page
from .screens.page import PageScreen
from .terminal import Terminal, catch_signals
from .toned import Toned
from .widgets.paint import MUTED, PLAIN, label
from .widgets.row_list import RowList

if TYPE_CHECKING:
    from textual.worker import Worker

Command = tuple[str, ...]
"""Words as they stand behind ``autodiff-tui`` on a command line."""
_PORTION = 16
"""Runs that are read before they are shown: not each by itself, as that would paint the list each time."""


class HomeApp(Handy[Command]):
    """Returns what is to be executed, or None when a person leaves; executes nothing itself.

    ``known`` has the names of the commands that there are, ``check`` looks at a config in a thread, and ``notice`` is
    said at once: how the command before it ended. ``selected`` is the config or run to begin at. ``actions`` has
    the keys that a person gave to home, ``run_actions`` those of its pages, which are the keys of a run.
    """

    CSS_PATH = ["styles/run.tcss", "styles/home.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("open", "train", "replay", "resume", "compare", "check", "delete", "refresh", "help", "leave"),
        *bindings("interrupt", priority=True),
    ]

    @dataclass
    class Looked(Message):
        """What a look has found so far."""

        configs: Sequence[ConfigFound]
        runs: Sequence[RunFound]

    @dataclass
    class Written(Message):
        """A page to read is ready, or it failed."""

        title: str
        lines: Lines

    @dataclass
    class Said(Message):
        """Something to say in a toast; ``look`` when what was found has changed."""

        text: str
        severe: bool = False
        look: bool = False

    def __init__(
        self, here: Path, shelf: Shelf, *, known: Collection[str], check: Callable[[Path], Iterable[Toned]],
        notice: str = "", severe: bool = False, selected: str = "", actions: Sequence[Action] = ACTIONS,
        run_actions: Sequence[Action] = RUN_ACTIONS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.title = "autodiff-tui"
        self._here = here
        self._shelf = shelf
        self._known = known
        self._check = check
        self._notice = (notice, severe)
        self._actions = tuple(actions)
        self._keys = {action.id: action.key for action in actions}
        self._home = HomeScreen(here, selected, actions)
        self.set_keymap(of_home(actions, run_actions))
        self._give_signals_back: Callable[[], None] = lambda: None
        self._terminal = Terminal()

    def on_mount(self) -> None:
        """Show the empty lists, then look."""
        self.push_screen(self._home)
        self._give_signals_back = catch_signals(self._signalled)
        self.set_interval(1.0, self._leave_if_lost)
        if self._notice[0]:
            self._toast(*self._notice)
        self.call_after_refresh(self._look)

    def on_unmount(self) -> None:
        """Give the signals back."""
        self._give_signals_back()

    # what there is

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def _look(self) -> None:
        """Find everything at once, then read the journals, the newest first, a portion at a time."""
        worker = cast("Worker[None]", get_current_worker())
        found, runs = configs(self._here), self._shelf.names()
        self.post_message(self.Looked(found, tuple(runs)))
        for place, run in enumerate(runs):
            if worker.is_cancelled:
                return
            runs[place] = self._shelf.read(run)
            if (place + 1) % _PORTION == 0 or place + 1 == len(runs):
                self.post_message(self.Looked(found, tuple(runs)))

    @on(Looked)
    def _show_found(self, event: Looked) -> None:
        self._home.found(event.configs, event.runs)

    def action_refresh(self) -> None:
        """Look again."""
        self._look()

    # what is to be done

    def action_train(self) -> None:
        """Leave to train the selected config, or to play the demo."""
        config = None if self._home.on_runs else self._home.config
        if config is not None:
            self._leave_for("train", config.name)
        elif self._home.demo and not self._home.on_runs:
            self._leave_for("demo")
        else:
            self._ask_for("a config or the demo", "pane('configs')")

    def action_replay(self) -> None:
        """Leave to show the selected run again."""
        self._with_run("replay")

    def action_resume(self) -> None:
        """Leave to go on with the selected run."""
        self._with_run("resume")

    def _with_run(self, command: str) -> None:
        run = self._home.run if self._home.on_runs else None
        if run is None:
            self._ask_for("a run", "pane('runs')")
        elif command not in self._known:
            self._toast(f"comes with the command {command}, which this version does not have")
        elif command == "resume" and (why := run.not_to_resume):
            self._toast(why)
        else:
            self._leave_for(command, str(run.folder))

    def _ask_for(self, what: str, pane: str) -> None:
        self._toast(f"select {what} first: {self._keys[pane]} goes there")

    def _leave_for(self, *command: str) -> None:
        self.exit(command)

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Read the selected config or run."""
        if self._home.on_runs:
            if (run := self._home.run) is not None:
                self._write(f"Run {run.name}", lambda: of_run(run.folder))
        elif (config := self._home.config) is not None:
            text = config.text
            self._write(config.name, lambda: of_text(text))
        elif self._home.demo:
            self.action_train()

    def action_check(self) -> None:
        """Say what would fail in the selected config."""
        config = None if self._home.on_runs else self._home.config
        if config is None:
            self._ask_for("a config", "pane('configs')")
        else:
            self._toast(f"looking at {config.name}; models are looked up, nobody is asked")
            self._write(f"Check of {config.name}", lambda: fixed(list(self._check(self._here / config.path))))

    def action_compare(self) -> None:
        """Compare the two marked runs, or the marked one with the selected one."""
        names = self._home.marked
        current = self._home.run
        if len(names) == 1 and current is not None and current.name not in names:
            names = (*names, current.name)
        chosen = [run.folder for name in names if (run := self._home.run_called(name)) is not None]
        if len(chosen) == 2:
            left, right = chosen[0], chosen[1]
            self._write(" and ".join(names), lambda: of_two(left, right))
        else:
            self._toast(f"mark two runs with {self._keys['mark']}, then compare them with {self._keys['compare']}")

    def action_delete(self) -> None:
        """Ask, then delete the selected run."""
        run = self._home.run if self._home.on_runs else None
        if run is None:
            self._ask_for("a run", "pane('runs')")
            return
        lines = (
            (label(str(run.folder)), (" and its journal, prompts and log go; this cannot be undone", PLAIN)),
            (("stored answers stay: other runs may need them (autodiff-tui cache clear)", MUTED),),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self._delete(run)

        self.push_screen(AskScreen(f"Delete the run {run.name}?", lines, "delete it"), answered)

    @work(thread=True, group="delete", exit_on_error=False)
    def _delete(self, run: RunFound) -> None:
        try:
            stay = delete(run.folder)
        except EngineError as error:
            self.post_message(self.Said(f"{error}. {error.hint}", severe=True, look=True))
        else:
            kept = f"; what is not ours stays: {', '.join(stay)}" if stay else ""
            self.post_message(self.Said(f"deleted {run.name}{kept}", look=True))

    @work(thread=True, exclusive=True, group="write", exit_on_error=False)
    def _write(self, title: str, write: Callable[[], Lines]) -> None:
        try:
            lines = write()
        except EngineError as error:
            self.post_message(self.Said(f"{error}. {error.hint}", severe=True))
            return
        self.post_message(self.Written(title, lines))

    @on(Written)
    def _read(self, event: Written) -> None:
        if self.screen is self._home:  # a question or a page was opened meanwhile
            self.push_screen(PageScreen(event.title, page(event.lines)))

    @on(Said)
    def _say(self, event: Said) -> None:
        self._toast(event.text, event.severe)
        if event.look:
            self._look()

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(PageScreen("Help", help_page(self._actions)))

    def _toast(self, message: str, severe: bool = False) -> None:
        level, seconds = ("error", 15.0) if severe else ("information", 5.0)
        self.notify(one_line(message, 400), severity=level, timeout=seconds, markup=False)

    # the ways out

    def action_leave(self) -> None:
        """Leave."""
        self.exit()

    async def action_quit(self) -> None:
        """Leave as ``q`` does: the command palette and ctrl+q come here."""
        self.exit()

    def action_interrupt(self) -> None:
        """ctrl+c: copy a selection, else leave."""
        if not self.copied_selection():
            self.exit()

    def _leave_if_lost(self) -> None:
        if caught_up(self._driver):
            self.screen.refresh(layout=True)
        if self._terminal.lost:
            self._terminal.let_go()
            self.exit(return_code=128 + signal.SIGHUP)

    def _signalled(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def _fatal_error(self) -> None:
        """Leave with a traceback without the values of locals, which may hold keys."""
        self.bell()
        text = Text(marked(frames()))
        self._exit_renderables.append(Segments(self.console.render(text, self.console.options)))
        self._close_messages_no_wait()
