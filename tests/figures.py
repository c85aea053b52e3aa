"""The graphs of the built-in programs, as the paper draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .played import named, texts_of


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
