"""Programs that search, trained on a file of HotPotQA: its paragraphs are what is searched."""

import json
import re
from pathlib import Path

import pytest
from tests.synthetic import asker, prompt_of, trained

from autodiff_engine.build.program import pipeline
from autodiff_engine.candidate import start
from autodiff_engine.config import RunConfig, parse
from autodiff_engine.dataset import load
from autodiff_engine.events import CandidateScored, FeedbackGiven, ProposalJudged
from autodiff_engine.llm import Call, ScriptedModel
from autodiff_engine.trace import Trace

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
