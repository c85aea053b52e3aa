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
    """Makes proposals 1 to ``count`` of a step, each when it is asked for; owned by that step.

    ``demos`` is proposal 1, if there is one. ``count`` is 0 when there is nothing to write and nothing to show.
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
        self._ahead: dict[int, Proposal] = {}
        writes = bool(optimizer.rewritten(situation))
        self.count = settings.max_proposals if writes else int(demos is not None)

    async def proposal(self, k: int, failed: Sequence[Failed]) -> Proposal:
        """Return proposal ``k``; ``failed`` are those of this step that were rejected so far.

        In parallel the optimizer writes all of its proposals at the first one that is asked for, blind to ``failed``:
        when the demos were accepted, none.

        Raises:
            ModelUnavailable: The optimizer does not answer, and there is no person who could resume.
        """
        if k == 1 and self._demos is not None:
            self._emit(PhaseStarted(self._situation.step, "p1.propose", 0))
            return self._demos
        if self._settings.proposals == "parallel":
            return await self._one_of_all(k)
        known = tuple(failed) if self._settings.history else ()
        return await self._written(replace(self._situation, k=k, failed=known))

    async def _one_of_all(self, k: int) -> Proposal:
        if not self._ahead:
            ks = range(k, self.count + 1)
            made = await in_order([lambda k=k: self._written(replace(self._situation, k=k)) for k in ks])
            self._ahead = dict(zip(ks, made, strict=True))
        return self._ahead[k]

    async def _written(self, situation: Situation) -> Proposal:
        self._emit(PhaseStarted(situation.step, f"p{situation.k}.propose", 0))
        while True:
            try:
                return await self._optimizer.propose(situation)
            except ModelUnavailable as error:
                await self._control.trouble(error)
            except ModelRefused as error:
                problem = f"the optimizer refused: {error}"
                return Proposal(situation.step, situation.k, situation.parent, situation.parent, (), problem)
