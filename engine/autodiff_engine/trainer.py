"""The loop: batch, forward, backward, proposals, gates (algorithm 2); all facts of a training are told through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from .batches import Batches
from .candidate import start
from .comparison import compare
from .control import Control, Decided
from .dataset import Example
from .demos import Demos
from .evaluate import Outcome
from .events import (
    Event,
    FeedbackMissing,
    PhaseStarted,
    StepFinished,
    StepStarted,
    StopChosen,
    TestCompared,
)
from .forward import Forward
from .gradients import Told, gradients
from .loss import failures, loss_nodes, reached
from .progress import Incumbent, Parts, Progress, first_incumbent, situation_of
from .proposal import Evidence, Proposal
from .proposing import Proposing
from .selection import Selection
from .steering import Steering, StepEnded
from .telling import (
    GraphSeen,
    candidate_scored,
    data_evidence,
    feedback_evidence,
    feedback_given,
    warning_of,
)

StepOutcome = Literal["accepted", "rejected", "nothing to learn", "no feedback", "vetoed"]


class Trainer:
    """Runs algorithm 2 over ``parts``; tells every fact to ``emit``, in structural order.

    ``decided`` are the decisions of an earlier execution, which are taken again after the same facts.
    """

    def __init__(
        self,
        parts: Parts,
        control: Control,
        emit: Callable[[Event], object],
        on_best: Callable[[Progress], None],
        decided: Decided = Decided(),  # noqa: B008 - frozen
    ) -> None:
        self._parts = parts
        self._control = control
        self._on_best = on_best
        self._steering = Steering(control, emit, [text.name for text in parts.task.pipeline.texts], decided)
        self._forward = Forward(parts, control, self.tell, self._steering.check)
        self._graph = GraphSeen()
        self._demos = Demos(
            parts.task, parts.splits.train, parts.settings, parts.gates.lint.max_words, self.tell, parts.started
        )
        self._batches = Batches(parts.splits.train, parts.settings)
        self._stale = 0
        self.progress = Progress()

    def tell(self, event: Event) -> None:
        """Emit an event of the training; what it is about, and on which data, comes first."""
        self._steering.tell(event)

    def tell_stopped(self, reason: str = "") -> None:
        """Tell that a person chose to stop after the last fact, or with a ``reason`` that it did without one."""
        self.tell(StopChosen(self._steering.facts, reason))

    def forget_history(self) -> None:
        """Take none of the earlier decisions that were not taken yet: what they are about no longer happened."""
        self._steering.forget_history()

    async def fit(self) -> None:
        """Train until the last step, or until validation is perfect.

        Raises:
            RunStopped, BudgetExhausted, ModelError: ``progress`` holds the best so far.
        """
        self._steering.take()
        candidate = start(self._parts.task.pipeline.texts)
        outcomes = await self._forward.whole(candidate, "val", 0, "start", self._grow_graph)
        if unreadable := warning_of(outcomes):
            self.tell(unreadable)
        self._adopt(first_incumbent(candidate, outcomes))
        for step in range(1, self._parts.settings.max_steps + 1):
            if all(each.score == 1 for each in self._incumbent.outcomes if not each.unavailable):
                return
            await self._step(step)
            await self._steering.boundary("step", "step")
            self._take_back()

    async def report_test(self) -> None:
        """Score the start prompts and the best ones on the test split: the only look at it."""
        self._steering.close()
        first, best = self.progress.start, self.progress.best
        if first is None or best is None or not self._parts.splits.test or self.progress.test is not None:
            return
        steps = self.progress.steps
        before = after = await self._forward.whole(first.candidate, "test", steps, "start")
        if best.candidate.id != first.candidate.id:
            after = await self._forward.whole(best.candidate, "test", steps, "best")
        self.progress.test = compare(before, after, split="test", metric=self._forward.metric)
        self.tell(TestCompared(self.progress.test))
        self._on_best(self.progress)

    @property
    def _incumbent(self) -> Incumbent:
        if self.progress.best is None:
            raise AssertionError("no incumbent before the start prompts are scored")
        return self.progress.best

    async def _step(self, step: int) -> None:
        try:
            await self._learn(step)
        except StepEnded:
            self._take_back()
            self._finish(step, "vetoed", [])

    async def _learn(self, step: int) -> None:
        batch = self._batch(step)
        forward = await self._forward.batch(self._incumbent.candidate, batch, step, "forward")
        for outcome in forward:
            self._grow_graph(outcome)
        self._demos.saw(forward)
        await self._phase_finished("forward")
        settings = self._parts.settings
        failed = failures(forward, threshold=settings.threshold, selective=settings.selective)
        perfect = all(reached(each, settings.threshold) for each in forward if not each.unavailable)
        carry = forward if settings.carry and not perfect else []
        idle = perfect and settings.selective
        proposing = None if idle else await self._proposing(step, forward, await self._evidence(step, failed))
        if not (proposing and proposing.count) and not self._steering.written:
            self._finish(step, "nothing to learn" if idle else "no feedback", carry)
            return
        accepted = await self._first_accepted(step, forward, proposing)
        if accepted is None:
            self._finish(step, "rejected", carry)
            return
        self._adopt(accepted)
        if self._parts.task.losses:
            outcomes, metric = accepted.outcomes, self._forward.metric
            self.tell(candidate_scored(outcomes, step, "best", accepted.candidate.id, "val", metric))
        self._finish(step, "accepted", [], accepted_k=accepted.made_by.k if accepted.made_by else None)

    async def _phase_finished(self, what: str) -> None:
        self._steering.check()
        await self._steering.boundary("phase", what)
        self._steering.check()

    def _batch(self, step: int) -> list[Example]:
        batch, carried = self._batches.next()
        self.tell(StepStarted(step, tuple(each.id for each in batch), carried))
        self._steering.check()
        return batch

    async def _evidence(self, step: int, failed: Sequence[Outcome]) -> Mapping[str, Sequence[Evidence]]:
        """Return, by text name, what asks for a rewrite of it."""
        parts, frozen = self._parts, self._steering.frozen
        texts = parts.task.pipeline.texts
        rewritten = [text.name for text in texts if text.kind == "prompt" and text.name not in frozen]
        if parts.settings.gradients == "none" or not rewritten:
            return {}
        if parts.settings.gradients == "data":
            return data_evidence(failed, rewritten)
        self.tell(PhaseStarted(step, "backward", sum(len(parts.loss.seeds(each)) for each in failed)))
        told = await gradients(
            failed, parts.loss, parts.critic, step=step, control=self._control, tell=lambda each: self._told(step, each)
        )
        await self._phase_finished("backward")
        return feedback_evidence(failed, [each.pieces for each in told])

    def _told(self, step: int, told: Told) -> None:
        if told.error:
            self.tell(FeedbackMissing(step, told.outcome.example.id, told.error))
        for piece in told.pieces:
            self.tell(feedback_given(step, piece))
        self._steering.check()

    async def _proposing(
        self, step: int, forward: Sequence[Outcome], evidence: Mapping[str, Sequence[Evidence]]
    ) -> Proposing:
        parts, frozen = self._parts, self._steering.frozen
        situation = situation_of(
            self.progress, forward, evidence, parts.settings, step=step, stale=self._stale, frozen=frozen
        )
        demos: Proposal | None = None
        if self._demos.due(step, frozen):
            candidate, unsolved = self._incumbent.candidate, self._demos.untaught(forward)
            self._demos.taught(await self._forward.taught(candidate, unsolved, step))
            demos = await self._demos.propose(step, situation.parent, self._steering.frozen)
        return Proposing(parts.optimizer, situation, parts.settings, self._control, self.tell, demos)

    async def _first_accepted(
        self, step: int, forward: Sequence[Outcome], proposing: Proposing | None
    ) -> Incumbent | None:
        selection = Selection(
            self.progress, self._incumbent, forward, self._parts.gates, self._demos.shown_in, self._forward,
            self._steering,
        )  # fmt: skip
        return await selection.first_accepted(step, proposing)

    def _adopt(self, incumbent: Incumbent) -> None:
        self.progress.adopt(incumbent)
        self._on_best(self.progress)

    def _take_back(self) -> None:
        """Make the incumbent before a vetoed one the best again."""
        while self._steering.vetoes:
            self._steering.vetoes -= 1
            self.progress.take_back()
            self._on_best(self.progress)

    def _finish(
        self, step: int, outcome: StepOutcome, carry: Sequence[Outcome], *, accepted_k: int | None = None
    ) -> None:
        """End a step: what is carried into the next batch is ``carry``."""
        self._batches.carry(carry)
        self.progress.steps = step
        self._stale = 0 if accepted_k is not None else self._stale + 1
        incumbent = self._incumbent
        self.tell(StepFinished(step, outcome, accepted_k, incumbent.candidate.id, incumbent.mean))

    def _grow_graph(self, outcome: Outcome) -> None:
        if outcome.answer is not None:
            grown = self._graph.grow(*loss_nodes(outcome, self._parts.minibatch_metric), outcome.answer)
            if grown is not None:
                self.tell(grown)
