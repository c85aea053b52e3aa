from __future__ import annotations

import itertools

from autodiff_tui.html_report.layers import is_bend, layered


def places(edges: list[tuple[str, str]]) -> dict[str, int]:
    nodes = list(dict.fromkeys(name for edge in edges for name in edge))
    return {name: level for level, row in enumerate(layered(nodes, edges).layers) for name in row if not is_bend(name)}


def test_every_node_stands_right_above_what_it_feeds() -> None:
    level = places([("question", "query"), ("question", "answer"), ("query", "answer"), ("format", "answer")])

    assert level == {"question": 0, "query": 1, "format": 1, "answer": 2}


def test_an_edge_over_several_layers_has_a_bend_in_each() -> None:
    laid = layered(("a", "b", "c", "d"), [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")])

    (route,) = [each for each in laid.routes if (each.source, each.target) == ("a", "d")]
    assert len(route.places) == 4
    assert all(is_bend(place) for place in route.places[1:-1])
    assert all(place in laid.layers[level] for level, place in enumerate(route.places))


def test_an_edge_that_closes_a_loop_runs_upward() -> None:
    laid = layered(("q", "query", "retrieve"), [("q", "query"), ("query", "retrieve"), ("retrieve", "query")])

    assert [(each.source, each.target, each.reversed) for each in laid.routes] == [
        ("q", "query", False), ("query", "retrieve", False), ("retrieve", "query", True)
    ]  # fmt: skip
    assert laid.routes[2].places == ("query", "retrieve")


def test_a_node_that_feeds_itself_and_a_graph_that_is_one_loop_have_their_place() -> None:
    assert layered(("a",), [("a", "a")]).layers == (("a",),)
    assert layered((), []).layers == ()
    assert places([("a", "b"), ("b", "c"), ("c", "a")]) == {"a": 0, "b": 1, "c": 2}


def test_crossings_that_need_not_be_are_undone() -> None:
    laid = layered(("a", "b", "x", "y"), [("a", "y"), ("b", "x")])

    above, below = laid.layers
    assert (above.index("a") < above.index("b")) == (below.index("y") < below.index("x"))


def test_a_chain_of_thousands_needs_no_recursion() -> None:
    chain = [f"n{number}" for number in range(5000)]

    laid = layered(chain, list(itertools.pairwise(chain)))

    assert [row for (row,) in laid.layers] == chain
