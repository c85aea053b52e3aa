import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.config import (
    Loaded,
    SourceFiles,
    code,
    load,
    model,
    parse,
    rebased,
    source,
    to_toml,
)

SMALL = """
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
[models.task]
model = "openai/gpt-4o-mini"
"""

WHOLE = """
[task]
pipeline = "prompt"
metric = "mine/metrics.py:score"
[program]
system = "{{ task }}\\n{{ format }}"
user = "{{ question }}"
answer = {labels = ["yes", "no"]}
demos = ["shots"]
roles = {task = "says what to do"}
[prompts]
file = "best.toml"
task = "Two\\r\\nlines."
"answer.format" = "End with N."
[data]
source = {train = "a.csv", val = "bbh:b.json"}
columns = {answer = "label"}
train = 5
[retrieval]
corpus = "hotpot:data/h.json"
k = 3
[models.task]
model = "local/models/m.gguf"
sha256 = "00"
context = 4096
[models.optimizer]
model = "openai/gpt-4o"
api_base = "http://127.0.0.1:8100/v1"
price = {prompt = 2.5, completion = 10}
reasoning_effort = "low"
extra_headers = {X-Team = "a"}
[trainer]
preset = "paper"
batch_size = 5
minibatch_metric = "f1"
demos = {bootstrapped = 0}
[budget]
usd = 1
[cache]
mode = "read-only"
"""


def written(folder: Path, text: str, name: str = "c.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def loaded(folder: Path, text: str, *overrides: str) -> Loaded:
    return load(written(folder, text), overrides)


@pytest.mark.parametrize("text", [SMALL, WHOLE], ids=["small", "whole"])
def test_a_config_written_back_loads_and_is_equal(tmp_path: Path, text: str) -> None:
    config = loaded(tmp_path, text).config

    again = load(written(tmp_path, to_toml(config), "again.toml")).config

    assert again == config
    assert to_toml(again) == to_toml(config)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_start_texts_of_any_name_survive_being_written(texts: dict[str, str]) -> None:
    texts.pop("file", None)
    config = parse({**tomllib.loads(SMALL), "prompts": texts})

    assert dict(parse(tomllib.loads(to_toml(config))).prompts.texts) == texts


def test_a_config_moved_to_a_runs_folder_names_the_same_files(tmp_path: Path) -> None:
    here = tmp_path / "project"
    run = tmp_path / "elsewhere" / "run-1"
    here.mkdir()
    run.mkdir(parents=True)
    absolute = f'[task]\npipeline = "{here}/p.py:f"\n[data]\nsource = "{here}/d.csv"\n[models.task]\nmodel = "a/b"\n'

    moved = rebased(loaded(here, WHOLE).config, here, run)
    again = load(written(run, to_toml(moved), "config.toml"))

    assert again.config == moved
    assert again.config.task.metric == "../../project/mine/metrics.py:score"
    assert again.config.data.source == SourceFiles(train="../../project/a.csv", val="bbh:../../project/b.json")
    assert (run / str(again.config.prompts.file)).resolve() == here / "best.toml"
    assert again.config.retrieval.corpus == "hotpot:../../project/data/h.json"
    assert again.config.models["task"].model == "local/../../project/models/m.gguf"
    assert again.config.models["optimizer"].model == "openai/gpt-4o"
    assert again.config.trainer.minibatch_metric == "f1"
    assert str(tmp_path) not in to_toml(rebased(loaded(here, absolute).config, here, run))


@pytest.mark.parametrize(
    ("corpus", "moved"),
    [
        ("texts", "../texts"),
        ("c.jsonl", "../c.jsonl"),
        ("generated:two_hop", "generated:two_hop"),
        ("hf:a/b", "hf:a/b"),
    ],
)
def test_a_corpus_moves_with_its_config(tmp_path: Path, corpus: str, moved: str) -> None:
    config = loaded(tmp_path, f'{SMALL}[retrieval]\ncorpus = "{corpus}"\n').config

    assert rebased(config, tmp_path, tmp_path / "run").retrieval.corpus == moved


def test_where_the_cache_lies_is_no_part_of_a_runs_config(tmp_path: Path) -> None:
    config = loaded(tmp_path, f'{SMALL}[cache]\ndir = "mine"\n').config

    assert config.cache.dir == str(tmp_path / "mine")
    assert rebased(config, tmp_path, tmp_path / "run").cache.dir is None


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        (source("bbh:/home/x/o.json"), "bbh:o.json"),
        (source("../q.csv"), "q.csv"),
        (source("generated:object_count"), "generated:object_count"),
        (code("a/b.py:f"), "b.py:f"),
        (code("exact_match"), "exact_match"),
        (model("local//home/x/m.gguf"), "local/m.gguf"),
        (model("local/sha256:00"), "local/sha256:00"),
        (model("openai/gpt-4o"), "openai/gpt-4o"),
        (source("C:\\x\\q.csv"), "q.csv"),
    ],
)
def test_files_are_shown_without_their_folders(reference: object, shown: str) -> None:
    assert getattr(reference, "shown") == shown  # noqa: B009 - the class is not public


def test_an_empty_table_for_a_provider_stays(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(f"{SMALL}extra_body = {{}}\nmetadata = {{a = {{}}}}\n", encoding="utf-8")
    config = load(tmp_path / "c.toml").config
    (tmp_path / "again.toml").write_text(to_toml(config), encoding="utf-8")

    assert dict(load(tmp_path / "again.toml").config.models["task"].extra) == {"extra_body": {}, "metadata": {"a": {}}}
    assert load(tmp_path / "again.toml").config == config
