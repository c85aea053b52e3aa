"""One step of a program: what may be given to it, what fills its templates, and what a user's function makes of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

from .answer import Parser
from .errors import EngineError, GraphError, ModelRefused, ProgramError, TemplateError
from .graph import Kind, Node
from .prompt import Prompt, slot_of
from .template import Filling, markers
from .user_error import place_of, user_error

Given = Node | Sequence[Node] | str
"""What may fill a slot: a value of the program, several of them, or a text that is no part of the graph."""

_NOT_IN_A_NAME = "/<>\"'#"
"""These would break the ids of calls and the keys of feedback."""


def check_name(name: str) -> None:
    """Refuse what cannot name a step.

    Raises:
        GraphError: It cannot.
    """
    if name == Kind.LOSS.value or not name.strip() or not name.isprintable() or any(c in name for c in _NOT_IN_A_NAME):
        raise GraphError(
            f"{name!r} cannot name a step: it is empty, the loss's own name, or holds one of {_NOT_IN_A_NAME}",
            "use letters, digits and _",
        )


def result_kind(name: str, kind: str) -> Kind:
    """Return the kind of a function's result.

    Raises:
        GraphError: No function's result is of this kind.
    """
    if kind not in (Kind.FUNCTION, Kind.RETRIEVED):
        raise GraphError(f'{name}: kind = "{kind}": the result of a function is "function" or "retrieved"')
    return Kind(kind)


def nodes_of(given: Given) -> Sequence[Node]:
    """Return the nodes that fill a slot."""
    if isinstance(given, Node):
        return (given,)
    return () if isinstance(given, str) else given


def check_text(name: str, value: object) -> None:
    """Refuse what is no text as the value of an input.

    Raises:
        GraphError: It is none.
    """
    if not isinstance(value, str):
        raise GraphError(
            f"{name}: its value is of type {type(value).__name__}, not text",
            "give str(value), or record a setting by trace.hyperparameter(name, value)",
        )


def check_given(name: str, slot: str, given: object) -> None:
    """Refuse what cannot fill a slot, or be the input of a function.

    Raises:
        GraphError: It is no Node, no list of them and no text.
    """
    several = cast("Sequence[object]", given) if isinstance(given, list | tuple) else [given]
    wrong = [type(each).__name__ for each in several if not isinstance(each, Node)]
    if wrong and not isinstance(given, str):
        raise GraphError(
            f"{name}: {slot} is of type {wrong[0]}; a step takes nodes",
            "record it first, by trace.input(name, text) or trace.hyperparameter(name, value)",
        )


def fill(
    name: str, prompt: Prompt, peers: Sequence[Node], slots: Mapping[str, Given], starts: Mapping[str, str]
) -> tuple[str, str, str | None]:
    """Return the system and the user message of a call, and the user message without demos where it takes any.

    ``starts`` has the start values of the trained texts: a marker for a slot in one of them is the author's mistake,
    a marker in a rewrite the candidate's doing.

    Raises:
        TemplateError: A slot is not filled, or filled twice, or a start text holds a marker for one.
        ModelRefused: A rewritten text holds a marker for a slot.
    """
    filling: dict[str, Filling] = {}
    for peer in peers:
        slot = slot_of(peer.name)
        if slot not in prompt.slots:
            raise TemplateError(f"{name}: no slot {{{{ {slot} }}}} in its templates for the trained text {peer.name}")
        if slot in filling or slot in slots:
            raise TemplateError(f"{name}: the slot {{{{ {slot} }}}} is filled twice, once by the text {peer.name}")
        if peer.kind is Kind.TEXT:  # demos quote the data
            _check_markers(name, prompt, peer, starts)
        filling[slot] = peer.value
    filling |= {slot: _filling(given) for slot, given in slots.items()}
    try:
        demos = {slot_of(peer.name): "" for peer in peers if peer.kind is Kind.DEMOS}
        bare = prompt.user.fill(filling | demos) if demos else None
        return prompt.system.fill(filling) if prompt.system else "", prompt.user.fill(filling), bare
    except TemplateError as error:
        raise TemplateError(f"{name}: {error}") from error


def parsed(where: str, parse: Parser | None, reply: str) -> str | None:
    """Return what ``parse`` takes out of ``reply``; all of it without one.

    Raises:
        ProgramError: ``parse`` raised, or returned neither text nor None.
    """
    if parse is None:
        return reply
    try:
        found = cast("object", parse(reply))
    except EngineError:
        raise
    except (Exception, SystemExit) as error:
        raise user_error(f"the parser of {where}", error) from error
    if found is not None and not isinstance(found, str):
        kind = type(found).__name__
        raise ProgramError(f"the parser of {where} returned {kind}, not text or None{place_of(parse)}")
    return found


async def made_by(
    where: str, function: Callable[..., str | Awaitable[str]], values: Sequence[str], *, thread: bool = False
) -> str:
    """Return what ``function`` makes of ``values``; with ``thread`` a plain function does not hold up the engine.

    Raises:
        ProgramError: It raised, or returned no text.
    """
    try:
        if thread and not inspect.iscoroutinefunction(function):
            made: object = await asyncio.to_thread(function, *values)
        else:
            made = function(*values)
        if inspect.isawaitable(made):
            made = cast("object", await made)
    except EngineError:
        raise
    except (Exception, SystemExit) as error:
        raise user_error(where, error) from error
    if not isinstance(made, str):
        raise ProgramError(f"{where}: its function returned {type(made).__name__}, not text{place_of(function)}")
    return made


def _check_markers(name: str, prompt: Prompt, peer: Node, starts: Mapping[str, str]) -> None:
    for slot in markers(peer.value, prompt.slots):
        said = f"{name}: the text {peer.name} holds a marker for the slot {slot}, but texts are sent as they are"
        if peer.value == starts[peer.name]:
            raise TemplateError(said, "put the slot into a template of the program, and take it out of the text")
        raise ModelRefused(said)


def _filling(given: Given) -> Filling:
    if isinstance(given, str):
        return given
    return given.value if isinstance(given, Node) else [node.value for node in given]
