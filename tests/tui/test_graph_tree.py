"""The graph as a person sees it at the width of its pane."""

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult

from autodiff_engine.events import EdgeInfo, NodeInfo
from autodiff_tui.view import GraphView, RunView
from autodiff_tui.widgets.graph_tree import GraphTree
from autodiff_tui.widgets.paint import plain

EDGES = [edge for n in range(40) for edge in ((f"text{n}", f"call{n}"), (f"call{n + 1}", f"call{n}"))]
NAMES = ["call0", *(name for n in range(40) for name in (f"text{n}", f"call{n + 1}"))]
CHAIN = GraphView(
    {name: NodeInfo(name, "text" if name[0] == "t" else "function", "", 1) for name in NAMES},
    {(source, target, False): EdgeInfo(source, target, False) for source, target in EDGES},
)
"""A program of 40 calls, each with a text of its own, one after the other."""


class Alone(App[None]):
    """The tree and nothing else."""

    def compose(self) -> ComposeResult:
        """Give it the whole terminal."""
        yield GraphTree(id="graph")


@pytest.mark.parametrize("cells", [30, 48, 80, 120])
async def test_a_deep_chain_leaves_each_row_its_name_and_says_who_feeds_whom_by_its_last_guide(cells: int) -> None:
    async with Alone().run_test(size=(cells, 100)) as pilot:
        tree = pilot.app.query_one(GraphTree)
        tree.view = replace(RunView(), graph=CHAIN)
        await pilot.pause()
        rows = [plain((row.line,)) for row in tree.rows]

    assert len(rows) == 81
    for n in range(40):
        (text,) = [row for row in rows if f" text{n} " in f"{row} "]
        (call,) = [row for row in rows if f" call{n + 1} " in f"{row} "]
        assert text.lstrip(" │").startswith("├ ")
        assert call.lstrip(" │").startswith("└ ")
        assert rows.index(text) == rows.index(call) - 1
