"""What a whole training asks of each role: the least, with everything right or stored, and the most it can come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .config import TrainerConfig
from .demos import EVERY
from .first_calls import FirstCalls
from .llm import Role
from .progress import Parts
from .rehearsal import Load, Loads, Parted
from .stand_in import CHAT_TOKENS

NOTHING = Load(0, 0)
_ONCE: Loads = {"task": Load(1, 0)}


@dataclass(frozen=True, slots=True)
class Demand:
    """Of one role: calls that are sent and paid for, with about the tokens of their prompts; failures aside."""

    least: Load
    most: Load

    @property
    def fewest_prompt_tokens(self) -> int:
        """The least for the prompts: texts that take half of the careful estimate, and nothing around them."""
        return (self.least.prompt_tokens - CHAT_TOKENS * self.least.calls) // 2


@dataclass(frozen=True, slots=True)
class Shape:
    """What the number of calls follows from, besides the settings: how much data there is and what is trained."""

    train: int
    val: int
    test: int
    prompts: int
    demos: int

    @classmethod
    def of(cls, parts: Parts) -> Shape:
        """Return that of a training."""
        kinds = [text.kind for text in parts.task.pipeline.texts]
        asked = parts.settings.demos
        shown = kinds.count("demos") if asked.bootstrapped or asked.raw else 0
        splits = parts.splits
        return cls(len(splits.train), len(splits.val), len(splits.test), kinds.count("prompt"), shown)

    def batch(self, step: int, settings: TrainerConfig) -> int:
        """Return the most examples that step ``step`` sees: each rejected step carries its own into the next."""
        size = settings.batch_size * (step if settings.carry else 1)
        return min(size, settings.max_batch, self.train)

    def new(self, settings: TrainerConfig) -> int:
        """Return how many of a batch can be new: the others were run on the same prompts, and criticised, before."""
        return min(settings.batch_size, self.train)

    def demos_due(self, step: int) -> bool:
        """Return whether ``step`` begins with a proposal of demos."""
        return bool(self.demos) and (not self.prompts or step % EVERY == 0)

    def proposals(self, step: int, settings: TrainerConfig) -> int:
        """Return the most proposals of ``step``; demos are one of them."""
        return settings.max_proposals if self.prompts else int(self.demos_due(step))


def demands(parts: Parts, parted: Parted, val: FirstCalls, test: FirstCalls) -> Mapping[Role, Demand]:
    """Return by role what the training asks; ``val`` and ``test`` are the start prompts' own calls."""
    least: dict[Role, Load] = {}
    _add(least, val.missing)
    _add(least, test.missing)
    most = dict(least)
    _add(most, val.rest)
    _add(most, test.rest)
    if not val.perfect:  # perfect start prompts end a training before its first step
        for count, loads in _steps(Shape.of(parts), parts.settings, parted):
            _add(most, {role: load.times(count) for role, load in loads.items()})
    return {role: Demand(least.get(role, NOTHING), load) for role, load in most.items() if load.calls}


def executions(parts: Parts) -> tuple[int, int]:
    """Return how often a training executes its program, the least and the most: known from settings and data alone."""
    taught: Loads = _ONCE if parts.teacher is not None else {}
    shape, once = Shape.of(parts), Parted(_ONCE, _ONCE, {}, taught, {}, (1, 1))
    starts = shape.val + shape.test
    return starts, starts + sum(count for count, part in _steps(shape, parts.settings, once) if part)


def _steps(shape: Shape, settings: TrainerConfig, parted: Parted) -> Iterator[tuple[int, Loads]]:
    """Yield how often each part is done at most: every batch fails, every proposal is rejected on its last example.

    The last one of all is accepted, so that the best prompts are scored on the test split, too.
    """
    tried = 0
    for step in range(1, settings.max_steps + 1):
        batch, proposals = shape.batch(step, settings), shape.proposals(step, settings)
        yield shape.new(settings), parted.minibatch
        if settings.gradients == "text" and shape.prompts:
            yield shape.new(settings), parted.feedback
        if shape.demos_due(step):
            yield batch, parted.taught
        if shape.prompts:
            yield proposals, parted.proposal
        yield proposals * batch * settings.two_stage, parted.minibatch
        yield proposals * shape.val, parted.whole
        tried += proposals
    yield shape.test if tried else 0, parted.whole


def _add(total: dict[Role, Load], more: Loads) -> None:
    for role, load in more.items():
        total[role] = total.get(role, NOTHING) + load
