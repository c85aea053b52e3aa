"""Parameters that name a variable of the environment: resolved as they are sent, and nowhere kept."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..errors import ConfigError, ModelRejected
from ..secret import variable_of, variables_in
from .model import JSONValue


def unset(params: Mapping[str, JSONValue]) -> tuple[str, ...]:
    """Return the variables that ``params`` name and that are not set, or empty, each once, in their order."""
    return tuple(name for name in dict.fromkeys(variables_in(dict(params))) if not os.environ.get(name))


def check_set(where: str, params: Mapping[str, JSONValue]) -> None:
    """Refuse parameters that cannot be resolved; ``where`` names them.

    Raises:
        ConfigError: A variable is not set.
    """
    for name in unset(params):
        raise ConfigError(f"{where}: its config names {name}, which is not set in the environment", f"export {name}=…")


def resolved(params: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """Return ``params`` with the value of each variable in the place of its name.

    Raises:
        ModelRejected: One is not set.
    """
    if missing := unset(params):
        raise ModelRejected(f"{missing[0]} is not set in the environment", f"export {missing[0]}=…")
    return {name: _resolved(value) for name, value in params.items()}


def key_name(params: Mapping[str, JSONValue]) -> str:
    """Return the variable that ``api_key`` names, or empty."""
    return variable_of(params.get("api_key"))


def _resolved(value: JSONValue) -> JSONValue:
    if isinstance(value, dict):
        return {name: _resolved(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each) for each in value]
    name = variable_of(value)
    return os.environ[name] if name else value
