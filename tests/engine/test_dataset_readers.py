import json
from pathlib import Path

import pytest

from autodiff_engine.dataset_readers import Record, read
from autodiff_engine.errors import DataError

HERE = Path(__file__).parent


def read_text(tmp_path: Path, name: str, content: str | bytes, **columns: str) -> list[Record]:
    file = tmp_path / name.partition(":")[2] if ":" in name else tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return read(name, tmp_path, columns, count=5, seed=0)


def test_bbh_gives_questions_and_targets(tmp_path: Path) -> None:
    content = json.dumps({"canary": "x", "examples": [{"input": "How many?", "target": "8"}]})

    assert read_text(tmp_path, "bbh:o.json", content) == [Record({"question": "How many?"}, "8", 1)]
    for broken in ("[]", "{}", '{"examples": [{"input": "x"}]}', "{"):
        with pytest.raises(DataError, match=r"o\.json: not of the form"):
            read_text(tmp_path, "bbh:o.json", broken)


def test_trec_gives_questions_and_coarse_classes_in_either_encoding(tmp_path: Path) -> None:
    content = "DESC:manner How did Bröt come ?\n\nNUM:date When ?\r\n"

    for encoding in ("utf-8", "iso-8859-1"):
        assert read_text(tmp_path, "trec:t.label", content.encode(encoding)) == [
            Record({"question": "How did Bröt come ?"}, "DESC", 1),
            Record({"question": "When ?"}, "NUM", 3),
        ]
    with pytest.raises(DataError, match=r"t\.label line 2: not of the form COARSE:fine question"):
        read_text(tmp_path, "trec:t.label", "NUM:date When ?\nno class here\n")


def test_jsonl_gives_every_column_as_text(tmp_path: Path) -> None:
    lines = [
        '{"question": "q", "answer": 8, "context": ["a", "ä"], "hint": null}',
        "",
        '{"context": 1.5, "hint": true, "question": "", "answer": null}',
    ]

    assert read_text(tmp_path, "d.jsonl", "\ufeff" + "\r\n".join(lines)) == [
        Record({"question": "q", "context": '["a", "ä"]', "hint": ""}, "8", 1),
        Record({"context": "1.5", "hint": "true", "question": ""}, None, 3),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            '{"question": "q", "answer": "a"}\n{"question": "q"}',
            "line 2: has the keys question, but line 1 has question, answer",
        ),
        ('{"question": "q", "answer": "a"}\n{', "line 2: not JSON"),
        ("[1]", "line 1: not a JSON object"),
        ("\n\n", "holds no examples"),
        ('{"answer": "a"}', "no column but the answer"),
        ('{"question": "q", "label": "a"}', "has no column answer; it has question, label"),
    ],
)
def test_what_is_wrong_in_jsonl_is_told_with_its_line(tmp_path: Path, content: str, line: str) -> None:
    with pytest.raises(DataError, match=line) as raised:
        read_text(tmp_path, "d.jsonl", content)

    assert str(raised.value).startswith(str(tmp_path / "d.jsonl"))


def test_csv_keeps_quotes_commas_and_lines_within_cells(tmp_path: Path) -> None:
    content = '\ufeffquestion,answer,context\r\n"a ""b"", c","8","one\ntwo"\r\n\r\nd,9,\r\n'

    assert read_text(tmp_path, "d.csv", content) == [
        Record({"question": 'a "b", c', "context": "one\ntwo"}, "8", 2),
        Record({"question": "d", "context": ""}, "9", 5),
    ]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_other_separators_are_taken_only_if_the_header_says_so(tmp_path: Path, mark: str) -> None:
    assert read_text(tmp_path, "d.csv", f"question{mark}answer\na, b{mark}8\n") == [
        Record({"question": "a, b"}, "8", 2)
    ]
    assert read_text(tmp_path, "d.csv", f"question,answer\na{mark}b,8\n") == [Record({"question": f"a{mark}b"}, "8", 2)]


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    content = "text,label,more\nq,a,m\n"

    assert read_text(tmp_path, "d.csv", content, answer="label", question="text") == [
        Record({"question": "q", "more": "m"}, "a", 2)
    ]
    assert read_text(tmp_path, "d.csv", content, answer="") == [
        Record({"text": "q", "label": "a", "more": "m"}, None, 2)
    ]
    with pytest.raises(DataError, match=r"has no column lable; did you mean label\?") as raised:
        read_text(tmp_path, "d.csv", content, answer="lable")
    assert raised.value.hint.startswith('under [data] write columns = {answer = "label"}')


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("question,answer\na,b,c\n", "line 2: 3 cells, but the header has 2"),
        ("question,answer\na\n", "line 2: 1 cells, but the header has 2"),
        ('question,answer\nx,y\n"never closed,8\n', "line 3: not CSV"),
        ("question,question,answer\n", "two columns are called question"),
        ("question,,answer\n", "a column has no name"),
        ("", "holds no examples"),
        (b"question,answer\n\xff,8\n", "not UTF-8 at byte 16"),
    ],
)
def test_what_is_wrong_in_csv_is_told_with_its_line(tmp_path: Path, content: str | bytes, line: str) -> None:
    with pytest.raises(DataError, match=line):
        read_text(tmp_path, "d.csv", content)


def test_columns_for_metrics_alone_are_no_inputs(tmp_path: Path) -> None:
    lines = [
        '{"question": "q", "answer": "8", "gold_titles": ["A", "B"], "gold_note": "[x"}',
        '{"question": "r", "answer": "9", "gold_titles": null, "gold_note": "[1]"}',
    ]

    assert read_text(tmp_path, "d.jsonl", "\n".join(lines)) == [
        Record({"question": "q"}, "8", 1, {"gold_titles": "A\nB", "gold_note": "[x"}),
        Record({"question": "r"}, "9", 2, {"gold_titles": "", "gold_note": "[1]"}),
    ]
    assert read_text(tmp_path, "d.csv", "question,answer,facts\nq,a,T\n", gold_titles="facts") == [
        Record({"question": "q"}, "a", 2, {"gold_titles": "T"})
    ]
    with pytest.raises(DataError, match="no column but the answer and what metrics compare with"):
        read_text(tmp_path, "d.csv", "answer,gold_titles\na,T\n")


def test_hotpot_gives_questions_answers_and_the_titles_of_their_facts(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text((HERE / "hotpot_small.json").read_text(encoding="utf-8"), encoding="utf-8")

    first, second = read("hotpot:h.json", tmp_path, {}, count=5, seed=0)

    asked = "Is the Tarn Lamp older than the Velmo Bell?"
    assert first == Record({"question": asked}, "no", 1, {"gold_titles": "Tarn Lamp\nVelmo Bell"})
    assert (second.line, second.gold) == (2, {"gold_titles": "Ysa Korrin\nLower Brisk"})


def test_generated_questions_of_two_hops_bring_their_titles() -> None:
    records = read("generated:two_hop", Path(), {}, count=7, seed=3)

    assert len(records) == 7
    assert all(len(record.gold["gold_titles"].splitlines()) == 2 for record in records)
    assert records[:3] == read("generated:two_hop", Path(), {}, count=3, seed=3)


def test_generated_data_has_as_many_examples_as_are_asked_for() -> None:
    records = read("generated:object_count", Path(), {}, count=7, seed=3)

    assert [record.line for record in records] == [1, 2, 3, 4, 5, 6, 7]
    assert all(record.inputs["question"] and record.expected for record in records)
