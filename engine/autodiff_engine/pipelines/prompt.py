"""``prompt``: one LLM call, from templates alone: what most people train first."""

from __future__ import annotations

from collections.abc import Mapping

from ..answer import Parser, Reader
from ..candidate import TrainedText
from ..errors import ConfigError
from ..graph import Node
from ..pipeline import Pipeline
from ..template import Template
from ..trace import Prompt, Trace, slot_of

ANSWER = "answer"

DEMOS = TrainedText("demos", "holds worked examples: what the LLM is sent, and a right reply to it", "", "demos")
"""The text of demos as our programs have it: nothing at the start."""
WITH_DEMOS = """\
{% if demos %}

Examples:
{{ demos }}
{% endif %}"""
"""The end of a template in which such a text stands: without demos it is nothing at all."""


def one_call(
    name: str,
    *,
    texts: tuple[TrainedText, ...],
    system: str,
    user: str,
    parse: Reader | Parser,
    where: str = "[program]",
) -> Pipeline:
    """Return a program of one call: slots are the trained texts and, for the rest, columns of the data.

    Raises:
        TemplateError: A template cannot be parsed.
        ConfigError: There is nothing to train, or a trained text has no slot or the call's own name.
    """
    prompt = Prompt(Template(user, f"{where} user"), Template(system, f"{where} system") if system else None)
    names = tuple(text.name for text in texts)
    if not names:
        raise ConfigError(f"{name}: nothing to train", "give at least one start text under [prompts]")
    if ANSWER in names:
        raise ConfigError(f"[prompts] {ANSWER}: the program's call has this name", "call the text otherwise")
    filled = {slot_of(text): text for text in names}
    for slot, text in filled.items():
        if slot not in prompt.slots:
            raise ConfigError(
                f"[prompts] {text}: no slot {{{{ {slot} }}}} in {where}; its slots are {', '.join(prompt.slots)}",
                f"add {{{{ {slot} }}}} to system or user, or delete the text",
            )
    inputs = tuple(slot for slot in prompt.slots if slot not in filled)

    async def run(trace: Trace, given: Mapping[str, str]) -> Node:
        asked = {column: trace.input(column, given[column]) for column in inputs}
        return await trace.generate(
            ANSWER, template=prompt, prompts=names, parse=parse, role="the program's answer", given=asked
        )

    return Pipeline(name, run, texts, inputs, prompt.slots)
