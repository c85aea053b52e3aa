"""Whatever a file of examples or passages holds: it is data, or it is refused in one line."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from hypothesis import strategies as st

from autodiff_engine.config import DataConfig
from autodiff_engine.corpus_readers import read_corpus
from autodiff_engine.dataset import load
from autodiff_engine.errors import DataError

from ..fuzzing import Trial, ascii_json, edited, edits, few, many, numbers, one_line, torn_words

HOTPOT = [
    {
        "question": f"Who built house {number}?", "answer": f"Ana {number}",
        "context": [["House", ["It is old.", "Ana built it."]], ["Ana", ["She builds."]]],
        "supporting_facts": [["House", 1]],
    }
    for number in range(4)
]  # fmt: skip
GOOD: dict[str, tuple[str, bytes]] = {
    "jsonl": ("d.jsonl", b"".join(ascii_json({"question": f"how many {n}", "answer": n}) + b"\n" for n in range(5))),
    "csv": ("d.csv", b'question,answer\n"how, many ""1""",1\nb,2\n"c\nd",3\ne,4\nf,5\n'),
    "tsv": ("d.csv", b"question\tanswer\na\t1\nb\t2\nc\t3\nd\t4\n"),
    "trec": ("trec:d.label", "NUM:dist How far is Köln ?\nHUM:ind Who ran ?\nLOC:city Where ?\nDESC:def What ?\n"
             .encode("iso-8859-1")),
    "bbh": ("bbh:d.json", ascii_json({"examples": [{"input": f"q{n}", "target": str(n)} for n in range(5)]})),
    "hotpot": ("hotpot:d.json", ascii_json(HOTPOT)),
}  # fmt: skip
"""A small file of each format, and how a config names it."""
HUB: dict[str, bytes] = {
    "train.jsonl": GOOD["jsonl"][1],
    "train.csv": GOOD["csv"][1],
    "train.json": ascii_json(HOTPOT),
    "train.parquet": b"",  # made below: its library is imported by who needs it
}
"""A file of each form that rows of the hub come in."""
CORPORA = {
    "c.jsonl": b'{"title": "Ana", "text": "She builds."}\n{"text": "Old houses."}\n',
    "hotpot:c.json": ascii_json(HOTPOT),
}


def refusal_of(source: str, content: bytes, columns: dict[str, str] | None = None) -> str:
    """The one line that data is refused with, or empty: then it can be split, fingerprinted and sent."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / (source.partition(":")[2] or source)
        file.write_bytes(content)
        return refusal_in(source, Path(folder), columns)


def refusal_in(source: str, folder: Path, columns: dict[str, str] | None = None) -> str:
    said = None
    try:
        splits = load(DataConfig(source=source, columns=columns or {}), folder)
    except DataError as error:
        said = error
    if said is not None:
        assert one_line(str(said)), str(said)
        assert not said.hint or one_line(said.hint), said.hint
        return str(said)
    assert splits.train
    assert splits.val
    for example in (*splits.train, *splits.val, *splits.test):
        for text in (*example.inputs, *example.inputs.values(), example.expected or "", *example.gold.values()):
            text.encode("utf-8")
    return ""


def refusal_of_rows(name: str, content: bytes, columns: dict[str, str] | None = None) -> tuple[str, str]:
    """Refusals of ``hf:set`` as examples and, of the one that has them, as passages; this is its one file."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),  # a folder here is a data set of its name
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(datasets.config, "HF_DATASETS_CACHE", Path(folder) / "cache")
        patch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
        Path("set").mkdir()
        Path("set", name).write_bytes(content)
        told = refusal_in("hf:set", Path(folder), columns)
        return told, refusal_of_corpus_in("hf:set", Path(folder)) if name == "train.json" else ""


@functools.cache
def good_rows(name: str) -> bytes:
    """The file of ``HUB``."""
    if not name.endswith(".parquet"):
        return HUB[name]
    buffer = io.BytesIO()
    datasets.Dataset.from_list([{"question": f"how many {n}", "answer": n} for n in range(5)]).to_parquet(buffer)
    return buffer.getvalue()


def refusal_of_corpus(named: str, content: bytes) -> str:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / (named.partition(":")[2] or named)).write_bytes(content)
        return refusal_of_corpus_in(named, Path(folder))


def refusal_of_corpus_in(named: str, folder: Path) -> str:
    said = None
    try:
        corpus = read_corpus(named, folder, count=1, seed=0)
    except DataError as error:
        said = error
    if said is not None:
        assert one_line(str(said)), str(said)
        return str(said)
    assert len(corpus.passages) > 0
    for passage in corpus.passages:
        f"{passage.title}{passage.text}".encode()
    return ""


things = st.recursive(
    st.one_of(torn_words, numbers, st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(torn_words, inner, max_size=3)),
    max_leaves=6,
)
keys = st.one_of(st.sampled_from(["question", "answer", "gold_titles", "input", "target", "title", "text"]), torn_words)
rows = st.dictionaries(keys, things, max_size=4)


def changed_bytes(format_: str, done: list[tuple[str, float, bytes]]) -> None:
    source, content = GOOD[format_]
    refusal_of(source, edited(content, done))


def any_bytes(format_: str, content: bytes) -> None:
    refusal_of(GOOD[format_][0], content)


def as_json_holds_it(told: list[dict[str, Any]], columns: dict[str, str]) -> None:
    lines = b"".join(json.dumps(row, default=str).encode("ascii") + b"\n" for row in told)
    refusal_of("d.jsonl", lines, columns)
    refusal_of("hotpot:d.json", lines)
    refusal_of("hotpot:d.json", ascii_json(told))
    refusal_of("bbh:d.json", ascii_json({"examples": told}))
    refusal_of_corpus("c.jsonl", lines)


def as_a_table_holds_it(head: list[str], told: list[list[str]], mark: str, encoding: str) -> None:
    text = "\n".join(mark.join(row) for row in [head, *told])
    refusal_of("d.csv", text.encode(encoding, "replace"))


def hotpot_of_another_form(place: str, value: object) -> None:
    told = [{**HOTPOT[0], place: value}, *HOTPOT[1:]]
    refusal_of("hotpot:d.json", ascii_json(told))
    refusal_of_corpus("hotpot:c.json", ascii_json(told))


def changed_corpora(named: str, done: list[tuple[str, float, bytes]]) -> None:
    refusal_of_corpus(named, edited(CORPORA[named], done))


def changed_rows(name: str, done: list[tuple[str, float, bytes]]) -> None:
    refusal_of_rows(name, edited(good_rows(name), done))


def rows_of_any_type(told: list[dict[str, Any]], columns: dict[str, str]) -> None:
    refusal_of_rows("train.jsonl", b"".join(ascii_json(row) + b"\n" for row in told), columns)


trials = [
    Trial(changed_bytes, st.sampled_from(sorted(GOOD)), edits),
    Trial(
        any_bytes,
        st.sampled_from(sorted(GOOD)),
        st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    ),
    Trial(as_json_holds_it, st.lists(rows, max_size=4), st.dictionaries(keys, keys, max_size=2)),
    Trial(
        as_a_table_holds_it,
        st.lists(st.text(max_size=9), max_size=4),
        st.lists(st.lists(st.text(max_size=9), max_size=4), max_size=4),
        st.sampled_from([",", ";", "\t"]),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"]),
    ),
    Trial(hotpot_of_another_form, st.sampled_from([*HOTPOT[0], "other"]), things),
    Trial(changed_corpora, st.sampled_from(sorted(CORPORA)), edits),
]
hub_trials = [
    Trial(changed_rows, st.sampled_from(sorted(HUB)), edits),
    Trial(rows_of_any_type, st.lists(rows, max_size=4), st.dictionaries(keys, keys, max_size=2)),
]
"""Slower ones: the hub's library makes a table of every file that it reads."""


@pytest.mark.parametrize("format_", GOOD)
def test_the_files_that_others_are_made_from_are_read(format_: str) -> None:
    assert refusal_of(*GOOD[format_]) == ""


@pytest.mark.parametrize("name", HUB)
def test_the_rows_of_the_hub_that_others_are_made_from_are_read(name: str) -> None:
    assert refusal_of_rows(name, good_rows(name)) == ("", "")


def test_the_corpora_that_others_are_made_from_are_read() -> None:
    assert [refusal_of_corpus(named, content) for named, content in CORPORA.items()] == ["", ""]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", trials)
def test_a_few_hundred_hostile_files_are_read_or_refused(trial: Trial) -> None:
    few(trial)


@pytest.fixture
def _left_open() -> Iterator[None]:
    """The hub's library leaves a table open that it could not read: that must not be told of another test."""
    yield
    gc.collect()


careless = pytest.mark.filterwarnings("ignore::ResourceWarning")


@careless
@pytest.mark.usefixtures("_left_open")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("trial", hub_trials)
def test_some_hostile_rows_of_the_hub_are_read_or_refused(trial: Trial) -> None:
    few(trial, 12)


@careless
@pytest.mark.usefixtures("_left_open")
@pytest.mark.fuzz
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trial", hub_trials)
def test_a_thousand_hostile_rows_of_the_hub_are_read_or_refused(trial: Trial) -> None:
    many(trial, 1000)


@pytest.mark.fuzz
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("trial", trials)
def test_thousands_of_hostile_files_are_read_or_refused(trial: Trial) -> None:
    many(trial)


@pytest.mark.parametrize(
    ("source", "content"),
    [
        ("d.jsonl", b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"),
        ("bbh:d.json", b"[" * 100_000),
        ("hotpot:d.json", b"[" * 100_000),
        ("d.jsonl", b'{"question": "a \\ud83d b", "answer": "1"}\n'),
        ("bbh:d.json", b'{"examples": []}'),
        ("trec:d.label", b"\n\n"),
        ("d.csv", b'"a\nb","a\nb"\n1,2\n'),
        ("d.csv", b"question,answer\n" + b"x" * 200_000 + b",1\n"),
        ("d.jsonl", b'{"question": ' + b"9" * 5000 + b', "answer": 1}\n'),
        ("d.jsonl", b"{}\n"),
    ],
    ids=["deep", "deep bbh", "deep hotpot", "half a character", "empty bbh", "empty trec", "names of two lines",
         "a huge cell", "a huge number", "no column"],
)  # fmt: skip
def test_what_once_was_no_line_is_one(source: str, content: bytes) -> None:
    assert refusal_of(source, content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.jsonl", b""),
        ("train.parquet", b"PAR1"),
        ("train.jsonl", b'{"question": "a \\ud83d b", "answer": "1"}\n'),
    ],
    ids=["empty", "no table", "half a character"],
)
def test_rows_of_the_hub_that_its_library_stumbles_over_are_refused_in_a_line_and_nothing_is_painted(
    name: str, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    assert refusal_of_rows(name, content)[0].startswith('"hf:set": cannot be read: ')
    assert capfd.readouterr() == ("", "")


def test_a_file_whose_name_cannot_be_is_refused_in_a_line(tmp_path: Path) -> None:
    for source in ("a\x00b.csv", "trec:" + "x" * 5000):
        with pytest.raises(DataError) as said:
            load(DataConfig(source=source), tmp_path)
        assert one_line(str(said.value))


def test_a_corpus_with_half_a_character_is_refused() -> None:
    assert "passage 1" in refusal_of_corpus("c.jsonl", b'{"text": "\\udc00"}\n')
    assert "not JSON" in refusal_of_corpus("c.jsonl", b"[" * 100_000)
