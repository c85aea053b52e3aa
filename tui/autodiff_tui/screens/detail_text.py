"""A proposal to read: what it changes, why, and how it was judged; pure."""

from __future__ import annotations

from collections.abc import Iterator

from autodiff_engine.events import Comparison, TextChange
from autodiff_tui.diffing import Kind, Piece, changed_words, diff
from autodiff_tui.format import counted, numbers, proposal_state
from autodiff_tui.safe import block, one_line
from autodiff_tui.view import ProposalView
from autodiff_tui.widgets.paint import ADDED, BAD, GOOD, MUTED, PLAIN, REMOVED, STRONG, WARN, Line, Part, label, wrapped

_LABEL = 12
_MOST_PIECES = 4000
_BRACKETS: dict[Kind, tuple[str, str, str]] = {
    "same": ("", "", PLAIN),
    "added": ("{+", "+}", ADDED),
    "removed": ("[-", "-]", REMOVED),
}


def detail_lines(proposal: ProposalView, width: int = 100) -> tuple[Line, ...]:
    """Return all about a proposal; what is a sentence is wrapped to ``width`` cells, a diff is left to the widget."""
    changes = (line for changed in proposal.changes for line in _change(proposal, changed, width))
    return (*_verdict(proposal, width), *changes)


def _row(name: str, *parts: Part) -> Line:
    return (name.ljust(_LABEL), MUTED), *parts


def _prose(name: str, text: str, width: int) -> Iterator[Line]:
    lines = (piece for line in text.split("\n") for piece in wrapped(line, max(20, width - _LABEL)))
    for number, line in enumerate(lines):
        yield _row("" if number else name, (line, PLAIN))


def _verdict(proposal: ProposalView, width: int) -> Iterator[Line]:
    style = GOOD if proposal.fate == "accepted" else BAD if proposal.fate else WARN
    lint = f" ({one_line(proposal.lint)})" if proposal.lint else ""
    yield _row("verdict", (proposal_state(proposal) + lint, f"{style} bold"))
    for name, text in (("reason", proposal.reason), ("problem", proposal.problem)):
        if text:
            yield from _prose(name, one_line(text), width)
    yield _row("minibatch", *_gate(proposal.minibatch))
    yield _row("validation", *_gate(proposal.validation))
    for compared in (proposal.minibatch, proposal.validation):
        if compared is not None:
            yield from _left_out(compared)
    yield _row("candidate", label(proposal.candidate, MUTED))


def _gate(compared: Comparison | None) -> Line:
    return ((numbers(compared), PLAIN),) if compared is not None else (("not judged there", MUTED),)


def _left_out(compared: Comparison) -> Iterator[Line]:
    for why, examples in (("a call failed", compared.excluded), ("quoted", compared.quoted)):
        if examples:
            named = ", ".join(one_line(example, 60) for example in examples[:8])
            yield _row("", (f"left out of {one_line(compared.split)} on both sides ({why}): {named}", MUTED))


def _change(proposal: ProposalView, changed: TextChange, width: int) -> Iterator[Line]:
    old = proposal.before.get(changed.name, "")
    pieces = diff(block(old).text, block(changed.value).text)
    added, removed = changed_words(pieces)
    yield ()
    yield label(changed.name, STRONG), (f"  +{added} −{removed} words", MUTED)
    yield _row("method", label(changed.method or "–"))
    yield from _prose("reasoning", block(changed.reasoning).text or "–", width)
    yield _row("shows" if changed.method == "demos" else "asked by", *_asked_by(changed))
    yield ()
    yield ("[-removed-]", REMOVED), (" ", PLAIN), ("{+added+}", ADDED)
    yield from _diff_lines(pieces)


def _asked_by(changed: TextChange) -> Line:
    named = ", ".join(one_line(example, 60) for example in changed.asked_by[:12])
    more = f" and {len(changed.asked_by) - 12} more" if len(changed.asked_by) > 12 else ""
    left = f"; {counted(changed.left_out, 'piece')} of feedback did not fit the prompt" if changed.left_out else ""
    return ((f"{named or 'no example'}{more}", PLAIN), (left, WARN))


def _diff_lines(pieces: tuple[Piece, ...]) -> Iterator[Line]:
    """Spell the pieces; changes are bracketed, so that neither colour nor strike-through is needed to read them."""
    line: list[Part] = []
    for piece in pieces[:_MOST_PIECES]:
        opening, closing, style = _BRACKETS[piece.kind]
        texts = piece.text.split("\n")
        for number, text in enumerate(texts):
            if number:
                yield tuple(line)
                line = []
            if text:
                line.append((f"{opening}{text}{closing}", style))
    yield tuple(line)
    if len(pieces) > _MOST_PIECES:
        yield ((f"… {len(pieces) - _MOST_PIECES:,} more changes", MUTED),)
