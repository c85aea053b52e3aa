"""The run screen: status, panes, tabs where only one fits, keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen

from autodiff_tui.actions import ACTIONS, Action, Mode
from autodiff_tui.captions import Looking
from autodiff_tui.view import RunView
from autodiff_tui.widgets.filter_bar import FilterBar
from autodiff_tui.widgets.node_pane import NodePane
from autodiff_tui.widgets.paint import wrapped_line
from autodiff_tui.widgets.panes import ORDER, Panes, layout_for
from autodiff_tui.widgets.row_list import RowList
from autodiff_tui.widgets.status_line import StatusLine
from autodiff_tui.widgets.strips import KeyFooter, PaneTabs, TooSmall

from .blame import BlameScreen
from .desk import desk_of
from .examples import ExamplesScreen, HistoryScreen
from .keys import bindings
from .palette import Place
from .places import places_of
from .proposal import ProposalScreen
from .reading import TextScreen

_LOG_WIDTH = 100


class RunScreen(Screen[None]):
    """Shows a ``RunView``; what a person wants done with the run is the app's business.

    What a key opens is open, and has the focus, before the next key is looked at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("detail", "next_pane", "previous_pane", *(f"pane('{pane}')" for pane in ORDER)),
        *bindings("zoom", "filter", "cycle_diff", "previous", "next", "copy_text", "read_text", "examples", "blame"),
        *bindings("next_change", "previous_change"),
        Binding("escape", "back", show=False),
    ]
    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    elapsed_s: reactive[int] = reactive(0, layout=False, repaint=False)
    behind: reactive[bool] = reactive(False, layout=False, repaint=False)
    looking: reactive[Looking | None] = reactive[Looking | None](None, layout=False, repaint=False)
    current: reactive[str] = reactive("graph", layout=False, repaint=False)
    """The pane that has the focus, or is shown where only one fits."""

    def __init__(self, mode: Mode = "live", actions: Sequence[Action] = ACTIONS) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-roomy")]
        self.VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-high")]
        self._status = StatusLine(id="status")
        self._tabs = PaneTabs(id="tabs")
        self._panes = Panes(id="panes")
        for pane in self._panes.every:
            if isinstance(pane, RowList):
                pane.on_choose = self._choose
        self._filter = FilterBar(id="filter")
        self._footer = KeyFooter(id="footer")
        self._footer.actions = tuple(actions)
        self._too_small = TooSmall(id="too-small")
        self._too_small.resume = next(action.key for action in actions if action.id == "toggle_pause")
        self._mode: Mode = mode
        self._zoomed = False

    @property
    def topic(self) -> str:
        """What the help says something about: the current pane."""
        return self.current

    @property
    def idle(self) -> Collection[str]:
        """The ids of actions that find nothing to act on here."""
        return self._panes.idle

    def compose(self) -> ComposeResult:
        """Arrange the widgets; the style sheet decides what a size shows."""
        yield from (self._status, self._tabs, self._panes, self._filter, self._footer, self._too_small)

    def on_mount(self) -> None:
        """Begin at the graph."""
        self._footer.mode = self._mode
        self._panes.graph.focus()

    def watch_view(self, view: RunView) -> None:
        """Hand the view down to what is visible; a hidden pane gets it when it is shown."""
        for widget in (self._status, self._footer, self._too_small):
            if widget.display:
                widget.view = view
        self._panes.hand_down(view)

    def watch_elapsed_s(self, elapsed_s: int) -> None:
        """Hand the time down."""
        self._status.elapsed_s = elapsed_s

    def watch_behind(self, behind: bool) -> None:
        """Hand the lag down."""
        self._status.behind = behind

    def watch_looking(self, looking: Looking | None) -> None:
        """Hand down where on the run's tape one looks."""
        self._status.looking = self._too_small.looking = looking
        self._footer.playing = looking is not None and looking.motion == "playing"

    def watch_current(self, current: str) -> None:
        """Show the current pane where only one fits."""
        if self.is_mounted:
            self._panes.go(current)
            self._tabs.current = current
            self.call_after_refresh(self._count)

    def on_resize(self) -> None:
        """Arrange the panes anew, and catch up on what was hidden before."""
        self._arrange()
        self.call_after_refresh(self._catch_up)

    def _catch_up(self) -> None:
        self.watch_view(self.view)
        if self.focused is None:  # what is hidden loses it, as when the terminal was too small for panes
            self.set_focus(self._panes.current)

    def _arrange(self) -> None:
        layout = layout_for(self.size, zoomed=self._zoomed)
        self.set_class(layout == "-one", "-single")
        self.set_class(self._zoomed, "-zoomed")
        self._panes.lay_out(layout)

    # panes

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        self.current = pane
        self.set_focus(self._panes.pane(pane))

    def action_next_pane(self) -> None:
        """Go to the pane after the current one."""
        self.action_pane(ORDER[(ORDER.index(self.current) + 1) % len(ORDER)])

    def action_previous_pane(self) -> None:
        """Go to the pane before the current one."""
        self.action_pane(ORDER[(ORDER.index(self.current) - 1) % len(ORDER)])

    def action_zoom(self) -> None:
        """Show the current pane alone, or all again."""
        self._zoomed = not self._zoomed
        self._footer.zoomed = self._zoomed
        self._arrange()

    def action_back(self) -> None:
        """Clear the filter of the current pane, else end the zoom."""
        pane = self._panes.current
        if isinstance(pane, RowList | NodePane) and pane.filter:
            self._narrow("")
        elif self._zoomed:
            self.action_zoom()

    def on_descendant_focus(self) -> None:
        """Follow a focus that a click moved."""
        focused = self.focused
        if focused is not None and focused.id in ORDER:
            self.current = focused.id

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, event: PaneTabs.Chosen) -> None:
        self.action_pane(event.pane)

    @on(KeyFooter.Pressed)
    async def _key_clicked(self, event: KeyFooter.Pressed) -> None:
        await desk_of(self).do(event.action, self)

    # filter

    def action_filter(self) -> None:
        """Narrow the current pane."""
        pane = self._panes.current
        if isinstance(pane, RowList | NodePane):
            self._filter.open(pane.filter)
        else:
            desk_of(self).toast("there is nothing to filter in this pane")

    @on(FilterBar.Changed)
    def _typed(self, event: FilterBar.Changed) -> None:
        if event.left:
            self.set_focus(self._panes.current)
        self._narrow(event.text)

    def _narrow(self, text: str) -> None:
        pane = self._panes.current
        if isinstance(pane, RowList | NodePane):
            pane.filter = text
        self.call_after_refresh(self._count)

    def _count(self) -> None:
        pane = self._panes.current
        needle = pane.filter if isinstance(pane, RowList | NodePane) else ""
        told = f"{len(pane.rows)} of {pane.count}" if isinstance(pane, RowList) else ""
        self._filter.show_for(needle, told)

    # what is looked at

    def action_detail(self) -> None:
        """Open the selected proposal, if there is one: the other panes leave the key to it."""
        if self._panes.proposals.current is not None:
            self._open_proposal(self._panes.proposals.current)

    def _open_proposal(self, key: str) -> None:
        if self.view.proposals.find(key) is not None:
            desk_of(self).push_screen(ProposalScreen(key, self.view))

    def action_examples(self) -> None:
        """Open the heat map."""
        desk_of(self).push_screen(ExamplesScreen(self.view))

    def action_blame(self) -> None:
        """Show where the best prompts come from."""
        desk_of(self).push_screen(BlameScreen(self.view))

    def action_cycle_diff(self) -> None:
        """Compare the text of the node with earlier ones."""
        self.action_pane("node")
        self._panes.node.cycle_diff()

    def action_previous(self) -> None:
        """Show the call before."""
        self._panes.node.turn(-1)

    def action_next(self) -> None:
        """Show the call after."""
        self._panes.node.turn(1)

    def action_next_change(self) -> None:
        """Scroll the node's text to the next change."""
        self._panes.node.to_change(1)

    def action_previous_change(self) -> None:
        """Scroll it to the change before."""
        self._panes.node.to_change(-1)

    def action_copy_text(self) -> None:
        """Copy what the current pane is about."""
        desk_of(self).copy(self._panes.copyable)

    def action_read_text(self) -> None:
        """Show it in an editor."""
        desk_of(self).read_in_editor(self._panes.copyable)

    def places(self) -> Sequence[Place]:
        """Return where in the run one can go."""
        return places_of(self.view)

    def go_to(self, key: str) -> None:
        """Select a node in the graph and read it, open a proposal or an example, or list a step's proposals."""
        kind, _, name = key.partition(" ")
        if kind == "node":
            self._panes.graph.filter = ""
            self._panes.graph.move_to(name)
            self.action_pane("node")
        elif kind == "step":
            self._proposals_of(name)
        elif kind == "example":
            desk_of(self).push_screen(HistoryScreen(name, self.view))
        else:
            self._open_proposal(name)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.sender is self._panes.graph:
            self._panes.node.node = event.key

    def _choose(self, sender: RowList, key: str) -> None:
        panes = self._panes
        if sender is panes.proposals:
            self._open_proposal(key)
        elif sender is panes.steps:
            self._proposals_of(key.removeprefix("step "))
        elif sender is panes.log_list:
            entry = self.view.log[int(key)]
            desk_of(self).push_screen(TextScreen("Log", wrapped_line(((entry.text, ""),), _LOG_WIDTH)))
        elif sender is panes.spend:
            self.go_to(f"node {key}")
        elif panes.graph.current != key:  # a mention: go to the node itself
            panes.graph.move_to(key)
        else:
            self.action_pane("node")

    def _proposals_of(self, step: str) -> None:
        """Show the proposals of a step, or of all."""
        self._panes.proposals.filter = f"step {step}." if step.isdigit() else ""
        self.action_pane("proposals")
