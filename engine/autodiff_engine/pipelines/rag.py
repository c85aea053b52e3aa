"""The paper's three retrieval programs (§4): ``vanilla_rag``, ``multi_hop``, ``multi_hop_cycle``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..answer import Reader
from ..candidate import TrainedText
from ..graph import Kind, Node
from ..passage import merge_unique
from ..pipeline import Pipeline
from ..prompt import Prompt
from ..trace import Trace

Search = Callable[[str, int], str]
"""Finds at most so many passages for a query; they are rendered as one text, which is empty when nothing is found."""

QUESTION = "question"
HOPS = 2
"""How many queries the multi-hop programs write."""

_NONE = "No passage was found."
# three line breaks make a blank line: Jinja takes the one after a block away
_CONTEXT = f"{{% if context %}}Passages:\n{{{{ context }}}}{{% else %}}{_NONE}{{% endif %}}\n\n\n"
# the form stands last in the last turn: a small LLM that reads passages after it has forgotten it
QUERY = Prompt(user="Question: {{ question }}\n\n{{ format }}", system="{{ task }}")
NEXT_QUERY = Prompt(
    # before the first search there is nothing to say; after searches that found nothing, what the answer is told too
    user="{% if context | select | list %}Passages found so far:\n"
    "{% for each in context | select %}{{ each }}\n\n{% endfor %}"
    "{% elif context %}" + _NONE + "\n\n{% endif %}Question: {{ question }}\n\n{{ format }}",
    system="{{ task }}",
)
ANSWER = Prompt(user=_CONTEXT + "Question: {{ question }}\n\n{{ format }}", system="{{ task }}")

_ANSWER_TEXTS = (
    TrainedText(
        "answer.task",
        "says how the LLM has to find the answer to the question in the passages",
        "Answer the question with the help of the passages.",
    ),
    TrainedText(
        "answer.format",
        "says in which form the LLM has to answer, so that the answer can be read after the last `Answer:`",
        "End with 'Answer: X', where X is the answer in as few words as possible.",
    ),
)


def vanilla_rag(search: Search, parse: Reader, *, k: int) -> Pipeline:
    """Return retriever -> answer: ``k`` passages for the question itself, one LLM call."""

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        question = trace.input(QUESTION, given[QUESTION])
        context = await _retrieved(trace, search, question, trace.hyperparameter("k", k))
        return await _answered(trace, parse, question, context)

    return Pipeline("vanilla_rag", run, _ANSWER_TEXTS, (QUESTION,), ANSWER.slots)


def multi_hop(search: Search, parse: Reader, *, k: int) -> Pipeline:
    """Return two query generators with texts of their own, the retriever called after each, then the answer."""
    first = _query_texts("query_1", "says what the first search query has to look for", "Write a search query.")
    second = _query_texts(
        "query_2",
        "says what the second search query has to look for, given the passages that the first one found",
        "Write a search query for what the passages do not say yet.",
    )

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        question, top = trace.input(QUESTION, given[QUESTION]), trace.hyperparameter("k", k)
        query = await _asked(trace, "query_1", QUERY, question=question)
        found = await _retrieved(trace, search, query, top)
        query = await _asked(trace, "query_2", NEXT_QUERY, question=question, context=[found])
        found_next = await _retrieved(trace, search, query, top)
        context = await trace.apply("combine", merge_unique, found, found_next, role="all passages, each once")
        return await _answered(trace, parse, question, context)

    return Pipeline("multi_hop", run, (*first, *second, *_ANSWER_TEXTS), (QUESTION,), NEXT_QUERY.slots)


def multi_hop_cycle(search: Search, parse: Reader, *, k: int) -> Pipeline:
    """Return one query generator that is called twice, the retriever after each call, then the answer (eq. 8)."""
    texts = _query_texts(
        "query",
        "says what the next search query has to look for, given the passages that are there already",
        "Write a search query for what is not known yet.",
    )

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        question, top = trace.input(QUESTION, given[QUESTION]), trace.hyperparameter("k", k)
        found: list[Node] = []
        for _ in range(HOPS):
            query = await _asked(trace, "query", NEXT_QUERY, question=question, context=list(found))
            found.append(await _retrieved(trace, search, query, top))
        context = await trace.apply("combine", merge_unique, *found, role="all passages, each once")
        return await _answered(trace, parse, question, context)

    return Pipeline("multi_hop_cycle", run, (*texts, *_ANSWER_TEXTS), (QUESTION,), NEXT_QUERY.slots)


def _query_texts(node: str, role: str, task: str) -> tuple[TrainedText, TrainedText]:
    form = TrainedText(
        f"{node}.format", "says in which form the query has to be written", "Reply with the query alone, on one line."
    )
    return TrainedText(f"{node}.task", role, task), form


async def _asked(trace: Trace, name: str, prompt: Prompt, **slots: Node | list[Node]) -> Node:
    texts = (f"{name}.task", f"{name}.format")
    return await trace.generate(name, template=prompt, prompts=texts, role="a search query", given=slots)


async def _retrieved(trace: Trace, search: Search, query: Node, k: Node) -> Node:
    def found(asked: str, most: str) -> str:
        return search(asked, int(most))

    return await trace.apply(
        "retrieve", found, query, k, role="the passages that the search engine finds for the query", kind=Kind.RETRIEVED
    )


async def _answered(trace: Trace, parse: Reader, question: Node, context: Node) -> Node:
    texts = ("answer.task", "answer.format")
    return await trace.generate(
        "answer",
        template=ANSWER,
        prompts=texts,
        parse=parse,
        role="the program's answer",
        question=question,
        context=context,
    )
