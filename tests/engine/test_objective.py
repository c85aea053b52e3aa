from fractions import Fraction
from pathlib import Path

import pytest
from tests.looped import EXACT, Player, losses, task, with_gold
from tests.synthetic import asker, example, given, made_of, reply_of, text

from autodiff_engine.candidate import Candidate, start
from autodiff_engine.dataset import Example
from autodiff_engine.errors import ConfigError, ModelRefused
from autodiff_engine.evaluate import Outcome, Task, evaluate
from autodiff_engine.graph import Node
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.metric import by_name
from autodiff_engine.objective import LossTerm, TermScore, check_nodes, expected_of, failed, measure
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.trace import Trace

F1 = by_name("f1", Path())


async def of(k: int, terms: tuple[LossTerm, ...] | None = None, **texts: str) -> Outcome:
    run = task(ScriptedModel(Player()), terms)
    candidate = start(run.pipeline.texts).with_texts({name.replace("_", "."): value for name, value in texts.items()})
    (outcome,) = await evaluate(run, candidate, [with_gold(example(k, "a1"))], EXACT, at="1/forward")
    return outcome


async def test_the_score_of_an_example_is_the_weighted_mean_and_a_repeated_node_is_the_mean_over_t() -> None:
    found = await of(2)  # the second query finds it, the answer's level is too low
    assert [(each.term.node, each.score) for each in found.losses] == [("retrieve", Fraction(1, 2)), ("answer", 0)]
    assert [[(call.node.t, call.score) for call in each.calls] for each in found.losses] == [[(1, 0), (2, 1)], [(1, 0)]]
    assert found.score == (Fraction(1, 2) * Fraction(1, 2) + 0) / Fraction(3, 2) == Fraction(1, 6)
    assert found.on_answer == 0
    best = await of(2, query_task="LEVEL 2", answer_task="LEVEL 2")
    assert (best.score, best.on_answer, [each.score for each in best.losses]) == (1, 1, [1, 1])
    assert "exact_match of retrieve 0.5: call 1: expected 'page of hit', got 'page of miss'; call 2: " in found.why


async def test_the_sum_of_weights_does_not_matter() -> None:
    scores = [
        (await of(2, tuple(LossTerm(e.name, e.node, e.metric, e.weight * by, e.expected) for e in losses()))).score
        for by in (1, 2, Fraction(1, 3))
    ]
    assert scores == [Fraction(1, 6)] * 3


async def test_the_tasks_metric_on_the_answer_is_there_beside_the_losses_and_asked_once() -> None:
    asked: list[str] = []

    class Counting:
        name, description = "counting", "counts"

        async def score(self, answer: str, example: Example, *, at: str = "") -> object:
            asked.append(at)
            return await F1.score(answer, example)

    counting = Counting()
    run = task(ScriptedModel(Player()), (LossTerm("loss.answer", "answer", counting),))  # type: ignore[arg-type]
    (outcome,) = await evaluate(run, start(run.pipeline.texts), [example(1, "a1")], counting, at="1/forward")  # type: ignore[arg-type]
    assert (outcome.on_answer, asked) == (1, ["1/forward/a1/counting.answer/1"])
    only = task(ScriptedModel(Player()), losses()[:1])
    (outcome,) = await evaluate(only, start(only.pipeline.texts), [with_gold(example(1, "a1"))], counting, at="1/f")  # type: ignore[arg-type]
    assert (outcome.on_answer, asked[1:]) == (1, ["1/f/a1/counting/1"])


async def test_a_loss_on_a_node_that_was_not_called_is_0_with_the_reason_and_has_no_call() -> None:
    missing = LossTerm("loss.rerank", "rerank", EXACT)
    told = await measure([missing], [reply_of("answer", text("task"))], example(1, "a1"), at="1/forward/a1")
    assert told.terms == (TermScore(missing, Fraction(0), "the program did not call rerank"),)
    assert told.score == 0


async def test_what_could_not_be_read_is_worth_0_in_its_own_loss_alone() -> None:
    unread = reply_of("answer", text("task"))
    assert unread.exchange is not None
    unread = Node(
        "answer", unread.kind, "", "chat", 1, (), (), type(unread.exchange)("", "u", "chat", None, "stop", "k")
    )
    page = made_of("retrieve", unread)
    terms = (LossTerm("loss.answer", "answer", EXACT), LossTerm("loss.retrieve", "retrieve", EXACT, expected="gold"))
    data = Example("a1", {"gold": page.value}, "yes", 1)
    told = await measure(terms, [unread, page], data, at="1/forward/a1")
    assert [each.score for each in told.terms] == [0, 1]
    assert "not in the expected form" in told.terms[0].why


async def test_a_refused_request_is_0_in_every_loss() -> None:
    def refuse(call: Call) -> str:
        raise ModelRefused("too long")

    run = task(ScriptedModel(refuse))
    (outcome,) = await evaluate(run, start(run.pipeline.texts), [with_gold(example(1, "a1"))], EXACT, at="1/forward")
    assert outcome.losses == failed(losses(), "refused: too long")
    assert (outcome.score, outcome.on_answer, outcome.answer) == (0, 0, None)


def test_expected_is_a_column_or_the_expected_answer() -> None:
    data = with_gold(example(1, "a1"))
    assert (expected_of(data, ""), expected_of(data, "gold"), expected_of(data, "god")) == ("yes", "page of hit", None)


def test_a_loss_on_a_node_that_no_example_has_is_refused_with_the_names_that_there_are() -> None:
    graphs = [[made_of("retrieve"), reply_of("answer")], [reply_of("query")]]
    check_nodes(losses(), graphs)
    check_nodes(losses(), [[], []])  # nothing was answered: nothing is known
    with pytest.raises(ConfigError) as raised:
        check_nodes([LossTerm("loss.retreive", "retreive", EXACT)], graphs)
    assert str(raised.value) == "task.losses: no node called retreive; the program's nodes are answer, query, retrieve"
    assert raised.value.hint == "did you mean retrieve?"


async def test_a_step_that_does_not_lead_to_the_answer_can_have_a_loss_and_a_validation_keeps_no_graph() -> None:
    async def run(trace: Trace, inputs: object) -> Node:
        asked = trace.input("question", "?")
        await trace.apply("log", lambda value: "page of hit", asked)
        return await trace.apply("answer", lambda value: "yes", asked)

    aside = Task(
        Pipeline("aside", run, (), (), ()),
        asker(ScriptedModel(Player())),
        0,
        (LossTerm("l", "log", EXACT, expected="gold"),),
    )
    (outcome,) = await evaluate(aside, Candidate({}), [with_gold(example(1, "a1"))], EXACT, at="1/forward")
    assert outcome.score == 1
    assert [node.name for node in outcome.graph] == ["question", "answer", "log"]
    bare = outcome.without_graph()
    assert (bare.nodes, bare.calls, [each.calls for each in bare.losses]) == ((), (), [()])
    assert bare.answer is not None
    assert (bare.answer.parents, bare.parsed, bare.score, bare.on_answer) == ((), "yes", 1, 1)


def test_an_inner_node_that_is_an_input_is_no_call_of_the_program() -> None:
    assert given("question").t == 1  # inputs are not recorded as steps: a loss on one is refused by name
    with pytest.raises(ConfigError, match="no node called question"):
        check_nodes([LossTerm("l", "question", EXACT)], [[reply_of("answer", given("question"))]])
