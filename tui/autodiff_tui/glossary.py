"""What the words about proposals mean, for someone who reads them for the first time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autodiff_engine.events import Fate

    from .view import ProposalView

FATES: Mapping[Fate, str] = {
    "unusable": "the optimizer's reply held no text that can be used: it has to stand between two tags, be whole, and "
    "be about the task",
    "lint": "a check of the text alone (lint) refused it before any example was run, so it cost nothing",
    "minibatch": "on its step's few examples (the minibatch) it did not beat the best prompts so far",
    "validation": "on the validation set, the examples that decide, it did not beat the best prompts so far",
    "accepted": "it beat the best prompts so far on the whole validation set, and took their place",
    "skipped": "a person had it judged no further",
    "vetoed": "a person rejected it; the optimizer is told why, and the same texts are never judged again",
}
"""Of each verdict, what it says about the proposal."""

UNJUDGED = "the run ended before it was compared with the best prompts so far: nobody knows whether it is better"

LINTS: Mapping[str, str] = {
    "unchanged": "it equals the texts that are in use, so there is nothing to compare",
    "repeated": "the very same texts have failed in this step already",
    "too long": "it has more words than a trained text may have",
    "lone surrogate": "it holds half of a character, of a broken emoji, say, which nothing can send",
    "tag debris": "tags of the form that the optimizer fills in stayed in the text, and the model would be sent them",
    "talk": "it begins by speaking about itself (“Here is the improved prompt”), and the model would be sent that",
    "pasted": "it copies the failures that the optimizer was shown, where a rule drawn from them was asked for",
    "marker": "it holds a placeholder like {question}; texts are sent as they are, and nothing is put in its place",
    "leak": "it quotes an example that is kept to judge it, so a better score there would prove nothing",
}
"""Of each check before any evaluation, by its name, why it refuses."""

WORDS: tuple[tuple[str, str], ...] = (
    ("proposal", "new wording for one or several trained texts, judged as a whole: 3.2 is the second one of step 3"),
    ("candidate", "a name for a set of texts: the same texts have the same name, in every run"),
    ("minibatch", "the few training examples of a step: what the prompts fail there becomes feedback. The first gate"),
    (
        "validation",
        "examples that no feedback comes from. The second gate: a proposal must score higher on all of them",
    ),
    ("lint", "checks of the new text alone, before anything is paid: its verdict names the one that refused"),
    ("quoted", "examples that the new text repeats: it knows their answers, so they are left out on both sides"),
    ("peers", "trained texts that are sent together in one call: feedback says which of them is to blame"),
    ("demos", "worked examples as a trained text: drawn from the training set, written by nobody"),
    ("method", "how the optimizer says that it changed the text: add instructions or examples, rephrase, delete"),
    ("✎", "before a proposal in the list: a person wrote it or edited it, and not the optimizer alone"),
    ("0.48 → 0.52", "the mean score of the best prompts so far, and of the proposal, on the same n examples"),
    ("+5 −3", "five examples became better and three worse"),
    ("p=.34", "how likely chance alone shifts as much: below .05 is usually called clear, and few examples seldom are"),
    ("≤0.47", "stopped early: even with all that was left right it could come to no more than this"),
)
"""What stands on the screen of a proposal, in the order in which one meets it."""


def refusal(lint: str) -> str:
    """Return the name of a check and why it refuses; the name alone where nobody says it, empty for none."""
    why = LINTS.get(lint, "")
    return f"{lint}: {why}" if why else lint


def meaning(proposal: ProposalView) -> str:
    """Return what became of a proposal, in a newcomer's words; empty while it is judged."""
    fate: Fate | None = proposal.fate or ("unusable" if proposal.problem else None)
    if fate is None:
        return UNJUDGED if proposal.unjudged else ""
    if proposal.vetoed:
        return FATES["vetoed"]
    why = LINTS.get(proposal.lint, "")
    return f"{why}; {FATES[fate]}" if fate == "lint" and why else FATES[fate]
