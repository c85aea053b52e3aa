"""The proposals of one step, in order: the demos when it is their turn, then what the optimizer writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .concurrency import in_order
from .config import TrainerConfig
from .control import Control
from .errors import ModelRefused, ModelUnavailable
from .events import Event, PhaseStarted
from .optimizer import Optimizer
from .proposal import Failed, Proposal, Situation


class Proposing:
    """Makes at most ``count`` proposals of a step, each when it is asked for; owned by that step.

    ``demos`` comes first, if there are any. ``count`` is 0 when there is nothing to write and nothing to show.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        situation: Situation,
        settings: TrainerConfig,
        control: Control,
        emit: Callable[[Event], object],
        demos: Proposal | None = None,
    ) -> None:
        self._optimizer = optimizer
        self._situation = situation
        self._settings = settings
        self._control = control
        self._emit = emit
        self._demos = demos
        self._ahead: list[Proposal] = []
        self._given = 0
        writes = bool(optimizer.rewritten(situation))
        self.count = settings.max_proposals if writes else int(demos is not None)

    async def proposal(self, k: int, failed: Sequence[Failed], frozen: Sequence[str] = ()) -> Proposal | None:
        """Return the next proposal as proposal ``k``, or None after the last; it leaves ``frozen`` texts as they are.

        ``failed`` are those of this step that were rejected so far. In parallel the optimizer writes all of its
        proposals at the first one that is asked for, blind to ``failed``: when the demos were accepted, none.

        Raises:
            ModelUnavailable: The optimizer does not answer, and there is no person who could resume.
        """
        while self._given < self.count:
            self._given += 1
            proposal = await self._made(k, failed, frozen)
            if proposal is not None:
                return proposal
        return None

    async def _made(self, k: int, failed: Sequence[Failed], frozen: Sequence[str]) -> Proposal | None:
        if self._given == 1 and self._demos is not None:
            self._emit(PhaseStarted(self._situation.step, f"p{k}.propose", 0))
            return thawed(self._demos, k, frozen)
        situation = replace(self._situation, k=k, frozen=frozen)
        if not self._ahead and not self._optimizer.rewritten(situation):
            return None
        if self._settings.proposals == "parallel":
            self._ahead = self._ahead or await self._all(situation)
            return thawed(self._ahead.pop(0), k, frozen)
        known = tuple(failed) if self._settings.history else ()
        self._emit(PhaseStarted(situation.step, f"p{k}.propose", 0))
        return await self._written(replace(situation, failed=known))

    async def _all(self, situation: Situation) -> list[Proposal]:
        """Return this proposal and all that may follow it, written at once."""
        ks = range(situation.k, situation.k + self.count - self._given + 1)
        self._emit(PhaseStarted(situation.step, "propose", 0))
        return await in_order([lambda k=k: self._written(replace(situation, k=k)) for k in ks])

    async def _written(self, situation: Situation) -> Proposal:
        while True:
            try:
                return await self._optimizer.propose(situation)
            except ModelUnavailable as error:
                await self._control.trouble(error)
            except ModelRefused as error:
                problem = f"the optimizer refused: {error}"
                return Proposal(situation.step, situation.k, situation.parent, situation.parent, (), problem)


def thawed(proposal: Proposal, k: int, frozen: Sequence[str]) -> Proposal | None:
    """Return what was proposed before ``frozen`` was known as proposal ``k`` without those texts; None without rest."""
    changes = tuple(change for change in proposal.changes if change.name not in frozen)
    if changes == proposal.changes or proposal.problem:
        return proposal if proposal.k == k else replace(proposal, k=k)
    candidate = proposal.parent.with_texts({change.name: change.value for change in changes})
    return replace(proposal, k=k, candidate=candidate, changes=changes) if changes else None
