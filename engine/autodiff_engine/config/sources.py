"""What is said outside of the file: flags, environment and ``--set``, as paths into a config and values."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from types import MappingProxyType

from ..errors import ConfigError, line
from ..secret import redacted
from ..toml_text import unfit

Path = tuple[str, ...]
_DEEPEST = 12
"""Tables in one another on the way to a key: more than any that a provider's library knows."""

FLAG_KEYS: Mapping[str, Path] = MappingProxyType(
    {
        "seed": ("trainer", "seed"),
        "max_steps": ("trainer", "max_steps"),
        "cache_dir": ("cache", "dir"),
        "budget_usd": ("budget", "usd"),
        "budget_tokens": ("budget", "tokens"),
        "budget_calls": ("budget", "calls"),
        "budget_minutes": ("budget", "minutes"),
    }
)
"""The common flags that set a key, as click names them, and the key."""


def variable(flag: str) -> str:
    """Return the environment variable that stands for a flag."""
    return f"AUTODIFF_{flag.upper()}"


def from_environment(environ: Mapping[str, str]) -> list[tuple[Path, object, str]]:
    """Return path, value and origin for each variable that is set and not empty."""
    given = [(variable(flag), path) for flag, path in FLAG_KEYS.items()]
    return [(path, _read(environ[name], path), name) for name, path in given if environ.get(name)]


def from_flags(flags: Mapping[str, object]) -> list[tuple[Path, object, str]]:
    """Return path, value and origin for each flag that was given; None means that it was not.

    Raises:
        KeyError: A flag that sets no key.
    """
    return [
        (FLAG_KEYS[flag], value, f"--{flag.replace('_', '-')}") for flag, value in flags.items() if value is not None
    ]


def from_override(text: str) -> tuple[Path, object, str]:
    """Read the ``table.key=value`` of one ``--set``: the value is TOML, anything else is a text.

    Raises:
        ConfigError: No such form.
    """
    key, equals, value = text.partition("=")
    path = _path(key.strip())
    if not equals or not 2 <= len(path) <= _DEEPEST or not all(path):
        raise ConfigError(f"--set {line(redacted(text))}: write table.key=value, as in --set trainer.batch_size=8")
    return path, _read(value.strip(), path), f"--set {key.strip()}"


def _path(key: str) -> Path:
    """Split at the dots, but for names of texts, which may hold some: ``prompts.answer.task``."""
    for table in (("prompts",), ("program", "roles")):
        before = ".".join(table) + "."
        if key.startswith(before):
            return (*table, key.removeprefix(before).strip('"'))
    return tuple(part.strip().strip('"') for part in key.split("."))


def _read(text: str, path: Path) -> object:
    if path == ("cache", "dir"):
        return text
    table: dict[str, object]
    try:
        table = tomllib.loads(f"value = {text}")
    except RecursionError:
        raise ConfigError(line(f"{'.'.join(path)} = {text:.60}: lists stand in one another too deep")) from None
    except ValueError:
        return text
    value = table["value"]
    if problem := unfit(value):
        raise ConfigError(line(f"{'.'.join(path)} = {text:.60}: {problem}"))
    number = isinstance(value, int | float)
    return text if len(table) > 1 or (number and path[0] in ("prompts", "program")) else value
