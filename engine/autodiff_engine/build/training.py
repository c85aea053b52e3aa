"""A training, ready to be executed: everything checked, nothing created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from .. import user_code
from ..comparison import Rule
from ..config import Loaded, ModelConfig, RunConfig, rebased, to_toml
from ..control import Control, Decided
from ..critic import LLMCritic
from ..dataset import Splits, load
from ..ending import BEST
from ..evaluate import Task
from ..events import BudgetCaps, DataLoaded, Event, ModelInfo, ProgramDescribed, Spent, TextInfo
from ..instructions import Instructions, packaged
from ..lint import Lint, secret_runs
from ..llm import Model, Role
from ..loss import Loss
from ..metric import Metric
from ..objective import LossTerm
from ..optimizer import Optimizer
from ..pipeline import Pipeline
from ..progress import Parts, Progress
from ..raw_shots import Started
from ..run import Machine, Make, Run
from ..run_folder import Opening
from ..sentences import word_count
from ..shown_inputs import shown
from ..trainer import Trainer
from ..validation import Gates
from .best import write
from .expected import check_expected, check_named
from .fingerprints import named_files, parts_of_run
from .first_demos import showing
from .late_imports import LateImports
from .measures import info_of, losses_of, metric_of, roles_of, seated
from .models import LOCAL, USED, Cast, Models, Place, asker, cast, draw_of
from .options import RunOptions, check_answers
from .program import check_columns, pipeline

MOST_WORDS = 1000
"""The cap on a rewritten text, where the model's context and the start texts do not ask for another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a training is made of, before any model exists."""

    config: RunConfig
    program: Pipeline
    splits: Splits
    metric: Metric
    minibatch_metric: Metric
    losses: tuple[LossTerm, ...]
    players: Cast
    instructions: Instructions
    warnings: tuple[str, ...] = ()
    """What is odd about the data, a line each."""
    started: Mapping[str, Started] = field(default_factory=dict[str, Started])
    """By text of demos: the examples that were drawn for it to start with."""
    files: tuple[Path, ...] = ()
    """The user's own program files that the config names."""


def checked(loaded: Loaded, options: RunOptions) -> tuple[Plan, str, Path, Path]:
    """Return the plan of a new run, its id, its folder and that of the answers, neither of them made.

    Raises:
        ConfigError: Something cannot be run; one line for each thing.
    """
    answers = options.answers(loaded.config, loaded.base)
    check_answers(answers)
    plan = plan_of(loaded.config, loaded.base, packaged(), recorded=options.offline)
    run_id, folder = options.place(loaded.config.task.pipeline)
    return plan, run_id, folder, answers


def plan_of(
    config: RunConfig,
    base: Path,
    instructions: Instructions,
    *,
    recorded: bool,
    roles: tuple[Role, ...] | None = None,
    prompts: Mapping[str, str] | None = None,
    where: str = "",
    splits: Splits | None = None,
) -> Plan:
    """Load what the config names and check that it fits together.

    ``prompts``, read from ``where``, replace start texts; with ``recorded`` no model needs to be there. ``roles`` are
    those that are called, by default all that a training calls. ``splits`` are the data where it was read already. The
    user's files are loaded anew: what was loaded for an earlier plan may be older than they are.
    """
    user_code.forget()
    program = pipeline(config, base)
    if prompts is not None:
        program = program.starting_from(prompts, where)
    splits = load(config.data, base) if splits is None else splits
    check_columns(program, splits)
    program, started = showing(program, config, splits.train, keep=prompts or ())
    metric = metric_of(config.task.metric, config, base, instructions, where="task.metric")
    named = config.trainer.minibatch_metric
    minibatch_metric = (
        metric_of(named, config, base, instructions, where="trainer.minibatch_metric") if named else metric
    )
    losses = losses_of(config, base, instructions, splits.train[0])
    elsewhere = [term.metric for term in losses if not term.expected]
    odd = check_expected(config, splits, (metric, minibatch_metric), elsewhere)
    warnings = (*odd, *check_named(config, program))
    players = cast(config, base, roles=roles_of(config, roles or called(config, program)), recorded=recorded)
    files = named_files(config, base)
    return Plan(
        config, program, splits, metric, minibatch_metric, losses, players, instructions, warnings, started, files
    )


def called(config: RunConfig, program: Pipeline) -> tuple[Role, ...]:
    """Return the roles that a training of ``program`` calls: a teacher only where one was asked for and has a use."""
    demos = config.trainer.demos
    taught = demos.teacher and demos.bootstrapped and any(text.kind == "demos" for text in program.texts)
    return (*USED, "teacher") if taught else USED


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


def with_hashes(config: RunConfig, players: Cast) -> RunConfig:
    """Return the config with the content hash of every local model, so that its answers are found without its file."""

    def hashed(role: Role, told: ModelConfig) -> ModelConfig:
        player = players.get(role)
        if player is None or not player.name.startswith(LOCAL):
            return told
        return told.model_copy(update={"sha256": player.name.rpartition(":")[2]})

    return config.model_copy(update={"models": {role: hashed(role, told) for role, told in config.models.items()}})


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


def opening_facts(plan: Plan) -> tuple[ProgramDescribed, DataLoaded]:
    """Return the first facts of a run: what is trained, by whom, and on which data."""
    splits, corpus, settings = plan.splits, plan.program.corpus, plan.config.trainer
    texts = tuple(TextInfo(text.name, text.role, text.kind, text.value) for text in plan.program.texts)
    models = tuple(ModelInfo(role, player.shown) for role, player in plan.players.items())
    return (
        ProgramDescribed(
            plan.program.name, texts, plan.metric.name, plan.metric.description, plan.minibatch_metric.name,
            models, settings.max_steps, settings.max_proposals, info_of(plan.losses),
        ),
        DataLoaded(
            splits.source, len(splits.train), len(splits.val), len(splits.test), splits.dropped, splits.fingerprint,
            corpus.passages if corpus else 0, corpus.fingerprint if corpus else "",
        ),
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
