"""The settings of a run that may be shown to anybody: numbers, switches, and the trainer's own words; no paths."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

_FILE = "config.toml"
_WORDS = ("trainer", "cache.mode")
"""What may be shown where it is text: nothing here names a file, an endpoint or a person."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A key of the run's config, ``table.key``, and its value as TOML spells it."""

    key: str
    value: str


def settings_of(run_dir: Path) -> tuple[Setting, ...]:
    """Return what the run's ``config.toml`` sets; nothing where there is none or it cannot be read.

    A page about a run whose folder is in part lost is worth more than none.
    """
    try:
        tables: Mapping[str, object] = tomllib.loads((run_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    return tuple(_flat(tables, ""))


def _flat(tables: Mapping[str, object], above: str) -> Iterator[Setting]:
    for name, value in tables.items():
        key = f"{above}{name}"
        if isinstance(value, dict):
            yield from _flat(cast("Mapping[str, object]", value), f"{key}.")
        elif isinstance(value, bool):
            yield Setting(key, "true" if value else "false")
        elif isinstance(value, int | float):
            yield Setting(key, str(value))
        elif isinstance(value, str) and key.startswith(_WORDS):
            yield Setting(key, value)
