import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.characters import is_whole, whole


@pytest.mark.parametrize(
    ("text", "left"),
    [("a\ud83d\ude00b", "a😀b"), ("a\ud83d", "a\ufffd"), ("\ude00\ud83d!", "\ufffd\ufffd!"), ("é😀", "é😀"), ("", "")],
    ids=ascii,
)
def test_halves_become_marks_and_pairs_characters(text: str, left: str) -> None:
    assert whole(text) == left


@given(st.text(st.characters(categories=["Cs", "Ll", "So"])))
def test_what_is_whole_can_be_sent_and_stays(text: str) -> None:
    whole(text).encode("utf-8")
    assert is_whole(whole(text))
    assert not is_whole(text) or whole(text) == text
