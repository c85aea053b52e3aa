"""Few-shot prompts before any training: which examples are drawn, and as what they are shown."""

from collections.abc import Mapping

import pytest
from tests.few_shot import SHOTS, program, puzzle
from tests.synthetic import asker

from autodiff_engine.candidate import TrainedText, start
from autodiff_engine.errors import ConfigError, ProgramError
from autodiff_engine.graph import Node
from autodiff_engine.llm import ScriptedModel
from autodiff_engine.pipeline import Pipeline
from autodiff_engine.prompt import Prompt
from autodiff_engine.raw_shots import Started, rehearsed, started
from autodiff_engine.trace import Trace

TRAIN = [puzzle(f"a{i}") for i in range(1, 21)]
ASK = Prompt(user="{{ question }}", system="{{ demos }}")
DEMOS = TrainedText("demos", "shows answers", "", "demos")


async def shown(seed: int, count: int) -> Started:
    found = await started(program(), TRAIN, seed=seed, count=count)
    assert list(found) == ["demos"]
    return found["demos"]


async def test_as_many_as_asked_for_are_shown_with_their_expected_answers_each_once() -> None:
    found = await shown(1, 12)
    assert len(set(found.examples)) == len(found.examples) == 12
    assert found.value == "\n\n".join(f"puzzle {name} of difficulty 1\nyes" for name in found.examples)


async def test_the_seed_decides_which_and_nothing_else_does() -> None:
    assert await shown(1, 5) == await shown(1, 5)
    assert (await shown(1, 5)).examples != (await shown(2, 5)).examples
    assert (await shown(1, 5)).examples == (await shown(1, 12)).examples[:5]


async def test_over_many_seeds_every_example_is_drawn_about_equally_often() -> None:
    counts = dict.fromkeys((each.id for each in TRAIN), 0)
    for seed in range(60):
        for name in (await shown(seed, 5)).examples:
            counts[name] += 1
    assert all(2 <= count <= 28 for count in counts.values()), counts  # 15 each, give or take four standard deviations


async def test_what_is_shown_does_not_depend_on_what_the_text_starts_with() -> None:
    base = program()
    before = await started(base.starting_from({"demos": "Q\nA"}, ""), TRAIN, seed=1, count=3)
    assert before == await started(base, TRAIN, seed=1, count=3)


async def test_an_example_without_an_expected_answer_or_that_the_program_cannot_take_is_not_drawn() -> None:
    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = trace.input("question", given["question"])

        def parse(reply: str) -> str:
            if "a3" in given["question"]:
                raise ValueError("no")
            return reply

        return await trace.generate("answer", template=ASK, prompts=["demos"], question=asked, parse=parse)

    train = [puzzle("a1", expected=None), puzzle("a2"), puzzle("a3"), puzzle("a4")]
    picky = Pipeline("picky", run, (DEMOS,), ("question",), ASK.slots)

    found = await started(picky, train, seed=0, count=2)

    assert set(found["demos"].examples) == {"a2", "a4"}
    with pytest.raises(ConfigError, match=r"demos\.start = 3: only 2 of 4 training examples can be shown in demos"):
        await started(picky, train, seed=0, count=3)
    assert await rehearsed(picky, train[2], start(picky.texts)) is None
    trace = Trace(start(picky.texts), picky.texts, asker(ScriptedModel(lambda call: "yes")), at="1/forward/a3", draw=0)
    with pytest.raises(ProgramError):
        await picky.run(trace, train[2].inputs)


async def test_a_program_without_demos_is_told_so() -> None:
    bare = Pipeline("bare", program().run, SHOTS[:2], ("question",), ())
    with pytest.raises(ConfigError, match=r"trainer\.demos\.start = 2: bare has no text of kind demos") as raised:
        await started(bare, TRAIN, seed=0, count=2)
    assert "leave trainer.demos.start out" in raised.value.hint


@pytest.mark.parametrize("where", ["query", "answer"])
async def test_demos_of_a_call_that_needs_another_one_before_it_cannot_be_known(where: str) -> None:
    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = trace.input("question", given["question"])
        plain = Prompt(user="{{ question }}")
        if where == "query":
            query = await trace.generate("query", template=ASK, prompts=["demos"], question=asked)
            return await trace.generate("answer", template=plain, prompts=[], question=query)
        query = await trace.generate("query", template=plain, prompts=[], question=asked)
        return await trace.generate("answer", template=ASK, prompts=["demos"], question=query)

    both = Pipeline("both", run, (DEMOS,), ("question",), ASK.slots)
    with pytest.raises(ConfigError, match="demos is not sent in a call that gives the program's answer by itself"):
        await started(both, TRAIN, seed=0, count=2)
