"""What changed between two texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_tui.diffing import Piece, changed_words, diff

words = st.lists(st.sampled_from(["a", "bee", " ", "\n", ".", "  ", "[/x]", "\r\n"]), max_size=40).map("".join)


@given(words, words)
def test_the_pieces_spell_both_texts(old: str, new: str) -> None:
    pieces = diff(old, new)

    assert "".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == new
    assert all(piece.text for piece in pieces)


@given(words)
def test_equal_texts_have_no_changes(text: str) -> None:
    assert all(piece.kind == "same" for piece in diff(text, text))


def test_changed_words_are_found_inside_a_changed_line() -> None:
    pieces = diff("Think step by step.\nAnswer.", "Think very carefully step by step.\nAnswer.")

    assert pieces == (
        Piece("same", "Think"),
        Piece("added", " very carefully"),
        Piece("same", " step by step.\n"),
        Piece("same", "Answer."),
    )
    assert changed_words(pieces) == (2, 0)


@pytest.mark.timeout(20)
def test_a_long_prompt_is_compared_by_lines() -> None:
    old = "\n".join(f"line {number} of a long prompt with some words" for number in range(5000))
    new = old.replace("line 2500 of", "line 2500 in").replace("line 10 of a", "row 10 of a")

    pieces = diff(old, new)

    assert [piece.text for piece in pieces if piece.kind == "removed"] == ["line", "of"]
    assert [piece.text for piece in pieces if piece.kind == "added"] == ["row", "in"]
