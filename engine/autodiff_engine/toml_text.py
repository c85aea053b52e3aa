"""Tables -> TOML text that reads back byte for byte, and TOML files -> tables with errors of one line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import tomli_w

from .characters import is_whole
from .errors import ConfigError, StorageError, line

_DEEPEST = 40
"""Tables and lists in one another; more is no config, and too much for what walks through it."""
_MOST = 2**63
_TOO_DEEP = f"tables or lists are nested too deeply, {_DEEPEST} is the most"


def dumps(tables: Mapping[str, object]) -> str:
    """Write ``tables``; texts of several lines stand as such.

    The exception is a carriage return before a line feed, which TOML's multi-line strings cannot be trusted to keep:
    one of these anywhere, and every text is written on one line with escapes.

    Raises:
        StorageError: A text holds half of a surrogate pair, which neither TOML nor UTF-8 can hold.
    """
    text = tomli_w.dumps(tables, multiline_strings=True)
    if not is_whole(text):
        raise StorageError("a text holds half of a character (a lone surrogate), which no TOML file can hold")
    if tomllib.loads(text) != _plain(tables):
        text = tomli_w.dumps(tables)
    return text


def read(path: Path) -> dict[str, object]:
    """Read the TOML file ``path``; a byte order mark at its beginning is no error.

    Raises:
        ConfigError: There is no such file, or it is no TOML in UTF-8, or tables stand in one another more than 40
            deep, or a number is too large; one line, with the place.
    """
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(line(f"{path}: cannot be read: {error.strerror or error}")) from error
    except UnicodeDecodeError as error:
        raise ConfigError(line(f"{path}: not UTF-8 at byte {error.start}"), "save the file as UTF-8") from error
    except RecursionError as error:
        raise ConfigError(line(f"{path}: {_TOO_DEEP}")) from error
    except ValueError as error:  # no TOML, or a number of more digits than Python reads
        raise ConfigError(line(f"{path}: not TOML: {error}")) from error
    if problem := unfit(tables):
        raise ConfigError(line(f"{path}: {problem}"))
    return tables


def unfit(value: object, left: int = _DEEPEST) -> str:
    """Return why a value that TOML made is not worked with, or empty: it is too deep, or a number of too many digits.

    TOML promises whole numbers of 64 bits; Python would go on to where nothing can print them.
    """
    if isinstance(value, int) and not -_MOST <= value < _MOST:
        return "a whole number has more than 64 bits"
    if isinstance(value, dict):
        inner = list(cast("dict[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    else:
        return ""
    return next(filter(None, (unfit(item, left - 1) for item in inner)), "") if left else _TOO_DEEP


def table_of(value: object) -> dict[str, object] | None:
    """Return ``value`` itself if it is a table as TOML makes it, else None."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    return value
