"""A training without any answer: the parts of a run, each done once with a stand-in, and what they would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .candidate import Candidate, start
from .control import Control
from .dataset import Example
from .errors import DataError, ProgramError
from .evaluate import Outcome, Task, evaluate
from .events import TextChange
from .gradients import Told, gradients
from .judge import JUDGE
from .llm import Role
from .metric import Metric
from .objective import calls_of, expecting, read_from
from .progress import Parts
from .proposal import Evidence, Failed, Proposal, Situation, Version
from .stand_in import GUESSES, Guess, Sent, StandIn, filler, padded
from .telling import data_evidence, feedback_evidence, forms_of, in_words, peers_of

LOOKED_AT = 16
"""Examples of a split that the most is taken from: those with the longest inputs."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a part of a run asks of one role: calls, and the tokens of their prompts together."""

    calls: int
    prompt_tokens: int

    def __add__(self, other: Load) -> Load:
        return Load(self.calls + other.calls, self.prompt_tokens + other.prompt_tokens)

    def times(self, count: int) -> Load:
        """Return the load of so many such parts."""
        return Load(self.calls * count, self.prompt_tokens * count)


Loads = Mapping[Role, Load]


@dataclass(slots=True)
class Gathered:
    """What several rehearsals of one part sent: the most calls of any, and the mean size of each guess's calls."""

    calls: dict[Role, int] = field(default_factory=dict[Role, int])
    sizes: dict[tuple[Role, Guess], Load] = field(default_factory=dict[tuple[Role, Guess], Load])

    def add(self, sent: Sequence[Sent], guess: Guess) -> None:
        """Take in what one rehearsal sent, whose replies were made up by ``guess``."""
        for role, load in loads(sent).items():
            self.calls[role] = max(self.calls.get(role, 0), load.calls)
            self.sizes[role, guess] = self.sizes.get((role, guess), Load(0, 0)) + load

    def most(self) -> Loads:
        """Return the most calls, each with a prompt as long as those of the guess that makes them longest."""
        largest: dict[Role, int] = {}
        for (role, _), load in self.sizes.items():
            largest[role] = max(largest.get(role, 0), -(-load.prompt_tokens // load.calls))
        return {role: Load(calls, calls * largest[role]) for role, calls in self.calls.items()}


@dataclass(frozen=True, slots=True)
class Parted:
    """The parts of a training, each with the most that one of them asks.

    ``whole`` is an example under the metric of a whole split, ``minibatch`` one under that of a minibatch, ``feedback``
    a failed example, ``taught`` one that the teacher is asked, ``proposal`` one proposal of the optimizer.
    """

    whole: Loads
    minibatch: Loads
    feedback: Loads
    taught: Loads
    proposal: Loads
    task_calls: tuple[int, int]
    """Calls of the program for an example, the fewest and the most that were seen."""
    broke: str = ""
    """How the program ended on a guessed reply, where it did: then there may be more calls than were seen."""


class Rehearsal:
    """Does each part of a training by each guess of ``model``, which plays every role in ``parts``."""

    def __init__(self, parts: Parts, model: StandIn) -> None:
        self._parts = parts
        self._model = model
        self._broke = ""

    async def parts(self) -> Parted:
        """Return the most that each part asks."""
        parts, model = self._parts, self._model
        whole, minibatch, feedback, taught = Gathered(), Gathered(), Gathered(), Gathered()
        counts: list[int] = []
        proposal: dict[Role, Load] = {}
        for guess in GUESSES:
            model.guess = guess
            candidate = longest_candidate(parts) if guess == "long" else start(parts.task.pipeline.texts)
            for example in longest(parts.splits.val):
                sent = await self._sent(parts.task, candidate, example, parts.metric)
                whole.add(sent, guess)
                counts.append(sum(each.call.role == "task" for each in sent))
            outcomes: list[Outcome] = []
            for example in longest(parts.splits.train):
                metric = parts.minibatch_metric
                minibatch.add(await self._sent(parts.task, candidate, example, metric, outcomes), guess)
                if parts.teacher is not None:
                    taught.add(await self._sent(parts.teacher, candidate, example, metric), guess)
            told = await criticised(parts, outcomes, feedback, model)
            for role, load in (await proposed(parts, candidate, outcomes, told, model)).items():
                proposal[role] = max(proposal.get(role, load), load, key=lambda each: each.prompt_tokens)
        return Parted(
            whole.most(), minibatch.most(), feedback.most(), taught.most(), proposal,
            (min(counts), max(counts)), self._broke,
        )  # fmt: skip

    async def _sent(
        self,
        task: Task,
        candidate: Candidate,
        example: Example,
        metric: Metric,
        outcomes: list[Outcome] | None = None,
    ) -> list[Sent]:
        outcome = await tried(task, candidate, example, metric, self._model)
        if isinstance(outcome, str):
            self._broke = self._broke or outcome
        elif outcomes is not None and outcome.answer is not None:
            outcomes.append(outcome)
        return self._model.take()


async def tried(task: Task, candidate: Candidate, example: Example, metric: Metric, model: StandIn) -> Outcome | str:
    """Run the program on an example; return its outcome, or how it ended on what was guessed.

    Where a guess cannot be read, a judge that would have been asked is asked all the same.
    """
    try:
        (outcome,) = await evaluate(task, candidate, [example], metric, at="0/rehearsal")
        if example.id in model.guessed:
            await _judged(task, outcome, metric)
    except (DataError, ProgramError) as error:
        return str(error)
    return outcome.refused or outcome


async def _judged(task: Task, outcome: Outcome, metric: Metric) -> None:
    """Ask the judge of what it was not asked, as nothing could be read."""
    answer = [outcome.answer] if outcome.answer else []
    asked = [(term.metric, term.expected, calls_of(term.node, outcome.nodes)) for term in task.losses]
    for each, column, nodes in (*asked, (metric, "", answer)):
        for node in nodes if each.name == JUDGE else ():
            if read_from(node) is None:
                at = f"0/rehearsal/{outcome.example.id}/{JUDGE}/{node.t}"
                await each.score(node.value, expecting(outcome.example, column), at=at)


async def criticised(parts: Parts, outcomes: Sequence[Outcome], gathered: Gathered, model: StandIn) -> list[Told]:
    """Have every answer criticised, whatever its score; ``gathered`` hears what that sent."""
    if parts.settings.gradients != "text":
        return []
    heard: list[Told] = []
    loss = replace(parts.loss, selective=False)
    for outcome in outcomes:
        heard += await gradients([outcome], loss, parts.critic, step=1, control=Control(), tell=lambda _: None)
        gathered.add(model.take(), model.guess)
    return heard


async def proposed(
    parts: Parts, candidate: Candidate, outcomes: Sequence[Outcome], told: Sequence[Told], model: StandIn
) -> Loads:
    """Have the last proposal of a step written, of all that may stand in its prompt; unusable, it is asked for twice.

    By hand: two calls for each text that is rewritten at once, as many as there can be.
    """
    names = [text.name for text in parts.task.pipeline.texts if text.kind == "prompt"]
    if not names:
        return {}
    at_once = 1 if parts.settings.update == "rotate" else len(names)
    largest = 0
    for step in range(1, len(names) + 1 if at_once == 1 else 2):
        await parts.optimizer.propose(_situation(parts, candidate, outcomes[: _batch(parts)], told, step))
        largest = max([largest, *(each.prompt_tokens for each in model.take())])
    params = parts.optimizer.asker.params
    room = parts.optimizer.asker.context - answer_tokens(params)
    return {"optimizer": Load(2 * at_once, 2 * at_once * (largest or room))}


def _situation(
    parts: Parts, candidate: Candidate, outcomes: Sequence[Outcome], told: Sequence[Told], step: int
) -> Situation:
    settings = parts.settings
    names = [text.name for text in parts.task.pipeline.texts if text.kind == "prompt"]
    evidence: Mapping[str, Sequence[Evidence]] = {}
    if settings.gradients == "data":
        evidence = data_evidence(outcomes, names)
    elif settings.gradients == "text":
        pieces = [each.pieces for each in told[: len(outcomes)]]
        evidence = feedback_evidence(outcomes, pieces)
    changes = tuple(TextChange(name, candidate.texts[name], "rephrase", filler(100), (), 0) for name in names)
    failed = Failed(Proposal(step, 1, candidate, candidate, changes), filler(50))
    return Situation(
        step=step, k=settings.max_proposals, parent=candidate, evidence=evidence, peers=peers_of(outcomes),
        forms=forms_of(outcomes), right=0, total=len(outcomes),
        accepted=[Version(candidate, in_words(outcomes), {})] * settings.history,
        failed=[failed] * (settings.max_proposals - 1 if settings.history else 0),
        stale=3, show_peers=settings.peers,
    )  # fmt: skip


def loads(sent: Sequence[Sent]) -> dict[Role, Load]:
    """Return what was sent by role."""
    found: dict[Role, Load] = {}
    for each in sent:
        found[each.call.role] = found.get(each.call.role, Load(0, 0)) + Load(1, each.prompt_tokens)
    return found


def expected_answers(examples: Sequence[Example]) -> dict[str, str]:
    """Return the expected answers by example id."""
    return {each.id: each.expected or "" for each in examples}


def answer_tokens(params: Mapping[str, object]) -> int:
    """Return the most tokens that an answer may take."""
    most = params.get("max_tokens")
    return most if isinstance(most, int) else 0


def longest_candidate(parts: Parts) -> Candidate:
    """Return the start texts made as long as the lint lets them be."""
    words = parts.gates.lint.max_words
    return Candidate({text.name: padded(text.value, words) for text in parts.task.pipeline.texts})


def _batch(parts: Parts) -> int:
    return min(parts.settings.max_batch, len(parts.splits.train))


def longest(examples: Sequence[Example]) -> list[Example]:
    """Return the examples with the longest inputs, the longest first."""
    return sorted(examples, key=lambda each: -sum(map(len, each.inputs.values())))[:LOOKED_AT]
