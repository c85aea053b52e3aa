"""The proposals of a step, judged one after another until one is accepted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from .candidate import Candidate
from .evaluate import Outcome
from .events import PhaseStarted, ProposalJudged
from .forward import Forward
from .judgement import written
from .progress import Incumbent, Progress, counted, incumbent_of
from .proposal import Failed, Proposal
from .proposing import Proposing
from .steering import Steering
from .telling import result
from .validation import Case, Gates, Judging, Verdict


class Selection:
    """What a step's proposals are judged on: the incumbent's outcomes on the step's batch; owned by that step.

    ``proposing`` is None where the training has nothing to propose by itself. What a person wrote comes before its next
    proposal, and takes none of its places.
    """

    def __init__(
        self,
        progress: Progress,
        incumbent: Incumbent,
        forward: Sequence[Outcome],
        gates: Gates,
        shown_in: Callable[[Candidate], Mapping[str, Collection[str]]],
        running: Forward,
        steering: Steering,
    ) -> None:
        self._progress = progress
        self._incumbent = incumbent
        self._forward = forward
        self._gates = gates
        self._shown_in = shown_in
        self._running = running
        self._steering = steering
        self._failed: list[Failed] = []

    async def first_accepted(self, step: int, proposing: Proposing | None) -> Incumbent | None:
        """Judge proposals until one is accepted, and return it as the next incumbent; None when none was.

        Raises:
            StepEnded: The incumbent was vetoed meanwhile.
        """
        k = 0
        while (proposal := await self._next(step, k + 1, proposing)) is not None:
            k += 1
            proposal, verdict = await self._steering.judged(proposal, self._begin)
            self._tell(proposal, verdict)
            if verdict.fate == "accepted":
                return incumbent_of(proposal, verdict)
            self._failed.append(Failed(proposal, result(verdict)))
            self._steering.check()
            await self._steering.boundary("phase", "verdict")
            self._steering.check()
        return None

    async def _next(self, step: int, k: int, proposing: Proposing | None) -> Proposal | None:
        if self._steering.written:
            self._steering.tell(PhaseStarted(step, f"p{k}.propose", 0))
            return written(step, k, self._incumbent.candidate, self._steering.written.pop(0))
        if proposing is None:
            return None
        return await proposing.proposal(k, self._failed, self._steering.frozen)

    def _begin(self, proposal: Proposal, direct: bool) -> Judging:
        step, k, candidate, running = proposal.step, proposal.k, proposal.candidate, self._running
        case = Case(
            proposal,
            self._forward,
            self._incumbent.outcomes,
            [each.proposal.candidate.id for each in self._failed],
            run_batch=lambda examples, heard: running.batch(candidate, examples, step, f"p{k}.minibatch", heard),
            run_split=lambda examples, seen: running.split(candidate, examples, step, f"p{k}.validation", "val", seen),
            shown=self._shown_in(candidate),
        )
        return Judging(case, self._gates.direct() if direct else self._gates)

    def _tell(self, proposal: Proposal, verdict: Verdict) -> None:
        self._progress.counts = counted(self._progress.counts, verdict)
        self._steering.tell(
            ProposalJudged(
                proposal.step, proposal.k, proposal.candidate.id, verdict.fate, verdict.reason, verdict.lint,
                verdict.minibatch, verdict.validation,
            )
        )  # fmt: skip
