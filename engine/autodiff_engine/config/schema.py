"""The whole of a config: its tables together, and its JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, WrapSerializer, model_validator

from ..toml_text import table_of
from .fields import Role, Table, opened, sealed
from .tables import (
    BudgetConfig,
    CacheConfig,
    DataConfig,
    LimitsConfig,
    ModelConfig,
    ProgramConfig,
    PromptsConfig,
    RetrievalConfig,
    TrainerConfig,
)
from .task import TaskConfig


class RunConfig(Table):
    """All that a run is told: every default filled in, every role given."""

    task: TaskConfig
    data: DataConfig
    retrieval: RetrievalConfig = RetrievalConfig()
    models: Annotated[Mapping[Role, ModelConfig], AfterValidator(sealed), WrapSerializer(opened)]
    trainer: TrainerConfig = TrainerConfig()
    budget: BudgetConfig = BudgetConfig()
    limits: LimitsConfig = LimitsConfig()
    cache: CacheConfig = CacheConfig()
    prompts: PromptsConfig = PromptsConfig()
    program: ProgramConfig | None = None

    @model_validator(mode="after")
    def _metrics_that_fit(self) -> RunConfig:
        if self.task.losses and self.trainer.minibatch_metric:
            raise ValueError("[trainer] minibatch_metric: with task.losses each loss names its metric; leave it out")
        if self.judged and self.task.judge is None:
            raise ValueError(
                '[task] needs the key judge: the criteria that the metric "judge" grades by, in your words'
            )
        return self

    @property
    def judged(self) -> bool:
        """Whether an LLM is asked for scores at either gate."""
        return self.task.judged or self.trainer.minibatch_metric == "judge"

    @model_validator(mode="after")
    def _program_with_its_pipeline(self) -> RunConfig:
        if self.program is not None and self.task.pipeline != "prompt":
            raise ValueError(f'[program] is only for task.pipeline = "prompt", not "{self.task.pipeline}"')
        if self.program is None and self.task.pipeline == "prompt":
            raise ValueError('task.pipeline = "prompt" needs a table [program]')
        return self

    @model_validator(mode="after")
    def _steps_of_the_agent(self) -> RunConfig:
        if self.retrieval.agent_steps is not None and self.task.pipeline != "react":
            raise ValueError(f'[retrieval] agent_steps is only for task.pipeline = "react", not "{self.task.pipeline}"')
        return self


def schema() -> dict[str, object]:
    """Return the JSON schema of a config as a person writes it, for editors."""
    found: dict[str, object] = RunConfig.model_json_schema()
    model = table_of((table_of(found["$defs"]) or {})["ModelConfig"]) or {}
    del model["required"]  # what a role does not say is filled in from another role
    return found
