from pathlib import Path

import pytest

from autodiff_engine.errors import DataError
from autodiff_engine.text_file import read_text


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
