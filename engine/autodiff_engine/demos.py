"""Demos: trained texts that are filled from traces of training examples, without a call of the optimizer."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from .candidate import Candidate
from .config import TrainerConfig
from .dataset import Example
from .evaluate import Outcome, Task
from .events import TextChange, Warned
from .graph import Exchange, Kind, Node, topological
from .loss import reached
from .proposal import Proposal
from .raw_shots import Started, direct, rehearsed
from .shots import Shot, drawn, fitted, joined

METHOD = "demos"
EVERY = 3
"""Demos are proposed in steps 3, 6, 9, …: by then replies that succeeded are known, which the first step has few of."""

_CUT_OFF = ("length", "content_filter")
"""A reply that ended so is no example of how to reply."""


@dataclass(frozen=True, slots=True)
class _Success:
    """A call of a run that came out right: what it was sent without demos, its reply, and the run's score."""

    user: str
    reply: str
    score: Fraction
    teacher: bool


class Demos:
    """What demos can be made of: the own scores and successful calls of training examples; their one owner.

    Only the trainer changes it, between phases. Of each example it keeps, for each text of demos, the latest success
    of the call that the text is sent in, a teacher's before an own one, and what its last call was sent.
    """

    def __init__(
        self,
        task: Task,
        train: Sequence[Example],
        settings: TrainerConfig,
        max_words: int,
        warn: Callable[[Warned], object],
        started: Mapping[str, Started] = MappingProxyType({}),
    ) -> None:
        texts = task.pipeline.texts
        asked = settings.demos
        self._names = [text.name for text in texts if text.kind == "demos"] if asked.bootstrapped or asked.raw else []
        self._alone = all(text.kind == "demos" for text in texts)
        self._task = task
        self._train = train
        self._settings = settings
        self._max_words = max_words
        self._warn = warn
        self._own: dict[str, Fraction] = {}
        self._successes: dict[tuple[str, str], _Success] = {}
        self._sent: dict[tuple[str, str], str] = {}
        self._direct: dict[str, bool] = {}
        """Of each text whose call gives the program's answer: whether that call needs no other one before it."""
        self._written = {(name, told.value): told.examples for name, told in started.items()}

    def due(self, step: int, frozen: Collection[str] = ()) -> bool:
        """Return whether ``step`` begins with a proposal of demos: every third does, every one if all is demos.

        None does while all texts of demos are ``frozen``.
        """
        return any(name not in frozen for name in self._names) and (self._alone or step % EVERY == 0)

    def saw(self, outcomes: Sequence[Outcome]) -> None:
        """Take in what the program itself answered to training examples: the latest score of each counts."""
        for outcome in outcomes:
            if self._names and not outcome.unavailable:
                self._own[outcome.example.id] = outcome.score
                self._keep(outcome, teacher=False)

    def taught(self, outcomes: Sequence[Outcome]) -> None:
        """Take in what the teacher answered; an example that it failed, or got no answer for, is left as it was."""
        for outcome in outcomes:
            self._keep(outcome, teacher=True)

    def untaught(self, outcomes: Sequence[Outcome]) -> list[Example]:
        """Return the examples that the program failed and that no teacher has solved yet, in order."""
        return [
            each.example
            for each in outcomes
            if not each.unavailable
            and not reached(each, self._settings.threshold)
            and not any(known.teacher for known in self._known(each.example.id))
        ]

    def shown_in(self, candidate: Candidate) -> Mapping[str, tuple[str, ...]]:
        """Return, by text, the ids of the training examples that its demos give away: those shown, and equal ones.

        A text that was not put together from examples, a start value of the program's, is not in it.
        """
        shown = [(name, self._written.get((name, value))) for name, value in candidate.texts.items()]
        return {name: self._with_equals(ids) for name, ids in shown if ids is not None}

    async def propose(self, step: int, parent: Candidate, frozen: Collection[str] = ()) -> Proposal | None:
        """Return proposal 1 of ``step``: ``parent`` with new demos in all such texts but ``frozen``; no call is made.

        None when there is nothing to show, or nothing that fits, which is warned of. The draw is that of seed and step.
        """
        draw = random.Random(f"{self._settings.seed}/demos/{step}")
        changes: list[TextChange] = []
        for name in [each for each in self._names if each not in frozen]:
            shots = await self._drawn(name, parent, draw)
            kept = fitted(shots, self._max_words)
            if kept:
                ids = tuple(shot.example for shot in kept)
                change = TextChange(name, joined(kept), METHOD, _reasoning(shots, kept, self._max_words), ids, 0)
                self._written[name, change.value] = ids
                changes.append(change)
            elif shots:
                most = f"{self._max_words} words"
                self._warn(Warned(f"step {step}: no new {name}: each of {len(shots)} examples drawn is over {most}"))
        if not changes:
            return None
        candidate = parent.with_texts({change.name: change.value for change in changes})
        return Proposal(step, 1, parent, candidate, tuple(changes))

    async def _drawn(self, name: str, parent: Candidate, draw: random.Random) -> list[Shot]:
        """Draw for one text: bootstrapped first, then raw ones of other examples."""
        asked = self._settings.demos
        known = [each for each in self._train if (name, each.id) in self._successes]
        gains = [max(self._successes[name, each.id].score - self._score(each), Fraction(0)) for each in known]
        chosen = drawn(known, gains, asked.bootstrapped, draw)
        ids = [each.id for each in chosen]
        rest = [each for each in self._train if each.id not in ids and self._can_be_raw(name, each)]
        raw = drawn(rest, [1 - self._score(each) for each in rest], asked.raw, draw)
        shots = [self._bootstrapped(name, each) for each in chosen]
        return shots + [shot for each in raw if (shot := await self._raw(name, each, parent)) is not None]

    def _bootstrapped(self, name: str, example: Example) -> Shot:
        success = self._successes[name, example.id]
        whose = "the teacher's" if success.teacher else "an own"
        why = f"{whose} reply that scored {float(success.score):g}, {self._now(example)}"
        return Shot(example.id, success.user, success.reply, "bootstrapped", why)

    async def _raw(self, name: str, example: Example, parent: Candidate) -> Shot | None:
        expected, direct = example.expected or "", self._direct[name]
        user = await self._rehearsed(example, parent) if direct else self._sent[name, example.id]
        return None if user is None else Shot(example.id, user, expected, "raw", self._now(example))

    async def _rehearsed(self, example: Example, parent: Candidate) -> str | None:
        """Return what the program's only call would be sent, had it been asked."""
        answer = await rehearsed(self._task.pipeline, example, parent)
        return answer.exchange.bare if answer and answer.exchange else None

    def _can_be_raw(self, name: str, example: Example) -> bool:
        if name not in self._direct or example.expected is None:
            return False
        return self._direct[name] or (name, example.id) in self._sent

    def _keep(self, outcome: Outcome, *, teacher: bool) -> None:
        for node in _judged(outcome):
            for parent in node.parents:
                if parent.kind is Kind.DEMOS and node.exchange is not None:
                    self._keep_call(parent.name, outcome, node, node.exchange, teacher=teacher)

    def _keep_call(self, name: str, outcome: Outcome, node: Node, exchange: Exchange, *, teacher: bool) -> None:
        key, user = (name, outcome.example.id), exchange.bare or ""
        known = self._successes.get(key)
        right = reached(outcome, self._settings.threshold)
        if right and _is_example(exchange) and (teacher or known is None or not known.teacher):
            self._successes[key] = _Success(user, exchange.reply, outcome.score, teacher)
        if node is outcome.answer and not teacher:
            self._direct[name] = direct(node)
            self._sent[key] = user

    def _known(self, example: str) -> list[_Success]:
        return [self._successes[name, example] for name in self._names if (name, example) in self._successes]

    def _score(self, example: Example) -> Fraction:
        return self._own.get(example.id, Fraction(0))

    def _now(self, example: Example) -> str:
        own = self._own.get(example.id)
        return "the program was not asked it yet" if own is None else f"the program scores {float(own):g} now"

    def _with_equals(self, ids: Sequence[str]) -> tuple[str, ...]:
        shown = [dict(each.inputs) for each in self._train if each.id in ids]
        return tuple(each.id for each in self._train if dict(each.inputs) in shown)


def _judged(outcome: Outcome) -> list[Node]:
    """Return what led to the answer and to what losses are on: of other calls nobody knows whether they are right."""
    on_losses = [call.node for told in outcome.losses for call in told.calls]
    return topological([outcome.answer, *on_losses]) if outcome.answer else []


def _is_example(exchange: Exchange) -> bool:
    return exchange.parsed is not None and bool(exchange.reply.strip()) and exchange.finish_reason not in _CUT_OFF


def _reasoning(shots: Sequence[Shot], kept: Sequence[Shot], most: int) -> str:
    """Say in words what the text shows and how it was chosen."""
    told: list[str] = []
    for kind, how in (
        ("bootstrapped", "replies that came out right, the more likely the worse the program is on them now"),
        ("raw", "expected answers, the more likely the worse the program is on them"),
    ):
        named = [f"{shot.example} ({shot.why})" for shot in kept if shot.kind == kind]
        if named:
            told.append(f"{len(named)} {kind} ({how}): {'; '.join(named)}.")
    if len(kept) < len(shots):
        told.append(f"{len(shots) - len(kept)} more did not fit into {most} words.")
    return " ".join(told)
