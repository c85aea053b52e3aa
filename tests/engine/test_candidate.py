import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff_engine.candidate import Candidate, TrainedText, start

TEXTS = st.dictionaries(st.text(max_size=5), st.text(st.characters()), max_size=4)


@given(TEXTS, TEXTS)
def test_ids_are_equal_exactly_when_the_texts_are(one: dict[str, str], other: dict[str, str]) -> None:
    assert (Candidate(one).id == Candidate(other).id) == (one == other)


def test_half_a_character_has_an_id_too() -> None:
    assert Candidate({"task": "\ud800"}).id != Candidate({"task": "\ud801"}).id


def test_a_candidate_cannot_be_changed_from_outside() -> None:
    texts = {"task": "a"}
    candidate = Candidate(texts)
    texts["task"] = "b"
    assert candidate.texts["task"] == "a"
    with pytest.raises(TypeError):
        candidate.texts["task"] = "b"  # type: ignore[index]


def test_changed_texts_make_a_new_candidate_in_the_same_order() -> None:
    first = start((TrainedText("task", "", "a"), TrainedText("format", "", "b")))
    second = first.with_texts({"format": "c"})
    assert list(second.texts.items()) == [("task", "a"), ("format", "c")]
    assert first.texts["format"] == "b"
    assert first.with_texts({}).id == first.id


def test_an_unknown_text_is_named_with_those_that_there_are() -> None:
    with pytest.raises(KeyError, match="no trained text called tusk; there are task"):
        Candidate({"task": "a"}).with_texts({"tusk": "b"})
