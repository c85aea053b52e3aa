"""What is wrong with a config, one line each: file, table, key, and the nearest name that is right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import line
from ..secret import redacted
from ..toml_text import table_of
from . import model_keys, secrets
from .models import ROLES, Origins, Tables
from .schema import RunConfig
from .tables import (
    BudgetConfig,
    CacheConfig,
    DataConfig,
    DemosConfig,
    LimitsConfig,
    ModelConfig,
    Price,
    ProgramConfig,
    PromptsConfig,
    RetrievalConfig,
    TrainerConfig,
)
from .task import LossConfig, TaskConfig

Path = tuple[str, ...]

_TABLES: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "task": TaskConfig,
        "data": DataConfig,
        "retrieval": RetrievalConfig,
        "trainer": TrainerConfig,
        "budget": BudgetConfig,
        "limits": LimitsConfig,
        "cache": CacheConfig,
        "program": ProgramConfig,
        "prompts": PromptsConfig,
    }
)
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "Input should be ": "must be ",
        "input was not": "is not",
        "a valid integer": "a whole number",
        "a valid number": "a number",
        "a valid string": "a text in quotes",
        "a valid boolean": "true or false",
        "a valid tuple": "a list",
    }
)


def forbidden(tables: Tables, origins: Origins, file: str) -> dict[Path, str]:
    """Return a line for each key that no schema can refuse: secrets, what no model is sent, near misses of our keys."""
    found: dict[Path, str] = {}
    for path, value in _leaves(tables, ()):
        said = secrets.refusal(path, value) or _unsendable(path) or _near_miss(path)
        told = line(f"{place(path, origins, file)}: {said}")
        if said and told not in found.values():
            found[path] = told
    return found


def invalid(error: ValidationError, written: Tables, origins: Origins, file: str) -> dict[Path, str]:
    """Return a line for each thing that the schema refused, in its order, once for all roles that share a value."""
    found: dict[Path, str] = {}
    for detail in error.errors(include_url=False):
        path = tuple(str(part) for part in detail["loc"] if part != "[key]")
        if path[:1] == ("models",) and len(path) > 3 and path[2] not in ModelConfig.model_fields:
            path = path[:3]  # behind that are names of types
        if not _said_elsewhere(path, detail, origins):
            found.setdefault(path, line(f"{place(path, origins, file)}: {_line(path, detail, written)}"))
    return found


def _line(path: Path, detail: ErrorDetails, written: Tables) -> str:
    match detail["type"]:
        case "extra_forbidden" if len(path) == 1:
            return _unknown_table(path[0], isinstance(written.get(path[0]), dict))
        case "literal_error" if len(path) == 2 and path[0] == "models":
            return f"[models] has no role {path[1]}; {_nearest(path[1], ROLES)}"
        case "extra_forbidden":
            return _unknown_key(path)
        case "missing" if len(path) == 1:
            return f"needs a table [{path[0]}]"
        case "missing":
            return f"[{secrets.table_name(path)}] needs the key {path[-1]}"
        case "value_error" if len(path) < 2 or detail["msg"].partition(", ")[2].startswith(("[", "task.")):
            return f"{f'[{path[0]}] ' if path else ''}{detail['msg'].partition(', ')[2]}"
        case "value_error":
            return f"[{secrets.table_name(path)}] {path[-1]} {detail['msg'].partition(', ')[2]}"
        case "model_type" | "mapping_type" | "dict_type":
            return f"{'.'.join(path)} must be a table, not {_cut(detail['input'])}"
        case "string_type" if path[0] == "prompts" and isinstance(detail["input"], dict):
            return f'[prompts] {path[-1]} is a table; a name with a dot needs quotes: "{path[-1]}.…" = "…"'
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", detail["msg"])
            close = get_close_matches(str(detail["input"]), allowed, 1, 0.5)
            hint = f"; did you mean {close[0]}?" if close else ""
            wanted = " or ".join(f'"{name}"' for name in allowed)
            return f"[{secrets.table_name(path)}] {path[-1]} must be {wanted}, not {_cut(detail['input'])}{hint}"
        case _:
            return f"[{secrets.table_name(path)}] {path[-1]} {_wanted(detail['msg'])}, not {_cut(detail['input'])}"


def _wanted(message: str) -> str:
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return message


def _unknown_table(name: str, is_table: bool) -> str:
    if not is_table:
        homes = [table for table, model in _TABLES.items() if name in model.model_fields]
        home = f"it belongs to [{homes[0]}]" if homes else "no table has it"
        return f"the key {name} stands outside of a table; {home}"
    return f"there is no table [{name}]; {_nearest(name, tuple(RunConfig.model_fields))}"


def _unknown_key(path: Path) -> str:
    keys = _keys(path[:-1])
    homes = [table for table, model in _TABLES.items() if path[-1] in model.model_fields and len(path) == 2]
    if homes and not get_close_matches(path[-1], keys, 1, 0.75):
        return f"[{secrets.table_name(path)}] has no key {path[-1]}; [{homes[0]}] has it"
    return f"[{secrets.table_name(path)}] has no key {path[-1]}; {_nearest(path[-1], keys)}"


def _nearest(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"


def _keys(table: Path) -> tuple[str, ...]:
    if table[:2] == ("task", "losses"):
        return tuple(LossConfig.model_fields)
    if table == ("trainer", "demos"):
        return tuple(DemosConfig.model_fields)
    if table[0] != "models":
        return tuple(_TABLES[table[0]].model_fields)
    return tuple((Price if len(table) == 3 else ModelConfig).model_fields)


def _unsendable(path: Path) -> str:
    """Of what a model would be sent: what changes how many answers come, whose they are, and what they may cost."""
    if path[0] != "models" or len(path) < 3 or path[2] in ModelConfig.model_fields:
        return ""
    parts, why = model_keys.refusal(path[2:])
    key = path[: 2 + parts]
    return f"[{secrets.table_name(key)}] {key[-1]} is refused: {why}" if parts else ""


def _near_miss(path: Path) -> str:
    """Of a model's keys, which go to litellm unseen: a typing error in one of ours must not be sent along."""
    match path:
        case ("models", role, key, *_) if key not in ModelConfig.model_fields:
            close = get_close_matches(key, ModelConfig.model_fields, 1, 0.85)
            return f"[models.{role}] has no key {key}; did you mean {close[0]}?" if close else ""
        case _:
            return ""


def _said_elsewhere(path: Path, detail: ErrorDetails, origins: Origins) -> bool:
    """Of a role: its name is wrong already, its value is another role's, or it lacks a model because task does."""
    if path[0:1] != ("models",) or len(path) < 3:
        return False
    lacks = detail["type"] == "missing" and path[2] == "model" and path[1] != "task"
    return lacks or path[1] not in ROLES or origins.get(path[:3], "").startswith("[models.")


def place(path: Path, origins: Origins, file: str) -> str:
    """Return the file, or the flag or variable, that gave the value at ``path``."""
    given = [origins[path[:length]] for length in range(len(path), 0, -1) if path[:length] in origins]
    inside = {origin for key, origin in origins.items() if key[: len(path)] == path}
    if not given and len(inside) == 1:  # an unknown table of which one key was given
        given = [*inside]
    return given[0] if given and not given[0].startswith(("default", "preset", "[")) else file


def _leaves(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Yield the path and value of each key, also in tables in lists, where a path counts from 0."""
    table = table_of(value)
    if isinstance(value, list):
        table = {str(place): item for place, item in enumerate(cast("list[object]", value))}
    if table:
        for key, item in table.items():
            yield from _leaves(item, (*path, key))
    elif path:
        yield path, value


def _cut(value: object) -> str:
    text = redacted(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}…"
