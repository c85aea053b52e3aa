"""The forward pass: run a step of the program, record its node."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from .answer import Parser, Reader
from .candidate import Candidate, TrainedText
from .concurrency import in_order
from .errors import GraphError
from .graph import Exchange, Kind, Node
from .llm import Call, Message, Model, Request
from .llm.model import OUTSIDE, JSONValue, Role
from .prompt import Prompt, slot_of
from .scope import Scope
from .step import Given, check_given, check_name, check_text, fill, made_by, nodes_of, parsed, result_kind

__all__ = ["Asker", "Prompt", "Trace", "slot_of"]

T = TypeVar("T")

_BRANCH: ContextVar[Scope] = ContextVar("branch")
"""The branch of ``Trace.all`` that a task belongs to: all branches of a program are handed the one trace."""


_STEPS = (Kind.ANSWER, Kind.FUNCTION, Kind.RETRIEVED)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who answers the calls of one role, and with which parameters."""

    model: Model
    name: str
    endpoint: str
    params: Mapping[str, JSONValue]
    role: Role
    context: int
    """Tokens that a prompt and its answer may take together."""

    def call(self, messages: Sequence[Message], *, at: str, draw: int) -> Call:
        """Return the call that asks ``messages``."""
        return Call(Request(self.name, self.endpoint, tuple(messages), self.params, draw), self.role, at)


class Trace:
    """Records one run of a program on one example; an argument of the forward pass, so that runs never meet.

    ``at`` is ``step/phase/example``, the beginning of every call's structural id. Owned by one run of the program.
    """

    def __init__(self, candidate: Candidate, texts: Sequence[TrainedText], asker: Asker, *, at: str, draw: int) -> None:
        self._texts = {text.name: _text_node(text, candidate) for text in texts}
        self._starts = {text.name: text.value for text in texts}
        self._asker = asker
        self._at = at
        self._draw = draw
        self._root = Scope()
        self._nodes: dict[Node, None] = dict.fromkeys(self._texts.values())

    @property
    def example(self) -> str:
        """The id of the example that the program runs on, for messages."""
        return self._at.rpartition("/")[2]

    @property
    def keys(self) -> Sequence[str]:
        """Cache keys of the calls so far, in the order in which they were made; of branches in their order."""
        return self._root.keys

    def holds(self, node: Node) -> bool:
        """Return whether ``node`` is of this run of the program."""
        return node in self._nodes

    @property
    def nodes(self) -> list[Node]:
        """The steps so far, each once it is done; in no order that means anything while branches run at once."""
        return [node for node in self._nodes if node.kind in _STEPS]

    def input(self, name: str, value: str, *, role: str = "") -> Node:
        """Record what the example gives the program."""
        check_text(name, value)
        return self._known(Node(name, Kind.INPUT, role or f"the example's {name}", value))

    def hyperparameter(self, name: str, value: str | float, *, role: str = "") -> Node:
        """Record a setting of the program as text (a retriever's k): shown beside what is trained, never blamed."""
        return self._known(Node(name, Kind.HYPERPARAMETER, role or "a setting of the program", str(value)))

    async def generate(
        self,
        name: str,
        *,
        template: Prompt,
        prompts: Sequence[str],
        role: str = "",
        parse: Reader | Parser | None = None,
        skip: Sequence[Node | str] = (),
        given: Mapping[str, Given] = MappingProxyType({}),
        **slots: Given,
    ) -> Node:
        """Ask the LLM and record its answer as call ``t`` of ``name``.

        ``prompts`` names trained texts, peers of one call; each fills the slot called like the part of its name after
        the last dot. ``given`` and ``slots`` fill the others; a Node among them becomes a parent, in that order, after
        the prompts. Names that come from data belong into ``given``: a column may be called ``role``.
        The node's value is what ``parse`` took from the reply, or the whole reply when that is not to be had.
        ``skip`` has nodes, or names of trained texts, that feedback reaches from here directly, though nothing of them
        is sent (skip connections, §3.3.4).

        Raises:
            GraphError: Two calls of one name are open at once, or a name is unknown or that of a trained text.
            TemplateError: A slot is not filled, or filled twice, or a start text holds a marker for one.
            ModelError: The call failed for good.
            ProgramError: ``parse`` raised, or returned neither text nor None.
        """
        slots = {**given, **slots}
        peers = [self._text(name, prompt) for prompt in prompts]
        for slot, each in slots.items():
            self._check(name, f"slot {slot}", each)
        skips = self._skips(name, skip)
        with self._opened(name) as (t, at, scope):
            system, user, bare = fill(name, template, peers, slots, self._starts)
            messages = ([Message("system", system)] if system else []) + [Message("user", user)]
            call = self._asker.call(messages, at=at, draw=self._draw)
            scope.keys.append(call.request.key)
            reply = await self._asker.model.complete(call)
        found = parsed(self._where(name), parse, reply.text)
        form = parse.form if isinstance(parse, Reader) else ""
        exchange = Exchange(system, user, reply.text, found, reply.finish_reason, call.request.key, form, bare)
        parents = (*peers, *(node for each in slots.values() for node in nodes_of(each)))
        value = reply.text if found is None else found
        role = role or f"the LLM's reply of {name}"
        return self._made(Node(name, Kind.ANSWER, role, value, t, parents, skips, exchange), scope)

    async def apply(
        self,
        name: str,
        function: Callable[..., str | Awaitable[str]],
        *inputs: Node,
        role: str = "",
        skip: Sequence[Node | str] = (),
        kind: Kind | Literal["function", "retrieved"] = Kind.FUNCTION,
        outside: bool = False,
    ) -> Node:
        """Record what ``function`` makes of the inputs' values; feedback flows to them and along ``skip`` (eq. 7).

        ``function`` is plain or async, and returns text; ``skip`` has nodes or names of trained texts (§3.3.4).
        ``outside`` says that its inputs alone do not decide its result (a web search, a clock): then the result is
        stored by the step's name, the inputs and the draw, like an LLM's answer, and where it is stored the function is
        not called. A plain function that looks outside runs in a thread, ``limits.in_flight`` of them at once; any
        other runs on the engine's loop, so it should be quick.

        Raises:
            GraphError: As of ``generate``, or a function's result cannot be of this ``kind``.
            ProgramError: ``function`` raised, or returned no text.
        """
        kind = result_kind(name, kind)
        for place, each in enumerate(inputs, 1):
            self._check(name, f"input {place}", each)
        skips = self._skips(name, skip)
        values = [node.value for node in inputs]
        where = self._where(name)
        with self._opened(name) as (t, at, scope):
            if outside:
                messages = tuple(Message("user", value) for value in values)
                request = Request(f"{OUTSIDE}{name}", "", messages, {}, self._draw)
                call = Call(request, self._asker.role, at, lambda: made_by(where, function, values, thread=True))
                scope.keys.append(request.key)
                value = (await self._asker.model.complete(call)).text
            else:
                value = await made_by(where, function, values)
        role = role or f"what {name} computes"
        return self._made(Node(name, kind, role, value, t, tuple(inputs), skips), scope)

    async def all(self, *branches: Coroutine[Any, Any, T]) -> list[T]:
        """Run ``branches`` at once; return their results in order: ``a, b = await trace.all(f(trace), g(trace))``.

        Calls of one name are numbered by branch, whatever arrives first: those of a branch come after those of the
        branches before it. A branch may call ``all`` again. What a branch raises counts once the branches before it
        have ended, so that it is the same in every execution; the others are then cancelled.

        Raises:
            GraphError: A branch has begun already (a Task), or a step is called inside and outside of them at once.
        """
        try:
            if not all(inspect.iscoroutine(branch) for branch in branches):
                raise GraphError(
                    "trace.all: takes calls that have not begun yet", "give it `step(trace)` itself, not a Task of it"
                )
            scope = self._scope
            parts = scope.part(len(branches))
            jobs = [
                lambda part=part, branch=branch: _in_branch(part, branch)
                for part, branch in zip(parts, branches, strict=True)
            ]
            try:
                return await in_order(jobs, on_result=lambda place, result: None)
            finally:
                scope.join(parts)
        finally:
            for branch in branches:
                if inspect.iscoroutine(branch):
                    branch.close()  # one that was never begun would be warned of

    @property
    def _scope(self) -> Scope:
        branch = _BRANCH.get(self._root)
        return branch if branch.root is self._root else self._root

    def _where(self, name: str) -> str:
        return f"step {name} on example {self.example}"

    def _skips(self, step: str, skip: Sequence[Node | str]) -> tuple[Node, ...]:
        for place, each in enumerate(skip, 1):
            if not isinstance(each, str):
                self._check(step, f"skip {place}", each)
        return tuple(self._text(step, each) if isinstance(each, str) else each for each in skip)

    def _text(self, call: str, prompt: str) -> Node:
        if prompt not in self._texts:
            raise GraphError(f"{call}: no trained text called {prompt}; there are {', '.join(self._texts)}")
        return self._texts[prompt]

    def _check(self, name: str, slot: str, given: Given) -> None:
        check_given(name, slot, given)
        for node in nodes_of(given):
            if node.kind not in (Kind.INPUT, Kind.HYPERPARAMETER) and not self.holds(node):
                raise GraphError(f"{name}: {slot} is a node of another run of the program; keep none between examples")

    def _known(self, node: Node) -> Node:
        self._nodes[node] = None
        return node

    def _made(self, node: Node, scope: Scope) -> Node:
        scope.made(node)
        return self._known(node)

    @contextmanager
    def _opened(self, name: str) -> Generator[tuple[int, str, Scope]]:
        """Open a call: yields its number in its branch, its structural id, and the branch."""
        check_name(name)
        if name in self._texts:
            raise GraphError(f"{name}: a trained text has this name already; give the step another one")
        scope = self._scope
        with scope.opened(name) as (t, place):
            yield t, f"{self._at}/{name}/{place}", scope


async def _in_branch(part: Scope, branch: Coroutine[Any, Any, T]) -> T:
    _BRANCH.set(part)  # of this task and those that it starts alone
    result = await branch
    part.whole = True
    return result


def _text_node(text: TrainedText, candidate: Candidate) -> Node:
    kind = Kind.DEMOS if text.kind == "demos" else Kind.TEXT
    return Node(text.name, kind, text.role, candidate.texts[text.name])
