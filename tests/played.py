"""Plays the provider for whole runs of any program: a text that was rewritten once makes its call come out right."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from autodiff_engine.config import load
from autodiff_engine.dataset import Example
from autodiff_engine.dataset import load as load_data

from .loopback import Loopback, Turn, beside, ok

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))
HOPS = "data.source=generated:two_hop"
PLACE = {"trec": "data.source=trec:{here}/trec.label", **dict.fromkeys(("vanilla_rag", "multi_hop", "react"), HOPS)}
"""Where the data of a program is, of a config that names a file which does not come with the project."""
KNOW = "KNOW"
"""How every text begins that the played optimizer wrote."""
ROLES = ("task", "backward", "optimizer", "teacher", "judge")
SMALL = (
    "data.train=4",
    "data.val=3",
    "data.test=2",
    "trainer.batch_size=3",
    "trainer.max_proposals=1",
    "trainer.update=joint",  # so that one step rewrites every text
)


@dataclass
class Provider:
    """Answers as all models of a config would; ``examples`` are those that it may be asked about."""

    examples: Sequence[Example] = ()
    asked: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def __call__(self, body: dict[str, Any]) -> Turn:
        self.asked.append(body)
        messages = [message["content"] for message in body["messages"][:2]]
        system, user = messages if len(messages) == 2 else ("", messages[0])
        match body["model"]:
            case "task":
                return ok(self._reply(system, user))
            case "backward":
                keys = re.findall(r'<feedback key="([^"]+)">', system)
                return ok("\n".join(f'<feedback key="{key}">Say more in {key}.</feedback>' for key in keys) or "Wrong.")
            case "teacher":
                return ok(f"{KNOW}. Answer: {self._asked_for(user)[1]}")
            case "judge":
                answer, expected = re.findall(r"(?:OUTPUT\n)(.*)", user)
                return ok(f"It is so.\nScore: {10 if answer == expected else 0}")
            case _:
                name = re.findall(r"which is called ([\w.]+):", user)[-1]
                return ok(
                    f"<reasoning>r</reasoning><method>rephrase</method><new_text>{KNOW} what {name} is for</new_text>"
                )

    def _reply(self, system: str, user: str) -> str:
        right = KNOW in system
        question, expected = self._asked_for(user)
        answer = expected if right else next(each.expected for each in self.examples if each.expected != expected)
        if "Tools:" in system:
            last = "This is step 3" in user
            return f"Thought: so.\nAction: finish({answer})" if last else f"Action: retrieve({question})"
        if "query" in system:
            return question if right else "zzz"
        return f"So it is.\nAnswer: {answer}"

    def _asked_for(self, user: str) -> tuple[str, str]:
        """The input of the example that ``user`` is about, and what is expected of it."""
        inputs = [(value, each.expected or "") for each in self.examples for value in each.inputs.values()]
        return max((pair for pair in inputs if pair[0] in user), key=lambda pair: len(pair[0]))


@dataclass(frozen=True)
class Stage:
    """The provider and the server that it stands behind."""

    provider: Provider
    server: Loopback

    def settings(self, *more: str, roles: Sequence[str] = ROLES[:3]) -> list[str]:
        """Flags that have every role played here, on little data."""
        named = [f"models.{role}.model=openai/{role}" for role in roles]
        named += [f"models.{role}.api_base={self.server.url}" for role in roles]
        named += [f"models.{role}.price={{prompt = 0.1, completion = 0.1}}" for role in roles]
        return [part for setting in (*named, *SMALL, *more) for part in ("--set", setting)]

    def knows(self, config: Path, flags: Sequence[str]) -> None:
        """Let the provider know the data of a config."""
        loaded = load(config, flags[1::2])
        splits = load_data(loaded.config.data, loaded.base)
        self.provider.examples = (*splits.train, *splits.val, *splits.test)
        self.provider.asked.clear()


@contextmanager
def served() -> Generator[Stage]:
    """The provider, beside the command under test."""
    provider = Provider()
    with beside(provider) as server:
        yield Stage(provider, server)


@contextmanager
def placed(here: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A folder to run commands in, with data; what modules of programs leave behind in this process goes."""
    path, modules = list(sys.path), set(sys.modules)
    monkeypatch.chdir(here)
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "xdg"))
    monkeypatch.setenv("AUTODIFF_CACHE_DIR", str(here / "answers"))
    lines = [f"{('LOC', 'NUM', 'HUM')[i % 3]}:x Is the thing that is called Zog{i} known ?" for i in range(12)]
    (here / "trec.label").write_text("\n".join(lines), encoding="latin-1")
    rows = [{"question": f"Who is Zog{i} ?", "answer": f"a{i % 3}", "gold_wanted": f"WHO IS ZOG{i}"} for i in range(12)]
    (here / "questions.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(here) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


def flags_of(stage: Stage, config: Path, here: Path, *more: str, roles: Sequence[str] = ROLES[:3]) -> list[str]:
    """Flags that play a config's models on data that is there; the provider is told that data."""
    pipeline = tomllib.loads(config.read_text(encoding="utf-8"))["task"]["pipeline"]
    place = PLACE.get(pipeline.removesuffix("_cycle"))
    set_place = [place.format(here=here)] if place else []
    flags = stage.settings("trainer.max_steps=1", *set_place, *more, roles=roles)
    stage.knows(config, flags)
    return flags


def events_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def named(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def texts_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return named(events, "ProgramDescribed")[0]["texts"]


def blamed(events: list[dict[str, Any]]) -> set[str]:
    return {e["target"] for e in named(events, "FeedbackGiven") if e["on_text"] and e["to_blame"]}


def trained_texts(events: list[dict[str, Any]]) -> set[str]:
    return {text["name"] for text in texts_of(events) if text["kind"] == "prompt"}


def sent(body: Mapping[str, Any]) -> str:
    return "\n".join(message["content"] for message in body["messages"])
