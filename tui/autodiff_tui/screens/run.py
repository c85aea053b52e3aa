"""The run screen: graph, node, proposals and scores; four panes, or one of them with tabs."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from autodiff_tui.actions import Mode
from autodiff_tui.view import RunView
from autodiff_tui.widgets.graph_tree import GraphTree
from autodiff_tui.widgets.node_pane import NodePane
from autodiff_tui.widgets.proposal_table import ProposalTable
from autodiff_tui.widgets.row_list import RowList
from autodiff_tui.widgets.score_chart import ScoreChart
from autodiff_tui.widgets.status_line import StatusLine
from autodiff_tui.widgets.strips import PANES, KeyFooter, PaneTabs, TooSmall

from .keys import bindings
from .reading import DetailScreen

_ORDER = tuple(pane for pane, _ in PANES)
_MOVES = (
    ("up,k", "move(-1)"),
    ("down,j", "move(1)"),
    ("pageup", "page(-1)"),
    ("pagedown", "page(1)"),
    ("home", "first"),
    ("end", "last"),
)


class RunScreen(Screen[None]):
    """Shows a ``RunView``; what a person wants done with the run is the app's business.

    Keys act on the pane that is ``current``, not by way of the focus, which Textual moves later.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("toggle_pause", "one_step", "export", "help", "leave", of="app"),
        *bindings("detail", "next_pane", "previous_pane", *(f"pane('{pane}')" for pane in _ORDER)),
        *(Binding(keys, action, show=False, priority=True) for keys, action in _MOVES),
    ]
    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    elapsed_s: reactive[int] = reactive(0, layout=False, repaint=False)
    behind: reactive[bool] = reactive(False, layout=False, repaint=False)
    current: reactive[str] = reactive("graph", layout=False, repaint=False)
    """The pane that has the focus, or is shown where only one fits."""

    def __init__(self, mode: Mode = "live") -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-short"), (28, "-tall")]
        self._status = StatusLine(id="status")
        self._tabs = PaneTabs(id="tabs")
        self._graph = GraphTree(id="graph", classes="pane")
        self._node = NodePane(id="node", classes="pane")
        self._proposals = ProposalTable(id="proposals", classes="pane")
        self._scores = ScoreChart(id="scores", classes="pane")
        self._footer = KeyFooter(id="footer")
        self._too_small = TooSmall(id="too-small")
        self._mode: Mode = mode

    def compose(self) -> ComposeResult:
        """Arrange the widgets; the style sheet decides what a size shows."""
        yield self._status
        yield self._tabs
        yield Container(self._graph, self._node, self._scores, self._proposals, id="panes")
        yield self._footer
        yield self._too_small

    def on_mount(self) -> None:
        """Begin at the graph."""
        self._footer.mode = self._mode
        for number, (pane, name) in enumerate(PANES, 1):
            self.query_one(f"#{pane}").border_title = Content(f"{number} {name}")
        self.watch_current(self.current)
        self._graph.focus()

    def watch_view(self, view: RunView) -> None:
        """Hand the view down."""
        self._hand_down(view)

    def watch_elapsed_s(self, elapsed_s: int) -> None:
        """Hand the time down."""
        self._status.elapsed_s = elapsed_s

    def watch_behind(self, behind: bool) -> None:
        """Hand the lag down."""
        self._status.behind = behind

    def watch_current(self, current: str) -> None:
        """Show the current pane where only one fits."""
        for pane in (self._graph, self._node, self._proposals, self._scores):
            pane.set_class(pane.id == current, "current")
        self._tabs.current = current
        self._hand_down(self.view)

    def on_resize(self) -> None:
        """Catch up on panes that were hidden before."""
        self.call_after_refresh(lambda: self._hand_down(self.view))

    def _hand_down(self, view: RunView) -> None:
        """Give the view to what is visible; a hidden pane gets it when it is shown."""
        for widget in (
            self._status, self._footer, self._too_small, self._graph, self._node, self._proposals, self._scores,
        ):  # fmt: skip
            if widget.display:
                widget.view = view

    def action_pane(self, pane: str) -> None:
        """Go to a pane."""
        self.current = pane
        self.set_focus(self.query_one(f"#{pane}"))

    def action_move(self, by: int) -> None:
        """Move by rows in the current pane."""
        pane = self._pane
        if isinstance(pane, RowList):
            pane.action_move(by)
        else:
            pane.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        pane = self._pane
        if isinstance(pane, RowList):
            pane.action_page(by)
        else:
            pane.scroll_relative(y=by * max(1, pane.size.height - 1), animate=False)

    def action_first(self) -> None:
        """Go to the beginning."""
        pane = self._pane
        if isinstance(pane, RowList):
            pane.action_first()
        else:
            pane.scroll_home(animate=False)

    def action_last(self) -> None:
        """Go to the end."""
        pane = self._pane
        if isinstance(pane, RowList):
            pane.action_last()
        else:
            pane.scroll_end(animate=False)

    @property
    def _pane(self) -> Widget:
        return self.query_one(f"#{self.current}")

    def action_next_pane(self) -> None:
        """Go to the pane after the current one."""
        self.action_pane(_ORDER[(_ORDER.index(self.current) + 1) % len(_ORDER)])

    def action_previous_pane(self) -> None:
        """Go to the pane before the current one."""
        self.action_pane(_ORDER[(_ORDER.index(self.current) - 1) % len(_ORDER)])

    def action_detail(self) -> None:
        """Open what is selected: in the graph a node, else a proposal, if there is one."""
        chosen = self._graph.chosen if self._pane is self._graph else None
        if chosen is not None:
            self._open_node(chosen)
        elif self._pane is not self._graph and self._proposals.current is not None:
            self._open_proposal(self._proposals.current)

    def _open_node(self, name: str) -> None:
        if self._graph.current != name:  # a mention: go to the node itself
            self._graph.move_to(name)
        else:
            self.action_pane("node")

    def _open_proposal(self, key: str) -> None:
        proposal = self.view.proposals.find(key)
        if proposal is not None:
            self.app.push_screen(DetailScreen(proposal))  # pyright: ignore[reportUnknownMemberType] - of any app

    def on_descendant_focus(self) -> None:
        """Follow a focus that a click moved."""
        focused = self.focused
        if focused is not None and focused.id in _ORDER:
            self.current = focused.id

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.sender is self._graph:
            self._node.node = event.key

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        if event.sender is self._proposals:
            self._open_proposal(event.key)
        else:
            self._open_node(event.key)
