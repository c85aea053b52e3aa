"""What ``train --dry-run`` says against what the run then used, over several settings and ways to bill.

``python -m tests.forecasts FOLDER`` prints a line for each: used / least and used / most.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from autodiff_engine import build, config
from autodiff_engine.control import Control

from .spending import Case, Provider, Way, patched

SETTINGS = {
    "one stage": (),
    "two stages": ("trainer.two_stage=true",),
    "no feedback": ("trainer.gradients=none",),
    "fresh batches": ("trainer.carry=false", "trainer.max_proposals=1"),
    "one step": ("trainer.max_steps=1",),
    "perfect at the start": ("prompts.task=Count up to 99.",),
}
MEASURES = ("calls", "prompt_tokens", "completion_tokens", "cost_usd")


@dataclass(frozen=True)
class Compared:
    """One measure of one run: what it used, and the range that was said before."""

    measure: str
    used: float
    least: float
    most: float

    @property
    def inside(self) -> bool:
        """Whether the range holds it; prompts are estimated for the usual tokenizer, not for one of a byte a token."""
        return self.least <= self.used <= self.most


def compared(folder: Path, provider: Provider, settings: tuple[str, ...]) -> list[Compared]:
    """Forecast a run that ``provider`` plays, execute it, and return both."""
    case = Case(folder)
    loaded = config.load(folder / "c.toml", list(settings))
    options = build.RunOptions(run_dir=case.run, runs_root=folder, cache_dir=folder / "answers")
    told = asyncio.run(build.forecast(loaded, options)).total
    assert provider.calls == 0
    last = asyncio.run(build.training(loaded, options).execute(Control(), lambda stamped: None))
    assert last.status == "done"
    assert told.cost_usd is not None
    assert last.cost_usd is not None
    ranges = dict(zip(MEASURES, (told.calls, told.prompt_tokens, told.completion_tokens, told.cost_usd), strict=True))
    used = dict(
        zip(MEASURES, (last.calls.made, last.tokens.prompt, last.tokens.completion, last.cost_usd), strict=True)
    )
    return [Compared(name, used[name], each.least, each.most) for name, each in ranges.items()]


def main(arguments: list[str]) -> int:
    """Print the ratios."""
    ways: tuple[Way, ...] = ("random", "most")
    for name, settings in SETTINGS.items():
        for way in ways:
            provider = Provider(way)
            patched(provider, setattr)
            for each in compared(Path(arguments[0]) / f"{name}-{way}", provider, settings):
                line = {
                    "settings": name, "way": way, "measure": each.measure, "inside": each.inside,
                    "used/least": round(each.used / each.least, 2) if each.least else None,
                    "used/most": round(each.used / each.most, 2),
                }  # fmt: skip
                print(json.dumps(line))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
