"""What a run is made of before any model exists: all that its config names, loaded and checked against one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import user_code
from ..config import ModelConfig, RunConfig
from ..dataset import Splits, load
from ..events import DataLoaded, ModelInfo, ProgramDescribed, TextInfo
from ..instructions import Instructions
from ..llm import Role
from ..metric import Metric
from ..objective import LossTerm
from ..pipeline import Pipeline
from ..raw_shots import Started
from .expected import check_expected, check_named
from .fingerprints import named_files
from .first_demos import showing
from .measures import info_of, losses_of, metric_of, roles_of
from .players import LOCAL, USED, Cast, cast
from .program import check_columns, pipeline


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
    keyless: bool = False,
) -> Plan:
    """Load what the config names and check that it fits together.

    ``prompts``, read from ``where``, replace start texts; with ``recorded`` no model needs to be there. ``roles`` are
    those that are called, by default all that a training calls. ``splits`` are the data where it was read already. The
    user's files are loaded anew: what was loaded for an earlier plan may be older than they are.
    ``keyless`` as in ``RunOptions``.
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
    seats = roles_of(config, roles or called(config, program))
    players = cast(config, base, roles=seats, recorded=recorded, keyless=keyless)
    files = named_files(config, base)
    return Plan(
        config, program, splits, metric, minibatch_metric, losses, players, instructions, warnings, started, files
    )


def called(config: RunConfig, program: Pipeline) -> tuple[Role, ...]:
    """Return the roles that a training of ``program`` calls: a teacher only where one was asked for and has a use."""
    demos = config.trainer.demos
    taught = demos.teacher and demos.bootstrapped and any(text.kind == "demos" for text in program.texts)
    return (*USED, "teacher") if taught else USED


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


def with_hashes(config: RunConfig, players: Cast) -> RunConfig:
    """Return the config with the content hash of every local model, so that its answers are found without its file."""

    def hashed(role: Role, told: ModelConfig) -> ModelConfig:
        player = players.get(role)
        if player is None or not player.name.startswith(LOCAL):
            return told
        return told.model_copy(update={"sha256": player.name.rpartition(":")[2]})

    return config.model_copy(update={"models": {role: hashed(role, told) for role, told in config.models.items()}})
