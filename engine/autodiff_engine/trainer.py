"""The loop: batch, forward, backward, proposals, gates (algorithm 2); the one module that emits facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from .candidate import Candidate, start
from .comparison import compare
from .concurrency import in_order
from .control import Control
from .dataset import Example, next_batch, trim
from .errors import ModelRefused, ModelUnavailable
from .evaluate import Outcome, evaluate
from .events import (
    Event,
    FeedbackMissing,
    PhaseStarted,
    ProposalJudged,
    ProposalMade,
    StepFinished,
    StepStarted,
    TestCompared,
    Warned,
)
from .gradients import Told, gradients
from .loss import failures, good_enough, loss_node
from .progress import Incumbent, Parts, Progress, counted, first_incumbent, incumbent_of, situation_of
from .proposal import Evidence, Failed, Proposal, Situation
from .scoring import run_batch
from .telling import (
    GraphSeen,
    candidate_scored,
    data_evidence,
    feedback_evidence,
    feedback_given,
    result,
    scored,
)
from .validation import Case, Verdict, judge

StepOutcome = Literal["accepted", "rejected", "nothing to learn", "no feedback"]


class Trainer:
    """Runs algorithm 2 over ``parts``; tells every fact to ``emit``, in structural order."""

    def __init__(
        self,
        parts: Parts,
        control: Control,
        emit: Callable[[Event], object],
        on_best: Callable[[Progress], None],
    ) -> None:
        self._parts = parts
        self._control = control
        self._emit = emit
        self._on_best = on_best
        self._graph = GraphSeen()
        self._carried: list[Outcome] = []
        self._cursor = 0
        self._stale = 0
        self.progress = Progress()

    async def fit(self) -> None:
        """Train until the last step, or until validation is perfect.

        Raises:
            RunStopped, BudgetExhausted, ModelError: ``progress`` holds the best so far.
        """
        candidate = start(self._parts.task.pipeline.texts)
        outcomes = await self._score_split(candidate, "val", "start", "start.validation")
        self._warn_of_unreadable(outcomes)
        self._adopt(first_incumbent(candidate, outcomes))
        for step in range(1, self._parts.settings.max_steps + 1):
            if all(each.score == 1 for each in self._incumbent.outcomes):
                return
            await self._step(step)
            self._control.step_finished()

    def _warn_of_unreadable(self, outcomes: Sequence[Outcome]) -> None:
        unread = sum(each.wrong_format for each in outcomes)
        if 2 * unread > len(outcomes):
            form = "say in a start text in which form to answer (program.answer reads it)"
            self._emit(Warned(f"no answer could be read from {unread} of {len(outcomes)} replies: {form}"))

    async def report_test(self) -> None:
        """Score the start prompts and the best ones on the test split: the only look at it."""
        first, best = self.progress.start, self.progress.best
        if first is None or best is None or not self._parts.splits.test or self.progress.test is not None:
            return
        before = after = await self._score_split(first.candidate, "test", "start", "start.test")
        if best.candidate.id != first.candidate.id:
            after = await self._score_split(best.candidate, "test", "best", "best.test")
        self.progress.test = compare(before, after, split="test", metric=self._parts.metric.name)
        self._emit(TestCompared(self.progress.test))
        self._on_best(self.progress)

    @property
    def _incumbent(self) -> Incumbent:
        if self.progress.best is None:
            raise AssertionError("no incumbent before the start prompts are scored")
        return self.progress.best

    async def _step(self, step: int) -> None:
        batch = self._batch(step)
        forward = await self._run_batch(self._incumbent.candidate, batch, step, "forward")
        self._grow_graph(forward)
        settings = self._parts.settings
        failed = failures(forward, threshold=settings.threshold, selective=settings.selective)
        perfect = all(good_enough(each.score, settings.threshold) for each in forward if not each.unavailable)
        carry = forward if settings.carry and not perfect else []
        if perfect and settings.selective:
            self._finish(step, "nothing to learn", [])
            return
        evidence = await self._evidence(step, failed)
        if not evidence and settings.gradients != "none":
            self._finish(step, "no feedback", carry)
            return
        accepted = await self._first_accepted(step, forward, evidence)
        if accepted is None:
            self._finish(step, "rejected", carry)
            return
        self._adopt(accepted)
        self._finish(step, "accepted", [], accepted_k=accepted.made_by.k if accepted.made_by else None)

    def _batch(self, step: int) -> list[Example]:
        settings = self._parts.settings
        carried = [each.example for each in self._carried]
        drawn = next_batch(
            self._parts.splits.train,
            cursor=self._cursor,
            size=settings.batch_size,
            seed=settings.seed,
            excluded={each.id for each in carried},
        )
        self._cursor = drawn.cursor
        right = {each.example.id: good_enough(each.score, settings.threshold) for each in self._carried}
        batch = trim([*carried, *drawn.examples], lambda each: right.get(each.id), settings.max_batch)
        kept = tuple(each.id for each in batch if each.id in right)
        self._emit(StepStarted(step, tuple(each.id for each in batch), kept))
        return list(batch)

    async def _run_batch(
        self, candidate: Candidate, examples: Sequence[Example], step: int, phase: str
    ) -> list[Outcome]:
        parts = self._parts
        name = parts.minibatch_metric.name
        self._emit(PhaseStarted(step, phase, len(examples)))
        return await run_batch(
            parts.task,
            candidate,
            examples,
            parts.minibatch_metric,
            at=f"{step}/{phase}",
            control=self._control,
            tell=lambda each: self._emit(scored(each, step=step, phase=phase, split="train", metric=name, traced=True)),
        )

    async def _evidence(self, step: int, failed: Sequence[Outcome]) -> Mapping[str, Sequence[Evidence]]:
        """Return, by text name, what asks for a rewrite of it."""
        parts = self._parts
        if parts.settings.gradients == "none":
            return {}
        if parts.settings.gradients == "data":
            return data_evidence(failed, [text.name for text in parts.task.pipeline.texts])
        self._emit(PhaseStarted(step, "backward", len(failed)))
        told = await gradients(
            failed, parts.loss, parts.critic, step=step, control=self._control, tell=lambda each: self._told(step, each)
        )
        return feedback_evidence(failed, [each.pieces for each in told])

    def _told(self, step: int, told: Told) -> None:
        if told.error:
            self._emit(FeedbackMissing(step, told.outcome.example.id, told.error))
        for piece in told.pieces:
            self._emit(feedback_given(step, piece))

    async def _first_accepted(
        self, step: int, forward: Sequence[Outcome], evidence: Mapping[str, Sequence[Evidence]]
    ) -> Incumbent | None:
        settings = self._parts.settings
        failed: list[Failed] = []
        situation = situation_of(self.progress, forward, evidence, settings, step=step, stale=self._stale)
        ahead: list[Proposal] = []
        if settings.proposals == "parallel":
            ks = range(1, settings.max_proposals + 1)
            ahead = await in_order([lambda k=k: self._propose(replace(situation, k=k)) for k in ks])
        for k in range(1, settings.max_proposals + 1):
            known = tuple(failed) if settings.history else ()
            proposal = ahead[k - 1] if ahead else await self._propose(replace(situation, k=k, failed=known))
            self._emit(
                ProposalMade(step, k, proposal.candidate.id, proposal.parent.id, proposal.changes, proposal.problem)
            )
            verdict = await self._judge(proposal, forward, failed)
            if verdict.fate == "accepted":
                return incumbent_of(proposal, verdict)
            failed.append(Failed(proposal, result(verdict)))
        return None

    async def _propose(self, situation: Situation) -> Proposal:
        self._emit(PhaseStarted(situation.step, f"p{situation.k}.propose", 0))
        while True:
            try:
                return await self._parts.optimizer.propose(situation)
            except ModelUnavailable as error:
                await self._control.trouble(error)
            except ModelRefused as error:
                problem = f"the optimizer refused: {error}"
                return Proposal(situation.step, situation.k, situation.parent, situation.parent, (), problem)

    async def _judge(self, proposal: Proposal, forward: Sequence[Outcome], failed: Sequence[Failed]) -> Verdict:
        step, k, candidate = proposal.step, proposal.k, proposal.candidate
        case = Case(
            proposal,
            forward,
            self._incumbent.outcomes,
            [each.proposal.candidate.id for each in failed],
            run_batch=lambda examples: self._run_batch(candidate, examples, step, f"p{k}.minibatch"),
            run_split=lambda examples, seen: self._score(candidate, examples, step, f"p{k}.validation", "val", seen),
        )
        verdict = await judge(case, self._parts.gates)
        self.progress.counts = counted(self.progress.counts, verdict)
        self._emit(
            ProposalJudged(
                step, k, candidate.id, verdict.fate, verdict.reason, verdict.lint, verdict.minibatch, verdict.validation
            )
        )
        return verdict

    async def _score_split(
        self, candidate: Candidate, split: Literal["val", "test"], which: Literal["start", "best"], phase: str
    ) -> list[Outcome]:
        examples = self._parts.splits.val if split == "val" else self._parts.splits.test
        step = self.progress.steps
        outcomes = await self._score(candidate, examples, step, phase, split, lambda _: None)
        self._emit(candidate_scored(outcomes, step, which, candidate.id, split, self._parts.metric.name))
        return outcomes

    async def _score(
        self,
        candidate: Candidate,
        examples: Sequence[Example],
        step: int,
        phase: str,
        split: str,
        seen: Callable[[Outcome], bool | None],
    ) -> list[Outcome]:
        """Run all of a split, each example until it has an answer."""
        parts = self._parts
        self._emit(PhaseStarted(step, phase, len(examples)))

        def tell(outcome: Outcome) -> bool | None:
            self._emit(scored(outcome, step=step, phase=phase, split=split, metric=parts.metric.name, traced=False))
            return seen(outcome)

        return await evaluate(
            parts.task,
            candidate,
            examples,
            parts.metric,
            at=f"{step}/{phase}",
            seen=tell,
            trouble=self._control.trouble,
        )

    def _adopt(self, incumbent: Incumbent) -> None:
        progress = self.progress
        progress.start = progress.start or incumbent
        progress.best = incumbent
        progress.accepted.append(incumbent)
        self._on_best(progress)

    def _finish(
        self, step: int, outcome: StepOutcome, carry: Sequence[Outcome], *, accepted_k: int | None = None
    ) -> None:
        """End a step: what is carried into the next batch is ``carry``."""
        self._carried = list(carry)
        self.progress.steps = step
        self._stale = 0 if accepted_k is not None else self._stale + 1
        incumbent = self._incumbent
        self._emit(StepFinished(step, outcome, accepted_k, incumbent.candidate.id, incumbent.mean))

    def _grow_graph(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.answer is not None:
                grown = self._graph.grow(loss_node(outcome, outcome.answer, self._parts.minibatch_metric))
                if grown is not None:
                    self._emit(grown)
