import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.errors import ConfigError, StorageError
from autodiff_engine.toml_text import dumps, read

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet="\r\n\t\\\"\0\x7f\x85\u2028'#a ")


@given(st.dictionaries(texts, texts | st.lists(texts) | st.dictionaries(texts, texts)))
def test_every_text_reads_back_as_it_was(tables: dict[str, object]) -> None:
    assert tomllib.loads(dumps(tables).encode("utf-8").decode("utf-8")) == tables


@pytest.mark.parametrize(
    "text",
    ["\r\n", "a\r\nb\n", "\r", "\n", '"""', '\n"""\\', "tail\n\n", "\0", "\n\x1b[0m", "\\\n  x", "é😀"],
    ids=repr,
)
def test_the_known_traps_of_multi_line_strings_are_none(text: str) -> None:
    assert tomllib.loads(dumps({"text": text})) == {"text": text}


def test_several_lines_stay_readable() -> None:
    assert dumps({"text": "one\ntwo\n"}) == 'text = """\none\ntwo\n"""\n'


def test_half_a_character_is_refused() -> None:
    with pytest.raises(StorageError, match="lone surrogate"):
        dumps({"text": "\ud83d"})


def test_a_file_that_is_no_toml_is_told_in_one_line_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"

    with pytest.raises(ConfigError, match=r"x\.toml: cannot be read: No such file"):
        read(file)
    file.write_bytes(b"a = \n")
    with pytest.raises(ConfigError, match=r"x\.toml: not TOML: .*line 1"):
        read(file)
    file.write_bytes(b'a = "\xff"\n')
    with pytest.raises(ConfigError, match=r"x\.toml: not UTF-8 at byte 5"):
        read(file)
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read(file) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = " + "[" * 50 + "]" * 50, "nested too deeply, 40"),
        ("a = " + "[" * 100_000, "deep"),
        ("a" + ".a" * 50 + " = 1", "deep"),
        ("a = 9223372036854775808", "64 bits"),
        ("a = [{b = -9223372036854775809}]", "64 bits"),
        ("a = " + "9" * 5000, "not TOML: Exceeds the limit"),
        ('a = "x\ny"', "not TOML"),
    ],
    ids=["lists", "endless lists", "keys", "a large number", "a small number", "a number without end", "a torn text"],
)
def test_what_would_be_too_much_is_refused_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "a\nb.toml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=why) as error:
        read(tmp_path / "a\nb.toml")

    assert str(error.value).isprintable()
    assert "a\\nb.toml: " in str(error.value)


def test_numbers_of_64_bits_and_forty_levels_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("a = [9223372036854775807, -9223372036854775808]\nb" + ".b" * 37 + " = {c = 1}\n")

    assert read(tmp_path / "a.toml")["a"] == [2**63 - 1, -(2**63)]
