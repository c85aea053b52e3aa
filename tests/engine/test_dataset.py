import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from autodiff_engine.config import DataConfig, SourceFiles
from autodiff_engine.dataset import Example, Splits, how_many, load, next_batch, trim
from autodiff_engine.errors import ConfigError, DataError


def examples(count: int) -> list[Example]:
    return [Example(str(place), {"question": f"q{place}"}, "a", place) for place in range(1, count + 1)]


def ids(some: Sequence[Example]) -> list[str]:
    return [example.id for example in some]


def rows(path: Path, pairs: Sequence[tuple[str, str | None]]) -> str:
    lines = [json.dumps({"question": question, "answer": answer}) for question, answer in pairs]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path.name


def every(splits: Splits) -> list[Example]:
    return [*splits.train, *splits.val, *splits.test]


def test_generated_data_is_as_large_as_asked_and_the_same_each_time() -> None:
    data = DataConfig(source="generated:object_count", train=50, val=100, test=100)

    splits = load(data, Path())

    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [50, 100, 100]
    assert load(data, Path()) == splits
    assert load(data.model_copy(update={"seed": 1}), Path()).fingerprint != splits.fingerprint
    assert splits.source == "generated:object_count"


def test_without_counts_the_data_is_split_40_40_20(tmp_path: Path) -> None:
    source = rows(tmp_path / "d.jsonl", [(f"q{i}", "a") for i in range(50)])

    splits = load(DataConfig(source=source), tmp_path)

    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [20, 20, 10]
    more = load(DataConfig(source=source, train=44), tmp_path)
    assert [len(part) for part in (more.train, more.val, more.test)] == [44, 4, 2]


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("xyz")), min_size=12, max_size=60))
def test_no_question_is_in_two_splits_and_repeats_are_counted(pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = rows(Path(folder) / "d.jsonl", pairs)
        try:
            splits = load(DataConfig(source=source), Path(folder))
        except DataError:
            reject()  # too few different questions for three parts

    asked = [{example.inputs["question"] for example in part} for part in (splits.train, splits.val, splits.test)]
    assert not asked[0] & asked[1]
    assert not asked[0] & asked[2]
    assert not asked[1] & asked[2]
    assert splits.dropped == len(pairs) - len(set(pairs))
    assert splits.train
    assert splits.val
    for example in every(splits):
        assert pairs[int(example.id) - 1] == (example.inputs["question"], example.expected)
        assert example.line == int(example.id)


def test_the_fingerprint_changes_with_the_data_and_not_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    pairs: list[tuple[str, str | None]] = [(f"q{i}", "a") for i in range(20)]
    here = load(DataConfig(source=rows(tmp_path / "d.jsonl", pairs)), tmp_path)
    rows(tmp_path / "deep" / "d.jsonl", pairs)
    there = load(DataConfig(source="deep/d.jsonl"), tmp_path)
    other = load(DataConfig(source=rows(tmp_path / "e.jsonl", [*pairs[:-1], ("q19", "b")])), tmp_path)

    assert there == here
    assert other.fingerprint != here.fingerprint


def test_more_than_there_is_is_refused_with_the_numbers(tmp_path: Path) -> None:
    source = rows(tmp_path / "d.jsonl", [(f"q{i % 30}", "a") for i in range(40)])

    with pytest.raises(
        DataError, match=r"d\.jsonl: train 20 \+ val 20 \+ test 1 is 41 examples, but there are only 30"
    ):
        load(DataConfig(source=source, train=20, val=20, test=1), tmp_path)
    with pytest.raises(DataError, match="there are only 1 different"):
        load(DataConfig(source=rows(tmp_path / "one.jsonl", [("q", "a")])), tmp_path)


def test_a_test_split_may_be_empty(tmp_path: Path) -> None:
    source = rows(tmp_path / "d.jsonl", [(f"q{i}", "a") for i in range(10)])

    splits = load(DataConfig(source=source, test=0), tmp_path)

    assert (len(splits.train), len(splits.val), splits.test) == (4, 4, ())


def test_answers_that_contradict_one_another_stay_in_one_split(tmp_path: Path) -> None:
    source = rows(tmp_path / "d.jsonl", [(f"q{i // 2}", str(i)) for i in range(20)])

    with pytest.raises(DataError, match=r"data\.train = 3 cannot be filled: 2 fit"):
        load(DataConfig(source=source, train=3, val=4, test=0), tmp_path)


def test_files_that_the_user_split_stay_as_they_are(tmp_path: Path) -> None:
    names = [rows(tmp_path / f"{name}.jsonl", [(f"{name}{i}", "a") for i in range(5)]) for name in ("a", "b", "c")]

    splits = load(DataConfig(source=SourceFiles(train=names[0], val=names[1], test=names[2]), test=2), tmp_path)

    assert sorted(ids(splits.train)) == [f"train:{i}" for i in range(1, 6)]
    assert {example.inputs["question"][0] for example in splits.val} == {"b"}
    assert len(splits.test) == 2
    assert splits.source == "a.jsonl, b.jsonl, c.jsonl"
    assert load(DataConfig(source=SourceFiles(train=names[0], val=names[1])), tmp_path).test == ()
    with pytest.raises(DataError, match=r"data\.val = 9, but b\.jsonl has only 5 different"):
        load(DataConfig(source=SourceFiles(train=names[0], val=names[1]), val=9), tmp_path)


def test_overlap_between_the_users_own_splits_is_refused_with_both_places(tmp_path: Path) -> None:
    first = rows(tmp_path / "a.jsonl", [("x", "1"), ("same", "2")])
    second = rows(tmp_path / "b.jsonl", [("y", "1"), ("z", "1"), ("same", "2")])

    with pytest.raises(DataError, match=r"train: a\.jsonl line 2 and data\.val: b\.jsonl line 3 hold the same example"):
        load(DataConfig(source=SourceFiles(train=first, val=second)), tmp_path)
    with pytest.raises(DataError, match="hold the same example"):
        load(DataConfig(source=SourceFiles(train=first, val=first)), tmp_path)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("generated:nothing", "there is only generated:object_count and generated:two_hop"),
        ("hotpot:none.json", r"data\.source: no file .*none\.json"),
        ("hf:../x", 'hf:../x": not the name of a data set on the hub'),
        ("questions.xlsx", "not a kind of data that we know"),
        ("bbh:d.jsnl", r"data\.source: no file .*d\.jsnl; did you mean .*d\.jsonl\?"),
    ],
)
def test_a_source_that_is_none_is_told(tmp_path: Path, source: str, line: str) -> None:
    rows(tmp_path / "d.jsonl", [("q", "a")])

    with pytest.raises(ConfigError, match=line):
        load(DataConfig(source=source), tmp_path)


@given(st.integers(1, 13), st.integers(1, 20), st.integers(0, 60), st.sets(st.integers(1, 13)), st.integers(0, 3))
def test_a_batch_has_no_repeats_nothing_excluded_and_as_many_as_there_are(
    count: int, size: int, cursor: int, excluded: set[int], seed: int
) -> None:
    train = examples(count)
    out = {str(each) for each in excluded}

    drawn = next_batch(train, cursor=cursor, size=size, seed=seed, excluded=out)

    assert len(set(ids(drawn.examples))) == len(drawn.examples) == min(size, len({*ids(train)} - out))
    assert not set(ids(drawn.examples)) & out
    assert cursor <= drawn.cursor <= cursor + 2 * count
    assert next_batch(train, cursor=cursor, size=size, seed=seed, excluded=out) == drawn


def test_batches_cover_an_epoch_before_anything_comes_again() -> None:
    train = examples(12)
    cursor, seen = 0, list[str]()
    for _ in range(6):
        drawn = next_batch(train, cursor=cursor, size=4, seed=0, excluded=())
        cursor, seen = drawn.cursor, [*seen, *ids(drawn.examples)]

    assert sorted(seen[:12]) == sorted(seen[12:]) == sorted(ids(train))
    assert seen[:12] != seen[12:]
    assert seen != [*ids(train), *ids(train)]


def test_an_excluded_set_of_everything_draws_nothing() -> None:
    train = examples(3)

    assert next_batch(train, cursor=5, size=4, seed=0, excluded=ids(train)).examples == ()
    assert next_batch([], cursor=0, size=4, seed=0, excluded=()).examples == ()


@pytest.mark.parametrize(
    ("batch", "kept"),
    [
        pytest.param("RWRR+", "RWRR+", id="within the limit nothing goes"),
        pytest.param("RWRRR++", "WRR++", id="the oldest right ones go while right ones are more than half"),
        pytest.param("WRWWW++", "RWW++", id="the oldest wrong ones go while wrong ones are more than half"),
        pytest.param("RWWR++", "WWR++", id="at half and half the oldest of all goes"),
        pytest.param("++++++", "++++++", id="a new one never goes"),
    ],
)
def test_a_batch_is_trimmed_of_the_oldest_of_the_larger_kind(batch: str, kept: str) -> None:
    members = list(enumerate(batch))

    left = trim(members, lambda member: {"R": True, "W": False, "+": None}[member[1]], 5)

    assert "".join(kind for _, kind in left) == kept
    assert list(left) == sorted(left)


def test_content_is_equal_for_equal_examples_and_for_no_others() -> None:
    one = Example("1", {"a": "x", "b": "y"}, "z", 1)

    assert Example("9", {"b": "y", "a": "x"}, "z", 3).content == one.content
    assert Example("1", {"a": "x", "b": "y"}, None, 1).content != one.content
    assert Example("1", {"a": "y", "b": "x"}, "z", 1).content != one.content
    gold = Example("1", {"a": "x", "b": "y"}, "z", 1, {"gold_titles": "T"})
    assert gold.content != one.content
    assert Example("2", {"b": "y", "a": "x"}, "z", 2, {"gold_titles": "T"}).content == gold.content
    assert Example("1", {"a": "x", "b": "y"}, "z", 1, {"gold_titles": "U"}).content != gold.content


def test_the_content_of_an_example_without_gold_is_what_runs_of_earlier_versions_wrote_down() -> None:
    """The digest of the inputs and the expected answer alone, as these runs' journals have it."""
    plain = json.dumps([{"question": "q"}, "a"], sort_keys=True, separators=(",", ":"))

    assert Example("1", {"question": "q"}, "a", 1).content == hashlib.sha256(plain.encode()).hexdigest()


@pytest.mark.parametrize(
    ("counts", "made"), [({}, 250), ({"test": 0}, 250), ({"train": 5}, 155), ({"train": 5, "val": 5, "test": 0}, 10)]
)
def test_as_much_is_made_up_as_the_counts_ask_for(counts: dict[str, int], made: int) -> None:
    assert how_many(DataConfig.model_validate({"source": "generated:two_hop", **counts})) == made


def test_what_only_metrics_compare_with_is_kept_apart_from_the_inputs() -> None:
    splits = load(DataConfig(source="generated:two_hop", train=2, val=2, test=0), Path())

    for example in every(splits):
        assert list(example.inputs) == ["question"]
        assert len(example.gold["gold_titles"].split("\n")) == 2


def test_a_question_that_two_splits_hold_with_different_answers_is_refused(tmp_path: Path) -> None:
    first = rows(tmp_path / "a.jsonl", [("x", "1"), ("same", "2"), ("same", "4")])
    second = rows(tmp_path / "b.jsonl", [("y", "1"), ("same", "3")])
    third = rows(tmp_path / "c.jsonl", [("w", "1")])

    for files in ((first, second, third), (second, first, third), (third, first, second)):
        with pytest.raises(DataError, match=r"data\.\w+: [abc]\.jsonl line \d hold the same inputs, with different"):
            load(DataConfig(source=SourceFiles(train=files[0], val=files[1], test=files[2])), tmp_path)
    assert len(load(DataConfig(source=SourceFiles(train=first, val=third)), tmp_path).train) == 3
