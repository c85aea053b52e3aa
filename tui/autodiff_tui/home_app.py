"""The app's home: configs, runs and the command chosen there; what may cost money is asked about first."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message

from .actions import ACTIONS as RUN_ACTIONS
from .actions import Action
from .beginning import Asked, Offer, is_free
from .driver import caught_up
from .found import RunFound, Shelf
from .home_actions import ACTIONS
from .home_shelf import ShelfApp
from .home_texts import fixed, of_run, of_text
from .keymap import of_home
from .screens.asking import AskScreen
from .screens.beginning import BeginScreen
from .screens.comparison import comparison
from .screens.home import HomeScreen, bindings
from .screens.home_pages import help_page, page
from .screens.page import PageScreen
from .screens.palette import ActionCommands
from .terminal import Terminal, catch_signals
from .toned import Toned
from .widgets.paint import MUTED, PLAIN, label
from .widgets.row_list import RowList

_LOOK_S = 0.1
"""How often the terminal is looked at, as in a run."""
_AGAIN_S = 2.0
"""How often the folder is looked at again: other processes train here, and other windows write configs."""


@dataclass(frozen=True, slots=True)
class Offers:
    """Who says what would begin if a config was trained, or a run went on; both may take seconds."""

    train: Callable[[Path], Offer]
    resume: Callable[[RunFound], Offer]


class HomeApp(ShelfApp):
    """Returns what is to be executed, or None when a person leaves; executes nothing itself.

    ``known`` has the names of the commands that there are, ``check`` looks at a config in a thread, ``offers`` says in
    one what would begin, and ``notice`` is said at once: how the command before it ended. ``selected`` is the config or
    run to begin at. ``actions`` has the keys that a person gave to home, ``run_actions`` those of its pages, which are
    the keys of a run.
    """

    CSS_PATH = ["styles/run.tcss", "styles/home.tcss"]  # noqa: RUF012 - as Textual declares it
    COMMANDS: ClassVar = {ActionCommands}
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("open", "train", "replay", "resume", "compare", "check", "delete", "copy_name"),
        *bindings("refresh", "help", "leave"),
        *bindings("command_palette", "save_picture"),
        *bindings("interrupt", priority=True),
    ]

    @dataclass
    class Offered(Message):
        """What would begin is known."""

        question: BeginScreen
        offer: Offer

    def __init__(
        self, here: Path, shelf: Shelf, *, known: Collection[str], check: Callable[[Path], Iterable[Toned]],
        offers: Offers, notice: str = "", severe: bool = False, selected: str = "", actions: Sequence[Action] = ACTIONS,
        run_actions: Sequence[Action] = RUN_ACTIONS, ascii_only: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(here, shelf, HomeScreen(here, selected, actions), ascii_only=ascii_only)
        self.title = "autodiff-tui"
        self._known = known
        self._check = check
        self._offers = offers
        self._notice = (notice, severe)
        self.actions = tuple(actions)
        self._keys = {action.id: action.key for action in actions}
        self.set_keymap(of_home(actions, run_actions))
        self._give_signals_back: Callable[[], None] = lambda: None
        self._terminal = Terminal()

    def on_mount(self) -> None:
        """Show the empty lists, then look."""
        self.push_screen(self._home)
        self._give_signals_back = catch_signals(self._signalled)
        self.set_interval(_LOOK_S, self._look_at_terminal)
        self.set_interval(_AGAIN_S, self.look_again)
        if self._notice[0]:
            self.toast(self._notice[0], severe=self._notice[1])
        self.call_after_refresh(self.look)

    def on_unmount(self) -> None:
        """Give the signals back."""
        self._give_signals_back()

    # what is to be done

    def action_train(self) -> None:
        """Ask, then leave to train the selected config; the demo is played at once, as it costs nothing."""
        config = None if self._home.on_runs else self._home.config
        if config is not None and config.problem:
            self.toast(f"{config.name} cannot be read: {config.problem}", severe=True)
        elif config is not None:
            path = self._here / config.path
            self._begin(f"Train {config.name}?", lambda: self._offers.train(path), "train", config.name)
        elif self._home.demo and not self._home.on_runs:
            self._leave_for("demo")
        else:
            self._ask_for("a config or the demo", "pane('configs')")

    def action_replay(self) -> None:
        """Leave to show the selected run again, or to watch it while another process executes it."""
        run = self._home.run
        self._with_run("watch" if run is not None and run.running else "replay")

    def action_resume(self) -> None:
        """Ask, then leave to go on with the selected run."""
        self._with_run("resume")

    def _with_run(self, command: str) -> None:
        run = self._home.run if self._home.on_runs else None
        if run is None:
            self._ask_for("a run", "pane('runs')")
        elif command not in self._known:
            self.toast(f"comes with the command {command}, which this version does not have")
        elif command == "resume" and (why := run.not_to_resume):
            self.toast(f"{why}; {self._keys['replay']} watches it here" if run.running else why)
        elif command == "resume" and not is_free(run):
            self._begin(f"Go on with {run.name}?", lambda: self._offers.resume(run), command, str(run.folder))
        else:
            self._leave_for(command, str(run.folder))

    def _begin(self, title: str, ask: Asked, *command: str) -> None:
        """Ask before ``command``; what it would take is found out meanwhile, in a thread that nobody waits for."""
        question = BeginScreen(title)

        def answered(yes: bool | None) -> None:
            if yes:
                self._leave_for(*command)

        self.push_screen(question, answered)
        Thread(target=lambda: self.post_message(self.Offered(question, ask())), daemon=True).start()

    @on(Offered)
    def _tell_offer(self, event: Offered) -> None:
        event.question.tell(page(fixed(event.offer.lines))(0), refused=event.offer.refused)

    def _ask_for(self, what: str, pane: str) -> None:
        if self._home.on_runs and pane == "pane('runs')":
            self.toast("there is no run here to do that with")
        else:
            self.toast(f"select {what} first: {self._keys[pane]} goes there")

    def _leave_for(self, *command: str) -> None:
        self.exit(command)

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Read the selected config or run."""
        if self._home.on_runs:
            if (run := self._home.run) is not None:
                self.write(f"Run {run.name}", lambda: page(of_run(run.folder)))
        elif (config := self._home.config) is not None:
            text = config.text
            self.write(config.name, lambda: page(of_text(text)))
        elif self._home.demo:
            self.action_train()

    def action_check(self) -> None:
        """Say what would fail in the selected config."""
        config = None if self._home.on_runs else self._home.config
        if config is None:
            self._ask_for("a config", "pane('configs')")
        else:
            self.toast(f"looking at {config.name}; models are looked up, nobody is asked")
            found = self._here / config.path
            self.write(f"Check of {config.name}", lambda: page(fixed(list(self._check(found)))))

    def action_compare(self) -> None:
        """Compare the two marked runs, or the marked one with the selected one."""
        names = self._home.marked
        current = self._home.run
        if len(names) == 1 and current is not None and current.name not in names:
            names = (*names, current.name)
        chosen = [run.folder for name in names if (run := self._home.run_called(name)) is not None]
        if len(chosen) == 2:
            left, right = chosen[0], chosen[1]
            self.write(" and ".join(names), lambda: comparison(left, right), PageScreen.OF_CHANGES)
        else:
            self.toast(f"mark two runs with {self._keys['mark']}, then compare them with {self._keys['compare']}")

    def action_delete(self) -> None:
        """Ask, then delete the selected run."""
        run = self._home.run if self._home.on_runs else None
        if run is None:
            self._ask_for("a run", "pane('runs')")
            return
        if run.running:
            self.toast(f"{run.name} goes on in another process: it can be deleted when it has ended")
            return
        lines = (
            (label(str(run.folder)), (" and its journal, prompts and log go; this cannot be undone", PLAIN)),
            (("stored answers stay: other runs may need them (autodiff-tui cache clear)", MUTED),),
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self.delete(run)

        self.push_screen(AskScreen(f"Delete the run {run.name}?", lines, "delete it"), answered)

    def action_copy_name(self) -> None:
        """Copy what commands take for what is selected."""
        self.copy(self._home.selection.copyable)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(PageScreen("Help", help_page(self.actions)))

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

    def _look_at_terminal(self) -> None:
        """Paint anew what a terminal that did not read has missed; leave when it is gone."""
        if caught_up(self._driver):
            self.screen.refresh(layout=True)
        if self._terminal.lost:
            self._signalled(signal.SIGHUP)

    def _signalled(self, number: int) -> None:
        if self._terminal.lost:
            self._terminal.let_go()
        self.exit(return_code=128 + number)
