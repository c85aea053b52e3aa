"""A model that answers from a record alone: a request that is not in it is an error, never a made-up answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ..errors import AnswerMissing, StorageError
from .model import Call, Reply, Usage


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
                    usage = Usage(told["prompt_tokens"], told["completion_tokens"])
                    reply = Reply(told["text"], told["finish_reason"], usage, 0.0, told["seconds"], cached=True)
                except (ValueError, KeyError, TypeError) as error:
                    raise StorageError(f"{path}: line {number}: not a recorded answer") from error
                answers[told["key"]] = reply
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error
    return answers


def write_answers(path: Path, answers: Mapping[str, Reply]) -> None:
    """Write answers so that ``read_answers`` gives them back, in the order of their keys."""
    with path.open("w", encoding="utf-8") as file:
        for key in sorted(answers):
            reply = replace(answers[key], cached=True)
            told = {
                "key": key,
                "text": reply.text,
                "finish_reason": reply.finish_reason,
                "prompt_tokens": reply.usage.prompt,
                "completion_tokens": reply.usage.completion,
                "seconds": round(reply.seconds, 2),
            }
            file.write(json.dumps(told, ensure_ascii=True) + "\n")
