"""``object_count``: count the things of one kind in a sentence (§4); task, output format and demos are peers."""

from __future__ import annotations

from ..answer import Reader
from ..candidate import TrainedText
from ..pipeline import Pipeline
from .prompt import DEMOS, WITH_DEMOS, one_call

TEXTS = (
    TrainedText(
        "task",
        "says what the LLM has to do with the question",
        "You will answer a reasoning question. Think step by step.",
    ),
    TrainedText(
        "format",
        "says in which form the LLM has to answer, so that the last number of the reply can be read as the answer",
        "The last line of your reply must be 'Answer: N', where N is a number.",
    ),
    DEMOS,
)
SYSTEM = "{{ task }}\n{{ format }}\n" + WITH_DEMOS


def object_count(read: Reader) -> Pipeline:
    """Return the program; ``read`` takes the last number of a reply."""
    return one_call("object_count", texts=TEXTS, system=SYSTEM, user="{{ question }}", parse=read)
