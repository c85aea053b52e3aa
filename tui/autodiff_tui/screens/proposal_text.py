"""A proposal to read: how it was judged, what it changes, whom it helps and hurts, what asked for it; pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from autodiff_engine.events import Comparison, ExampleScored, TextChange
from autodiff_tui.format import counted, numbers, proposal_state, score
from autodiff_tui.glossary import meaning
from autodiff_tui.safe import block, one_line
from autodiff_tui.view import Pair, ProposalView, RunView, Turn, count, pairs
from autodiff_tui.widgets.diff_text import diff_lines
from autodiff_tui.widgets.feedback_text import of_one_example
from autodiff_tui.widgets.paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, clip, label, wrapped
from autodiff_tui.widgets.prose import title

_LABEL = 12
_NAMED = 24
"""Examples named where they are only listed."""
_TOLD = 8
"""Examples that asked for a proposal whose inputs are told."""
_ASKING = {False: 12, True: 4}
"""Of those, how many have what they ask beside them: of examples that stayed wrong, and of those that stayed right."""
_FAILED = "a call failed, which says nothing about a prompt"
_QUOTED = "quoted: the new text repeats them, so they would prove nothing"
_TURNS: tuple[tuple[Turn, str, str], ...] = (("broken", "− broken", BAD), ("fixed", "+ fixed ", GOOD))


def proposal_lines(
    view: RunView, proposal: ProposalView, width: int = 100, *, beside: bool = False
) -> tuple[Line, ...]:
    """Return all about a proposal, wrapped to ``width`` cells; ``beside``: old and new text in two columns."""
    return (
        *_verdict(proposal, width),
        *(line for changed in proposal.changes for line in _change(view, proposal, changed, width, beside)),
        *(_thinned(width) if proposal.thinned else _examples(view, proposal, width)),
        *(line for changed in proposal.changes for line in _asked(view, proposal, changed, width)),
    )


def _examples(view: RunView, proposal: ProposalView, width: int) -> Iterator[Line]:
    minibatch = pairs(proposal.old.minibatch, proposal.new.minibatch)
    yield from _turns(view, "On the minibatch", minibatch, proposal, width)
    yield from _validation(view, proposal, width)


def _thinned(width: int) -> Iterator[Line]:
    yield ()
    yield title("Its examples")
    yield from _prose("", "no longer in memory: so many were scored since; the journal has them", width)


def _row(name: str, *parts: Part) -> Line:
    return (name.ljust(_LABEL), MUTED), *parts


def _prose(name: str, text: str, width: int, style: str = PLAIN) -> Iterator[Line]:
    lines = (piece for line in text.split("\n") for piece in wrapped(line, max(20, width - _LABEL)))
    for number, line in enumerate(lines):
        yield _row("" if number else name, (line, style))


def _verdict(proposal: ProposalView, width: int) -> Iterator[Line]:
    style = GOOD if proposal.fate == "accepted" else BAD if proposal.fate or proposal.problem else WARN
    lint = f" ({one_line(proposal.lint)})" if proposal.lint else ""
    yield _row("verdict", (proposal_state(proposal) + lint, f"{style} bold"))
    yield from _prose("", meaning(proposal), width, MUTED) if meaning(proposal) else ()
    reason = "" if proposal.reason == proposal.problem else proposal.reason
    for name, text in (("reason", reason), *proposal.problems):
        if text:
            yield from _prose(name, one_line(text), width)
    for name, compared in (("minibatch", proposal.minibatch), ("validation", proposal.validation)):
        if compared is None:
            yield _row(name, ("not judged there", MUTED))
        else:
            yield from _prose(name, numbers(compared), width)
            yield from _left_out(compared, width)
    yield _row("candidate", label(proposal.candidate, MUTED))


def _left_out(compared: Comparison, width: int) -> Iterator[Line]:
    for why, examples in ((_FAILED, compared.excluded), (_QUOTED, compared.quoted)):
        if examples:
            named = ", ".join(one_line(example, 60) for example in examples[:8])
            said = f"left out on both sides ({why}): {named}"
            yield from _prose("", said, width, MUTED)


def _change(view: RunView, proposal: ProposalView, changed: TextChange, width: int, beside: bool) -> Iterator[Line]:
    old = proposal.before.get(changed.name, "")
    lines, (added, removed) = diff_lines(old, changed.value, width, beside=beside)
    yield ()
    yield label(changed.name, STRONG), (f"  +{added} −{removed} words", MUTED)
    yield _row("method", label(changed.method or "–"))
    yield from _prose("reasoning", block(changed.reasoning).text or "–", width)
    yield from _asked_by(view, changed, width)
    if changed.left_out:
        yield from _prose("", f"{counted(changed.left_out, 'piece')} of feedback did not fit the prompt", width, WARN)
    yield ()
    yield from lines


def _asked_by(view: RunView, changed: TextChange, width: int) -> Iterator[Line]:
    """Name the examples: the first ones on lines of their own, with the beginning of what they ask."""
    name = "shows" if changed.method == "demos" else "asked by"
    told = changed.asked_by[:_NAMED]
    known = [example for example in told[:_TOLD] if view.asks(example)]
    for number, example in enumerate(known):
        asks = label(example, PLAIN, limit=40), ("  ", PLAIN), label(view.asks(example), MUTED)
        yield clip(_row("" if number else name, *asks), width)
    rest = [one_line(example, 60) for example in told if example not in known]
    more = f" and {len(changed.asked_by) - _NAMED} more" if len(changed.asked_by) > _NAMED else ""
    if rest or not known:
        listed = f"{'also ' if known else ''}{', '.join(rest) or 'no example'}{more}"
        yield from _prose("" if known else name, listed, width)


def _validation(view: RunView, proposal: ProposalView, width: int) -> Iterator[Line]:
    """The part of the validation set that was scored: an early stop leaves the rest unknown."""
    told = pairs(proposal.old.validation, proposal.new.validation)
    if not proposal.new.validation:
        yield ()
        yield title("On the validation set", "not judged there")
        return
    yield from _turns(view, "On the validation set", told, proposal, width)


def _turns(view: RunView, name: str, told: tuple[Pair, ...], proposal: ProposalView, width: int) -> Iterator[Line]:
    if not any(pair.after for pair in told):
        if name == "On the minibatch":
            yield ()
            open_ = proposal.gate == "proposed" and proposal.awaited and not proposal.unjudged
            yield title(name, "comes when it is run on the batch" if open_ else "not judged there")
        return
    yield ()
    sums = [f"{count(told, turn)} {turn}" for turn in ("fixed", "broken", "same")]
    unknown = count(told, "unknown")
    yield title(name, ", ".join([*sums, *([f"{unknown} not scored on both sides"] if unknown else [])]))
    for turn, sign, style in _TURNS:
        for pair in told:
            if pair.turn == turn:
                yield from _pair(pair, (sign, style), view.asks(pair.example), width)
    for right, word in ((True, "same, right"), (False, "same, wrong")):
        names = [pair.example for pair in told if pair.turn == "same" and _right(pair.after) == right]
        yield from _listed(view, word, names, _ASKING[right], width)


def _pair(pair: Pair, sign: Part, asks: str, width: int) -> Iterator[Line]:
    before, after = pair.before, pair.after
    if before is None or after is None:
        return
    moved = f"  {score(before.score)} → {score(after.score)}"
    yield sign, ("  ", PLAIN), label(pair.example, STRONG, limit=80), (moved, MUTED)
    expected = after.expected if after.expected is not None else before.expected
    told = [("asks", asks or None), ("before", before.answer), ("after", after.answer), ("expected", expected)]
    for name, answer in told:
        if name in ("before", "after") or answer is not None:
            text = "(no answer could be read)" if answer is None else one_line(answer, 300)
            for number, piece in enumerate(wrapped(text, max(20, width - 21))):
                yield ("          ", PLAIN), (f"{'' if number else name:<11}", MUTED), (piece, PLAIN)


def _listed(view: RunView, word: str, names: list[str], asking: int, width: int) -> Iterator[Line]:
    """Name examples: the first ``asking`` of them on lines of their own with what they ask, cut to the line."""
    if not names:
        return
    yield (f"{f'= {word}':<14}", MUTED), (f"{len(names)}", MUTED)
    known = [name for name in names[:asking] if view.asks(name)]
    for name in known:
        line = (f"{'':<14}", MUTED), label(name, MUTED, limit=40), ("  ", MUTED), label(view.asks(name), PLAIN)
        yield clip(line, width)
    rest = [name for name in names if name not in known]
    if rest:
        more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
        listed = f"{'also ' if known else ''}{', '.join(one_line(name, 40) for name in rest[:_NAMED])}{more}"
        for piece in wrapped(listed, max(20, width - 14)):
            yield (f"{'':<14}", MUTED), (piece, MUTED)


def _right(result: ExampleScored | None) -> bool:
    return result is not None and result.score >= 1


def _asked(view: RunView, proposal: ProposalView, changed: TextChange, width: int) -> Iterator[Line]:
    """The feedback of the step on the text, from the examples that the optimizer was shown."""
    asked = set(changed.asked_by)
    said = view.feedback.get(changed.name) or ()
    pieces = [piece for piece in said if piece.step == proposal.step and piece.example in asked]
    if pieces:
        yield ()
        yield title("Feedback that asked for it", f"{one_line(changed.name, 60)}, {counted(len(pieces), 'piece')}")
        for example, of_example in groupby(pieces, key=lambda piece: piece.example):
            told = sorted(of_example, key=lambda piece: piece.t)
            yield from of_one_example(view.graded_of(proposal.step, example), example, told, width, view.asks(example))
