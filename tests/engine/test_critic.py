import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from tests.synthetic import asker, instructions, made_of, prompt_of, reply_of, text
from tests.synthetic import given as input_of

from autodiff_engine.backward import Piece, Said, backward
from autodiff_engine.critic import LLMCritic, keys_of, read_keyed
from autodiff_engine.graph import Exchange, Feedback, Kind, Node
from autodiff_engine.llm import Call, ScriptedModel

KEYS = re.compile(r'<feedback key="([^"]+)">')


def block(key: str, words: str) -> str:
    return f'<feedback key="{key}">{words}</feedback>'


def blocks(call: Call) -> str:
    """Answer every key that the prompt asks for."""
    keys = KEYS.findall(call.request.messages[0].content)
    return "\n".join(block(key, f"About {key}.") for key in keys) or "About it alone."


def critic(model: ScriptedModel, *, expected: str | None = "8", peers: bool = True) -> LLMCritic:
    return LLMCritic(asker(model, "backward"), instructions(), 0, 3, "a1", expected, peers)


def said(*words: str) -> list[Feedback]:
    return [Feedback("a1", 1, "loss", each, "loss") for each in words]


UPSTREAM = reply_of("query", text("q"))
TASK, FORM = text("task", "Count things."), text("format", "Say N.")
NODE = reply_of("answer", TASK, FORM, UPSTREAM, input_of("question", "How many?"), value="7")
TARGETS = (TASK, FORM, UPSTREAM)


async def asked(
    answer: Callable[[Call], str],
    targets: Sequence[Node] = TARGETS,
    node: Node = NODE,
    *,
    calls: int = 1,
    **how: object,
) -> tuple[ScriptedModel, dict[str, Said]]:
    model = ScriptedModel(answer)
    told = await critic(model, **how).blame(node, said("It is wrong."), targets, calls=calls)  # type: ignore[arg-type]
    return model, {key: told[target] for key, target in zip(keys_of(targets), targets, strict=True)}


async def test_one_call_asks_about_all_peers_and_traced_inputs() -> None:
    model, told = await asked(blocks)
    assert len(model.seen) == 1
    assert {key: each.text for key, each in told.items()} == {
        "task": "About task.",
        "format": "About format.",
        "query": "About query.",
    }
    sent = prompt_of(model.seen[0])
    for part in ("system of answer 1", "user of answer 1", "- It is wrong.", "EXPECTED ANSWER OF THE WHOLE SYSTEM\n8"):
        assert part in sent
    for target in TARGETS:
        assert f"key: {target.name}\nrole: {target.role}\ntext: {target.value}" in sent
    assert "OTHER INPUTS OF THE CALL, which cannot be changed\nquestion (role of question): How many?" in sent
    assert model.seen[0].at == "3/backward/a1/answer/1"


async def test_names_that_occur_twice_are_told_apart_by_their_call() -> None:
    first, second = reply_of("query", text("q"), t=1), reply_of("query", text("q"), t=2)
    node = made_of("combine", first, second)
    model, told = await asked(blocks, (first, second), node)
    assert {key: each.text for key, each in told.items()} == {
        "query#1": "About query#1.",
        "query#2": "About query#2.",
    }
    assert told["query#1"].how == "attribution"
    assert "This step is not an LLM" in prompt_of(model.seen[0])


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (block("task", "A.") + block("format", "B."), "no feedback for query"),
        (block("task", "A.") + block("format", "B.") + block("query", " "), "no feedback for query"),
        ("".join(block(k, "A.") for k in ("task", "format", "query", "other")), "unknown keys other"),
        ("".join(block(k, "A.") for k in ("task", "task", "format", "query")), "more than one block for task"),
        ("I would rather chat.", "no feedback for task, format, query"),
        ("", "no feedback for task, format, query"),
    ],
)
async def test_unusable_keys_are_asked_for_once_more(bad: str, problem: str) -> None:
    model, told = await asked(lambda call: blocks(call) if "be used: " in prompt_of(call) else bad)
    assert len(model.seen) == 2
    first, repair = (call.request.messages for call in model.seen)
    assert repair[0] == first[0]
    assert repair[1].content.startswith(first[1].content)
    assert [message.content for message in repair if message.role == "assistant"] == ([bad] if bad else [])
    assert problem in repair[-1].content
    assert told["query"].text == "About query."


async def test_a_copied_form_is_no_feedback() -> None:
    def copied(call: Call) -> str:
        system = call.request.messages[0].content
        return system[system.index("<feedback key=") :] if len(call.request.messages) == 2 else blocks(call)

    model, told = await asked(copied)
    assert len(model.seen) == 2
    assert told["task"].text == "About task."


async def test_after_two_unusable_replies_each_target_costs_a_call_of_its_own() -> None:
    model, told = await asked(lambda call: "chat" if KEYS.search(prompt_of(call)) else f"Alone {call.at}.")
    assert len(model.seen) == 2 + 3
    assert [call.at for call in model.seen[2:]] == [f"3/backward/a1/answer.{k}/1" for k in ("task", "format", "query")]
    assert told["format"].text == "Alone 3/backward/a1/answer.format/1."


async def test_without_peers_each_target_is_asked_about_and_no_other_is_shown_beside_it() -> None:
    model, _ = await asked(blocks, peers=False)
    assert len(model.seen) == 3
    for call, target in zip(model.seen, TARGETS, strict=True):
        sent = prompt_of(call)
        assert f"key: {target.name}\n" in sent
        for other in TARGETS:
            assert other is target or other.role not in sent
            assert other is target or other.value not in sent
        assert "How many?" in sent


async def test_one_target_is_asked_about_in_free_words() -> None:
    model, told = await asked(lambda call: "<feedback>Define it.</feedback>", (TASK,))
    assert len(model.seen) == 1
    assert told["task"] == Said("Define it.", True, "llm")


@pytest.mark.parametrize(
    "words", ["NOT TO BLAME. The form is right.", "**Not to blame**: the form is right.", "not to blame"]
)
async def test_a_target_may_be_told_that_it_is_not_to_blame(words: str) -> None:
    _, told = await asked(lambda call: block("task", "Wrong.") + block("format", words) + block("query", "Ask better."))
    assert [each.to_blame for each in told.values()] == [True, False, True]
    assert "blame" not in told["format"].text.lower()
    assert told["format"].text


async def test_what_is_not_to_blame_upstream_opens_no_call_and_is_kept() -> None:
    model = ScriptedModel(
        lambda call: block("task", "A.") + block("format", "NOT TO BLAME.") + block("query", "NOT TO BLAME. Fine.")
    )
    pieces = await backward([Piece(NODE, said("It is wrong.")[0])], critic(model))
    assert len(model.seen) == 1
    assert {piece.target.name: piece.feedback.to_blame for piece in pieces[1:]} == {
        "task": True,
        "format": False,
        "query": False,
    }


async def test_feedback_on_a_function_is_divided_among_what_it_was_made_of_by_one_call() -> None:
    k = Node("k", Kind.HYPERPARAMETER, "how many passages", "2")
    first, second = reply_of("query", text("q"), t=1), reply_of("query", text("q"), t=2)
    found = made_of("retrieve", first, second, k, input_of("question", "Who?"))
    words = {"query#1": "Name the town.", "query#2": "NOT TO BLAME. It names the year."}

    def divides(call: Call) -> str:
        keys = KEYS.findall(call.request.messages[0].content)
        return "\n".join(block(key, words.get(key, f"About {key}.")) for key in keys) or "About it alone."

    model = ScriptedModel(divides)
    pieces = await backward([Piece(found, said("Nothing that fits.")[0])], critic(model))

    assert [call.at for call in model.seen] == ["3/backward/a1/retrieve/1", "3/backward/a1/query.q/1"]
    asked = prompt_of(model.seen[0])
    assert (
        "This step is not an LLM: it computes its output from the texts below.\n\nITS OUTPUT\nresult of retrieve 1"
        in asked
    )
    assert "WHAT IS WRONG WITH ITS OUTPUT\n- Nothing that fits." in asked
    assert KEYS.findall(asked) == ["query#1", "query#2"]
    assert "key: query#1\nrole: role of query\ntext: reply of query 1\n" in asked
    assert "which cannot be changed\nk (how many passages): 2\nquestion (role of question): Who?" in asked
    assert "WHAT IS WRONG WITH ITS OUTPUT\n- Name the town.\n" in prompt_of(model.seen[1])
    assert [(p.target.name, p.feedback.t, p.feedback.to_blame, p.feedback.how) for p in pieces] == [
        ("retrieve", 1, True, "loss"),
        ("query", 1, True, "attribution"),
        ("query", 2, False, "attribution"),
        ("q", 1, True, "llm"),
    ]


async def test_feedback_on_a_function_of_one_that_can_carry_it_is_passed_through_without_a_call() -> None:
    k = Node("k", Kind.HYPERPARAMETER, "how many passages", "2")
    found = made_of("retrieve", reply_of("query", text("q")), k, input_of("question", "Who?"))
    model = ScriptedModel(blocks)
    await backward([Piece(found, said("Nothing that fits.")[0])], critic(model))
    assert [call.at for call in model.seen] == ["3/backward/a1/query.q/1"]
    assert "WHAT IS WRONG WITH ITS OUTPUT\n- Nothing that fits." in prompt_of(model.seen[0])


@pytest.mark.parametrize("peers", [True, False])
async def test_without_an_expected_answer_there_is_no_line_about_it(peers: bool) -> None:
    model, _ = await asked(blocks, expected=None, peers=peers)
    for call in model.seen:
        assert "EXPECTED" not in prompt_of(call)
        assert "None" not in prompt_of(call)


@pytest.mark.parametrize("expected", ["", "None", "{{ task }}"])
async def test_an_expected_answer_is_sent_as_it_is(expected: str) -> None:
    model, _ = await asked(blocks, expected=expected)
    assert f"EXPECTED ANSWER OF THE WHOLE SYSTEM\n{expected}" in prompt_of(model.seen[0])


async def test_a_reply_that_could_not_be_read_is_said_to_be_so() -> None:
    assert NODE.exchange is not None
    unread = replace(NODE, exchange=replace(NODE.exchange, parsed=None))
    read = replace(NODE, exchange=Exchange("s", "u", "It is 7.", "7", "stop", "k"))
    first, _ = await asked(blocks, TARGETS, unread)
    second, _ = await asked(blocks, TARGETS, read)
    assert "(no answer could be read from this reply)" in prompt_of(first.seen[0])
    assert "(the answer read from it: 7)" in prompt_of(second.seen[0])


async def test_what_is_read_from_a_reply_is_said_where_it_is_known() -> None:
    assert NODE.exchange is not None
    told = replace(NODE, exchange=replace(NODE.exchange, form="the last number in the reply"))
    for targets in (TARGETS, TARGETS[:1]):
        known, _ = await asked(blocks, targets, told)
        unknown, _ = await asked(blocks, targets)
        assert "(what is read from a reply: the last number in the reply)" in prompt_of(known.seen[0])
        assert "what is read from" not in prompt_of(unknown.seen[0])


async def test_a_repeated_call_says_which_of_how_many_it_is() -> None:
    model, _ = await asked(blocks, (TASK, UPSTREAM), reply_of("answer", TASK, UPSTREAM, t=2), calls=3)
    single, _ = await asked(blocks)
    assert "This is call 2 of 3 of answer on this example" in prompt_of(model.seen[0])
    assert "This is call" not in prompt_of(single.seen[0])


async def test_feedback_is_at_most_three_sentences() -> None:
    words = "One is bad. Two is too. Three as well. Four is dropped! Five?"
    _, told = await asked(lambda call: "".join(block(k, words) for k in ("task", "format", "query")))
    assert told["task"].text == "One is bad. Two is too. Three as well."


@pytest.mark.parametrize(
    "reply",
    [
        '<feedback key="a">x <b> & y</feedback>\n<feedback key="b">z</feedback>',
        "<feedback key='a'>x <b> & y</feedback> talk <feedback key=b>z",
        '<feedback for="a">x <b> & y\n<feedback name="b">z</feedback >',
    ],
)
def test_blocks_are_read_from_what_llms_make_of_them(reply: str) -> None:
    assert read_keyed(reply, ["a", "b"]) == ({"a": "x <b> & y", "b": "z"}, "")


@pytest.mark.parametrize("value", ["", "Q one\nA one"])
async def test_demos_are_no_target_and_are_shown_in_what_was_sent_alone(value: str) -> None:
    shots = Node("shots", Kind.DEMOS, "shows examples", value)
    sent = Exchange(f"Count things.\n{value}", "How many?", "7", "7", "stop", "key")
    plain = replace(NODE, exchange=sent)
    with_shots = replace(plain, parents=(TASK, FORM, shots, *NODE.parents[2:]))
    for targets in (TARGETS, (TASK,)):
        prompts = [prompt_of((await asked(blocks, targets, node))[0].seen[0]) for node in (plain, with_shots)]
        assert prompts[0] == prompts[1]


async def test_a_program_whose_only_text_is_demos_is_not_asked_about() -> None:
    model = ScriptedModel(blocks)
    root = reply_of("answer", Node("shots", Kind.DEMOS, "shows examples", "Q A"), input_of("question"))
    assert [
        each
        for each in await backward([Piece(root, said("It is wrong.")[0])], critic(model))
        if each.target is not root
    ] == []
    assert model.seen == []


async def test_praise_alone_is_asked_about_as_praise_and_beside_blame_it_says_that_it_is_some() -> None:
    model = ScriptedModel(blocks)
    (wrong,), praise = said("It is wrong."), replace(said("It is found.")[0], right=True)
    for feedback in ([praise], [wrong, praise]):
        await critic(model).blame(NODE, feedback, TARGETS, calls=1)
    alone, beside = map(prompt_of, model.seen)
    assert "got an example right" in alone
    assert "WHY ITS OUTPUT IS RIGHT\n- It is found.\n" in alone
    assert "got an example wrong" in beside
    assert "WHAT IS WRONG WITH ITS OUTPUT\n- It is wrong.\n- (this much is right) It is found.\n" in beside


async def test_what_was_said_more_than_once_is_one_line_with_its_count() -> None:
    model = ScriptedModel(blocks)
    (often,), once = (replace(said("It is wrong.")[0], count=3),), said("It is late.")[0]
    await critic(model).blame(NODE, [often, once], TARGETS, calls=1)
    assert "WHAT IS WRONG WITH ITS OUTPUT\n- (said 3 times) It is wrong.\n- It is late.\n" in prompt_of(model.seen[0])
