"""A training of as many calls as one likes, and whoever follows it; what both hold while it lasts.

``python -m tests.soak FOLDER [CALLS]`` trains twice, the second time over stored answers, and follows one journal.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import re
import subprocess
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from autodiff_engine import build, config
from autodiff_engine.build import models, players
from autodiff_engine.control import Control
from autodiff_engine.events import CallFinished, RunFinished, Stamped, StepFinished
from autodiff_engine.journal import FILE, Tail
from autodiff_engine.llm import Call, Reply, Usage
from autodiff_tui.feed import feed
from autodiff_tui.rewinding import Past
from autodiff_tui.sources import WatchedSource
from autodiff_tui.tape import KEPT, Tape

CONFIG = """
[task]
pipeline = "prompt"
[data]
source = "questions.csv"
train = 16
val = {val}
test = 8
[program]
system = "{{{{ task }}}}"
user = "{{{{ question }}}}"
answer = "last_number"
[prompts]
task = "Rule 1."
[models.task]
model = "openai/worker"
price = {{prompt = 1.0, completion = 1.0}}
api_base = "http://127.0.0.1:9/v1"
[trainer]
max_steps = {steps}
max_proposals = 4
two_stage = {two_stage}
[limits]
in_flight = 32
"""
PROPOSALS = 4
PARTS = 10
"""Places at which it is looked at what is held: after each tenth."""
CALLS = 200_000
"""What a run of a million events of its own takes."""
FULL = 2
"""Tenths of such a run after which what follows it holds as many of its newest events and examples as it ever will."""


class Player:
    """A provider in this process that keeps nothing: what grows is not its own."""

    async def complete(self, call: Call) -> Reply:
        await asyncio.sleep(0)
        return Reply(answer(call), "stop", Usage(40, 8), seconds=0.25)

    async def aclose(self) -> None: ...


def answer(call: Call) -> str:
    """Play every role; by every rule half of the answers are right, so that validations go almost to their end."""
    system, user = (message.content for message in call.request.messages[:2])
    if call.role == "task":
        number = int(re.findall(r"\d+", user)[-1])
        return f"Answer: {number + zlib.crc32((system + user).encode()) % 2}"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        return "\n".join(f'<feedback key="{key}">Another rule.</feedback>' for key in keys) or "It is wrong."
    rule = zlib.crc32(f"{call.at}/{call.request.draw}".encode())
    return f"<reasoning>none</reasoning><method>rephrase</method><new_text>Rule {rule}.</new_text>"


def resident() -> int:
    """Bytes of this process's own memory: files that the system keeps for all are none of it."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kib,) = re.findall(r"RssAnon:\s+(\d+) kB", status)
    return int(kib) * 1024


def traced() -> int:
    """Bytes that Python objects take; tracemalloc must run."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@dataclass(frozen=True)
class Open:
    """What a process must give back."""

    tasks: int
    threads: int
    files: int

    @classmethod
    def now(cls) -> Open:
        return cls(len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/proc/self/fd")))


@dataclass
class Held:
    """What was held after each tenth of ``total``; ``size`` says it in bytes. Growth counts after ``warm`` tenths."""

    total: int
    size: Callable[[], int]
    warm: int = 1
    bytes: list[int] = field(default_factory=list[int])
    seen: list[int] = field(default_factory=list[int])

    def look(self, seen: int) -> None:
        """Look where nothing is on its way, after ``seen`` of them; once a tenth."""
        if seen * PARTS // self.total > (self.seen[-1] * PARTS // self.total if self.seen else 0):
            self.bytes.append(self.size())
            self.seen.append(seen)

    @property
    def _first(self) -> int:
        return next(place for place, seen in enumerate(self.seen) if seen * PARTS >= self.warm * self.total)

    @property
    def ratio(self) -> float:
        """The end over where growth begins to count."""
        return round(self.bytes[-1] / self.bytes[self._first], 3)

    @property
    def each(self) -> float:
        """Bytes that were held for each that came from there on."""
        first = self._first
        return round((self.bytes[-1] - self.bytes[first]) / max(1, self.seen[-1] - self.seen[first]), 1)


@dataclass(frozen=True)
class Trained:
    """What an execution came to and left behind."""

    status: str
    calls: int
    cached: int
    events: int
    facts: int
    held: list[int]
    ratio: float
    each: float
    before: Open
    after: Open
    journal: int
    answers: int
    other_files: int


def prepare(folder: Path, calls: int, *, val: int, two_stage: bool = False) -> None:
    """Write a config whose training makes about ``calls`` calls, and its data."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"How many are {number} things?,{number}\n" for number in range(1, 25 + val))
    (folder / "questions.csv").write_text(f"question,answer\n{rows}", encoding="utf-8")
    steps = max(1, round((calls / val - 1) / (0.86 * PROPOSALS)))
    told = CONFIG.format(val=val, steps=steps, two_stage=str(two_stage).lower())
    (folder / "c.toml").write_text(told, encoding="utf-8")


async def train(folder: Path, name: str, calls: int, size: Callable[[], int] = resident) -> Trained:
    """Execute the training; look at what is held after each tenth of ``calls``."""
    gc.collect()
    before, held = Open.now(), Held(calls, size)
    events = facts = done = 0

    def listen(stamped: Stamped) -> None:
        nonlocal events, facts, done
        events += 1
        facts += stamped.fact is not None
        done += isinstance(stamped.event, CallFinished)
        if isinstance(stamped.event, StepFinished):
            held.look(done)

    run = folder / name
    options = build.RunOptions(run_dir=run, runs_root=folder, cache_dir=folder / "answers")
    last: RunFinished = await build.training(config.load(folder / "c.toml"), options).execute(Control(), listen)
    gc.collect()
    sizes = {path: path.stat().st_size for path in run.rglob("*") if path.is_file()}
    return Trained(
        last.status, last.calls.made, last.calls.cached, events, facts, held.bytes, held.ratio, held.each, before,
        Open.now(), sizes[run / FILE], sum(file.stat().st_size for file in (folder / "answers").iterdir()),
        sum(sizes.values()) - sizes[run / FILE],
    )  # fmt: skip


@dataclass(frozen=True)
class Followed:
    """What following a run held: its app's tape of the newest events, its view, its feed."""

    events: int
    facts: int
    held: list[int]
    ratio: float
    each: float
    proposals: int


class Told(WatchedSource):
    """A journal that is told ``times`` over, its facts numbered on: a run as long as one likes."""

    def __init__(self, folder: Path, times: int) -> None:
        super().__init__(folder)
        self._folder = folder
        self._again = times - 1
        self._facts = self._last = 0

    def drain(self, limit: int = 2000) -> list[Stamped]:
        taken = super().drain(limit)
        if not taken and self._again:
            self._again -= 1
            self._facts = self._last
            self._tail = Tail(self._folder)
            taken = super().drain(limit)
        told = [each if each.fact is None else replace(each, fact=each.fact + self._facts) for each in taken]
        self._last = max((each.fact for each in told if each.fact is not None), default=self._last)
        return told


def follow(folder: Path, events: int, times: int = 1, size: Callable[[], int] = resident, keep: int = KEPT) -> Followed:
    """Follow a run as the app does, ``times`` over: ``events`` in all; look back at ``keep`` of them at most."""
    tape, source, held = Tape(keep, Past(folder)), Told(folder, times), Held(events, size, FULL)
    while feed(tape, source, lambda: 0.0).taken:
        held.look(tape.end)
    view = tape.head
    return Followed(tape.end, view.facts, held.bytes, held.ratio, held.each, len(view.proposals))


def play() -> None:
    """Let ``Player`` answer in place of every provider."""
    models.LiteLLMModel = Player  # type: ignore[misc,assignment]
    players.missing_key = lambda _: None


def _part(arguments: list[str]) -> int:
    what, folder, count = arguments[0], Path(arguments[1]), int(arguments[2])
    if what == "train":
        play()
        name = "stored" if (folder / "asked").exists() else "asked"
        told: Trained | Followed = asyncio.run(train(folder, name, count))
    else:
        told = follow(folder / "asked", count)
    print(json.dumps(asdict(told)))  # noqa: T201
    return 0


def main(arguments: list[str]) -> int:
    """Run each part in a process of its own, so that what it holds is its own; print a JSON object a part."""
    if arguments[0] in ("train", "follow"):
        return _part(arguments)
    folder, calls = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else CALLS
    prepare(folder, calls, val=1000)

    def part(what: str, count: int) -> dict[str, int]:
        command = [sys.executable, "-m", "tests.soak", what, str(folder), str(count)]
        line = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        print(f"{what}: {line}", end="", flush=True)  # noqa: T201
        said: dict[str, int] = json.loads(line)
        return said

    asked = part("train", calls)
    part("train", calls)
    part("follow", asked["events"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
