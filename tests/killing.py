"""Kills a run at an event of its own choice, resumes it, and tells what came of it; a process of its own.

It must have no thread when it forks: each execution is a fork of it that ends with SIGKILL or by itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autodiff_engine import build, config
from autodiff_engine.build import models, players
from autodiff_engine.control import Control
from autodiff_engine.events import CallFinished, RunFinished, Stamped
from autodiff_engine.journal import FILE, read
from autodiff_engine.llm import Call, Reply, Usage

ASKED, ANSWERED = "?", "!"
"""Begin the lines of a case's log, in the order of what happened."""

CONFIG = """
[task]
pipeline = "prompt"
[data]
source = "questions.csv"
train = 6
val = 6
test = 4
[program]
system = "{{ task }}"
user = "{{ question }}"
answer = "last_number"
[prompts]
task = "Count up to 4."
[models.task]
model = "openai/worker"
temperature = 1.0
api_base = "http://127.0.0.1:9/v1"
price = {prompt = 1.0, completion = 1.0}
[trainer]
max_steps = 3
max_proposals = 2
[limits]
in_flight = 3
"""


class Scripted:
    """A provider in this process: notes what it is asked in a file, and answers after a few turns of the loop."""

    log: Path

    async def complete(self, call: Call) -> Reply:
        note(self.log, f"{ASKED}{call.request.key}")
        for _ in range(len(call.at) % 4):
            await asyncio.sleep(0)
        text = answer(call)
        return Reply(text, "stop", Usage(11, 7))

    async def aclose(self) -> None: ...


def answer(call: Call) -> str:
    """Count up to what the prompt says; the one who writes prompts says two more, or one less with an even draw."""
    system, user = (message.content for message in call.request.messages[:2])
    if call.role == "task":
        number, able = int(re.findall(r"\d+", user)[-1]), int(re.findall(r"\d+", system)[-1])
        return f"Answer: {number if number <= able else number + 1}"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        return "\n".join(f'<feedback key="{key}">Count further.</feedback>' for key in keys) or "It is wrong."
    able = int(re.findall(r"Count up to (\d+)\.", user)[-1])
    able += -1 if call.request.draw % 2 else 4
    return f"<reasoning>more</reasoning><method>rephrase</method><new_text>Count up to {able}.</new_text>"


def note(path: Path, line: str) -> None:
    """Append a line that is there whatever happens to this process next."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


class Case:
    """One run in a folder of its own, executed in forks of this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run = folder / "run"
        self.log = folder / "log"
        folder.mkdir()
        rows = "".join(f"How many are {number} things?,{number}\n" for number in range(1, 17))
        (folder / "questions.csv").write_text(f"question,answer\n{rows}", encoding="utf-8")
        (folder / "c.toml").write_text(CONFIG, encoding="utf-8")

    def execute(self, kill_at: int | None = None, *, resume: bool = False) -> str:
        """Return how it ended: killed, done, or the status of the run."""
        child = os.fork()
        if child == 0:
            os._exit(self._child(kill_at, resume=resume))
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        code = os.WEXITSTATUS(status)
        if code == 1:
            raise RuntimeError(f"{self.folder}: see above")
        last = read(self.run).events[-1].event
        return last.status if isinstance(last, RunFinished) else f"exit {code}"

    def _child(self, kill_at: int | None, *, resume: bool) -> int:
        try:
            asyncio.run(self._execute(kill_at, resume=resume))
        except Exception:  # noqa: BLE001 - a fork must not go on with what its parent does next
            traceback.print_exc()
            return 1
        return 0

    async def _execute(self, kill_at: int | None, *, resume: bool) -> None:
        heard = 0

        def listen(stamped: Stamped) -> None:
            nonlocal heard
            heard += 1
            event = stamped.event
            if isinstance(event, CallFinished) and not event.cached and not event.error:
                note(self.log, f"{ANSWERED}{event.key}")
            if heard == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        Scripted.log = self.log
        options = build.RunOptions(run_dir=self.run, cache_dir=self.folder / "answers")
        if not resume:
            await build.training(config.load(self.folder / "c.toml"), options).execute(Control(), listen)
            return
        found = build.resumption(config.load(self.run / "config.toml"), options, anyway=False)
        if found.run is not None:
            await found.run.execute(Control(), listen)

    def resumed(self) -> str:
        """Go on; a run whose process was killed before its first line was written begins anew."""
        journal = self.run / FILE
        begun = journal.is_file() and b"\n" in journal.read_bytes()
        return self.execute(resume=begun)

    def end(self) -> dict[str, Any]:
        """Return what the run came to, but for times, costs and ids."""
        best = tomllib.loads((self.run / "best.toml").read_text(encoding="utf-8"))
        for key in ("id", "date", "cost_usd"):
            del best["run"][key]
        return {"best": best, "facts": read(self.run).facts}

    def wrongs(self, reference: dict[str, Any]) -> Iterator[str]:
        """Yield what is not as it should be after all executions."""
        if self.end() != reference:
            yield "another end"
        log = self.log.read_text(encoding="utf-8").split()
        answered = {line[1:]: place for place, line in reversed([*enumerate(log)]) if line[0] == ANSWERED}
        asked = [(place, line[1:]) for place, line in enumerate(log) if line[0] == ASKED]
        again = [key for place, key in asked if place > answered.get(key, place)]
        if again:
            yield f"{len(again)} answered calls were asked again"
        last = read(self.run).events[-1].event
        assert isinstance(last, RunFinished)
        if last.calls.made < len(asked):
            yield f"{len(asked)} calls were made, the ledger has {last.calls.made}"


def main(arguments: list[str]) -> None:
    """``FOLDER first STEP twice``: kill at every STEPth event from ``first`` on; print one JSON object."""
    folder, first, step, twice = Path(arguments[0]), *map(int, arguments[1:])
    models.LiteLLMModel = Scripted  # type: ignore[misc,assignment]
    players.missing_key = lambda _: None
    whole = Case(folder / "whole")
    assert whole.execute() == "done"
    reference, events = whole.end(), len(read(whole.run).events)
    wrong: dict[int, list[str]] = {}
    ended: Counter[str] = Counter()
    for place in range(first, events, step):
        case = Case(folder / str(place))
        ended[case.execute(kill_at=place)] += 1
        if twice:
            ended[case.execute(kill_at=2 + place % 7, resume=True)] += 1
        assert case.resumed() == "done"
        found = list(case.wrongs(reference))
        if found:
            wrong[place] = found
    print(json.dumps({"events": events, "facts": len(reference["facts"]), "ended": ended, "wrong": wrong}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
