"""Every config trains a whole step over a played provider, its graph is the paper's, and runs of every kind replay."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.journal import read
from autodiff_tui.cli import run

from .played import KNOW, ROLES, Stage, served

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))
HOPS = "data.source=generated:two_hop"
PLACE = {"trec": "data.source=trec:{here}/trec.label", **dict.fromkeys(("vanilla_rag", "multi_hop", "react"), HOPS)}
"""Where the data of a program is, of a config that names a file which does not come with the project."""


@dataclass(frozen=True)
class Figure:
    """A program as the paper draws it: kind and calls of each step, what flows where, which texts each call is sent."""

    steps: Mapping[str, tuple[str, int]]
    edges: set[tuple[str, str]]
    texts: Mapping[str, set[str]]
    skips: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    answer: str = "answer"


QUESTION = {"question": ("input", 1), "answer": ("answer", 1)}
SEARCHED = {**QUESTION, "k": ("hyperparameter", 1), "combine": ("function", 1), "retrieve": ("retrieved", 2)}
JOINED = {("k", "retrieve"), ("retrieve", "combine"), ("combine", "answer"), ("question", "answer")}


def peers(name: str) -> set[str]:
    return {f"{name}.task", f"{name}.format"}


ONE_CALL = Figure(QUESTION, {("question", "answer")}, {"answer": {"task", "format", "demos"}})
FIGURES = {
    "prompt": Figure(
        {"message": ("input", 1), "answer": ("answer", 1)}, {("message", "answer")}, {"answer": {"task", "format"}}
    ),
    "object_count": ONE_CALL,
    "trec": ONE_CALL,
    "vanilla_rag": Figure(
        {**QUESTION, "k": ("hyperparameter", 1), "retrieve": ("retrieved", 1)},
        {("question", "retrieve"), ("k", "retrieve"), ("question", "answer"), ("retrieve", "answer")},
        {"answer": peers("answer")},
    ),
    "multi_hop": Figure(
        {**SEARCHED, "query_1": ("answer", 1), "query_2": ("answer", 1)},
        JOINED
        | {("question", "query_1"), ("query_1", "retrieve"), ("question", "query_2"), ("retrieve", "query_2")}
        | {("query_2", "retrieve")},
        {name: peers(name) for name in ("query_1", "query_2", "answer")},
    ),
    "multi_hop_cycle": Figure(
        {**SEARCHED, "query": ("answer", 2)},
        JOINED | {("question", "query"), ("query", "retrieve"), ("retrieve", "query")},
        {name: peers(name) for name in ("query", "answer")},
    ),
    "react": Figure(
        {
            "question": ("input", 1),
            "k": ("hyperparameter", 1),
            "plan": ("answer", 3),
            "execute_action": ("function", 2),
            "history": ("function", 2),
            "finish": ("function", 1),
            "combine": ("function", 1),
        },
        {("question", "plan"), ("plan", "execute_action"), ("k", "execute_action"), ("plan", "history")}
        | {("execute_action", "history"), ("history", "history"), ("history", "plan"), ("plan", "finish")}
        | {("execute_action", "combine"), ("finish", "combine")},
        {"plan": {"plan.task", "plan.tools", "plan.format"}},
        {("plan.task", "combine")},
        "combine",
    ),
}
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


SHOWN = """
[task]
pipeline = "prompt"
metric = "exact_match"
judge = "The answer is the right one."
losses = [{node = "answer", metric = "judge", weight = 0.5}, {node = "answer", metric = "exact_match"}]

[data]
source = "questions.jsonl"

[program]
system = "Answer.\n{{ demos }}"
user = "{{ question }}"
answer = {regex = "Answer: (.*)"}
demos = ["demos"]

[models.task]
model = "openai/task"

[trainer]
demos = {bootstrapped = 1, raw = 0}
"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with served() as found:
        yield found


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path, modules = list(sys.path), set(sys.modules)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("AUTODIFF_CACHE_DIR", str(tmp_path / "answers"))
    lines = [f"{('LOC', 'NUM', 'HUM')[i % 3]}:x Is the thing that is called Zog{i} known ?" for i in range(12)]
    (tmp_path / "trec.label").write_text("\n".join(lines), encoding="latin-1")
    (tmp_path / "own_program.py").write_text(PROGRAM, encoding="utf-8")
    rows = [{"question": f"Who is Zog{i} ?", "answer": f"a{i % 3}", "gold_wanted": f"WHO IS ZOG{i}"} for i in range(12)]
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(tmp_path) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def flags_of(stage: Stage, config: Path, here: Path, *more: str, roles: Sequence[str] = ROLES[:3]) -> list[str]:
    """Flags that play a config's models on data that is there; the provider is told that data."""
    pipeline = tomllib.loads(config.read_text(encoding="utf-8"))["task"]["pipeline"]
    place = PLACE.get(pipeline.removesuffix("_cycle"))
    set_place = [place.format(here=here)] if place else []
    flags = stage.settings("trainer.max_steps=1", *set_place, *more, roles=roles)
    stage.knows(config, flags)
    return flags


def events_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def named(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def check_graph(events: list[dict[str, Any]], figure: Figure) -> None:
    """What a run tells of its graph, all events together, is the figure and the loss on its answer."""
    nodes = {node["name"]: (node["kind"], node["calls"]) for e in named(events, "GraphGrew") for node in e["nodes"]}
    edges = [edge for event in named(events, "GraphGrew") for edge in event["edges"]]
    texts = {text["name"]: ("demos" if text["kind"] == "demos" else "text", 1) for text in texts_of(events)}
    assert nodes == {**figure.steps, **texts, "loss": ("loss", 1)}
    sent = {(text, step) for step, texts in figure.texts.items() for text in texts}
    assert {(e["source"], e["target"]) for e in edges if not e["skip"]} == {
        *figure.edges,
        *sent,
        (figure.answer, "loss"),
    }
    assert {(e["source"], e["target"]) for e in edges if e["skip"]} == figure.skips


def texts_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return named(events, "ProgramDescribed")[0]["texts"]


def blamed(events: list[dict[str, Any]]) -> set[str]:
    return {e["target"] for e in named(events, "FeedbackGiven") if e["on_text"] and e["to_blame"]}


def trained_texts(events: list[dict[str, Any]]) -> set[str]:
    return {text["name"] for text in texts_of(events) if text["kind"] == "prompt"}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_config_trains_a_step_and_its_graph_is_the_papers(
    config: Path, stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = flags_of(stage, config, here)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    end = events[-1]
    assert (end["status"], end["steps"], end["accepted"]) == ("done", 1, 1)
    assert blamed(events) == trained_texts(events)
    (verdict,) = named(events, "ProposalJudged")
    assert (verdict["minibatch"]["after"], verdict["validation"]["after"]) == (1.0, 1.0)
    assert named(events, "CandidateScored")[0]["mean"] == 0
    check_graph(events, FIGURES[named(events, "ProgramDescribed")[0]["pipeline"]])

    prompts = tomllib.loads(Path(end["best"]).read_text(encoding="utf-8"))["prompts"]
    assert {name for name, value in prompts.items() if value.startswith(KNOW)} == trained_texts(events)
    assert run(["eval", str(config), "--prompts", end["best"], "--ui", "json", *flags]) == 0
    (report,) = events_of(capsys)
    assert (report["mean"], report["split"], report["calls"]["made"]) == (1.0, "val", 0)


def test_there_is_a_figure_for_every_program_that_a_config_trains() -> None:
    programs = {tomllib.loads(path.read_text(encoding="utf-8"))["task"]["pipeline"] for path in CONFIGS}
    assert programs == set(FIGURES)


def test_the_corpus_is_a_fact_of_the_run_and_stands_in_best_toml(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[int, str]] = []
    for name, more in (("vanilla_rag", ""), ("vanilla_rag", "data.seed=7"), ("trec", "")):
        config = next(path for path in CONFIGS if path.stem == name)
        flags = flags_of(stage, config, here, *([more] if more else []))
        assert run(["train", str(config), "--ui", "json", *flags]) == 0
        events = events_of(capsys)
        (loaded,) = named(events, "DataLoaded")
        best = tomllib.loads(Path(events[-1]["best"]).read_text(encoding="utf-8"))["data"]
        assert (best["fingerprint"], best.get("passages", 0)) == (loaded["fingerprint"], loaded.get("passages", 0))
        assert best.get("corpus_fingerprint", "") == loaded.get("corpus", "")
        seen.append((loaded.get("passages", 0), loaded.get("corpus", "")))
        assert ("corpus" in loaded) == (name == "vanilla_rag")
    assert seen[0][0] > 20
    assert seen[0][1] != seen[1][1]
    assert seen[2] == (0, "")


def test_the_teacher_is_scored_by_the_same_losses_a_judge_among_them(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = here / "shown.toml"
    config.write_text(SHOWN, encoding="utf-8")
    flags = flags_of(stage, config, here, roles=ROLES)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    taught = [event for event in named(events, "ExampleScored") if event["phase"] == "teacher"]
    assert len(taught) == 3
    for event in taught:
        assert (event["metric"], event["score"]) == ("objective", 1.0)
        assert [(loss["metric"], loss["score"]) for loss in event["losses"]] == [("judge", 1.0), ("exact_match", 1.0)]
        assert [call["node"] for call in event["trace"]] == ["answer", "judge.answer"]
    (made,) = named(events, "ProposalMade")
    assert made["changes"][0]["method"] == "demos"
    assert "the teacher's reply that scored 1, the program scores 0 now" in made["changes"][0]["reasoning"]
    (verdict,) = named(events, "ProposalJudged")
    assert (verdict["fate"], verdict["minibatch"]["n"], len(verdict["minibatch"]["quoted"])) == ("accepted", 2, 1)


@pytest.mark.parametrize("kind", ["react", "multi_hop"])
def test_examples_in_place_of_feedback_show_what_a_program_of_many_steps_answered(
    kind: str, stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = next(path for path in CONFIGS if path.stem == kind)
    flags = flags_of(stage, config, here, "trainer.gradients=data")

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    assert {change["name"] for change in named(events, "ProposalMade")[0]["changes"]} == trained_texts(events)
    assert {body["model"] for body in stage.provider.asked} == {"task", "optimizer"}
    for event in (e for e in named(events, "ExampleScored") if e["phase"] == "forward"):
        shown = f"\nanswered: {event['answer']}\nexpected: {event['expected']}\nscore: {event['score']:g}"
        asked = [sent(body) for body in stage.provider.asked if body["model"] == "optimizer"]
        assert asked
        assert all(shown in prompt for prompt in asked)


def with_lines_taken_in(config: Path, here: Path) -> Path:
    """The config as its own comment says: the lines of the losses without their mark, minibatch_metric out."""
    lines = config.read_text(encoding="utf-8").splitlines()
    first = lines.index("# losses = [")
    last = lines.index("# ]")
    taken = [line.removeprefix("# ") if first <= place <= last else line for place, line in enumerate(lines)]
    changed = here / "two_losses.toml"
    changed.write_text("\n".join(line for line in taken if not line.startswith("minibatch_metric")), encoding="utf-8")
    return changed


def test_with_the_second_loss_of_the_config_recall_reaches_the_query_writer(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = with_lines_taken_in(next(path for path in CONFIGS if path.stem == "multi_hop_cycle"), here)
    flags = flags_of(stage, config, here)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    losses = named(events, "ProgramDescribed")[0]["losses"]
    assert [(loss["node"], loss["metric"], loss["weight"], loss["expected"]) for loss in losses] == [
        ("combine", "recall@4", 0.5, "gold_titles"),
        ("answer", "f1", 1.0, ""),
    ]
    given = named(events, "FeedbackGiven")
    seeds = {(e["source"], e["target"]) for e in given if e["source"].startswith("loss.")}
    assert seeds == {("loss.combine", "combine"), ("loss.answer", "answer")}
    assert blamed(events) == trained_texts(events)
    assert events[-1]["accepted"] == 1
    # of what is to be found only the wording of that loss is told, and nothing that the program is sent
    titles = [each.gold["gold_titles"] for each in stage.provider.examples]
    of_role = {role: [body for body in stage.provider.asked if body["model"] == role] for role in ("task", "backward")}
    assert not any(title in sent(body) for body in of_role["task"] for title in titles)
    wordings = [sent(body) for body in of_role["backward"] if any(title in sent(body) for title in titles)]
    assert len(wordings) == 3  # the three examples of the step
    assert all("What is checked is one step of the system, combine" in wording for wording in wordings)


def sent(body: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])


def test_recall_alone_has_the_query_writer_rewritten(
    stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the answers are right, feedback of the other loss is all that there is."""
    config = with_lines_taken_in(next(path for path in CONFIGS if path.stem == "multi_hop_cycle"), here)
    knows = '"answer.task" = "KNOW the answer."'
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[prompts]\n{knows}\n", encoding="utf-8")
    flags = flags_of(stage, config, here)

    assert run(["train", str(config), "--ui", "json", *flags]) == 0

    events = events_of(capsys)
    assert {e["source"] for e in named(events, "FeedbackGiven") if e["source"].startswith("loss")} == {"loss.combine"}
    assert blamed(events) == {"query.task", "query.format"}
    (made,) = named(events, "ProposalMade")
    assert [change["name"] for change in made["changes"]] == ["query.task", "query.format"]


@pytest.mark.parametrize("kind", ["multi_hop_cycle", "react", "losses and a skip", "branches that look outside"])
def test_a_run_of_every_kind_replays_without_a_call(
    kind: str, stage: Stage, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = next((path for path in CONFIGS if path.stem == kind), here / "own.toml")
    if config.parent == here:
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
