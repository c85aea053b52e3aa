"""The commands for configs: ``config show``, ``validate``, ``schema`` and ``path``."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import click

from autodiff_tui.flags import Flags

from .helptext import Entry, GroupedCommand, LazyGroup
from .loading import load_config, run_options
from .options import cache_dir_option, config_options, output_options, ui_option, with_flags

_CONFIG = click.argument("config", type=click.Path(path_type=Path))
_PERHAPS_CONFIG = click.argument("config", type=click.Path(path_type=Path), required=False)


@click.command(
    cls=GroupedCommand,
    examples=("autodiff-tui config show my.toml", "autodiff-tui config show my.toml --set trainer.batch_size=8"),
)
@_CONFIG
@config_options
@cache_dir_option
@ui_option("plain", "json")
@with_flags
def show(flags: Flags, config: Path) -> int:
    """Print every key of CONFIG as resolved, and where its value came from; what is printed is TOML."""
    rows = load_config(config, flags).rows
    for row in rows:
        if flags.ui == "json":
            line = json.dumps({"key": row.key, "value": row.value, "origin": row.origin}, default=str)
        else:
            line = f"{row.key} = {toml_value(row.value)}  # {_printable(row.origin)}"
        sys.stdout.write(f"{line}\n")
    return 0


@click.command(cls=GroupedCommand, examples=("autodiff-tui config validate my.toml",))
@_CONFIG
@config_options
@cache_dir_option
@output_options
@with_flags
def validate(flags: Flags, config: Path) -> int:
    """Check CONFIG, its data and its program as a run would before it spends anything; creates nothing."""
    from autodiff_engine import build  # help must not wait for the engine

    run = build.training(load_config(config, flags), replace(run_options(flags), keyless=True))
    for warning in () if flags.quiet else run.opening.warnings:
        sys.stderr.write(f"warning: {_printable(warning)}\n")
    sys.stdout.write(f"{_printable(str(config))}: valid\n")
    return 0


@click.command(cls=GroupedCommand, examples=("autodiff-tui config schema > autodiff.schema.json",))
@_PERHAPS_CONFIG
def schema(config: Path | None) -> int:
    """Print the JSON schema of configs, for editors; it is the same for every CONFIG."""
    from autodiff_engine import config as configs  # help must not wait for the engine

    sys.stdout.write(f"{json.dumps(configs.schema(), indent=2)}\n")
    return 0


@click.command(cls=GroupedCommand, examples=("autodiff-tui config path", "autodiff-tui config path my.toml"))
@_PERHAPS_CONFIG
def path(config: Path | None) -> int:
    """Print the files that are read, the one that wins last: the user's own config, then CONFIG."""
    from autodiff_engine.config import user_config_path  # help must not wait for the engine

    for file in (user_config_path(), *([config.absolute()] if config is not None else [])):
        sys.stdout.write(f"{_printable(str(file))}{'' if file.is_file() else '  (absent)'}\n")
    return 0


@click.group(
    cls=LazyGroup,
    entries={
        "Commands": (
            Entry("show", "Print every key and where its value came from.", lambda: show),
            Entry("validate", "Check a config, its data and its program.", lambda: validate),
            Entry("schema", "Print the JSON schema of configs.", lambda: schema),
            Entry("path", "Print which files are read.", lambda: path),
        )
    },
)
def config() -> None:
    """Show, check and describe configs."""


def toml_value(value: object) -> str:
    """Return ``value`` as TOML on one line, safe for a terminal: what does not print is escaped."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{_printable(value)}"'
        case list() | tuple():
            return f"[{', '.join(toml_value(item) for item in cast('list[object]', value))}]"
        case Mapping():
            pairs = [(key, item) for key, item in cast("Mapping[str, object]", value).items() if item is not None]
            return f"{{{', '.join(f'{toml_value(key)} = {toml_value(item)}' for key, item in pairs)}}}"
        case _:
            return str(value)


def _printable(text: str) -> str:
    return "".join(map(_escaped, text))


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04X}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08X}"
