"""Where in a run one can go: its nodes, proposals, steps and validation examples; pure."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff_tui.view import RunView, examples_of

from .palette import Place

_MOST_PROPOSALS = 1_000
_MOST_EXAMPLES = 5_000
"""As many as runs say the inputs of."""


def places_of(view: RunView) -> Sequence[Place]:
    """Return the nodes, then the proposals and the steps from the newest on, then the validation examples."""
    nodes = [Place(f"node {name}", name, node.role) for name, node in view.graph.nodes.items()]
    made = [
        Place(f"proposal {one.key}", f"proposal {one.key}", ", ".join(change.name for change in one.changes))
        for one in view.proposals.newest_first(_MOST_PROPOSALS)
    ]
    steps = [
        Place(f"step {each.step}", f"step {each.step}", f"its proposals; it ended: {each.outcome}")
        for each in reversed(view.steps)
    ]
    examples = [
        Place(f"example {name}", f"example {name}", view.asks(name))
        for name in examples_of(view.standings)[:_MOST_EXAMPLES]
    ]
    return [*nodes, *made, *steps, *examples]
