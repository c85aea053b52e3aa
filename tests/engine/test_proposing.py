from collections.abc import Mapping, Sequence

import pytest
from tests.few_shot import SHOTS
from tests.synthetic import asker, change, instructions

from autodiff_engine.candidate import TrainedText, start
from autodiff_engine.config import TrainerConfig
from autodiff_engine.control import Control
from autodiff_engine.errors import ModelRefused, ModelUnavailable
from autodiff_engine.events import Event, PhaseStarted
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.optimizer import Optimizer
from autodiff_engine.proposal import Evidence, Failed, Proposal, Situation
from autodiff_engine.proposing import Proposing

PARENT = start(SHOTS)
ASKED = {"task": [Evidence("a1", "piece")]}
DEMOS = Proposal(3, 1, PARENT, PARENT.with_texts({"demos": "Q\nA"}), (change("Q\nA", "demos", "demos"),))


class Bench:
    """The proposals of one step, written by a script."""

    def __init__(
        self,
        demos: Proposal | None = None,
        evidence: Mapping[str, Sequence[Evidence]] = ASKED,
        error: Exception | None = None,
        texts: tuple[TrainedText, ...] = SHOTS,
        **settings: object,
    ) -> None:
        told = TrainerConfig.model_validate({"max_proposals": 3, **settings})
        self.model = ScriptedModel(self._answer)
        self.error = error
        self.events: list[Event] = []
        optimizer = Optimizer(
            texts, asker(self.model, "optimizer"), instructions(), 0, "joint", told.gradients, True, 200
        )
        situation = Situation(3, 1, PARENT, evidence, {}, {}, 1, 4, (), (), 0)
        self.proposing = Proposing(optimizer, situation, told, Control(), self.events.append, demos)

    def _answer(self, call: Call) -> str:
        if self.error is not None:
            raise self.error
        return f"<reasoning>r</reasoning><method>delete</method><new_text>LEVEL {call.at}</new_text>"

    async def all(self) -> list[Proposal]:
        failed: list[Failed] = []
        for k in range(1, self.proposing.count + 1):
            failed.append(Failed(await self.proposing.proposal(k, failed), f"result {k}"))
        return [each.proposal for each in failed]


@pytest.mark.parametrize("how", ["serial", "parallel"])
async def test_demos_are_the_first_proposal_and_cost_no_call(how: str) -> None:
    bench = Bench(DEMOS, proposals=how)
    assert await bench.proposing.proposal(1, []) is DEMOS
    assert bench.model.seen == []
    made = await Bench(DEMOS, proposals=how).all()
    assert [each.k for each in made] == [1, 2, 3]
    assert [each.candidate.texts["demos"] for each in made] == ["Q\nA", "", ""]
    assert [each.candidate.texts["task"] for each in made[1:]] == [f"LEVEL 3/optimizer/p{k}/task/1" for k in (2, 3)]


@pytest.mark.parametrize(("how", "shown"), [("serial", 2), ("parallel", 0)])
async def test_in_parallel_the_optimizer_is_blind_to_what_failed(how: str, shown: int) -> None:
    bench = Bench(DEMOS, proposals=how, max_proposals=4)
    await bench.all()
    assert [call.request.messages[1].content.count("result ") for call in bench.model.seen][-1] == shown


async def test_demos_that_failed_are_not_told_to_the_writer_of_prompts() -> None:
    bench = Bench(DEMOS, max_proposals=2)
    await bench.all()
    assert "result 1" not in bench.model.seen[0].request.messages[1].content


@pytest.mark.parametrize(
    ("demos", "evidence", "gradients", "count"),
    [
        (None, ASKED, "text", 3),
        (None, {}, "text", 0),
        (DEMOS, {}, "text", 1),
        (DEMOS, ASKED, "text", 3),
        (None, {}, "none", 3),
        (DEMOS, {}, "none", 3),
    ],
)
def test_there_are_as_many_as_there_is_something_to_write_or_to_show(
    demos: Proposal | None, evidence: Mapping[str, Sequence[Evidence]], gradients: str, count: int
) -> None:
    assert Bench(demos, evidence, gradients=gradients).proposing.count == count


@pytest.mark.parametrize(("demos", "count"), [(DEMOS, 1), (None, 0)])
def test_where_all_is_demos_the_optimizer_has_nothing_to_write(demos: Proposal | None, count: int) -> None:
    assert Bench(demos, {}, texts=SHOTS[2:], gradients="none").proposing.count == count


async def test_each_is_announced_when_it_is_written() -> None:
    bench = Bench(DEMOS)
    await bench.all()
    assert bench.events == [PhaseStarted(3, f"p{k}.propose", 0) for k in (1, 2, 3)]


async def test_a_refusal_of_the_optimizer_is_an_unusable_proposal() -> None:
    (made, *_) = await Bench(error=ModelRefused("too long")).all()
    assert (made.problem, made.changes, made.candidate) == ("the optimizer refused: too long", (), PARENT)


async def test_an_optimizer_that_nobody_can_reach_ends_a_run_without_a_person() -> None:
    with pytest.raises(ModelUnavailable):
        await Bench(error=ModelUnavailable("nobody")).all()
