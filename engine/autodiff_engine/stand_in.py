"""A stand-in for every model of a training: it answers with what is stored, else with a guess, and asks nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from .errors import ModelRefused
from .llm import Call, Reply, Usage
from .sentences import estimated_tokens

Guess = Literal["expected", "nothing", "long"]
"""What is replied in place of an answer: the expected one, none, or the expected one behind as much as may be said."""

GUESSES: tuple[Guess, ...] = ("expected", "nothing", "long")

CHAT_TOKENS = 32
"""What a provider's own form adds to the texts of a chat, at most."""
_MOST_CALLS = 200
"""Calls of the program for one example after which a program that goes by its replies is stopped."""
_TURNS = 5
"""Turns of the event loop that a guess waits for, so that branches that need no reply are seen to begin."""
_SENTENCE = 40
"""Words of a long sentence: feedback is three."""
_FILLER = "words "


@dataclass(frozen=True, slots=True)
class Sent:
    """A call as it would be sent; ``sure`` where no reply before it was guessed, so that a run makes this very call."""

    call: Call
    sure: bool
    stored: Reply | None

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens its prompt takes: a careful estimate, at the upper end."""
        messages = self.call.request.messages
        return sum(estimated_tokens(message.content) for message in messages) + CHAT_TOKENS


class StandIn:
    """Plays all roles; keeps what it was sent, in the order of arrival.

    ``expected`` has the expected answer of each example by id; ``stored`` looks an answer up by its key. Once it has
    guessed a reply for an example, what follows on that example is no more than likely. Whoever rehearses may change
    ``guess`` between two examples.
    """

    def __init__(self, expected: Mapping[str, str], stored: Callable[[str], Reply | None] = lambda key: None) -> None:
        self._expected = expected
        self._stored = stored
        self._calls: dict[str, int] = {}
        self.guess: Guess = "expected"
        self.guessed: set[str] = set()
        """The examples that a reply was guessed for."""
        self.sent: list[Sent] = []

    async def complete(self, call: Call) -> Reply:
        """Answer.

        Raises:
            ModelRefused: The program goes on asking about one example, by replies that nobody gave.
        """
        example = "/".join(call.at.split("/")[2:-2])
        sure = example not in self.guessed
        stored = self._stored(call.request.key) if sure else None
        self.sent.append(Sent(call, sure, stored))
        self._calls[example] = self._calls.get(example, 0) + (call.role in ("task", "teacher"))
        if self._calls[example] > _MOST_CALLS:
            raise ModelRefused(f"more than {_MOST_CALLS} calls for example {example}")
        if stored is not None:
            return stored
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        self.guessed.add(example)
        return Reply(self._reply(call, self._expected.get(example, "")), "stop", Usage(None, None))

    def take(self) -> list[Sent]:
        """Return what was sent since the last time, and begin anew."""
        sent, self.sent = self.sent, []
        self._calls.clear()
        self.guessed.clear()
        return sent

    def _reply(self, call: Call, expected: str) -> str:
        """Return a reply of its role; those to our own prompts are in no form, so that the repair is asked for, too."""
        most = call.request.params.get("max_tokens")
        long = filler(most if isinstance(most, int) else 0) if self.guess == "long" else ""
        match call.role:
            case "task" | "teacher":
                return "" if self.guess == "nothing" else f"{long}\nAnswer: {expected}".strip()
            case "judge":
                asked_again = len(call.request.messages) > 2
                return f"{long}\nScore: 5" if asked_again or not long else long
            case "backward":
                return " ".join([f"{(_FILLER * _SENTENCE).strip()}."] * 3) if long else "It is wrong."
            case "optimizer":
                return long or "No."


def filler(tokens: int) -> str:
    """Return a text of about so many tokens, by our own careful estimate, half as many words."""
    return (_FILLER * (tokens // 2)).strip()


def padded(text: str, most_words: int) -> str:
    """Return a text as long as training may make ``text``."""
    return f"{text} {_FILLER * max(0, most_words - len(text.split()))}".strip()
