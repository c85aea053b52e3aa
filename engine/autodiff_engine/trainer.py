"""The loop: batch, forward, backward, proposals, gates (algorithm 2); the one module that emits facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from .batches import Batches
from .candidate import Candidate, start
from .comparison import compare
from .control import Control
from .dataset import Example
from .demos import Demos
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
)
from .gradients import Told, gradients
from .loss import failures, loss_nodes, reached
from .objective import check_nodes
from .progress import Incumbent, Parts, Progress, counted, first_incumbent, incumbent_of, situation_of
from .proposal import Evidence, Failed, Proposal
from .proposing import Proposing
from .scoring import run_batch
from .telling import (
    GraphSeen,
    candidate_scored,
    data_evidence,
    feedback_evidence,
    feedback_given,
    result,
    scored,
    warning_of,
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
        self._demos = Demos(parts.task, parts.splits.train, parts.settings, parts.gates.lint.max_words, emit)
        self._batches = Batches(parts.splits.train, parts.settings)
        self._stale = 0
        self.progress = Progress()

    async def fit(self) -> None:
        """Train until the last step, or until validation is perfect.

        Raises:
            RunStopped, BudgetExhausted, ModelError: ``progress`` holds the best so far.
        """
        candidate = start(self._parts.task.pipeline.texts)
        outcomes = await self._score_split(candidate, "val", "start", "start.validation")
        if unreadable := warning_of(outcomes):
            self._emit(unreadable)
        self._adopt(first_incumbent(candidate, outcomes))
        for step in range(1, self._parts.settings.max_steps + 1):
            if all(each.score == 1 for each in self._incumbent.outcomes):
                return
            await self._step(step)
            self._control.step_finished()

    async def report_test(self) -> None:
        """Score the start prompts and the best ones on the test split: the only look at it."""
        first, best = self.progress.start, self.progress.best
        if first is None or best is None or not self._parts.splits.test or self.progress.test is not None:
            return
        before = after = await self._score_split(first.candidate, "test", "start", "start.test")
        if best.candidate.id != first.candidate.id:
            after = await self._score_split(best.candidate, "test", "best", "best.test")
        self.progress.test = compare(before, after, split="test", metric=self._metric)
        self._emit(TestCompared(self.progress.test))
        self._on_best(self.progress)

    @property
    def _metric(self) -> str:
        return self._parts.task.scored_by(self._parts.metric)

    @property
    def _incumbent(self) -> Incumbent:
        if self.progress.best is None:
            raise AssertionError("no incumbent before the start prompts are scored")
        return self.progress.best

    async def _step(self, step: int) -> None:
        batch = self._batch(step)
        forward = await self._run_batch(self._incumbent.candidate, batch, step, "forward")
        self._grow_graph(forward)
        self._demos.saw(forward)
        settings = self._parts.settings
        failed = failures(forward, threshold=settings.threshold, selective=settings.selective)
        perfect = all(reached(each, settings.threshold) for each in forward if not each.unavailable)
        carry = forward if settings.carry and not perfect else []
        if perfect and settings.selective:
            self._finish(step, "nothing to learn", [])
            return
        evidence = await self._evidence(step, failed)
        proposing = await self._proposing(step, forward, evidence)
        if not proposing.count:
            self._finish(step, "no feedback", carry)
            return
        accepted = await self._first_accepted(step, forward, proposing)
        if accepted is None:
            self._finish(step, "rejected", carry)
            return
        self._adopt(accepted)
        if self._parts.task.losses:
            outcomes, metric = accepted.outcomes, self._metric
            self._emit(candidate_scored(outcomes, step, "best", accepted.candidate.id, "val", metric))
        self._finish(step, "accepted", [], accepted_k=accepted.made_by.k if accepted.made_by else None)

    def _batch(self, step: int) -> list[Example]:
        batch, carried = self._batches.next()
        self._emit(StepStarted(step, tuple(each.id for each in batch), carried))
        return batch

    async def _run_batch(
        self, candidate: Candidate, examples: Sequence[Example], step: int, phase: str
    ) -> list[Outcome]:
        parts = self._parts
        name = parts.task.scored_by(parts.minibatch_metric)
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
        rewritten = [text.name for text in parts.task.pipeline.texts if text.kind == "prompt"]
        if parts.settings.gradients == "none" or not rewritten:
            return {}
        if parts.settings.gradients == "data":
            return data_evidence(failed, rewritten)
        self._emit(PhaseStarted(step, "backward", sum(len(parts.loss.seeds(each)) for each in failed)))
        told = await gradients(
            failed, parts.loss, parts.critic, step=step, control=self._control, tell=lambda each: self._told(step, each)
        )
        return feedback_evidence(failed, [each.pieces for each in told])

    def _told(self, step: int, told: Told) -> None:
        if told.error:
            self._emit(FeedbackMissing(step, told.outcome.example.id, told.error))
        for piece in told.pieces:
            self._emit(feedback_given(step, piece))

    async def _proposing(
        self, step: int, forward: Sequence[Outcome], evidence: Mapping[str, Sequence[Evidence]]
    ) -> Proposing:
        parts = self._parts
        situation = situation_of(self.progress, forward, evidence, parts.settings, step=step, stale=self._stale)
        demos: Proposal | None = None
        if self._demos.due(step):
            await self._ask_teacher(step, forward)
            demos = await self._demos.propose(step, situation.parent)
        return Proposing(parts.optimizer, situation, parts.settings, self._control, self._emit, demos)

    async def _ask_teacher(self, step: int, forward: Sequence[Outcome]) -> None:
        """Have the teacher run the program on what it failed; an example that got no answer is left out."""
        parts, examples = self._parts, self._demos.untaught(forward)
        if parts.teacher is None or not examples:
            return
        name = parts.teacher.scored_by(parts.minibatch_metric)
        self._emit(PhaseStarted(step, "teacher", len(examples)))

        def tell(each: Outcome) -> None:
            self._emit(scored(each, step=step, phase="teacher", split="train", metric=name, traced=True))

        candidate, metric = self._incumbent.candidate, parts.minibatch_metric
        at = f"{step}/teacher"
        self._demos.taught(await evaluate(parts.teacher, candidate, examples, metric, at=at, seen=tell))

    async def _first_accepted(self, step: int, forward: Sequence[Outcome], proposing: Proposing) -> Incumbent | None:
        failed: list[Failed] = []
        for k in range(1, proposing.count + 1):
            proposal = await proposing.proposal(k, failed)
            self._emit(
                ProposalMade(step, k, proposal.candidate.id, proposal.parent.id, proposal.changes, proposal.problem)
            )
            verdict = await self._judge(proposal, forward, failed)
            if verdict.fate == "accepted":
                return incumbent_of(proposal, verdict)
            failed.append(Failed(proposal, result(verdict)))
        return None

    async def _judge(self, proposal: Proposal, forward: Sequence[Outcome], failed: Sequence[Failed]) -> Verdict:
        step, k, candidate = proposal.step, proposal.k, proposal.candidate
        case = Case(
            proposal,
            forward,
            self._incumbent.outcomes,
            [each.proposal.candidate.id for each in failed],
            run_batch=lambda examples: self._run_batch(candidate, examples, step, f"p{k}.minibatch"),
            run_split=lambda examples, seen: self._score(candidate, examples, step, f"p{k}.validation", "val", seen),
            shown=self._demos.shown_in(candidate),
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
        self._emit(candidate_scored(outcomes, step, which, candidate.id, split, self._metric))
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
            self._emit(scored(outcome, step=step, phase=phase, split=split, metric=self._metric, traced=False))
            return seen(outcome.without_graph())

        outcomes = await evaluate(
            parts.task,
            candidate,
            examples,
            parts.metric,
            at=f"{step}/{phase}",
            seen=tell,
            trouble=self._control.trouble,
        )
        if self.progress.start is None:
            check_nodes(parts.task.losses, [each.nodes for each in outcomes])
        return [each.without_graph() for each in outcomes]

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
        self._batches.carry(carry)
        self.progress.steps = step
        self._stale = 0 if accepted_k is not None else self._stale + 1
        incumbent = self._incumbent
        self._emit(StepFinished(step, outcome, accepted_k, incumbent.candidate.id, incumbent.mean))

    def _grow_graph(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if outcome.answer is not None:
                grown = self._graph.grow(*loss_nodes(outcome, self._parts.minibatch_metric), outcome.answer)
                if grown is not None:
                    self._emit(grown)
