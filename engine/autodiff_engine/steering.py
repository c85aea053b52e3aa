"""What a person decides about a training: taken between facts, and again at the same places where a journal has it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import cast

from .control import Control, Decided, Stride
from .encoding import without_secrets
from .errors import EngineError, RunStopped
from .events import (
    FACT_TYPES,
    Decision,
    Event,
    ProposalEdited,
    ProposalJudged,
    ProposalMade,
    ProposalSkipped,
    ProposalVetoed,
    ProposalWritten,
    StopChosen,
    TextFrozen,
    TextValue,
    ValidationChosen,
    Warned,
    decision_words,
)
from .judgement import Begin, Judgement
from .proposal import Proposal
from .secret import KnownSecrets
from .validation import Verdict


class StepEnded(EngineError):
    """The incumbent that this step runs with was vetoed."""


class Steering:
    """Numbers facts as they are told and takes decisions between them; its trainer's alone.

    A decision is taken right after a fact. It is taken at once where nothing that happens until the next fact depends
    on it by any other way than through this object: while a proposal is judged, and while the run pauses between two
    phases. So the number of the last fact says all about its place, and ``decided`` is taken again exactly there.
    """

    def __init__(
        self, control: Control, emit: Callable[[Event], object], texts: Collection[str], decided: Decided
    ) -> None:
        self.facts = 0
        """How many facts have been told."""
        self.frozen: tuple[str, ...] = ()
        self.written: list[tuple[TextValue, ...]] = []
        """Proposals of a person that wait to be judged."""
        self.vetoes = 0
        """How many incumbents were vetoed and are still to be taken back."""
        self._control = control
        self._emit = emit
        self._texts = texts
        self._recorded = deque(decided.decisions)
        self._history = decided.facts
        self._now: Judgement | None = None
        self._accepted: list[ProposalJudged] = []
        self._refused: dict[str, str] = {}
        """By id the candidates that a person vetoed, and why."""
        self._pausing = False
        self._busy = False
        self._over = False
        control.on_decision = self._arrived

    # facts

    def tell(self, event: Event) -> None:
        """Emit an event; after a fact take what was decided.

        Raises:
            RunStopped: An earlier execution was stopped here.
        """
        self._say(event)
        if isinstance(event, FACT_TYPES):
            self.facts += 1
            if isinstance(event, ProposalJudged) and event.accepted:
                self._accepted.append(event)
            self.take()

    def check(self) -> None:
        """Leave what a decision made vain: to be called after each fact of a step.

        Raises:
            StepEnded: The incumbent of this step was vetoed.
            JudgingInterrupted: The proposal that is judged here is to be judged no further, or otherwise.
        """
        if self._now is not None:
            self._now.leave_if_interrupted()
        elif self.vetoes:
            raise StepEnded("the incumbent was vetoed")

    def forget_history(self) -> None:
        """Take no earlier decision any more: the run goes another way than the execution that they were made in."""
        self._recorded.clear()
        self._history = self.facts

    async def boundary(self, stride: Stride, what: str) -> None:
        """Wait right after a fact while the run is paused; it pauses here by itself when it goes by ``stride``.

        Not while it is its history, where nobody can decide anything: a pause or a stop then waits for its end.

        Raises:
            RunStopped: A stop was asked for.
        """
        if self.facts < self._history:
            return
        self._control.finished(stride, what)
        self._pausing = True
        try:
            await self._control.passing()
        finally:
            self._pausing = False

    def close(self) -> None:
        """Say what comes too late to do anything: the training is over."""
        self._over = True
        self.take()
        for texts in self.written:
            self._late(ProposalWritten(0, texts))
        self.written.clear()

    async def judged(self, proposal: Proposal, begin: Begin) -> tuple[Proposal, Verdict]:
        """Tell ``proposal`` and have it judged; return it as it was in the end, and the verdict."""
        now = self._now = Judgement(proposal, self.facts + 1)
        try:
            self.tell(
                ProposalMade(
                    proposal.step, proposal.k, proposal.candidate.id, proposal.parent.id, proposal.changes,
                    proposal.problem, proposal.tried,
                )
            )  # fmt: skip
            await self.boundary("phase", "proposal")
            verdict = await now.verdict(begin, self._refused.get)
            return now.proposal, verdict
        finally:
            self._now = None

    # decisions

    def take(self) -> None:
        """Take what was decided: first what an earlier execution has here, then what is new.

        Raises:
            RunStopped: The earlier execution was stopped here.
        """
        while self._recorded and self._recorded[0].after <= self.facts:
            decision = self._recorded.popleft()
            if isinstance(decision, StopChosen):
                self._control.stop(decision.reason)
                raise RunStopped("the run was stopped here; the best prompts so far are kept")
            self._take(decision)
        while self._control.decisions and (self._over or self.facts >= self._history):
            new = without_secrets(self._control.decisions.popleft(), KnownSecrets.now())
            self._take(cast("Decision", new))  # it does what the journal will say: else it could not be taken again

    def _arrived(self) -> None:
        if not self._busy and (self._over or self._pausing or self._now is not None):
            self.take()

    def _say(self, event: Event) -> None:
        """Emit; who listens may decide something, which then waits its turn."""
        self._busy = True
        try:
            self._emit(event)
        finally:
            self._busy = False

    def _late(self, decision: Decision) -> None:
        why = "nothing was changed, it came too late or names nothing that there is"
        self._say(Warned(f"{why}: a person chose to {decision_words(decision)}"))

    def _take(self, decision: Decision) -> None:
        decision = self._fitting(decision)
        if self._over or not self._applies(decision):
            self._late(decision)
            return
        self._say(replace(decision, after=self.facts))
        self._control.steered = True
        self._apply(decision)

    def _fitting(self, decision: Decision) -> Decision:
        """Return an edit that comes after the first score as a proposal of its own."""
        if not isinstance(decision, ProposalEdited):
            return decision
        now = self._judging(decision)
        if now is not None and now.open and self.facts == now.made:
            return decision
        changes = now.proposal.changes if now is not None else ()
        others = [TextValue(each.name, each.value) for each in changes if each.name != decision.text]
        return ProposalWritten(0, (*others, TextValue(decision.text, decision.value)))

    def _judging(self, told: ProposalSkipped | ProposalVetoed | ProposalEdited | ValidationChosen) -> Judgement | None:
        """Return what is judged now, if that is what ``told`` is about."""
        return self._now if self._now is not None and self._now.is_of(told.step, told.k) else None

    def _is_incumbent(self, told: ProposalVetoed) -> bool:
        return bool(self._accepted) and (self._accepted[-1].step, self._accepted[-1].k) == (told.step, told.k)

    def _applies(self, decision: Decision) -> bool:
        match decision:
            case ProposalSkipped():
                return (now := self._judging(decision)) is not None and now.open
            case ProposalVetoed():
                now = self._judging(decision)
                return self._is_incumbent(decision) if now is None else now.open
            case ValidationChosen():
                return (now := self._judging(decision)) is not None and now.may_go_direct
            case ProposalEdited():
                return decision.text in self._texts
            case ProposalWritten():
                return bool(decision.texts) and all(each.name in self._texts for each in decision.texts)
            case TextFrozen():
                return decision.text in self._texts and (decision.text in self.frozen) != decision.frozen
            case StopChosen():
                return False  # a stop goes to the gate: ``Control.decide``

    def _apply(self, decision: Decision) -> None:
        now = self._now
        match decision:
            case ProposalSkipped() if now is not None:
                now.end("skipped", "a person skipped it")
            case ValidationChosen() if now is not None:
                now.go_direct()
            case ProposalEdited() if now is not None:
                now.edit(decision.text, decision.value)
            case ProposalVetoed():
                self._veto(decision)
            case ProposalWritten():
                self.written.append(decision.texts)
            case TextFrozen():
                others = tuple(name for name in self.frozen if name != decision.text)
                self.frozen = (*others, decision.text) if decision.frozen else others
            case _:
                raise AssertionError(f"{decision} is about a proposal, and none is judged")

    def _veto(self, decision: ProposalVetoed) -> None:
        why = "a person vetoed it" + (f": {decision.reason}" if decision.reason else "")
        now = self._judging(decision)
        if now is not None:
            self._refused[now.proposal.candidate.id] = why
            now.end("vetoed", why)
            return
        self._refused[self._accepted.pop().candidate] = why
        self.vetoes += 1
        if self._now is not None:
            self._now.end("skipped", "a person vetoed the prompts that it was to improve")
