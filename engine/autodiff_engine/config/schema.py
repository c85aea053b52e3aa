"""The tables and keys of a config, as frozen values with their defaults and ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
    WrapValidator,
    model_validator,
)

from ..toml_text import table_of
from .paths import file_of
from .table import Table as _Table
from .task import TaskConfig

Role = Literal["task", "backward", "optimizer", "teacher", "judge"]

K = TypeVar("K")
V = TypeVar("V")


def _sealed(value: Mapping[K, V]) -> Mapping[K, V]:
    return MappingProxyType(dict(value))


def _opened(value: Mapping[object, object], handler: SerializerFunctionWrapHandler) -> object:
    return handler(dict(value))


def _says(wanted: str) -> Callable[[object, ValidatorFunctionWrapHandler], object]:
    """Of the many errors of a union make the one that helps."""

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"must be {wanted}") from None

    return validate


def _of_today(source: str | SourceFiles) -> str | SourceFiles:
    kind, name = file_of(source) if isinstance(source, str) else ("", "")
    if kind in ("hf", "hotpot"):
        raise ValueError(f"{kind}:{name} comes with a later version; write the examples to a .jsonl file and name that")
    return source


Texts = Annotated[Mapping[str, str], AfterValidator(_sealed), WrapSerializer(_opened)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class SourceFiles(_Table):
    """Splits that the user made: a data file each."""

    train: str
    val: str
    test: str | None = None


class DataConfig(_Table):
    """The examples; ``train``, ``val`` and ``test`` are counts, by default 40, 40 and 20 % of what there is."""

    source: Annotated[
        str | SourceFiles,
        WrapValidator(_says('a text like "questions.csv", or {train = "…", val = "…", test = "…"}')),
        AfterValidator(_of_today),
    ]
    train: Positive | None = None
    val: Positive | None = None
    test: Count | None = None
    seed: int = 2025
    """Of the splits alone; ``trainer.seed`` does not change them."""
    columns: Texts = Field(default_factory=dict, validate_default=True)
    """Our name -> the file's: ``{answer = "label"}``; ``answer = ""`` says that there are no expected answers."""


class Price(_Table):
    """US dollars for a million tokens."""

    prompt: Annotated[float, Field(ge=0)]
    completion: Annotated[float, Field(ge=0)]


class ModelConfig(_Table):
    """Who plays a role; keys that are not listed here go to litellm as they are."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type further keys

    model: Annotated[str, Field(min_length=1)]
    """A litellm name, or ``local/FILE.gguf`` relative to the config's folder."""
    temperature: Annotated[float, Field(ge=0)]
    max_tokens: Positive
    """Of the answer; the prompt is never cut."""
    api_base: str | None = None
    price: Price | None = None
    context: Positive | None = None
    """Tokens that prompt and answer may take together; None: as the model's provider says."""
    sha256: str | None = None
    """Of a local model's file, written when a run begins: replay needs the answers, not the file."""

    @property
    def extra(self) -> Mapping[str, JsonValue]:
        """The keys for litellm, in the order of the file."""
        return MappingProxyType(self.__pydantic_extra__)


class TrainerConfig(_Table):
    """The loop (algorithm.md)."""

    seed: int = 0
    preset: Literal["paper"] | None = None
    batch_size: Positive = 4
    max_batch: Positive = 12
    carry: bool = True
    max_steps: Count = 12
    max_proposals: Positive = 4
    threshold: Annotated[float, Field(gt=0, le=1)] = 1.0
    """An example at or above it gets no feedback."""
    history: Count = 2
    update: Literal["joint", "rotate"] = "joint"
    proposals: Literal["serial", "parallel"] = "serial"
    loss_feedback: Literal["llm", "template"] = "llm"
    gradients: Literal["text", "data", "none"] = "text"
    accept: Literal["greater", "confident"] = "greater"
    alpha: Share = 0.05
    techniques: bool = True
    selective: bool = True
    two_stage: bool = True
    peers: bool = True
    minibatch_metric: str | None = None
    """None: the metric of the task."""

    @model_validator(mode="after")
    def _room_for_new_examples(self) -> TrainerConfig:
        if self.max_batch < self.batch_size:
            raise ValueError(f"max_batch ({self.max_batch}) must be at least batch_size ({self.batch_size})")
        return self


class BudgetConfig(_Table):
    """Caps over all roles and the run's whole life; None: no cap."""

    usd: Annotated[float, Field(ge=0)] | None = None
    tokens: Count | None = None
    calls: Count | None = None
    minutes: Annotated[float, Field(ge=0)] | None = None


class LimitsConfig(_Table):
    """How much at once and how long."""

    in_flight: Positive = 8
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Of one attempt."""


class CacheConfig(_Table):
    """The store of answers; ``mode`` is about other runs' answers, a run's own are always stored and read."""

    mode: Literal["read-write", "read-only", "refresh", "off"] = "read-write"
    dir: str | None = None
    """None: the user's cache folder."""


class LabelsAnswer(_Table):
    """The answer is one of these."""

    labels: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Strict(False), Field(min_length=1)]


class RegexAnswer(_Table):
    """The answer is group 1 of the last match, or all of it without a group."""

    regex: Annotated[str, Field(min_length=1)]


Answer = Literal["whole", "last_number"] | LabelsAnswer | RegexAnswer


class ProgramConfig(_Table):
    """A program of one call; ``system`` and ``user`` are Jinja, slots are the trained texts and the data's columns."""

    system: str = ""
    user: Annotated[str, Field(min_length=1)] = "{{ question }}"
    answer: Annotated[
        Answer, WrapValidator(_says('"whole", "last_number", {labels = ["yes", "no"]} or {regex = "Answer: (.*)"}'))
    ] = "whole"
    roles: Texts = Field(default_factory=dict, validate_default=True)
    """Trained text -> what it is for, told to the LLMs that write feedback and rewrites."""


class PromptsConfig(_Table):
    """Start texts by name; those of ``file`` (a best.toml) are read first, and the texts given here win."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type further keys

    file: str | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts given in the config itself, in its order."""
        return MappingProxyType(self.__pydantic_extra__)


class RunConfig(_Table):
    """All that a run is told: every default filled in, every role given."""

    task: TaskConfig
    data: DataConfig
    models: Annotated[Mapping[Role, ModelConfig], AfterValidator(_sealed), WrapSerializer(_opened)]
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


def schema() -> dict[str, object]:
    """Return the JSON schema of a config as a person writes it, for editors."""
    found: dict[str, object] = RunConfig.model_json_schema()
    model = table_of((table_of(found["$defs"]) or {})["ModelConfig"]) or {}
    del model["required"]  # what a role does not say is filled in from another role
    return found
