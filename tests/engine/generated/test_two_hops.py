import re
from itertools import islice

import pytest

from autodiff_engine.generated import TwoHops, two_hops
from autodiff_engine.retrieval import Corpus, Retriever


def made(seed: int, count: int = 100) -> list[TwoHops]:
    return list(islice(two_hops(seed), count))


def corpus(some: list[TwoHops]) -> Corpus:
    return Corpus.of(passage for each in some for passage in each.passages)


def holds(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


@pytest.mark.parametrize("seed", [0, 7])
def test_an_answer_stands_in_one_passage_and_that_one_is_found_by_the_first(seed: int) -> None:
    some = made(seed, 60)
    by_title = {each.title: f"{each.title}. {each.text}" for each in corpus(some).passages}

    for each in some:
        first, second = each.gold
        assert holds(each.question, first)
        assert not holds(each.question, second)
        assert holds(by_title[first], second)
        assert [title for title, text in by_title.items() if holds(text, each.answer)] == [second]
        assert len(each.answer.split()) <= 3


def test_the_hops_can_be_followed_by_reading_alone() -> None:
    """Follow each question's relations through the sentences, without the gold titles."""
    some = made(3, 80)
    texts = [each.text for each in corpus(some).passages]
    hops = {
        r"author of the novel (.+) born\?": (r"{} is a novel by (.+?) about", r"^{}, who .* was born in (\w+) in"),
        r"makes the (.+)\?": (r"^The {} is a .*\. (.+) has made it", r"^{} is a company in \w+\. (.+) founded it"),
        r"where the \w+ (\w+ \w+) lives": (r"^{} is a .* lived in (.+) for", r"^{} is a town .*\. The (\w+) flows"),
        r"keeps the painting (.+)\?": (r"^{} is a painting .*\. (.+) keeps it", r"^{} opened in .*\. (.+) directs"),
    }

    def follow(pattern: str, name: str) -> str:
        (found,) = {hit[1] for text in texts if (hit := re.search(pattern.format(re.escape(name)), text))}
        return found

    kinds: list[str] = []
    for each in some:
        (kind,) = (asked for asked in hops if re.search(asked, each.question))
        start = re.search(kind, each.question)
        assert start is not None
        first, second = hops[kind]
        assert follow(second, follow(first, start[1])) == each.answer
        kinds.append(kind)
    assert len(set(kinds)) == 4


def test_the_corpus_has_at_least_four_short_passages_a_question_and_no_title_twice() -> None:
    some = made(1)
    passages = corpus(some).passages

    assert len(passages) == sum(len(each.passages) for each in some) >= 400
    assert len({each.title for each in passages}) == len(passages)
    assert all(len(each.passages) >= 4 for each in some)
    assert all(1 <= len(re.findall(r"\.(?: |$)", each.text)) <= 3 for each in passages)
    assert len({each.question for each in some}) == 100


def test_the_question_alone_finds_the_first_passage_and_only_the_bridge_finds_the_second() -> None:
    some = made(2025)
    index = Retriever(corpus(some))

    def titles(query: str) -> list[str]:
        return [each.title for each in index.search(query, 2)]

    firsts = sum(each.gold[0] in titles(each.question) for each in some)
    both = sum(set(each.gold) <= set(titles(each.question)) for each in some)
    seconds = sum(each.gold[1] in titles(f"{each.gold[1]}") for each in some)

    assert firsts >= 95
    assert both <= 30  # recall@2 is then at most 0.65
    assert seconds >= 95


def test_the_same_seed_gives_the_same_facts_and_another_seed_others() -> None:
    first, again, other = made(0, 20), made(0, 40), made(1, 20)

    assert first == again[:20]
    assert not {each.question for each in first} & {each.question for each in other}


def test_names_do_not_run_out() -> None:
    some = made(5, 3000)

    assert len({passage.title for each in some for passage in each.passages}) == sum(len(e.passages) for e in some)
