"""One example, executed before a run begins: what its parts then ask, where there is no time to rehearse more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from .candidate import Candidate, start
from .dataset import Example
from .evaluate import Outcome, Task
from .first_calls import FirstCalls
from .llm import Role
from .metric import Metric
from .progress import Parts
from .rehearsal import Gathered, Load, Loads, Parted, criticised, longest, longest_candidate, proposed, tried
from .stand_in import CHAT_TOKENS, Guess, Sent, StandIn

_GUESSES: tuple[Guess, ...] = ("long", "expected", "nothing")
"""The one that says most comes first: there may be no time for another."""

T = TypeVar("T")


class Patience:
    """So many seconds for a rehearsal, counted from now on; a user's step that never waits cannot be cut short."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._until = clock() + seconds
        self.slowest = 0.0
        """Seconds that what was done took at most."""

    def allows(self, times: int) -> bool:
        """Whether as much may be done so many times more, as slow as the slowest was."""
        return self._clock() + times * self.slowest < self._until

    async def spent_on(self, job: Coroutine[Any, Any, T]) -> T | None:
        """Return what comes of ``job``, None where it takes too long: then it is cancelled."""
        began = self._clock()
        try:
            async with asyncio.timeout(max(0.0, self._until - began)):
                return await job
        except TimeoutError:
            return None
        finally:
            self.slowest = max(self.slowest, self._clock() - began)


@dataclass(frozen=True, slots=True)
class Seen:
    """One execution on made-up replies: what it sent, by metric, and its outcome; None where a reply ended it."""

    guess: Guess
    sent: tuple[tuple[Sent, ...], ...]
    outcome: Outcome | None
    broke: str = ""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What was seen of a program in little time; ``seconds`` is how long an execution took at most."""

    seen: tuple[Seen, ...]
    seconds: float

    def whole(self) -> Loads:
        """Return what an example asks at most under the metric of a whole split."""
        return _gathered([(each.sent[-1], each.guess) for each in self.seen]).most()

    def minibatch(self) -> Loads:
        """Return what an example asks at most under the metric of a minibatch."""
        return _gathered([(each.sent[0], each.guess) for each in self.seen]).most()

    def starting(self, examples: Sequence[Example], *, stored: bool) -> FirstCalls:
        """Return what the start prompts ask on a split: at least one call for each example, or none where ``stored``.

        ``stored`` says that answers may be there already.
        """
        count = len({tuple(sorted(each.inputs.items())) for each in examples})
        sure = all(any(sent.sure and sent.call.role == "task" for sent in each.sent[-1]) for each in self.seen)
        missing: dict[Role, Load] = {}
        rest: dict[Role, Load] = {role: load.times(len(examples)) for role, load in self.whole().items()}
        if sure and count and not stored:
            first = Load(count, count * CHAT_TOKENS)
            missing["task"] = first
            rest["task"] = Load(rest["task"].calls - first.calls, rest["task"].prompt_tokens - first.prompt_tokens)
        return FirstCalls(len(examples), sum(each.calls for each in missing.values()), 0, missing, rest, (), False)


Cases = Sequence[tuple[Example, Metric]]


async def glimpse(
    task: Task, cases: Cases, candidate: Callable[[Guess], Candidate], model: StandIn, patience: Patience
) -> Glimpse | None:
    """Execute ``task`` on each of ``cases`` with its metric; None where that does not come to its end in time.

    Once for each guess, as long as there is time: the first is tried whatever it takes. ``model`` plays every role.
    """
    seen: list[Seen] = []
    for guess in _GUESSES:
        if seen and not patience.allows(1):
            break
        model.guess = guess
        one = await patience.spent_on(_seen(task, cases, candidate(guess), model))
        model.take()
        if one is None:
            break
        seen.append(one)
    return Glimpse(tuple(seen), patience.slowest / len(cases)) if seen else None


async def glimpse_of(parts: Parts, model: StandIn, patience: Patience) -> Glimpse | None:
    """Return what is seen of a training's program: of the longest example, for each of its metrics."""
    cases = [(longest(parts.splits.train)[0], parts.minibatch_metric)]
    if parts.metric.name != parts.minibatch_metric.name:
        cases.append((longest(parts.splits.val)[0], parts.metric))

    def candidate(guess: Guess) -> Candidate:
        return longest_candidate(parts) if guess == "long" else start(parts.task.pipeline.texts)

    return await glimpse(parts.task, cases, candidate, model, patience)


async def parted(parts: Parts, told: Glimpse, model: StandIn) -> Parted:
    """Return the parts of a training as far as ``told`` shows them, which may be of another one of the same program.

    Feedback and proposals are rehearsed on its outcomes; of the program nothing is executed again.
    """
    feedback = Gathered()
    proposal: dict[Role, Load] = {}
    for each in told.seen:
        outcomes = [each.outcome] * parts.settings.max_batch if each.outcome is not None else []
        model.guess = each.guess
        heard = await criticised(parts, outcomes[:1], feedback, model)
        candidate = longest_candidate(parts) if each.guess == "long" else start(parts.task.pipeline.texts)
        said = heard * len(outcomes)
        for role, load in (await proposed(parts, candidate, outcomes, said, model)).items():
            proposal[role] = max(proposal.get(role, load), load, key=lambda it: it.prompt_tokens)
    calls = [sum(sent.call.role == "task" for sent in each.sent[-1]) for each in told.seen]
    minibatch = told.minibatch()
    teacher: Loads = {"teacher" if role == "task" else role: load for role, load in minibatch.items()}
    broke = next((each.broke for each in told.seen if each.broke), "")
    return Parted(
        told.whole(), minibatch, feedback.most(), teacher if parts.teacher is not None else {}, proposal,
        (min(calls), max(calls)), broke,
    )  # fmt: skip


async def _seen(task: Task, cases: Cases, candidate: Candidate, model: StandIn) -> Seen:
    outcomes: list[Outcome | str] = []
    sent: list[tuple[Sent, ...]] = []
    for example, metric in cases:
        outcomes.append(await tried(task, candidate, example, metric, model))
        sent.append(tuple(model.take()))
    first = outcomes[0]
    answered = None if isinstance(first, str) or first.answer is None else first
    return Seen(model.guess, tuple(sent), answered, next((each for each in outcomes if isinstance(each, str)), ""))


def _gathered(sent: Sequence[tuple[Sequence[Sent], Guess]]) -> Gathered:
    found = Gathered()
    for each, guess in sent:
        found.add(each, guess)
    return found
