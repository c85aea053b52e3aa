"""Lines as values: stretches of safe text with a style; the only door to Textual's Content.

A line is compared to know whether anything visible changed, so it is a tuple. Styles are Textual's (``bold``,
``$success``); a text is never parsed as markup, and foreign text is made safe before it becomes a part.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.content import Content

from autodiff_tui.safe import marked, one_line

Part = tuple[str, str]
Line = tuple[Part, ...]

PLAIN = ""
MUTED = "$foreground 60%"
STRONG = "bold"
GOOD = "$text-success"
BAD = "$text-error"
WARN = "$text-warning"
ACCENT = "$text-accent"
TRAINED = "$text-accent bold"
ADDED = "$text-success bold underline"
REMOVED = "$text-error strike"
CURSOR = "› "
"""Before the row that keys are about."""


def label(text: str, style: str = PLAIN, *, limit: int = 400) -> Part:
    """Return foreign ``text`` as a part of one line."""
    return one_line(text, limit), style


def content(lines: Iterable[Line]) -> Content:
    """Return ``lines`` as what a widget renders; marked again, since this is the last door before the screen."""
    parts: list[str | tuple[str, str]] = []
    for line in lines:
        parts.extend((marked(text), style) if style else marked(text) for text, style in line)
        parts.append("\n")
    return Content.assemble(*parts[:-1])


def width(line: Iterable[Part]) -> int:
    """Return how many cells ``line`` takes."""
    return sum(cell_len(text) for text, _ in line)


def fit(text: str, cells: int) -> str:
    """Return ``text`` in exactly ``cells`` cells: padded, or cut with an ellipsis."""
    wide = cell_len(text)
    if wide <= cells:
        padded = text + " " * (cells - wide)
        while cell_len(padded) < cells:  # a joiner at its end swallows the next character's cell
            padded += " "
        return padded
    return cut(text, cells)


def cut(text: str, cells: int) -> str:
    """Return ``text`` in at most ``cells`` cells, with an ellipsis when it is cut; padded after a wide character."""
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept = text[: cells - 1]  # a character takes a cell at least, except for combining ones: those few are lost
    while cell_len(kept) > cells - 1:
        kept = kept[:-1]
    shown = kept + "…"
    while cell_len(shown) < cells:  # counted together: a joiner at the end of what is kept swallows a cell
        shown += " "
    return shown


def cut_words(text: str, cells: int) -> str:
    """Return ``text`` in at most ``cells`` cells, cut between words unless one alone takes half of the room."""
    short = cut(text, cells)
    space = short.rfind(" ", 0, -1)
    return short if short == text or space < cells // 2 else f"{short[:space].rstrip(' ,;:')} …"


def inner_cut(text: str, cells: int) -> str:
    """Return a name in at most ``cells`` cells, cut inside: names of one program often differ in their ends alone."""
    if cell_len(text) <= cells or cells < 5 or not text.isascii():
        return cut(text, cells)
    head = (cells - 1) // 3
    return f"{text[:head]}…{text[-(cells - 1 - head) :]}"


def words_that_fit(text: str, cells: int) -> str:
    """Return ``text`` in at most ``cells``, cut behind a word and marked; nothing where not one word has room."""
    if cell_len(text) <= cells:
        return text
    kept, *rest = text.split(" ")
    for word in rest:
        if cell_len(f"{kept} {word}") > cells - 1:
            break
        kept = f"{kept} {word}"
    return f"{kept}…" if kept.strip() and cell_len(kept) < cells else ""


def longest(texts: Iterable[str], cells: int) -> str:
    """Return the first of ``texts``, which grow shorter, that fits ``cells``; the last one when none does."""
    text = ""
    for text in texts:
        if cell_len(text) <= cells:
            return text
    return text


def clip(line: Line, cells: int) -> Line:
    """Return ``line`` in at most ``cells`` cells."""
    kept: list[Part] = []
    for text, style in line:
        room = cells - width(kept)
        if room <= 0:
            break
        kept.append((cut(text, room), style))
    return tuple(kept)


def spread(left: Line, right: Line, cells: int) -> Line:
    """Return ``left`` and ``right`` at the two ends of a line of ``cells``; the left one is cut to make room."""
    room = max(0, cells - width(right) - (1 if right else 0))
    left = clip(left, room)
    gap = max(0, cells - width(left) - width(right))
    return (*left, (" " * gap, PLAIN), *right)


def _longest(text: str, cells: int) -> int:
    """Return how many characters of ``text``, at least one, fit ``cells``."""
    low, high = 1, min(len(text), cells)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cell_len(text[:middle]) <= cells else (low, middle - 1)
    return low


def wrapped(text: str, cells: int) -> list[str]:
    """Return ``text`` (one line) broken at spaces into lines of at most ``cells``; a longer word is split."""
    lines: list[str] = []
    cells = max(1, cells)
    while len(text) > cells or cell_len(text) > cells:
        end = _longest(text, cells)
        space = text.rfind(" ", 1, end + 1)
        stop = space if space > 0 and text[:space].strip() else end
        lines.append(text[:stop].rstrip(" "))
        text = text[stop:].removeprefix(" ")
    return [*lines, text]


def wrapped_line(line: Line, cells: int) -> list[Line]:
    """Return ``line`` broken into lines of at most ``cells``, at spaces where there are any; styles are kept."""
    styles = [style for text, style in line for _ in text]
    lines: list[Line] = []
    start = 0
    whole = "".join(text for text, _ in line)
    for piece in wrapped(whole, cells):
        found = whole.find(piece, start)
        start = found + len(piece)
        lines.append(_restyled(piece, styles[found:start]))
    return lines


def _restyled(text: str, styles: list[str]) -> Line:
    parts: list[Part] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or styles[end] != styles[start]:
            parts.append((text[start:end], styles[start]))
            start = end
    return tuple(parts)


def plain(lines: Iterable[Line]) -> str:
    """Return ``lines`` as text without styles."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)
