"""A graph in layers: every node above what it feeds, edges over several layers cut into pieces, few crossings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Route:
    """An edge through the layers: names of places from the upper end to the lower one.

    ``reversed`` edges close a loop: they run from the lower end to the upper one.
    """

    source: str
    target: str
    places: tuple[str, ...]
    reversed: bool


@dataclass(frozen=True, slots=True)
class Layered:
    """The layers, top first, each from left to right; a place that is no node is a bend of an edge."""

    layers: tuple[tuple[str, ...], ...]
    routes: tuple[Route, ...]


def layered(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> Layered:
    """Return the layers of ``nodes``; costs time in proportion to nodes and edges times layers; no recursion.

    The same for the same input, whatever the hash seed. Edges from a node to itself are left out.
    """
    straight = list(dict.fromkeys((a, b) for a, b in edges if a != b))
    back = _closing(nodes, straight)
    down = [((b, a) if (a, b) in back else (a, b)) for a, b in straight]
    depth = _depths(nodes, down)
    levels: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    deepest = len(levels) - 1
    for name in nodes:
        levels[deepest - depth[name]].append(name)
    routes: list[Route] = []
    for number, ((source, target), (upper, lower)) in enumerate(zip(straight, down, strict=True)):
        between = range(deepest - depth[upper] + 1, deepest - depth[lower])
        bends = [f"\0bend {number} {level}" for level in between]
        for level, bend in zip(between, bends, strict=True):
            levels[level].append(bend)
        routes.append(Route(source, target, (upper, *bends, lower), (source, target) in back))
    return Layered(_untangled(levels, routes), tuple(routes))


def is_bend(place: str) -> bool:
    """Return whether a place is a bend of an edge and no node."""
    return place.startswith("\0bend ")


def _closing(nodes: Sequence[str], edges: Iterable[tuple[str, str]]) -> dict[tuple[str, str], None]:
    """The edges that lead back to where a walk from the sources came from."""
    after: dict[str, list[str]] = {name: [] for name in nodes}
    fed: dict[str, None] = {}
    for source, target in edges:
        after[source].append(target)
        fed[target] = None
    closing: dict[tuple[str, str], None] = {}
    done: dict[str, bool] = {}
    for root in (*(name for name in nodes if name not in fed), *nodes):
        stack = [(root, iter(after[root]))] if root not in done else []
        done.setdefault(root, False)
        while stack:
            name, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done[name] = True
                stack.pop()
            elif following not in done:
                done[following] = False
                stack.append((following, iter(after[following])))
            elif not done[following]:
                closing[name, following] = None
    return closing


def _depths(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The longest way from each node to an end: so that what feeds a node stands right above it."""
    before: dict[str, list[str]] = {name: [] for name in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for source, target in edges:
        before[target].append(source)
        waiting[source] += 1
    depth = dict.fromkeys(nodes, 0)
    ready = [name for name in nodes if not waiting[name]]
    for name in ready:  # grows while it is read: an order from the ends upward
        for source in before[name]:
            depth[source] = max(depth[source], depth[name] + 1)
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    return depth


def _untangled(levels: list[list[str]], routes: Sequence[Route]) -> tuple[tuple[str, ...], ...]:
    """Order each layer by the middle of its neighbours, downward and upward in turn."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for route in routes:
        for upper, lower in pairwise(route.places):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        order = range(1, len(levels)) if down else range(len(levels) - 2, -1, -1)
        for level in order:
            _sort(levels[level], levels[level - 1 if down else level + 1], above if down else below)
    return tuple(tuple(level) for level in levels)


def _sort(level: list[str], fixed: Sequence[str], neighbours: Mapping[str, Sequence[str]]) -> None:
    places = {name: (index + 0.5) / len(fixed) for index, name in enumerate(fixed)}
    here = {name: (index + 0.5) / len(level) for index, name in enumerate(level)}

    def middle(name: str) -> float:
        found = [places[other] for other in neighbours.get(name, ()) if other in places]
        return sum(found) / len(found) if found else here[name]

    level.sort(key=middle)  # stable: equals keep their order
