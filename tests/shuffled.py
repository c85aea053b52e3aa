"""Trains a program of several calls against a provider that answers in a drawn order; a process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
from pathlib import Path

from autodiff_engine import build, config
from autodiff_engine.build import models, players
from autodiff_engine.control import Control
from autodiff_engine.dataset import Example
from autodiff_engine.dataset import load as load_data
from autodiff_engine.journal import read
from autodiff_engine.llm import Call, ScriptedModel

from .synthetic import random_delays

CONFIG = """
[task]
pipeline = "{pipeline}"
metric = "em"
[data]
source = "generated:two_hop"
train = 8
val = 6
test = 4
[models.task]
model = "openai/worker"
temperature = 0.0
api_base = "http://127.0.0.1:9/v1"
price = {{prompt = 1.0, completion = 1.0}}
[models.optimizer]
temperature = 1.0
[trainer]
seed = 0
max_steps = 3
max_proposals = 3
proposals = "{proposals}"
minibatch_metric = "f1"
"""
BRANCHES = """
from autodiff_engine.program import Prompt, Text, program

ASK = Prompt(user="Question: {{ question }}", system="Query {{ part }}. {{ task }}")
ANSWER = Prompt(user="Passages:\\n{{ context }}\\n\\nQuestion: {{ question }}", system="{{ task }}\\n\\n{{ demos }}")
QUERY, LAST = Text("query.task", "asks", "Write a query."), Text("answer.task", "answers", "Answer the question.")
DEMOS = Text("answer.demos", "shows how", "", "demos")

async def looked_up(trace, question, part):
    query = await trace.generate("query", template=ASK, prompts=["query.task"], question=question, part=part)
    return await trace.apply("look", lambda query: f"What is known of {query}.", query, kind="retrieved")

@program(texts=[QUERY, LAST, DEMOS])
async def branches(trace, question):
    node = trace.input("question", question)
    seen = await trace.all(*(looked_up(trace, node, part) for part in ("one", "two")))
    return await trace.generate(
        "answer", template=ANSWER, prompts=["answer.task", "answer.demos"], question=node,
        context=await trace.apply("join", lambda *seen: " ".join(seen), *seen),
        parse=lambda reply: reply.partition("Answer: ")[2] or None,
    )
"""
"""A user's program with two queries at once and demos for its answer."""
KNOW = "KNOW"


class Player:
    """Plays every role by what it is sent alone: the more often a text says KNOW, the more often its call is right."""

    def __init__(self, examples: tuple[Example, ...]) -> None:
        self._expected = {each.inputs["question"]: each.expected or "" for each in examples}

    def __call__(self, call: Call) -> str:
        system, user = (message.content for message in call.request.messages[:2])
        draw = random.Random(f"{len(call.request.messages)}/{call.request.draw}/{system}/{user}")
        match call.role:
            case "task":
                return self._worked(system, user, draw)
            case "backward":
                keys = re.findall(r'<feedback key="([^"]+)">', system)
                words = ("NOT TO BLAME. Fine.", "Say more.", "It is vague. Name the thing.")
                if not keys or draw.random() < 0.1:
                    return "It is vague."
                return "\n".join(f'<feedback key="{key}">{draw.choice(words)}</feedback>' for key in keys)
            case _:
                new = f"{' '.join([KNOW] * draw.randrange(4))} what to do, in {draw.randrange(100)} ways."
                return f"<reasoning>r</reasoning><method>rephrase</method><new_text>{new}</new_text>"

    def _worked(self, system: str, user: str, draw: random.Random) -> str:
        question = max((each for each in self._expected if each in user), key=len)
        right = draw.random() < 0.1 + 0.1 * f"{system}{user}".count(KNOW)
        words = " ".join(draw.sample(question.split(), 2))
        if "Tools:" in system:
            if draw.random() < 0.1:
                return "I cannot tell."
            if "This is step 3" in user or draw.random() < 0.2:
                return f"Action: finish({self._expected[question] if right else words})"
            return f"Action: retrieve({question if right else words})"
        if call_for_query(system, user):
            return question if right else words
        return f"Answer: {self._expected[question] if right else words}"


def call_for_query(system: str, user: str) -> bool:
    """Tell the writers of queries from the one who answers, by the one part of their prompts that is not trained.

    Where nothing was found yet they are told the same, and an answer serves as a query, too.
    """
    return "Passages:" not in user and "No passage was found." not in user


def train(folder: Path, program: str, delays: int) -> dict[str, list[str]]:
    """Train once; return the facts, and what was asked in the order in which it arrived."""
    folder.mkdir()
    proposals = "parallel" if program == "multi_hop_cycle" else "serial"
    (folder / "own.py").write_text(BRANCHES, encoding="utf-8")
    pipeline = "own.py:branches" if program == "branches" else program
    (folder / "c.toml").write_text(CONFIG.format(pipeline=pipeline, proposals=proposals), encoding="utf-8")
    loaded = config.load(folder / "c.toml")
    splits = load_data(loaded.config.data, loaded.base)
    player = Player((*splits.train, *splits.val, *splits.test))
    scripted = ScriptedModel(player, delay_s=random_delays(delays))
    models.LiteLLMModel = lambda *_, **__: Closing(scripted)  # type: ignore[misc,assignment]
    options = build.RunOptions(run_dir=folder / "run", cache_dir=folder / "answers")
    end = asyncio.run(build.training(loaded, options).execute(Control(), lambda stamped: None))
    assert end.status == "done", end
    return {"facts": list(read(folder / "run").facts), "asked": [call.at for call in scripted.seen]}


class Closing:
    """The scripted model as a run owns its provider."""

    def __init__(self, scripted: ScriptedModel) -> None:
        self.complete = scripted.complete

    async def aclose(self) -> None:
        """Nothing is open."""


def main(arguments: list[str]) -> None:
    """``FOLDER DELAYS PROGRAM...``: print, by program, what came of it."""
    folder, delays, *programs = arguments
    players.missing_key = lambda _: None
    told = {name: train(Path(folder) / name, name, int(delays)) for name in programs}
    print(json.dumps(told))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
