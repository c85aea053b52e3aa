"""Whole runs against a provider on loopback that fails in one way at one rate, and what must hold of them."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from autodiff_engine import build, config
from autodiff_engine.build import models
from autodiff_engine.control import Control
from autodiff_engine.events import CallFinished, RunFinished, Stamped
from autodiff_engine.journal import read
from autodiff_engine.llm.limited import LimitedModel

from . import loopback as lb
from .loopback import Loopback, Turn

CONFIG = """
[task]
pipeline = "prompt"
[data]
source = "questions.csv"
train = 6
val = 6
test = 4
[program]
system = "{{{{ task }}}}"
user = "{{{{ question }}}}"
answer = "last_number"
[prompts]
task = "Count up to 4."
[models.task]
model = "openai/worker"
api_base = "{url}"
[models.backward]
model = "openai/critic"
api_base = "{url}"
[models.optimizer]
model = "openai/writer"
api_base = "{url}"
[trainer]
max_steps = 2
max_proposals = 2
carry = false
[limits]
in_flight = {in_flight}
timeout_s = {timeout_s}
"""
PATIENT_S = 50.0
TRIES = 4
"""How often a call is tried."""
IMPATIENT_S = 1.0
"""Long beside an answer of loopback, short beside one that never comes; an answer that is late all the same is asked
for again, and changes nothing."""


@dataclass(frozen=True)
class Size:
    """How many examples a run has; its calls follow from that."""

    train: int
    val: int
    test: int


SHORT, LONG = Size(6, 6, 4), Size(40, 140, 70)
"""A run of some fifty calls, and one of several hundred, in which a fault of one in a hundred is met."""

Kind = Literal["passing", "ending", "meant"]
"""What a fault is: gone when one asks again, the end of the run at once, or an answer of the provider's own making."""


@dataclass(frozen=True)
class Fault:
    """One way to fail; ``turn`` takes the healthy answer."""

    name: str
    kind: Kind
    turn: Callable[[str], Turn]
    says: str = ""
    """A part of the reason that the run ends with."""
    timeout_s: float = PATIENT_S


FAULTS = (
    Fault("429 with Retry-After", "passing", lambda text: lb.rate_limited("7"), "limits the rate"),
    Fault("429", "passing", lambda text: lb.rate_limited(), "limits the rate"),
    Fault("500", "passing", lambda text: lb.server_error(500), "status 500"),
    Fault("503", "passing", lambda text: lb.server_error(503), "status 503"),
    Fault("hanging", "passing", lambda text: lb.hang(), "no answer within", IMPATIENT_S),
    Fault("reset", "passing", lambda text: lb.reset(), "broke off"),
    Fault("half an answer", "passing", lb.cut, "broke off"),
    Fault("malformed", "passing", lambda text: lb.malformed(), "no JSON"),
    Fault("empty", "passing", lambda text: lb.no_choices(), "without choices"),
    Fault("slow", "meant", lambda text: lb.ok(text, delay_s=0.03)),
    Fault("refused", "meant", lambda text: lb.content_filter()),
    Fault("cut off at max_tokens", "meant", lambda text: lb.ok(text[: len(text) // 2], finish_reason="length")),
    Fault("nothing said", "meant", lambda text: lb.ok("")),
    Fault("wrong model", "ending", lambda text: lb.unknown_model(), "check the model's name"),
    Fault("expired key", "ending", lambda text: lb.unauthorized(), "check the key in OPENAI_API_KEY"),
)


def healthy(body: dict[str, Any]) -> str:
    """Count up to what the prompt says; the one who writes prompts says more or less, as follows from its prompt."""
    system, user = (message["content"] for message in body["messages"][:2])
    if body["model"] == "worker":
        number, able = int(re.findall(r"\d+", user)[-1]), int(re.findall(r"\d+", system)[-1])
        return f"Answer: {number if number <= able else number + 1}"
    if body["model"] == "critic":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        return "\n".join(f'<feedback key="{key}">Count further.</feedback>' for key in keys) or "It is wrong."
    able = int(re.findall(r"Count up to (\d+)\.", user)[-1])
    able += 4 if zlib.crc32(user.encode()) % 2 else -1
    return f"<reasoning>more</reasoning><method>rephrase</method><new_text>Count up to {able}.</new_text>"


@dataclass
class Provider:
    """Fails by chance, but by the same chance in every execution.

    That goes by the request, and where a fault is gone when one asks again by the attempt as well; ``draw`` numbers
    the chances that there are. ``ends``: a request of the run fails as often as it is tried.
    """

    fault: Fault | None
    rate: float
    draw: int = 0
    ends: bool = False
    asked: Counter[str] = field(default_factory=Counter[str])
    answered: int = 0
    met: int = 0

    def __call__(self, body: dict[str, Any]) -> Turn:
        key = key_of(body)
        self.asked[key] += 1
        attempt = 1 if self.fault is None or self.fault.kind == "meant" else self.asked[key]
        text = healthy(body)
        if self.fault and chance(self.fault, self.draw, key, attempt) < self.rate:
            turn = self.fault.turn(text)
            self.met += 1
        else:
            turn = lb.ok(text)
        self.answered += turn.status == 200 and turn.then == "send" and '"message"' in turn.body
        return turn


def key_of(body: dict[str, Any]) -> str:
    """What tells one request from another."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def chance(fault: Fault, draw: int, key: str, attempt: int) -> float:
    """From 0 to 1; a provider that fails at a rate above it fails here."""
    return random.Random(f"{fault.name}/{draw}/{key}/{attempt}").random()


def met_by_some(fault: Fault, rate: float, server: Loopback) -> Provider:
    """The provider of the first draw by which one or more of the requests that ``server`` received meet the fault.

    By the draw 0 that may be none: at 1 %, one in a hundred runs of several hundred calls meets none.
    """
    keys = {key_of(each.body) for each in server.received}
    draw = next(n for n in itertools.count() if any(chance(fault, n, key, 1) < rate for key in keys))
    tries = {"passing": TRIES, "ending": 1, "meant": 0}[fault.kind]
    tried = [[chance(fault, draw, key, attempt) < rate for attempt in range(1, tries + 1)] for key in keys]
    return Provider(fault, rate, draw, ends=any(each and all(each) for each in tried))


@dataclass(frozen=True)
class Ended:
    """How an execution ended, and all facts that stand after it; ``met`` counts what failed, of all executions."""

    finished: RunFinished
    facts: tuple[str, ...]
    answered: list[str]
    cancelled: int
    met: int
    ends: bool
    """Whether it has to end before its time, by what its provider draws."""


def prepare(folder: Path, url: str, size: Size, *, in_flight: int = 4, timeout_s: float = PATIENT_S) -> Path:
    """Write a config and its data; return the config's place."""
    count = size.train + size.val + size.test
    lists = (f"List {each // 16}: how" if each >= 16 else "How" for each in range(count))
    rows = "".join(f"{start} many are {1 + place % 16} things?,{1 + place % 16}\n" for place, start in enumerate(lists))
    (folder / "questions.csv").write_text(f"question,answer\n{rows}", encoding="utf-8")
    told = CONFIG.format(url=url, in_flight=in_flight, timeout_s=timeout_s)
    for part in ("train", "val", "test"):
        told = told.replace(f"\n{part} = {getattr(SHORT, part)}\n", f"\n{part} = {getattr(size, part)}\n")
    (folder / "c.toml").write_text(told, encoding="utf-8")
    return folder / "c.toml"


class Case:
    """One run in a folder of its own, against one server."""

    def __init__(self, folder: Path, server: Loopback, size: Size = SHORT) -> None:
        self.folder = folder
        self.server = server
        self.size = size
        folder.mkdir()
        server.received.clear()

    async def execute(
        self,
        provider: Provider,
        *,
        in_flight: int = 4,
        timeout_s: float = PATIENT_S,
        control: Control | None = None,
        listener: Callable[[Stamped], None] = lambda stamped: None,
        settings: Sequence[str] = (),
    ) -> Ended:
        """Begin the run, or go on with it where it has begun; without ``control`` no person is there."""
        self.server.otherwise = provider
        run = self.folder / "run"
        options = build.RunOptions(run_dir=run, cache_dir=self.folder / "answers")
        if run.exists():
            found = build.resumption(
                config.load(run / "config.toml", [f"limits.timeout_s={timeout_s}", *settings]), options, anyway=False
            )
            assert found.run is not None
            execution = found.run
        else:
            file = prepare(self.folder, self.server.url, self.size, in_flight=in_flight, timeout_s=timeout_s)
            execution = build.training(config.load(file, list(settings)), options)
        finished = await execution.execute(control or Control(), listener)
        recorded = read(run)
        calls = [each.event for each in recorded.events if isinstance(each.event, CallFinished)]
        return Ended(
            finished,
            recorded.facts,
            [call.key for call in calls if not call.cached and not call.error],
            sum(call.error == "cancelled" for call in calls),
            provider.met,
            provider.ends,
        )


@contextmanager
def no_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Let retries wait for a turn of the loop; yields how long they would have waited."""
    waits: list[float] = []

    async def turn(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    with monkeypatch.context() as patch:
        patch.setattr(models, "LimitedModel", partial(LimitedModel, sleep=turn))
        yield waits


def check_ledger(ended: Ended, server: Loopback, provided: int, unheard: int = 0) -> None:
    """The ledger has each request that the server saw, and no other but the ``unheard`` and cancelled ones.

    ``provided`` counts complete answers: each was told as answered, once, or came to a call that was cancelled.
    """
    made = ended.finished.calls.made
    assert len(server.received) + unheard <= made <= len(server.received) + unheard + ended.cancelled
    assert max(Counter(ended.answered).values(), default=0) <= 1
    assert len(ended.answered) <= provided <= len(ended.answered) + ended.cancelled
