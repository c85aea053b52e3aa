"""Candidates run on examples in a training, each outcome told as a fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from .candidate import Candidate
from .comparison import too_many
from .control import Control
from .dataset import Example
from .errors import ModelUnreadable
from .evaluate import Outcome, evaluate
from .events import Event, PhaseStarted
from .objective import check_nodes
from .progress import Parts
from .scoring import run_batch
from .telling import candidate_scored, scored, ungraded

Tell = Callable[[Event], object]
"""Emits an event; may raise what ends the phase."""


def _ignored(_: Outcome) -> None:
    """Hear of an outcome and do nothing."""


class Forward:
    """Runs candidates: ``tell`` emits, then whoever asked hears of the outcome, then ``check`` may end the phase."""

    def __init__(self, parts: Parts, control: Control, tell: Tell, check: Callable[[], None]) -> None:
        self._parts = parts
        self._control = control
        self._tell = tell
        self._check = check
        self._checked = False

    @property
    def metric(self) -> str:
        """What events name as the metric of a whole split."""
        return self._parts.task.scored_by(self._parts.metric)

    async def batch(
        self,
        candidate: Candidate,
        examples: Sequence[Example],
        step: int,
        phase: str,
        heard: Callable[[Outcome], object] = _ignored,
    ) -> list[Outcome]:
        """Run a candidate on a minibatch, traces and all; ``heard`` sees outcomes in order, each once."""
        parts = self._parts
        name = parts.task.scored_by(parts.minibatch_metric)
        self._tell(PhaseStarted(step, phase, len(examples)))

        def tell(outcome: Outcome) -> None:
            self._tell(scored(outcome, step=step, phase=phase, split="train", metric=name, traced=True))
            heard(outcome)
            self._check()

        outcomes = await run_batch(
            parts.task,
            candidate,
            examples,
            parts.minibatch_metric,
            at=f"{step}/{phase}",
            control=self._control,
            tell=tell,
        )
        self._warn(outcomes, step, phase)
        return outcomes

    async def taught(self, candidate: Candidate, examples: Sequence[Example], step: int) -> list[Outcome]:
        """Have the teacher run the program; an example that got no answer is unavailable, and nobody waits for it."""
        parts = self._parts
        if parts.teacher is None or not examples:
            return []
        name = parts.teacher.scored_by(parts.minibatch_metric)
        self._tell(PhaseStarted(step, "teacher", len(examples)))

        def tell(each: Outcome) -> None:
            self._tell(scored(each, step=step, phase="teacher", split="train", metric=name, traced=True))
            self._check()

        at = f"{step}/teacher"
        return await evaluate(parts.teacher, candidate, examples, parts.minibatch_metric, at=at, seen=tell)

    async def whole(
        self,
        candidate: Candidate,
        split: Literal["val", "test"],
        step: int,
        which: Literal["start", "best"],
        heard: Callable[[Outcome], object] = _ignored,
    ) -> list[Outcome]:
        """Score the start prompts or the best ones on all of a split, and tell the mean; ``heard`` sees the graphs.

        Raises:
            ModelUnreadable: A judge could not grade a fifth of the validation split: no candidate can be chosen by it.
        """
        examples = self._parts.splits.val if split == "val" else self._parts.splits.test
        phase = f"{which}.{'validation' if split == 'val' else 'test'}"
        outcomes = await self.split(candidate, examples, step, phase, split, _ignored, heard)
        lost = [each for each in outcomes if each.ungraded]
        if split == "val" and too_many(len(lost), len(outcomes)):
            raise ModelUnreadable(
                f"{len(lost)} of {len(outcomes)} validation examples have no score: {lost[0].unavailable}",
                "choose another model for [models.judge], or make task.judge simpler",
            )
        self._tell(candidate_scored(outcomes, step, which, candidate.id, split, self.metric))
        return outcomes

    async def split(
        self,
        candidate: Candidate,
        examples: Sequence[Example],
        step: int,
        phase: str,
        split: str,
        seen: Callable[[Outcome], bool | None],
        heard: Callable[[Outcome], object] = _ignored,
    ) -> list[Outcome]:
        """Run all of a split, each example until it has an answer, or until ``seen`` says enough.

        ``seen`` gets outcomes without their graph, ``heard`` with it, both in order.
        """
        parts = self._parts
        self._tell(PhaseStarted(step, phase, len(examples)))

        def tell(outcome: Outcome) -> bool | None:
            self._tell(scored(outcome, step=step, phase=phase, split=split, metric=self.metric, traced=False))
            heard(outcome)
            enough = seen(outcome.without_graph())
            self._check()
            return enough

        outcomes = await evaluate(
            parts.task,
            candidate,
            examples,
            parts.metric,
            at=f"{step}/{phase}",
            seen=tell,
            trouble=self._control.trouble,
        )
        if not self._checked:  # the start prompts come first, and no node of a loss may be missing from then on
            check_nodes(parts.task.losses, [each.nodes for each in outcomes])
            self._checked = True
        self._warn(outcomes, step, phase)
        return [each.without_graph() for each in outcomes]

    def _warn(self, outcomes: Sequence[Outcome], step: int, phase: str) -> None:
        if warned := ungraded(outcomes, step, phase):
            self._tell(warned)
