"""Names of files that a config says and no file can have: refused before anything looks for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import ConfigError, line
from . import paths
from .schema import RunConfig

_LONGEST_PART, _LONGEST = 255, 4000
"""Bytes of a name and of a path, as most systems have it."""


def check_name(path: Path) -> None:
    """Refuse a path that no file can have.

    Raises:
        ConfigError: It holds a zero byte, or is too long; one line.
    """
    if problem := _problem(str(path)):
        raise ConfigError(line(f"{path}: no file can have this name: {problem}"))


def unnameable(config: RunConfig, place: Callable[[tuple[str, ...]], str]) -> dict[tuple[str, ...], str]:
    """Return a line for each value of ``config`` that names a file which cannot be; ``place`` says who gave a value."""
    return {
        key: line(f"{place(key)}: [{'.'.join(key[:-1])}] {key[-1]} names a file that cannot be: {problem}")
        for key, file in _files(config)
        if (problem := _problem(file))
    }


def _problem(file: str) -> str:
    if "\x00" in file:
        return "it holds a zero byte"
    try:
        raw = os.fsencode(file)
    except UnicodeEncodeError:
        return "it holds half of a character"
    too_long = len(raw) > _LONGEST or any(len(part) > _LONGEST_PART for part in raw.split(b"/"))
    return "it is too long" if too_long else ""


def _files(config: RunConfig) -> Iterator[tuple[tuple[str, ...], str]]:
    task, told = config.task, config.data.source
    yield ("task", "pipeline"), paths.code(task.pipeline).file
    yield ("task", "metric"), paths.code(task.metric).file
    for place, loss in enumerate(task.losses or (), 1):
        yield ("task", "losses", str(place), "metric"), paths.code(loss.metric).file
    yield ("trainer", "minibatch_metric"), paths.code(config.trainer.minibatch_metric or "").file
    named = {"": told} if isinstance(told, str) else {"train": told.train, "val": told.val, "test": told.test or ""}
    for split, text in named.items():
        yield ("data", "source", *filter(None, [split])), paths.source(text).file
    yield ("retrieval", "corpus"), paths.source(config.retrieval.corpus or "").file
    for role, model in config.models.items():
        yield ("models", role, "model"), paths.model(model.model).file
    yield ("prompts", "file"), config.prompts.file or ""
    yield ("cache", "dir"), config.cache.dir or ""
