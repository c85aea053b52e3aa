"""A model that answers from a record alone: a request that is not in it is an error, never a made-up answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..control import Control
from ..errors import AnswerMissing, StorageError
from .model import Call, Model, Reply, Usage

_LONGEST_S = 86_400.0
NO_FURTHER = "the recording goes no further: it has no answers for what follows a decision of yours"


class RecordedModel:
    """Answers with what was recorded under a request's key; ``pace`` times the recorded seconds is waited before."""

    def __init__(self, answers: Mapping[str, Reply], *, pace: float, on_hit: Callable[[Reply], None]) -> None:
        self._answers = answers
        self._pace = pace
        self._on_hit = on_hit

    async def complete(self, call: Call) -> Reply:
        """Answer from the record.

        Raises:
            AnswerMissing: The record has no answer to this request.
        """
        reply = self._answers.get(call.request.key)
        if reply is None:
            raise AnswerMissing(
                f"the record has no answer to this request of the role {call.role} [{call.at}]",
                "the record and this version of autodiff-tui do not belong together: record it again",
            )
        if self._pace:
            await asyncio.sleep(reply.seconds * self._pace)
        self._on_hit(reply)
        return reply


class SteeredRecord:
    """Stands before a recorded model: once a person has steered the run, a request that was not recorded stops it.

    Nothing is amiss then, the person has left the recording: ``on_end`` hears so once, and the best so far is kept.
    """

    def __init__(
        self, inner: Model, answers: Mapping[str, Reply], control: Control, on_end: Callable[[str], object]
    ) -> None:
        self._inner = inner
        self._answers = answers
        self._control = control
        self._on_end = on_end
        self._ended = False

    async def complete(self, call: Call) -> Reply:
        """Answer from the record.

        Raises:
            RunStopped: It has no answer, and a person has decided something before.
            AnswerMissing: It has none, though the run is as it was recorded.
        """
        if call.request.key not in self._answers:
            await self._control.passing()
            if self._control.steered:
                self._end()
                await self._control.passing()
        return await self._inner.complete(call)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._on_end(NO_FURTHER)
        self._control.stop(NO_FURTHER)


def read_answers(path: Path) -> dict[str, Reply]:
    """Read a file of recorded answers, a JSON object a line, by key.

    Raises:
        StorageError: The file is missing, or a line is not an answer.
    """
    answers: dict[str, Reply] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    told = json.loads(line)
                    answers[told["key"]] = _reply(told)
                except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                    raise StorageError(f"{path}: line {number}: not a recorded answer") from error
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StorageError(f"{path}: is no text") from error
    return answers


def write_answers(path: Path, answers: Mapping[str, Reply]) -> None:
    """Write answers so that ``read_answers`` gives them back, in the order of their keys."""
    path.write_text(answers_text(answers), encoding="utf-8", newline="\n")


def answers_text(answers: Mapping[str, Reply]) -> str:
    """Return what ``write_answers`` writes, ASCII only; what they cost is left out."""
    return "".join(f"{json.dumps(_line(key, answers[key]), ensure_ascii=True)}\n" for key in sorted(answers))


def _line(key: str, reply: Reply) -> dict[str, str | int | float | None]:
    return {
        "key": key,
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "prompt_tokens": reply.usage.prompt,
        "completion_tokens": reply.usage.completion,
        "seconds": round(reply.seconds, 2),
    }


def _reply(told: dict[str, Any]) -> Reply:
    """Return the answer of a line; a stranger may have written it.

    Raises:
        KeyError, TypeError, ValueError: It is of another form.
    """
    texts, counts = (
        (told["key"], told["text"], told["finish_reason"]),
        (told["prompt_tokens"], told["completion_tokens"]),
    )
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("its text is no text")
    if not all(count is None or (type(count) is int and count >= 0) for count in counts):
        raise TypeError("its tokens are no numbers")
    seconds = float(told["seconds"])
    if not 0 <= seconds <= _LONGEST_S:
        raise ValueError("it took no time that there is")
    return Reply(texts[1], texts[2], Usage(*counts), 0.0, seconds, cached=True)
