"""A program of every kind, executed again over its stored answers, makes no call and tells equal facts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autodiff_engine.journal import read
from autodiff_tui.cli import run

from .played import CONFIGS, Stage, events_of, flags_of, placed, served

PROGRAM = """
from autodiff_engine.program import Prompt, Text, program, whole

ASK = Prompt(user="Question: {{ question }}", system="{{ task }}")
ANSWER = Prompt(user="{{ seen }}\\nQuestion: {{ question }}", system="{{ task }}")
QUERY, LAST = Text("query.task", "asks", "Write a query."), Text("answer.task", "answers", "Answer the question.")

def look(query):
    with open("looked", "a+") as file:
        file.write("once\\n")
        file.seek(0)
        return f"{query} at {len(file.readlines())}"

async def asked(trace, question):
    query = await trace.generate("query", template=ASK, prompts=["query.task"], parse=whole(), question=question)
    return await trace.apply("look", look, query, kind="retrieved", outside=True)

async def answered(trace, question, seen):
    return await trace.generate(
        "answer", template=ANSWER, prompts=["answer.task"], question=question, seen=seen,
        parse=lambda reply: reply.partition("Answer: ")[2] or None,
    )

@program(texts=[QUERY, LAST])
async def branches(trace, question):
    node = trace.input("question", question)
    seen = await trace.all(asked(trace, node), asked(trace, node))
    return await answered(trace, node, await trace.apply("join", lambda *seen: ", ".join(seen), *seen))

@program(texts=[QUERY, LAST])
async def skipping(trace, question):
    node = trace.input("question", question)
    query = await trace.generate("query", template=ASK, prompts=["query.task"], parse=whole(), question=node)
    seen = await trace.apply("seen", str.upper, query, skip=["query.task"])
    return await answered(trace, node, seen)
"""
OWN = """
[task]
pipeline = "own_program.py:{name}"
metric = "exact_match"
{losses}

[data]
source = "questions.jsonl"

[models.task]
model = "openai/task"
"""
LOSSES = """losses = [
    {node = "seen", metric = "f1", expected = "gold_wanted", weight = 0.5},
    {node = "answer", metric = "exact_match"},
]"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with served() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with placed(tmp_path, monkeypatch):
        yield tmp_path


@pytest.mark.parametrize("kind", ["multi_hop_cycle", "react", "losses and a skip", "branches that look outside"])
def test_a_run_of_every_kind_replays_without_a_call(
    kind: str, stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = next((path for path in CONFIGS if path.stem == kind), here / "own.toml")
    if config.parent == here:
        (here / "own_program.py").write_text(PROGRAM, encoding="utf-8")
        name, losses = ("skipping", LOSSES) if "skip" in kind else ("branches", "")
        config.write_text(OWN.replace("{name}", name).replace("{losses}", losses), encoding="utf-8")
    flags = flags_of(stage, config, here)
    before = len(stage.server.received)

    folders = [here / "first", here / "again"]
    for folder, how in zip(folders, ([], ["--offline"]), strict=True):
        assert run(["train", str(config), "--ui", "json", "--run-dir", str(folder), *flags, *how]) == 0
    ends = [event for event in events_of(capsys) if event["type"] == "RunFinished"]
    calls = len(stage.server.received) - before  # a look outside is a call, too, which no server hears of

    assert [end["accepted"] for end in ends] == [1, 1]
    assert ends[1]["calls"]["made"] == 0
    assert read(folders[0]).facts == read(folders[1]).facts
    looked = here / "looked"  # by both runs
    assert ends[0]["calls"]["made"] - calls == (len(looked.read_text().splitlines()) if looked.exists() else 0)
    assert looked.exists() == kind.startswith("branches")
