"""A program of the user's own: what may be written, and what is said of the rest."""

import re
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.synthetic import asker

from autodiff_engine.build.program import check_columns, pipeline
from autodiff_engine.candidate import start
from autodiff_engine.config import parse
from autodiff_engine.dataset import load
from autodiff_engine.errors import ConfigError, ModelUnavailable, ProgramError, ProgramUnusable
from autodiff_engine.graph import Kind, Node, topological
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.program import labels, last_number, pipeline_of, regex, whole
from autodiff_engine.trace import Trace

HEAD = """
from autodiff_engine.program import Node, Prompt, Text, Trace, program
ASK = Prompt(system="{{ task }}", user="{{ question }}")
TEXTS = [Text("task", role="says what to do", value="Count.")]
"""
DECLARED = """
@program(texts=TEXTS)
async def answer(trace: Trace, question: str) -> Node:
    return await trace.generate("count", template=ASK, prompts=["task"], question=trace.input("question", question))
"""


@pytest.fixture(autouse=True)
def _clean_imports() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def loaded(folder: Path, body: str = DECLARED, prompts: dict[str, str] | None = None, name: str = "answer") -> Pipeline:
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(HEAD + body, encoding="utf-8")
    told = {
        "task": {"pipeline": f"{folder.name}/mine.py:{name}"},
        "data": {"source": "q.csv"},
        "models": {"task": {"model": "openai/x"}},
        "prompts": prompts or {},
    }
    return pipeline(parse(told), folder.parent)


async def run(program: Pipeline, reply: str = "8", **columns: str) -> tuple[Node, ScriptedModel]:
    model = ScriptedModel(lambda call: reply)
    trace = Trace(start(program.texts), program.texts, asker(model), at="1/forward/a7", draw=0)
    return await program.run(trace, columns), model


async def test_a_declared_program_runs_with_its_texts_and_columns(tmp_path: Path) -> None:
    program = loaded(tmp_path / "own")
    assert (program.name, program.inputs, program.slots) == ("mine.py:answer", ("question",), ("question", "task"))
    assert [(text.name, text.role, text.value) for text in program.texts] == [("task", "says what to do", "Count.")]
    answer, model = await run(program, question="How many?", unused="x")
    assert [message.content for message in model.seen[0].request.messages] == ["Count.", "How many?"]
    assert [(node.name, node.kind) for node in topological([answer])] == [
        ("task", Kind.TEXT),
        ("question", Kind.INPUT),
        ("count", Kind.ANSWER),
    ]


async def test_the_configs_texts_replace_start_values_and_no_others(tmp_path: Path) -> None:
    program = loaded(tmp_path / "own", prompts={"task": "Count again."})
    assert (await run(program, question="?"))[1].seen[0].request.messages[0].content == "Count again."
    with pytest.raises(ConfigError, match=r"\[prompts\]: mine.py:answer has no trained text `tusk`; it has task") as no:
        loaded(tmp_path / "own", prompts={"tusk": "x"})
    assert no.value.hint == "did you mean task?"


async def test_without_a_declaration_the_configs_texts_are_the_trained_ones(tmp_path: Path) -> None:
    body = DECLARED.replace("@program(texts=TEXTS)\n", "")
    program = loaded(tmp_path / "own", body, {"task": "Count."})
    assert [(text.name, text.role) for text in program.texts] == [("task", "the part of the prompt called task")]
    assert (await run(program, question="?"))[0].value == "8"
    with pytest.raises(ConfigError, match=r'task.pipeline = "mine.py:answer": nothing to train') as nothing:
        loaded(tmp_path / "own", body)
    assert "@program(texts=" in nothing.value.hint


async def test_parameters_with_a_default_are_columns_that_may_be_missing(tmp_path: Path) -> None:
    body = """
@program(texts=TEXTS)
async def answer(trace, question, hint="none"):
    return await trace.generate("count", template=ASK, prompts=["task"], question=f"{question} ({hint})")
@program(texts=TEXTS)
async def every(trace, question, **further):
    return await trace.generate("count", template=ASK, prompts=["task"], question=f"{question} {further}")
"""
    program = loaded(tmp_path / "own", body)
    assert program.inputs == ("question",)
    for columns, sent in (({}, "? (none)"), ({"hint": "two", "unused": "x"}, "? (two)")):
        _, model = await run(program, question="?", **columns)
        assert model.seen[0].request.messages[1].content == sent
    _, model = await run(loaded(tmp_path / "own", body, name="every"), question="?", a="1", b="2")
    assert model.seen[0].request.messages[1].content == "? {'a': '1', 'b': '2'}"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("def answer(trace, question): ...", "it is not `async def`"),
        ("class answer: ...", "it is not `async def`"),
        ("@program(texts=TEXTS)\nasync def answer(): ...", "its first parameter must be the trace"),
        ("@program(texts=TEXTS)\nasync def answer(*, trace): ...", "its first parameter must be the trace"),
        ("@program(texts=TEXTS)\nasync def answer(trace, *columns): ...", r"parameter \*columns cannot name a column"),
        ("@program(texts=[])\nasync def answer(trace): ...", "nothing to train"),
        ("@program(texts=TEXTS * 2)\nasync def answer(trace): ...", "two texts are called task"),
        ("@program(texts=[Text('a b', '', '')])\nasync def answer(trace): ...", "'a b' cannot name a text"),
        ("@program(texts=[Text('a/b', '', '')])\nasync def answer(trace): ...", "'a/b' cannot name a text"),
        ("@program(texts=[Text('a.', '', '')])\nasync def answer(trace): ...", "'a.' cannot name a text"),
    ],
)
def test_what_is_no_program_is_said_before_anything_is_spent(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(ConfigError, match=rf'^task.pipeline = "mine.py:answer": {says}'):
        loaded(tmp_path / "own", body)


def test_a_file_and_a_function_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine.py has no function anser; did you mean answer\?"):
        loaded(tmp_path / "own", name="anser")
    told = {"data": {"source": "q.csv"}, "models": {"task": {"model": "openai/x"}}}
    with pytest.raises(ConfigError, match=r"no file .*min\.py; did you mean .*mine\.py\?"):
        pipeline(parse({**told, "task": {"pipeline": "own/min.py:answer"}}), tmp_path)
    with pytest.raises(ConfigError, match="name the function too") as no:
        pipeline(parse({**told, "task": {"pipeline": "own/mine.py"}}), tmp_path)
    assert no.value.hint == 'as in "own/mine.py:answer"'
    with pytest.raises(
        ConfigError, match=r"no such program; there are prompt, object_count, trec, .*react, or file.py:function"
    ):
        pipeline(parse({**told, "task": {"pipeline": "trek"}}), tmp_path)


def test_a_file_that_raises_when_it_is_imported_is_a_mistake_in_the_config(tmp_path: Path) -> None:
    with pytest.raises(
        ProgramUnusable, match=r"task.pipeline: mine.py cannot be imported: TemplateError: user: line 1"
    ):
        loaded(tmp_path / "own", 'BAD = Prompt("{{ open")')
    with pytest.raises(ConfigError, match="KeyError: 'x'") as raised:
        loaded(tmp_path / "own", "def first():\n    return {}['x']\nfirst()")
    assert isinstance(raised.value, ProgramError)
    assert re.search(r'mine.py", line \d+, in first', raised.value.traceback)
    assert "importlib" not in raised.value.traceback


def test_a_marker_for_a_slot_of_a_known_template_is_refused_where_it_stands(tmp_path: Path) -> None:
    body = DECLARED.replace("TEXTS)", "[Text('task', 'r', 'Count {{ question }}.')])")
    with pytest.raises(ConfigError, match=r"^mine.py:answer: the text `task` holds a marker for slot `question`"):
        loaded(tmp_path / "own", body)
    with pytest.raises(ConfigError, match=r"^\[prompts\]: the text `task` holds a marker for slot `question`"):
        loaded(tmp_path / "own", prompts={"task": "Count {question}."})


def test_a_parameter_that_is_no_column_is_named_with_the_columns(tmp_path: Path) -> None:
    program = loaded(tmp_path / "own")
    (tmp_path / "q.csv").write_text("text,answer\n" + "".join(f"t{i},{i}\n" for i in range(9)), encoding="utf-8")
    told = {"task": {"pipeline": "trec"}, "models": {"task": {"model": "openai/x"}}, "data": {"source": "q.csv"}}
    with pytest.raises(ConfigError, match=r"^mine.py:answer: parameter `question` is no column of q.csv$") as no:
        check_columns(program, load(parse(told).data, tmp_path))
    assert "the columns are text" in no.value.hint


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", "returned nothing, not a node"),
        ("return question", "returned an object of type str, not a node"),
        ("return [trace.input('question', question)]", "returned an object of type list, not a node"),
        ("return Node('x', 'answer', '', '')", "returned a node of another run of the program"),
        ("return {}[question]", "KeyError: 'why'"),
    ],
)
async def test_what_a_program_returns_or_raises_is_told_with_its_example_and_line(
    tmp_path: Path, body: str, says: str
) -> None:
    program = loaded(tmp_path / "own", f"@program(texts=TEXTS)\nasync def answer(trace, question):\n    {body}\n")
    with pytest.raises(ProgramError, match=rf"^mine.py:answer on example a7: {says} \(mine.py, line \d+, in answer\)$"):
        await run(program, question="why")


async def test_a_node_that_a_program_keeps_from_another_example_is_refused(tmp_path: Path) -> None:
    body = """
KEPT = []
@program(texts=TEXTS)
async def answer(trace, question):
    KEPT.append(await trace.generate("count", template=ASK, prompts=["task"], question=question))
    return KEPT[0]
"""
    program = loaded(tmp_path / "own", body)
    assert (await run(program, question="1"))[0].value == "8"
    with pytest.raises(ProgramError, match="returned a node of another run of the program"):
        await run(program, question="2")


async def test_a_call_that_fails_in_a_task_group_is_the_calls_failure(tmp_path: Path) -> None:
    body = """
import asyncio
@program(texts=TEXTS)
async def answer(trace, question):
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(trace.generate("count", template=ASK, prompts=["task"], question=question))
    return asked.result()
"""
    program = loaded(tmp_path / "own", body)

    def nobody(call: object) -> str:
        raise ModelUnavailable("nobody")

    trace = Trace(start(program.texts), program.texts, asker(ScriptedModel(nobody)), at="1/forward/a7", draw=0)
    with pytest.raises(ModelUnavailable, match="nobody"):
        await program.run(trace, {"question": "?"})


async def test_a_program_may_be_called_by_another(tmp_path: Path) -> None:
    body = (
        DECLARED
        + """
@program(texts=TEXTS)
async def twice(trace, question):
    return await answer(trace, (await answer(trace, question=question)).value)
"""
    )
    answer, model = await run(loaded(tmp_path / "own", body, name="twice"), reply="9", question="?")
    assert (answer.t, [call.request.messages[1].content for call in model.seen]) == (2, ["?", "9"])


def test_a_partial_is_a_program_too() -> None:
    async def answer(trace: Trace, style: str, question: str) -> Node:
        return trace.input(style, question)

    made = pipeline_of(partial(answer, style="short"), "mine.py:answer", {"task": "x"}, "task.pipeline")
    assert made.inputs == ("question",)


@pytest.mark.parametrize(
    ("parser", "reply", "value"),
    [
        (last_number(), "It is 1,200.", "1200"),
        (labels("yes", "no"), "Well: No.", "no"),
        (regex(r"Answer: (\w+)"), "Answer: one\nAnswer: two", "two"),
        (whole(), " all ", "all"),
        (labels("yes"), "perhaps", None),
    ],
)
def test_parsers_take_the_value_out_of_a_reply(parser: object, reply: str, value: str | None) -> None:
    assert callable(parser)
    assert parser(reply) == value
