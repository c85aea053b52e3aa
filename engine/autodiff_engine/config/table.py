"""What every table of a config is: strict, frozen, without unknown keys."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Strict: ``"4"`` is not a number and ``1`` is not true. No key that is not listed, nothing changes later."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
