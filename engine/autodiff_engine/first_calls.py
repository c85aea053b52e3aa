"""The calls of the start prompts on a whole split: those that are known before any is made, and what follows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from .candidate import start
from .dataset import Example
from .evaluate import Task
from .llm import Reply, Role
from .metric import Metric
from .rehearsal import Load, loads, tried
from .stand_in import GUESSES, Sent, StandIn


@dataclass(frozen=True, slots=True)
class FirstCalls:
    """What scoring the start prompts on ``n`` examples asks.

    ``known`` are different requests that are sent for sure, ``stored`` of them answered already; ``missing`` the rest
    by role, ``rest`` the most that may follow them, ``replies`` the answers that are there. ``perfect`` says that all
    was stored and every example is right.
    """

    n: int
    known: int
    stored: int
    missing: dict[Role, Load]
    rest: dict[Role, Load]
    replies: tuple[tuple[Sent, Reply], ...]
    perfect: bool
    keys: frozenset[str] = frozenset()
    """Those of the known requests."""

    @property
    def whole(self) -> bool:
        """Whether nothing else is sent: then what is missing is exactly what is asked."""
        return not self.rest


@dataclass(slots=True)
class _Heard:
    """What was sent so far: by key what is sure, by example and role the most of what is not."""

    sure: dict[str, Sent] = field(default_factory=dict[str, Sent])
    rest: dict[tuple[str, Role], Load] = field(default_factory=dict[tuple[str, Role], Load])

    def add(self, example: str, sent: Sequence[Sent]) -> None:
        self.sure.update({each.call.request.key: each for each in sent if each.sure})
        for role, load in loads([each for each in sent if not each.sure]).items():
            known = self.rest.get((example, role), Load(0, 0))
            calls, tokens = max(known.calls, load.calls), max(known.prompt_tokens, load.prompt_tokens)
            self.rest[example, role] = Load(calls, tokens)


async def first_calls(
    task: Task, metric: Metric, model: StandIn, examples: Sequence[Example], asked: Collection[str] = ()
) -> FirstCalls:
    """Return what ``examples`` ask of the start prompts; ``model`` plays every role in ``task`` and ``metric``.

    ``asked`` are the keys of requests that are sent before: to ask them again is free.
    """
    heard, candidate = _Heard(), start(task.pipeline.texts)
    perfect = bool(examples)
    for example in examples:
        for guess in GUESSES:
            model.guess = guess
            outcome = await tried(task, candidate, example, metric, model)
            guessed = example.id in model.guessed
            heard.add(example.id, model.take())
            perfect = perfect and not guessed and not isinstance(outcome, str) and outcome.score == 1
            if not guessed:
                break
    for key in asked:
        heard.sure.pop(key, None)
    answered = [(each, each.stored) for each in heard.sure.values() if each.stored is not None]
    rest: dict[Role, Load] = {}
    for (_, role), load in heard.rest.items():
        rest[role] = rest.get(role, Load(0, 0)) + load
    return FirstCalls(
        len(examples), len(heard.sure), len(answered),
        loads([each for each in heard.sure.values() if each.stored is None]), rest, tuple(answered), perfect,
        frozenset(heard.sure),
    )  # fmt: skip
