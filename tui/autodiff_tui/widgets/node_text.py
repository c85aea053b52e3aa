"""What there is to read about a node: its text, the feedback on it, its last exchange; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from autodiff_engine.events import FeedbackGiven, NodeInfo
from autodiff_tui.format import counted, score
from autodiff_tui.safe import Shown, block, one_line
from autodiff_tui.view import Exchange, RunView, TextView

from .paint import ACCENT, BAD, GOOD, MUTED, STRONG, WARN, Line, label, wrapped

MAX_PIECES = 60
"""Pieces of feedback shown whole; older ones of the step are counted."""

_HOW = {
    "loss": "from the loss",
    "template": "from the loss, without a call",
    "pass-through": "passed through",
    "attribution": "attributed",
}
_KINDS = {
    "text": "trained text",
    "answer": "LLM call",
    "input": "input",
    "function": "function",
    "loss": "loss",
    "demos": "trained examples",
}


def node_lines(view: RunView, name: str, width: int = 80) -> tuple[Line, ...]:
    """Return all about node ``name``, wrapped to ``width`` cells, or what will come when nothing is known yet."""
    node = view.graph.nodes.get(name)
    text = view.texts.get(name)
    if node is None and text is None:
        return ((("select a node in the graph to read its text, feedback and last exchange", MUTED),),)
    lines = [*_head(node, text)]
    if text is not None:
        lines.extend(_prompt(text, width))
    lines.extend(_feedback(view, name, width))
    exchanges = view.exchanges.get(name)
    if exchanges:
        lines.extend(_exchange(exchanges[-1], width))
    elif node is not None and node.kind == "answer":
        lines.extend((_title("Last exchange"), (("its first traced call will be shown here", MUTED),)))
    return tuple(lines)


def made_of(view: RunView, name: str) -> tuple[object, ...]:
    """Return what ``node_lines`` looks at: as long as these are the same objects, its lines are equal."""
    feedback, text = view.feedback.get(name), view.texts.get(name)
    return (
        view.graph.nodes.get(name),
        text,
        feedback,
        view.exchanges.get(name),
        view.batch.forward if feedback else None,
    )


def _head(node: NodeInfo | None, text: TextView | None) -> Iterator[Line]:
    role = node.role if node is not None and node.role else text.info.role if text is not None else ""
    kind = _KINDS.get(node.kind, node.kind) if node is not None else text.info.kind if text is not None else ""
    times = f", {node.calls} calls an example" if node is not None and node.calls > 1 else ""
    yield label(kind, ACCENT), (times, MUTED), (" · " if role else "", MUTED), label(role, MUTED)


def _title(name: str, about: str = "") -> Line:
    return (name, STRONG), (f"  {about}" if about else "", MUTED)


def _foreign(shown: Shown, width: int, indent: str = "") -> Iterator[Line]:
    if shown.warning:
        yield ((f"{indent}{shown.warning}", WARN),)
    for line in shown.text.split("\n"):
        for piece in wrapped(line.expandtabs(4), width - len(indent)):
            yield ((f"{indent}{piece}", ""),)


def _prompt(text: TextView, width: int) -> Iterator[Line]:
    yield ()
    if text.versions:
        newest = text.versions[-1]
        val = f", validation {score(newest.val)}" if newest.val is not None else ""
        since = f"version {len(text.versions) + 1}, accepted as proposal {newest.step}.{newest.k}{val}"
    else:
        since = "as it started"
    yield _title("Examples" if text.info.kind == "demos" else "Prompt", since)
    yield from _foreign(block(text.value), width) if text.value else iter([(("(empty)", MUTED),)])


def _feedback(view: RunView, name: str, width: int) -> Iterator[Line]:
    said = view.feedback.get(name)
    if not said:
        if name in view.texts:
            yield ()
            yield _title("Feedback")
            examples = view.texts[name].info.kind == "demos"
            when = (
                "none: examples get scores alone" if examples else "comes with the first failure that reaches this text"
            )
            yield ((when, MUTED),)
        return
    newest = said[-1].step
    pieces = [piece for piece in said.last(2000) if piece.step == newest]
    earlier = len(said) - len(pieces)
    yield ()
    before = f", {earlier:,} in earlier steps" if earlier else ""
    yield _title("Feedback", f"step {newest}: {counted(len(pieces), 'piece')}{before}")
    if len(pieces) > MAX_PIECES:
        yield ((f"… {len(pieces) - MAX_PIECES} more of this step", MUTED),)
    for example, of_example in groupby(pieces[-MAX_PIECES:], key=lambda piece: piece.example):
        yield from _of_example(view, example, sorted(of_example, key=lambda piece: piece.t), width)


def _of_example(view: RunView, example: str, pieces: Sequence[FeedbackGiven], width: int) -> Iterator[Line]:
    scored = next((one for one in view.batch.forward if one.example == example), None)
    got = f" (score {score(scored.score)})" if scored is not None else ""
    yield ("▎ ", ACCENT), label(f"example {example}", STRONG), (got, MUTED)
    for piece in pieces:
        how = _HOW.get(piece.how, "")
        about = " · ".join(part for part in (f"call {piece.t}", f"from {one_line(piece.source)}", how) if part)
        blame = "" if piece.to_blame else " · not to blame"
        times = f" · said {piece.count} times" if piece.count > 1 else ""
        yield ("  ", ""), (about, MUTED), (blame, GOOD), (times, MUTED)
        yield from _foreign(block(piece.text), width, "  ")


def _exchange(exchange: Exchange, width: int) -> Iterator[Line]:
    call = exchange.call
    yield ()
    where = f"step {exchange.step}, {exchange.phase}, example {exchange.example}, call {call.t}"
    style = GOOD if exchange.score >= 1 else BAD
    yield *_title("Last exchange", one_line(where)), (f" · score {score(exchange.score)}", style)
    yield (("sent", MUTED),)
    yield from _foreign(block(call.prompt), width, "  ")
    yield (("answered", MUTED),)
    yield from _foreign(block(call.reply), width, "  ") if call.reply else iter([(("  (empty)", MUTED),)])
