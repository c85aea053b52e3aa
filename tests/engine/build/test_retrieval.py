import shutil
from pathlib import Path

import pytest

from autodiff_engine.build.program import check_columns
from autodiff_engine.build.retrieval import brought_along, corpus, retriever
from autodiff_engine.candidate import TrainedText
from autodiff_engine.config import DataConfig, RunConfig, SourceFiles, parse
from autodiff_engine.dataset import load
from autodiff_engine.errors import ConfigError
from autodiff_engine.pipelines.prompt import one_call

SMALL = Path(__file__).parents[1] / "hotpot_small.json"
TITLES = ["Tarn Lamp", "Velmo Bell", "Ostrel Clock", "Ysa Korrin", "Lower Brisk"]
"""Of its paragraphs, one of which stands in both of its questions."""


def config(source: object, **tables: object) -> RunConfig:
    return parse(
        {
            "task": {"pipeline": "object_count"},
            "data": {"source": source},
            "models": {"task": {"model": "openai/gpt-4o-mini"}},
            **tables,
        }
    )


def titles_of(source: object, folder: Path) -> list[str]:
    return [each.title for each in corpus(config(source), folder, program="multi_hop").passages]


def test_data_with_paragraphs_brings_its_own_corpus(tmp_path: Path) -> None:
    shutil.copy(SMALL, tmp_path / "a.json")

    assert titles_of("hotpot:a.json", tmp_path) == TITLES


def test_the_corpus_of_files_that_the_user_split_is_all_paragraphs_of_all_of_them_each_once(tmp_path: Path) -> None:
    shutil.copy(SMALL, tmp_path / "a.json")
    for name, lamp in (("b", "Orm Lamp"), ("c", "Elk Lamp")):
        text = SMALL.read_text(encoding="utf-8").replace("Tarn Lamp", lamp)
        (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
    files = {"train": "hotpot:a.json", "val": "hotpot:b.json", "test": "hotpot:c.json"}

    assert titles_of(files, tmp_path) == [*TITLES, "Orm Lamp", "Elk Lamp"]
    assert titles_of(files | {"val": "hotpot:a.json"}, tmp_path) == [*TITLES, "Elk Lamp"]


def test_the_generated_corpus_holds_what_answers_each_question() -> None:
    told = config("generated:two_hop", retrieval={"k": 2})
    there = {each.title for each in corpus(told, Path(), program="multi_hop").passages}

    splits = load(told.data, Path())
    wanted = [title for each in splits.train for title in each.gold["gold_titles"].split("\n")]
    assert set(wanted) <= there
    assert len(there) >= 4 * 250


def test_a_corpus_of_the_users_own_wins_and_is_searched(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_text('{"title": "Lamp", "text": "It is lit."}', encoding="utf-8")
    told = config("generated:two_hop", retrieval={"corpus": "c.jsonl"})

    index = retriever(told, tmp_path, program="multi_hop")

    assert [each.title for each in index.search("What is lit?", 4)] == ["Lamp"]


@pytest.mark.parametrize(
    ("source", "brought"),
    [
        ("hotpot:h.json", ("hotpot:h.json",)),
        ("hf:a/b", ("hf:a/b",)),
        ("q.csv", ()),
        ("generated:object_count", ()),
        (SourceFiles(train="hotpot:h.json", val="q.csv"), ()),
        (SourceFiles(train="hotpot:h.json", val="hotpot:h.json"), ("hotpot:h.json",)),
    ],
)
def test_what_data_brings_along(source: str | SourceFiles, brought: tuple[str, ...]) -> None:
    assert brought_along(DataConfig(source=source)) == brought


def test_a_program_that_searches_without_a_corpus_is_told_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="vanilla_rag looks things up, and the data brings no corpus") as raised:
        retriever(config("questions.csv"), tmp_path, program="vanilla_rag")

    assert raised.value.hint.startswith("set retrieval.corpus = ")


def test_a_template_cannot_name_what_only_metrics_compare_with() -> None:
    program = one_call(
        "prompt", texts=(TrainedText("task", "role", "Say."),), system="{{ task }}", user="{{ gold_titles }}",
        parse=lambda reply: reply,
    )  # fmt: skip

    with pytest.raises(ConfigError, match=r"slot \{\{ gold_titles \}\} is neither a text of"):
        check_columns(program, load(DataConfig(source="generated:two_hop", train=1, val=1, test=0), Path()))
