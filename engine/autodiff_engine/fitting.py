"""Our own prompts within a model's context: of long texts the middle is left out, with a mark that says how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .errors import ModelRefused
from .llm import Message
from .sentences import estimated_tokens
from .template import Filling
from .trace import Asker

LEAST = 200
"""Characters that are left of a text at least: its beginning and its end."""
WHOLE = "whole"
"""Set in one of several texts, it keeps that one as it is."""
_MARK = "[… {:,} characters left out …]"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is sent; ``left_out`` counts the characters that are not, 0 when the prompt fits as it is."""

    messages: tuple[Message, Message]
    left_out: int = 0


def fitted(
    asker: Asker,
    ask: Callable[[Mapping[str, Filling]], tuple[Message, Message]],
    values: Mapping[str, Filling],
    stages: Sequence[Sequence[str]],
    *,
    what: str,
) -> Fitted:
    """Return the prompt that ``ask`` makes of ``values``, its long texts shortened as little as makes it fit.

    Each of ``stages`` names values that may be shortened: text, or a list whose members have a text called ``value``.
    The first stage that suffices is taken, and in it all texts are cut to one length, so that the longest lose most.
    Costs nothing but the rendering when the prompt fits; ``what`` is the prompt's name for messages.

    Raises:
        ModelRefused: It does not fit however short these texts are.
    """
    messages = ask(values)
    if fits(asker, messages):
        return Fitted(messages)
    for names in stages:
        shortest, left_out = _shortened(values, names, LEAST)
        messages = ask(shortest)
        if not fits(asker, messages):
            continue
        low, high = LEAST, max(_lengths(values, names), default=LEAST)
        while high - low > 1:  # low always fits, high never does
            middle = (low + high) // 2
            shorter, count = _shortened(values, names, middle)
            tried = ask(shorter)
            if fits(asker, tried):
                low, messages, left_out = middle, tried, count
            else:
                high = middle
        return Fitted(messages, left_out)
    raise ModelRefused(
        f"{what} takes about {_tokens(messages):,} tokens even with its long texts cut, and models.{asker.role} has "
        f"room for {_room(asker):,}",
        f"set models.{asker.role}.context to what the model really has, or choose another model",
    )


def fits(asker: Asker, messages: Sequence[Message]) -> bool:
    """Return whether a prompt and its answer keep within the context, by a careful estimate of tokens."""
    return _tokens(messages) <= _room(asker)


def cut(text: str, most: int) -> tuple[str, int]:
    """Return the beginning and the end of ``text``, ``most`` characters of it, and how many were left out between."""
    left_out = len(text) - most
    mark = _MARK.format(left_out)
    if left_out <= len(mark) + 2:  # the mark would take as much
        return text, 0
    return f"{text[: most - most // 2]}\n{mark}\n{text[len(text) - most // 2 :]}", left_out


def _room(asker: Asker) -> int:
    """Return the tokens for a prompt; an answer that may be longer than a quarter of the context is given that much."""
    answer = asker.params.get("max_tokens")
    return asker.context - min(answer if isinstance(answer, int) else 0, asker.context // 4)


def _tokens(messages: Sequence[Message]) -> int:
    return sum(estimated_tokens(message.content) for message in messages)


def _shortened(values: Mapping[str, Filling], names: Sequence[str], most: int) -> tuple[dict[str, Filling], int]:
    shorter, left_out = dict(values), 0
    for name in names:
        value = values[name]
        if isinstance(value, str):
            shorter[name], count = cut(value, most)
            left_out += count
        elif value is not None:
            members: list[Filling] = []
            for member in _members(value):
                if not member.get(WHOLE):
                    text, count = cut(str(member["value"]), most)
                    member, left_out = {**member, "value": text}, left_out + count
                members.append(member)
            shorter[name] = members
    return shorter, left_out


def _lengths(values: Mapping[str, Filling], names: Sequence[str]) -> list[int]:
    given = [values[name] for name in names if values[name] is not None]
    lists = [member for value in given if not isinstance(value, str) for member in _members(value)]
    texts = [value for value in given if isinstance(value, str)]
    return [len(text) for text in (*texts, *(str(each["value"]) for each in lists if not each.get(WHOLE)))]


def _members(value: Filling) -> Sequence[Mapping[str, Filling]]:
    return cast("Sequence[Mapping[str, Filling]]", value)
