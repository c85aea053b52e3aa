import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.synthetic import given as input_of
from tests.synthetic import made_of, reply_of, text

from autodiff_engine.graph import Kind, Node, reached_by_texts, topological

ROOT = Path(__file__).parents[2]


@st.composite
def dags(draw: st.DrawFn, most: int = 12) -> list[Node]:
    """Nodes in an order in which parents stand first; edges and skips at random."""
    nodes: list[Node] = []
    for i in range(draw(st.integers(1, most))):
        some = st.lists(st.sampled_from(nodes), max_size=4) if nodes else st.just([])
        parents, skips = tuple(draw(some)), tuple(draw(some))
        nodes.append(made_of(f"n{i}", *parents, skips=skips) if parents or draw(st.booleans()) else text(f"n{i}"))
    return nodes


def ancestors(node: Node) -> list[Node]:
    """By brute force."""
    return list(dict.fromkeys([each for parent in node.predecessors for each in ancestors(parent)] + [node]))


@settings(max_examples=50)
@given(dags())
def test_every_ancestor_is_there_once_and_parents_first(nodes: list[Node]) -> None:
    root = nodes[-1]
    order = topological([root])
    place = {node: i for i, node in enumerate(order)}
    assert len(place) == len(order)
    assert set(place) == set(ancestors(root))
    assert all(place[parent] < place[node] for node in order for parent in node.predecessors)


@settings(max_examples=50)
@given(dags())
def test_several_roots_give_the_ancestors_of_all_of_them_once(nodes: list[Node]) -> None:
    order = topological(nodes)
    assert len(order) == len(nodes)
    assert set(order) == set(nodes)


@settings(max_examples=50)
@given(dags())
def test_a_node_is_reached_exactly_when_a_text_is_among_its_ancestors(nodes: list[Node]) -> None:
    order = topological([nodes[-1]])
    expected = [node for node in order if any(each.kind == "text" for each in ancestors(node))]
    assert list(reached_by_texts(order)) == expected


def test_a_chain_of_5000_nodes_needs_no_recursion() -> None:
    node = text("start")
    for t in range(1, 5_000):
        node = made_of("next", node, t=t)
    order = topological([node])
    assert len(order) == 5_000
    assert len(reached_by_texts(order)) == 5_000


def test_a_wide_graph_of_many_edges_is_walked_once() -> None:
    layer: list[Node] = [input_of(f"x{i}") for i in range(40)]
    for depth in range(20):
        layer = [reply_of(f"l{depth}.{i}", *layer) for i in range(40)]
    assert len(topological(layer)) == 40 * 21


def test_a_parent_that_is_named_twice_or_is_a_skip_too_is_one_predecessor() -> None:
    start = text("task")
    node = made_of("f", start, start, skips=(start,))
    assert node.predecessors == (start,)


def test_the_order_is_the_same_whatever_the_hash_seed() -> None:
    script = (
        "from tests.synthetic import *\n"
        "from autodiff_engine.graph import topological, reached_by_texts\n"
        "ts = [text(f't{i}') for i in range(6)]\n"
        "ns = [reply_of(f'n{i}', *ts[i % 3 :], given(f'q{i}')) for i in range(6)]\n"
        "root = made_of('root', *reversed(ns), skips=tuple(ts))\n"
        "order = topological([root])\n"
        "print([n.name for n in order], [n.name for n in reached_by_texts(order)])\n"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(seen) == 1
    assert "root" in seen.pop()


def test_demos_lead_feedback_nowhere() -> None:
    shots = Node("shots", Kind.DEMOS, "shows examples", "Q A")
    first = reply_of("query", shots)
    assert reached_by_texts(topological([first])) == {}
    both = reply_of("answer", text("task"), shots, first)
    assert [node.name for node in reached_by_texts(topological([both]))] == ["task", "answer"]
