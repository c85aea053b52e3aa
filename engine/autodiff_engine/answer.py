"""A reply -> the answer in it, or None when it is not in the expected form."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .config import Answer, RegexAnswer
from .errors import ConfigError

Parser = Callable[[str], str | None]

_NUMBER = re.compile(r"(?<![\w.])[$€£]?(-?)[$€£]?([0-9]{1,3}(?:,[0-9]{3}){1,20}(?![0-9])|[0-9]+)(\.[0-9]+)?", re.ASCII)
_SEARCHED = 20_000
"""Characters at the end of a reply that a user's regex sees: its work stays bounded by more than the LLM's patience."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A parser, and ``form``: in words, what it takes out of a reply, for the LLMs that write feedback and prompts."""

    parse: Parser
    form: str

    def __call__(self, reply: str) -> str | None:
        """Return the answer in ``reply``; None when it is not in the expected form."""
        return self.parse(reply)


def reader(spec: Answer | tuple[str, ...]) -> Reader:
    """Return what takes the answer out of a reply as ``program.answer`` says; plain labels may be given as they are.

    Raises:
        ConfigError: The regex is none.
    """
    if spec == "whole":
        return Reader(whole, "the whole reply")
    if spec == "last_number":
        return Reader(last_number, "the last number in the reply")
    if isinstance(spec, RegexAnswer):
        return Reader(regex(spec.regex), f"what the regular expression {spec.regex} matches last in the reply")
    known = spec if isinstance(spec, tuple) else spec.labels
    return Reader(labels(known), f"one of {', '.join(known)}; it must stand last in the reply")


def whole(reply: str) -> str | None:
    """Return the reply without white space around it; an empty one is no answer."""
    return reply.strip() or None


def last_number(reply: str) -> str | None:
    """Return the last number of the reply as digits: ``$1,234.50.`` is ``1234.50``; a number inside a word is none."""
    found = _last(_NUMBER.finditer(reply.replace("−", "-")))  # the minus sign of typesetters
    return None if found is None else found[1] + found[2].replace(",", "") + (found[3] or "")


def labels(known: Sequence[str]) -> Parser:
    """Return a parser for one of ``known``, as written there, whatever its case in the reply.

    The whole reply if it is a label; else the label that stands last, as words of its own, on the last line with text;
    else the only one that the reply names at all; else None. Where labels overlap, the longest counts.
    """
    by_fold = {label.casefold(): label for label in known}
    ordered = sorted(by_fold, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?!\w)")

    def parse(reply: str) -> str | None:
        text = reply.strip().casefold()
        if text.strip("\"'*`.!() \t") in by_fold:
            return by_fold[text.strip("\"'*`.!() \t")]
        if text in by_fold:
            return by_fold[text]
        on_last_line = pattern.findall(text.splitlines()[-1]) if text else []
        named = dict.fromkeys(pattern.findall(text))
        if on_last_line:
            return by_fold[on_last_line[-1]]
        return by_fold[next(iter(named))] if len(named) == 1 else None

    return parse


def after(mark: str) -> Reader:
    """Return a reader of what stands behind the last ``mark`` of a reply, whatever the mark's case.

    It is the rest of the line, or the next line with text where nothing else stands behind the mark.
    """
    pattern = re.compile(re.escape(mark) + r"[\s*_`]*([^\n]*)", re.I)

    def parse(reply: str) -> str | None:
        found = _last(pattern.finditer(reply))
        return (found[1].strip().strip("*_`").strip() or None) if found else None

    return Reader(parse, f"what stands behind the last `{mark}` of the reply, on the same line")


def regex(pattern: str) -> Parser:
    """Return a parser for group 1 of the last match of ``pattern`` (all of the match if it has no group), stripped.

    Python's ``re`` cannot be given a deadline, and a repeat inside a repeat can take for ever on a reply that almost
    matches: the pattern is the user's own code, as a pipeline is, and sees the last 20,000 characters only.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f'program.answer = {{regex = "{pattern}"}}: not a regular expression: {error}') from error
    group = 1 if compiled.groups else 0

    def parse(reply: str) -> str | None:
        found = _last(compiled.finditer(reply, max(0, len(reply) - _SEARCHED)))
        return None if found is None or found[group] is None else found[group].strip()

    return parse


def _last(matches: Iterator[re.Match[str]]) -> re.Match[str] | None:
    kept = deque(matches, maxlen=1)
    return kept[0] if kept else None
