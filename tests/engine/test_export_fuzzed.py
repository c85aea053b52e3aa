"""``best.toml`` with any texts: written, read and written again it is the same bytes, and ``eval`` takes them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from autodiff_engine import build, config
from autodiff_engine.errors import ConfigError
from autodiff_engine.export import BestText, Origin, is_export, read_prompts, to_toml, write_best
from autodiff_engine.template import markers
from autodiff_tui.exporting import copy_best

from ..fuzzing import Trial, edited, edits, few, many, one_line, words
from .test_export import BEST

CONFIG = """
[task]
pipeline = "prompt"
[data]
source = "q.csv"
train = 2
val = 2
[program]
system = "{{ task }} {{ format }}"
[prompts]
task = "Count."
format = "Briefly."
[models.task]
model = "openai/x"
"""
ODD_NAMES = ("a.b", "a b", "", '"', "#", "é", "1", "=", "'''", "\n")


def with_texts(texts: Mapping[str, str]) -> Any:
    told = [BestText(name, value, "role", "prompt", None) for name, value in texts.items()]
    origins = [Origin(1, 1, each.name, "rephrase", ("1",), 0.5, 0.8, 4, None, (each.value,)) for each in told]
    return replace(BEST, texts=tuple(told), provenance=tuple(origins))


def again(texts: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "r").mkdir()
        path, copy = Path(folder) / "r" / "best.toml", Path(folder) / "copy.toml"
        write_best(path, with_texts(texts))
        first = path.read_bytes()
        found = read_prompts(path)
        assert dict(found) == texts
        assert list(found) == list(texts)
        assert is_export(path)
        write_best(path, with_texts(found))
        assert path.read_bytes() == first == to_toml(with_texts(found)).encode()
        copy_best(Path(folder) / "r", copy)
        assert copy.read_bytes() == first


def taken_by_eval(task: str, form: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.toml").write_text(CONFIG, encoding="utf-8")
        (folder / "q.csv").write_text("question,answer\na,1\nb,2\nc,3\nd,4\n", encoding="utf-8")
        write_best(folder / "best.toml", with_texts({"task": task, "format": form}))
        options = build.RunOptions(runs_root=folder / "runs", cache_dir=folder / "answers", offline=True)
        said = told = None
        try:
            told = build.evaluation(config.load(folder / "c.toml"), options, prompts=folder / "best.toml", split="val")
        except ConfigError as error:
            said = error
        if told is not None:
            assert {text.name: text.value for text in told.plan.program.texts} == {"task": task, "format": form}
            return
    assert markers(f"{task} {form}", ("task", "format", "question"))
    assert one_line(str(said))
    assert "holds a marker for slot" in str(said)


def changed_bytes(done: list[tuple[str, float, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.toml"
        path.write_bytes(edited(to_toml(with_texts({"task": "Count.\n\nThen\r say.", "a.b": '"""'})).encode(), done))
        said = None
        try:
            texts = read_prompts(path, ("task", "a.b"))
        except ConfigError as error:
            said = error
        if said is None:
            assert set(texts) <= {"task", "a.b"}
            return
    assert one_line(str(said)), str(said)


text_names = st.one_of(st.from_regex(r"[a-z_.]{1,12}", fullmatch=True), st.sampled_from(ODD_NAMES), words)
texts = st.one_of(words, st.text(" \t\r\n\\\"'\x00\x7f\x85\u2028a{}", max_size=40))
trials = [
    Trial(again, st.dictionaries(text_names, texts, min_size=1, max_size=4)),
    Trial(taken_by_eval, texts, texts),
    Trial(changed_bytes, edits),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", trials)
def test_a_few_hundred_prompts_come_back_byte_for_byte(trial: Trial) -> None:
    few(trial)


@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trial", trials)
def test_thousands_of_prompts_come_back_byte_for_byte(trial: Trial) -> None:
    many(trial)
