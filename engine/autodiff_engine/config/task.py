"""The table [task]: the program, what counts as right, and its losses."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, Strict

from .fields import Table


def _not_empty(value: tuple[LossConfig, ...]) -> tuple[LossConfig, ...]:
    if not value:
        raise ValueError("must hold at least one loss; leave it out, and task.metric on the answer is the only one")
    return value


class LossConfig(Table):
    """One of several losses: a metric on a node of the program."""

    node: Annotated[str, Field(min_length=1)]
    """A step's name; where it is called several times, the mean over its calls counts."""
    metric: Annotated[str, Field(min_length=1)]
    """A built-in metric, or ``path/to/file.py:function``."""
    expected: Annotated[str, Field(min_length=1)] | None = None
    """The column that the node's value is compared with; None: the expected answer."""
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Relative to those of the other losses."""


class TaskConfig(Table):
    """What is trained, and what counts as right."""

    pipeline: Annotated[str, Field(min_length=1)]
    """A built-in program, or ``path/to/file.py:function``."""
    metric: Annotated[str, Field(min_length=1)] = "exact_match"
    """A built-in metric, or ``path/to/file.py:function``."""
    judge: Annotated[str, Field(min_length=1)] | None = None
    """For the metric "judge": the criteria that an LLM grades by, in the user's words."""
    losses: Annotated[tuple[LossConfig, ...], Strict(False), AfterValidator(_not_empty)] | None = None
    """Several losses, whose weighted mean is an example's score; None: ``metric`` on the program's answer."""

    @property
    def judged(self) -> bool:
        """Whether an LLM is asked for scores."""
        return "judge" in (self.metric, *(loss.metric for loss in self.losses or ()))
