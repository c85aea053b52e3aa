"""What a config says is measured: its metrics by name, the judge among them, and its losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ..config import LossConfig, RunConfig, code
from ..dataset import Example
from ..errors import ConfigError
from ..evaluate import Task
from ..events import LossInfo
from ..instructions import Instructions
from ..judge import JUDGE, Judge
from ..llm import Role
from ..metric import Metric, by_name
from ..objective import LossTerm, columns_of, expected_of
from .models import asker, draw_of
from .players import Cast

LOSS = "loss"


def metric_of(name: str, config: RunConfig, base: Path, instructions: Instructions, *, where: str) -> Metric:
    """Return the metric that ``where`` names; a judge cannot score before ``seated``.

    Raises:
        ConfigError: There is none.
    """
    if name == JUDGE:
        return Judge(config.task.judge or "", instructions, draw_of(config, "judge"))
    return by_name(name, base, where=where)


def losses_of(config: RunConfig, base: Path, instructions: Instructions, example: Example) -> tuple[LossTerm, ...]:
    """Return the losses of the config, none where it has one metric alone; ``example`` shows the data's columns.

    Raises:
        ConfigError: A metric or a column is not there, or two losses are the same.
    """
    told = config.task.losses or ()
    terms: list[LossTerm] = []
    for number, (loss, name) in enumerate(zip(told, _names(told), strict=True), 1):
        where = f"task.losses {number}"
        if loss.expected and expected_of(example, loss.expected) is None:
            raise ConfigError(
                f'{where}: expected = "{loss.expected}": the data has no such column',
                f"the columns are {', '.join(columns_of(example))}",
            )
        metric = metric_of(loss.metric, config, base, instructions, where=f"{where}: metric")
        terms.append(LossTerm(name, loss.node, metric, Fraction(str(loss.weight)), loss.expected or ""))
    return tuple(terms)


def _names(told: Sequence[LossConfig]) -> list[str]:
    """Return a name for the node of each loss: what it is on, and as much more as tells it from the others."""
    kinds = [(loss.node, loss.metric, loss.expected) for loss in told]
    for node, metric, _ in (kind for kind in kinds if kinds.count(kind) > 1):
        raise ConfigError(f"task.losses: {metric} of {node} is there twice", "give one of them the sum as weight")
    shown = [(loss.node, code(loss.metric).shown, loss.expected or "") for loss in told]
    return [_name(parts, shown, number) for number, parts in enumerate(shown, 1)]


def _name(parts: tuple[str, ...], others: Sequence[tuple[str, ...]], number: int) -> str:
    for length in range(1, len(parts) + 1):
        if sum(each[:length] == parts[:length] for each in others) == 1:
            return ".".join((LOSS, *parts[:length])).rstrip(".")
    return f"{LOSS}.{parts[0]}.{number}"  # two files with metrics of one name


def info_of(terms: Sequence[LossTerm]) -> tuple[LossInfo, ...]:
    """Return the losses as an event tells them."""
    return tuple(
        LossInfo(term.node, term.metric.name, term.metric.description, float(term.weight), term.expected)
        for term in terms
    )


def roles_of(config: RunConfig, roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return ``roles`` and, where a metric asks one, the judge."""
    return (*roles, JUDGE) if config.judged else roles


def seated(task: Task, metric: Metric, players: Cast) -> tuple[Task, Metric]:
    """Return the program and a metric that can score: a judge gets the model that it asks, on either's behalf."""

    def asking(each: Metric) -> Metric:
        return each.asking(asker(players, "judge", task.asker.model)) if isinstance(each, Judge) else each

    losses = tuple(replace(term, metric=asking(term.metric)) for term in task.losses)
    return replace(task, losses=losses), asking(metric)
