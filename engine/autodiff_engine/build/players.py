"""Who plays each role of a run: a model, how it is asked, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..config import ModelConfig, RunConfig, priced_apart
from ..config import model as model_reference
from ..errors import ConfigError, ModelRejected
from ..llm import Role
from ..llm.litellm_client import missing_key, price
from ..llm.local import DEFAULT_CONTEXT, check_local, sha256_of
from ..llm.metered import FREE, Price
from ..llm.model import JSONValue
from ..llm.referred import check_set

USED: tuple[Role, ...] = ("task", "backward", "optimizer")
"""The roles that every training calls; a judge besides where a metric asks one."""

LOCAL = "local/"
API_CONTEXT = 32_768
"""Tokens that our own prompts to a provider's model keep within when the config does not say ``context``."""

_PER_MILLION = 1e-6


@dataclass(frozen=True, slots=True)
class Player:
    """Who plays a role: how the request names it, and for a model on this machine its file, else None."""

    name: str
    shown: str
    endpoint: str
    params: Mapping[str, JSONValue]
    context: int
    price: Price | None
    file: Path | None


Cast = Mapping[Role, Player]


def cast(
    config: RunConfig, base: Path, *, roles: tuple[Role, ...] = USED, recorded: bool = False, keyless: bool = False
) -> Cast:
    """Return who plays ``roles``; files are hashed, prices looked up.

    With ``recorded`` nobody is asked, so that no key is needed, and no file of which the config holds the hash.

    Raises:
        ConfigError: A file, a key or a price is missing, or no provider has such a model.
    """
    players: dict[Role, Player] = {role: _player(config.models[role], base, recorded=recorded) for role in roles}
    if recorded:
        return players
    for role, player in players.items():
        check_set(f"models.{role}", {} if keyless else player.params)
        if player.file is None:
            _check_key(role, player)
        if config.budget.usd is not None and player.price is None:
            raise ConfigError(
                f"models.{role}: the price of {player.shown} is not known, so budget.usd cannot be kept",
                f"set models.{role}.price = {{prompt = …, completion = …}} (US dollars for a million tokens), "
                "or budget.tokens instead",
            )
    return players


def _player(told: ModelConfig, base: Path, *, recorded: bool) -> Player:
    reference = model_reference(told.model)
    local = told.model.startswith(LOCAL)
    file = base / reference.file if local and reference.file else None
    digest = told.sha256
    if file is not None and not (recorded and digest):  # a run's own config holds the hash: its file may be gone
        check_local(file)
        digest = sha256_of(file)
    params: dict[str, JSONValue] = {"temperature": told.temperature, "max_tokens": told.max_tokens, **told.extra}
    own = told.price
    return Player(
        name=f"{LOCAL}sha256:{digest}" if local else told.model,
        shown=reference.shown,
        endpoint="" if local else told.api_base or "",
        params=params,
        context=told.context or (DEFAULT_CONTEXT if local else API_CONTEXT),
        price=Price(own.prompt * _PER_MILLION, own.completion * _PER_MILLION) if own else _listed(told, recorded),
        file=None if recorded else file,
    )


def _listed(told: ModelConfig, recorded: bool) -> Price | None:
    if told.model.startswith(LOCAL):
        return FREE
    return None if recorded or told.api_base or priced_apart(told.extra) else price(told.model)


def _check_key(role: Role, player: Player) -> None:
    try:
        missing = missing_key(player.name)
    except ModelRejected as unknown:
        raise ConfigError(f"models.{role}: {unknown}", unknown.hint) from unknown
    if missing and not player.endpoint and "api_key" not in player.params:
        raise ConfigError(
            f"models.{role}: {player.shown} needs {missing}, which is not set in the environment",
            f"export {missing}=…, or set models.{role}.api_base for a server that needs no key",
        )
