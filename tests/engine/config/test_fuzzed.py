"""Whatever a config holds: it is a RunConfig, or it is refused, one line for each thing that is wrong."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import strategies as st

from autodiff_engine.config import RunConfig, load, to_toml
from autodiff_engine.errors import ConfigError, line

from ...fuzzing import Trial, edited, edits, few, many, numbers, one_line, words

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.toml"))
WHOLE = """
[task]
pipeline = "prompt"
metric = "exact_match"
losses = [{node = "answer", metric = "f1", expected = "gold_titles", weight = 0.5}]
[data]
source = {train = "a.csv", val = "b.csv"}
columns = {answer = "label"}
train = 4
[retrieval]
corpus = "hotpot:x.json"
k = 3
[program]
system = "{{ task }}"
user = "{{ question }}"
answer = {labels = ["yes", "no"]}
roles = {task = "what to do"}
[models.task]
model = "openai/gpt-4o-mini"
api_base = "http://127.0.0.1:1/v1"
price = {prompt = 1.0, completion = 2.0}
top_p = 0.5
stop = ["\\n"]
[models.judge]
model = "local/x.gguf"
[trainer]
preset = "paper"
demos = {bootstrapped = 1}
accept = "confident"
[budget]
usd = 1.0
[limits]
in_flight = 4
[cache]
dir = "answers"
[prompts]
file = "best.toml"
"answer.task" = '''
several
lines'''
"""
values = st.recursive(
    st.one_of(words, numbers, st.booleans(), st.dates(), st.datetimes(), st.times()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


def refusal(path: Path, overrides: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> str:
    """The lines that a config is refused with, or empty: then it is one that can be written down and read again."""
    said = config = None
    try:
        config = load(path, overrides).config
    except ConfigError as error:
        said = error
    if said is None:
        assert isinstance(config, RunConfig)
        again = path.with_name("again.toml")
        again.write_text(to_toml(config), encoding="utf-8", newline="")
        assert load(again).config == config
        return ""
    lines = str(said).split("\n")
    assert all(one_line(line) for line in lines), lines
    assert all(line.startswith((str(path), "--set ", *files)) for line in lines), lines
    assert not said.hint or one_line(said.hint)
    return str(said)


def written(content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.toml"
        path.write_bytes(content)
        return refusal(path)


def paths_of(tables: dict[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in tables.items():
        found.append((*before, key))
        if isinstance(value, dict):
            found += paths_of(value, (*before, key))
    return found


def tables() -> dict[str, Any]:
    return tomllib.loads(WHOLE)


PATHS = paths_of(tables())
places = st.one_of(
    st.sampled_from(PATHS),
    st.tuples(st.sampled_from(PATHS), words).map(lambda pair: (*pair[0][:-1], pair[1])),
    st.lists(words, min_size=1, max_size=4).map(tuple),
)


def as_toml(told: dict[str, Any]) -> bytes:
    return tomli_w.dumps(told).encode("utf-8", "replace")


def put(told: dict[str, Any], place: tuple[str, ...], value: object) -> None:
    for key in place[:-1]:
        inner = told.get(key)
        if not isinstance(inner, dict):
            inner = told[key] = {}
        told = inner
    told[place[-1]] = value


def bytes_of_configs(file: Path, done: list[tuple[str, float, bytes]]) -> None:
    written(edited(file.read_bytes(), done))


def other_values(changed: list[tuple[tuple[str, ...], object]]) -> None:
    told = tables()
    for place, value in changed:
        put(told, place, value)
    written(as_toml(told))


def any_toml(told: dict[str, Any]) -> None:
    written(as_toml(told))


def any_override(key: tuple[str, ...], value: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.toml"
        path.write_text(WHOLE, encoding="utf-8")
        refusal(path, (f"{'.'.join(key)}={value}",), (line(".".join(key))[:5],))


trials = [
    Trial(bytes_of_configs, st.sampled_from(CONFIGS), edits),
    Trial(other_values, st.lists(st.tuples(places, values), min_size=1, max_size=3)),
    Trial(any_toml, st.dictionaries(words, values, max_size=4)),
    Trial(any_override, places, st.one_of(words, values.map(str))),
]


def test_the_config_that_others_are_made_from_is_one(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(WHOLE.replace('preset = "paper"\n', ""), encoding="utf-8")

    assert refusal(tmp_path / "c.toml") == ""
    assert all(load(file) for file in CONFIGS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", trials)
def test_a_few_hundred_hostile_configs_are_read_or_refused(trial: Trial) -> None:
    few(trial)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("trial", trials)
def test_thousands_of_hostile_configs_are_read_or_refused(trial: Trial) -> None:
    many(trial)
