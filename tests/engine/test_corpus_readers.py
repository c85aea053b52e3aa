import json
from pathlib import Path

import pytest

from autodiff_engine.corpus_readers import LONGEST, read_corpus
from autodiff_engine.errors import DataError
from autodiff_engine.passage import Passage

HERE = Path(__file__).parent


def passages(named: str, base: Path) -> list[Passage]:
    return list(read_corpus(named, base, count=3, seed=0).passages)


def test_a_jsonl_file_gives_a_passage_a_line(tmp_path: Path) -> None:
    lines = [
        {"title": "Lamp", "text": "It is\nlit.", "id": 3},
        {"text": "one two three four five six seven eight nine"},
        {"title": "Lamp", "text": "It is lit."},
        {"title": "", "text": " "},
    ]
    (tmp_path / "c.jsonl").write_text("\n\n".join(map(json.dumps, lines)), encoding="utf-8")

    assert passages("c.jsonl", tmp_path) == [
        Passage("Lamp", "It is lit."),
        Passage("one two three four five six seven eight", "one two three four five six seven eight nine"),
    ]


def test_a_folder_gives_a_passage_a_file_and_more_of_a_long_one(tmp_path: Path) -> None:
    half = " ".join(["word"] * (LONGEST // 2))
    (tmp_path / "Zebra.md").write_text("# Zebra\n\nStripes.", encoding="utf-8")
    (tmp_path / "apple.TXT").write_text(f"{half}\n\n{half}\n \nlast\nline\n\n{half} {half} {half}", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    (tmp_path / "photo.png").write_bytes(b"\xff")
    (tmp_path / "inner.md").mkdir()

    assert passages(tmp_path.name, tmp_path.parent) == [
        Passage("apple", f"{half} {half}"),
        Passage("apple (2)", "last line"),
        Passage("apple (3)", f"{half} {half} {half}"),
        Passage("Zebra", "# Zebra Stripes."),
    ]


def test_a_hotpot_file_gives_all_paragraphs_of_all_questions_once() -> None:
    titles = [each.title for each in passages("hotpot:hotpot_small.json", HERE)]

    assert titles == ["Tarn Lamp", "Velmo Bell", "Ostrel Clock", "Ysa Korrin", "Lower Brisk"]


def test_the_generated_corpus_of_fewer_questions_is_a_part_of_that_of_more() -> None:
    few = read_corpus("generated:two_hop", Path(), count=3, seed=4).passages
    more = read_corpus("generated:two_hop", Path(), count=9, seed=4).passages

    assert few == more[: len(few)]
    assert len(more) >= 36


@pytest.mark.parametrize(
    ("named", "line"),
    [
        ("gone.jsonl", r"retrieval\.corpus: no file .*gone\.jsonl; did you mean .*gong\.jsonl\?"),
        ("gong.jsonl", r"gong\.jsonl line 2: not JSON"),
        ("list.jsonl", r'list\.jsonl line 1: not an object like {"title"'),
        ("blank.jsonl", "holds no passages"),
        ("bare", 'retrieval.corpus = "bare": holds no passages'),
        ("x.csv", 'retrieval.corpus = "x.csv": not a kind of corpus'),
        ("generated:object_count", "not a kind of corpus"),
    ],
)
def test_what_is_no_corpus_is_told(tmp_path: Path, named: str, line: str) -> None:
    (tmp_path / "gong.jsonl").write_text('{"text": "x"}\n{', encoding="utf-8")
    (tmp_path / "list.jsonl").write_text('{"title": "x"}', encoding="utf-8")
    (tmp_path / "blank.jsonl").write_text("\n", encoding="utf-8")
    (tmp_path / "bare").mkdir()

    with pytest.raises(DataError, match=line):
        passages(named, tmp_path)
