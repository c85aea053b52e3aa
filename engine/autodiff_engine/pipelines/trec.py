"""``trec``: tell what kind of answer a question asks for, one of six classes (§4); task, format and demos are peers."""

from __future__ import annotations

from ..answer import Reader
from ..candidate import TrainedText
from ..pipeline import Pipeline
from .prompt import DEMOS, WITH_DEMOS, one_call

LABELS = ("ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM")
"""The coarse classes: abbreviation, description, entity, human, location, number."""

TEXTS = (
    TrainedText(
        "task",
        "says what the LLM has to do with the question and what each class means",
        "Classify the question into one of these classes: ABBR, DESC, ENTY, HUM, LOC, NUM. Do not answer the question.",
    ),
    TrainedText(
        "format",
        "says in which form the LLM has to answer, so that the class can be read from the last line of the reply",
        "Reply with the class alone.",
    ),
    DEMOS,
)
SYSTEM = "{{ task }}\n{{ format }}\n" + WITH_DEMOS


def trec(read: Reader) -> Pipeline:
    """Return the program; ``read`` takes one of ``LABELS`` from a reply."""
    return one_call("trec", texts=TEXTS, system=SYSTEM, user="Question: {{ question }}", parse=read)
