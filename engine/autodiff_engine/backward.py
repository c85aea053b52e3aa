"""Feedback on an answer -> feedback on the texts that caused it, through any graph of calls (eq. 5, 7, 8, 9, 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .concurrency import in_order
from .graph import Feedback, Kind, Node, reached_by_texts, topological

_Key = tuple[int, bool, bool, str]
"""What makes two pieces about one node equal: call, blame, praise, and the words whatever their case and spacing."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a critic says about one target: at most three sentences, and whether the target is to blame.

    ``count`` is how many equal pieces it stands for, when it was passed through. ``right`` is ``Feedback``'s, set by
    ``backward``: what follows from praise alone is praise. ``left_out`` counts the characters that did not fit the
    prompt that asked for it.
    """

    text: str
    to_blame: bool
    how: str
    count: int = 1
    right: bool = False
    left_out: int = 0


class Critic(Protocol):
    """Tells, of one call or step, which of its predecessors are to blame for what is wrong with its output."""

    async def blame(
        self, node: Node, feedback: Sequence[Feedback], targets: Sequence[Node], *, calls: int
    ) -> Mapping[Node, Said]:
        """Return what is to be said about each of ``targets``, none left out.

        ``calls`` is how often ``node.name`` was called on this example.

        Raises:
            ModelRefused, ModelUnavailable: No feedback can be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of feedback and the node it is about."""

    target: Node
    feedback: Feedback


async def backward(seeds: Sequence[Piece], critic: Critic, *, beside: Sequence[Node] = ()) -> tuple[Piece, ...]:
    """Carry ``seeds``, what the losses say of nodes of one example, to every node that a trained text is or leads to.

    Works level by level from the seeds: a node is asked about only when the feedback of all of its successors is
    complete, whichever losses that comes from, and once for all of them; the calls of one level run at once. A step
    that is not an LLM passes feedback through when exactly one of its predecessors can carry any, without a call
    (eq. 7). A node that nobody blames opens no call. Nothing is written into nodes: two passes over one graph give
    equal results.

    ``beside`` are further nodes of the example, which only count when it is said how often a name was called.

    Returns the seeds, then the pieces in reverse topological order of the node that said them, then in its edge order;
    equal pieces about the same call of the same target are one, with their count.
    """
    carriers = reached_by_texts(topological([each.target for each in seeds]))
    pieces = [each for each in seeds if each.target in carriers]
    if not pieces:
        return ()
    roots = list(dict.fromkeys(each.target for each in pieces))
    order = topological(roots)
    calls = _calls_by_name([*order, *beside])
    heard = _Heard()
    for each in pieces:
        heard.add(each.target, each.feedback)
    example = pieces[0].feedback.example
    for level in _levels(roots, order, carriers):
        asked = [node for node in level if any(each.to_blame for each in heard.about(node))]
        jobs = [lambda node=node: _blame(critic, node, heard.about(node), carriers, calls[node.name]) for node in asked]
        for node, said in zip(asked, await in_order(jobs), strict=True):
            for target, word in said:
                t = node.t if target.kind is Kind.TEXT else target.t
                feedback = Feedback(
                    example,
                    t,
                    node.name,
                    word.text,
                    word.how,
                    word.to_blame,
                    word.count,
                    right=word.right,
                    left_out=word.left_out,
                )
                heard.add(target, feedback, sent=target in node.parents)
                pieces.append(Piece(target, feedback))
    return heard.merged(pieces)


async def _blame(
    critic: Critic, node: Node, feedback: tuple[Feedback, ...], carriers: Mapping[Node, None], calls: int
) -> list[tuple[Node, Said]]:
    targets = tuple(each for each in node.predecessors if each in carriers)
    blaming = tuple(each for each in feedback if each.to_blame)
    if node.kind is not Kind.ANSWER and len(targets) == 1:
        return [(targets[0], Said(each.text, True, "pass-through", each.count, each.right)) for each in blaming]
    said = await critic.blame(node, blaming, targets, calls=calls)
    right = all(each.right for each in blaming)
    return [(target, replace(said[target], right=right)) for target in targets]


def _levels(roots: Sequence[Node], order: Sequence[Node], carriers: Mapping[Node, None]) -> list[list[Node]]:
    """Return the carriers that can pass feedback on, by their longest distance from any of ``roots``, each once."""
    depth: dict[Node, int] = dict.fromkeys(roots, 0)
    for node in reversed(order):  # a node stands after all of its successors here, so its depth is final
        for parent in node.predecessors:
            if parent in carriers:
                depth[parent] = max(depth.get(parent, 0), depth[node] + 1)
    levels: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in reversed(order):
        if node in depth and node.kind is not Kind.TEXT:
            levels[depth[node]].append(node)
    return levels


class _Heard:
    """What was said of each node, equal pieces merged (§3.3.1); of one backward pass."""

    def __init__(self) -> None:
        self._pieces: dict[Node, dict[_Key, Feedback]] = {}
        self._sent: set[tuple[Node, _Key]] = set()

    def about(self, node: Node) -> tuple[Feedback, ...]:
        return tuple(self._pieces.get(node, {}).values())

    def add(self, target: Node, feedback: Feedback, *, sent: bool = False) -> None:
        """Add a piece, or count it with an equal one; ``sent`` where what said it was sent ``target``.

        Of equal pieces the first speaks for all, but one that was sent the target before one that a skip connection
        leads back from: calls are told in their order, and that step comes after all of them.
        """
        pieces, key = self._pieces.setdefault(target, {}), _normalised(feedback)
        known = pieces.get(key)
        speaks = known if known is not None and (not sent or (target, key) in self._sent) else feedback
        pieces[key] = replace(speaks, count=feedback.count + (known.count if known is not None else 0))
        if sent:
            self._sent.add((target, key))

    def merged(self, pieces: Sequence[Piece]) -> tuple[Piece, ...]:
        """Return ``pieces``, of equal ones the first place alone, with what speaks for all."""
        once: dict[tuple[Node, _Key], Piece] = {}
        for piece in pieces:
            key = _normalised(piece.feedback)
            once.setdefault((piece.target, key), Piece(piece.target, self._pieces[piece.target][key]))
        return tuple(once.values())


def _normalised(feedback: Feedback) -> _Key:
    return feedback.t, feedback.to_blame, feedback.right, " ".join(feedback.text.lower().split())


def _calls_by_name(order: Sequence[Node]) -> dict[str, int]:
    calls: dict[str, int] = {}
    for node in order:
        calls[node.name] = max(calls.get(node.name, 0), node.t)
    return calls
