"""What the engine and the app cost: per call beside a bare loop, per event, per line of a journal.

``python -m benchmarks.speed FOLDER [CALLS]`` trains once in an empty FOLDER, with LLMs in this process, and prints a
line for each figure. Times are of this process's own CPU, so that what else the machine does counts little; compare
ratios rather than times of two machines.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from functools import reduce as folded
from pathlib import Path

from tests import soak

from autodiff_engine.encoding import decode, encode
from autodiff_engine.events import CallFinished, RunResumed, Stamped
from autodiff_engine.journal import FILE, Journal, read
from autodiff_engine.llm import Call, Reply
from autodiff_engine.llm.model import Message, Request
from autodiff_engine.llm.store import AnswerStore
from autodiff_tui.tape import Tape
from autodiff_tui.view import RunView, reduce

IN_FLIGHT = 32


def cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


async def bare(calls: int) -> None:
    """So many calls of the same player, 32 at once, and nothing around them."""
    player, slots = soak.Player(), asyncio.Semaphore(IN_FLIGHT)

    async def one(number: int) -> Reply:
        messages = (Message("system", "Rule 1."), Message("user", f"How many are {number} things?"))
        async with slots:
            return await player.complete(
                Call(Request("m", "", messages, {"max_tokens": 9}), "task", f"0/b/{number}/a/1")
            )

    for start in range(0, calls, 1000):
        await asyncio.gather(*(one(number) for number in range(start, min(start + 1000, calls))))


async def stored(folder: Path, keys: list[str]) -> float:
    store = AnswerStore(folder, print)
    try:
        return cpu(lambda: [store.get(key) for key in keys])
    finally:
        store.close()


def journalled(folder: Path, events: tuple[Stamped, ...]) -> None:
    journal = Journal(folder, lambda _: None)
    for each in events:
        journal.append(each.event)
    journal.close()


def figures(folder: Path, calls: int) -> Iterator[tuple[str, float, str]]:
    soak.play()
    soak.prepare(folder, calls, val=1000 if calls >= 10_000 else 40)
    trained: list[soak.Trained] = []
    names = ("asked", "stored")
    spent = {
        name: cpu(lambda name=name: trained.append(asyncio.run(soak.train(folder, name, calls)))) for name in names
    }
    first, again = trained
    alone = cpu(lambda: asyncio.run(bare(first.calls)))
    yield "calls", first.calls, ""
    yield "a bare call", alone / first.calls * 1e6, "µs"
    yield "a call in a run: asked, stored, told", spent["asked"] / first.calls * 1e6, "µs"
    yield "a call in a run whose answer is stored", spent["stored"] / again.cached * 1e6, "µs"
    yield "a call in a run / a bare call", spent["asked"] / alone, "×"
    yield "a run over stored answers / the run", spent["stored"] / spent["asked"], "×"

    events = read(folder / "asked").events
    lines = (folder / "asked" / FILE).read_text(encoding="utf-8").splitlines()
    fold = cpu(lambda: folded(reduce, events, RunView()))
    yield "events", len(events), ""
    yield "an event folded into the view", fold / len(events) * 1e6, "µs"
    yield "events folded in a second", len(events) / fold, ""
    yield "an event onto the app's tape / folded", cpu(lambda: Tape().extend(events)) / fold, "×"
    half, whole = events[: len(events) // 2], events
    first_half = cpu(lambda: folded(reduce, half, RunView()))
    yield (
        "an event of the second half / of the first",
        (cpu(lambda: folded(reduce, whole, RunView())) - first_half) / (first_half),
        "×",
    )
    yield "an event as a line", cpu(lambda: [encode(each) for each in events]) / len(events) * 1e6, "µs"
    (folder / "copy").mkdir()
    yield "an event written", cpu(lambda: journalled(folder / "copy", events)) / len(events) * 1e6, "µs"
    yield "a line read", cpu(lambda: [decode(line, "") for line in lines]) / len(lines) * 1e6, "µs"
    keys = [each.event.key for each in events if isinstance(each.event, CallFinished)]
    yield "a stored answer read", asyncio.run(stored(folder / "answers", keys)) / len(keys) * 1e6, "µs"
    yield "the journal, by call", first.journal / first.calls, "bytes"
    yield "the journal, by event", first.journal / first.events, "bytes"
    yield "the journal over stored answers, by call", again.journal / again.cached, "bytes"
    yield "the answers, by call", first.answers / first.calls, "bytes"
    yield "all other files of the run", first.other_files, "bytes"
    cut = Stamped(len(events) + 1, 0.0, None, RunResumed(1))
    yield "to take back a whole run", cpu(lambda: soak.Past(folder / "asked").before(RunView(facts=9), cut)), "s"


def main(arguments: list[str]) -> int:
    for name, value, unit in figures(Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 10_000):
        print(f"{name:<45} {value:>12,.{0 if value >= 1000 else 2}f} {unit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
