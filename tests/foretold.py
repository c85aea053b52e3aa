"""What is said before a run and while it goes on, against what it came to: several programs with scripted LLMs.

``python -m tests.foretold FOLDER [SEEDS]`` prints a line for each program: used / foretold, before the first call
(least and most of the range) and after each step. ``python -m tests.foretold --recorded RUN...`` prints the latter of
runs that are done, whoever played them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from autodiff_engine import build, config
from autodiff_engine.build import models, players
from autodiff_engine.control import Control
from autodiff_engine.dataset import load as load_data
from autodiff_engine.events import RunFinished, StepFinished
from autodiff_engine.journal import read
from autodiff_engine.llm import ScriptedModel
from autodiff_tui.view import RunView, outlook, reduce

from . import spending
from .shuffled import BRANCHES, CONFIG, Closing, Player

PROGRAMS = ("prompt", "vanilla_rag", "multi_hop", "multi_hop_cycle", "react", "branches")
"""One call; one search and one call; three calls of three and of two prompts; a loop; two branches and demos."""
MEASURES = ("calls", "tokens", "usd")
STEPS = 6
_SIZES = {"train = 8": "train = 24", "val = 6": "val = 30", "test = 4": "test = 30"}

Put = Callable[[object, str, object], object]


@dataclass(frozen=True)
class Foretold:
    """Of one run: what it used of each measure, the range before it, and what was said after each step."""

    steps: int
    used: Mapping[str, float]
    least: Mapping[str, float]
    most: Mapping[str, float]
    after: tuple[Mapping[str, float], ...]

    def ratios(self, measure: str) -> list[float]:
        """Used / foretold after each step."""
        return [round(self.used[measure] / each[measure], 2) for each in self.after]

    def line(self, program: str, seed: int) -> dict[str, object]:
        """All of it, to be printed."""
        told: dict[str, object] = {"program": program, "seed": seed, "steps": self.steps}
        for name in MEASURES:
            used = self.used[name]
            told[name] = {
                "used": round(used, 4), "used/least": round(used / self.least[name], 2),
                "used/most": round(used / self.most[name], 3), "used/after each step": self.ratios(name),
            }  # fmt: skip
        return told


def foretold(folder: Path, program: str, seed: int, put: Put, steps: int = STEPS) -> Foretold:
    """Forecast a training, execute it with a scripted provider, and read from its journal what was said meanwhile."""
    loaded = prepared(folder, program, seed, put, steps)
    options = build.RunOptions(run_dir=folder / "run", runs_root=folder, cache_dir=folder / "answers")
    total = asyncio.run(build.forecast(loaded, options)).total
    end = asyncio.run(build.training(loaded, options).execute(Control(), lambda stamped: None))
    assert (end.status, end.steps) == ("done", steps)
    assert total.cost_usd is not None
    tokens = total.prompt_tokens + total.completion_tokens
    ranges = dict(zip(MEASURES, (total.calls, tokens, total.cost_usd), strict=True))
    return Foretold(
        steps, used_by(end),
        {name: each.least for name, each in ranges.items()}, {name: each.most for name, each in ranges.items()},
        tuple(said(folder / "run")),
    )  # fmt: skip


def prepared(folder: Path, program: str, seed: int, put: Put, steps: int) -> config.Loaded:
    """Write a config, have its models played, and return it loaded."""
    flags = [f"trainer.seed={seed}", f"trainer.max_steps={steps}"]
    if program == "prompt":
        case = spending.Case(folder)
        spending.patched(spending.Provider("random", seed), put)
        flags += ["trainer.max_proposals=4", "trainer.two_stage=true", "prompts.task=Count up to 12."]
        return config.load(case.folder / "c.toml", flags)
    folder.mkdir(parents=True)
    (folder / "own.py").write_text(BRANCHES, encoding="utf-8")
    told = CONFIG.format(pipeline="own.py:branches" if program == "branches" else program, proposals="serial")
    for small, large in _SIZES.items():
        told = told.replace(f"\n{small}\n", f"\n{large}\n")
    (folder / "c.toml").write_text(told, encoding="utf-8")
    loaded = config.load(folder / "c.toml", [*flags, "trainer.max_proposals=4"])
    splits = load_data(loaded.config.data, loaded.base)
    scripted = ScriptedModel(Player((*splits.train, *splits.val, *splits.test)))
    put(models, "LiteLLMModel", lambda *_, **__: Closing(scripted))
    put(players, "missing_key", lambda _: None)
    return loaded


def used_by(end: RunFinished) -> dict[str, float]:
    """What a run came to."""
    assert end.cost_usd is not None
    return {"calls": end.calls.made, "tokens": end.tokens.prompt + end.tokens.completion, "usd": end.cost_usd}


def said(run: Path) -> Iterator[dict[str, float]]:
    """Yield what the spend pane says of the whole run after each step."""
    view = RunView()
    for stamped in read(run).events:
        view = reduce(view, stamped)
        if isinstance(stamped.event, StepFinished):
            told = outlook(view)
            if told is not None:  # else all of it was stored so far
                yield {"calls": told.calls, "tokens": told.tokens, **({} if told.usd is None else {"usd": told.usd})}


def recorded(run: Path) -> dict[str, object]:
    """Used / foretold after each step of a recorded run that paid for some of its answers."""
    (end,) = [each.event for each in read(run).standing if isinstance(each.event, RunFinished)][-1:]
    used, after = {"calls": end.calls.made, "tokens": end.tokens.prompt + end.tokens.completion}, [*said(run)]
    return {"run": run.name} | {name: [round(n / each[name], 2) for each in after] for name, n in used.items()}


def main(arguments: list[str]) -> int:
    """Print the lines, and then how far the forecasts of all were off."""
    if arguments[0] == "--recorded":
        print(*(json.dumps(recorded(Path(each))) for each in arguments[1:]), sep="\n")  # noqa: T201
        return 0
    folder, seeds = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 3
    found: list[Foretold] = []
    for program in PROGRAMS:
        for seed in range(seeds):
            found.append(foretold(folder / f"{program}-{seed}", program, seed, setattr))
            print(json.dumps(found[-1].line(program, seed)))  # noqa: T201
    for step in range(STEPS):
        told = {name: [each.ratios(name)[step] for each in found] for name in MEASURES}
        print(json.dumps({"after step": step + 1, **{name: [min(each), max(each)] for name, each in told.items()}}))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
