"""The programs that search: the graph of each is the paper's, and each sends what it is said to send."""

import re
from collections.abc import Callable

import pytest
from tests.synthetic import asker, outcome, prompt_of, splits, trained

from autodiff_engine.answer import after
from autodiff_engine.backward import Piece, Said, backward
from autodiff_engine.candidate import start
from autodiff_engine.graph import Feedback, Kind, Node
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.loss import loss_nodes
from autodiff_engine.metric import BUILT_IN
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.pipelines.rag import multi_hop, multi_hop_cycle, vanilla_rag
from autodiff_engine.pipelines.react import NOTHING, TEXTS, Action, action_of, react
from autodiff_engine.telling import GraphSeen
from autodiff_engine.trace import Trace

READ = after("Answer:")
WHO = "Where was the author of Mud born?"
BOOKS = {
    WHO: "Mud\nMud is a novel by Ana Rol.",
    "Mud novel": "Mud\nMud is a novel by Ana Rol.",
    "Ana Rol": "Ana Rol\nAna Rol was born in Lund.\n\nMud\nMud is a novel by Ana Rol.",
}


def search(query: str, k: int) -> str:
    return "\n\n".join(BOOKS.get(query, "").split("\n\n")[:k])


def scripted(call: Call) -> str:
    """Ask for the book, then for its author; answer when the town is there."""
    sent, node = prompt_of(call), call.at.split("/")[3]
    if node.startswith("query"):
        return "Ana Rol" if "novel by Ana Rol" in sent else "Mud novel"
    return f"So it is.\nAnswer: {'Lund' if 'born in Lund' in sent else 'unknown'}"


async def run(program: Pipeline, answer: Callable[[Call], str] = scripted) -> tuple[Node, ScriptedModel]:
    model = ScriptedModel(answer)
    trace = Trace(start(program.texts), program.texts, asker(model), at="1/forward/a1", draw=0)
    return await program.run(trace, {"question": WHO}), model


def agent(call: Call) -> str:
    """Play every role for ``react``: look up twice, then finish; each piece of feedback says whose it is."""
    if call.role == "task":
        step = prompt_of(call).partition("This is step ")[2][0]
        return f"Action: {'finish(Lund)' if step == '3' else f'retrieve(query {step})'}"
    if call.role == "backward":
        node, t = call.at.split("/")[3:5]
        keys = re.findall(r'<feedback key="([^"]+)">', call.request.messages[0].content)
        return "\n".join(f'<feedback key="{key}">Said by {node} {t}.</feedback>' for key in keys)
    return "<reasoning>r</reasoning><method>rephrase</method><new_text>Finish.</new_text>"


async def one_step(play: Callable[[Call], str]) -> ScriptedModel:
    """Train ``react`` for a step, with all roles played, and return who was asked."""
    model = ScriptedModel(play)
    program = react(lambda query, k: f"page of {query}", k=2, steps=3)
    settings: dict[str, object] = {"max_steps": 1, "max_proposals": 1, "loss_feedback": "template"}
    await trained(model, splits(4, 2, 0), pipeline=program, **settings)
    return model


def asked_for_the_task(model: ScriptedModel) -> str:
    """The one prompt that asks to rewrite the agent's task."""
    (sent,) = [
        prompt_of(call)
        for call in model.seen
        if call.role == "optimizer" and "which is called plan.task:" in prompt_of(call)
    ]
    return sent


def alike(call: Call) -> str:
    """Play like ``agent``, with the same words in every piece of feedback."""
    return re.sub(r"Said by \w+ \d", "Think first", agent(call))


async def test_in_react_equal_words_along_the_skip_and_in_the_first_plan_are_one_piece_said_twice_in_its_place() -> (
    None
):
    model = await one_step(alike)

    sent = asked_for_the_task(model)
    found = re.findall(r"Example a\d, score 0, call (\d) of plan\n(?:.*\n)*?feedback: (.*)", sent)
    assert found[:3] == [("1", "(said 2 times) Think first."), ("2", "Think first."), ("3", "Think first.")]
    assert len(found) == 12


async def test_in_react_the_last_plan_is_not_sent_the_form_and_gives_no_feedback_on_it() -> None:
    model = await one_step(agent)

    form = next(text.value for text in TEXTS if text.name == "plan.format")
    asked = {t: [c for c in model.seen if c.role == "backward" and c.at.endswith(f"/plan/{t}")] for t in (1, 2, 3)}
    assert {t: len(calls) for t, calls in asked.items()} == {1: 4, 2: 4, 3: 4}
    for t, calls in asked.items():
        for call in calls:
            assert (form in prompt_of(call)) == (t < 3)
            assert ('<feedback key="plan.format">' in call.request.messages[0].content) == (t < 3)


async def test_in_react_what_the_end_says_along_its_skip_stands_after_the_plans_that_came_before_it() -> None:
    model = await one_step(agent)

    sent = asked_for_the_task(model)
    found = re.findall(r"Example (a\d), score 0(?:, call (\d) of plan)?\n(?:.*\n)*?feedback: Said by (\w+) (\d)", sent)
    assert [each for each in found if each[0] == found[0][0]] == [
        (found[0][0], "1", "plan", "1"),
        (found[0][0], "2", "plan", "2"),
        (found[0][0], "3", "plan", "3"),
        (found[0][0], "", "combine", "1"),
    ]
    assert len(found) == 16


def graph(answer: Node) -> tuple[dict[str, tuple[str, int]], set[tuple[str, str]], set[tuple[str, str]]]:
    """Nodes with kind and number of calls, edges and skip connections, as events tell them; texts and loss left out."""
    grown = GraphSeen().grow(*loss_nodes(outcome(0, answer=answer), BUILT_IN["em"]))
    assert grown is not None
    steps = {node.name: (node.kind, node.calls) for node in grown.nodes if node.kind not in ("text", "loss")}
    edges = [edge for edge in grown.edges if edge.target in steps and (edge.skip or edge.source in steps)]
    plain = {(edge.source, edge.target) for edge in edges if not edge.skip}
    return steps, plain, {(edge.source, edge.target) for edge in edges if edge.skip}


def texts_of(answer: Node) -> dict[str, set[str]]:
    """Which trained texts each step is sent."""
    grown = GraphSeen().grow(*loss_nodes(outcome(0, answer=answer), BUILT_IN["em"]))
    assert grown is not None
    texts = {node.name for node in grown.nodes if node.kind == "text"}
    sent: dict[str, set[str]] = {}
    for edge in grown.edges:
        if edge.source in texts and not edge.skip:
            sent.setdefault(edge.target, set()).add(edge.source)
    return sent


def peers(name: str) -> set[str]:
    return {f"{name}.task", f"{name}.format"}


async def test_vanilla_rag_is_a_retriever_and_a_generator() -> None:
    answer, model = await run(vanilla_rag(search, READ, k=3))
    assert graph(answer) == (
        {"question": ("input", 1), "k": ("hyperparameter", 1), "retrieve": ("retrieved", 1), "answer": ("answer", 1)},
        {("question", "retrieve"), ("k", "retrieve"), ("question", "answer"), ("retrieve", "answer")},
        set(),
    )
    assert texts_of(answer) == {"answer": peers("answer")}
    assert (answer.value, len(model.seen)) == ("unknown", 1)
    assert "Passages:\nMud\nMud is a novel by Ana Rol.\n\nQuestion: Where" in prompt_of(model.seen[0])


async def test_multi_hop_is_two_query_generators_a_retriever_and_a_generator() -> None:
    answer, model = await run(multi_hop(search, READ, k=2))
    assert graph(answer) == (
        {
            "question": ("input", 1), "k": ("hyperparameter", 1), "query_1": ("answer", 1), "query_2": ("answer", 1),
            "retrieve": ("retrieved", 2), "combine": ("function", 1), "answer": ("answer", 1),
        },
        {
            ("question", "query_1"), ("query_1", "retrieve"), ("k", "retrieve"), ("question", "query_2"),
            ("retrieve", "query_2"), ("query_2", "retrieve"), ("retrieve", "combine"), ("combine", "answer"),
            ("question", "answer"),
        },
        set(),
    )  # fmt: skip
    assert texts_of(answer) == {name: peers(name) for name in ("query_1", "query_2", "answer")}
    assert (answer.value, len(model.seen)) == ("Lund", 3)


async def test_multi_hop_cycle_calls_one_query_generator_twice() -> None:
    answer, model = await run(multi_hop_cycle(search, READ, k=2))
    assert graph(answer) == (
        {
            "question": ("input", 1), "k": ("hyperparameter", 1), "query": ("answer", 2),
            "retrieve": ("retrieved", 2), "combine": ("function", 1), "answer": ("answer", 1),
        },
        {
            ("question", "query"), ("query", "retrieve"), ("k", "retrieve"), ("retrieve", "query"),
            ("retrieve", "combine"), ("combine", "answer"), ("question", "answer"),
        },
        set(),
    )  # fmt: skip
    assert texts_of(answer) == {name: peers(name) for name in ("query", "answer")}
    assert (answer.value, len(model.seen)) == ("Lund", 3)
    assert "Passages found so far" not in prompt_of(model.seen[0])
    assert "Passages found so far:\nMud\nMud is a novel by Ana Rol." in prompt_of(model.seen[1])
    # what both searches found stands there once
    assert prompt_of(model.seen[2]).count("Mud is a novel") == 1


@pytest.mark.parametrize("make", [multi_hop, multi_hop_cycle])
async def test_where_nothing_was_found_the_next_query_is_told_so_as_the_answer_is(
    make: Callable[..., Pipeline],
) -> None:
    def vague(call: Call) -> str:
        return "" if "query" in call.at else "Answer: Lund"

    _, model = await run(make(search, READ, k=2), vague)
    first, second, last = (call.request.messages[-1].content for call in model.seen)
    assert first.startswith(f"Question: {WHO}\n\n")
    assert second == f"No passage was found.\n\n{first}"
    assert last.startswith(f"No passage was found.\n\nQuestion: {WHO}\n\n")


def plans(*replies: str) -> Callable[[Call], str]:
    return lambda call: replies[int(call.at.rpartition("/")[2]) - 1]


async def test_react_is_figure_3_with_a_skip_connection_from_combine_to_the_task() -> None:
    acted = plans("Thought: who?\nAction: retrieve(Mud novel)", "Action: retrieve('Ana Rol')", "Action: finish(Lund)")
    answer, model = await run(react(search, k=2, steps=3), acted)
    assert graph(answer) == (
        {
            "question": ("input", 1), "k": ("hyperparameter", 1), "plan": ("answer", 3),
            "execute_action": ("function", 2), "history": ("function", 2), "finish": ("function", 1),
            "combine": ("function", 1),
        },
        {
            ("question", "plan"), ("plan", "execute_action"), ("k", "execute_action"), ("plan", "history"),
            ("execute_action", "history"), ("history", "history"), ("history", "plan"), ("plan", "finish"),
            ("execute_action", "combine"), ("finish", "combine"),
        },
        {("plan.task", "combine")},
    )  # fmt: skip
    assert texts_of(answer) == {"plan": {"plan.task", "plan.tools", "plan.format"}}
    assert (answer.value, len(model.seen)) == ("Lund", 3)
    form = next(text.value for text in TEXTS if text.name == "plan.format")
    assert prompt_of(model.seen[1]).endswith(f"\n\nThis is step 2 of 3.\n\n{form}")
    assert prompt_of(model.seen[2]).endswith(
        "What you did so far:\nAction: retrieve(Mud novel)\nObservation: Mud\nMud is a novel by Ana Rol.\n"
        "Action: retrieve(Ana Rol)\nObservation: Ana Rol\nAna Rol was born in Lund.\n\nMud\nMud is a novel by Ana Rol."
        "\n\nThis is step 3 of 3, the last one. Reply with one line, which begins with 'Action: finish(' and holds the "
        "answer in as few words as possible."
    )


@pytest.mark.parametrize(
    ("reply", "observed"),
    [
        ("I do not know.", "error: no action could be read"),
        ("Action: look(Mud)", "error: there is no tool look"),
        ("Action: retrieve()", "error: retrieve needs a search query"),
        ("Action: retrieve(nobody)", NOTHING),
    ],
)
async def test_a_tool_that_cannot_be_used_is_an_observation_and_no_crash(reply: str, observed: str) -> None:
    answer, model = await run(react(search, k=2, steps=2), plans(reply, "Action: finish(Lund)"))
    assert f"Observation: {observed}" in prompt_of(model.seen[1])
    assert answer.value == "Lund"


async def test_a_search_that_fails_is_an_observation_and_no_crash() -> None:
    def broken(query: str, most: int) -> str:
        raise RuntimeError("the index is\ngone")

    answer, model = await run(react(broken, k=2, steps=2), plans("Action: retrieve(Mud)", "Action: finish(Lund)"))
    assert "Observation: error: the search failed: RuntimeError: the index is gone" in prompt_of(model.seen[1])
    assert answer.value == "Lund"


@pytest.mark.parametrize(
    ("plan", "action"),
    [
        ("Action: finish(Paris) (the capital of France)", Action("finish", "Paris")),
        ("Action: retrieve(Mud novel) or finish(Mud)", Action("retrieve", "Mud novel")),
        ("Action: finish(Lund (Sweden))", Action("finish", "Lund (Sweden)")),
        ("Action: retrieve(Mud\nnovel)", Action("retrieve", "Mud novel")),
        ("Action: retrieve(Mud novel\nThought: on", Action("retrieve", "Mud novel")),
        ("Action: retrieve(a)\nAction: `finish('b')`", Action("finish", "b")),
        ("finish(Lund)", Action("", "")),
    ],
)
def test_an_action_ends_where_its_bracket_is_closed(plan: str, action: Action) -> None:
    assert action_of(plan) == action


async def test_an_agent_that_never_finishes_stops_after_its_steps_and_answers_nothing() -> None:
    answer, model = await run(react(search, k=2, steps=3), lambda call: "Action: retrieve(Ana Rol)")
    assert (answer.value, len(model.seen)) == ("", 3)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("Action: finish(Lund)", ("finish", "Lund")),
        ("action : **Finish**", ("", "")),
        ("Action: `finish(Lund (Sweden))`", ("finish", "Lund (Sweden)")),
        ('Action: retrieve(a)\nThought: no\nAction: retrieve("b c")', ("retrieve", "b c")),
    ],
)
def test_the_last_action_of_a_reply_counts(reply: str, action: tuple[str, str]) -> None:
    found = action_of(reply)
    assert (found.tool, found.argument) == action


class Blaming:
    """Blames every target, and counts who is asked about whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, list[str]]] = []

    async def blame(self, node: Node, feedback: list[Feedback], targets: list[Node], *, calls: int) -> dict[Node, Said]:
        self.asked.append((node.name, node.t, [target.name for target in targets]))
        return {target: Said(f"{node.name} {node.t} on {target.name}", True, "llm") for target in targets}


async def test_feedback_passes_a_retriever_and_is_divided_where_passages_are_combined() -> None:
    answer, _ = await run(multi_hop_cycle(search, READ, k=2))
    critic = Blaming()
    pieces = await backward([Piece(answer, Feedback("a1", 1, "loss", "wrong", "template"))], critic)  # type: ignore[arg-type]
    assert critic.asked == [
        ("answer", 1, ["answer.task", "answer.format", "combine"]),
        ("combine", 1, ["retrieve", "retrieve"]),
        ("query", 2, ["query.task", "query.format", "retrieve"]),
        ("query", 1, ["query.task", "query.format"]),
    ]
    assert {(each.target.name, each.feedback.t) for each in on_texts(pieces)} == {
        ("answer.task", 1), ("answer.format", 1), ("query.task", 1), ("query.format", 1), ("query.task", 2),
        ("query.format", 2),
    }  # fmt: skip


async def test_the_skip_connection_gives_the_agents_task_feedback_of_its_own() -> None:
    acted = plans("Action: retrieve(Mud novel)", "Action: finish(Mud)")
    answer, _ = await run(react(search, k=2, steps=3), acted)
    critic = Blaming()
    pieces = await backward([Piece(answer, Feedback("a1", 1, "loss", "wrong", "template"))], critic)  # type: ignore[arg-type]
    assert critic.asked[0] == ("combine", 1, ["execute_action", "finish", "plan.task"])
    assert ("combine", "plan.task") in {(each.feedback.source, each.target.name) for each in on_texts(pieces)}


def on_texts(pieces: tuple[Piece, ...]) -> list[Piece]:
    return [each for each in pieces if each.target.kind is Kind.TEXT]
