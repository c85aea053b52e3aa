"""What the command line said, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

UI = Literal["auto", "tui", "plain", "json", "none"]
RUNS_ROOT = Path("runs")
"""Where runs of this folder live; ``--run-dir`` puts one elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """What was said on the command line or by ``AUTODIFF_*`` in the environment; None where nothing was."""

    ui: UI = "auto"
    settings: tuple[str, ...] = ()
    seed: int | None = None
    max_steps: int | None = None
    run_dir: Path | None = None
    cache_dir: Path | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_calls: int | None = None
    budget_minutes: float | None = None
    offline: bool = False
    verbose: bool = False
    quiet: bool = False
    no_color: bool = False
    ascii: bool = False
    theme: str = ""

    from_environment: frozenset[str] = frozenset()
    """Names of the fields above that a variable gave and the command line did not."""

    @property
    def for_config(self) -> dict[str, object]:
        """The flags that stand for a key of the config and were given on the command line; the rest are None.

        What the environment says is left to whoever loads the config, who then knows where it came from.
        """
        named = ("seed", "max_steps", "cache_dir", "budget_usd", "budget_tokens", "budget_calls", "budget_minutes")
        given = {name: getattr(self, name) for name in named if name not in self.from_environment}
        return {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
