from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import pytest
from tests.synthetic import TEXTS, asker, change, instructions, prompt_of, proposal

from autodiff_engine.candidate import Candidate, TrainedText
from autodiff_engine.errors import ModelUnavailable
from autodiff_engine.llm import Call, Reply, ScriptedModel, Usage
from autodiff_engine.optimizer import Optimizer
from autodiff_engine.proposal import Evidence, Failed, Proposal, Situation, Version

GOOD = "<reasoning>r</reasoning><method>delete</method><new_text>LEVEL 3</new_text>"
FAR = TrainedText("query.task", "says what to look for", "Look it up.")
ALL = (*TEXTS, FAR)
PARENT = Candidate({text.name: text.value for text in ALL})


def situation(**told: object) -> Situation:
    known = Situation(
        step=2,
        k=1,
        parent=PARENT,
        evidence={"task": [Evidence("a1", "first piece"), Evidence("a2", "second piece")]},
        peers={"task": ("format",), "format": ("task",)},
        forms={"task": ("one of yes, no",)},
        right=31,
        total=47,
        accepted=(),
        failed=(),
        stale=0,
    )
    return replace(known, **told)  # type: ignore[arg-type]


def optimizer(
    model: ScriptedModel,
    *,
    update: Literal["joint", "rotate"] = "joint",
    gradients: Literal["text", "data", "none"] = "text",
    techniques: bool = True,
    seed: int = 0,
    context: int = 8000,
) -> Optimizer:
    who = asker(model, "optimizer", context=context)
    return Optimizer(ALL, who, instructions(), seed, update, gradients, techniques, 200)


async def proposed(
    told: Situation, answer: Callable[[Call], str | Reply] = lambda call: GOOD, **how: object
) -> tuple[ScriptedModel, Proposal]:
    model = ScriptedModel(answer)
    return model, await optimizer(model, **how).propose(told)  # type: ignore[arg-type]


async def prompt(told: Situation, **how: object) -> str:
    model, _ = await proposed(told, **how)
    assert len(model.seen) == 1
    return prompt_of(model.seen[0])


def in_order(whole: str, parts: Sequence[str]) -> bool:
    places = [whole.index(part) for part in parts]
    return places == sorted(places)


async def test_the_prompt_holds_the_text_whole_its_role_peers_others_and_feedback_in_order() -> None:
    long = "Count {{ x }} & <b>.\n" * 60
    sent = await prompt(situation(parent=PARENT.with_texts({"task": long.strip()})))
    assert in_order(sent, ["first piece", "second piece"])
    assert in_order(sent, ["says how able the LLM is", f"\n{long.strip()}\n"])
    assert in_order(sent, ["format", "says how to answer", "One word."])
    assert in_order(sent, ["query.task", "says what to look for", "Look it up."])
    assert "31 of 47" in sent
    assert sent.count("One word.") == 1


async def test_what_is_read_from_the_reply_is_said_after_the_text() -> None:
    sent = await prompt(situation())
    assert in_order(sent, ["</old_text>", "What is read from the LLM's reply: one of yes, no", "Which rules"])
    assert "is read" not in await prompt(situation(forms={}))


def again(call: Call) -> bool:
    """Whether a reply is asked for once more."""
    return "cannot be used: " in prompt_of(call) or "could not be used: " in prompt_of(call)


async def test_the_old_text_again_is_asked_for_once_more_without_being_shown() -> None:
    old = f"<new_text>{PARENT.texts['task'].upper()} </new_text>"
    model, made = await proposed(situation(), lambda call: GOOD if again(call) else old)
    first, second = (call.request.messages for call in model.seen)
    assert second[0] == first[0]
    assert second[1].content.startswith(first[1].content)
    assert "the new text is the old one" in second[1].content[len(first[1].content) :]
    assert "LEVEL" not in second[1].content[len(first[1].content) :]
    assert made.candidate.texts["task"] == "LEVEL 3"
    model, made = await proposed(situation(), lambda call: old)
    assert (len(model.seen), made.problem) == (2, "")  # the lint rejects it, by name


async def test_the_old_text_spoils_no_rewrite_of_another_when_the_second_reply_is_unusable() -> None:
    old = f"<new_text>{PARENT.texts['query.task']}</new_text>"

    def answer(call: Call) -> str:
        if "query.task" not in call.at:
            return GOOD
        return "I would not change it." if again(call) else old

    model, made = await proposed(situation(evidence=BOTH), answer)
    assert (len(model.seen), made.problem) == (3, "")
    assert made.candidate.texts == {**PARENT.texts, "task": "LEVEL 3"}


async def test_an_example_of_a_reply_is_shown_where_there_is_something_to_learn_from() -> None:
    assert "about a trout" in await prompt(situation())
    model, _ = await proposed(situation(evidence={}), gradients="none")
    assert all("about a trout" not in prompt_of(call) for call in model.seen)


async def test_a_text_that_quotes_our_own_instructions_is_asked_for_once_more_and_then_unusable() -> None:
    ours = "<new_text>- FISH: it lives in water and has gills, whatever it looks like.</new_text>"
    model, made = await proposed(situation(), lambda call: GOOD if again(call) else ours)
    assert "it repeats these instructions" in model.seen[1].request.messages[-1].content
    assert (len(model.seen), made.candidate.texts["task"]) == (2, "LEVEL 3")
    model, made = await proposed(situation(), lambda call: ours)
    assert (len(model.seen), made.candidate.id) == (2, PARENT.id)
    assert made.problem.startswith("task: it repeats these instructions")
    own = situation(
        parent=PARENT.with_texts({"task": "FISH: it lives in water and has gills, whatever it looks like."})
    )
    model, made = await proposed(own, lambda call: ours.replace("- FISH", "Say FISH"))
    assert (len(model.seen), made.problem) == (1, "")


async def test_a_reply_that_was_cut_off_is_not_shown_to_the_llm_again() -> None:
    long = Reply("<new_text>LEVEL 3 and so on", "length", Usage(1, 1))
    model, _ = await proposed(situation(), lambda call: long)
    assert again(model.seen[1])
    assert [message.role for message in model.seen[1].request.messages] == ["system", "user"]
    assert "LEVEL 3" not in prompt_of(model.seen[1])


async def test_without_peers_the_texts_of_the_same_call_are_not_shown() -> None:
    sent = await prompt(situation(show_peers=False))
    assert "One word." not in sent
    assert "Look it up." in sent


async def test_the_history_has_scores_values_methods_reasoning_both_gates_and_the_reason() -> None:
    best = Version(PARENT.with_texts({"task": "LEVEL 9"}), "0.700 (n=10)", {"task": "add examples"})
    start = Version(PARENT, "0.500 (n=10)", {})
    failed = Failed(proposal("LEVEL 1"), "on these examples 0.50 against 0.25; rejected: not better")
    sent = await prompt(situation(accepted=[best, start], failed=[failed]))
    assert "score 0.700 (n=10), method add examples: LEVEL 9" in sent
    assert "score 0.500 (n=10), method none, not changed: LEVEL 2" in sent
    assert in_order(sent, ["method rephrase. why", "text: LEVEL 1", "result: on these examples 0.50 against 0.25"])


async def test_without_history_nothing_of_it_is_shown() -> None:
    version = Version(PARENT, "0.700 (n=10)", {})
    plain = await prompt(situation())
    for shown in (
        await prompt(situation(accepted=[version])),
        await prompt(situation(failed=[Failed(proposal("LEVEL 1"), "rejected")])),
    ):
        added = [line for line in shown.splitlines() if line not in plain.splitlines()]
        assert 2 <= len(added) <= 5
    assert "method none" not in plain
    assert "result:" not in plain


async def test_another_texts_failures_and_unusable_replies_are_not_in_a_texts_history() -> None:
    other = Proposal(2, 1, PARENT, PARENT, (change("Two words.", "format"), change("", "task")))
    assert await prompt(situation(failed=[Failed(other, "rejected")])) == await prompt(situation())


@pytest.mark.parametrize(("stale", "says", "bolder"), [(0, 0, 0), (1, 1, 0), (3, 1, 0), (4, 1, 1)])
async def test_after_three_steps_without_improvement_it_is_asked_to_be_bolder(
    stale: int, says: int, bolder: int
) -> None:
    sent = await prompt(situation(stale=stale))
    assert (f"{stale} steps ago" in sent) == says
    assert ("boldly" in sent) == bolder


async def test_techniques_are_a_block_that_can_be_left_out() -> None:
    assert "Techniques that help" in await prompt(situation())
    assert "Techniques that help" not in await prompt(situation(), techniques=False)


async def test_what_is_shown_is_named_after_what_it_is() -> None:
    text, data = await prompt(situation()), await prompt(situation(), gradients="data")
    assert "feedback from examples where the system failed" in text
    assert "FEEDBACK, each with the call" in text
    assert "examples of what the system answered and what was expected" in data
    assert "FEEDBACK, each with the call" not in data
    assert "\nEXAMPLES\n" in data


async def test_with_scores_alone_every_text_is_rewritten_without_evidence() -> None:
    model, made = await proposed(situation(evidence={}), gradients="none")
    assert [each.name for each in made.changes] == ["task", "format", "query.task"]
    for call in model.seen:
        assert "FEEDBACK, each" not in prompt_of(call)
        assert "\nEXAMPLES\n" not in prompt_of(call)
        assert "the scores of earlier versions" in prompt_of(call)
        assert "31 of 47" in prompt_of(call)


BOTH = {"task": [Evidence("a1", "x")], "query.task": [Evidence("a2", "y")]}


async def test_joint_rewrites_every_text_that_has_evidence_in_the_programs_order() -> None:
    delays = {"task": 0.003, "query.task": 0.0}
    model = ScriptedModel(lambda call: GOOD, delay_s=lambda call: delays[call.at.split("/")[-2]])
    made = await optimizer(model).propose(situation(evidence=BOTH))
    assert [each.name for each in made.changes] == ["task", "query.task"]
    assert dict(made.candidate.texts) == {"task": "LEVEL 3", "format": "One word.", "query.task": "LEVEL 3"}
    assert [call.at for call in model.seen] == ["2/optimizer/p1/task/1", "2/optimizer/p1/query.task/1"]


@pytest.mark.parametrize(("step", "name"), [(3, "task"), (4, "query.task"), (5, "query.task"), (6, "task")])
async def test_rotate_rewrites_one_text_in_turn_and_skips_those_without_evidence(step: int, name: str) -> None:
    model, made = await proposed(situation(step=step, evidence=BOTH), update="rotate")
    assert [each.name for each in made.changes] == [name]
    assert len(model.seen) == 1


async def test_what_does_not_fit_is_left_out_oldest_first_counted_and_never_the_text() -> None:
    pieces = [Evidence(f"a{i}", f"piece {i} " + "word " * 300) for i in range(6)]
    model, made = await proposed(situation(evidence={"task": pieces}), context=2600)
    sent = prompt_of(model.seen[0])
    left_out = made.changes[0].left_out
    assert 0 < left_out < 6
    assert f"({left_out} older pieces are left out" in sent
    assert [f"piece {i} " in sent for i in range(6)] == [i >= left_out for i in range(6)]
    assert made.changes[0].asked_by == tuple(f"a{i}" for i in range(left_out, 6))

    model, made = await proposed(situation(evidence={"task": pieces}), context=10)
    assert made.changes[0].left_out == 6
    assert "LEVEL 2" in prompt_of(model.seen[0])
    assert not made.problem


BAD: list[tuple[str | Reply, str]] = [
    ("chat", "there is no text between"),
    ("", "there is no text between"),
    ("<new_text> </new_text>", "is empty"),
    (Reply(GOOD, "length", Usage(1, 1)), "cut off at the length limit"),
    (Reply("I cannot help.", "content_filter", Usage(1, 1)), "refused by a content filter"),
]


@pytest.mark.parametrize(("bad", "problem"), BAD)
async def test_an_unusable_reply_is_asked_for_once_more_and_then_rejected_with_its_reason(
    bad: str | Reply, problem: str
) -> None:
    model, made = await proposed(situation(), lambda call: bad)
    assert len(model.seen) == 2
    assert problem in model.seen[1].request.messages[-1].content
    assert made.problem.startswith("task: ")
    assert problem in made.problem
    assert made.candidate.id == PARENT.id


async def test_both_reasons_of_an_unusable_proposal_are_told() -> None:
    _, made = await proposed(
        situation(evidence=BOTH),
        lambda call: GOOD if "query.task" in call.at else "chat" if again(call) else Reply("x", "length", Usage(1, 1)),
    )
    first = "task: it was cut off at the length limit; write a shorter text"
    assert (made.tried, made.problem) == ((first,), "task: there is no text between <new_text> and </new_text>")


async def test_a_repaired_proposal_tells_of_no_problem() -> None:
    _, made = await proposed(situation(), lambda call: GOOD if again(call) else "chat")
    assert (made.tried, made.problem) == ((), "")


@pytest.mark.parametrize(("bad", "problem"), BAD)
async def test_a_repaired_reply_is_as_good_as_a_first_one(bad: str | Reply, problem: str) -> None:
    model, made = await proposed(situation(), lambda call: GOOD if again(call) else bad)
    assert problem in prompt_of(model.seen[1])
    assert (made.problem, made.candidate.texts["task"]) == ("", "LEVEL 3")


async def test_a_closing_tag_is_asked_for_once_and_then_not_insisted_on() -> None:
    model, made = await proposed(situation(), lambda call: "<new_text>\nLEVEL 3\n")
    assert (len(model.seen), made.problem, made.candidate.texts["task"]) == (2, "", "LEVEL 3")
    assert "there is no text between <new_text> and </new_text>" in prompt_of(model.seen[1])


async def test_one_unusable_text_of_several_rejects_the_proposal() -> None:
    _, made = await proposed(situation(evidence=BOTH), lambda call: "chat" if "query.task" in call.at else GOOD)
    assert made.problem.startswith("query.task: ")
    assert made.candidate.id == PARENT.id


async def test_every_step_proposal_and_seed_has_a_draw_of_its_own() -> None:
    draws: list[int] = []
    for seed in range(3):
        for step in range(1, 4):
            for k in range(1, 4):
                model, _ = await proposed(situation(step=step, k=k), seed=seed)
                draws.append(model.seen[0].request.draw)
    assert len(set(draws)) == 27


async def test_values_go_in_and_come_out_verbatim() -> None:
    value = "{{ task }} {x} 100 % $HOME <b>&amp;</b> ``` </reasoning> {% raw %}"
    model, made = await proposed(
        situation(parent=PARENT.with_texts({"task": value}), evidence={"task": [Evidence("a1", value)]}),
        lambda call: f"<new_text>{value}!</new_text>",
    )
    assert prompt_of(model.seen[0]).count(value) == 2
    assert made.changes[0].value == f"{value}!"


async def test_nobody_answering_is_no_proposal() -> None:
    def nobody(call: Call) -> str:
        raise ModelUnavailable("nobody")

    with pytest.raises(ModelUnavailable, match="nobody"):
        await proposed(situation(), nobody)


SHOTS = TrainedText("demos", "holds worked examples", "Q one\nA one\n\nQ two\nA two", "demos")


def with_demos(model: ScriptedModel, how: Literal["joint", "rotate"], gradients: Literal["text", "none"]) -> Optimizer:
    return replace(optimizer(model, update=how, gradients=gradients), texts=(TEXTS[0], SHOTS, TEXTS[1]))


@pytest.mark.parametrize("gradients", ["text", "none"])
@pytest.mark.parametrize("how", ["joint", "rotate"])
async def test_demos_are_never_rewritten_and_kept(
    how: Literal["joint", "rotate"], gradients: Literal["text", "none"]
) -> None:
    parent = Candidate({"task": "LEVEL 2", "demos": SHOTS.value, "format": "One word."})
    evidence = {name: [Evidence("a1", "piece")] for name in ("task", "demos", "format")}
    for step in range(3):
        model = ScriptedModel(lambda call: GOOD)
        made = await with_demos(model, how, gradients).propose(situation(parent=parent, evidence=evidence, step=step))
        names = [change.name for change in made.changes]
        assert names == (["task", "format"] if how == "joint" else [("task", "format")[step % 2]])
        assert made.candidate.texts["demos"] == SHOTS.value


@pytest.mark.parametrize(("value", "told"), [(SHOTS.value, 1), ("", 0)])
async def test_of_demos_that_are_sent_along_only_the_number_is_shown(value: str, told: int) -> None:
    parent = Candidate({"task": "LEVEL 2", "demos": value, "format": "One word."})
    model = ScriptedModel(lambda call: GOOD)
    peers = {"task": ("format", "demos")}
    await with_demos(model, "joint", "text").propose(situation(parent=parent, peers=peers))
    sent = prompt_of(model.seen[0])
    assert sent.count("<demos> holds worked examples: (2 examples, not shown here)") == told
    assert "Q one" not in sent
    assert sent.count("<demos>") == told
    assert "TEXTS OF OTHER CALLS" not in sent


SIX = tuple(TrainedText(f"{node}.{kind}", "does its part", "Do.") for node in "abc" for kind in ("task", "format"))


async def test_rotate_gives_each_of_six_texts_of_three_calls_its_turn_and_shows_it_peers_and_others_apart() -> None:
    model = ScriptedModel(lambda call: GOOD)
    who = Optimizer(SIX, asker(model, "optimizer"), instructions(), 0, "rotate", "text", True, 200)
    names = [text.name for text in SIX]
    parent = Candidate({text.name: text.value for text in SIX})
    evidence = {name: [Evidence("a1", f"on {name}")] for name in names}
    peers = {name: tuple(each for each in names if each != name and each[0] == name[0]) for name in names}
    told = situation(parent=parent, evidence=evidence, peers=peers, forms={})
    for step in range(6, 12):
        made = await who.propose(replace(told, step=step))
        assert [change.name for change in made.changes] == [names[step - 6]]
    first = prompt_of(model.seen[0])
    together, others = first.split("OTHER TEXTS SENT IN THE SAME CALL")[1].split("TEXTS OF OTHER CALLS")
    assert [name for name in names if f"<{name}>" in together] == ["a.format"]
    assert [name for name in names if f"<{name}>" in others] == names[2:]
