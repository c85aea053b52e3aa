"""Trained texts: their difference word by word, their versions, and where each sentence comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autodiff_tui.diffing import Piece, changed_words, diff
from autodiff_tui.format import numbers, score
from autodiff_tui.safe import Shown, block, one_line
from autodiff_tui.view import RunView, Standing, TextView, Version, passages

_MOST_CHARS = 24_000
_MOST_PIECES = 600
_ASKS = 48
"""Characters of what an example asks, where it is only named."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A text against an older one; ``left_out`` says what is missing of a very long one."""

    pieces: tuple[Piece, ...]
    added: int
    removed: int
    left_out: str
    warning: str
    """That control characters were made visible, where there are any."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A version of a text that was accepted: the proposal, its method, and what is left of it."""

    key: str
    anchor: str
    method: str
    gain: str
    judged: str
    asked_by: str
    reasoning: Shown
    gone: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """Neighbouring sentences of one origin; an empty ``anchor`` is the start text's."""

    text: Shown
    key: str
    anchor: str
    gain: str


@dataclass(frozen=True, slots=True)
class TextPart:
    """A trained text as it is now and how it became so."""

    name: str
    role: str
    kind: str
    frozen: bool
    passages: tuple[Passage, ...]
    origins: tuple[Origin, ...]
    since_start: Difference


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of the program that was the best once; an empty ``anchor`` is the start."""

    key: str
    anchor: str
    texts: str
    judged: str
    now: bool
    """Whether it is the best as far as the run has come."""


def versions_of(view: RunView) -> tuple[VersionLine, ...]:
    """Return the start and what was accepted since, oldest first; what a person vetoed later is not among them."""
    return tuple(_version(view, standing, now=standing is view.standings[-1]) for standing in view.standings)


def _version(view: RunView, standing: Standing, *, now: bool) -> VersionLine:
    if not standing.step:
        start = view.scores.start
        return VersionLine("start", "", "as the program has them", score(start and start.mean, start and start.n), now)
    won = view.proposals.find(standing.key)
    judged = numbers(won.validation) if won is not None and won.validation is not None else "–"
    changed = ", ".join(change.name for change in won.changes) if won is not None else "–"
    return VersionLine(standing.key, anchor(standing.key), changed, judged, now)


def texts_of(view: RunView) -> tuple[TextPart, ...]:
    """Return every trained text, in the program's order."""
    return tuple(_text(view, name, text) for name, text in view.texts.items())


def difference(old: str, new: str) -> Difference:
    """Return what became of ``old``; what is over 24,000 characters or 600 pieces is left out, and said so."""
    pieces = diff(old, new)
    kept: list[Piece] = []
    used = 0
    for piece in pieces[:_MOST_PIECES]:
        text = piece.text[: _MOST_CHARS - used]
        if text:
            kept.append(Piece(piece.kind, text))
        used += len(text)
    more = sum(len(piece.text) for piece in pieces) - used
    left_out = f"{more:,} more characters left out here" if more > 0 else ""
    return Difference(tuple(kept), *changed_words(pieces), left_out, block(new).warning)


def examples(view: RunView, asked_by: tuple[str, ...], most: int = 8) -> str:
    """Return the first names of a list of examples, each with how what it asks begins, and how many more there are."""
    more = f" and {len(asked_by) - most} more" if len(asked_by) > most else ""
    return f"{', '.join(_asking(view, each) for each in asked_by[:most]) or 'no example'}{more}"


def _asking(view: RunView, example: str) -> str:
    asks = one_line(view.asks(example), _ASKS)
    return f"{example} (“{asks}”)" if asks else example


def anchor(key: str) -> str:
    """Return the page's own name for proposal ``step.k``: made of digits alone, whatever a run holds."""
    return f"p-{key.replace('.', '-')}"


def _text(view: RunView, name: str, text: TextView) -> TextPart:
    told = passages(text)
    left = {_key(passage.version) for passage in told}
    return TextPart(
        name, text.info.role, text.info.kind, name in view.frozen,
        tuple(
            Passage(block(each.text.strip("\n")), *_named(each.version), _gain(each.version)) for each in told
        ),
        tuple(_origins(view, text, left)), difference(text.info.value, text.value),
    )  # fmt: skip


def _key(version: Version) -> str:
    return f"{version.step}.{version.k}" if version.step else "start"


def _named(version: Version) -> tuple[str, str]:
    return (_key(version), anchor(_key(version))) if version.step else ("start", "")


def _gain(version: Version) -> str:
    judged = version.judged
    return "" if judged is None or judged.after is None else f"{judged.after - judged.before:+.3f}".replace("-", "−")


def _origins(view: RunView, text: TextView, left: set[str]) -> Iterator[Origin]:
    for version in text.versions:
        if not version.step:
            continue
        change = version.change
        yield Origin(
            *_named(version), version.method or "–", _gain(version),
            numbers(version.judged) if version.judged is not None else "–",
            examples(view, change.asked_by) if change is not None else "–",
            block(change.reasoning if change is not None else ""), _key(version) not in left,
        )  # fmt: skip
