"""What a step may be given, and what is said when it is not."""

import sys
from collections.abc import Callable

import pytest
from tests.synthetic import TEXTS, asker

from autodiff_engine.candidate import TrainedText, start
from autodiff_engine.errors import EngineError, GraphError, ModelRefused, ProgramError, TemplateError
from autodiff_engine.graph import Kind, Node
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.prompt import Prompt
from autodiff_engine.trace import Trace

ASK = Prompt("{{ task }} {{ question }}")


def traced(reply: str = "8", **texts: str) -> tuple[Trace, ScriptedModel]:
    model = ScriptedModel(lambda call: reply)
    return Trace(start(TEXTS).with_texts(texts), TEXTS, asker(model), at="1/forward/a7", draw=0), model


async def test_a_hyperparameter_is_text_and_no_call() -> None:
    trace, model = traced()
    k = trace.hyperparameter("k", 2, role="how many passages")
    made = await trace.apply("cut", lambda words, k: " ".join(words.split()[: int(k)]), trace.input("x", "a b c"), k)
    assert (k.kind, k.value, k.role) == (Kind.HYPERPARAMETER, "2", "how many passages")
    assert (made.value, made.parents[1]) == ("a b", k)
    assert model.seen == []


async def test_a_function_may_retrieve() -> None:
    trace, _ = traced()
    assert (await trace.apply("find", lambda: "x", kind="retrieved")).kind is Kind.RETRIEVED
    with pytest.raises(
        GraphError, match='find: kind = "answer": the result of a function is "function" or "retrieved"'
    ):
        await trace.apply("find", lambda: "x", kind=Kind.ANSWER)


@pytest.mark.parametrize("name", ["", " ", "loss", "a/b", 'say "x"', "<b>", "query#2", "two\nlines"])
async def test_names_that_would_break_ids_and_keys_are_refused(name: str) -> None:
    trace, _ = traced()
    with pytest.raises(GraphError, match="cannot name a step"):
        await trace.apply(name, lambda: "x")


async def test_what_is_no_node_is_named_with_its_step_and_place() -> None:
    trace, model = traced()
    wrong: Callable[..., object] = lambda: 3  # noqa: E731 - something that no slot takes
    with pytest.raises(GraphError, match="answer: slot question is of type int; a step takes nodes"):
        await trace.generate("answer", template=ASK, prompts=["task"], question=3)  # type: ignore[arg-type]
    with pytest.raises(GraphError, match="answer: slot question is of type str; a step takes nodes"):
        await trace.generate("answer", template=ASK, prompts=["task"], question=["a"])  # type: ignore[list-item]
    with pytest.raises(GraphError, match="join: input 2 is of type function"):
        await trace.apply("join", lambda a, b: a, trace.input("a", "a"), wrong)  # type: ignore[arg-type]
    for value, kind in ((3, "int"), (trace.input("x", "x"), "Node")):
        with pytest.raises(GraphError, match=f"k: its value is of type {kind}, not text"):
            trace.input("k", value)  # type: ignore[arg-type]
    assert model.seen == []


async def test_a_node_of_another_example_is_refused() -> None:
    one, _ = traced()
    other, _ = traced()
    kept = await one.generate("query", template=ASK, prompts=["task"], question="x")
    with pytest.raises(GraphError, match="answer: slot question is a node of another run of the program"):
        await other.generate("answer", template=ASK, prompts=["task"], question=[kept])
    with pytest.raises(GraphError, match="join: input 1 is a node of another run"):
        await other.apply("join", lambda a: a, kept)
    with pytest.raises(GraphError, match="join: skip 1 is a node of another run"):
        await other.apply("join", lambda a: a, other.input("a", "a"), skip=[kept])


@pytest.mark.parametrize(
    ("prompt", "given", "says"),
    [
        (Prompt("{{ question }}"), {}, r"answer: no slot \{\{ task \}\} in its templates for the trained text task"),
        (ASK, {"task": "x"}, r"answer: the slot \{\{ task \}\} is filled twice, once by the text task"),
        (ASK, {}, "answer: user: 'question' is undefined; filled are task"),
    ],
    ids=["no slot", "twice", "not filled"],
)
async def test_slots_that_do_not_fit_are_named_with_their_step(
    prompt: Prompt, given: dict[str, str], says: str
) -> None:
    trace, model = traced()
    with pytest.raises(TemplateError, match=says):
        await trace.generate("answer", template=prompt, prompts=["task"], **given)
    assert model.seen == []


async def test_two_texts_of_one_call_that_fill_one_slot_are_refused() -> None:
    texts = (TrainedText("query.task", "r", "Ask."), TrainedText("answer.task", "r", "Say."))
    trace = Trace(start(texts), texts, asker(ScriptedModel(lambda call: "")), at="1/forward/a7", draw=0)
    with pytest.raises(TemplateError, match=r"filled twice, once by the text answer\.task"):
        await trace.generate("x", template=ASK, prompts=["query.task", "answer.task"], question="")


@pytest.mark.parametrize(("text", "error"), [("LEVEL 2", TemplateError), ("LEVEL 3", ModelRefused)])
async def test_a_marker_is_the_authors_mistake_in_a_start_text_and_the_candidates_in_a_rewrite(
    text: str, error: type[EngineError]
) -> None:
    texts = (TrainedText("task", "r", "LEVEL 2 {{ question }}"),)
    candidate = start(texts).with_texts({"task": f"{text} {{{{ question }}}}"})
    model = ScriptedModel(lambda call: "8")
    trace = Trace(candidate, texts, asker(model), at="1/forward/a7", draw=0)
    with pytest.raises(error, match="answer: the text task holds a marker for the slot question") as raised:
        await trace.generate("answer", template=ASK, prompts=["task"], question="x")
    assert raised.type is error
    assert model.seen == []


async def test_a_result_that_is_no_text_is_named_with_step_example_and_function() -> None:
    trace, _ = traced()

    def count() -> int:
        return 3

    with pytest.raises(
        ProgramError,
        match=r"^step count on example a7: its function returned int, not text \(test_step.py, line \d+, in count\)$",
    ):
        await trace.apply("count", count)  # type: ignore[arg-type]

    async def nothing() -> None: ...

    with pytest.raises(ProgramError, match=r"its function returned NoneType, not text \(.*in nothing\)$"):
        await trace.apply("count", nothing)  # type: ignore[arg-type]
    with pytest.raises(ProgramError, match=r"its function returned int, not text$"):
        await trace.apply("count", len, trace.input("x", "abc"))  # type: ignore[arg-type]


async def test_what_a_function_raises_is_named_with_step_example_file_and_line_and_is_the_cause() -> None:
    trace, _ = traced()

    def look_up(word: str) -> str:
        return {}[word]

    with pytest.raises(
        ProgramError,
        match=r"^step find on example a7: KeyError: 'x' \(test_step.py, line \d+, in look_up\)$",
    ) as raised:
        await trace.apply("find", look_up, trace.input("x", "x"))
    assert isinstance(raised.value.__cause__, KeyError)
    assert "in look_up" in raised.value.traceback
    assert "autodiff_engine" not in raised.value.traceback


async def test_what_a_parser_raises_or_returns_is_told_as_the_steps() -> None:
    trace, _ = traced("eight")
    with pytest.raises(ProgramError, match=r"^the parser of step answer on example a7: ValueError: invalid literal"):
        await trace.generate(
            "answer", template=ASK, prompts=["task"], question="x", parse=lambda reply: str(int(reply))
        )
    with pytest.raises(ProgramError, match=r"^the parser of step answer on example a7 returned int, not text or None"):
        await trace.generate("answer", template=ASK, prompts=["task"], question="x", parse=len)  # type: ignore[arg-type]


async def test_an_error_of_ours_in_a_function_stays_what_it_is() -> None:
    trace, _ = traced()

    async def refusing() -> str:
        raise ModelRefused("too long")

    with pytest.raises(ModelRefused, match=r"^too long$"):
        await trace.apply("find", refusing)


async def test_a_step_that_failed_is_no_longer_open() -> None:
    trace, _ = traced()
    with pytest.raises(ProgramError):
        await trace.apply("find", lambda: {}["x"])  # type: ignore[index]
    node = await trace.apply("find", lambda: "y")
    assert isinstance(node, Node)
    assert node.t == 2


async def test_a_function_that_ends_the_process_ends_the_program_alone() -> None:
    trace, _ = traced()
    with pytest.raises(ProgramError, match=r"^step find on example a7: SystemExit: bye"):
        await trace.apply("find", lambda: sys.exit("bye"))
