"""Files, environment and flags -> one RunConfig, with a note of where each value came from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from platformdirs import user_config_path as platform_config_path
from pydantic import ValidationError

from ..errors import ConfigError, line
from ..text_file import kind_of, meant
from ..toml_text import read, table_of
from . import problems, sources
from .filenames import check_name, unnameable
from .models import Origins, Tables, fill
from .schema import RunConfig

_DEEP = {"models": 2}
"""How many levels of a table hold keys, where it is not one."""


@dataclass(frozen=True, slots=True)
class Row:
    """A key as ``config show`` prints it: its dotted name, its value, and where the value came from."""

    key: str
    value: object
    origin: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config with what it was read from; its files are relative to ``base``, the folder of ``path``."""

    config: RunConfig
    path: Path
    base: Path
    rows: tuple[Row, ...]

    @property
    def provenance(self) -> Mapping[str, str]:
        """Dotted key -> where its value came from: a file, a flag, a variable, another role, the preset or default."""
        return MappingProxyType({row.key: row.origin for row in self.rows})


def load(
    path: Path,
    overrides: Sequence[str] = (),
    *,
    flags: Mapping[str, object] = MappingProxyType({}),
    environ: Mapping[str, str] = MappingProxyType({}),
    user: Path | None = None,
) -> Loaded:
    """Read ``path`` and what stands above and below it: flags > environment > the file > the user's own file.

    ``overrides`` are the values of ``--set``, which stand under the named ``flags`` (``FLAG_KEYS``) and above the rest.
    ``environ`` is the process's environment, ``user`` the user's own config, which need not exist: the caller says
    both, so that a test and a replay depend on neither.

    Raises:
        ConfigError: One line for each thing that is wrong.
    """
    tables: Tables = {}
    origins: Origins = {}
    if user is not None and os.path.isfile(user):  # a home that nobody may look into holds none for us
        _lay(tables, origins, _absolute_cache(_without_keys(read(user)), user), str(user))
    _lay(tables, origins, _absolute_cache(_read(path), path), str(path))
    given = [*sources.from_environment(environ), *map(sources.from_override, overrides), *sources.from_flags(flags)]
    for key, value, origin in given:
        here = key == ("cache", "dir") and isinstance(value, str)
        _put(tables, origins, key, _absolute(Path(), str(value), origin) if here else value, origin)
    config = _resolved(tables, origins, str(path))
    return Loaded(config, path, path.parent, tuple(_rows(config, origins)))


def parse(tables: Mapping[str, object], *, place: str = "config") -> RunConfig:
    """Return the config that ``tables`` say, defaults filled in; ``place`` is named by errors.

    Raises:
        ConfigError: One line for each thing that is wrong.
    """
    return _resolved(dict(tables), {}, place)


def user_config_path() -> Path:
    """Return where the user's own config is, or would be."""
    return platform_config_path("autodiff-tui") / "config.toml"


def _resolved(tables: Tables, origins: Origins, file: str) -> RunConfig:
    found = problems.forbidden(tables, origins, file)
    filled = fill(tables, origins)
    try:
        config = RunConfig.model_validate(filled)
    except ValidationError as error:
        named = tuple(found)
        for path, line in problems.invalid(error, tables, origins, file).items():
            if not any(path == known[: len(path)] for known in named):
                found[path] = line
    else:
        found |= unnameable(config, lambda key: problems.place(key, origins, file))
        if not found:
            return config
    raise ConfigError("\n".join(found.values()))


def _read(path: Path) -> Tables:
    check_name(path)
    kind = kind_of(path)
    if kind == "folder":
        raise ConfigError(line(f"{path}: is a folder; name the .toml file in it"))
    if not kind:
        raise ConfigError(line(f"{path}: no such file{meant(path, '*.toml')}"))
    return read(path)


def _lay(tables: Tables, origins: Origins, layer: Tables, origin: str) -> None:
    """Put a file's values over what is there; a role that names a model takes nothing from the files below."""
    for name, table in layer.items():
        if name == "models":
            for role, keys in (table_of(table) or {}).items():
                if "model" in (table_of(keys) or {}):
                    _drop(tables, origins, role)
        for path, value in _flat(table, (name,), _DEEP.get(name, 1)):
            _put(tables, origins, path, value, origin)


def _drop(tables: Tables, origins: Origins, role: str) -> None:
    (table_of(tables.get("models")) or {}).pop(role, None)
    for key in [key for key in origins if key[:2] == ("models", role)]:
        del origins[key]


def _put(tables: Tables, origins: Origins, path: tuple[str, ...], value: object, origin: str) -> None:
    table = tables
    for name in path[:-1]:
        inner = table_of(table.get(name))
        if inner is None:
            inner = table[name] = dict[str, object]()
        table = inner
    table[path[-1]] = value
    origins[path] = origin


def _flat(value: object, path: tuple[str, ...], depth: int) -> Iterable[tuple[tuple[str, ...], object]]:
    table = table_of(value)
    if not depth or not table:
        yield path, value
        return
    for key, item in table.items():
        yield from _flat(item, (*path, key), depth - 1)


def _without_keys(tables: Tables) -> Tables:
    """Leave out the keys of the app, which stand in the user's own file alone: no run depends on them."""
    return {name: table for name, table in tables.items() if name != "keys"}


def _absolute_cache(tables: Tables, file: Path) -> Tables:
    """Read ``cache.dir`` from the file's folder: files of two folders may have given it."""
    cache = table_of(tables.get("cache")) or {}
    where = cache.get("dir")
    if not isinstance(where, str):
        return tables
    return {**tables, "cache": {**cache, "dir": _absolute(file.parent, where, f"{file}: [cache] dir")}}


def _absolute(folder: Path, where: str, origin: str) -> str:
    try:
        return str((folder / Path(where).expanduser()).absolute())
    except RuntimeError as error:  # ~somebody, whom nobody knows
        raise ConfigError(line(f"{origin}: {where}: there is no such home folder"), "write the folder out") from error


def _rows(config: RunConfig, origins: Origins) -> Iterable[Row]:
    tables: dict[str, object] = config.model_dump(mode="python")
    for name, table in tables.items():
        for path, value in _flat(table, (name,), _DEEP.get(name, 1)):
            given = [origin for key, origin in origins.items() if key[: len(path)] == path]
            if value is not None and value != {}:
                yield Row(".".join(map(_key, path)), value, given[-1] if given else "default")


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else f'"{name}"'
