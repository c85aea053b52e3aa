import math
import os
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff_engine.retrieval import Corpus, Passage, Retriever

SMALL = Corpus.of(
    [
        Passage("Tarn Lamp", "The lamp was lit in 1931 on the pier."),
        Passage("Velmo Bell", "The bell was cast in 1744."),
        Passage("Ostrel Clock", "The clock stands on a square beside the pier."),
        Passage("Second Bell", "The bell was cast in 1744."),
        Passage("X 9", "Ä straße."),
    ]
)


def found(query: str, k: int = 10, corpus: Corpus = SMALL) -> list[str]:
    return [each.title for each in Retriever(corpus).search(query, k)]


def test_the_best_comes_first_and_only_what_shares_a_word_comes_at_all() -> None:
    assert found("When was the lamp on the pier lit?") == ["Tarn Lamp", "Ostrel Clock"]
    assert found("CLOCK") == ["Ostrel Clock"]
    assert found("the pier", 1) == ["Tarn Lamp"]
    assert found("x") == found("9") == found("ä") == ["X 9"]


def test_equal_passages_come_in_the_order_of_the_corpus() -> None:
    assert found("cast in 1744") == ["Velmo Bell", "Second Bell"]
    assert found("cast in 1744", corpus=Corpus(SMALL.passages[::-1])) == ["Second Bell", "Velmo Bell"]


def test_thousands_of_equal_passages_come_in_the_order_of_the_corpus() -> None:
    thing = ("lamp lamp", "lamp pier", "bell pier")  # three scores for "lamp", and as many words in each passage
    corpus = Corpus.of(Passage(f"n{place}", thing[place % 7 % 3]) for place in range(3000))

    order = sorted(corpus.passages, key=lambda each: thing.index(each.text))
    assert Retriever(corpus).search("lamp", 3000) == tuple(each for each in order if "lamp" in each.text)
    assert found("n17 n16 n15", 2, corpus) == ["n15", "n16"]


@pytest.mark.parametrize("query", ["", " \n", "the of and", "nobody wrote these", "?!"])
def test_a_query_without_a_known_word_finds_nothing(query: str) -> None:
    assert found(query) == []


def test_words_are_not_stemmed_and_the_title_counts() -> None:
    assert found("lamps") == []
    assert found("velmo") == ["Velmo Bell"]


def test_a_corpus_without_words_or_passages_can_be_searched() -> None:
    assert found("lamp", corpus=Corpus(())) == []
    wordless = Passage("The", "of the and")
    assert found("the lamp", corpus=Corpus.of([wordless])) == []
    assert found("the lamp", corpus=Corpus.of([wordless, *SMALL.passages])) == ["Tarn Lamp"]


@settings(deadline=None)  # each example builds an index
@given(st.lists(st.sampled_from(SMALL.passages)), st.integers(-1, 12), st.text("lampbe1 ", max_size=20))
def test_no_more_come_than_are_asked_for_and_each_once(some: list[Passage], k: int, query: str) -> None:
    corpus = Corpus.of(some)

    drawn = Retriever(corpus).search(query, k)

    assert len(set(drawn)) == len(drawn) <= max(min(k, len(corpus.passages)), 0)
    assert set(drawn) <= set(some)


def bm25(query: list[str], documents: list[list[str]]) -> list[float]:
    """The textbook's formula with k1 1.5 and b 0.75, in double precision."""
    mean = sum(map(len, documents)) / len(documents)
    scores: list[float] = []
    for document in documents:
        score = 0.0
        for word in query:
            having = sum(word in each for each in documents)
            idf = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5)) if having else 0.0
            count = document.count(word)
            score += idf * count / (count + 1.5 * (1 - 0.75 + 0.75 * len(document) / mean))
        scores.append(score)
    return scores


word = st.sampled_from(["kettle", "stove", "lathe", "loom"])


@settings(deadline=None)
@given(st.lists(st.lists(word, max_size=6), min_size=1, max_size=8), st.lists(word, min_size=1, max_size=4))
def test_the_order_is_that_of_the_formula(texts: list[list[str]], query: list[str]) -> None:
    corpus = Corpus.of(Passage(f"t{place}", " ".join(text)) for place, text in enumerate(texts))
    scores = bm25(query, [[each.title, *each.text.split()] for each in corpus.passages])

    places = [corpus.passages.index(each) for each in Retriever(corpus).search(" ".join(query), 99)]

    assert sorted(places) == [place for place, score in enumerate(scores) if score > 0]
    for better, worse in pairwise(places):
        assert scores[better] > scores[worse] - 1e-6


def test_repeats_are_dropped_and_the_fingerprint_is_of_content_and_order() -> None:
    corpus = Corpus.of([*SMALL.passages, *SMALL.passages[:2], Passage("Tarn Lamp", "Another one.")])

    assert corpus.passages == (*SMALL.passages, Passage("Tarn Lamp", "Another one."))
    assert len({corpus.fingerprint, SMALL.fingerprint, Corpus(SMALL.passages[::-1]).fingerprint}) == 3
    assert Corpus.of(SMALL.passages).fingerprint == SMALL.fingerprint


def test_the_order_does_not_depend_on_the_hash_seed_and_nothing_is_printed() -> None:
    code = (
        "from itertools import islice\n"
        "from autodiff_engine.generated import two_hops\n"
        "from autodiff_engine.retrieval import Corpus, Retriever, render\n"
        "some = list(islice(two_hops(1), 30))\n"
        "index = Retriever(Corpus.of(p for each in some for p in each.passages))\n"
        "found = [render(index.search(each.question, 9)) for each in some]\n"
        "import hashlib, sys; sys.stdout.write(hashlib.sha256(repr(found).encode()).hexdigest())"
    )
    said = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("0", "1", "2")
    ]

    assert {len(each.stdout) for each in said} == {64}
    assert len({each.stdout for each in said}) == 1
    assert {each.stderr for each in said} == {""}


def test_the_library_is_imported_by_the_first_index_alone() -> None:
    code = "import sys; import autodiff_engine.build; sys.exit('bm25s' in sys.modules or 'numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
