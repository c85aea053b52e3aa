from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.blame import Sentence, blame

sentences = st.lists(st.sampled_from(["Count.", "Say it!", "List all\n", " - one", "Why?", "\n\n"]), max_size=6).map(
    " ".join
)


def origins(*versions: str) -> list[tuple[str, int]]:
    return [(each.text.strip(), each.origin) for each in blame(versions)]


def test_a_sentence_belongs_to_the_version_that_brought_it() -> None:
    assert origins("Count. Answer.", "Count. List each. Answer.", "Count twice. List each. Answer. Check.") == [
        ("Count twice.", 2), ("List each.", 1), ("Answer.", 0), ("Check.", 2),
    ]  # fmt: skip


def test_a_sentence_that_moves_or_gets_other_white_space_keeps_its_origin() -> None:
    assert origins("One. Two.", "Two.\n\nOne.\nThree.") == [("Two.", 0), ("One.", 0), ("Three.", 1)]


def test_a_sentence_that_was_taken_out_and_came_back_is_new() -> None:
    assert origins("One. Two.", "One.", "One. Two.") == [("One.", 0), ("Two.", 2)]


def test_of_two_equal_sentences_the_second_is_new_when_there_was_one() -> None:
    assert origins("Say it.", "Say it. Say it.") == [("Say it.", 0), ("Say it.", 1)]


def test_no_version_has_no_sentences() -> None:
    assert blame(()) == ()
    assert blame(("", "One.")) == (Sentence("One.", 1),)


@given(st.lists(sentences, min_size=1, max_size=5))
def test_the_sentences_are_the_last_version_byte_for_byte(versions: list[str]) -> None:
    told = blame(versions)

    assert "".join(each.text for each in told) == versions[-1]
    assert all(0 <= each.origin < len(versions) for each in told)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_is_its_own_start(text: str) -> None:
    assert "".join(each.text for each in blame((text, text))) == text
    assert all(each.origin == 0 for each in blame((text, text)))
