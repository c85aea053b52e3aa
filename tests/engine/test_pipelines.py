import pytest
from tests.synthetic import asker, outcome

from autodiff_engine.answer import reader
from autodiff_engine.candidate import TrainedText, start
from autodiff_engine.errors import ConfigError, TemplateError
from autodiff_engine.graph import Kind, Node
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.loss import loss_nodes
from autodiff_engine.metric import BUILT_IN
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.pipelines.object_count import object_count
from autodiff_engine.pipelines.prompt import one_call
from autodiff_engine.pipelines.trec import LABELS, trec
from autodiff_engine.telling import GraphSeen
from autodiff_engine.trace import Trace

TASK = TrainedText("task", "role", "Answer.")


async def run(program: Pipeline, reply: str, **inputs: str) -> tuple[Node, ScriptedModel]:
    model = ScriptedModel(lambda call: reply)
    trace = Trace(start(program.texts), program.texts, asker(model), at="1/forward/a1", draw=0)
    return await program.run(trace, inputs), model


def graph(answer: Node) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Nodes with their kinds, and edges, as a run tells them."""
    grown = GraphSeen().grow(*loss_nodes(outcome(0, answer=answer), BUILT_IN["exact_match"]))
    assert grown is not None
    return [(node.name, node.kind) for node in grown.nodes], [(edge.source, edge.target) for edge in grown.edges]


@pytest.mark.parametrize(
    ("program", "reply", "value"),
    [
        (object_count(reader("last_number")), "There are 7.\nAnswer: 8", "8"),
        (trec(reader(LABELS)), "The class is\nhum", "HUM"),
    ],
    ids=["object_count", "trec"],
)
async def test_the_papers_programs_of_one_call_have_the_papers_figure(
    program: Pipeline, reply: str, value: str
) -> None:
    answer, model = await run(program, reply, question="Who has how many?")
    assert graph(answer) == (
        [
            ("task", "text"),
            ("format", "text"),
            ("demos", "demos"),
            ("question", "input"),
            ("answer", "answer"),
            ("loss", "loss"),
        ],
        [("task", "answer"), ("format", "answer"), ("demos", "answer"), ("question", "answer"), ("answer", "loss")],
    )
    assert answer.value == value
    system, user = (message.content for message in model.seen[0].request.messages)
    assert system == "\n".join(text.value for text in program.texts if text.kind == "prompt")
    assert "Who has how many?" in user
    assert program.inputs == ("question",)
    assert all(text.role for text in program.texts)


async def test_a_program_from_templates_takes_texts_first_and_columns_in_order() -> None:
    program = one_call(
        "prompt", texts=(TASK,), system="{{ task }}", user="{{ role }}: {{ name }}", parse=reader("whole")
    )
    answer, model = await run(program, "8", name="Ann", role="cook", unused="x")
    assert graph(answer)[1][:-1] == [("task", "answer"), ("name", "answer"), ("role", "answer")]
    assert model.seen[0].request.messages[1].content == "cook: Ann"
    assert [node.kind for node in answer.parents] == [Kind.TEXT, Kind.INPUT, Kind.INPUT]


@pytest.mark.parametrize(
    ("texts", "system", "user", "says"),
    [
        ((), "", "{{ question }}", "nothing to train"),
        (
            (TASK,),
            "",
            "{{ question }}",
            r"task: no slot \{\{ task \}\} in \[program\]; its slots are question",
        ),
        (
            (TrainedText("answer", "", "x"),),
            "{{ answer }}",
            "{{ question }}",
            "the program's call has this name",
        ),
    ],
)
def test_a_program_that_cannot_be_trained_is_refused(
    texts: tuple[TrainedText, ...], system: str, user: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        one_call("prompt", texts=texts, system=system, user=user, parse=reader("whole"))


def test_a_template_that_cannot_be_parsed_says_which_half() -> None:
    with pytest.raises(TemplateError, match=r"^\[program\] system: line 1"):
        one_call("prompt", texts=(TASK,), system="{{ task", user="{{ question }}", parse=reader("whole"))


def test_start_texts_may_be_replaced_by_name() -> None:
    program = object_count(reader("last_number")).starting_from({"task": "Count."}, "[prompts]")
    assert start(program.texts).texts["task"] == "Count."
    with pytest.raises(
        ConfigError, match=r"\[prompts\]: object_count has no trained text `tusk`; it has task, format, demos"
    ):
        program.starting_from({"tusk": "Count."}, "[prompts]")


@pytest.mark.parametrize("marker", ["{{ question }}", "{question}", "{{ task }}"])
def test_a_start_text_with_a_marker_is_refused_and_points_to_the_program(marker: str) -> None:
    with pytest.raises(ConfigError, match="holds a marker for slot") as raised:
        object_count(reader("last_number")).starting_from({"task": f"Answer {marker}"}, "[prompts]")
    assert "[program]" in raised.value.hint


BUILT_INS = [object_count(reader("last_number")), trec(reader(LABELS))]


@pytest.mark.parametrize("program", BUILT_INS, ids=lambda program: program.name)
@pytest.mark.parametrize(("task", "form"), [("Count.", "Say N."), ("Count.", ""), ("", "Say N."), ("A\n\nB\n", " ")])
async def test_without_demos_a_request_is_the_one_of_the_two_prompts_alone(
    program: Pipeline, task: str, form: str
) -> None:
    user = "Question: {{ question }}" if program.name == "trec" else "{{ question }}"
    plain = one_call(
        "plain", texts=program.texts[:2], system="{{ task }}\n{{ format }}", user=user, parse=reader("whole")
    )
    sent = [
        (await run(each.starting_from({"task": task, "format": form}, ""), "8", question="How many?"))[1].seen[0]
        for each in (program, plain)
    ]
    assert sent[0].request.key == sent[1].request.key


@pytest.mark.parametrize("program", BUILT_INS, ids=lambda program: program.name)
async def test_demos_stand_verbatim_under_a_heading_after_both_prompts(program: Pipeline) -> None:
    shots = "Q: {{ x }}?\n8\n\nQ: <b>?\n%d"
    given = {"task": "Count.", "format": "Say N.", "demos": shots}
    answer, model = await run(program.starting_from(given, ""), "8", question="How many?")
    system, user = (message.content for message in model.seen[0].request.messages)
    assert system == f"Count.\nSay N.\n\nExamples:\n{shots}"
    assert answer.exchange is not None
    assert answer.exchange.bare == user
