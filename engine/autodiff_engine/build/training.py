"""A training, ready to be executed: everything checked, nothing created."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from ..comparison import Rule
from ..config import Loaded, RunConfig, rebased, to_toml
from ..control import Control, Decided
from ..critic import LLMCritic
from ..ending import BEST
from ..evaluate import Task
from ..events import BudgetCaps, Event, Spent
from ..instructions import packaged
from ..lint import Lint, secret_runs
from ..llm import Model
from ..loss import Loss
from ..metric import Metric
from ..optimizer import Optimizer
from ..progress import Parts, Progress
from ..run import Machine, Make, Run
from ..run_folder import Opening
from ..sentences import word_count
from ..shown_inputs import shown
from ..trainer import Trainer
from ..validation import Gates
from .best import write
from .fingerprints import parts_of_run
from .late_imports import LateImports
from .measures import seated
from .models import Models, Place, asker, draw_of
from .options import RunOptions, check_answers
from .plan import Plan, opening_facts, plan_of, with_hashes
from .players import USED

MOST_WORDS = 1000
"""The cap on a rewritten text, where the model's context and the start texts do not ask for another."""


def checked(loaded: Loaded, options: RunOptions) -> tuple[Plan, str, Path, Path]:
    """Return the plan of a new run, its id, its folder and that of the answers, neither of them made.

    Raises:
        ConfigError: Something cannot be run; one line for each thing.
    """
    answers = options.answers(loaded.config, loaded.base)
    check_answers(answers)
    plan = plan_of(loaded.config, loaded.base, packaged(), recorded=options.offline, keyless=options.keyless)
    run_id, folder = options.place(loaded.config.task.pipeline)
    return plan, run_id, folder, answers


def run_of(
    plan: Plan,
    loaded: Loaded,
    run_id: str,
    folder: Path,
    place: Place,
    decided: Decided = Decided(),  # noqa: B008 - frozen
    *,
    register: Path | None = None,
) -> Run:
    """Return the run of a plan, to be executed in ``folder``, and entered into the register of another if one is."""
    written = to_toml(with_hashes(rebased(loaded.config, loaded.base, folder), plan.players))
    opening = Opening(
        run_id, folder, loaded.path.name, written, version("autodiff-tui"), plan.instructions,
        recorded=place.record is not None, budget=caps_of(loaded.config), warnings=plan.warnings,
        parts=parts_of_run(written, plan.instructions, loaded.config, loaded.base), register=register,
    )  # fmt: skip
    return Run(opening, machine_of(plan, run_id, folder, place, decided))


def machine_of(
    plan: Plan,
    run_id: str,
    folder: Path,
    place: Place,
    decided: Decided = Decided(),  # noqa: B008 - frozen
) -> Make:
    """Return what makes the trainer and its models once a run of ``plan`` begins; best prompts go to ``folder``."""

    async def make(control: Control, emit: Callable[[Event], object]) -> Machine:
        return _Machine(plan, run_id, folder, place, control, emit, decided)

    return make


def caps_of(config: RunConfig) -> BudgetCaps | None:
    """Return the caps of a config, None when nothing is capped."""
    budget = config.budget
    caps = BudgetCaps(budget.usd, budget.tokens, budget.calls, budget.minutes)
    return None if caps == BudgetCaps() else caps


class _Machine:
    """A trainer and its models, alive."""

    def __init__(
        self,
        plan: Plan,
        run_id: str,
        folder: Path,
        place: Place,
        control: Control,
        emit: Callable[[Event], object],
        decided: Decided,
    ) -> None:
        self._plan = plan
        self._run_id = run_id
        self._best = folder / BEST
        self._rerun = place.rerun
        if self._rerun is not None:
            self._rerun.when_live(self._live)
        tell = LateImports(plan.files, emit).hear
        self._models = Models(plan.players, plan.config, place, control, tell)
        self.trainer = Trainer(parts_of(plan, self._models.model), control, tell, self._keep, decided)

    def opening_facts(self) -> tuple[Event, ...]:
        """What is trained, by whom, on which data, and what its examples ask."""
        return (*opening_facts(self._plan), *shown(self._plan.splits))

    def spent(self) -> Spent:
        """The ledger so far."""
        return self._models.spent()

    async def aclose(self) -> None:
        """End what lives outside this process's memory."""
        await self._models.aclose()

    def _live(self) -> None:
        self.trainer.forget_history()
        self._keep(self.trainer.progress)

    def _keep(self, progress: Progress) -> None:
        if self._rerun is not None and (self._rerun.checking or self._rerun.replay):
            return  # the file holds better ones already
        plan = self._plan
        write(
            self._best, progress, plan.program, plan.splits, plan.metric, plan.players,
            run_id=self._run_id, spent=self.spent(),
        )  # fmt: skip


def task_of(plan: Plan, model: Model) -> tuple[Task, Metric]:
    """Return the program of a plan and what scores it; ``model`` answers for every role."""
    unseated = Task(plan.program, asker(plan.players, "task", model), draw_of(plan.config, "task"), plan.losses)
    return seated(unseated, plan.metric, plan.players)


def parts_of(plan: Plan, model: Model) -> Parts:
    """Return what a trainer works with; ``model`` answers for every role."""
    config, settings, splits = plan.config, plan.config.trainer, plan.splits
    backward, optimizer = (asker(plan.players, role, model) for role in USED[1:])
    task, metric = task_of(plan, model)
    _, minibatch_metric = seated(task, plan.minibatch_metric, plan.players)
    demos = [text.name for text in plan.program.texts if text.kind == "demos"]
    taught = "teacher" in plan.players
    teacher = asker(plan.players, "teacher", model) if taught else None
    return Parts(
        task=task,
        splits=splits,
        metric=metric,
        minibatch_metric=minibatch_metric,
        loss=Loss(
            minibatch_metric, settings.loss_feedback, backward, plan.instructions, draw_of(config, "backward"),
            settings.threshold, settings.selective,
        ),
        critic=LLMCritic(
            backward, plan.instructions, draw_of(config, "backward"), step=0, example="", expected=None,
            peers=settings.peers,
        ),
        optimizer=Optimizer(
            plan.program.texts, optimizer, plan.instructions, settings.seed, settings.update, settings.gradients,
            settings.techniques, most_words(plan), settings.selective,
        ),
        gates=Gates(
            Lint(secret_runs(splits.train, (*splits.val, *splits.test)), plan.program.slots, most_words(plan), demos),
            task.scored_by(minibatch_metric),
            task.scored_by(metric),
            Rule(settings.accept, settings.alpha),
            settings.two_stage,
        ),
        settings=settings,
        teacher=replace(task, asker=teacher, draw=draw_of(config, "teacher")) if teacher else None,
        started=plan.started,
    )  # fmt: skip


def most_words(plan: Plan) -> int:
    """Return the cap on a rewritten text: a fifth of the task model's context, but room to double a start text."""
    longest = max(word_count(text.value) for text in plan.program.texts)
    return max(min(MOST_WORDS, plan.players["task"].context // 5), 2 * longest)
