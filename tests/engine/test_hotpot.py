import json
from pathlib import Path

import pytest

from autodiff_engine.errors import DataError
from autodiff_engine.hotpot import is_hotpot, pooled, questions, read_file
from autodiff_engine.passage import Passage

SMALL = Path(__file__).parent / "hotpot_small.json"
ROW = {
    "question": "q",
    "answer": "a",
    "supporting_facts": [["T", 0]],
    "context": [["T", ["One.", " Two."]]],
}


def test_pairs_and_columns_are_read_alike() -> None:
    pairs, columns = read_file(SMALL, key="data.source")

    assert pairs.gold == ("Tarn Lamp", "Velmo Bell")
    assert pairs.paragraphs[0] == Passage("Tarn Lamp", "The Tarn Lamp was lit in 1931. It stands on a pier.")
    assert columns.answer == "Dyers of Brisk"
    assert columns.gold == ("Ysa Korrin", "Lower Brisk")
    assert columns.paragraphs[1] == pairs.paragraphs[2]
    assert len(pooled([pairs, columns])) == 6


def test_one_object_a_line_is_read_as_the_list_is(tmp_path: Path) -> None:
    rows = json.loads(SMALL.read_text(encoding="utf-8"))
    (tmp_path / "h.json").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")

    assert read_file(tmp_path / "h.json", key="data.source") == read_file(SMALL, key="data.source")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"context": None}, "context is not of the form"),
        ({"context": []}, "context is not of the form"),
        ({"context": [["T"]]}, "context is not of the form"),
        ({"context": [["  ", ["x"]]]}, "context is not of the form"),
        ({"context": [["T", "One."]]}, "the sentences of 'T' are not a list of texts"),
        ({"context": {"title": ["T", "U"], "sentences": [["x"]]}}, "no lists title and sentences of one length"),
        ({"supporting_facts": {"title": ["T"]}}, "supporting_facts has no lists title and sent_id of one length"),
        ({"supporting_facts": [["T", 0, 1]]}, "supporting_facts is not of the form"),
        ({"answer": 3}, "question and answer must be texts"),
    ],
)
def test_a_question_of_another_form_is_told_with_its_number(change: dict[str, object], line: str) -> None:
    with pytest.raises(DataError, match=line) as raised:
        questions([ROW, {**ROW, **change}], "h.json")

    assert str(raised.value).startswith("h.json question 2: ")


def test_a_question_that_lacks_a_column_or_is_none_is_told() -> None:
    with pytest.raises(DataError, match="question 1: has no context; it has question, answer"):
        questions([{"question": "q", "answer": "a"}], "h.json")
    with pytest.raises(DataError, match="question 1: not a JSON object with question, answer"):
        questions(["x"], "h.json")
    assert is_hotpot(ROW)
    assert not is_hotpot({"question": "q", "answer": "a"})


@pytest.mark.parametrize(
    ("content", "line"),
    [("[]", "holds no questions"), ("", "holds no questions"), ("[1", "neither a JSON list"), ("x", "neither a JSON")],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, content: str, line: str) -> None:
    (tmp_path / "h.json").write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match=rf"h\.json: {line}"):
        read_file(tmp_path / "h.json", key="data.source")
    with pytest.raises(DataError, match=r"retrieval\.corpus: no file .*h\.jsn; did you mean .*h\.json\?"):
        read_file(tmp_path / "h.jsn", key="retrieval.corpus")
