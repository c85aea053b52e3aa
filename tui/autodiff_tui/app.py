"""The Textual app: drains a source ten times a second, folds events into the view, hands the view to the screen."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from rich.console import RenderableType
from textual import work
from textual.binding import BindingType

from autodiff_engine.errors import EngineError

from .actions import ACTIONS, Action, Mode
from .driver import caught_up
from .feed import feed
from .format import counted
from .rewinding import Past
from .safe import one_line
from .screens.examples import ExamplesScreen
from .screens.help import HelpScreen
from .screens.keys import bindings
from .screens.leaving import Choice, DefectScreen, QuitScreen
from .screens.reading import RunReading
from .screens.run import RunScreen
from .screens.steered import Steered
from .session import Source
from .terminal import Terminal, catch_signals
from .view import RunView
from .widgets.spend_table import SpendTable

TICK_S = 0.1
_ABORTED = 130
PATIENCE_S = 10.0
"""How long an aborted engine may take to write its end before the app leaves without it."""


class RunApp(Steered):
    """Shows a run and steers it; the run's thread belongs to ``source``.

    After it has returned: ``view`` is the run as last seen, ``return_code`` 0, or 1 (a defect), 129, 130 or 143 (how it
    was told to leave). It leaves only after the engine has written its end, or ten seconds after an abort.
    With ``ascii_only`` no character beyond ASCII reaches the terminal.
    ``past`` knows what the run said, where it may take facts back.
    Of the first ``known`` events, which earlier executions said, nothing is news. ``foretold`` says what it will take.
    ``called`` is what a command calls the run, its ``title`` by default.
    ``export`` writes the best prompts and returns a line to show, or raises; it is called in a thread of its own.
    """

    CSS_PATH = "styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("export", "help", "leave"),
        *bindings("interrupt", priority=True),
    ]

    def __init__(
        self,
        source: Source,
        *,
        export: Callable[[], str] | None = None,
        title: str = "autodiff-tui",
        mode: Mode = "live",
        clock: Callable[[], float] = time.monotonic,
        actions: Sequence[Action] = ACTIONS,
        ascii_only: bool = False,
        speed: float = 1.0,
        past: Past | None = None,
        known: int = 0,
        foretold: Sequence[str] = (),
        called: str = "",
    ) -> None:
        super().__init__(source, mode=mode, clock=clock, speed=speed, past=past, actions=actions, ascii_only=ascii_only)
        self.title = one_line(title, 200)
        self.called = called or self.title
        self._export = export
        self._known = known
        self._foretold = tuple(foretold)
        self._caught_up = mode != "watch"
        """Whether what a watched run had said before it was opened is all read: until then nothing is news."""
        self._shown = RunView()
        """What the screens were given last."""
        self._seen_at = clock()
        self._run_screen = RunScreen(mode, self.actions)
        self._leaving: int | None = None
        """The return code to leave with once the engine has ended."""
        self._stopping = False
        self._give_up_at: float | None = None
        self._give_signals_back: Callable[[], None] = lambda: None
        self._terminal = Terminal()
        self._defect_shown = False

    def on_mount(self) -> None:
        """Show an empty run first, then start the engine."""
        self.push_screen(self._run_screen)
        self._give_signals_back = catch_signals(self._signalled)
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        """Give the signals back."""
        self._give_signals_back()

    def _begin(self) -> None:
        self._run_screen.mount(self.caption_line, before="#footer")
        self._run_screen.query_one(SpendTable).foretold = self._foretold
        self._source.start()
        self.transport.begin()
        self._seen_at = self._clock()
        self.set_interval(TICK_S, self.drain_now)
        self.set_interval(1.0, self._tell_time)

    # the run, shown

    def drain_now(self) -> None:
        """Fold what has come, within the budget of one tick, and show it."""
        if not self.screen_stack:  # a tick that came while the app leaves
            return
        before = self.view
        fed = feed(self.tape, self._source, self._clock)
        if fed.taken:
            self._seen_at = self._clock()
        self.transport.tick()
        self.show_place()
        self._known -= fed.taken
        if self._mode != "replay":
            if self._caught_up:
                self._tell_news(before, self.view)
            self._caught_up = self._caught_up or not fed.behind
            self._run_screen.behind = fed.behind
        self.close_what_is_over()
        self.say_what_came_too_late()
        if caught_up(self._driver):
            self.screen.refresh(layout=True)
        if self._terminal.lost:
            self._signalled(signal.SIGHUP)
        self._leave_if_ended()

    def show_place(self) -> None:
        """Show the run where the transport is: nothing is painted again unless it differs."""
        view = self.place
        self.tell_caption()
        self._run_screen.looking = self.looking
        if view is self._shown:
            return
        self._shown = self._run_screen.view = view
        self._tell_time()
        for screen in self.screen_stack:
            if isinstance(screen, RunReading | ExamplesScreen):
                screen.view = view

    def _tell_time(self) -> None:
        follows = self._goes_on and self.transport.follows and self._shown.control.state != "paused"
        since = self._clock() - self._seen_at if follows else 0.0
        self._run_screen.elapsed_s = int(self._shown.elapsed_s + since)

    def _tell_news(self, before: RunView, view: RunView) -> None:
        """Toast the newest warning and error of this tick that this execution told, and how many came with them."""
        if self._known >= 0:  # this execution opens with a fact of its own
            return
        told, notes = before.notes, view.notes
        for old, new, severity in (
            (max(len(told.warnings), notes.past_warnings), notes.warnings, "warning"),
            (max(len(told.errors), notes.past_errors), notes.errors, "error"),
        ):
            if len(new) > old:
                more = len(new) - old - 1
                tail = f" (and {more} more)" if more else ""
                self.toast(f"{severity}: {new[-1]}{tail}", severe=severity == "error")

    def action_export(self) -> None:
        """Write the best prompts."""
        if self._export is None:
            self.toast("there is nothing to export here")
        else:
            self._write_export(self._export)

    @work(thread=True, exclusive=True, group="export", exit_on_error=False)
    def _write_export(self, export: Callable[[], str]) -> None:
        try:
            said, severe = export(), False
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on and the person reads it
            hint = f"; {error.hint}" if isinstance(error, EngineError) and error.hint else ""
            said, severe = f"export failed: {error}{hint}", True
        self.call_from_thread(self.toast, said, severe=severe)

    def action_help(self) -> None:
        """Show what the focused pane or the open screen is about, and the keys."""
        if not isinstance(self.screen, HelpScreen):
            idle = {*self.idle, *self.unheard}
            topic = getattr(self.screen, "topic", "")
            self.push_screen(HelpScreen(topic, self.told_actions, idle, self.moves))

    @property
    def idle(self) -> Collection[str]:
        """The ids of actions that cannot be done now."""
        return {*super().idle, *(("export",) if self._export is None else ())}

    # the ways out

    @property
    def _goes_on(self) -> bool:
        return self._mode == "live" and self.view.finished is None and not self._source.ended

    def action_leave(self) -> None:
        """Leave, or ask how."""
        if not self._goes_on or self._give_up_at is not None:
            self._depart(self._leaving)
        else:
            self.ask(QuitScreen(), self._left, lambda: "" if self._goes_on else "the run has ended; q leaves")

    async def action_quit(self) -> None:
        """Leave as ``q`` does: the command palette and ctrl+q come here."""
        self.action_leave()

    def _left(self, choice: Choice | None) -> None:
        if choice == "stop":
            self._stop_and_leave()
        elif choice == "abort":
            self._abort_and_leave("a person aborted the run", _ABORTED)

    def action_interrupt(self) -> None:
        """ctrl+c: copy a selection; else stop and keep, then abort, then leave at once."""
        if self.copied_selection():
            return
        if not self._goes_on or self._give_up_at is not None:
            self._depart(self._leaving)
        elif not self._stopping:
            self._stop_and_leave()
        else:
            self._abort_and_leave("ctrl+c", _ABORTED)

    def _stop_and_leave(self) -> None:
        self._stopping = True
        self._leaving = 0
        self._source.stop()
        self.toast(f"stopping after {counted(self.view.control.in_flight, 'call')}; ctrl+c again aborts")

    def _abort_and_leave(self, reason: str, code: int) -> None:
        self._leaving = code
        self._give_up_at = self._clock() + PATIENCE_S
        self._source.abort(reason)
        self.toast("aborting: what was answered is kept; ctrl+c again leaves at once")

    def _leave_if_ended(self) -> None:
        if self._source.ended:
            if self._leaving is not None:
                self._depart(self._leaving)
            elif isinstance(self._source.error, EngineError):  # it could not begin: the caller says why
                self._depart(1)
            elif self._source.error is not None and not self._defect_shown:
                self._defect_shown = True
                run_dir = self.view.opened.run_dir if self.view.opened else ""
                self.push_screen(DefectScreen(self._source.error, run_dir))
        elif self._give_up_at is not None and self._clock() > self._give_up_at:
            self._depart(self._leaving)

    def _depart(self, code: int | None) -> None:
        """Leave with ``code``, or with what the engine's end means; a defect is never a success."""
        finished = self.view.finished
        if code == _ABORTED and self._stopping and finished is not None and finished.status == "stopped":
            code = 0  # it had stopped and kept the best before the second ctrl+c reached it
        failed = self._source.error is not None and not isinstance(self._source.error, asyncio.CancelledError)
        self.exit(return_code=code or (1 if failed else 0))

    # what comes from outside

    def _signalled(self, number: int) -> None:
        """Abort the run and leave by the shell's convention; a second signal leaves at once."""
        code = 128 + number
        if self._terminal.lost:
            self._terminal.let_go()
        if self._give_up_at is not None or not self._goes_on:
            self._leaving = code
            self._depart(code)
        else:
            self._abort_and_leave(signal.Signals(number).name, code)

    def panic(self, *renderables: RenderableType) -> None:
        """Leave as after a hang-up when there is no terminal to complain on: reading from it was what failed."""
        if self._terminal.lost:
            self._signalled(signal.SIGHUP)
        elif self._give_up_at is None:
            super().panic(*renderables)

    def _fatal_error(self) -> None:
        """Leave as every app of ours does that fails; the engine is told to end."""
        self._source.abort("the app failed")
        super()._fatal_error()
