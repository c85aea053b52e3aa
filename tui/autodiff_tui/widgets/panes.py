"""The panes of a run, arranged by the room there is."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size

from autodiff_tui.view import RunView

from .graph_tree import GraphTree
from .log_list import LogList
from .node_pane import NodePane
from .proposal_table import ProposalTable
from .row_list import RowList
from .score_chart import ScoreChart
from .spend_table import SpendTable
from .step_table import StepTable
from .strips import PANES

ORDER = tuple(pane for pane, _ in PANES)
CORNER = ("scores", "steps", "spend", "log")
"""Panes that share a corner where four fit: the one that was looked at last has it."""
_LINES = ("steps", "spend", "log")
"""Those of them whose lines need more of the width than the chart."""
Pane = GraphTree | NodePane | ProposalTable | ScoreChart | StepTable | SpendTable | LogList
Layout = Literal["-one", "-four", "-all"]
_LAYOUTS: tuple[Layout, ...] = ("-one", "-four", "-all")


def layout_for(size: Size, *, zoomed: bool) -> Layout:
    """Return how many panes a screen of ``size`` shows."""
    if zoomed or size.width < 100 or size.height < 28:
        return "-one"
    return "-all" if size.width >= 180 and size.height >= 40 else "-four"


class Panes(Container):
    """One pane, four, or all seven; what is hidden is not drawn and hears of nothing until it is shown."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.graph = GraphTree(id="graph", classes="pane")
        self.node = NodePane(id="node", classes="pane")
        self.proposals = ProposalTable(id="proposals", classes="pane")
        self.scores = ScoreChart(id="scores", classes="pane cornered corner")
        self.steps = StepTable(id="steps", classes="pane cornered")
        self.spend = SpendTable(id="spend", classes="pane cornered")
        self.log_list = LogList(id="log", classes="pane cornered")
        self._current = "graph"
        self._view = RunView()

    def compose(self) -> ComposeResult:
        """Order them as the grid fills."""
        yield from (self.graph, self.node, self.scores, self.steps, self.spend, self.log_list, self.proposals)

    def on_mount(self) -> None:
        """Name them."""
        for number, (pane, name) in enumerate(PANES, 1):
            self.pane(pane).border_title = Content(f"{number} {name}")
        self.go(self._current)

    @property
    def every(self) -> tuple[Pane, ...]:
        """The panes in the order of their keys."""
        return self.graph, self.node, self.proposals, self.scores, self.steps, self.spend, self.log_list

    @property
    def current(self) -> Pane:
        """The pane that has the focus, or is shown where only one fits."""
        return self.pane(self._current)

    @property
    def copyable(self) -> str:
        """The raw text that the current pane is about: the node's, the proposal's, a log entry's, a row."""
        pane = self.current
        if pane is self.proposals:
            proposal = self._view.proposals.find(self.proposals.current or "")
            return "\n\n".join(change.value for change in proposal.changes) if proposal is not None else ""
        if isinstance(pane, RowList) and pane is not self.graph:
            return pane.copyable
        return self.node.copyable

    @property
    def idle(self) -> frozenset[str]:
        """The ids of actions that find nothing to act on in the current pane, or in the node."""
        pane, node = self.current, self.node
        without = {
            "filter": isinstance(pane, RowList | NodePane),
            "detail": bool(pane.rows) if isinstance(pane, RowList) else self.proposals.current is not None,
            "copy_text": bool(self.copyable),
            "read_text": bool(self.copyable),
            "cycle_diff": node.node in self._view.texts,
            "previous": node.can_turn(-1),
            "next": node.can_turn(1),
            "next_change": node.has_change(1),
            "previous_change": node.has_change(-1),
        }
        return frozenset(action for action, something in without.items() if not something)

    def pane(self, name: str) -> Pane:
        """Return the pane called ``name``."""
        return self.every[ORDER.index(name)]

    def go(self, name: str) -> None:
        """Make a pane the current one."""
        self._current = name
        for pane in self.every:
            pane.set_class(pane.id == name, "current")
            if name in CORNER and pane.id in CORNER:
                pane.set_class(pane.id == name, "corner")
        if name in CORNER:
            self.set_class(name in _LINES, "-lines")
        self.pane(name).view = self._view  # at once: the next key may open a row of it
        self.call_after_refresh(self.hand_down, None)

    def lay_out(self, layout: Layout) -> None:
        """Show one pane, four, or all."""
        for name in _LAYOUTS:
            self.set_class(name == layout, name)
        self.call_after_refresh(self.hand_down, None)

    def hand_down(self, view: RunView | None) -> None:
        """Give a new view, or the last one, to what is visible."""
        self._view = view if view is not None else self._view
        for pane in self.every:
            if pane.display:
                pane.view = self._view
