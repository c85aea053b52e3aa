from pathlib import Path

import pytest

from autodiff_engine.errors import DataError
from autodiff_engine.text_file import kind_of, read_text


def test_a_file_is_read_as_utf_8_or_else_as_the_encoding_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("\ufeffÄ\r\n".encode())
    (tmp_path / "b.txt").write_bytes("Ä".encode("iso-8859-1"))

    assert read_text(tmp_path / "a.txt", key="k") == "Ä\r\n"
    assert read_text(tmp_path / "b.txt", key="k", fallback="iso-8859-1") == "Ä"
    with pytest.raises(DataError, match=r"b\.txt: not UTF-8 at byte 0"):
        read_text(tmp_path / "b.txt", key="k")


def test_a_file_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()

    with pytest.raises(DataError, match=r"^retrieval\.corpus: no file .*note\.txt; did you mean .*notes\.txt\?$"):
        read_text(tmp_path / "note.txt", key="retrieval.corpus")
    with pytest.raises(DataError, match=r"^data\.source: no file .*x\.txt$"):
        read_text(tmp_path / "none" / "x.txt", key="data.source")
    with pytest.raises(DataError, match="cannot be read: "):
        read_text(tmp_path, key="data.source")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("qestions.csv", "questions.csv"),
        ("Questions.CSV", "questions.csv"),
        ("questions.cvs", "questions.csv"),
        ("questions", "questions.csv"),
        ("faqs.json", "faqs.jsonl"),
        ("answers.csv", ""),
        ("messages.csv", ""),
        ("my.csv", ""),  # beside my.toml
        ("a.csv", ""),
        (".hidden.cs", ""),
    ],
)
def test_only_a_name_that_is_near_and_of_the_same_kind_is_taken_for_what_was_meant(
    tmp_path: Path, asked: str, meant: str
) -> None:
    for name in ("questions.csv", "my.toml", "faqs.jsonl", "train.toml", "b.csv", ".hidden.csv"):
        (tmp_path / name).touch()

    with pytest.raises(DataError) as raised:
        read_text(tmp_path / asked, key="data.source")

    assert str(raised.value).partition("; ")[2] == (f"did you mean {tmp_path / meant}?" if meant else "")


def test_what_is_at_a_path_is_told_and_where_nobody_can_look_why(tmp_path: Path) -> None:
    (tmp_path / "f").touch()

    assert [kind_of(Path(each)) for each in (tmp_path, tmp_path / "f", tmp_path / "no", tmp_path / "f" / "no")] == [
        "folder",
        "file",
        "",
        "",
    ]
    assert kind_of(Path("/dev/null")) == "device"
    for name, why in (("x" * 300, "File name too long"), ("a\0b", "embedded null byte")):
        with pytest.raises(DataError, match=f"cannot be read: {why}"):
            kind_of(tmp_path / name)
        with pytest.raises(DataError, match=f"cannot be read: {why}"):
            read_text(tmp_path / name, key="data.source")
