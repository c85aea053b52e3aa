import asyncio

import pytest
from tests.synthetic import TEXTS, asker, instructions, prompt_of

from autodiff_engine.backward import Piece, backward
from autodiff_engine.candidate import TrainedText, start
from autodiff_engine.critic import LLMCritic
from autodiff_engine.errors import GraphError, ModelUnavailable, TemplateError
from autodiff_engine.graph import Feedback, Kind, topological
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.template import Template
from autodiff_engine.trace import Prompt, Trace

PROMPT = Prompt(Template("Q: {{ question }}"), Template("{{ task }} {{ format }}"))
BOTH = ("task", "format")


def trace(model: ScriptedModel, at: str = "1/forward/a1") -> Trace:
    return Trace(start(TEXTS), TEXTS, asker(model), at=at, draw=3)


def echo(call: Call) -> str:
    return f"re: {call.request.messages[-1].content}"


async def test_a_call_sends_the_filled_templates_and_records_what_came_back() -> None:
    model = ScriptedModel(lambda call: "The answer is yes.")
    t = trace(model)
    node = await t.generate(
        "answer", template=PROMPT, prompts=BOTH, parse=lambda reply: reply[-4:-1], question=t.input("question", "Why?")
    )
    (call,) = model.seen
    assert [(m.role, m.content) for m in call.request.messages] == [
        ("system", "LEVEL 2 One word."),
        ("user", "Q: Why?"),
    ]
    assert (call.at, call.request.draw, call.role) == ("1/forward/a1/answer/1", 3, "task")
    assert (node.name, node.kind, node.value, node.t) == ("answer", Kind.ANSWER, "yes", 1)
    assert [parent.name for parent in node.parents] == ["task", "format", "question"]
    assert node.exchange is not None
    assert (node.exchange.reply, node.exchange.parsed) == ("The answer is yes.", "yes")
    assert node.exchange.key == call.request.key
    assert t.keys == [call.request.key]


async def test_a_reply_that_cannot_be_parsed_is_the_value_itself_and_says_so() -> None:
    t = trace(ScriptedModel(lambda call: "chat"))
    node = await t.generate("answer", template=PROMPT, prompts=BOTH, parse=lambda reply: None, question="Why?")
    assert node.value == "chat"
    assert node.exchange is not None
    assert node.exchange.parsed is None


async def test_an_empty_system_prompt_is_not_sent() -> None:
    model = ScriptedModel(echo)
    t = trace(model)
    await t.generate("answer", template=Prompt(Template("{{ task }}")), prompts=["task"])
    await t.generate("other", template=Prompt(Template("{{ task }}"), Template("")), prompts=["task"])
    assert [len(call.request.messages) for call in model.seen] == [1, 1]


async def test_calls_of_one_name_are_numbered_when_they_start() -> None:
    model = ScriptedModel(echo)
    t = trace(model)
    question = t.input("question", "Why?")
    first = await t.generate("query", template=PROMPT, prompts=BOTH, question=question)
    second = await t.generate("query", template=PROMPT, prompts=BOTH, question=first)
    assert [call.at for call in model.seen] == ["1/forward/a1/query/1", "1/forward/a1/query/2"]
    assert (first.t, second.t) == (1, 2)
    assert second.parents[-1] is first
    assert second.parents[0] is first.parents[0]


async def test_branches_that_run_at_once_have_their_own_numbers() -> None:
    delays = {"a": 0.003, "b": 0.0}
    t = trace(ScriptedModel(echo, delay_s=lambda call: delays[call.request.messages[-1].content[-1]]))
    a, b = await asyncio.gather(
        *(t.generate(name, template=PROMPT, prompts=BOTH, question=name) for name in ("a", "b"))
    )
    assert (a.t, b.t, a.value, b.value) == (1, 1, "re: Q: a", "re: Q: b")


async def test_two_open_calls_of_one_name_are_refused() -> None:
    t = trace(ScriptedModel(echo, delay_s=lambda call: 0.001))
    with pytest.raises(GraphError, match=r"^query: called again while a call of it is open"):
        await asyncio.gather(*(t.generate("query", template=PROMPT, prompts=BOTH, question=str(i)) for i in range(2)))


async def test_a_failed_call_is_no_longer_open() -> None:
    answers = iter([ModelUnavailable("nobody"), None])

    def answer(call: Call) -> str:
        if error := next(answers):
            raise error
        return "8"

    t = trace(ScriptedModel(answer))
    with pytest.raises(ModelUnavailable):
        await t.generate("query", template=PROMPT, prompts=BOTH, question="a")
    assert (await t.generate("query", template=PROMPT, prompts=BOTH, question="a")).t == 2


async def test_two_traces_through_one_program_never_meet() -> None:
    model = ScriptedModel(echo, delay_s=lambda call: 0.002 if "/a1/" in call.at else 0.0)
    traces = [trace(model, f"1/forward/{name}") for name in ("a1", "a2")]
    nodes = await asyncio.gather(
        *(t.generate("answer", template=PROMPT, prompts=BOTH, question=str(i)) for i, t in enumerate(traces))
    )
    assert [node.value for node in nodes] == ["re: Q: 0", "re: Q: 1"]
    assert [node.t for node in nodes] == [1, 1]
    assert not set(topological([nodes[0]])) & set(topological([nodes[1]]))


async def test_lists_of_nodes_fill_a_slot_and_are_parents_in_order() -> None:
    model = ScriptedModel(echo)
    t = trace(model)
    found = [t.input("found", text) for text in ("x", "y")]
    template = Prompt(Template("{% for each in found %}[{{ each }}]{% endfor %}{{ task }}"))
    node = await t.generate("answer", template=template, prompts=["task"], found=found)
    assert model.seen[0].request.messages[0].content == "[x][y]LEVEL 2"
    assert list(node.parents[1:]) == found


@pytest.mark.parametrize("column", ["name", "role", "parse", "template", "prompts", "given", "skip", "self"])
async def test_a_column_of_the_data_may_be_called_like_a_parameter(column: str) -> None:
    model = ScriptedModel(echo)
    t = trace(model)
    template = Prompt(Template("{{ task }} " + ("" if column == "self" else f"{{{{ {column} }}}}")))
    node = await t.generate("answer", template=template, prompts=["task"], given={column: t.input(column, "v")})
    assert node.parents[-1].name == column


async def test_a_dotted_text_fills_the_slot_of_its_last_part() -> None:
    model = ScriptedModel(echo)
    texts = tuple(type(text)(f"answer.{text.name}", text.role, text.value) for text in TEXTS)
    t = Trace(start(texts), texts, asker(model), at="1/forward/a1", draw=0)
    await t.generate("answer", template=PROMPT, prompts=["answer.task", "answer.format"], question="Why?")
    assert model.seen[0].request.messages[0].content == "LEVEL 2 One word."


async def test_unknown_texts_taken_names_and_unfilled_slots_are_named_before_anything_is_sent() -> None:
    model = ScriptedModel(echo)
    t = trace(model)
    with pytest.raises(GraphError, match="answer: no trained text called tusk; there are task, format"):
        await t.generate("answer", template=PROMPT, prompts=["tusk"], question="Why?")
    with pytest.raises(GraphError, match="task: a trained text has this name already"):
        await t.generate("task", template=PROMPT, prompts=BOTH, question="Why?")
    with pytest.raises(TemplateError, match="'question' is undefined"):
        await t.generate("answer", template=PROMPT, prompts=BOTH)
    assert model.seen == []


async def test_functions_plain_and_async_record_their_inputs_and_skips() -> None:
    t = trace(ScriptedModel(echo))
    a, b, c = (t.input(name, name) for name in "abc")

    async def later(x: str) -> str:
        await asyncio.sleep(0)
        return x * 2

    joined = await t.apply("join", lambda x, y: x + y, a, b, skip=[c])
    doubled = await t.apply("join", later, joined, kind=Kind.RETRIEVED)
    assert (joined.value, joined.t, joined.parents, joined.skips) == ("ab", 1, (a, b), (c,))
    assert (doubled.value, doubled.t, doubled.kind) == ("abab", 2, Kind.RETRIEVED)


async def test_a_skip_is_no_input_of_the_call_and_may_name_a_trained_text() -> None:
    model = ScriptedModel(echo)
    t = trace(model)
    far = t.input("far", "never sent")
    node = await t.generate(
        "answer", template=PROMPT, prompts=["format"], task="x", question="Why?", skip=[far, "task"]
    )
    assert [each.name for each in node.skips] == ["far", "task"]
    assert [each.name for each in node.predecessors] == ["format", "far", "task"]
    assert "never sent" not in "".join(message.content for message in model.seen[0].request.messages)
    joined = await t.apply("join", lambda value: value, node, skip=["task"])
    assert joined.skips == node.skips[1:]
    with pytest.raises(GraphError, match="join: no trained text called tusk; there are task, format"):
        await t.apply("join", lambda value: value, node, skip=["tusk"])


async def test_the_steps_are_kept_also_where_they_do_not_lead_to_the_answer() -> None:
    t = trace(ScriptedModel(echo))
    asked = t.input("question", "Why?")
    aside = await t.apply("log", lambda value: value, asked)
    answer = await t.generate("answer", template=PROMPT, prompts=BOTH, question=asked)
    assert t.nodes == [aside, answer]


async def test_a_call_that_takes_demos_also_records_its_user_half_without_them() -> None:
    texts = (*TEXTS, TrainedText("shots", "shows examples", "Q\nA", "demos"))
    model = ScriptedModel(lambda call: "yes")
    t = Trace(start(texts), texts, asker(model), at="1/forward/a1", draw=0)
    half = Template("{% if shots %}Like these:\n{{ shots }}\n\n{% endif %}{{ task }} {{ question }}")
    node = await t.generate("answer", template=Prompt(half), prompts=("task", "shots"), question="Why?")
    assert model.seen[0].request.messages[0].content == "Like these:\nQ\nA\n\nLEVEL 2 Why?"
    assert node.exchange is not None
    assert node.exchange.bare == "LEVEL 2 Why?"
    assert [(each.name, each.kind) for each in node.parents] == [("task", Kind.TEXT), ("shots", Kind.DEMOS)]
    plain = await t.generate("other", template=PROMPT, prompts=BOTH, question="Why?")
    assert plain.exchange is not None
    assert plain.exchange.bare is None


async def test_a_loop_of_5000_steps_is_recorded_and_feedback_passes_through_it() -> None:
    t = trace(ScriptedModel(echo))
    node = await t.generate("query", template=PROMPT, prompts=BOTH, question="Why?")
    for _ in range(5_000):
        node = await t.apply("turn", lambda text: text[::-1], node)
    assert node.t == 5_000
    model = ScriptedModel(lambda call: "\n".join(f'<feedback key="{key}">Say more.</feedback>' for key in BOTH))
    critic = LLMCritic(asker(model, "backward"), instructions(), 0, 1, "a1", None)
    pieces = await backward([Piece(node, Feedback("a1", node.t, "loss", "It is wrong.", "loss"))], critic)
    assert len(model.seen) == 1
    assert "- It is wrong." in prompt_of(model.seen[0])
    assert [piece.target.name for piece in pieces[-2:]] == ["task", "format"]
