"""What one whole step of each of the paper's programs asks: by node and call, and which keys its feedback has to have.

A call of an LLM is asked about once, with all of its peers and what it was given together (eq. 5, 10); a step that is
no LLM once where several of its predecessors can carry feedback, and else it passes on what it hears (eq. 7).
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.synthetic import of_role, prompt_of, trained

from autodiff_engine.build.program import pipeline
from autodiff_engine.config import parse
from autodiff_engine.dataset import Example, Splits
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.pipeline import Pipeline

KEYS = re.compile(r'<feedback key="([^"]+)">')
CALL = re.compile(r"This is call (\d) of (\d) of (\w+) on this example")
CORPUS = '{"title": "Mud", "text": "Mud is a novel by Ana Rol."}\n{"title": "Ana Rol", "text": "She was born in Lund."}'

Asked = dict[tuple[str, int], list[str]]
"""By node and call: the keys that a reply about it has to have, in their order; the wording of a loss has none."""


def peers(node: str) -> list[str]:
    return [f"{node}.task", f"{node}.format"]


PLAN = ["plan.task", "plan.tools", "plan.format"]
FORWARD = {
    "object_count": {"answer": 1},
    "trec": {"answer": 1},
    "vanilla_rag": {"answer": 1},
    "multi_hop": {"query_1": 1, "query_2": 1, "answer": 1},
    "multi_hop_cycle": {"query": 2, "answer": 1},
    "react": {"plan": 3},
}
"""How often each LLM is called on an example."""
LOSS: Asked = {("loss", 1): []}
BACKWARD: dict[str, Asked] = {
    "object_count": LOSS | {("answer", 1): ["task", "format"]},  # demos get no feedback
    "trec": LOSS | {("answer", 1): ["task", "format"]},
    "vanilla_rag": LOSS | {("answer", 1): peers("answer")},  # no text leads to its passages
    "multi_hop": LOSS
    | {
        ("answer", 1): [*peers("answer"), "combine"],
        ("combine", 1): ["retrieve#1", "retrieve#2"],  # either search passes on to its query alone
        ("query_2", 1): [*peers("query_2"), "retrieve"],
        ("query_1", 1): peers("query_1"),
    },
    "multi_hop_cycle": LOSS
    | {
        ("answer", 1): [*peers("answer"), "combine"],
        ("combine", 1): ["retrieve#1", "retrieve#2"],
        ("query", 2): [*peers("query"), "retrieve"],
        ("query", 1): peers("query"),
    },
    "react": LOSS
    | {
        ("combine", 1): ["execute_action#1", "execute_action#2", "finish", "plan.task"],  # the last along its skip
        ("plan", 3): ["plan.task", "plan.tools", "history"],  # it is not sent its form: finish is all that is left
        ("history", 2): ["history", "plan", "execute_action"],
        ("plan", 2): [*PLAN, "history"],
        ("history", 1): ["plan", "execute_action"],
        ("plan", 1): PLAN,
    },
}


def program(name: str, folder: Path) -> Pipeline:
    """Return the built-in program that a config names, over a corpus of two passages."""
    (folder / "corpus.jsonl").write_text(CORPUS, encoding="utf-8")
    return pipeline(
        parse(
            {
                "task": {"pipeline": name},
                "data": {"source": "generated:object_count"},
                "retrieval": {"corpus": "corpus.jsonl"},
                "models": {"task": {"model": "openai/worker"}},
            }
        ),
        folder,
    )


def played(right: str, wrong: str) -> Callable[[Call], str]:
    """Return who plays every role: answers the example ``known`` right; each piece of feedback is one of its own."""

    def play(call: Call) -> str:
        example, node, t = call.at.split("/")[-3:]
        if call.role == "backward":
            keys = KEYS.findall(call.request.messages[0].content)
            return "\n".join(f'<feedback key="{key}">{node} {t} on {key}.</feedback>' for key in keys) or "It is wrong."
        if call.role == "optimizer":
            return "<reasoning>r</reasoning><method>rephrase</method><new_text>Do more.</new_text>"
        if node.startswith("query"):
            return "Ana Rol" if t == "2" or node == "query_2" else "Mud"
        said = right if example == "known" else wrong
        if node == "plan":
            return f"Action: {f'finish({said})' if t == '3' else 'retrieve(Mud)'}"
        return f"Answer: {said}"

    return play


@pytest.mark.parametrize("name", BACKWARD)
async def test_a_step_asks_once_about_each_call_of_a_failure_and_never_about_a_success(
    name: str, tmp_path: Path
) -> None:
    right, wrong = {"object_count": ("8", "7"), "trec": ("NUM", "LOC")}.get(name, ("Lund", "Oslo"))
    model = ScriptedModel(played(right, wrong))
    known, failed, held = (Example(id_, {"question": f"Mud {id_}?"}, right, 1) for id_ in ("known", "failed", "held"))
    made = program(name, tmp_path)
    data = Splits((known, failed), (held,), (), dropped=0, fingerprint="", source="made up")

    await trained(model, data, pipeline=made, max_steps=1, max_proposals=1)

    for example in (known, failed):
        forward = [call.at.split("/") for call in of_role(model, "task") if f"1/forward/{example.id}/" in call.at]
        assert Counter(node for *_, node, _ in forward) == FORWARD[name]
    assert {call.at.split("/")[2] for call in of_role(model, "backward")} == {failed.id}
    asked = {(node, int(t)): call for call in of_role(model, "backward") for node, t in [call.at.split("/")[3:]]}
    assert len(asked) == len(of_role(model, "backward"))
    assert {at: KEYS.findall(prompt_of(call)) for at, call in asked.items()} == BACKWARD[name]
    calls = Counter(node for node, _ in asked)
    for (node, t), call in asked.items():
        said = [(str(t), str(calls[node]), node)] if calls[node] > 1 else []
        assert CALL.findall(prompt_of(call)) == said
    optimized = Counter(call.at.split("/")[3] for call in of_role(model, "optimizer"))
    assert optimized == Counter(text.name for text in made.texts if text.kind == "prompt")


async def test_what_two_searches_and_the_second_query_say_comes_to_the_queries_that_asked(tmp_path: Path) -> None:
    model = ScriptedModel(played("Lund", "Oslo"))
    examples = [Example(id_, {"question": f"Mud {id_}?"}, "Lund", 1) for id_ in ("failed", "held")]
    data = Splits((examples[0],), (examples[1],), (), dropped=0, fingerprint="", source="made up")
    await trained(model, data, pipeline=program("multi_hop_cycle", tmp_path), max_steps=1, max_proposals=1)

    heard = {call.at.split("/", 3)[3]: prompt_of(call) for call in of_role(model, "backward")}
    wrong = re.compile(r"WHAT IS WRONG WITH ITS OUTPUT\n((?:- .*\n)+)")
    assert {at: "".join(wrong.findall(sent)).splitlines() for at, sent in heard.items() if "loss" not in at} == {
        "answer/1": ["- It is wrong."],
        "combine/1": ["- answer 1 on combine."],
        "query/2": ["- combine 1 on retrieve#2."],
        "query/1": ["- combine 1 on retrieve#1.", "- query 2 on retrieve."],
    }
