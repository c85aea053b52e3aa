"""Who plays which role: what a config leaves out, filled in from other roles and from the preset."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..toml_text import table_of
from .fields import Role

ROLES: tuple[Role, ...] = ("task", "backward", "optimizer", "teacher", "judge")

DEFAULT_TEMPERATURE: Mapping[Role, float] = MappingProxyType(
    {"task": 0.0, "backward": 0.0, "optimizer": 0.7, "teacher": 0.0, "judge": 0.0}
)
DEFAULT_MAX_TOKENS: Mapping[Role, int] = MappingProxyType(
    {"task": 1000, "backward": 1000, "optimizer": 2000, "teacher": 1000, "judge": 500}
)
"""Feedback for all peers comes in one reply, hence 1000; a rewrite is a whole prompt and its reasoning, hence 2000."""

STANDS_IN: Mapping[Role, tuple[Role, ...]] = MappingProxyType(
    {
        "backward": ("optimizer", "task"),
        "optimizer": ("backward", "task"),
        "teacher": ("optimizer", "backward", "task"),
        "judge": ("optimizer", "backward", "task"),
    }
)
"""Who is asked instead of a role that has no model of its own: the first of these that has one."""

_SAMPLING = ("temperature", "max_tokens", "top_p")
"""What belongs to a role's work, not to the model that does it: never taken over from another role."""

_PAPER_SAMPLING: Mapping[Role, Mapping[str, float]] = MappingProxyType(
    {
        "task": {"temperature": 0.0},
        "backward": {"temperature": 1.0, "top_p": 0.99},
        "optimizer": {"temperature": 1.0, "top_p": 0.99},
    }
)
_PAPER_TRAINER: Mapping[str, int] = MappingProxyType(
    {"batch_size": 4, "max_steps": 12, "max_proposals": 5, "history": 2}
)

Tables = dict[str, object]
Origins = dict[tuple[str, ...], str]
"""Where a value came from, by its path."""


def fill(tables: Tables, origins: Origins) -> Tables:
    """Return ``tables`` with every role and the preset filled in; notes in ``origins`` where the new values came from.

    What is not a table where one is due is left alone: the schema says so better.
    """
    filled = dict(tables)
    trainer = table_of(tables.get("trainer"))
    paper = trainer is not None and trainer.get("preset") == "paper"
    if paper and trainer is not None:
        filled["trainer"] = _added(trainer, _PAPER_TRAINER, ("trainer",), 'preset "paper"', origins)
    models = table_of(tables.get("models"))
    if models is not None:
        filled["trainer"] = _taught(filled.get("trainer", {}), models)
        roles = _roles(models, paper=paper, origins=origins)
        filled["models"] = {**roles, **{name: value for name, value in models.items() if name not in roles}}
    return filled


def _roles(models: Tables, *, paper: bool, origins: Origins) -> Tables:
    given = {role: table_of(models.get(role, {})) for role in ROLES}
    filled: Tables = {}
    for role in ROLES:
        own = given[role]
        if own is None:
            continue
        path = ("models", role)
        for other in STANDS_IN.get(role, ()):
            source = given[other]
            if "model" not in own and source is not None and "model" in source:
                where = {key: value for key, value in source.items() if key not in _SAMPLING}
                own = _added(own, where, path, f"[models.{other}]", origins)
        if paper:
            own = _added(own, _PAPER_SAMPLING.get(role, {}), path, 'preset "paper"', origins)
        usual = {"temperature": DEFAULT_TEMPERATURE[role], "max_tokens": DEFAULT_MAX_TOKENS[role]}
        filled[role] = _added(own, usual, path, "default", origins)
    return filled


def _taught(trainer: object, models: Tables) -> object:
    """Note that somebody wrote a table for the teacher: a run's own config has one for every role."""
    table = table_of(trainer)
    demos = table_of(table.get("demos", {})) if table is not None else None
    if table is None or demos is None or "teacher" not in models:
        return trainer
    return {**table, "demos": {"teacher": True, **demos}}


def _added(own: Tables, more: Mapping[str, object], path: tuple[str, ...], origin: str, origins: Origins) -> Tables:
    new = {key: value for key, value in more.items() if key not in own}
    origins.update({(*path, key): origin for key in new})
    return {**own, **new}
