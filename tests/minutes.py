"""Whole runs, 32 calls in flight, through the real client against a slow provider, until their minutes are over.

``python -m tests.minutes FOLDER [RUNS]`` prints how late the last call was sent, and how long the runs went on.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autodiff_engine.build import models
from autodiff_engine.llm import Call, Message, Reply, Request, Role
from autodiff_engine.llm.litellm_client import LiteLLMModel
from autodiff_engine.llm.metered import Meter

from .loopback import Turn, beside, ok
from .spending import CONFIG, Case, answer

_ROLES: dict[str, Role] = {"worker": "task", "critic": "backward", "writer": "optimizer"}


@dataclass
class Watch:
    """When a run's minutes are over, and when its calls were sent and received; all by one clock."""

    seed: int
    over: float = 0.0
    sent: list[float] = field(default_factory=list[float])
    received: list[float] = field(default_factory=list[float])

    def serve(self, body: dict[str, Any]) -> Turn:
        """Answer after 20 to 400 ms, by chance, but by the same chance for the same request."""
        self.received.append(time.monotonic())
        said = json.dumps(body, sort_keys=True)
        messages = tuple(Message(each["role"], each["content"]) for each in body["messages"])
        text = answer(Call(Request(body["model"], "", messages, {}, 0), _ROLES[body["model"]], ""))
        return ok(text, delay_s=random.Random(f"{self.seed}/{said}").uniform(0.02, 0.4))

    def put(self, put: Callable[[object, str, object], object]) -> None:
        """Watch the client and the meter of the runs that are executed from here on."""
        watch = self

        class Client(LiteLLMModel):
            async def complete(self, call: Call) -> Reply:
                watch.sent.append(time.monotonic())
                return await super().complete(call)

        class Watched(Meter):
            def __init__(self, *args: Any, **rest: Any) -> None:
                super().__init__(*args, **rest)
                watch.over = time.monotonic() + (self.seconds_left or 0.0)

        put(models, "LiteLLMModel", Client)
        put(models, "Meter", Watched)


def placed(folder: Path, url: str) -> Case:
    """The case of the runs on spending, with a provider that is there."""
    case = Case(folder)
    (folder / "c.toml").write_text(CONFIG.replace("http://127.0.0.1:9/v1", url), encoding="utf-8")
    return case


def main(arguments: list[str]) -> int:
    """Execute runs with minutes between 1 and 6 seconds, each resumed once with no more."""
    folder, runs = Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 40
    os.environ.setdefault("OPENAI_API_KEY", "sk-loopback")
    sent_late, received_late, went_on, calls, again = [], [], [], 0, 0
    watch = Watch(0)
    with beside(lambda body: watch.serve(body)) as server:
        watch.put(setattr)
        assert placed(folder / "whole", server.url).execute().status == "done"  # imports what the first call imports
        for seed in range(runs):
            watch = Watch(seed)
            watch.put(setattr)
            case = placed(folder / str(seed), server.url)
            minutes = random.Random(f"{seed}/minutes").uniform(1.0, 6.0) / 60
            ended = case.execute(minutes=minutes)
            went_on.append(time.monotonic() - watch.over)
            if ended.status != "budget":  # it was done before
                went_on.pop()
                continue
            sent_late += [each - watch.over for each in watch.sent[-1:]]
            received_late += [each - watch.over for each in watch.received[-1:]]
            calls += len(watch.sent)
            before = len(watch.sent), len(watch.received)
            assert case.execute(minutes=minutes).status == "budget"
            again += len(watch.sent) + len(watch.received) - sum(before)
    said = {
        "ended": len(went_on), "calls": calls, "sent when resumed": again,
        "last sent, s after": max(sent_late), "last received, s after": max(received_late),
        "run ended, s after": {"mean": sum(went_on) / len(went_on), "most": max(went_on)},
    }  # fmt: skip
    print(json.dumps(said))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
