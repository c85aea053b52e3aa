"""Programs that search, trained on a file of HotPotQA: its paragraphs are what is searched."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from tests.synthetic import asker, instructions, of_role, prompt_of, trained

from autodiff_engine.build.plan import plan_of
from autodiff_engine.build.program import pipeline
from autodiff_engine.build.training import parts_of
from autodiff_engine.candidate import start
from autodiff_engine.config import RunConfig, parse
from autodiff_engine.control import Control
from autodiff_engine.dataset import load
from autodiff_engine.events import CandidateScored, Comparison, Event, FeedbackGiven, ProposalJudged
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.metric import BUILT_IN
from autodiff_engine.trace import Trace
from autodiff_engine.trainer import Trainer

SMALL = Path(__file__).parents[1] / "hotpot_small.json"
PASSAGES = {"no": "was cast in 1744", "Dyers of Brisk": "worked in the mill of Lower Brisk"}
"""By answer, what has to be found for it."""


def config(name: str, folder: Path, **retrieval: object) -> RunConfig:
    """Return the config of a program on eight questions, as both layouts of the data set have them."""
    rows = [
        json.loads(json.dumps(row).replace("Tarn", f"Tarn{i}").replace("Velmo", f"Velmo{i}").replace("Ysa", f"Ysa{i}"))
        for i in range(4)
        for row in json.loads(SMALL.read_text(encoding="utf-8"))
    ]
    (folder / "hotpot.json").write_text(json.dumps(rows), encoding="utf-8")
    return parse(
        {
            "task": {"pipeline": name},
            "data": {"source": "hotpot:hotpot.json", "train": 4, "val": 3, "test": 1},
            "models": {"task": {"model": "openai/worker"}},
            "retrieval": retrieval,
        }
    )


def play(call: Call) -> str:
    """Search for the question; answer it once a text says KNOW, and only from the passage that holds the answer."""
    system, user = (message.content for message in call.request.messages[:2])
    if call.role == "task":
        question = re.findall(r"Question: (.*)", user)[-1]
        if call.at.split("/")[3].startswith("query"):
            return question
        expected = "no" if question.startswith("Is") else "Dyers of Brisk"
        return f"Answer: {expected if 'KNOW' in system and PASSAGES[expected] in user else 'unknown'}"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        return "\n".join(f'<feedback key="{key}">Say more in {key}.</feedback>' for key in keys)
    return "<reasoning>r</reasoning><method>rephrase</method><new_text>KNOW it.</new_text>"


@pytest.mark.parametrize("name", ["vanilla_rag", "multi_hop", "multi_hop_cycle"])
async def test_a_program_that_searches_trains_a_step_on_hotpotqa(name: str, tmp_path: Path) -> None:
    told = config(name, tmp_path)
    program, splits = pipeline(told, tmp_path), load(told.data, tmp_path)
    assert program.corpus is not None
    assert program.corpus.passages == 4 * 3 + 2  # two paragraphs are the same for all questions

    model = ScriptedModel(play)
    settings: dict[str, object] = {"max_steps": 1, "max_proposals": 1, "loss_feedback": "template"}
    trainer, events = await trained(model, splits, pipeline=program, **settings)

    start = next(each for each in events if isinstance(each, CandidateScored))
    assert (start.split, start.mean, start.n) == ("val", 0, 3)
    assert {each.target for each in events if isinstance(each, FeedbackGiven) if each.on_text} == {
        text.name for text in program.texts
    }
    assert [each.fate for each in events if isinstance(each, ProposalJudged)] == ["accepted"]
    assert trainer.progress.best is not None
    assert trainer.progress.best.mean == 1
    asked = [prompt_of(call) for call in model.seen if call.role == "task" and "/answer/" in call.at]
    assert asked
    assert all(any(passage in prompt for passage in PASSAGES.values()) for prompt in asked)


GATES = """
[task]
pipeline = "vanilla_rag"
metric = "em"
[data]
source = "hotpot:hotpot.json"
train = 2
val = 2
test = 1
[models.task]
model = "openai/worker"
[trainer]
minibatch_metric = "f1"
max_steps = 1
max_proposals = 2
"""


def better_by_half(call: Call) -> str:
    """Answer with one word of three; once a text says KNOW with two of them, and once it says ALL with all three."""
    system = call.request.messages[0].content
    if call.role == "task":
        return f"Answer: {'Dyers of Brisk' if 'ALL' in system else 'Dyers of Ore' if 'KNOW' in system else 'the Dyers'}"
    if call.role == "backward":
        keys = re.findall(r'<feedback key="([^"]+)">', system)
        return "\n".join(f'<feedback key="{key}">Say more.</feedback>' for key in keys) or "It is not all of the name."
    word = "ALL" if "/p2/" in call.at else "KNOW"
    return f"<reasoning>r</reasoning><method>rephrase</method><new_text>{word} of it.</new_text>"


async def test_with_f1_beside_em_the_loss_and_the_minibatch_are_in_f1_and_the_validation_in_em(tmp_path: Path) -> None:
    row = SMALL.read_text(encoding="utf-8").partition(",\n  {")[2]
    rows = [json.loads(f"[{{{row}".replace("Ysa", f"Ysa{number}"))[0] for number in range(5)]
    (tmp_path / "hotpot.json").write_text(json.dumps(rows), encoding="utf-8")
    plan = plan_of(parse(tomllib.loads(GATES)), tmp_path, instructions(), recorded=True)
    model, events = ScriptedModel(better_by_half), list[Event]()

    await Trainer(parts_of(plan, model), Control(), events.append, lambda progress: None).fit()

    losses = [prompt_of(call) for call in of_role(model, "backward") if "/loss/" in call.at]
    assert len(losses) == 2
    for sent in losses:
        assert f"The metric: {BUILT_IN['f1'].description}\nThe score: 0.5 on a scale" in sent  # "Dyers" of three words
        assert BUILT_IN["em"].description not in sent
    half, whole = [each for each in events if isinstance(each, ProposalJudged)]
    assert (half.fate, whole.fate) == ("validation", "accepted")
    assert [(gate.split, gate.metric, gate.n, gate.before, gate.after) for gate in gates(half, whole)] == [
        ("train", "f1", 2, 0.5, pytest.approx(2 / 3)),
        ("val", "em", 2, 0, 0),
        ("train", "f1", 2, 0.5, 1),
        ("val", "em", 2, 0, 1),
    ]


def gates(*judged: ProposalJudged) -> list[Comparison]:
    return [gate for each in judged for gate in (each.minibatch, each.validation) if gate is not None]


async def searches(told: RunConfig, folder: Path) -> list[Call]:
    """Return the calls of an agent that never finishes."""
    program, model = pipeline(told, folder), ScriptedModel(lambda call: "Action: retrieve(dyers)")
    trace = Trace(start(program.texts), program.texts, asker(model), at="1/forward/a1", draw=0)
    answer = await program.run(trace, {"question": "Where?"})
    assert answer.value == ""
    return model.seen


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
async def test_the_agent_takes_as_many_steps_as_the_config_says_and_is_told_so(steps: int, tmp_path: Path) -> None:
    asked = [prompt_of(call) for call in await searches(config("react", tmp_path, agent_steps=steps), tmp_path)]
    assert [re.findall(r"This is step (\d+) of (\d+)\b", prompt) for prompt in asked] == [
        [(str(step), str(steps))] for step in range(1, steps + 1)
    ]


async def test_an_agent_whose_steps_the_config_does_not_say_sends_what_one_of_three_steps_sends(tmp_path: Path) -> None:
    unsaid = await searches(config("react", tmp_path), tmp_path)
    said = await searches(config("react", tmp_path, agent_steps=3), tmp_path)
    assert [call.request.key for call in unsaid] == [call.request.key for call in said]
    assert len(unsaid) == 3
