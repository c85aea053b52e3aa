"""How often each step of a program was called: within a branch, and over all branches in their order."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from .errors import GraphError
from .graph import Node, number


class Scope:
    """The calls of one branch by name, or of the whole program; a tree of scopes is owned by one trace.

    Where branches run at once, nothing here depends on which of them is faster: each counts from its own beginning, and
    when all have ended the counts are added up in the order of the branches. ``path`` is empty for the whole program
    and ``2.1.`` for the first branch of its second parting, so that the id of a call is known when it starts.
    """

    def __init__(self, path: str = "", above: Scope | None = None) -> None:
        self.path = path
        self.above = above
        self.keys: list[str] = []
        """Cache keys of the calls so far: a branch's are added when it has ended, in the order of branches."""
        self.whole = False
        """Whether this branch ran to its end."""
        self._calls: dict[str, int] = {}
        self._open: set[str] = set()
        self._made: list[Node] = []
        self._partings = 0
        self._at_parting: dict[str, int] | None = None

    @property
    def root(self) -> Scope:
        """The scope of the whole program."""
        scope = self
        while scope.above is not None:
            scope = scope.above
        return scope

    @contextmanager
    def opened(self, name: str) -> Generator[tuple[int, str]]:
        """Count a call of ``name`` and keep it open; yields its number in this scope and the last part of its id.

        Raises:
            GraphError: A call of this name is open, here or where this branch begins.
        """
        scope: Scope | None = self
        while scope is not None:
            if name in scope._open:
                raise GraphError(
                    f"{name}: called again while a call of it is open, so that the calls have no order",
                    "await the one before the other, or run both by `await trace.all(…, …)`",
                )
            scope = scope.above
        self._open.add(name)
        self._calls[name] = t = self._calls.get(name, 0) + 1
        try:
            yield t, f"{self.path}{t}"
        finally:
            self._open.discard(name)

    def made(self, node: Node) -> None:
        """Remember a branch's node, whose number may still change."""
        if self.above is not None:
            self._made.append(node)

    def part(self, count: int) -> list[Scope]:
        """Begin ``count`` branches.

        Raises:
            GraphError: Others are running: these and those would have no order.
        """
        if self._at_parting is not None:
            raise GraphError(
                "trace.all: called while another one of the same branch is open, so that their calls have no order",
                "give all branches to one trace.all, or call the second one inside a branch of the first",
            )
        self._partings += 1
        self._at_parting = dict(self._calls)
        return [Scope(f"{self.path}{self._partings}.{place}.", self) for place in range(1, count + 1)]

    def join(self, branches: Sequence[Scope]) -> None:
        """Add up ``branches``, in their order, up to the first that did not come to its end; nodes get their numbers.

        Raises:
            GraphError: A step was called outside of the branches while a branch called it.
        """
        before, self._at_parting = self._at_parting or {}, None
        if all(branch.whole for branch in branches):
            self._check_order(branches, before)
        for branch in branches:
            for node in branch._made:
                number(node, self._calls.get(node.name, 0) + node.t)
                self.made(node)
            for name, calls in branch._calls.items():
                self._calls[name] = self._calls.get(name, 0) + calls
            self.keys += branch.keys
            if not branch.whole:
                return

    def _check_order(self, branches: Sequence[Scope], before: Mapping[str, int]) -> None:
        for name in (name for branch in branches for name in branch._calls):
            if self._calls.get(name, 0) != before.get(name, 0):
                raise GraphError(
                    f"{name}: called outside of trace.all while a branch of it calls {name} too, so that the calls "
                    "have no order",
                    "make the outer call a branch as well, or await it before",
                )
