"""A score of prompts on a split, ready to be executed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..candidate import start
from ..comparison import mean
from ..config import Loaded
from ..control import Control
from ..dataset import Example
from ..errors import ConfigError, ModelUnavailable
from ..evaluate import Outcome, evaluate
from ..events import AtMost, CallCounts, LossMean, Spent, TokenCounts
from ..export import read_prompts
from ..glimpse import Patience
from ..instructions import packaged
from ..objective import check_nodes
from ..statistics import wilson
from ..telling import loss_means, on_answer
from .eval_forecast import foretold_scoring
from .forecasting import Forecast
from .models import Models, Place
from .options import RunOptions, check_answers
from .plan import Plan, plan_of
from .training import task_of


@dataclass(frozen=True, slots=True)
class EvalReport:
    """A mean with its 95 % interval; ``excluded`` examples got no answer and are in no number but this."""

    split: str
    metric: str
    mean: float
    n: int
    low: float
    high: float
    wrong_format: int
    excluded: int
    calls: CallCounts
    tokens: TokenCounts
    cost_usd: float | None
    candidate: str
    unsettled: AtMost = field(default_factory=AtMost)
    losses: tuple[LossMean, ...] = ()
    """Each of several losses; ``mean`` is then their weighted mean, and ``on_answer`` that of the task's metric."""
    on_answer: float | None = None
    answer_metric: str = ""

    @property
    def spent(self) -> Spent:
        """What the evaluation took."""
        return Spent(self.calls, self.tokens, self.cost_usd, self.unsettled)


@dataclass(frozen=True, slots=True)
class Evaluating:
    """Prompts and the split that they are scored on."""

    plan: Plan
    split: Literal["val", "test"]
    answers: Path
    offline: bool

    @property
    def examples(self) -> Sequence[Example]:
        """What the prompts are scored on."""
        return self.plan.splits.val if self.split == "val" else self.plan.splits.test

    async def forecast(self, patience_s: float) -> Forecast:
        """Say within ``patience_s`` what the scoring will cost; asks nobody, writes nothing, starts nothing.

        Raises:
            StorageError: The stored answers cannot be read.
        """
        patience = Patience(patience_s)
        return await foretold_scoring(self.plan, self.examples, self.answers, patience, offline=self.offline)

    async def execute(self, control: Control, on_progress: Callable[[int, int], None]) -> EvalReport:
        """Score; ``on_progress(done, total)`` hears of examples in order.

        Raises:
            ModelError, BudgetExhausted: Nothing can be said.
        """
        plan, examples = self.plan, self.examples
        candidate = start(plan.program.texts)
        done = 0

        def seen(_: Outcome) -> None:
            nonlocal done
            done += 1
            on_progress(done, len(examples))

        name = f"eval-{secrets.token_hex(8)}"  # of its own: what an earlier evaluation stored is not "a run's own"
        place = Place(name, self.answers, self.answers / "eval.log", self.offline, again="give the same command again")
        models = Models(plan.players, plan.config, place, control, lambda _: None)
        try:
            task, metric = task_of(plan, models.model)
            outcomes = await evaluate(task, candidate, examples, metric, at=f"0/{self.split}", seen=seen)
        finally:
            spent = models.spent()
            await models.aclose()
        if all(each.unavailable for each in outcomes):
            raise ModelUnavailable(
                f"no score: none of {len(outcomes)} examples was answered: {outcomes[0].unavailable}",
                "mend that, or try again later",
            )
        check_nodes(task.losses, [each.nodes for each in outcomes])
        scored = [each.score for each in outcomes if not each.unavailable]
        average = mean(scored)
        return EvalReport(
            self.split, task.scored_by(metric), average, len(scored), *wilson(average, len(scored)),
            wrong_format=sum(each.wrong_format for each in outcomes), excluded=len(outcomes) - len(scored),
            calls=spent.calls, tokens=spent.tokens, cost_usd=spent.cost_usd, candidate=candidate.id,
            unsettled=spent.unsettled, losses=loss_means(outcomes), on_answer=on_answer(outcomes),
            answer_metric=metric.name,
        )  # fmt: skip


def evaluation(
    loaded: Loaded, options: RunOptions, *, prompts: Path | None, split: Literal["val", "test"]
) -> Evaluating:
    """Check everything and return the evaluation of the config's prompts, or of those in a file.

    Raises:
        ConfigError: Something cannot be run, the split is empty, or no answer could be stored.
    """
    given = read_prompts(prompts) if prompts else None
    plan = plan_of(
        loaded.config, loaded.base, packaged(), recorded=options.offline, roles=("task",), prompts=given,
        where=str(prompts),
    )  # fmt: skip
    answers = options.answers(loaded.config, loaded.base)
    evaluating = Evaluating(plan, split, answers, options.offline)
    if not evaluating.examples:
        raise ConfigError(f"the {split} split of {plan.splits.source} is empty", f"set data.{split}")
    check_answers(answers)
    return evaluating
