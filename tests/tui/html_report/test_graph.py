from __future__ import annotations

import itertools
from dataclasses import replace

from tests.tui.html_report.test_page import view_of
from tests.tui.pages import Page
from tests.tui.recorded import recorded

from autodiff_engine.events import EdgeInfo, NodeInfo
from autodiff_tui.html_report import page
from autodiff_tui.html_report.graph import graph_of
from autodiff_tui.view import GraphView, RunView


def view_with(nodes: int, *edges: EdgeInfo) -> RunView:
    infos = {f"n{number}": NodeInfo(f"n{number}", "function", "does", 1) for number in range(nodes)}
    return replace(RunView(), graph=GraphView(infos, {(each.source, each.target, each.skip): each for each in edges}))


def test_every_node_and_edge_is_drawn_within_the_drawing_and_boxes_keep_apart() -> None:
    view = view_of(recorded(1))
    part = graph_of(view)

    assert part is not None
    assert part.drawing is not None
    drawing = part.drawing
    assert len(drawing.boxes) == len(view.graph.nodes)
    assert len(drawing.arrows) == len(view.graph.edges)
    for box in drawing.boxes:
        assert box.x >= 0
        assert box.x + box.width <= drawing.width
        assert box.y + box.height <= drawing.height
    rows: dict[float, list[tuple[float, float]]] = {}
    for box in drawing.boxes:
        rows.setdefault(box.y, []).append((box.x, box.x + box.width))
    for row in rows.values():
        ordered = sorted(row)
        assert all(left[1] < right[0] for left, right in itertools.pairwise(ordered))


def test_loops_skips_and_calls_are_told_apart() -> None:
    part = graph_of(view_with(3, EdgeInfo("n0", "n1", False), EdgeInfo("n1", "n0", False), EdgeInfo("n0", "n2", True)))

    assert part is not None
    assert part.drawing is not None
    assert [arrow.look for arrow in part.drawing.arrows] == ["flow", "loop", "skip"]
    assert [row.fed_by for row in part.nodes.rows] == ["n1", "n0", "n0 (skip)"]


def test_a_large_graph_is_a_table_that_is_cut_and_says_so() -> None:
    view = view_with(3000, *(EdgeInfo(f"n{number}", f"n{number + 1}", False) for number in range(2999)))

    text = Page(page(view)).text

    assert "too large to be drawn" in text
    assert "2,500 nodes left out here" in text


def test_an_edge_of_a_node_that_was_not_told_is_no_error() -> None:
    part = graph_of(view_with(1, EdgeInfo("ghost", "n0", False)))

    assert part is not None
    assert part.nodes.rows[0].fed_by == "ghost"
