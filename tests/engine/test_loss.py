from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import pytest
from tests.synthetic import asker, instructions, outcome, prompt_of, reply_of, text

from autodiff_engine.evaluate import Outcome
from autodiff_engine.graph import Exchange, Feedback, Node
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.loss import Loss, failures, good_enough, loss_nodes, reached
from autodiff_engine.metric import by_name
from autodiff_engine.objective import CallScore, LossTerm, TermScore

METRIC = by_name("exact_match", Path())


def wrong(reply: str = "It is 7.", parsed: str | None = "7", expected: str | None = "8") -> tuple[Outcome, Node]:
    answer = replace(
        reply_of("answer", text("task"), value=parsed or reply),
        exchange=Exchange("s", "u", reply, parsed, "stop", "k"),
    )
    told = outcome(0, answer=answer)
    return replace(told, example=replace(told.example, expected=expected)), answer


async def fed(
    mode: Literal["llm", "template"], told: tuple[Outcome, Node], reply: str = "It should be 8."
) -> tuple[ScriptedModel, Feedback]:
    model = ScriptedModel(lambda call: reply)
    loss = Loss(METRIC, mode, asker(model, "backward"), instructions(), 0)
    (begun,) = loss.seeds(replace(told[0], answer=told[1]))
    assert (begun.name, begun.node, begun.score) == ("loss", told[1], told[0].score)
    return model, await loss.feedback(told[0], begun, step=2)


async def test_one_call_turns_the_loss_into_feedback_on_the_answer() -> None:
    model, feedback = await fed("llm", wrong())
    assert len(model.seen) == 1
    assert feedback == Feedback("a1", 1, "loss", "It should be 8.", "loss")
    assert model.seen[0].at == "2/backward/a1/loss/1"
    sent = prompt_of(model.seen[0])
    for part in (METRIC.description, "question: how many things of kind a1 are there", "It is 7.", "The score: 0 "):
        assert part in sent
    assert "The answer that was read from this output: 7" in sent
    assert "The expected answer: 8" in sent


async def test_without_an_expected_answer_there_is_no_line_about_it() -> None:
    model, _ = await fed("llm", wrong(expected=None))
    assert "expected answer" not in prompt_of(model.seen[0]).replace(METRIC.description, "").lower()
    assert "None" not in prompt_of(model.seen[0])
    _, by_template = await fed("template", wrong(expected=None))
    assert by_template.text == "got `7`; score 0; the metric is exact_match"


async def test_a_reply_in_the_wrong_form_is_said_to_be_so() -> None:
    model, _ = await fed("llm", wrong("chat", None))
    assert "No answer could be read from this output" in prompt_of(model.seen[0])
    _, by_template = await fed("template", wrong("chat", None))
    assert by_template.text.startswith("expected `8`, got nothing that could be read (wrong form)")


async def test_what_is_read_from_an_output_is_said_where_it_is_known() -> None:
    told, answer = wrong()
    assert answer.exchange is not None
    known = replace(answer, exchange=replace(answer.exchange, form="the last number in the reply"))
    model, _ = await fed("llm", (told, known))
    assert "What is read from an output: the last number in the reply" in prompt_of(model.seen[0])
    model, _ = await fed("llm", (told, answer))
    assert "is read from" not in prompt_of(model.seen[0])


async def test_the_template_costs_no_call() -> None:
    model, feedback = await fed("template", wrong())
    assert model.seen == []
    assert feedback == Feedback(
        "a1", 1, "loss", "expected `8`, got `7`; score 0; the metric is exact_match", "template"
    )


async def test_feedback_is_at_most_three_sentences_and_never_empty() -> None:
    _, long = await fed("llm", wrong(), "One. Two. Three. Four.")
    _, empty = await fed("llm", wrong(), " \n")
    assert long.text == "One. Two. Three."
    assert empty.text.startswith("expected `8`, got `7`")


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 0.8, 0.9, 1.0])
def test_a_score_at_the_threshold_is_good_enough_as_a_fraction_and_as_a_float(threshold: float) -> None:
    assert good_enough(Fraction(str(threshold)), threshold)
    assert good_enough(Fraction(threshold), threshold)
    assert not good_enough(Fraction(str(threshold)) - Fraction(1, 10**9), threshold)


def test_failures_are_what_is_below_the_threshold_and_has_a_graph() -> None:
    told = [outcome(score, str(i)) for i, score in enumerate([0, Fraction(4, 5), 1, Fraction(1, 2)])]
    lost = outcome(0, "lost", unavailable="nobody")
    refused = replace(outcome(0, "refused"), answer=None, refused="too long")
    everything = [*told, lost, refused]
    assert [each.example.id for each in failures(everything, threshold=0.8)] == ["0", "3"]
    assert [each.example.id for each in failures(everything, threshold=1.0)] == ["0", "1", "3"]
    assert [each.example.id for each in failures(everything, threshold=1.0, selective=False)] == ["0", "1", "2", "3"]


def several(*scores: tuple[float, ...]) -> Outcome:
    """An outcome with a loss for each of ``scores``, whose node was called as often as it has numbers."""
    terms: list[TermScore] = []
    for i, each in enumerate(scores):
        calls = tuple(
            CallScore(reply_of(f"n{i}", text("task"), t=t), Fraction(score), "") for t, score in enumerate(each, 1)
        )
        mean = sum((call.score for call in calls), Fraction(0)) / max(1, len(calls))
        terms.append(TermScore(LossTerm(f"loss.n{i}", f"n{i}", METRIC), mean, "", calls))
    return replace(outcome(sum((each.score for each in terms), Fraction(0)) / len(terms)), losses=tuple(terms))


def seeded(told: Outcome, *, selective: bool = True, threshold: float = 0.5) -> list[tuple[str, int]]:
    loss = Loss(METRIC, "llm", asker(ScriptedModel(str), "backward"), instructions(), 0, threshold, selective)
    with_nodes = replace(told, nodes=tuple(call.node for each in told.losses for call in each.calls))
    return [(each.name, each.node.t) for each in loss.seeds(with_nodes)]


def test_each_loss_seeds_by_its_own_score_and_of_a_repeated_node_every_call_that_is_too_low() -> None:
    told = several((1,), (0.25, 0.75, 0), (0.25, 1), ())
    assert seeded(told) == [("loss.n1", 1), ("loss.n1", 3)]
    assert seeded(told, threshold=1.0) == [
        ("loss.n1", 1), ("loss.n1", 2), ("loss.n1", 3), ("loss.n2", 1),
    ]  # fmt: skip
    assert len(seeded(told, selective=False)) == 6


def test_an_example_fails_if_one_of_its_losses_does_whatever_their_mean() -> None:
    good, one_bad, missing = several((1,), (0.5,)), several((1,), (1, 0.9), (0.4,)), several((1,), ())
    assert one_bad.score > Fraction(1, 2)
    assert failures([good, one_bad, missing], threshold=0.5) == [one_bad, missing]
    assert [reached(each, 0.5) for each in (good, one_bad, missing)] == [True, False, False]


def test_each_of_several_losses_is_a_root_over_all_calls_of_its_node() -> None:
    told = several((1, 0), (), (1,))
    nodes = loss_nodes(told, METRIC)
    assert [(node.name, node.value, len(node.parents)) for node in nodes] == [
        ("loss.n0", "0.5", 2),
        ("loss.n2", "1.0", 1),
    ]
    assert nodes[0].role == f"exact_match of n0: {METRIC.description}"


def test_the_root_of_a_graph_is_the_loss_with_a_true_description() -> None:
    told, answer = wrong()
    (node,) = loss_nodes(told, METRIC)
    assert (node.name, node.kind, node.value, node.parents) == ("loss", "loss", "0.0", (answer,))
    assert METRIC.description in node.role
