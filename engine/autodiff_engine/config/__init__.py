"""TOML -> RunConfig, with errors that name file, table, key and the nearest key."""

from .loading import Loaded, Row, load, parse, user_config_path
from .model_keys import priced_apart
from .models import DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, ROLES
from .paths import Reference, code, file_of, model, source
from .schema import RunConfig, schema
from .sources import FLAG_KEYS, variable
from .tables import (
    Answer,
    BudgetConfig,
    CacheConfig,
    DataConfig,
    DemosConfig,
    LabelsAnswer,
    LimitsConfig,
    ModelConfig,
    Price,
    ProgramConfig,
    PromptsConfig,
    RegexAnswer,
    RetrievalConfig,
    SourceFiles,
    TrainerConfig,
)
from .task import LossConfig, TaskConfig
from .writing import meaning, rebased, renamed, to_toml

__all__ = [
    "DEFAULT_MAX_TOKENS",
    "DEFAULT_TEMPERATURE",
    "FLAG_KEYS",
    "ROLES",
    "Answer",
    "BudgetConfig",
    "CacheConfig",
    "DataConfig",
    "DemosConfig",
    "LabelsAnswer",
    "LimitsConfig",
    "Loaded",
    "LossConfig",
    "ModelConfig",
    "Price",
    "ProgramConfig",
    "PromptsConfig",
    "Reference",
    "RegexAnswer",
    "RetrievalConfig",
    "Row",
    "RunConfig",
    "SourceFiles",
    "TaskConfig",
    "TrainerConfig",
    "code",
    "file_of",
    "load",
    "meaning",
    "model",
    "parse",
    "priced_apart",
    "rebased",
    "renamed",
    "schema",
    "source",
    "to_toml",
    "user_config_path",
    "variable",
]
