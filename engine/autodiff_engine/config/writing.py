"""RunConfig -> TOML that loads again and is equal, and the same config as seen from another folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

from ..toml_text import dumps, table_of
from . import paths
from .schema import RunConfig
from .tables import BudgetConfig, CacheConfig, LimitsConfig, SourceFiles, TrainerConfig
from .task import TaskConfig

Name = Callable[[paths.Reference], str]
"""Says how a file is called that a value of the config names, or the value as it is where it names none."""


def to_toml(config: RunConfig) -> str:
    """Write ``config`` whole, defaults and all; ``load`` of it gives an equal config."""
    tables: dict[str, object] = config.model_dump(mode="python", exclude_none=True)
    return dumps({**_without_empty(tables), "models": tables["models"]})  # what goes to a provider goes as it is


def meaning(config: RunConfig) -> str:
    """Return ``config`` as text without what changes no result: budget, limits, cache."""
    neutral = {"budget": BudgetConfig(), "limits": LimitsConfig(), "cache": CacheConfig()}
    return to_toml(config.model_copy(update=neutral))


def rebased(config: RunConfig, base: Path, folder: Path) -> RunConfig:
    """Return ``config`` with its files, so far relative to ``base``, relative to ``folder``, where it will be written.

    So the config in a run's folder is a config like any other: it loads from there, wherever both are moved together.
    ``cache.dir`` is left out: where answers lie on this machine is no part of what a run is.
    """

    def moved(reference: paths.Reference) -> str:
        return reference.moved(base, folder)

    cache = config.cache.model_copy(update={"dir": None})
    return renamed(config, code=moved, other=moved).model_copy(update={"cache": cache})


def renamed(config: RunConfig, *, code: Name, other: Name) -> RunConfig:
    """Return ``config`` with its files by other names: those of programs by ``code``, all others by ``other``."""
    file, corpus, data = config.prompts.file, config.retrieval.corpus, config.data
    return config.model_copy(
        update={
            "task": _task(config.task, code),
            "data": data.model_copy(update={"source": _source(data.source, other)}),
            "retrieval": config.retrieval.model_copy(update={"corpus": corpus and other(paths.source(corpus))}),
            "trainer": _trainer(config.trainer, code),
            "models": MappingProxyType(
                {
                    role: it.model_copy(update={"model": other(paths.model(it.model))})
                    for role, it in config.models.items()
                }
            ),
            "prompts": config.prompts.model_copy(update={"file": file and other(paths.Reference("", file))}),
        }
    )


def _without_empty(table: dict[str, object]) -> dict[str, object]:
    inner = {key: table_of(value) for key, value in table.items()}
    kept = {key: value for key, value in table.items() if inner[key] != {}}
    return {key: _without_empty(inside) if (inside := inner[key]) else value for key, value in kept.items()}


def _task(task: TaskConfig, code: Name) -> TaskConfig:
    losses = task.losses and tuple(
        loss.model_copy(update={"metric": code(paths.code(loss.metric))}) for loss in task.losses
    )
    named = {"pipeline": code(paths.code(task.pipeline)), "metric": code(paths.code(task.metric))}
    return task.model_copy(update={**named, "losses": losses})


def _trainer(trainer: TrainerConfig, code: Name) -> TrainerConfig:
    metric = trainer.minibatch_metric
    return trainer.model_copy(update={"minibatch_metric": metric and code(paths.code(metric))})


def _source(told: str | SourceFiles, other: Name) -> str | SourceFiles:
    if isinstance(told, str):
        return other(paths.source(told))
    train, val = (other(paths.source(file)) for file in (told.train, told.val))
    return SourceFiles(train=train, val=val, test=told.test and other(paths.source(told.test)))
