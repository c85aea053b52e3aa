"""What a program of one's own is written with: import from here, nothing else is needed (docs/your-program.md)."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .answer import Reader, reader
from .candidate import TrainedText as Text
from .config import RegexAnswer
from .errors import ConfigError, EngineError, ProgramError
from .graph import Node
from .pipeline import Pipeline
from .prompt import Prompt, slot_of
from .trace import Trace
from .user_error import place_of, user_error

__all__ = ["Node", "Program", "Prompt", "Text", "Trace", "labels", "last_number", "program", "regex", "whole"]

Function = Callable[..., Awaitable[Node]]
"""``async def name(trace, column, …) -> Node``: parameters after the trace are named like columns of the data."""


@dataclass(frozen=True, slots=True)
class Program:
    """A function with the texts that training may rewrite; calling it calls the function."""

    function: Function
    texts: tuple[Text, ...]

    async def __call__(self, trace: Trace, *arguments: str, **columns: str) -> Node:
        """Run the function."""
        return await self.function(trace, *arguments, **columns)


def program(*, texts: Sequence[Text]) -> Callable[[Function], Program]:
    """Declare which texts of an ``async def`` are trained; the config's ``[prompts]`` may replace start values.

    A text fills the slot that is called like the part of its name after the last dot, in the calls that name it.
    """
    return lambda function: Program(function, tuple(texts))


def whole() -> Reader:
    """Return a parser that takes the whole reply."""
    return reader("whole")


def last_number() -> Reader:
    """Return a parser that takes the last number of a reply, as digits."""
    return reader("last_number")


def labels(*known: str) -> Reader:
    """Return a parser that takes one of ``known`` from the end of a reply."""
    return reader(known)


def regex(pattern: str) -> Reader:
    """Return a parser that takes group 1 of the last match of ``pattern``, or all of it without a group."""
    return reader(RegexAnswer(regex=pattern))


def pipeline_of(written: Callable[..., object], name: str, given: Mapping[str, str], where: str) -> Pipeline:
    """Return the program that ``written`` is: a Program, or an async function whose texts are all in ``given``.

    ``name`` is what messages call it, ``where`` the key that names it. Templates are known where the function's module
    holds their Prompt under a name; those made while it runs are checked then (``step.fill``).

    Raises:
        ConfigError: It is no async function of a trace and columns, or its texts cannot be trained.
    """
    declared = written if isinstance(written, Program) else None
    function = declared.function if declared else written
    texts = declared.texts if declared else tuple(Text(each, _role(each), value) for each, value in given.items())
    if not inspect.iscoroutinefunction(function):
        raise ConfigError(f'{where} = "{name}": it is not `async def`', "write `async def answer(trace, question)`")
    _check_texts(texts, f'{where} = "{name}"')
    needed, further = _columns(function, f'{where} = "{name}"')
    known = [each for each in _globals(function).values() if isinstance(each, Prompt)]
    slots = tuple(sorted({slot for prompt in known for slot in prompt.slots}))

    async def run(trace: Trace, columns: Mapping[str, str]) -> Node:
        asked = {column: columns[column] for column in columns if further is None or column in (*needed, *further)}
        return await _answer(function, name, trace, asked)

    return Pipeline(name, run, texts, needed, slots)


async def _answer(function: Function, name: str, trace: Trace, columns: Mapping[str, str]) -> Node:
    where = f"{name} on example {trace.example}"
    try:
        answer = cast("object", await function(trace, **columns))
    except EngineError:
        raise
    except (Exception, SystemExit) as error:  # a script that ends itself must not end us
        raise user_error(where, error) from error
    if not isinstance(answer, Node):
        said = "nothing" if answer is None else f"an object of type {type(answer).__name__}"
        raise ProgramError(
            f"{where}: returned {said}, not a node{place_of(function)}",
            "return what trace.generate or trace.apply gave: feedback starts from it",
        )
    if not trace.holds(answer):
        raise ProgramError(
            f"{where}: returned a node of another run of the program{place_of(function)}",
            "keep no node between examples: return one that this call's trace gave",
        )
    return answer


def _columns(function: Callable[..., object], where: str) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Return the columns that ``function`` needs and those that it takes if they are there, None for whatever comes."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        raise ConfigError(
            f"{where}: its first parameter must be the trace", "write `async def answer(trace, question)`"
        )
    columns = parameters[1:]
    for each in columns:
        if each.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL):
            raise ConfigError(f"{where}: parameter {each} cannot name a column", "name the columns, or take **columns")
    named = [each for each in columns if each.kind is not inspect.Parameter.VAR_KEYWORD]
    needed = tuple(each.name for each in named if each.default is inspect.Parameter.empty)
    if len(named) < len(columns):
        return needed, None
    return needed, tuple(each.name for each in named if each.name not in needed)


def _check_texts(texts: Sequence[Text], where: str) -> None:
    names = [text.name for text in texts]
    if not names:
        raise ConfigError(
            f"{where}: nothing to train", "declare texts by @program(texts=[Text(…)]), or give them under [prompts]"
        )
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{where}: two texts are called {name}", "a text's name says which one it is")
        if not slot_of(name).isidentifier() or not name.replace(".", "").isidentifier():
            raise ConfigError(
                f"{where}: {name!r} cannot name a text: what stands after its last dot names a slot",
                "use letters, digits, _ and dots, as in query.task",
            )


def _globals(function: Callable[..., object]) -> dict[str, object]:
    return getattr(inspect.unwrap(function), "__globals__", {})


def _role(name: str) -> str:
    return f"the part of the prompt called {slot_of(name)}"
