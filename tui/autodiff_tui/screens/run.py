"""The run screen: graph, node, proposals and scores; four panes, or one of them with tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen

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

_ORDER = tuple(pane for pane, _ in PANES)


class RunScreen(Screen[None]):
    """Shows a ``RunView``; what a person wants done with the run is the app's business."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("detail", "next_pane", "previous_pane", *(f"pane('{pane}')" for pane in _ORDER))
    ]
    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    elapsed_s: reactive[int] = reactive(0, layout=False, repaint=False)
    behind: reactive[bool] = reactive(False, layout=False, repaint=False)
    current: reactive[str] = reactive("graph", layout=False, repaint=False)
    """The pane that has the focus, or is shown where only one fits."""

    @dataclass
    class ProposalChosen(Message):
        """A person wants to see a proposal whole; ``key`` is its ``step.k``."""

        key: str

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
        self.query_one(f"#{pane}").focus()

    def action_next_pane(self) -> None:
        """Go to the pane after the current one."""
        self.action_pane(_ORDER[(_ORDER.index(self.current) + 1) % len(_ORDER)])

    def action_previous_pane(self) -> None:
        """Go to the pane before the current one."""
        self.action_pane(_ORDER[(_ORDER.index(self.current) - 1) % len(_ORDER)])

    def action_detail(self) -> None:
        """Open the selected proposal, if there is one: the other panes leave the key to it."""
        if self._proposals.current is not None:
            self.post_message(self.ProposalChosen(self._proposals.current))

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
            self.post_message(self.ProposalChosen(event.key))
        elif self._graph.current != event.key:  # a mention: go to the node itself
            self._graph.move_to(event.key)
        else:
            self.action_pane("node")
