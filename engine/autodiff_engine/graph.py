"""The tape: what a program computed on one example, as frozen nodes with ordered parents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a node's value is."""

    INPUT = "input"
    TEXT = "text"
    """A trained text: where feedback ends up."""
    DEMOS = "demos"
    """A trained text that holds worked examples: it gets scores, no feedback."""
    HYPERPARAMETER = "hyperparameter"
    ANSWER = "answer"
    """What an LLM replied."""
    RETRIEVED = "retrieved"
    FUNCTION = "function"
    LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Exchange:
    """How an ANSWER came about: the rendered messages, the raw reply, and what the parser took from it."""

    system: str
    user: str
    reply: str
    parsed: str | None
    """None when the reply was not in the expected format."""
    finish_reason: str
    key: str
    form: str = ""
    """In words, what the parser takes out of a reply; empty when that is not known."""
    bare: str | None = None
    """The user half without the demos that were sent: what a demo shows of this call. None when it takes no demos."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One value of the forward pass; compared by identity, never changed.

    ``parents`` are in the order in which the program named them; ``skips`` are further parents along which only
    feedback flows (skip connections, §3.3.4). ``t`` counts the calls of ``name`` on this example from 1; within
    parallel branches, until these have ended, from the beginning of the branch (``number``).
    """

    name: str
    kind: Kind
    role: str
    value: str
    t: int = 1
    parents: tuple[Node, ...] = ()
    skips: tuple[Node, ...] = ()
    exchange: Exchange | None = field(default=None, repr=False)

    @property
    def predecessors(self) -> tuple[Node, ...]:
        """Parents, then skips, each node once."""
        return tuple(dict.fromkeys((*self.parents, *self.skips)))


def number(node: Node, t: int) -> None:
    """Give ``node`` its place among the calls of its name: for the trace that made it, when its branches have ended.

    How many calls the branches before it make is not known earlier, and the program may hold the node anywhere by then:
    to replace it would need all these places.
    """
    object.__setattr__(node, "t", t)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What ``source`` says, in words, about call ``t`` of a node: the textual gradient.

    ``context`` is what the optimizer is shown beside it (eq. 6): that call's inputs, output and the example's score.
    ``right``: it says why the output is right, which is asked without selection only, of a loss whose score is 1.
    ``left_out`` counts the characters that did not fit the prompt that asked for it.
    """

    example: str
    t: int
    source: str
    text: str
    how: str
    to_blame: bool = True
    count: int = 1
    context: str = ""
    right: bool = False
    left_out: int = 0


def topological(roots: Iterable[Node]) -> list[Node]:
    """Return every ancestor of ``roots``, and them, once each: a node stands after all of its predecessors.

    The order follows from the order of parents alone. No recursion: a chain of any length works.
    """
    order: dict[Node, None] = {}
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, expanded = stack.pop()
        if node in order:
            continue
        if expanded:
            order[node] = None
            continue
        stack.append((node, True))
        stack.extend((parent, False) for parent in reversed(node.predecessors) if parent not in order)
    return list(order)


def reached_by_texts(order: Iterable[Node]) -> dict[Node, None]:
    """Return, in ``order`` (topological), the nodes that a trained text is or leads to: all that can carry feedback.

    Demos do not count: they are filled from traces, whatever is said about them.
    """
    reached: dict[Node, None] = {}
    for node in order:
        if node.kind is Kind.TEXT or any(parent in reached for parent in node.predecessors):
            reached[node] = None
    return reached
