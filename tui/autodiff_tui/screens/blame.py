"""Blame: each sentence of the best prompts with the proposal that brought it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from autodiff_tui.format import numbers
from autodiff_tui.safe import block, one_line
from autodiff_tui.view import Passage, RunView, TextView, Version, passages
from autodiff_tui.widgets.paint import ACCENT, MUTED, PLAIN, STRONG, Line, label, wrapped
from autodiff_tui.widgets.prose import title

from .reading import RunReading

_GUTTER = 14
_ASKING = 4
"""Examples whose inputs are shown beside their ids."""
_WHAT = "every sentence of the best prompts, and what brought it"
_NO_PROGRAM = "the run ended before its program was known"


class BlameScreen(RunReading):
    """Where the best prompts come from, sentence by sentence."""

    topic: ClassVar[str] = "blame"

    def __init__(self, view: RunView) -> None:
        super().__init__("Blame: where each sentence of the best prompts comes from", view)

    def picture(self, width: int) -> Sequence[Line]:
        """Return all texts with their origins."""
        return tuple(blame_lines(self.view, width))


def blame_lines(view: RunView, width: int) -> Iterator[Line]:
    """Return each trained text with its origins, wrapped to ``width`` cells; pure."""
    if not view.texts:
        ended = view.finished is not None
        yield ((_NO_PROGRAM if ended else f"comes with the program: {_WHAT}", MUTED),)
    for number, (name, text) in enumerate(view.texts.items()):
        if number:
            yield ()
        told = passages(text)
        yield title(one_line(name, 80), one_line(text.info.role, 200))
        yield from (line for passage in told for line in _passage(passage, width))
        if not text.value:
            yield (" " * _GUTTER, PLAIN), ("(empty)", MUTED)
        yield from _origins(view, name, text, told, width)


def _passage(passage: Passage, width: int) -> Iterator[Line]:
    version = passage.version
    gutter = "start" if not version.step else f"{version.step}.{version.k} {_gain(version)}"
    style = MUTED if not version.step else ACCENT
    shown = block(passage.text.strip("\n")).text
    pieces = [piece for line in shown.split("\n") for piece in wrapped(line.expandtabs(4), width - _GUTTER - 2)]
    for number, piece in enumerate(pieces):
        yield (f"{'' if number else gutter:<{_GUTTER}}", style), ("│ ", MUTED), (piece, PLAIN)


def _gain(version: Version) -> str:
    judged = version.judged
    return "" if judged is None or judged.after is None else f"{judged.after - judged.before:+.2f}".replace("-", "−")


def _origins(view: RunView, name: str, text: TextView, told: Sequence[Passage], width: int) -> Iterator[Line]:
    left = {(passage.version.step, passage.version.k) for passage in told}
    if not text.versions:
        yield (" " * _GUTTER, PLAIN), (f"no proposal for it was accepted{'' if view.trained else ' yet'}", MUTED)
    for version in text.versions:
        key = (version.step, version.k)
        others = [other for other, its in view.texts.items() if other != name and _has(its, key)]
        gone = "" if key in left else " · nothing of it is left"
        yield ()
        together = f" · together with {', '.join(one_line(other, 40) for other in others)}" if others else ""
        yield (
            (f"{version.step}.{version.k}".ljust(_GUTTER), STRONG),
            label(version.method or "–", PLAIN, limit=80),
            (together + gone, MUTED),
        )
        yield from _why(view, version, width)


def _has(text: TextView, key: tuple[int, int]) -> bool:
    return any((version.step, version.k) == key for version in text.versions)


def _why(view: RunView, version: Version, width: int) -> Iterator[Line]:
    told: list[tuple[str, str]] = []
    if version.judged is not None:
        told.append(("validation", numbers(version.judged)))
    if version.change is not None:
        examples = ", ".join(one_line(example, 60) for example in version.change.asked_by)
        told.append(("shows" if version.method == "demos" else "asked by", examples or "no example"))
        asking = [(each, view.asks(each)) for each in version.change.asked_by]
        said = [f"{one_line(each, 60)}: {one_line(asks, 120)}" for each, asks in asking if asks]
        told.extend(("", each) for each in said[:_ASKING])
        told.append(("reasoning", one_line(version.change.reasoning, 1000) or "–"))
    for name, said in told:
        for number, piece in enumerate(wrapped(said, max(20, width - _GUTTER - 12))):
            yield (" " * _GUTTER, PLAIN), (f"{'' if number else name:<12}", MUTED), (piece, PLAIN)
