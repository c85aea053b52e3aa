"""The feedback on a node, by step, example and time, to read; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len

from autodiff_engine.events import FeedbackGiven, FeedbackMissing
from autodiff_tui.captions import gist
from autodiff_tui.format import counted, score
from autodiff_tui.safe import block, one_line
from autodiff_tui.view import Graded, RunView, Trail

from .paint import ACCENT, GOOD, MUTED, PLAIN, STRONG, WARN, Line, cut, cut_words, label, wrapped
from .prose import foreign, title

MAX_PIECES = 60
"""Pieces of feedback shown whole; older ones of the step are counted."""
_RECENT = 2000
_REASONS = 3
"""Reasons why feedback failed that are told."""
_HOW = {
    "loss": "from the loss",
    "template": "from the loss, without a call",
    "pass-through": "passed through",
    "attribution": "attributed",
}


def feedback_lines(view: RunView, name: str, width: int, needle: str = "") -> Iterator[Line]:
    """Return the feedback of the newest step that gave any; with ``needle``, what holds it, of all steps."""
    said = view.feedback.get(name)
    if not said:
        yield from _none(view, name, width)
        return
    if needle:
        yield from _found(view, said, width, needle)
        return
    newest = said[-1].step
    pieces = [piece for piece in said.last(_RECENT) if piece.step == newest]
    earlier = len(said) - len(pieces)
    before = f", {earlier:,} in earlier steps" if earlier else ""
    yield ()
    yield title("Feedback", f"step {newest}: {counted(len(pieces), 'piece')}{before}")
    yield from failed([each for each in view.unsaid.last(_RECENT) if each.step == newest], width)
    yield from _pieces(view, pieces, width)


def failed(unsaid: Sequence[FeedbackMissing], width: int) -> Iterator[Line]:
    """Return why there is no feedback from examples: how many there are of each reason, the commonest first."""
    reasons = Counter(gist(one_line(each.error))[0] for each in unsaid)
    for reason, times in reasons.most_common(_REASONS):
        for piece in wrapped(f"feedback failed on {counted(times, 'example')}: {reason}", width):
            yield ((piece, WARN),)
    if len(reasons) > _REASONS:
        yield ((f"… and {len(reasons) - _REASONS:,} other reasons: 7 Log has them", MUTED),)


def _none(view: RunView, name: str, width: int) -> Iterator[Line]:
    if name not in view.texts:
        return
    examples = view.texts[name].info.kind == "demos"
    yield ()
    yield title("Feedback")
    if examples:
        yield (("none: examples get scores alone", MUTED),)
        return
    yield from failed(tuple(view.unsaid), width)
    if not view.trained:
        yield (("comes with the first failure that reaches this text", MUTED),)
    elif not view.unsaid:
        learnt = any(each.outcome != "nothing to learn" for each in view.steps)
        told = "none: no failure reached this text" if learnt or not view.steps else "none: no example failed"
        yield ((told, MUTED),)


def _found(view: RunView, said: Trail[FeedbackGiven], width: int, needle: str) -> Iterator[Line]:
    wanted = needle.casefold()
    pieces = [
        piece for piece in said.last(_RECENT) if wanted in f"{piece.example} {piece.source} {piece.text}".casefold()
    ]
    yield ()
    yield title("Feedback", f"{len(pieces):,} of {len(said):,} pieces match")
    for step, of_step in groupby(pieces[-MAX_PIECES:], key=lambda piece: piece.step):
        yield ((f"step {step}", MUTED),)
        yield from _pieces(view, list(of_step), width)


def _pieces(view: RunView, pieces: Sequence[FeedbackGiven], width: int) -> Iterator[Line]:
    if len(pieces) > MAX_PIECES:
        yield ((f"… {len(pieces) - MAX_PIECES} more of this step", MUTED),)
    for example, of_example in groupby(pieces[-MAX_PIECES:], key=lambda piece: piece.example):
        told = sorted(of_example, key=lambda piece: piece.t)
        yield from of_one_example(view.graded_of(told[0].step, example), example, told, width, view.asks(example))


def of_one_example(
    got: Graded | None, example: str, pieces: Sequence[FeedbackGiven], width: int, asks: str = ""
) -> Iterator[Line]:
    """Return what was said about one example that ``asks`` this and was answered as ``got``, where that is known."""
    scored = f" (score {score(got.score)})" if got is not None else ""
    yield ("▎ ", ACCENT), label(f"example {example}", STRONG), (scored, MUTED)
    room = max(20, width - 2)
    if asks:
        yield ("  ", ""), (cut(one_line(asks), room), MUTED)
    if got is not None:
        yield ("  ", ""), (answered(got, room), PLAIN)
    for piece in pieces:
        how = _HOW.get(piece.how, "")
        about = " · ".join(part for part in (f"call {piece.t}", f"from {one_line(piece.source)}", how) if part)
        blame = "" if piece.to_blame else " · not to blame"
        times = f" · said {piece.count} times" if piece.count > 1 else ""
        yield ("  ", ""), (about, MUTED), (blame, GOOD), (times, MUTED)
        yield from foreign(block(piece.text), width, "  ")


def answered(got: Graded, cells: int) -> str:
    """Return what was answered and what was expected, safe and in ``cells``; a long one leaves the other its half."""
    answer = "no answer could be read" if got.answer is None else f"answered {_told(got.answer)}"
    if got.expected is None:
        return cut_words(answer, cells)
    expected = f", expected {_told(got.expected)}"
    answer = cut_words(answer, max(cells // 2, cells - cell_len(expected)))
    return answer + cut_words(expected, cells - cell_len(answer))


def _told(said: str) -> str:
    return one_line(said.strip(), 400) or "(nothing)"
