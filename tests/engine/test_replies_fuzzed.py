"""Whatever LLMs reply: nothing is raised, what cannot be used has its reason, and what is accepted passed the lint."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from autodiff_engine.answer import after, reader
from autodiff_engine.characters import whole
from autodiff_engine.config.tables import RegexAnswer
from autodiff_engine.critic import keys_of, read_keyed
from autodiff_engine.encoding import decode, encode
from autodiff_engine.errors import ModelUnreadable
from autodiff_engine.events import CandidateScored, Event, ProposalJudged, ProposalMade, Stamped
from autodiff_engine.judge import Judge, read_grade
from autodiff_engine.lint import Lint
from autodiff_engine.llm import Call, Reply, ScriptedModel, Usage
from autodiff_engine.loss import Loss
from autodiff_engine.metric import by_name
from autodiff_engine.pipelines.react import ACTION, action_of
from autodiff_engine.rewrite import read_rewrite
from autodiff_engine.sentences import first_sentences, split

from ..fuzzing import ATTACKS, NASTY, Trial, few, many, torn_words
from ..synthetic import TEXTS, asker, example, instructions, needed, outcome, splits, trained
from .test_critic import TARGETS, asked
from .test_optimizer import proposed, situation

PIECES = (
    '<feedback key="task">', "<feedback key='format'>", "<feedback key=query>", "</feedback>", '<feedback key="task',
    "<feedback>", "<FEEDBACK KEY=task>", "NOT TO BLAME. ", "not to blame", "<reasoning>", "</reasoning>", "<method>",
    "</method>", "delete", "<new_text>", "</new_text>", "<new_text>LEVEL 4</new_text>", "LEVEL 3", "LEVEL 9 at once.",
    "```\n", "\n```", "Score: 8", "Score: ", "8/10", "80 %", "Action: finish(", ")", "action: retrieve(x)", "Sent: a",
    "Replied: b", "Feedback: c", "{ question }", "{{ task }}", "Sure! Here is the text:", ". ", "\n", "One word.",
)  # fmt: skip
noise = st.one_of(st.just(""), st.lists(st.one_of(st.sampled_from(PIECES), torn_words), max_size=4).map("".join))
rewrites = st.builds(lambda before, text, behind: f"{before}<new_text>{text}</new_text>{behind}", noise, noise, noise)
grades = st.builds(
    lambda before, word, number, of: f"{before}\n{word}{number}{of}",
    noise, st.sampled_from(["Score: ", "score is ", "**Score:** ", ""]), st.integers(-2, 130),
    st.sampled_from(["", "/10", "/5", "/0", " %", ".", ".5", " out of 10", " to 9"]),
)  # fmt: skip
blocks = st.lists(
    st.builds(
        lambda key, text, end: f"{key}{text}{end}",
        st.sampled_from(PIECES[:7]), noise, st.sampled_from(["</feedback>", "</feedback>", "", "</feedback >"]),
    ),
    max_size=4,
).map("\n".join)  # fmt: skip
repeated = st.builds(
    lambda piece, count: piece * count, st.sampled_from([*PIECES, *NASTY, *ATTACKS]), st.integers(1, 300)
)
replies = st.one_of(rewrites, grades, blocks, noise, repeated, torn_words).map(whole)
"""Without halves of characters, which the client takes out of what it receives."""
reasons = st.sampled_from(["stop", "stop", "stop", "length", "content_filter", "", "tool_calls"])
whole_replies = st.builds(lambda text, reason: Reply(text, reason, Usage(None, 3)), replies, reasons)
OLD = {text.name: text.value for text in TEXTS}


def player(told: Sequence[Reply]) -> Callable[[Call], str | Reply]:
    """Play all roles but the program's own with the drawn replies, each call always with the same one."""

    def answer(call: Call) -> str | Reply:
        if call.role == "task":
            found = re.search(r"LEVEL (\d{1,4})", call.request.messages[0].content, re.ASCII)
            return "yes" if found and int(found[1]) >= needed(call.request.messages[1].content) else "no"
        return told[zlib.crc32(call.at.encode()) % len(told)]

    return answer


def whole_runs(told: list[Reply], settings: dict[str, Any]) -> None:
    """Train on the replies: every event can be written and read, every proposal ends with its reason."""
    model = ScriptedModel(player(told))
    trainer, events = asyncio.run(
        trained(model, splits(4, 4, 2), max_steps=2, batch_size=3, max_proposals=2, **settings)
    )
    for seq, event in enumerate(events, 1):
        stamped = Stamped(seq, 0.0, None, event)
        line = encode(stamped)
        assert line.isascii()
        assert decode(line, "line") == stamped
    check_proposals(events)
    best = trainer.progress.best
    assert best is not None
    start_values = set(OLD.values())
    for text in best.candidate.texts.values():
        text.encode("utf-8")
        assert text in start_values or "<new_text>" not in text
    assert any(isinstance(event, CandidateScored) for event in events)


def check_proposals(events: Sequence[Event]) -> None:
    made = [event for event in events if isinstance(event, ProposalMade)]
    judged = {(event.step, event.k): event for event in events if isinstance(event, ProposalJudged)}
    assert [(each.step, each.k) for each in made] == list(judged)
    for each in made:
        verdict = judged[each.step, each.k]
        assert verdict.accepted or verdict.reason
        assert (verdict.fate == "unusable") == bool(each.problem)
        assert each.problem or each.changes


def of_the_critic(reply: str, second: str, peers: bool) -> None:
    texts = iter([reply, second])
    model, said = asyncio.run(asked(lambda call: next(texts, second), peers=peers))
    assert list(said) == keys_of(TARGETS)
    assert len(model.seen) <= 2 + len(TARGETS)
    for each in said.values():
        assert each.text or not each.to_blame or each.how
        assert len(split(each.text)) <= 12
    found, problem = read_keyed(reply, ["task", "format"])
    assert problem or {"task", "format"} <= set(found)


def of_the_loss(reply: str) -> None:
    metric = by_name("exact_match", Path())
    loss = Loss(metric, "llm", asker(ScriptedModel(lambda call: reply), "backward"), instructions(), 0)
    failed = outcome(Fraction(0))
    (seed,) = loss.seeds(failed)
    feedback = asyncio.run(loss.feedback(failed, seed, step=1))
    assert feedback.text
    assert "\n" not in feedback.text


def of_the_judge(first: Reply, others: Reply) -> None:
    texts = iter([first])
    judge = Judge("polite", instructions(), 7).asking(asker(ScriptedModel(lambda call: next(texts, others)), "judge"))
    try:
        score = asyncio.run(judge.score("an answer", example(1, "a1"), at="1/forward/a1/judge/1"))
    except ModelUnreadable as error:
        said = str(error)
    else:
        assert 0 <= score.value <= 1
        assert score.why
        return
    assert "no grade" in said
    assert read_grade(others)[0] is None


def of_the_optimizer(reply: Reply, second: Reply) -> None:
    texts = iter([reply])
    model, proposal = asyncio.run(proposed(situation(), lambda call: next(texts, second)))
    assert len(model.seen) <= 2
    name, reason = clean().check(proposal, ())
    if proposal.problem:
        assert proposal.candidate == proposal.parent
    elif not name:
        value = proposal.candidate.texts["task"]
        value.encode("utf-8")
        assert value.strip() == value
        assert not re.search(r"</?(new_text|reasoning|method|feedback)\b[^<>]*>", value, re.IGNORECASE)
        assert "{{ task }}" not in value
    else:
        assert reason
    rewrite = read_rewrite(reply)
    assert rewrite.problem or rewrite.text
    assert len(rewrite.method) <= 40 or rewrite.method in ("add instructions", "add examples")


def clean() -> Lint:
    return Lint(frozenset(), ("task", "format", "question"), 200)


def of_the_program(reply: str) -> None:
    for spec in ("whole", "last_number", ("yes", "no", "{{ x }}"), RegexAnswer(regex=r"Score: (.*)")):
        found = reader(spec)(reply)  # type: ignore[arg-type]
        assert found is None or isinstance(found, str)
    assert after("Score:")(reply) != ""
    assert ACTION(reply) is None or action_of(reply).tool
    assert solid(reply).startswith(solid(first_sentences(reply, 3)))
    assert "".join(split(reply)) == reply


def solid(text: str) -> str:
    return "".join(text.split())


trials = [
    Trial(whole_runs,
        st.lists(whole_replies, min_size=1, max_size=5),
        st.sampled_from(
            [{}, {"peers": False}, {"loss_feedback": "template"}, {"gradients": "none"}, {"selective": False}]
        ),
    ),
    Trial(of_the_critic, replies, replies, st.booleans()),
    Trial(of_the_loss, replies),
    Trial(of_the_judge, whole_replies, whole_replies),
    Trial(of_the_optimizer, whole_replies, whole_replies),
    Trial(of_the_program, replies),
]  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", trials)
def test_a_few_hundred_hostile_replies_are_used_or_refused_with_a_reason(trial: Trial) -> None:
    few(trial)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trial", trials)
def test_thousands_of_hostile_replies_are_used_or_refused_with_a_reason(trial: Trial) -> None:
    many(trial)


MANY_SPACES = " " * 60_000


@pytest.mark.parametrize(
    "reply",
    [
        f"<feedback key={MANY_SPACES}", f"<feedback key='a'{MANY_SPACES}x", f"<feedback{MANY_SPACES}",
        "<feedback " * 9000,
        f"Score:{MANY_SPACES}x", f"5{MANY_SPACES}x", f"score is{MANY_SPACES}is", f"Action:{MANY_SPACES}finish",
        "<reasoning>" * 9000, "<new_text>" + "\n" * 60_000 + "x</new_text>", "A. " * 30_000, "e.g. " * 20_000,
        ",".join(["123"] * 20_000) + "4", "*" * 60_000, "</feedback" + MANY_SPACES, "action:" * 9000,
    ],
    ids=lambda reply: " ".join(reply[:30].split()),
)  # fmt: skip
def test_a_degenerate_reply_is_read_in_no_time(reply: str) -> None:
    """Each took minutes or more when a pattern could match the same white space in two ways."""
    said = Reply(reply, "stop", Usage(None, 3))
    of_the_program(reply)
    of_the_critic(reply, reply, False)
    of_the_judge(said, said)
    of_the_optimizer(said, said)
