"""Foreign text on its way to a terminal."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from autodiff_tui.safe import MAX_LINE, block, count_hidden, marked, one_line

NASTY = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eabc\u2066\x00\x7f\udcff\U000e0041\u2028"


def dangerous(text: str) -> list[str]:
    return [
        char
        for char in text
        if (unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t")
        or unicodedata.bidirectional(char) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
        or char in "\u200e\u200f\u061c\u2028\u2029"
        or 0xE0000 <= ord(char) < 0xE0080
    ]


text = st.text(st.characters(), max_size=200) | st.text(alphabet=NASTY + "a[/]\n\t", max_size=80)


@given(text)
def test_nothing_that_drives_a_terminal_comes_through(said: str) -> None:
    for shown in (marked(said), one_line(said), block(said).text):
        assert dangerous(shown) == []
        shown.encode("utf-8")


@given(text)
def test_every_hidden_character_is_shown_and_counted(said: str) -> None:
    assert len(marked(said)) == len(said)
    assert count_hidden(said) == sum(a != b for a, b in zip(said, marked(said), strict=True))
    assert count_hidden(marked(said)) == 0


@given(text)
def test_one_line_is_one_line(said: str) -> None:
    line = one_line(said, 50)

    assert len(line.splitlines()) <= 1
    assert len(line) <= 50


def test_an_escape_sequence_is_readable() -> None:
    assert marked("\x1b[2J") == "␛[2J"
    assert marked("a\x9bb\u202e") == "a\ufffdb\ufffd"
    assert one_line("a\nb\tc") == "a␊b c"


def test_emoji_and_foreign_scripts_are_left_alone() -> None:
    said = "日本語 العربية 👩‍👩‍👧 é\n\tx"

    assert marked(said) == said
    assert block(said).text == said


def test_a_long_text_says_how_much_is_not_shown() -> None:
    by_chars = block("x" * 100_000 + "\n", max_chars=5000)
    assert by_chars.text.endswith("\n… 95,001 more characters")
    assert by_chars.cut_chars == 95_001

    by_lines = block("line\n" * 10, max_lines=3)
    assert by_lines.text == "line\nline\nline\n… 35 more characters"


def test_a_line_of_a_megabyte_is_split() -> None:
    shown = block("y" * 10_000)

    assert max(map(len, shown.text.split("\n"))) == MAX_LINE
    assert shown.text.replace("\n", "") == "y" * 10_000


@given(st.text(alphabet="ab\n", max_size=300), st.integers(1, 40), st.integers(1, 8))
def test_what_is_shown_and_what_is_not_are_the_whole(said: str, max_chars: int, max_lines: int) -> None:
    shown = block(said, max_chars=max_chars, max_lines=max_lines)

    if shown.cut_chars:
        assert said.startswith(shown.text.rpartition("\n… ")[0])
        assert len(shown.text.split("\n")) <= max_lines + 1
    else:
        assert shown.text == said


def test_hidden_characters_are_warned_of() -> None:
    assert block("plain").warning == ""
    assert block("a\x1b").warning == "⚠ 1 control character made visible"
    assert "3 control characters" in block("\x1b\x1b\u202e").warning
