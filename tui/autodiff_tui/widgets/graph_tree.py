"""The program's graph with its live counts."""

from __future__ import annotations

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive

from autodiff_tui.safe import one_line
from autodiff_tui.view import GraphView, NodeCalls, RoleCalls, RunView

from .graph_outline import MAX_DEPTH, OutlineRow, outline
from .paint import ACCENT, GOOD, MUTED, PLAIN, STRONG, TRAINED, WARN, Line, Part, longest, spread
from .paint import width as wide
from .row_list import Row, RowList

_SIGNS = ("→ forward ← backward · ∇ feedback", "→ forward ← back ∇ feedback", "∇ feedback")
_TRAINED = ("text", "demos")
_NAME_CELLS = 16
"""Of a row, for the name of a node and its newest count: guides stop before them."""


class GraphTree(RowList):
    """Loss at the top, below each node what feeds it; choosing a mention of a node goes to the node itself."""

    empty_text = "comes with the first example"

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._graph: GraphView | None = None
        self._depth = 0
        self._outline: tuple[OutlineRow, ...] = ()
        self._titles = ("", "")
        self._placed = False

    def watch_view(self, view: RunView) -> None:
        """Show the counts, and the graph if it grew."""
        self._show(view)

    def on_resize(self, event: Resize) -> None:
        """Align the counts to the new width."""
        super().on_resize(event)
        self._show(self.view)

    def _show(self, view: RunView) -> None:
        width = max(10, self.row_width)
        depth = min(MAX_DEPTH, max(2, (width - _NAME_CELLS) // 2))
        if view.graph is not self._graph or depth != self._depth:
            self._graph, self._depth, self._outline = view.graph, depth, outline(view.graph, depth)
        rows = [self._row(row, index, view, width) for index, row in enumerate(self._outline)]
        kinds = {name: node.kind for name, node in view.graph.nodes.items()}
        texts = [name for of in _TRAINED for name, kind in kinds.items() if kind == of]
        if not self._placed and texts:
            self._placed, self.cursor = True, texts[0]  # what is trained is what one wants to see first
            self.post_message(self.Moved(self, self.cursor))
        self.set_rows(rows)
        count = f" · {len(view.graph.nodes)} nodes" if view.graph.nodes else ""
        titles = f"1 Graph{count}", longest(_SIGNS, self.outer_size.width - 6) if count else ""
        if titles != self._titles:
            self._titles = titles
            self.border_title, self.border_subtitle = Content(titles[0]), Content(titles[1])

    def _row(self, row: OutlineRow, index: int, view: RunView, width: int) -> Row:
        name = one_line(row.name, 80)
        if row.mention == "cut":
            return Row(f"#{index}", ((name, MUTED),))
        if row.mention != "node":
            glyph = "↻" if row.mention == "loop" else "↗"
            line: Line = ((row.guides, MUTED), (f"{glyph} {name}", MUTED), (_skip(row), MUTED))
            return Row(f"#{index}", line, target=row.name)
        node = view.graph.nodes[row.name]
        calls = view.traffic.nodes.get(row.name) or NodeCalls()
        times = f" ×{node.calls}" if node.calls > 1 else ""
        glyph, style = _status(node.kind, calls)
        left: Line = ((row.guides, MUTED), (f"{glyph} ", style), (name, _name_style(node.kind)), (times, MUTED))
        return Row(row.name, both_ends((*left, (_skip(row), MUTED)), _counts(row.name, view), width))


def both_ends(left: Line, right: Line, cells: int) -> Line:
    """Return both ends of a row: the name is whole before the counts are, of which the newest stays the longest."""
    while len(right) > 1 and wide(left) + 1 + wide(right) > cells:
        right = right[1:]
    return spread(left, right, cells)


def _skip(row: OutlineRow) -> str:
    return " (skip)" if row.skip else ""


def _name_style(kind: str) -> str:
    return TRAINED if kind in _TRAINED else STRONG if kind in ("answer", "loss") else PLAIN


def _status(kind: str, calls: NodeCalls) -> Part:
    if kind in _TRAINED:
        return "✎", ACCENT
    if calls.running:
        return "◐", WARN
    if calls.done:
        return "●", GOOD
    return {"loss": ("∑", MUTED), "function": ("ƒ", MUTED), "retrieved": ("ƒ", MUTED)}.get(kind, ("·", MUTED))


def _counts(name: str, view: RunView) -> Line:
    """The right end of a row: calls open and done, versions of a trained text, feedback of this step."""
    parts: list[Part] = []
    if name not in view.texts:  # a text's own calls are the optimizer's: its versions tell more
        parts.extend(_calls(view, name))
    elif (view.traffic.nodes.get(name) or NodeCalls()).running:
        parts.append((" being rewritten", WARN))
    text = view.texts.get(name)
    if text is not None and text.versions:
        parts.append((f" v{len(text.versions) + 1}", GOOD))
    said = view.feedback.get(name)
    if said:
        newest = said[-1].step
        pieces = 0
        while pieces < len(said) and said[-1 - pieces].step == newest:
            pieces += 1
        parts.append((f" ∇{pieces}", ACCENT if newest == view.step else MUTED))
    return tuple(parts)


def _calls(view: RunView, name: str) -> Line:
    """Calls forward and backward apart: done, and how many are open."""
    forward, backward = RoleCalls(), RoleCalls()
    for role in ("task", "teacher", "judge", "outside"):
        forward = _added(forward, view.traffic.parts.get((role, name)))
    backward = _added(backward, view.traffic.parts.get(("backward", name)))
    parts: list[Part] = []
    for arrow, calls in (("→", forward), ("←", backward)):
        if calls.open:
            parts.append((f" {calls.open} open", WARN))
        if calls.made + calls.cached:
            parts.append((f" {calls.made + calls.cached:,}{arrow}", MUTED))
    return tuple(parts)


def _added(so_far: RoleCalls, more: RoleCalls | None) -> RoleCalls:
    if more is None:
        return so_far
    return RoleCalls(so_far.made + more.made, so_far.cached + more.cached, open=so_far.open + more.open)
