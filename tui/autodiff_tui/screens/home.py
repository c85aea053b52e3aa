"""The home screen: configs, past runs and what is selected, with a filter over both lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from autodiff_tui.actions import Action
from autodiff_tui.format import counted
from autodiff_tui.found import RunFound
from autodiff_tui.found_configs import ConfigFound
from autodiff_tui.home_actions import ACTIONS, by_id
from autodiff_tui.safe import one_line
from autodiff_tui.widgets.home_lists import DEMO, ConfigList, RunList
from autodiff_tui.widgets.home_strips import About, HomeFooter, HomeHead
from autodiff_tui.widgets.row_list import RowList

from .desk import handy_of
from .home_selection import Selection, searched

_RUNS = "pane('runs')"
_NO_CONFIGS = (
    "no config here: autodiff-tui init DIR makes one. A config is a .toml with a table [task], here or in configs/, "
    "or the train.toml of a folder here"
)


def bindings(*ids: str, priority: bool = False) -> list[BindingType]:
    """Return a binding for each of the actions called ``ids``."""
    actions = (by_id(wanted) for wanted in ids)
    return [
        Binding(",".join(each.keys), each.id, each.name, show=False, priority=priority, id=each.slug)
        for each in actions
    ]


class HomeScreen(Screen[None]):
    """Shows what was found; what is to be done with it is the app's business."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("pane('configs')", "pane('runs')", "next_pane", "mark", "filter", "clear_filter"),
        Binding("up", "select(-1)", show=False),  # lists take these themselves: what comes here comes from the filter
        Binding("down", "select(1)", show=False),
    ]

    def __init__(self, here: Path, selected: str = "", actions: Sequence[Action] = ACTIONS) -> None:
        super().__init__()
        self._keys = {action.id: action.key for action in actions}
        self.VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-short"), (28, "-tall")]
        self._here = here
        self.configs: tuple[ConfigFound, ...] = ()
        """What was found, whether or not the filter shows it; so are ``runs``."""
        self.runs: tuple[RunFound, ...] = ()
        self._looked = False
        self.unread = 0
        """How many runs are listed and were not read yet."""
        self.marked: tuple[str, ...] = ()
        """Names of at most two runs, in the order in which they were marked."""
        self._head = HomeHead(id="home-head")
        self._config_list = ConfigList(id="configs", classes="pane")
        self._run_list = RunList(id="runs", classes="pane")
        self._config_list.cursor = self._run_list.cursor = selected or None  # a key that is no row's is no harm
        self._begin_at = selected
        self._left: RowList = self._config_list
        """The list that had the focus when the filter was opened."""
        self._about = About(id="about", classes="pane")
        self._filter = Input(
            id="filter", placeholder="words to look for; enter keeps them, esc shows all", compact=True
        )
        self._footer = HomeFooter(id="home-footer")
        self._footer.actions = tuple(actions)

    def compose(self) -> ComposeResult:
        """Arrange the widgets; the style sheet decides what a size shows."""
        yield self._head
        yield self._config_list
        yield self._run_list
        yield self._about
        yield self._filter
        yield self._footer

    def on_mount(self) -> None:
        """Begin at the configs."""
        self._filter.display = False
        self._head.place = _homely(self._here)
        self._about.border_title = Content("Selected")
        self.fill()
        self._config_list.focus()

    def on_resize(self) -> None:
        """Say what there is no other room for now."""
        self.call_after_refresh(self.tell)

    def found(self, configs: Sequence[ConfigFound], runs: Sequence[RunFound]) -> None:
        """Show what a look found, the cursors on the rows that they are on; runs that are gone lose their mark."""
        if self._looked:
            for rows in (self._config_list, self._run_list):
                rows.cursor = rows.cursor or rows.current  # not on whatever comes first now: a key may be on its way
        self._looked = True
        self.configs, self.runs = tuple(configs), tuple(runs)
        self.unread = sum(each.unread for each in runs)
        names = {each.name for each in runs}
        self.marked = tuple(name for name in self.marked if name in names)
        self.fill()
        if self._begin_at in names:
            self.action_pane("runs")
        self._begin_at = ""

    @property
    def on_runs(self) -> bool:
        """Whether the list of runs has the focus, or had it before the filter was opened."""
        if self.focused is self._filter:
            return self._shown_list is self._run_list
        return self.focused is self._run_list  # has_focus follows a message later, and the next key may be before it

    @property
    def _shown_list(self) -> RowList:
        """The list that the filter was opened on; the other one while that has no rows."""
        other = self._config_list if self._left is self._run_list else self._run_list
        return other if other.rows and not self._left.rows else self._left

    @property
    def config(self) -> ConfigFound | None:
        """The config under the cursor; None on the demo or an empty list."""
        return next((each for each in self.configs if each.name == self._config_list.current), None)

    @property
    def demo(self) -> bool:
        """Whether the cursor of the configs is on the demo."""
        return self._config_list.current == DEMO

    @property
    def run(self) -> RunFound | None:
        """The run under the cursor."""
        return self.run_called(self._run_list.current or "")

    def run_called(self, name: str) -> RunFound | None:
        """Return the run of that name, if it is known."""
        return next((each for each in self.runs if each.name == name), None)

    def fill(self) -> None:
        """Show what fits the filter."""
        configs = [each for each in self.configs if self._fits(f"{each.name} {each.pipeline} {each.data}")]
        runs = [each for each in self.runs if self._fits(searched(each))]
        self._config_list.show(configs, demo=self._fits("demo"))
        self._run_list.empty_text = self._why_no_runs
        self._run_list.show(runs, self.marked)
        self._config_list.border_title = Content("1 Configs and the demo")
        self._config_list.note = _NO_CONFIGS if self._looked and not self.configs else ""
        self._config_list.set_class(bool(self._config_list.note), "-bare")
        self._run_list.border_title = Content("2 Runs")
        self._head.counts = self._counts(len(configs), len(runs))
        self.tell()

    def tell(self) -> None:
        """Say what is selected, and in the footer the keys that do something with it."""
        selection = self.selection
        self._about.told = selection.lines(self._keys)
        self._about.border_subtitle = Content(selection.copying(self._keys))
        self._run_list.border_subtitle = Content(self._below_runs(selection))
        self._footer.able = selection.able
        self._footer.typing = self.focused is self._filter
        self._footer.names = selection.names

    def _below_runs(self, selection: Selection) -> str:
        """Return how many are marked; before it the whole id where there is no room to say it elsewhere."""
        ids = [] if self._about.display or selection.run is None else [one_line(selection.run.name, 200)]
        marks = [f"{len(self.marked)} marked", f"{self._keys['compare']} compares"] if self.marked else []
        return " · ".join(ids + marks)

    @property
    def selection(self) -> Selection:
        """What the cursor of the list is on that has the focus."""
        if self.on_runs:
            return Selection(run=self.run, marked=self.marked)
        return Selection(config=self.config, demo=self.demo)

    def action_pane(self, pane: str) -> None:
        """Go to a list."""
        self.set_focus(self.query_one(f"#{pane}"))  # at once: the next key may be on its way

    def action_next_pane(self) -> None:
        """Go to the other list."""
        self.action_pane("configs" if self.on_runs else "runs")

    def action_mark(self) -> None:
        """Mark the selected run, or take its mark away; a third mark takes the place of the first."""
        run = self.run if self.on_runs else None
        if run is None:
            handy_of(self).toast(f"select a run first: {self._keys[_RUNS]} goes there")
        else:
            left = tuple(name for name in self.marked if name != run.name)
            self.marked = left if run.name in self.marked else (*left, run.name)[-2:]
            self.fill()

    def action_filter(self) -> None:
        """Ask for words."""
        self._left = self._run_list if self.on_runs else self._config_list
        self._filter.display = True
        self.set_focus(self._filter)

    def action_select(self, by: int) -> None:
        """Move in the list that is shown while words are typed."""
        self._shown_list.action_move(by)

    def action_clear_filter(self) -> None:
        """Show all again, and stay on what was selected among what fitted."""
        shown = self._run_list if self.on_runs else self._config_list
        selected = shown.current if self._filter.value else None
        self._filter.value = ""
        self._close_filter()
        if selected is not None:
            self.fill()
            shown.move_to(selected)

    @on(Input.Changed)
    def _filtered(self) -> None:
        self.fill()

    @on(Input.Submitted)
    def _close_filter(self) -> None:
        """Back to the lists; the words stay in force and are said in the head."""
        self._filter.display = False
        if self.focused is None or self.focused is self._filter:
            self.set_focus(self._shown_list)

    def on_descendant_focus(self) -> None:
        """Say what is selected in the list that has the focus now."""
        self.tell()

    @on(RowList.Moved)
    def _moved(self) -> None:
        self.tell()

    def _fits(self, text: str) -> bool:
        return all(word in text.casefold() for word in self._filter.value.casefold().split())

    @property
    def _why_no_runs(self) -> str:
        if not self._looked:
            return "looking…"
        return "nothing fits the filter" if self.runs else RunList.empty_text

    def _counts(self, configs: int, runs: int) -> str:
        if not self._looked:
            return "looking…"
        filtered = f"filter: {self._filter.value} · " if self._filter.value else ""
        reading = f" · {self.unread} to read" if self.unread else ""
        return f"{filtered}{counted(configs, 'config')} · {counted(runs, 'run')}{reading}"


def _homely(place: Path) -> str:
    """Return a folder as shells show it."""
    whole = place.absolute()
    try:
        return f"~/{whole.relative_to(Path.home()).as_posix()}".removesuffix("/.")
    except (ValueError, RuntimeError):  # not below the home, or there is none
        return str(whole)
