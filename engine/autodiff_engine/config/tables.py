"""The tables and keys of a config, as frozen values with their defaults and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, Strict, WrapValidator, model_validator

from .fields import CORPORA, SOURCES, Count, Positive, Share, Table, Texts, a_corpus, says


class SourceFiles(Table):
    """Splits that the user made: a data file each."""

    train: str
    val: str
    test: str | None = None


class DataConfig(Table):
    """The examples; ``train``, ``val`` and ``test`` are counts, by default 40, 40 and 20 % of what there is."""

    source: Annotated[
        str | SourceFiles,
        WrapValidator(says('a text like "questions.csv", or {train = "…", val = "…", test = "…"}')),
        Field(description=SOURCES),
    ]
    train: Positive | None = None
    val: Positive | None = None
    test: Count | None = None
    seed: int = 2025
    """Of the splits alone; ``trainer.seed`` does not change them."""
    columns: Texts = Field(default_factory=dict, validate_default=True)
    """Our name -> the file's: ``{answer = "label"}``; ``answer = ""`` says that there are no expected answers."""


class RetrievalConfig(Table):
    """What programs that search look things up in."""

    corpus: Annotated[
        Annotated[str, AfterValidator(a_corpus)] | None,
        Field(
            description=f"{CORPORA}; files are relative to the config's folder. Default: what data.source brings "
            "along, the paragraphs of HotPotQA or the generated corpus"
        ),
    ] = None
    k: Annotated[
        Positive | None,
        Field(description="How many passages a search gives at most. Default: the program's own number"),
    ] = None
    agent_steps: Annotated[
        Annotated[int, Field(ge=1, le=20)] | None,
        Field(description="How many steps the agent of react takes at most, 1 to 20. Default: 3, the paper's"),
    ] = None


class Price(Table):
    """US dollars for a million tokens."""

    prompt: Annotated[float, Field(ge=0)]
    completion: Annotated[float, Field(ge=0)]


class ModelConfig(Table):
    """Who plays a role; keys that are not listed here are sent as they are, but for those of ``model_keys``."""

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


class DemosConfig(Table):
    """How many examples a text of kind demos shows; ``bootstrapped`` and ``raw`` 0: such texts stay as they start."""

    bootstrapped: Count = 2
    """Replies of the program, or of the teacher, that came out right."""
    raw: Count = 2
    """Inputs with their expected answers."""
    start: Annotated[
        Positive | None,
        Field(
            description="How many training examples with their expected answers such a text shows before any training, "
            "drawn evenly by trainer.seed, in place of its start text. Default: its start text"
        ),
    ] = None
    teacher: bool = False
    """Whether the teacher runs the program on what it failed; filled in: true where [models.teacher] is written."""


class TrainerConfig(Table):
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
    demos: DemosConfig = DemosConfig()
    """For programs that have a text of kind demos."""
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


class BudgetConfig(Table):
    """Caps over all roles and the run's whole life; None: no cap."""

    usd: Annotated[float, Field(ge=0)] | None = None
    tokens: Count | None = None
    calls: Count | None = None
    minutes: Annotated[float, Field(ge=0)] | None = None


class LimitsConfig(Table):
    """How much at once and how long."""

    in_flight: Positive = 8
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Of one attempt."""


class CacheConfig(Table):
    """The store of answers; ``mode`` is about other runs' answers, a run's own are always stored and read."""

    mode: Literal["read-write", "read-only", "refresh", "off"] = "read-write"
    dir: str | None = None
    """None: the user's cache folder."""


class LabelsAnswer(Table):
    """The answer is one of these."""

    labels: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Strict(False), Field(min_length=1)]


class RegexAnswer(Table):
    """The answer is group 1 of the last match, or all of it without a group."""

    regex: Annotated[str, Field(min_length=1)]


Answer = Literal["whole", "last_number"] | LabelsAnswer | RegexAnswer


class ProgramConfig(Table):
    """A program of one call; ``system`` and ``user`` are Jinja, slots are the trained texts and the data's columns."""

    system: str = ""
    user: Annotated[str, Field(min_length=1)] = "{{ question }}"
    answer: Annotated[
        Answer, WrapValidator(says('"whole", "last_number", {labels = ["yes", "no"]} or {regex = "Answer: (.*)"}'))
    ] = "whole"
    demos: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Strict(False)] = ()
    """Trained texts that hold worked examples: filled from traces, not rewritten; without a start text empty."""
    roles: Texts = Field(default_factory=dict, validate_default=True)
    """Trained text -> what it is for, told to the LLMs that write feedback and rewrites."""


class PromptsConfig(Table):
    """Start texts by name; those of ``file`` (a best.toml) are read first, and the texts given here win."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]  # pydantic's way to type further keys

    file: str | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """The texts given in the config itself, in its order."""
        return MappingProxyType(self.__pydantic_extra__)
