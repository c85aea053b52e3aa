"""Raw shots: training examples as the call that shows demos would be sent them, each with its expected answer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .candidate import Candidate, start
from .dataset import Example
from .errors import ConfigError, ProgramError
from .graph import Kind, Node
from .llm import Call, Reply, Usage
from .pipeline import Pipeline
from .shots import Shot, joined
from .trace import Asker, Trace

_GIVEN = (Kind.INPUT, Kind.TEXT, Kind.DEMOS, Kind.HYPERPARAMETER)
"""What is there before any call: a call that is sent these alone can be rehearsed."""
_KEY = "trainer.demos.start"


@dataclass(frozen=True, slots=True)
class Started:
    """What a text of demos starts with: ``examples`` are the ids of those that ``value`` shows, in its order."""

    value: str
    examples: tuple[str, ...]


async def rehearsed(program: Pipeline, example: Example, candidate: Candidate) -> Node | None:
    """Return the answer that the expected one would give as the reply to every call; no call is made.

    None where the program cannot take it as a reply.
    """
    asker = Asker(_Saying(example.expected or ""), "", "", {}, "task", 0)
    trace = Trace(candidate, program.texts, asker, at=f"0/demos/{example.id}", draw=0)
    try:
        return await program.run(trace, example.inputs)
    except ProgramError:  # the user's program cannot take the expected answer as a reply: no shot of it
        return None


def direct(call: Node) -> bool:
    """Return whether ``call`` needs no other one before it: what it is sent is known without a reply."""
    return all(each.kind in _GIVEN for each in call.predecessors)


async def started(program: Pipeline, train: Sequence[Example], *, seed: int, count: int) -> Mapping[str, Started]:
    """Return, by text of demos, ``count`` examples drawn evenly: few-shot prompts before any training.

    The draw is that of the seed, one after another for the texts in their order. No call is made.

    Raises:
        ConfigError: The program has no such text, its call needs another one before it, or there are too few examples.
    """
    names = [text.name for text in program.texts if text.kind == "demos"]
    if not names:
        raise ConfigError(
            f"{_KEY} = {count}: {program.name} has no text of kind demos", f"leave {_KEY} out, or give it such a text"
        )
    draw, candidate = random.Random(f"{seed}/demos/0"), start(program.texts)
    found: dict[str, Started] = {}
    for name in names:
        shots = await _drawn(name, program, train, candidate, draw, count)
        if len(shots) < count:
            raise ConfigError(
                f"{_KEY} = {count}: only {len(shots)} of {len(train)} training examples can be shown in {name}",
                "set it lower, or data.train higher",
            )
        found[name] = Started(joined(shots), tuple(shot.example for shot in shots))
    return found


async def _drawn(
    name: str, program: Pipeline, train: Sequence[Example], candidate: Candidate, draw: random.Random, count: int
) -> list[Shot]:
    pool = [each for each in train if each.expected is not None]
    shots: list[Shot] = []
    for example in draw.sample(pool, len(pool)):
        if len(shots) == count:
            break
        call = await rehearsed(program, example, candidate)
        if call is None:
            continue
        shows = any(each.kind is Kind.DEMOS and each.name == name for each in call.parents)
        if call.exchange is None or not shows or not direct(call):
            raise ConfigError(
                f"{_KEY} = {count}: {name} is not sent in a call that gives the program's answer by itself",
                "what it would show is known only when the program was run: give it a start text under [prompts]",
            )
        shots.append(Shot(example.id, call.exchange.bare or "", example.expected or "", "raw", "drawn evenly"))
    return shots


class _Saying:
    """A model that says one thing."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def complete(self, call: Call) -> Reply:
        """Say it."""
        return Reply(self._text, "stop", Usage(0, 0))
