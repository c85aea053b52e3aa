"""A task for whole commands: sixteen questions that a worker counts right once its prompt says to be careful."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from .loopback import Turn, ok

CONFIG = """
[task]
pipeline = "prompt"
metric = "exact_match"

[data]
source = "questions.csv"
train = 6
val = 6
test = 4

[program]
system = "{{{{ task }}}}"
user = "{{{{ question }}}}"
answer = "last_number"

[prompts]
task = "Count."

[models.task]
model = "openai/worker"
api_base = "{url}"
price = {{prompt = 1.0, completion = 1.0}}

[models.backward]
model = "openai/critic"
api_base = "{url}"
price = {{prompt = 1.0, completion = 1.0}}

[models.optimizer]
model = "openai/writer"
api_base = "{url}"
price = {{prompt = 1.0, completion = 1.0}}

[trainer]
max_steps = 3
max_proposals = 2
"""
SECRET = "sk-loopback-0123456789abcdef"


def provider(body: dict[str, Any]) -> Turn:
    """A worker that counts right once it is told to be careful, a critic and a writer who say so."""
    said = " ".join(message["content"] for message in body["messages"])
    if body["model"] == "worker":
        number = int(re.findall(r"\d+", body["messages"][-1]["content"])[-1])
        return ok(f"Answer: {number if 'carefully' in said or number % 2 else number + 1}")
    if body["model"] == "sage":
        (number,) = re.findall(r"\d+", body["messages"][-1]["content"])
        return ok(f"I counted carefully.\n\nAnswer: {number}")
    if body["model"] == "critic":
        keys = re.findall(r'<feedback key="([^"]+)">', said)
        return ok("\n".join(f'<feedback key="{key}">Say to count carefully.</feedback>' for key in keys) or "Wrong.")
    return ok("<reasoning>care</reasoning><method>rephrase</method><new_text>Count carefully.</new_text>")


def placed(here: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Go to ``here``, with the task's config and data, a key, and a store of its own."""
    monkeypatch.chdir(here)
    for name in [name for name in os.environ if name.startswith("AUTODIFF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here / "xdg"))
    monkeypatch.setenv("AUTODIFF_CACHE_DIR", str(here / "answers"))
    rows = "\n".join(f"How many are {number} things?,{number}" for number in range(1, 17))
    Path("questions.csv").write_text(f"question,answer\n{rows}\n", encoding="utf-8")
    Path("c.toml").write_text(CONFIG.format(url=url), encoding="utf-8")


def events_of(out: str) -> list[dict[str, Any]]:
    """What a command said as JSON, or a journal holds."""
    return [json.loads(line) for line in out.splitlines()]
