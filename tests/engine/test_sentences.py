import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.sentences import all_runs, estimated_tokens, first_sentences, runs, split, words


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("One. Two! Three? Four.", "One. Two! Three?"),
        ("One.\n\nTwo.", "One. Two."),
        (
            "Use e.g. Dr. Smith. It costs 3.5 dollars. Third. Fourth.",
            "Use e.g. Dr. Smith. It costs 3.5 dollars. Third.",
        ),
        ('He said "wrong." Then he left. And came. Back.', 'He said "wrong." Then he left. And came.'),
        ("It fails (always.) Add it. Now. Here.", "It fails (always.) Add it. Now."),
        ("Ja. Äpfel. Öl. Über.", "Ja. Äpfel. Öl."),
        ("First.\n- Second.\n- Third.\n- Fourth.", "First. - Second. - Third."),
        ("这是错的。加上定义。看例子。再说。", "这是错的。 加上定义。 看例子。"),
        ("no end", "no end"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_the_first_three_sentences_are_kept_whole(told: str, kept: str) -> None:
    assert first_sentences(told, 3) == kept


@given(st.text())
def test_nothing_but_white_space_changes_before_the_cut(told: str) -> None:
    kept = "".join(first_sentences(told, 3).split())
    assert "".join(told.split()).startswith(kept)


@given(st.lists(st.sampled_from(["Add it.", "Is it?", "No!", "He said “so.”", "Use 3.5 of it."]), max_size=8))
def test_there_are_never_more_sentences_than_asked_for(sentences: list[str]) -> None:
    assert first_sentences(" ".join(sentences), 3) == " ".join(sentences[:3])


def test_words_are_lower_case_and_without_punctuation() -> None:
    assert words("It's 3.5 — ÄPFEL!") == ["it", "s", "3", "5", "äpfel"]


def test_runs_are_all_words_in_a_row() -> None:
    assert runs("a b, C d", 3) == {("a", "b", "c"), ("b", "c", "d")}
    assert runs("a b", 3) == set()
    assert all_runs(["a b c", "x y z"], 3) == {("a", "b", "c"), ("x", "y", "z")}


@given(st.text(st.characters()))
def test_every_text_has_an_estimate_of_tokens(told: str) -> None:
    assert estimated_tokens(told) >= max(1, len(told) // 3)


def test_half_a_character_has_one_too() -> None:
    assert estimated_tokens("\ud800") == 2


@given(
    st.text() | st.lists(st.sampled_from(["Add it.", " ", "\n", "e.g. this", "好。吗？", "No!", "\u2028"])).map("".join)
)
def test_sentences_joined_are_the_text(told: str) -> None:
    pieces = split(told)

    assert "".join(pieces) == told
    assert all(piece.strip() for piece in pieces[1:])


def test_a_sentence_ends_at_its_stop_and_at_its_line() -> None:
    assert split("\nUse e.g. this. Then stop.\n- one\n\n- two") == [
        "\nUse e.g. this. ", "Then stop.\n", "- one\n\n", "- two",
    ]  # fmt: skip
