import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st
from tests.synthetic import asker, instructions, made_of, outcome, prompt_of, reply_of, text
from tests.synthetic import given as input_of

from autodiff_engine.critic import LLMCritic
from autodiff_engine.dataset import Example
from autodiff_engine.errors import ModelRefused
from autodiff_engine.fitting import LEAST, cut, fits, fitted
from autodiff_engine.graph import Exchange, Feedback
from autodiff_engine.judge import Judge
from autodiff_engine.llm import Call, Message, ScriptedModel
from autodiff_engine.loss import Loss
from autodiff_engine.metric import by_name

MARK = re.compile(r"\[… ([0-9,]+) characters left out …\]")
SAID = [Feedback("a1", 1, "loss", "It is wrong.", "loss")]
TASK = text("task", "Count things. " * 30)


def long(name: str, size: int) -> str:
    return f"<{name} begins>" + "x" * size + f"<{name} ends>"


def blocks(call: Call) -> str:
    keys = re.findall(r'<feedback key="([^"]+)">', call.request.messages[0].content)
    return "\n".join(f'<feedback key="{key}">About {key}.</feedback>' for key in keys) or "About it."


def critic(model: ScriptedModel, context: int) -> LLMCritic:
    return LLMCritic(asker(model, "backward", context=context), instructions(), 0, 3, "a1", "8")


def counted(prompt: str) -> int:
    return sum(int(number.replace(",", "")) for number in MARK.findall(prompt))


@given_any(st.text(max_size=900), st.integers(LEAST, 400))
def test_a_text_keeps_its_beginning_and_its_end_and_loses_what_the_mark_says(whole: str, most: int) -> None:
    shown, left_out = cut(whole, most)

    assert left_out == 0 or len(shown) < len(whole)
    if left_out:
        head, tail = shown.split(f"\n[… {left_out:,} characters left out …]\n")
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert len(head) + len(tail) + left_out == len(whole)
    else:
        assert shown == whole


@pytest.mark.parametrize("size", [900, 9_000, 90_000])
async def test_of_a_long_call_the_middle_is_left_out_and_the_trained_text_stays_whole(size: int) -> None:
    passages = input_of("passages", long("passages", size))
    answer = reply_of("answer", TASK, text("format"), passages)
    assert answer.exchange is not None
    exchange = replace(answer.exchange, user=f"{TASK.value}{passages.value}")
    answer = replace(answer, exchange=exchange)
    whole, short = ScriptedModel(blocks), ScriptedModel(blocks)

    full = await critic(whole, 200_000).blame(answer, SAID, answer.parents[:2], calls=1)
    said = await critic(short, 2_400).blame(answer, SAID, answer.parents[:2], calls=1)

    sent, left_out = prompt_of(short.seen[0]), {each.left_out for each in said.values()}
    assert len(short.seen) == 1
    assert fits(critic(short, 2_400).asker, short.seen[0].request.messages)
    assert f"text: {TASK.value}" in sent
    assert left_out == {counted(sent)}
    assert (left_out == {0}) == (size == 900)
    assert {each.left_out for each in full.values()} == {0}
    if size == 900:
        assert sent == prompt_of(whole.seen[0])
    else:
        assert "<passages begins>" in sent
        assert "<passages ends>" in sent


async def test_what_is_left_out_is_no_more_than_has_to_be() -> None:
    answer = reply_of("answer", TASK, input_of("passages", long("passages", 20_000)))
    model = ScriptedModel(blocks)
    await critic(model, 3_000).blame(answer, SAID, (TASK,), calls=1)

    (call,) = model.seen
    longer = [replace(each, content=f"{each.content}{'x' * 9}") for each in call.request.messages]
    assert fits(critic(model, 3_000).asker, call.request.messages)
    assert not fits(critic(model, 3_000).asker, longer)


async def test_long_targets_upstream_are_shortened_last_and_trained_texts_never() -> None:
    found = [replace(made_of("retrieve", t=t), value=long(f"found {t}", 9_000)) for t in (1, 2)]
    merged = made_of("combine", *found)
    model = ScriptedModel(blocks)

    said = await critic(model, 2_400).blame(merged, SAID, found, calls=1)

    assert "<found 1 begins>" in prompt_of(model.seen[0])
    assert "<found 2 ends>" in prompt_of(model.seen[0])
    assert {each.left_out for each in said.values()} == {counted(prompt_of(model.seen[0]))} != {0}


async def test_a_trained_text_beyond_the_context_is_an_error_that_says_how_to_mend_it_and_costs_nothing() -> None:
    answer = reply_of("answer", text("task", "word " * 5_000))
    model = ScriptedModel(blocks)

    with pytest.raises(
        ModelRefused, match=r"^the prompt for feedback on what led to answer takes about .* tokens even"
    ):
        await critic(model, 2_400).blame(answer, SAID, answer.parents, calls=1)

    assert model.seen == []


async def test_where_there_is_no_room_to_ask_again_each_target_is_asked_about_alone() -> None:
    answer = reply_of("answer", TASK, text("format"), input_of("passages", long("passages", 9_000)))
    model = ScriptedModel(lambda call: "no keys here " * 200 if "one block" in prompt_of(call) else "About it.")

    said = await critic(model, 2_400).blame(answer, SAID, answer.parents[:2], calls=1)

    assert [each.text for each in said.values()] == ["About it."] * 2
    assert len(model.seen) == 3


def test_a_cap_on_answers_as_large_as_the_context_leaves_room_for_a_prompt() -> None:
    who = asker(ScriptedModel(blocks), "backward", max_tokens=4_000, context=4_000)

    assert fits(who, [Message("user", "x" * 8_000)])
    assert not fits(who, [Message("user", "x" * 9_100)])


async def test_the_loss_is_asked_about_a_long_input_and_a_long_reply_in_short() -> None:
    model = ScriptedModel(lambda call: "It should be 8.")
    reply = long("reply", 9_000)
    answer = replace(reply_of("answer", TASK), exchange=Exchange("s", "u", reply, reply, "stop", "k"))
    asked = outcome(0, answer=answer)
    asked = replace(asked, example=replace(asked.example, inputs={"question": long("question", 9_000)}))
    metric = by_name("exact_match", Path())
    for context, cuts in ((200_000, 0), (7_500, 1), (2_000, 3)):
        loss = Loss(metric, "llm", asker(model, "backward", context=context), instructions(), 0)
        (seed,) = loss.seeds(asked)
        feedback = await loss.feedback(asked, seed, step=1)

        sent = prompt_of(model.seen[-1])
        assert feedback.left_out == counted(sent)
        assert len(MARK.findall(sent)) == cuts
        assert f"The metric: {metric.description}" in sent
        for end in ("<question begins>", "<question ends>", "<reply begins>", "<reply ends>"):
            assert end in sent


async def test_a_judge_sees_a_long_answer_in_short_and_its_reason_says_so() -> None:
    model = ScriptedModel(lambda call: "Polite.\nScore: 8")
    judge = Judge("It is polite.", instructions(), 0).asking(asker(model, "judge", context=2_000))

    score = await judge.score(long("answer", 9_000), Example("1", {"question": "q"}, "yes", 1))
    short = await judge.score("fine", Example("1", {"question": "q"}, "yes", 1))

    sent = prompt_of(model.seen[0])
    assert (score.value, short.value, short.why) == (Fraction(4, 5), Fraction(4, 5), "Polite.")
    assert score.why == f"Polite. ({counted(sent):,} characters of what it was to grade did not fit its context)"
    assert "<answer ends>" in sent
    assert "It is polite." in sent


async def test_criteria_beyond_the_context_are_never_sent() -> None:
    model = ScriptedModel(lambda call: "Score: 8")
    judge = Judge("Be polite. " * 2_000, instructions(), 0).asking(asker(model, "judge", context=2_000))

    score = await judge.score("fine", Example("1", {"question": "q"}, "yes", 1))

    assert (score.value, model.seen) == (Fraction(0), [])
    assert "the judge was not asked: the judge's prompt takes about" in score.why


def test_a_prompt_that_fits_is_rendered_once_and_is_the_one_it_was() -> None:
    rendered: list[object] = []

    def ask(values: object) -> tuple[Message, Message]:
        rendered.append(values)
        return Message("system", "s"), Message("user", "u")

    found = fitted(asker(ScriptedModel(blocks)), ask, {"a": "b"}, (("a",),), what="it")

    assert (found.messages, found.left_out) == ((Message("system", "s"), Message("user", "u")), 0)
    assert rendered == [{"a": "b"}]
