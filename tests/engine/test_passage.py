import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.passage import Passage, merge_unique, render, titles

passages = st.lists(
    st.builds(Passage, st.text(max_size=20).filter(lambda text: bool(text.split())), st.text(max_size=60)), max_size=6
)


def test_a_passage_is_one_block_of_title_and_text() -> None:
    some = [Passage(" The  Lamp\n", "It is\n\n lit.\t"), Passage("The Bell", "It rings."), Passage("Alone", "")]

    assert render(some) == "The Lamp\nIt is lit.\n\nThe Bell\nIt rings.\n\nAlone"
    assert titles(render(some)) == ["The Lamp", "The Bell", "Alone"]
    assert (render([]), titles(""), titles(" \n ")) == ("", [], [])


def test_without_a_title_the_first_words_are_it_and_without_a_word_there_is_no_passage() -> None:
    assert (
        Passage("", "one two three four five six seven eight nine").title == "one two three four five six seven eight"
    )
    with pytest.raises(ValueError, match="a passage without a word"):
        Passage(" \n", "\t")


@given(passages)
def test_titles_of_rendered_passages_are_the_passages_titles(some: list[Passage]) -> None:
    assert titles(render(some)) == [each.title for each in some]


@given(passages, passages, passages)
def test_merging_is_rendering_all_of_them_once_in_order(
    first: list[Passage], second: list[Passage], third: list[Passage]
) -> None:
    merged = merge_unique(render(first), render(second), render(third))

    assert merged == render(dict.fromkeys([*first, *second, *third]))
    assert merge_unique(merged, merged) == merged


def test_blocks_of_other_hands_are_read_too() -> None:
    assert titles("\n  A \nx\n \n\n B\ny\nz\n") == ["A", "B"]
    assert merge_unique("A\nx\n\n\nB", "B\n\nA\ny") == "A\nx\n\nB\n\nA\ny"
