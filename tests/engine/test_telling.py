from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from tests.synthetic import asker, given, instructions, made_of, outcome, prompt_of, reply_of, text

from autodiff_engine.backward import Piece
from autodiff_engine.candidate import Candidate, TrainedText
from autodiff_engine.evaluate import Outcome
from autodiff_engine.events import Comparison, EdgeInfo, ExampleExcluded, ExampleScored, NodeInfo
from autodiff_engine.graph import Exchange, Feedback, Kind, Node
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.metric import by_name
from autodiff_engine.objective import LossTerm, TermScore
from autodiff_engine.optimizer import Optimizer
from autodiff_engine.proposal import Situation
from autodiff_engine.telling import (
    GraphSeen,
    candidate_scored,
    data_evidence,
    feedback_evidence,
    feedback_given,
    forms_of,
    in_words,
    peers_of,
    result,
    scored,
    warning_of,
)
from autodiff_engine.validation import Verdict

TASK, FORM = text("task"), text("format")


def hops() -> Node:
    """A program that calls ``query`` twice, with one text."""
    first = reply_of("query", TASK, given("question"))
    second = reply_of("query", TASK, made_of("retrieve", first), t=2)
    return reply_of("answer", FORM, made_of("retrieve", second, t=2, skips=(first,)))


def piece(target: Node, t: int, words: str, source: str = "query", *, blame: bool = True) -> Piece:
    return Piece(target, Feedback("a1", t, source, words, "llm", blame))


def test_replies_that_cannot_be_read_are_told_with_what_is_looked_for_in_them() -> None:
    form = "one of blue, amber, green; it must stand last in the reply"
    exchange = Exchange("system", "user", "teal?", None, "stop", "k", form)
    unread = replace(outcome(0), answer=Node("answer", Kind.ANSWER, "r", "teal?", exchange=exchange))
    assert unread.wrong_format

    told = warning_of([unread, unread])

    assert told is not None
    hint = "say in a start text in which form to answer (program.answer reads it)"
    assert told.message == f"no answer could be read from 2 of 2 replies: {hint}: {form}"
    assert warning_of([replace(unread, answer=None)] * 2) is None


def test_a_graph_is_told_by_name_and_only_what_is_new() -> None:
    seen = GraphSeen()
    single = reply_of("query", TASK, given("question"))
    grown = seen.grow(single)
    assert grown is not None
    assert [node.name for node in grown.nodes] == ["task", "question", "query"]
    assert grown.edges == (EdgeInfo("task", "query", False), EdgeInfo("question", "query", False))
    assert seen.grow(single) is None
    more = seen.grow(hops())
    assert more is not None
    assert NodeInfo("query", "answer", "role of query", 2) in more.nodes
    assert "task" not in [node.name for node in more.nodes]
    assert EdgeInfo("query", "retrieve", False) in more.edges
    assert EdgeInfo("query", "retrieve", True) in more.edges  # one of its calls is a skip
    assert seen.grow(hops()) is None


def test_an_edge_that_only_feedback_takes_is_a_skip() -> None:
    query = reply_of("query", TASK)
    grown = GraphSeen().grow(reply_of("answer", made_of("retrieve", query), skips=(query,)))
    assert grown is not None
    assert EdgeInfo("query", "answer", True) in grown.edges
    assert EdgeInfo("retrieve", "answer", False) in grown.edges


def test_an_outcome_is_a_score_or_an_exclusion() -> None:
    root = hops()
    told = scored(outcome(1, answer=root), step=2, phase="forward", split="train", metric="m", traced=True)
    assert isinstance(told, ExampleScored)
    assert [(call.node, call.t, call.key) for call in told.trace] == [
        ("query", 1, "key-query-1"),
        ("query", 2, "key-query-2"),
        ("answer", 1, "key-answer-1"),
    ]
    assert "system of query 1" in told.trace[0].prompt
    short = scored(outcome(1, answer=root), step=2, phase="p1.validation", split="val", metric="m", traced=False)
    assert isinstance(short, ExampleScored)
    assert short.trace == ()
    lost = outcome(0, unavailable="nobody")
    assert scored(lost, step=2, phase="forward", split="train", metric="m", traced=True) == ExampleExcluded(
        2, "forward", "a1", "nobody"
    )


async def test_the_optimizers_prompt_lists_repeated_calls_of_an_example_with_t_ascending() -> None:
    root = hops()
    told = [
        [piece(TASK, 2, "second call"), piece(FORM, 1, "of form", "answer"), piece(TASK, 1, "first call")],
        [piece(TASK, 1, "of another example")],
    ]
    outcomes = [outcome(0, "a1", root), outcome(Fraction(1, 2), "a2", hops())]
    evidence = feedback_evidence(outcomes, told)
    model = ScriptedModel(lambda call: "<new_text>x</new_text>")
    texts = [TrainedText(node.name, node.role, node.value) for node in (TASK, FORM)]
    situation = Situation(1, 1, Candidate({each.name: each.value for each in texts}), evidence, {}, {}, 0, 2, (), (), 0)
    await Optimizer(texts, asker(model, "optimizer"), instructions(), 0, "rotate", "text", True, 99).propose(
        replace(situation, step=2)
    )
    sent = prompt_of(model.seen[0])
    order = [
        "1. Example a1, score 0, call 1 of query\nsent: user of query 1\nreplied: reply of query 1\n"
        "feedback: first call",
        "2. Example a1, score 0, call 2 of query\nsent: user of query 2\nreplied: reply of query 2\n"
        "feedback: second call",
        "3. Example a2, score 0.5, call 1 of query",
    ]
    places = [sent.index(each) for each in order]
    assert places == sorted(places)
    assert "feedback: of form" not in sent


def test_what_a_step_in_the_middle_says_along_a_skip_stands_between_the_calls_before_and_after_it() -> None:
    first = reply_of("query", TASK)
    looked = made_of("look", first, skips=(TASK,))
    second = reply_of("query", TASK, looked, t=2)
    again = made_of("look", second, t=2, skips=(TASK,))
    early = made_of("early", given("question"), skips=(TASK,))
    root = reply_of("answer", FORM, early, again)
    told = [
        piece(TASK, t, f"{source} {t}", source)
        for source, t in (("early", 1), ("look", 2), ("query", 2), ("look", 1), ("query", 1))
    ]
    (evidence,) = feedback_evidence([outcome(0, "a1", root)], [told]).values()
    said = [each.shown.rpartition("feedback: ")[2] for each in evidence]
    assert said == ["early 1", "query 1", "look 1", "query 2", "look 2"]


def test_what_is_read_from_a_reply_is_known_of_the_texts_that_it_was_asked_for_with() -> None:
    told = reply_of("answer", TASK, reply_of("query", FORM))
    assert told.exchange is not None
    answer = replace(told, exchange=replace(told.exchange, form="the last number"))
    assert forms_of([outcome(0, "a1", answer), outcome(0, "a2", answer)]) == {"task": ("the last number",)}


def test_a_text_that_nobody_blames_asks_for_no_rewrite_and_one_that_some_blame_shows_all() -> None:
    root = reply_of("answer", TASK, FORM)
    told = [
        [piece(TASK, 1, "bad", "answer"), piece(FORM, 1, "fine", "answer", blame=False)],
        [piece(TASK, 1, "good", "answer", blame=False), piece(FORM, 1, "fine too", "answer", blame=False)],
    ]
    evidence = feedback_evidence([outcome(0, "a1", root), outcome(0, "a2", root)], told)
    assert list(evidence) == ["task"]
    assert [each.example for each in evidence["task"]] == ["a1", "a2"]
    assert evidence["task"][1].shown.endswith("feedback: this text is not to blame. good")


def test_with_data_each_text_is_shown_the_failed_examples_themselves() -> None:
    failed = outcome(0, "a1", expected="8")
    evidence = data_evidence([failed], ["task", "format"])
    assert list(evidence) == ["task", "format"]
    assert evidence["task"][0].shown == (
        "question: how many things of kind a1 are there\nanswered: 7\nexpected: 8\nscore: 0"
    )
    unknown = replace(failed, example=replace(failed.example, expected=None), answer=None)
    assert data_evidence([unknown], ["task"])["task"][0].shown.endswith("answered: nothing\nscore: 0")
    assert data_evidence([], ["task"]) == {}


def with_losses() -> Outcome:
    """A failure by one of two losses, whose column no program is sent."""
    failed = outcome(Fraction(2, 3))
    metric = by_name("recall@4", Path())
    terms = [LossTerm("l1", "combine", metric, Fraction(1, 2), "gold_titles"), LossTerm("l2", "answer", metric)]
    told = tuple(TermScore(term, Fraction(number), "") for number, term in enumerate(terms))
    return replace(failed, example=replace(failed.example, gold={"gold_titles": "Mud\nAna Rol"}), losses=told)


def test_where_several_losses_make_the_score_each_is_shown_and_what_it_expects() -> None:
    shown = data_evidence([with_losses()], ["task"])["task"][0].shown
    assert shown.endswith(
        "answered: 7\nexpected: 8\nexpected of combine: Mud, Ana Rol\n"
        "score: 0.666667 (recall@4 of combine 0, recall@4 of answer 1)"
    )
    evidence = feedback_evidence([with_losses()], [[piece(TASK, 1, "vague", "answer")]])
    assert evidence["task"][0].shown.startswith(
        "Example a1, score 0.666667 (recall@4 of combine 0, recall@4 of answer 1)\nsent: "
    )
    assert "Ana Rol" not in evidence["task"][0].shown


def test_peers_are_the_texts_sent_together() -> None:
    root = reply_of("answer", FORM, text("style"), reply_of("query", TASK))
    assert peers_of([outcome(0, answer=root)]) == {"task": (), "format": ("style",), "style": ("format",)}


def test_feedback_is_told_with_its_target_and_how_often_it_was_said() -> None:
    told = feedback_given(2, Piece(TASK, Feedback("a1", 2, "query", "vague", "llm", True, 3)))
    assert (told.target, told.t, told.on_text, told.count) == ("task", 2, True, 3)
    assert not feedback_given(2, piece(hops(), 1, "x")).on_text


def test_a_whole_score_has_an_interval_around_its_mean() -> None:
    told = candidate_scored([outcome(1, "v0"), outcome(0, "v1")], 0, "start", "id", "val", "m")
    assert (told.mean, told.n) == (0.5, 2)
    assert 0 < told.low < 0.5 < told.high < 1
    assert in_words([outcome(1, "v0"), outcome(0, "v1"), outcome(0, "v2")]) == "0.333 (n=3)"


WHOLE = Comparison("train", "m", 4, 0.25, 0.5, 2, 1, 1, 0.5)


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict("lint", "it holds </b>", "tag debris"), "rejected: it holds </b>"),
        (
            Verdict("minibatch", "no", minibatch=WHOLE),
            "on these examples 0.50 against 0.25 (n=4; 2 better, 1 worse); rejected: no",
        ),
        (
            Verdict(
                "validation",
                "lost",
                minibatch=WHOLE,
                validation=Comparison("val", "m", 9, 0.6, 0.1, 0, 1, 1, None, 2, 0.55),
            ),
            "on these examples 0.50 against 0.25 (n=4; 2 better, 1 worse); "
            "on the validation examples at most 0.55 against 0.60 (n=9); rejected: lost",
        ),
    ],
)
def test_a_rejection_is_told_with_both_gates_scores_and_its_reason(verdict: Verdict, line: str) -> None:
    assert result(verdict) == line


def test_what_the_optimizer_is_shown_of_a_call_does_not_repeat_its_demos() -> None:
    base = reply_of("answer", TASK)
    assert base.exchange is not None
    node = replace(base, exchange=replace(base.exchange, user="Q\nA\n\nHow many?", bare="How many?"))
    told = feedback_evidence([outcome(0, answer=node)], [[piece(TASK, 1, "count", "answer")]])
    assert told["task"][0].shown.splitlines()[1] == "sent: How many?"


def test_demos_are_peers_of_the_texts_that_they_are_sent_with() -> None:
    shots = Node("shots", Kind.DEMOS, "shows examples", "Q A")
    peers = peers_of([outcome(0, answer=reply_of("answer", TASK, FORM, shots))])
    assert peers["task"] == ("format", "shots")
