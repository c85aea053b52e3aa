"""Runs that a person steers, and the same runs executed again from what was decided, over their stored answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.synthetic import Stack, answer, instructions, parts, splits

from autodiff_engine.control import Control, Decided
from autodiff_engine.ending import Spent
from autodiff_engine.events import DECISION_TYPES, Event, RunFinished, Stamped
from autodiff_engine.journal import Recorded, read
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.progress import Progress
from autodiff_engine.run import Machine, Run
from autodiff_engine.run_folder import Opening
from autodiff_engine.trainer import Trainer

Steer = Callable[[Stamped, Control], None]


def raising(call: Call) -> str:
    """Play every role, and the optimizer so that its first proposal of step 1 is accepted: three levels up."""
    reply = answer(call)
    if call.role == "optimizer" and call.at.startswith("1/optimizer/p1/task"):
        return reply.replace("LEVEL 3", "LEVEL 5")
    return reply


class SteeredMachine:
    """A trainer of the synthetic task over the real stack."""

    def __init__(self, stack: Stack, trainer: Trainer) -> None:
        self._stack = stack
        self.trainer = trainer

    def opening_facts(self) -> tuple[Event, ...]:
        return ()

    def spent(self) -> Spent:
        return self._stack.meter.totals.spent

    async def aclose(self) -> None:
        self._stack.store.close()


class SteeredRun:
    """One execution in ``folder/name``; ``steer`` hears each event, inside its emission, and may decide something."""

    def __init__(
        self,
        folder: Path,
        steer: Steer = lambda stamped, control: None,
        *,
        name: str = "first",
        decided: Decided = Decided(),  # noqa: B008 - frozen
        script: Callable[[Call], str] = raising,
        delay_s: Callable[[Call], float] | None = None,
        offline: bool = False,
        pipeline: Pipeline | None = None,
        **settings: object,
    ) -> None:
        self.folder = folder / name
        self.control = Control(attended=True)
        self.model = ScriptedModel(script, delay_s=delay_s)
        self.best: list[str] = []
        self._steer = steer
        told = {"max_steps": 3, "max_proposals": 3, **settings}

        async def build(control: Control, emit: Callable[[Event], object]) -> Machine:
            stack = Stack(self.model, folder / "answers", control, offline=offline)
            made = parts(stack.model, splits(12, 10, 6), pipeline, **told)
            return SteeredMachine(stack, Trainer(made, control, emit, self._keep, decided))

        self._run = Run(Opening(name, self.folder, "c.toml", "[task]\n", "0.1", instructions()), build)

    def _keep(self, progress: Progress) -> None:
        assert progress.best is not None
        self.best.append(progress.best.candidate.texts["task"])

    async def finish(self) -> RunFinished:
        return await self._run.execute(self.control, lambda stamped: self._steer(stamped, self.control))

    @property
    def recorded(self) -> Recorded:
        return read(self.folder)

    def of(self, kind: type[Event]) -> list[Event]:
        return [each.event for each in self.recorded.events if isinstance(each.event, kind)]

    @property
    def decisions(self) -> list[Event]:
        return [each.event for each in self.recorded.events if isinstance(each.event, DECISION_TYPES)]


async def executed_again(first: SteeredRun, folder: Path, **options: object) -> SteeredRun:
    """Execute a run again from its journal's decisions, and check that it is the same run and asked nobody."""
    again = SteeredRun(folder, name="again", decided=first.recorded.decided, offline=True, **options)  # type: ignore[arg-type]
    await again.finish()
    assert again.model.seen == []
    assert again.recorded.facts == first.recorded.facts
    assert again.best == first.best
    return again
