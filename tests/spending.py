"""Whole runs, 32 calls in flight, against a provider that bills as it likes; and what it billed against the budget.

``python -m tests.spending FOLDER [SEEDS]`` prints a line for each way to bill and each cap.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from autodiff_engine import build, config
from autodiff_engine.build import models, players
from autodiff_engine.control import Control
from autodiff_engine.errors import ModelRefused, ModelUnavailable
from autodiff_engine.events import RunFinished, Stamped
from autodiff_engine.journal import read
from autodiff_engine.llm import Call, Reply, Usage
from autodiff_engine.llm.budget import Price, Tokens, most_tokens
from autodiff_engine.llm.limited import LimitedModel
from autodiff_engine.llm.unavailable import RateLimited

Cap = Literal["usd", "tokens", "calls"]
CAPS: tuple[Cap, ...] = ("usd", "tokens", "calls")
IN_FLIGHT = 32
PRICES = {
    "openai/worker": Price(1e-6, 4e-6), "openai/critic": Price(2e-6, 8e-6), "openai/writer": Price(5e-6, 15e-6),
}  # fmt: skip
_ROLES = {"task": "worker", "backward": "critic", "optimizer": "writer"}
CONFIG = """
[task]
pipeline = "prompt"
[data]
source = "questions.csv"
train = 12
val = 40
test = 12
[program]
system = "{{ task }}"
user = "{{ question }}"
answer = "last_number"
[prompts]
task = "Count up to 20."
[trainer]
max_steps = 3
max_proposals = 2
two_stage = false
[limits]
in_flight = 32
""" + "".join(
    f"""[models.{role}]
model = "openai/{name}"
max_tokens = {100 if name == "worker" else 400}
api_base = "http://127.0.0.1:9/v1"
price = {{prompt = {PRICES[f"openai/{name}"].input_usd_per_token * 1e6}, completion = {
        PRICES[f"openai/{name}"].output_usd_per_token * 1e6
    }}}
"""
    for role, name in _ROLES.items()
)

Way = Literal["most", "random", "silent", "failing", "refusing"]
WAYS: Mapping[Way, str] = {
    "most": "each answer takes exactly the most that it may",
    "random": "random usage, up to the most",
    "silent": "random usage, and the answer does not say it",
    "failing": "an eighth of the attempts fails: half of these are billed all the same",
    "refusing": "a fifth of the requests is refused for what it says",
}


@dataclass(frozen=True)
class Attempt:
    """How one attempt goes: what it takes, for how many turns of the loop, and how it ends."""

    used: Tokens
    turns: int
    ends: Literal["answered", "broken", "limited", "refused"]

    @property
    def billed(self) -> bool:
        """An error status costs nothing; what breaks off may have been worked for."""
        return self.ends in ("answered", "broken")


@dataclass
class Provider:
    """Bills each attempt as it begins, whether its answer arrives or not; the one who knows what was spent."""

    way: Way
    seed: int = 0
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    in_flight: int = 0
    most_in_flight: int = 0
    cancelled: int = 0
    answered: Counter[str] = field(default_factory=Counter[str])
    attempts: Counter[str] = field(default_factory=Counter[str])

    async def complete(self, call: Call) -> Reply:
        attempt = self._drawn(call)
        self._bill(call, attempt)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.worked(call, attempt)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.in_flight -= 1
        match attempt.ends:
            case "refused":
                raise ModelRefused("not about that")
            case "broken":
                raise ModelUnavailable("broke off")
            case "limited":
                raise RateLimited("slower")
            case "answered":
                self.answered[call.request.key] += 1
        told = Usage(None, None) if self.way == "silent" else Usage(attempt.used.prompt, attempt.used.completion)
        return Reply(answer(call), "stop", told)

    async def worked(self, call: Call, attempt: Attempt) -> None:
        """Return when the attempt has taken its time."""
        del call
        for _ in range(attempt.turns):
            await asyncio.sleep(0)

    def _drawn(self, call: Call) -> Attempt:
        """By chance, but by the same chance for the same attempt in every execution."""
        key, most = call.request.key, most_tokens(call.request)
        assert most is not None
        self.attempts[key] += 1
        of_key, draw = random.Random(f"{self.seed}/{key}"), random.Random(f"{self.seed}/{key}/{self.attempts[key]}")
        used = most if self.way == "most" else Tokens(draw.randint(1, most.prompt), draw.randint(1, most.completion))
        turns, luck = draw.randrange(400), draw.random()
        if self.way == "refusing" and of_key.random() < 0.2:
            return Attempt(used, turns, "refused")
        if self.way == "failing" and luck < 1 / 8:
            return Attempt(used, turns, "broken" if luck < 1 / 16 else "limited")
        return Attempt(used, turns, "answered")

    def _bill(self, call: Call, attempt: Attempt) -> None:
        self.calls += 1
        if attempt.billed:
            self.tokens += attempt.used.total
            self.usd += PRICES[call.request.model].of(attempt.used)

    async def aclose(self) -> None: ...

    def of(self, cap: Cap) -> float:
        """What was billed of what ``cap`` limits."""
        return {"usd": self.usd, "tokens": self.tokens, "calls": self.calls}[cap]


def answer(call: Call) -> str:
    """Count up to what the prompt says; the writer says less at first, and more once that was rejected."""
    system, user = (message.content for message in call.request.messages[:2])
    if call.role == "task":
        number, able = int(re.findall(r"\d+", user)[-1]), int(re.findall(r"\d+", system)[-1])
        return f"Answer: {number if number <= able else number + 1}"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        return "\n".join(f'<feedback key="{key}">Count further.</feedback>' for key in keys) or "It is wrong."
    able = int(re.findall(r"Count up to (\d+)\.", user)[-1])
    able += 9 if "rejected:" in user else -1
    return f"<reasoning>more</reasoning><method>rephrase</method><new_text>Count up to {able}.</new_text>"


def patched(provider: Provider, put: Callable[[object, str, object], object]) -> None:
    """Let ``provider`` answer, and retries wait for a turn of the loop."""
    put(models, "LiteLLMModel", lambda: provider)
    put(players, "missing_key", lambda _: None)
    put(models, "LimitedModel", partial(LimitedModel, sleep=lambda _: asyncio.sleep(0)))


@dataclass
class Case:
    """One run in a folder of its own."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        rows = "".join(f"How many are {number} things?,{number}\n" for number in range(1, 70))
        (self.folder / "questions.csv").write_text(f"question,answer\n{rows}", encoding="utf-8")
        (self.folder / "c.toml").write_text(CONFIG, encoding="utf-8")

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def execute(self, **budget: float) -> RunFinished:
        """Begin the run or go on with it, within a budget over its whole life."""
        return asyncio.run(self.executed(Control(), lambda stamped: None, **budget))

    async def executed(self, control: Control, listener: Callable[[Stamped], None], **budget: float) -> RunFinished:
        """Do so under ``control``."""
        options = build.RunOptions(run_dir=self.run, runs_root=self.folder, cache_dir=self.folder / "answers")
        settings = [f"budget.{cap}={most}" for cap, most in budget.items()]
        if not self.run.exists():
            run = build.training(config.load(self.folder / "c.toml", settings), options)
        else:
            found = build.resumption(config.load(self.run / "config.toml", settings), options, anyway=False)
            assert found.run is not None
            run = found.run
        return await run.execute(control, listener)

    @property
    def facts(self) -> tuple[str, ...]:
        return read(self.run).facts

    @property
    def kept(self) -> tuple[str | None, float | None]:
        """The candidate in best.toml and its validation score; None where there is no such file."""
        if not (self.run / "best.toml").is_file():
            return None, None
        told = tomllib.loads((self.run / "best.toml").read_text(encoding="utf-8"))
        means = [each["mean"] for each in told["scores"] if each["split"] == "val"]
        return told["run"]["candidate"], means[-1]


def main(arguments: list[str]) -> int:
    """For each way to bill and each cap: how much of the cap was billed when the run ended, over many runs."""
    folder, seeds = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 10
    shares: dict[tuple[Way, Cap], list[float]] = defaultdict(list)
    most_at_once = executions = cancelled = 0
    for way in WAYS:
        for seed in range(seeds):
            free = Provider(way, seed)
            patched(free, setattr)
            whole = Case(folder / f"{way}-{seed}")
            while whole.execute().status != "done":  # four attempts failed: it is resumed
                continue
            for cap in CAPS:
                provider = Provider(way, seed)
                patched(provider, setattr)
                case = Case(folder / f"{way}-{seed}-{cap}")
                limits = [random.Random(f"{way}/{seed}/{cap}/{n}").uniform(0.02, 1.0) * free.of(cap) for n in range(3)]
                for limit in sorted(limits):
                    limit = int(limit) if cap != "usd" else limit
                    ended = case.execute(**{cap: limit})
                    executions += 1
                    assert provider.of(cap) <= limit * (1 + 1e-9), (way, seed, cap, limit)
                    if ended.status != "budget":
                        break
                    shares[way, cap].append(provider.of(cap) / limit)
                most_at_once = max(most_at_once, provider.most_in_flight)
                cancelled += provider.cancelled
    said: list[object] = [
        {"way": way, "cap": cap, "ended": len(told), "most": max(told), "mean": sum(told) / len(told)}
        for (way, cap), told in shares.items()
    ]
    said.append({"executions": executions, "in_flight": most_at_once, "cancelled": cancelled})
    print(*map(json.dumps, said), sep="\n")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
