"""What an optimizer's reply holds: reasoning, method and the new text, by tags; never the raw reply."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .llm import Reply

TAG = "new_text"
METHODS = ("add instructions", "add examples", "rephrase", "delete")
_FENCED = re.compile(r"\A```[\w-]*\n((?:(?!```).)*)\n```\Z", re.S)
"""All of a text in one fence: the LLM's wrapping. With another fence inside, the fences are the text's own."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One new value of a text, or the ``problem`` with the reply; ``raw`` is the reply, empty if it was cut off.

    ``tried`` is the problem with the reply before it, if that could not be used either.
    """

    text: str
    method: str
    reasoning: str
    raw: str
    problem: str = ""
    asked_by: tuple[str, ...] = ()
    left_out: int = 0
    tried: str = ""

    def because_of(self, asked_by: tuple[str, ...], left_out: int) -> Rewrite:
        """Return it with the examples whose evidence was shown, and how many pieces were not."""
        return replace(self, asked_by=asked_by, left_out=left_out)


def read_rewrite(reply: Reply, *, unclosed: bool = False) -> Rewrite:
    """Read a reply: the text stands between the first opening tag and the last closing one.

    ``unclosed``: the reply's own end may stand for the closing tag, which a small LLM forgets.

    Truncated, refused, empty or without tags: a Rewrite with a problem, in words that a repair call can use.
    """
    text, problem = _between(reply.text, unclosed)
    raw = reply.text
    if reply.finish_reason == "length":
        raw = ""  # shown its own cut-off text, a small LLM writes it once more
        problem = "it was cut off at the length limit; write a shorter text"
    elif reply.finish_reason == "content_filter":
        problem = "it was refused by a content filter"
    reasoning = " ".join(_first(reply.text, "reasoning").split())
    return Rewrite(text, _method(_first(reply.text, "method")), reasoning, raw, problem)


def _between(reply: str, unclosed: bool) -> tuple[str, str]:
    opening, closing = f"<{TAG}>", f"</{TAG}>"
    start, end = reply.find(opening), reply.rfind(closing)
    if unclosed and end < 0:
        end = len(reply)
    if start < 0 or end < start:
        return "", f"there is no text between {opening} and {closing}"
    text = reply[start + len(opening) : end].strip()
    fenced = _FENCED.match(text)
    text = fenced.group(1).strip() if fenced else text
    return text, "" if text else f"the text between {opening} and {closing} is empty"


def _first(reply: str, tag: str) -> str:
    before = reply.partition(f"<{TAG}>")[0]
    text, closing, _ = before.partition(f"<{tag}>")[2].partition(f"</{tag}>")
    return text.strip() if closing else ""


def _method(named: str) -> str:
    """Return the one of the four editing methods that was named, or what the LLM wrote instead, cut to a label."""
    lowered = named.lower()
    for method in METHODS:
        if method in lowered or method.split()[-1].rstrip("s") in lowered:
            return method
    return "rephrase" if "replace" in lowered else " ".join(named.split())[:40] or "not named"
