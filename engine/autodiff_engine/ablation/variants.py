"""Variants: what an ablation takes out of the method, and the baselines, as overrides of ``[trainer]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import cast

from ..config import RunConfig, TrainerConfig
from ..errors import ConfigError


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to train, ``about`` in at most 60 characters, for help.

    ``settings`` are keys of ``[trainer]``, and some of its ``demos``, which beat the config's and its preset's.
    """

    name: str
    about: str
    settings: Mapping[str, object]


def _variant(name: str, about: str, **settings: object) -> Variant:
    return Variant(name, about, MappingProxyType(settings))


FULL = "full"
_NO_DEMOS: Mapping[str, object] = {"bootstrapped": 0, "raw": 0, "teacher": False}
"""The baselines propose rewrites alone: with one proposal a step, demos would be the only one of every third step."""
VARIANTS: tuple[Variant, ...] = (
    _variant(FULL, "the config as it is"),
    _variant("opro", "the optimizer sees scores alone", gradients="none", demos=_NO_DEMOS),
    _variant("opro-data", "the optimizer sees failed examples in place of feedback", gradients="data", demos=_NO_DEMOS),
    _variant("no-techniques", "no prompt engineering techniques in the optimizer's prompt", techniques=False),
    _variant("no-history", "the optimizer sees neither best nor failed versions", history=0),
    _variant("no-selective", "examples that are right get feedback too", selective=False),
    _variant("one-stage", "no minibatch gate: all proposals go to validation", two_stage=False),
    _variant("no-peers", "a backward call for each text, the others not shown", peers=False),
    _variant(
        "textgrad",
        "no-selective, one-stage, fresh batches, one proposal",
        selective=False,
        two_stage=False,
        carry=False,
        max_proposals=1,
        demos=_NO_DEMOS,
    ),
)
"""In the order in which a table lists them when nobody asks for another."""
SHOTS = 12
UNTRAINED: tuple[Variant, ...] = (
    _variant(
        "few-shot",
        f"the start prompts with {SHOTS} random examples, not trained",
        max_steps=0,
        demos={"start": SHOTS},
    ),
)
"""Run where they are named alone: not every program has a place for examples."""


def named(names: Sequence[str]) -> tuple[Variant, ...]:
    """Return the variants of these names in their order; ``VARIANTS`` for none.

    Raises:
        ConfigError: There is no such variant (the nearest is named), or one is named twice.
    """
    known = {each.name: each for each in (*VARIANTS, *UNTRAINED)}
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, 1, 0.5)
            there = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise ConfigError(f"--variants {name}: no such variant; {there}")
        if names.count(name) > 1:
            raise ConfigError(f"--variants {name}: is named twice; name it once")
    return tuple(known[name] for name in names) or VARIANTS


def applied(config: RunConfig, variant: Variant, seed: int) -> RunConfig:
    """Return ``config`` as ``variant`` trains it with ``seed``; the splits stay, as ``data.seed`` does."""
    told: dict[str, object] = config.trainer.model_dump()
    changed = cast("Mapping[str, object]", variant.settings.get("demos", {}))
    demos = {**config.trainer.demos.model_dump(), **changed}
    trainer = TrainerConfig.model_validate({**told, **variant.settings, "demos": demos, "seed": seed})
    return config.model_copy(update={"trainer": trainer})
