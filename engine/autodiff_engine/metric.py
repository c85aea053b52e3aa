"""How good an answer is: a score in [0, 1] and why."""

from __future__ import annotations

import inspect
import re
import string
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

from . import user_code
from .config import code
from .dataset import Example
from .errors import ConfigError, DataError, ProgramError
from .graph import Exchange
from .ranking import KINDS as RANKINGS
from .ranking import ranking
from .user_error import place_of, user_error


@dataclass(frozen=True, slots=True)
class MetricCall:
    """An LLM call that a metric made, by the last two parts of its structural id."""

    name: str
    t: int
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Score:
    """``value`` is exact, in [0, 1], higher is better; ``why`` is for people and LLMs."""

    value: Fraction
    why: str
    calls: tuple[MetricCall, ...] = ()
    """What an LLM was asked for it, in order."""


class Metric(Protocol):
    """Anything that scores an answer; ``description`` is told to LLMs, so it has to be true."""

    @property
    def name(self) -> str:
        """As the config names it, without any folder."""
        ...

    @property
    def description(self) -> str:
        """What is compared, after which changes."""
        ...

    async def score(self, answer: str, example: Example, *, at: str = "") -> Score:
        """Score ``answer`` to ``example``; ``at`` is the structural id of the LLM call that a metric may make.

        Raises:
            DataError: The metric needs an expected answer and the example has none.
            ProgramError: The user's own metric raised, or gave something that is no score.
            ModelUnavailable: The metric asks an LLM, and nobody answered.
            ModelUnreadable: The metric asks an LLM and got nothing that it can read: there is no score.
        """
        ...


@dataclass(frozen=True, slots=True)
class Comparing:
    """A metric that compares two texts."""

    name: str
    description: str
    compare: Callable[[str, str], Fraction]

    async def score(self, answer: str, example: Example, *, at: str = "") -> Score:
        """Compare with the expected answer."""
        if example.expected is None:
            raise DataError(f"example {example.id} has no expected answer, which the metric {self.name} needs")
        return self.against(answer, example.expected)

    def against(self, answer: str, expected: str) -> Score:
        """Compare with ``expected``, whatever the example's own is: another of its columns, say."""
        value = self.compare(answer, expected)
        if value == 1:
            return Score(value, f"{answer!r} is right")
        return Score(value, f"expected {expected!r}, got {answer!r}")


@dataclass(frozen=True, slots=True)
class UsersOwn:
    """A metric that the user wrote: plain or async, ``(answer, expected) -> score`` or ``-> (score, why)``."""

    name: str
    description: str
    function: Callable[..., object]

    async def score(self, answer: str, example: Example, *, at: str = "") -> Score:
        """Ask the user's function; a plain one runs on the engine's loop, so it should be quick."""
        where = f"metric {self.name} on example {example.id}"
        try:
            given = self.function(answer, example.expected)
            if inspect.isawaitable(given):
                given = cast("object", await given)
        except (Exception, SystemExit) as error:  # a script that ends itself must not end us
            raise user_error(where, error) from error
        value, why = _value_and_why(given)
        return Score(
            _checked(value, where, place_of(self.function)), why or f"expected {example.expected!r}, got {answer!r}"
        )


def by_name(name: str, base: Path, *, where: str = "task.metric") -> Metric:
    """Return the built-in metric, or the user's own for ``file.py:function``, relative to ``base``.

    Raises:
        ConfigError: There is none.
        ProgramError: The user's file raised when it was imported.
    """
    if code(name).file:
        function = user_code.load(name, base, where=where)
        says = inspect.getdoc(function) or f"the user's own function {code(name).shown}; a score from 0 to 1"
        return UsersOwn(code(name).shown, says, function)
    if name in BUILT_IN:
        return BUILT_IN[name]
    if found := ranking(name, where):
        return Comparing(found.name, found.description, found.compare)
    known = (*BUILT_IN, *RANKINGS, "judge")  # a judge is made where there is a model to ask
    close = get_close_matches(name, known, 1, 0.5)
    there = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}, or file.py:function"
    raise ConfigError(f'{where} = "{name}": no such metric; {there}')


def _value_and_why(given: object) -> tuple[object, str]:
    if not isinstance(given, tuple):
        return given, ""
    pair = cast("tuple[object, ...]", given)
    return (pair[0], pair[1]) if len(pair) == 2 and isinstance(pair[1], str) else (pair, "")


def _checked(value: object, where: str, place: str) -> Fraction:
    if isinstance(value, str | bytes) or not hasattr(value, "__float__"):
        raise ProgramError(f"{where}: gave {value!r}, which is no number from 0 to 1{place}")
    number = value if isinstance(value, int | Fraction) else float(cast("float", value))
    if not 0 <= number <= 1:  # also what is not a number at all
        raise ProgramError(f"{where}: gave {value!r}, which is not from 0 to 1{place}")
    return Fraction(number)


def _exact(answer: str, expected: str) -> Fraction:
    return Fraction(_bare(answer) == _bare(expected))


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold().removesuffix(".").rstrip()


def _numeric(answer: str, expected: str) -> Fraction:
    given, wanted = _number(answer), _number(expected)
    return Fraction(given is not None and given == wanted)


_NUMERAL = re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,100})(?:\.[0-9]{1,100})?|[-+]?\.[0-9]{1,100}")


def _number(text: str) -> Fraction | None:
    bare = text.strip().lstrip("$€£").removesuffix(".")
    return Fraction(bare.replace(",", "")) if _NUMERAL.fullmatch(bare) and len(bare) < 500 else None


def _f1(answer: str, expected: str) -> Fraction:
    given, wanted = _words(answer), _words(expected)
    if not given or not wanted:
        return _exact(answer, expected)
    if given != wanted and (given in _ALONE or wanted in _ALONE):
        return Fraction(0)
    common = sum((Counter(given) & Counter(wanted)).values())
    return Fraction(2 * common, len(given) + len(wanted))


def _same_words(answer: str, expected: str) -> Fraction:
    return Fraction(_words(answer) == _words(expected))


_ALONE = (["yes"], ["no"], ["noanswer"])
"""Answers that no part of a longer one is half right for, as HotPotQA has it."""
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def _words(text: str) -> list[str]:
    """Split as HotPotQA does: lower case, no ASCII punctuation, no articles, in that order."""
    bare = "".join(char for char in text.lower() if char not in string.punctuation)
    return _ARTICLES.sub(" ", bare).split()


BUILT_IN: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Comparing(
                "exact_match",
                "the answer and the expected answer are the same text, without regard to upper and lower case, to "
                "how much white space stands around and between words, and to one period at the end: 1 if they are, "
                "else 0",
                _exact,
            ),
            Comparing(
                "numeric",
                "the answer is a number in digits, and equal to the expected one; commas between thousands, a "
                "currency sign in front, a period at the end and zeros after the decimal point do not matter: "
                "1 if it is, else 0",
                _numeric,
            ),
            Comparing(
                "f1",
                "how many words the answer and the expected answer share, as 2 * shared / (words of the one + words of "
                "the other), in lower case, without ASCII punctuation and the articles a, an, the; yes, no and "
                "noanswer match nothing but themselves, and where one of the two has no such words both must be the "
                "same text",
                _f1,
            ),
            Comparing(
                "em",
                "the answer and the expected answer are the same words in the same order, in lower case, without ASCII "
                "punctuation and the articles a, an, the: 1 if they are, else 0",
                _same_words,
            ),
        )
    }
)
