"""A program's graph as an outline: the loss at the root, below each node what feeds it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from autodiff_tui.view import GraphView

MAX_ROWS = 500
MAX_DEPTH = 24


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """A place in the outline; ``guides`` are the lines that lead to it.

    A node stands where the outline comes to it first; another mention is ``shared``, and one below itself a ``loop``.
    """

    name: str
    guides: str
    mention: Literal["node", "shared", "loop", "cut"]
    skip: bool = False


def outline(graph: GraphView, depth: int = MAX_DEPTH) -> tuple[OutlineRow, ...]:
    """Return the outline; every node of the graph is in it once as itself, up to ``MAX_ROWS`` rows.

    What is more than ``depth`` below its root goes straight down: a long chain leaves its names room.
    """
    below: dict[str, list[tuple[str, bool]]] = {name: [] for name in graph.nodes}
    fed: dict[str, None] = {}
    for edge in graph.edges.values():
        if edge.source in below and edge.target in below:
            below[edge.target].append((edge.source, edge.skip))
            fed[edge.source] = None
    losses = [name for name, node in graph.nodes.items() if node.kind == "loss"]
    sinks = [name for name in graph.nodes if name not in fed and name not in losses]
    seen: dict[str, None] = {}
    rows: list[OutlineRow] = []
    for root in (*losses, *sinks, *graph.nodes):  # the last ones: what only a cycle leads to
        if root not in seen:
            _visit(root, below, seen, rows, depth)
    if len(rows) > MAX_ROWS:
        return (*rows[:MAX_ROWS], OutlineRow(f"… {len(rows) - MAX_ROWS:,} more", "", "cut"))
    return tuple(rows)


def _visit(
    root: str, below: dict[str, list[tuple[str, bool]]], seen: dict[str, None], rows: list[OutlineRow], depth: int
) -> None:
    """Walk what feeds ``root``, first to last; no recursion, since a graph may be a chain of thousands."""
    stack: list[tuple[str, tuple[str, ...], str, str, bool]] = [(root, (), "", "", False)]
    while stack:
        name, path, guides, indent, skip = stack.pop()
        if name in seen:
            rows.append(OutlineRow(name, guides, "loop" if name in path else "shared", skip))
            continue
        seen[name] = None
        rows.append(OutlineRow(name, guides, "node", skip))
        deep = len(path) >= depth
        path = (*path[-MAX_DEPTH:], name)
        children = list(dict.fromkeys(below[name]))
        for index, (child, skips) in reversed(list(enumerate(children))):
            last = index == len(children) - 1
            lead = indent + ("└ " if last else "├ ")
            trunk = indent if deep else indent + ("  " if last else "│ ")
            stack.append((child, path, lead, trunk, skips))
