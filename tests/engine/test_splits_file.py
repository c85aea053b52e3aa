"""Splits as a file: they come back equal, fingerprint and all, and a stranger's file is refused."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.dataset import Example, splits_of
from autodiff_engine.errors import StorageError
from autodiff_engine.splits_file import read_splits, splits_text

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
examples = st.builds(
    Example,
    id=texts,
    inputs=st.dictionaries(texts, texts, min_size=1, max_size=3),
    expected=st.none() | texts,
    line=st.integers(0, 10**6),
    gold=st.dictionaries(texts, texts, max_size=2),
)
one_or_more = st.lists(examples, min_size=1, max_size=3)


@given(one_or_more, one_or_more, st.lists(examples, max_size=2), st.integers(0, 9), texts)
def test_splits_come_back_equal_in_order_and_with_their_fingerprint(
    train: list[Example], val: list[Example], test: list[Example], dropped: int, name: str
) -> None:
    splits = splits_of([train, val, test], dropped, name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "splits.json"
        file.write_text(splits_text(splits), encoding="ascii")
        read = read_splits(file)

    assert read == splits
    assert [list(each.inputs) for each in read.train] == [list(each.inputs) for each in train]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[" * 100_000,
        "[]",
        "{}",
        '{"source": "x", "dropped": 0, "train": [], "val": [], "test": []}',
        '{"source": "x", "dropped": "0", "train": [], "val": [], "test": []}',
        '{"source": "x", "dropped": 0, "train": [{"id": 1, "inputs": {}}], "val": [], "test": []}',
        '{"source": "x", "dropped": 0, "train": [], "val": [], "test": [], "more": 1}',
    ],
)
def test_what_is_no_splits_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(content, encoding="utf-8")

    with pytest.raises(StorageError, match=r"s\.json: holds no"):
        read_splits(tmp_path / "s.json")
