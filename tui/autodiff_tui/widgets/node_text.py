"""What there is to read about a node: its text or what changed in it, the feedback on it, its calls; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from autodiff_engine.events import NodeInfo
from autodiff_tui.format import counted, score
from autodiff_tui.safe import block
from autodiff_tui.view import RunView, TextView, versions_of

from .diff_text import diff_lines
from .exchange_text import exchange_lines
from .feedback_text import feedback_lines
from .paint import ACCENT, MUTED, STRONG, Line, label
from .prose import foreign, title

Against = Literal["nothing", "parent", "start"]
"""What a prompt is compared with."""
AGAINST: tuple[Against, ...] = ("nothing", "parent", "start")
_EXAMPLES = 8
"""Whose values are shown of an input."""
_KINDS = {
    "text": "trained text",
    "answer": "LLM call",
    "input": "input",
    "function": "function",
    "retrieved": "retriever",
    "loss": "loss",
    "demos": "trained examples",
    "hyper": "setting",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a person reads a node: the prompt or a diff of it, which call (0: the latest), feedback that holds a text."""

    against: Against = "nothing"
    back: int = 0
    filter: str = ""
    beside: bool = False
    """Whether a diff has two columns."""


def node_lines(view: RunView, name: str, width: int = 80, reading: Reading | None = None) -> tuple[Line, ...]:
    """Return all about node ``name``, wrapped to ``width`` cells, or what will come when nothing is known yet."""
    node, text, how = view.graph.nodes.get(name), view.texts.get(name), reading or Reading()
    if node is None and text is None:
        return ((("select a node in the graph to read its text, feedback and last exchange", MUTED),),)
    lines = [_head(view, name), *(_prompt(text, width, how) if text is not None else ())]
    lines.extend(feedback_lines(view, name, width, how.filter))
    exchanges = view.exchanges.get(name)
    if exchanges:
        lines.extend(exchange_lines(exchanges, how.back, width))
    elif node is not None and node.kind == "input":
        lines.extend(_values(view, name, width))
    elif node is not None and node.kind == "answer":
        told = "none of its calls was traced" if view.trained else "its first traced call will be shown here"
        lines.extend(((), title("Last exchange"), ((told, MUTED),)))
    return tuple(lines)


def made_of(view: RunView, name: str) -> tuple[object, ...]:
    """Return what ``node_lines`` looks at: as long as these are the same objects, its lines are equal."""
    feedback, text, node = view.feedback.get(name), view.texts.get(name), view.graph.nodes.get(name)
    given = node is not None and node.kind == "input"
    return (
        node,
        text,
        feedback,
        view.exchanges.get(name),
        view.batch.forward if feedback or given else None,
        view.inputs if feedback or given else None,
        view.program.losses if view.program is not None else None,
        view.unsaid if text is not None else None,
        view.trained,
    )


def _values(view: RunView, name: str, width: int) -> Iterator[Line]:
    """What the newest examples give the program here, or why nobody can say it."""
    latest = [one.example for one in view.batch.forward.last(_EXAMPLES)]
    told = [example for example in latest or list(view.inputs)[:_EXAMPLES] if example in view.inputs]
    yield ()
    yield title("Latest values" if latest else "Values", "what each example gives the program" if told else "")
    if not told:
        gone = bool(latest) or view.finished is not None
        which = "this run's journal does not hold them" if gone else "come with the data of the run"
        yield ((which, MUTED),)
    for example in told:
        yield ("▎ ", ACCENT), label(f"example {example}", STRONG)
        yield from foreign(block(view.inputs[example].get(name) or view.asks(example)), width, "  ")


def _head(view: RunView, name: str) -> Line:
    node, text = view.graph.nodes.get(name), view.texts.get(name)
    role = node.role if node is not None and node.role else text.info.role if text is not None else ""
    kind = _KINDS.get(node.kind, node.kind) if node is not None else text.info.kind if text is not None else ""
    times = f", up to {counted(node.calls, 'call')} an example" if node is not None and node.calls > 1 else ""
    return label(kind, ACCENT), (times, MUTED), (" · " if role else "", MUTED), label(role, MUTED), *_loss(view, node)


def _loss(view: RunView, node: NodeInfo | None) -> Line:
    """Of several losses, what this one weighs and what it checks."""
    if node is None or view.program is None:
        return ()
    of = [each for each in view.program.losses if node.name in (f"loss.{each.node}", each.node)]
    return tuple(label(f" · loss {each.metric}, weight {each.weight:g}", MUTED) for each in of)


def _prompt(text: TextView, width: int, how: Reading) -> Iterator[Line]:
    versions, against = versions_of(text), how.against
    name = "Examples" if text.info.kind == "demos" else "Prompt"
    yield ()
    if against != "nothing" and len(versions) > 1:
        old = versions[0] if against == "start" else versions[-2]
        where = "the start" if old.step == 0 else f"proposal {old.step}.{old.k}"
        lines, (added, removed) = diff_lines(old.value, text.value, width, beside=how.beside)
        yield title(f"{name} against {where}", f"+{added} −{removed} words")
        yield from lines
        return
    yield title(name, _since(text) + (", nothing to compare yet" if against != "nothing" else ""))
    yield from foreign(block(text.value), width) if text.value else iter([(("(empty)", MUTED),)])


def _since(text: TextView) -> str:
    if not text.versions:
        return "as it started"
    newest = text.versions[-1]
    val = f", validation {score(newest.val)}" if newest.val is not None else ""
    return f"version {len(text.versions) + 1}, accepted as proposal {newest.step}.{newest.k}{val}"
