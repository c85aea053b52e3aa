"""The forward pass: run a step of the program, record its node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from .answer import Parser, Reader
from .candidate import Candidate, TrainedText
from .errors import GraphError
from .graph import Exchange, Kind, Node
from .llm import Call, Message, Model, Request
from .llm.model import JSONValue, Role
from .template import Filling, Template


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


@dataclass(frozen=True, slots=True)
class Prompt:
    """The two halves of a chat request as templates; an empty ``system`` is not sent."""

    user: Template
    system: Template | None = None

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of both halves, sorted."""
        return tuple(sorted({*self.user.slots, *(self.system.slots if self.system else ())}))


def slot_of(text: str) -> str:
    """Return the slot that the trained text called ``text`` fills: the part of its name after the last dot."""
    return text.rpartition(".")[2]


class Trace:
    """Records one run of a program on one example; an argument of the forward pass, so that runs never meet.

    ``at`` is ``step/phase/example``, the beginning of every call's structural id. Owned by one run of the program.
    """

    def __init__(self, candidate: Candidate, texts: Sequence[TrainedText], asker: Asker, *, at: str, draw: int) -> None:
        self._texts = {text.name: _text_node(text, candidate) for text in texts}
        self._asker = asker
        self._at = at
        self._draw = draw
        self._calls: dict[str, int] = {}
        self._open: set[str] = set()
        self.keys: list[str] = []
        """Cache keys of the calls so far, in the order in which they were made."""

    def input(self, name: str, value: str, *, role: str = "") -> Node:
        """Record what the example gives the program."""
        return Node(name, Kind.INPUT, role or f"the example's {name}", value)

    async def generate(
        self,
        name: str,
        *,
        template: Prompt,
        prompts: Sequence[str],
        role: str = "",
        parse: Reader | Parser | None = None,
        given: Mapping[str, Node | Sequence[Node] | str] = MappingProxyType({}),
        **slots: Node | Sequence[Node] | str,
    ) -> Node:
        """Ask the LLM and record its answer as call ``t`` of ``name``.

        ``prompts`` names trained texts, peers of one call; each fills the slot called like the part of its name after
        the last dot. ``given`` and ``slots`` fill the others; a Node among them becomes a parent, in that order, after
        the prompts. Names that come from data belong into ``given``: a column may be called ``role``.
        The node's value is what ``parse`` took from the reply, or the whole reply when that is not to be had.

        Raises:
            GraphError: Two calls of one name are open at once, or a name is unknown or that of a trained text.
            ModelError: The call failed for good.
        """
        slots = {**given, **slots}
        peers = [self._text(name, prompt) for prompt in prompts]
        filling: dict[str, Filling] = {slot_of(peer.name): peer.value for peer in peers}
        filling |= {slot: _value(given) for slot, given in slots.items()}
        system = template.system.fill(filling) if template.system else ""
        user = template.user.fill(filling)
        demos = {slot_of(peer.name): "" for peer in peers if peer.kind is Kind.DEMOS}
        bare = template.user.fill(filling | demos) if demos else None
        with self._opened(name) as t:
            messages = ([Message("system", system)] if system else []) + [Message("user", user)]
            call = self._asker.call(messages, at=f"{self._at}/{name}/{t}", draw=self._draw)
            self.keys.append(call.request.key)
            reply = await self._asker.model.complete(call)
        parsed = parse(reply.text) if parse else reply.text
        form = parse.form if isinstance(parse, Reader) else ""
        exchange = Exchange(system, user, reply.text, parsed, reply.finish_reason, call.request.key, form, bare)
        parents = (*peers, *(node for given in slots.values() for node in _nodes(given)))
        value = reply.text if parsed is None else parsed
        return Node(name, Kind.ANSWER, role or f"the LLM's reply of {name}", value, t, parents, (), exchange)

    async def apply(
        self,
        name: str,
        function: Callable[..., str | Awaitable[str]],
        *inputs: Node,
        role: str = "",
        skip: Sequence[Node] = (),
        kind: Kind = Kind.FUNCTION,
    ) -> Node:
        """Record what ``function`` makes of the inputs' values; feedback flows to them and along ``skip`` (eq. 7)."""
        with self._opened(name) as t:
            made = function(*(node.value for node in inputs))
            value = made if isinstance(made, str) else await made
        return Node(name, kind, role or f"what {name} computes", value, t, tuple(inputs), tuple(skip))

    def _text(self, call: str, prompt: str) -> Node:
        if prompt not in self._texts:
            raise GraphError(f"{call}: no trained text called {prompt}; there are {', '.join(self._texts)}")
        return self._texts[prompt]

    @contextmanager
    def _opened(self, name: str) -> Generator[int]:
        if name in self._texts:
            raise GraphError(f"{name}: a trained text has this name already; give the step another one")
        if name in self._open:
            raise GraphError(f"{name}: called again while a call of it is open, so that the calls have no order")
        self._open.add(name)
        self._calls[name] = t = self._calls.get(name, 0) + 1
        try:
            yield t
        finally:
            self._open.discard(name)


def _text_node(text: TrainedText, candidate: Candidate) -> Node:
    kind = Kind.DEMOS if text.kind == "demos" else Kind.TEXT
    return Node(text.name, kind, text.role, candidate.texts[text.name])


def _nodes(given: Node | Sequence[Node] | str) -> Sequence[Node]:
    if isinstance(given, Node):
        return (given,)
    return () if isinstance(given, str) else given


def _value(given: Node | Sequence[Node] | str) -> Filling:
    if isinstance(given, str):
        return given
    return given.value if isinstance(given, Node) else [node.value for node in given]
