"""Record the demo again: train a real local model on invented tickets, and pack what it answered.

    uv run --extra local python scripts/record_demo.py MODEL.gguf [--work FOLDER]

Writes engine/autodiff_engine/demo_pack: the config, the data, our instructions to LLMs, the answers, and how long the
run took. The answers are kept in FOLDER/answers, so that a recording that was cut short goes on where it stopped. After
it scripts/make_tour.py has the pictures of docs/tour.md to draw again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
from pathlib import Path

from autodiff_engine import build, config, journal
from autodiff_engine.control import Control
from autodiff_engine.events import CallFinished, RunFinished, Stamped
from autodiff_engine.llm.recorded import write_answers
from autodiff_engine.llm.store import AnswerStore

ROOT = Path(__file__).resolve().parent.parent
PACK = ROOT / "engine" / "autodiff_engine" / "demo_pack"
DATA = ROOT / "configs" / "tickets.csv"
MOST_BYTES = 3_000_000

CONFIG = """\
# The demo: which team should answer a customer's message? The start texts do not say which teams there are.
# Recorded from a model on one machine; see scripts/record_demo.py.

[task]
pipeline = "prompt"
metric = "exact_match"

[data]
source = "tickets.csv"
columns = {{answer = "team"}}
train = 16
val = 16
test = 8

[program]
system = "{{{{ task }}}}\\n{{{{ format }}}}{{% if examples %}}\\n\\nExamples:\\n{{{{ examples }}}}{{% endif %}}"
user = "{{{{ message }}}}"
answer = {{labels = ["billing", "shipping", "technical", "account"]}}
demos = ["examples"]

[prompts]
task = "Say which team should answer the message."
format = "Reply with one word."

[models.task]
model = "local/{model}"
max_tokens = 30

[models.backward]
max_tokens = 200

[models.optimizer]
temperature = 1.0
max_tokens = 400

[trainer]
max_steps = {steps}
batch_size = 6
update = "rotate"
proposals = "parallel"

[limits]
in_flight = 4
timeout_s = 600
"""


def main() -> None:
    """Record."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("model", type=Path)
    options.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "autodiff-demo")
    options.add_argument("--steps", type=int, default=3)
    told = options.parse_args()
    finished = record(told.model.resolve(), told.work, told.steps)
    print(f"{finished.status}: validation {finished.val.start} -> {finished.val.best}, {finished.seconds:.0f} s")


def record(model: Path, work: Path, steps: int) -> RunFinished:
    """Train in ``work``, then pack the run."""
    work.mkdir(parents=True, exist_ok=True)
    linked = work / model.name
    if not linked.exists():
        linked.symlink_to(model)
    shutil.copy(DATA, work)
    (work / "config.toml").write_text(CONFIG.format(model=model.name, steps=steps), encoding="utf-8")
    shutil.rmtree(work / "run", ignore_errors=True)
    run = build.training(
        config.load(work / "config.toml"), build.RunOptions(run_dir=work / "run", cache_dir=work / "answers")
    )
    finished = asyncio.run(run.execute(Control(), show))
    if finished.status != "done":
        raise SystemExit(f"the run ended as {finished.status}: {finished.error}")
    pack(work)
    return finished


def show(stamped: Stamped) -> None:
    """Say what happens."""
    name = type(stamped.event).__name__
    if name in ("StepStarted", "ProposalJudged", "StepFinished", "CandidateScored"):
        print(f"{stamped.t:7.0f}  {name}", flush=True)


def pack(work: Path) -> None:
    """Copy the finished run into the package."""
    events = [stamped.event for stamped in journal.read(work / "run").events]
    called = {event.key: event for event in events if isinstance(event, CallFinished) and not event.error}
    store = AnswerStore(work / "answers", print)
    answers = {key: store.get(key) for key in called}
    store.close()
    missing = [key for key, answer in answers.items() if answer is None]
    if missing:
        raise SystemExit(f"{len(missing)} answers of the run are not in the store")
    shutil.rmtree(PACK, ignore_errors=True)
    PACK.mkdir()
    shutil.copy(DATA, PACK)
    shutil.copytree(work / "run" / "instructions", PACK / "instructions")
    written = (work / "run" / "config.toml").read_text(encoding="utf-8").replace("../tickets.csv", "tickets.csv")
    (PACK / "config.toml").write_text(written.replace("local/../", "local/"), encoding="utf-8")
    write_answers(PACK / "answers.jsonl", {key: answer for key, answer in answers.items() if answer is not None})
    busy = sum(answer.seconds for answer in answers.values() if answer is not None) / 3  # of four calls, three are open
    (PACK / "seconds.txt").write_text(f"{busy:.1f}\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in PACK.rglob("*") if file.is_file())
    print(json.dumps({"files": len(list(PACK.rglob("*"))), "bytes": size, "answers": len(answers)}))
    if size > MOST_BYTES:
        raise SystemExit(f"the pack has {size} bytes, the most is {MOST_BYTES}")


if __name__ == "__main__":
    main()
