"""The metric that is an LLM: a grade from 0 to 10 by criteria in the user's own words."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .dataset import Example
from .errors import ModelRefused, ModelUnreadable
from .fitting import fitted
from .graph import Exchange
from .instructions import Instructions
from .llm import Message, Reply
from .metric import MetricCall, Score
from .sentences import first_sentences
from .template import Filling
from .trace import Asker

JUDGE = "judge"
MOST = 10
"""The highest grade."""
FORM = "Score: N"
FRESH = 2
"""How often a judge is asked anew, by draws of their own, when its first reply and its repair hold no grade."""
NO_GRADE = "the judge gave no grade that could be read"
"""Begins what is said of an example that has no score for that."""
_FRESH_DRAW = 1_000_000
"""Between the draws of one judgement: more than there are seeds."""
_STAGES = (("inputs",), ("inputs", "answer", "expected"))
"""What is shortened where the prompt does not fit: what the system was asked first."""
_MARKS = r"[\s*_`:=\"']*+"
"""All that there are: what follows is never one of them, and a reply of nothing else is read in no time."""
_NUMBER = r"([0-9]{1,3}(?:\.[0-9]{1,3})?)(?![0-9.]*[0-9])"
_OF = r"(?:\s*(?:/|out\s+of)\s*([0-9]{1,3})|\s*(%))?"
_RANGE = r"(?!\s*(?:[-–]|to\b)\s*[0-9])"
_GRADE = re.compile(rf"\bscore{_MARKS}(?:is\b{_MARKS})?{_NUMBER}{_RANGE}{_MARKS}{_OF}", re.I)
_ALONE = re.compile(rf"{_MARKS}{_NUMBER}{_RANGE}{_MARKS}{_OF}[\s*_`.!\"']*+", re.I)


@dataclass(frozen=True, slots=True)
class Judge:
    """Asks an LLM how good an answer is: one call, and up to three more while no grade can be read from its replies.

    The grade, a number from 0 to 10, is a tenth of its value as a score. A reply without one is the judge's doing, not
    the candidate's: it is asked once for the form, then anew with other draws, and in vain, there is no score
    (``ModelUnreadable``). A judge that refuses what it is sent (too long, filtered) was sent it by the candidate: that
    scores 0, as it does when the program's own call is refused.
    What is too long for its context is shortened in the middle before it is sent, and the score's reason says so.

    ``asker`` is None until the models are there; a judge without one can be described, and scores nothing.
    """

    criteria: str
    instructions: Instructions
    draw: int
    asker: Asker | None = None

    @property
    def name(self) -> str:
        """As the config names it."""
        return JUDGE

    @property
    def description(self) -> str:
        """The criteria: what the LLMs that write feedback are told."""
        return f"a grade by these criteria, from 0 to 1: {self.criteria}"

    def asking(self, asker: Asker) -> Judge:
        """Return the judge that can score."""
        return replace(self, asker=asker)

    async def score(self, answer: str, example: Example, *, at: str = "") -> Score:
        """Ask for a grade, once more for a readable one, then anew.

        Raises:
            ModelUnavailable: Nobody answered.
            ModelUnreadable: No reply held a grade.
            StorageError: The run's instructions are older than the judge.
        """
        values: dict[str, Filling] = {
            "inputs": [{"name": name, "value": value} for name, value in example.inputs.items()],
            "answer": answer,
            "expected": example.expected,
            "criteria": self.criteria,
        }
        calls: list[MetricCall] = []
        try:
            prompt = fitted(
                self._asker, lambda told: self.instructions.ask(JUDGE, told), values, _STAGES, what="the judge's prompt"
            )
        except ModelRefused as error:
            return Score(Fraction(0), f"the judge was not asked: {error}")
        messages: tuple[Message, ...] = prompt.messages
        while len(calls) < 2 + FRESH:
            try:
                reply = await self._ask(messages, at, calls)
            except ModelRefused as error:
                return Score(Fraction(0), f"the judge refused: {error}", tuple(calls))
            grade, problem = read_grade(reply)
            if grade is not None:
                return Score(grade, f"{_reason(reply.text)}{_unseen(prompt.left_out)}", tuple(calls))
            repair = len(calls) == 1
            messages = self.instructions.ask_again(messages, reply.text, problem) if repair else prompt.messages
        raise ModelUnreadable(
            f"{NO_GRADE}, also when asked again: {_shown(calls[-1])} [{at}]",
            "choose another model for [models.judge], or make task.judge simpler",
        )

    @property
    def _asker(self) -> Asker:
        if self.asker is None:
            raise AssertionError("the judge has nobody to ask")
        return self.asker

    async def _ask(self, messages: Sequence[Message], at: str, calls: list[MetricCall]) -> Reply:
        draw = self.draw + max(0, len(calls) - 1) * _FRESH_DRAW  # the first two are of one draw
        call = self._asker.call(messages, at=at, draw=draw)
        reply = await self._asker.model.complete(call)
        name, t = (at or f"{JUDGE}/1").split("/")[-2:]
        system, user = messages[0].content, "\n\n".join(message.content for message in messages[1:])
        read = read_grade(reply)[0]
        parsed = None if read is None else f"{float(read):g}"
        exchange = Exchange(system, user, reply.text, parsed, reply.finish_reason, call.request.key)
        calls.append(MetricCall(name, int(t), exchange))
        return reply


def read_grade(reply: Reply) -> tuple[Fraction | None, str]:
    """Return the score in [0, 1] that a reply ends with, or None and what is wrong, in words for the repair.

    ``Score: 8``, ``**Score:** 8/10``, ``score is 80 %`` and a last line that is a number alone are all 4/5.
    """
    if reply.finish_reason == "length":
        return None, f"it was cut off before its last line; write one short sentence, then '{FORM}'"
    match = _grade_in(reply.text.strip())
    if match is not None:
        most = 100 if match[3] else int(match[2] or MOST)
        grade = Fraction(match[1]) / most if most else Fraction(-1)
        if 0 <= grade <= 1:
            return grade, ""
    return None, f"there is no grade from 0 to {MOST} in it; end with the line '{FORM}', N being the number"


def _grade_in(text: str) -> re.Match[str] | None:
    """Return the last grade that ``text`` calls so, else its last line if that is a number alone."""
    called = deque(_GRADE.finditer(text), maxlen=1)
    return called[0] if called else _ALONE.fullmatch(text.splitlines()[-1]) if text else None


def _reason(reply: str) -> str:
    lines = [line for line in reply.strip().splitlines() if line.strip()]
    kept = [line for line in lines if not (_GRADE.search(line) or _ALONE.fullmatch(line))]
    return first_sentences(" ".join(kept), 2) or "the judge gave no reason"


def _unseen(left_out: int) -> str:
    return f" ({left_out:,} characters of what it was to grade did not fit its context)" if left_out else ""


def _shown(call: MetricCall) -> str:
    text = " ".join(call.exchange.reply.split())
    return repr(text[:80] + ("…" if len(text) > 80 else ""))
