"""What is wrong with a proposal that no evaluation is needed to see; each check has a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from .characters import is_whole
from .dataset import Example
from .proposal import Proposal
from .rewrite import TAG
from .sentences import QUOTE_WORDS, all_runs, runs, word_count, words
from .template import markers

_TAGS = re.compile(rf"</?(?:{TAG}|reasoning|method|feedback|response|proposed_variable)\b[^<>]*>", re.I)
_PASTED = re.compile(r"^[ \t*-]*(sent|replied|feedback)\s*:", re.I | re.M)
"""How the optimizer is shown its evidence; a small LLM pastes it into the new text instead of drawing rules from it."""

_TALK = re.compile(
    r"\A\W*(?:sure\b|certainly\b|of course\b|here(?:'s| is| are)\b.{0,60}\b(?:text|prompt|version|instruction)"
    r"|(?:name|role|text):\s"
    r"|(?:the )?(?:improved|new|revised|updated|rewritten) (?:text|prompt|version|instructions?)\W)",
    re.I | re.S,
)


LintName = Literal[
    "unchanged", "repeated", "too long", "lone surrogate", "tag debris", "talk", "pasted", "marker", "leak"
]
"""The checks, each by its name."""

_Checked = tuple[LintName | Literal[""], str]


@dataclass(frozen=True, slots=True)
class Lint:
    """The checks of one run: which words only validation and test hold, the slots, and the cap on a text's words.

    ``demos`` names the texts of worked examples. Nobody wrote those: they are put together from training examples,
    so of the checks on words they pass all but those of size and of what a request can hold.
    """

    secret: Collection[tuple[str, ...]]
    slots: Sequence[str]
    max_words: int
    demos: Collection[str] = ()

    def check(self, proposal: Proposal, failed: Collection[str]) -> _Checked:
        """Return the name of the first check that ``proposal`` fails and the reason; both empty when it is clean.

        ``failed`` has the ids of this step's rejected candidates.
        """
        if proposal.candidate.id == proposal.parent.id:
            return "unchanged", "the new texts equal the current ones"
        if proposal.candidate.id in failed:
            return "repeated", "the same texts were rejected in this step already"
        for change in proposal.changes:
            name, reason = self._size(change.value)
            if not name and change.name not in self.demos:
                name, reason = self._text(change.value, proposal.parent.texts.get(change.name, ""))
            if name:
                return name, f"{change.name}: {reason}"
        return "", ""

    def _size(self, text: str) -> _Checked:
        count = word_count(text)
        if count > self.max_words:
            return "too long", f"{count} words, the most is {self.max_words}"
        if not is_whole(text):
            return "lone surrogate", "it holds half of a character, which no file and no request can hold"
        return "", ""

    def _text(self, text: str, before: str) -> _Checked:
        own = _TAGS.findall(before)  # a program may ask for such tags itself
        if tags := [tag for tag in _TAGS.findall(text) if tag not in own]:
            return "tag debris", f"it holds {tags[0]}"
        if talk := _TALK.match(text):
            return "talk", f"it begins with talk about itself: {' '.join(talk.group(0).split())}"
        pasted = {label.lower() for label in _PASTED.findall(text)} - {
            label.lower() for label in _PASTED.findall(before)
        }
        if len(pasted) > 1:
            return "pasted", f"it holds the evidence itself ({', '.join(sorted(pasted))}: …) in place of rules"
        if marked := markers(text, self.slots):
            return "marker", f"it holds a marker for the slot {', '.join(marked)}, but texts are sent as they are"
        known = runs(before, QUOTE_WORDS)  # what the user wrote, or an earlier acceptance, is not this proposal's leak
        if any(run in self.secret and run not in known for run in runs(text, QUOTE_WORDS)):
            return "leak", f"it quotes {QUOTE_WORDS} or more words in a row from a validation or test example"
        return "", ""


def secret_runs(train: Sequence[Example], hidden: Sequence[Example]) -> frozenset[tuple[str, ...]]:
    """Return the word runs that ``hidden`` examples hold and no training example does."""
    return frozenset(all_runs(map(_whole, hidden), QUOTE_WORDS) - all_runs(map(_whole, train), QUOTE_WORDS))


def quotes(texts: Sequence[str], example: Example) -> bool:
    """Return whether ``texts`` quote an input of ``example``: eight words in a row, or the whole of a shorter one."""
    for value in example.inputs.values():
        length = min(QUOTE_WORDS, len(words(value)))
        if length >= 3 and any(runs(value, length) & runs(text, length) for text in texts):
            return True
    return False


def _whole(example: Example) -> str:
    return " ".join([*example.inputs.values(), example.expected or "", *example.gold.values()])
