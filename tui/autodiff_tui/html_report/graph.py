"""The program's graph: as a drawing where it is small enough to be read, and always as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from autodiff_tui.safe import one_line
from autodiff_tui.view import GraphView, RoleCalls, RunView

from .layers import Layered, Route, is_bend, layered
from .tables import Capped, first

_MOST_DRAWN = 60
_MOST_ROWS = 500
_BOX, _GAP, _LAYER, _MARGIN = 40, 18, 84, 8
_BEND = 6
_TRAINED = ("text", "demos")


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node: how often an example calls it at most, the calls of the whole run, and feedback on it."""

    name: str
    kind: str
    role: str
    times: int
    calls: int
    feedback: int
    fed_by: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place in the drawing, with the first lines of what it is."""

    x: float
    y: float
    width: float
    height: float
    name: str
    kind: str
    look: str
    """``trained``, ``plain`` or ``loss``."""
    title: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge: its path, its head, and whether it is a skip connection or closes a loop."""

    path: str
    head: str
    look: str
    """``flow``, ``skip`` or ``loop``."""
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The graph from top to bottom, in pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class GraphPart:
    """All about the graph; a drawing where there is one."""

    drawing: Drawing | None
    nodes: Capped[NodeRow]


def graph_of(view: RunView) -> GraphPart | None:
    """Return the graph as far as the run has come to know it; None before the first example."""
    graph = view.graph
    if not graph.nodes:
        return None
    rows = [_row(view, name) for name in graph.nodes]
    drawing = _drawing(graph) if len(graph.nodes) <= _MOST_DRAWN else None
    return GraphPart(drawing, first(rows, _MOST_ROWS, "node"))


def _row(view: RunView, name: str) -> NodeRow:
    node = view.graph.nodes[name]
    done = [calls for (_, of), calls in view.traffic.parts.items() if of == name]
    fed = [edge.source + (" (skip)" if edge.skip else "") for edge in view.graph.edges.values() if edge.target == name]
    said = len(view.feedback.get(name) or ())
    return NodeRow(name, node.kind, node.role, node.calls, sum(map(_calls, done)), said, ", ".join(fed))


def _calls(calls: RoleCalls) -> int:
    return calls.made + calls.cached


def _drawing(graph: GraphView) -> Drawing:
    known = [edge for edge in graph.edges.values() if edge.source in graph.nodes and edge.target in graph.nodes]
    laid = layered(tuple(graph.nodes), [(edge.source, edge.target) for edge in known])
    skips = {(edge.source, edge.target): edge.skip for edge in known}
    middles, width = _middles(laid)
    boxes = tuple(
        _box(graph, name, middles[name], level)
        for level, places in enumerate(laid.layers)
        for name in places
        if not is_bend(name)
    )
    levels = {name: level for level, places in enumerate(laid.layers) for name in places}
    arrows = tuple(_arrow(route, middles, levels, skip=skips[route.source, route.target]) for route in laid.routes)
    height = (len(laid.layers) - 1) * _LAYER + _BOX + 2 * _MARGIN
    flows = "; ".join(f"{route.source} feeds {route.target}" for route in laid.routes)
    return Drawing(width, height, boxes, arrows, f"{len(boxes)} nodes. {flows}")


def _middles(laid: Layered) -> tuple[dict[str, float], int]:
    """Where each place stands from left to right, every layer centred, and how wide the drawing is."""
    widths = [[_BEND if is_bend(name) else _width(name) for name in places] for places in laid.layers]
    totals = [sum(row) + _GAP * (len(row) - 1) for row in widths]
    widest = max(totals)
    middles: dict[str, float] = {}
    for places, row, total in zip(laid.layers, widths, totals, strict=True):
        x = _MARGIN + (widest - total) / 2
        for name, width in zip(places, row, strict=True):
            middles[name] = round(x + width / 2, 1)
            x += width + _GAP
    return middles, round(widest + 2 * _MARGIN)


def _width(name: str) -> float:
    return min(220.0, max(84.0, 7.6 * len(_short(name)) + 22))


def _short(name: str) -> str:
    return one_line(name, 26)


def _box(graph: GraphView, name: str, middle: float, level: int) -> Box:
    node = graph.nodes[name]
    width = _width(name)
    times = f" ×{node.calls}" if node.calls > 1 else ""
    itself = " ↻" if any(edge.source == name == edge.target for edge in graph.edges.values()) else ""
    look = "trained" if node.kind in _TRAINED else "loss" if node.kind == "loss" else "plain"
    y = _MARGIN + level * _LAYER
    title = f"{name}: {node.kind}, {node.role}" if node.role else f"{name}: {node.kind}"
    x = round(middle - width / 2, 1)
    return Box(x, y, width, _BOX, _short(name), f"{one_line(node.kind, 20)}{times}{itself}", look, title)


def _arrow(route: Route, middles: dict[str, float], levels: dict[str, int], *, skip: bool) -> Arrow:
    shift = 12.0 if route.reversed else 0.0  # beside the edge that it answers, where there is one
    points = list(_points(route, middles, levels, shift))
    path = f"M{points[0][0]} {points[0][1]}"
    for (x, y), (to_x, to_y) in pairwise(points):
        half = (y + to_y) / 2
        path += f"C{x} {half} {to_x} {half} {to_x} {to_y}"
    x, y = points[0] if route.reversed else points[-1]
    wing = 8 if route.reversed else -8
    head = f"{x},{y} {x - 4},{y + wing} {x + 4},{y + wing}"
    look = "loop" if route.reversed else "skip" if skip else "flow"
    words = {"loop": " (back, in a loop)", "skip": " (skip connection)", "flow": ""}[look]
    return Arrow(path, head, look, f"{route.source} feeds {route.target}{words}")


def _points(
    route: Route, middles: dict[str, float], levels: dict[str, int], shift: float
) -> Iterator[tuple[float, float]]:
    for place in route.places:
        top = _MARGIN + levels[place] * _LAYER
        x = middles[place] + shift
        if place != route.places[0]:
            yield x, top
        if place != route.places[-1]:
            yield x, top + _BOX
