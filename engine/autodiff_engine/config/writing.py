"""RunConfig -> TOML that loads again and is equal, and the same config as seen from another folder."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from ..toml_text import dumps, table_of
from . import paths
from .schema import RunConfig
from .tables import (
    BudgetConfig,
    CacheConfig,
    DataConfig,
    LimitsConfig,
    ModelConfig,
    RetrievalConfig,
    SourceFiles,
    TrainerConfig,
)
from .task import LossConfig, TaskConfig


def to_toml(config: RunConfig) -> str:
    """Write ``config`` whole, defaults and all; ``load`` of it gives an equal config."""
    return dumps(_without_empty(config.model_dump(mode="python", exclude_none=True)))


def meaning(config: RunConfig) -> str:
    """Return ``config`` as text without what changes no result: budget, limits, cache."""
    neutral = {"budget": BudgetConfig(), "limits": LimitsConfig(), "cache": CacheConfig()}
    return to_toml(config.model_copy(update=neutral))


def rebased(config: RunConfig, base: Path, folder: Path) -> RunConfig:
    """Return ``config`` with its files, so far relative to ``base``, relative to ``folder``, where it will be written.

    So the config in a run's folder is a config like any other: it loads from there, wherever both are moved together.
    ``cache.dir`` is left out: where answers lie on this machine is no part of what a run is.
    """
    file = config.prompts.file
    return config.model_copy(
        update={
            "task": _task(config.task, base, folder),
            "data": _data(config.data, base, folder),
            "retrieval": _retrieval(config.retrieval, base, folder),
            "trainer": _trainer(config.trainer, base, folder),
            "models": MappingProxyType({role: _model(it, base, folder) for role, it in config.models.items()}),
            "prompts": config.prompts.model_copy(
                update={"file": None if file is None else paths.seen_from(folder, base / file)}
            ),
            "cache": config.cache.model_copy(update={"dir": None}),
        }
    )


def _without_empty(table: dict[str, object]) -> dict[str, object]:
    inner = {key: table_of(value) for key, value in table.items()}
    kept = {key: value for key, value in table.items() if inner[key] != {}}
    return {key: _without_empty(inside) if (inside := inner[key]) else value for key, value in kept.items()}


def _task(task: TaskConfig, base: Path, folder: Path) -> TaskConfig:
    return task.model_copy(
        update={
            "pipeline": paths.code(task.pipeline).moved(base, folder),
            "metric": paths.code(task.metric).moved(base, folder),
            "losses": task.losses and tuple(_loss(loss, base, folder) for loss in task.losses),
        }
    )


def _loss(loss: LossConfig, base: Path, folder: Path) -> LossConfig:
    return loss.model_copy(update={"metric": paths.code(loss.metric).moved(base, folder)})


def _trainer(trainer: TrainerConfig, base: Path, folder: Path) -> TrainerConfig:
    metric = trainer.minibatch_metric
    if metric is None:
        return trainer
    return trainer.model_copy(update={"minibatch_metric": paths.code(metric).moved(base, folder)})


def _data(data: DataConfig, base: Path, folder: Path) -> DataConfig:
    if isinstance(data.source, str):
        return data.model_copy(update={"source": paths.source(data.source).moved(base, folder)})
    test = data.source.test
    files = SourceFiles(
        train=paths.source(data.source.train).moved(base, folder),
        val=paths.source(data.source.val).moved(base, folder),
        test=None if test is None else paths.source(test).moved(base, folder),
    )
    return data.model_copy(update={"source": files})


def _retrieval(retrieval: RetrievalConfig, base: Path, folder: Path) -> RetrievalConfig:
    if retrieval.corpus is None:
        return retrieval
    return retrieval.model_copy(update={"corpus": paths.source(retrieval.corpus).moved(base, folder)})


def _model(model: ModelConfig, base: Path, folder: Path) -> ModelConfig:
    return model.model_copy(update={"model": paths.model(model.model).moved(base, folder)})
