"""The help: what the focused pane shows, every key, what the signs mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from autodiff_tui.actions import ACTIONS, MOVES, Action
from autodiff_tui.glossary import LINTS, WORDS
from autodiff_tui.widgets.paint import ACCENT, MUTED, PLAIN, STRONG, Line, wrapped

from .reading import ReadingScreen

TOPICS: Mapping[str, tuple[str, str]] = {
    "graph": (
        "Graph",
        "The whole program, from the loss down to what feeds it. A node stands once; where it is mentioned again enter "
        "goes to it. The right end counts calls forward (→) and backward (←) and the feedback of the newest step (∇).",
    ),
    "node": (
        "Node",
        "The node that is selected in the graph: its text, the feedback on it by example and call, and its calls as "
        "sent and answered. d compares the text with the version before and with the start, [ and ] turn to other "
        "calls, / searches the feedback of all steps.",
    ),
    "proposals": (
        "Proposals",
        "Every rewrite, the newest on top, with both gates: the minibatch of its step, then the whole validation set. "
        "An arrow with ≤ says what was still possible when the evaluation was stopped. enter opens one.",
    ),
    "scores": (
        "Scores",
        "Bars are the best prompts on each step's minibatch; few examples, so they jump. Diamonds are the whole "
        "validation set: filled when accepted. The two are never one series.",
    ),
    "steps": (
        "Steps",
        "One row a step: the batch score, how many proposals passed of those that were judged at each gate, the best "
        "validation score after it, its cost and calls.",
    ),
    "spend": (
        "Spend",
        "Calls, tokens and cost by role and by node, and for each cap of the budget how many more steps it pays.",
    ),
    "log": ("Log", "Warnings, examples that were left out, failed calls and errors, newest first. enter shows one."),
    "proposal": (
        "Proposal",
        "What one proposal changes word by word, why, what it fixed and broke on the examples, and the feedback that "
        "asked for it. [ and ] go to its neighbours, n and N to the changes. What its words mean is said below.",
    ),
    "examples": (
        "Examples",
        "Each validation example (row) under each version that was the best once (column). ✓ right, ✗ wrong, a number "
        "in between, · not scored. Those that the best prompts still get wrong stand on top; O takes another order: "
        "what got worse and better first, or as in the data. enter shows what was answered each time.",
    ),
    "blame": (
        "Blame",
        "Each sentence of the best prompts with the proposal that brought it. The gain is of the whole proposal on the "
        "validation set, not of the sentence alone.",
    ),
}
_WITH_WORDS = ("proposal", "proposals")
"""Topics whose help explains the words about proposals."""
_KEY, _WORD = 9, 14
"""Cells for a key, and for a word that is explained."""
_SIGNS = (
    ("✎", "a trained text: what training rewrites; v3 is its third version"),
    ("◐ ● ·", "a node with open calls, with finished calls, without any"),
    ("∑ ƒ", "a loss; a function of the program, which passes feedback on"),
    ("×2", "called up to two times on one example"),
    ("↗ ↻", "mentioned before, or a loop: enter goes to the node itself"),
    ("→ ←", "calls forward, and calls that write feedback"),
    ("∇3", "three pieces of feedback in the newest step that reached it"),
    ("█ ◆ ◇", "minibatch score; accepted on validation; judged there and lost"),
    ("+5 −3", "examples that a proposal gained and lost against the best so far"),
)


class HelpScreen(ReadingScreen):
    """Help on ``topic`` first, then every key from the registry, and what the signs mean."""

    def __init__(
        self,
        topic: str = "",
        actions: Sequence[Action] = ACTIONS,
        idle: Collection[str] = (),
        first: Collection[str] = (),
    ) -> None:
        super().__init__("Help")
        self._topic = topic
        self._actions = tuple(actions)
        self._idle = frozenset(idle)
        self._first = frozenset(first)

    def picture(self, width: int) -> Sequence[Line]:
        """Return the help."""
        return help_lines(width, self._topic, self._actions, self._idle, self._first)


def help_lines(
    width: int,
    topic: str = "",
    actions: Sequence[Action] = ACTIONS,
    idle: Collection[str] = (),
    first: Collection[str] = (),
) -> tuple[Line, ...]:
    """Return the help text for ``width`` cells; an unknown topic adds nothing; ``idle``: ids of what cannot be done.

    ``first``: ids of what moves in the run, if that is what the person does: they stand on top.
    """
    early = [action for action in actions if action.id in first]
    keys = [_told(action, idle) for action in actions if action not in early]
    moves = [(name, "", text) for name, text in MOVES]
    signs = [(sign, "", text) for sign, text in _SIGNS]
    return (
        *_section("Keys that move in the run", [_told(action, idle) for action in early], width),
        *_about(topic, width),
        *(_words(width) if topic in _WITH_WORDS else ()),
        *_section("Keys", (*keys, *moves), width),
        *tuple(_section("Signs", signs, width))[:-1],
    )


def _told(action: Action, idle: Collection[str]) -> tuple[str, str, str]:
    return action.key, action.name, f"(not now) {action.help}" if action.id in idle else action.help


def _section(heading: str, entries: Sequence[tuple[str, str, str]], width: int) -> Iterator[Line]:
    if entries:
        yield ((heading, STRONG),)
        for entry in entries:
            yield from _entry(*entry, width)
        yield ()


def _about(topic: str, width: int) -> Iterator[Line]:
    if topic in TOPICS:
        name, text = TOPICS[topic]
        yield ((name, STRONG),)
        for piece in wrapped(text, width):
            yield ((piece, PLAIN),)
        yield ()


def _words(width: int) -> Iterator[Line]:
    """The words about proposals, and every reason for which lint refuses one."""
    yield (("Words", STRONG),)
    for word, text in WORDS:
        yield from _entry(word, "", text, width, _WORD)
    yield ()
    yield (("What lint refuses", STRONG),)
    for name, text in LINTS.items():
        yield from _entry(name, "", text, width, _WORD)
    yield ()


def _entry(key: str, name: str, text: str, width: int, cells: int = _KEY) -> Iterator[Line]:
    """A key or sign, its name if it has one, and what it means, wrapped beside them."""
    head: Line = ((key.rjust(cells), ACCENT), ("  ", PLAIN), (name.ljust(14) if name else "", PLAIN))
    indent = sum(len(part) for part, _ in head)
    for number, piece in enumerate(wrapped(text, max(20, width - indent))):
        yield (*head, (piece, MUTED)) if number == 0 else ((" " * indent, PLAIN), (piece, MUTED))
