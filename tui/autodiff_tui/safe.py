"""Foreign text made fit for a terminal: what could drive it, or hide, is shown as a visible mark.

What models, data sets, providers and users write reaches a screen or a log line only through here. It is for showing:
comparing, exporting and sending use the raw text. Nothing here is markup, and no caller parses it as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHARS = 64 * 1024
MAX_LINES = 2000
MAX_LINE = 2000
_MARK = "\ufffd"


def _marks() -> dict[int, str]:
    pictures = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: "\u2421"}
    hidden = (
        range(0x80, 0xA0),  # C1: one-byte forms of escape sequences
        (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # bidi controls reorder what is read
        (0x2028, 0x2029),  # separators that some renderers break lines at and some do not
        range(0xD800, 0xE000),  # lone surrogates cannot be written to a terminal at all
        range(0xE0000, 0xE0080),  # tag characters: text that nobody sees
    )
    return pictures | dict.fromkeys((code for group in hidden for code in group), _MARK)


_TABLE = _marks()
_HIDDEN = re.compile(f"[{''.join(re.escape(chr(code)) for code in _TABLE)}]")
_ASCII_HIDDEN = bytes(code for code in _TABLE if code < 0x80)
_LINE_TABLE = _TABLE | {0x0A: "\u240a", 0x09: " "}


@dataclass(frozen=True, slots=True)
class Shown:
    """A text fit for a terminal: ``hidden`` characters of it became marks; ``cut_chars`` at its end are not shown."""

    text: str
    hidden: int
    cut_chars: int = 0

    @property
    def warning(self) -> str:
        """What a reader should know about the text, or empty."""
        said = f"{self.hidden} control character{'s' * (self.hidden != 1)} made visible" if self.hidden else ""
        return f"⚠ {said}" if said else ""


def marked(text: str) -> str:
    """Return ``text`` with every dangerous or hidden character as a mark; line breaks and tabs stay."""
    return text.translate(_TABLE)


def one_line(text: str, limit: int = 2000) -> str:
    """Return ``text`` as one line of at most ``limit`` characters, ``…`` at its end when it is cut; breaks become ␊."""
    cut = text if len(text) <= limit else f"{text[: max(0, limit - 1)]}…"
    return cut.translate(_LINE_TABLE)


def count_hidden(text: str) -> int:
    """Return how many characters of ``text`` are shown as marks."""
    if text.isascii():  # forty times as fast, and most texts are
        raw = text.encode("ascii")
        return len(raw) - len(raw.translate(None, _ASCII_HIDDEN))
    return len(_HIDDEN.findall(text))


def block(text: str, *, max_chars: int = MAX_CHARS, max_lines: int = MAX_LINES) -> Shown:
    """Return a long text for a pane: marked, long lines split, and cut to its caps with a last line that says so.

    Costs time in proportion to the caps, except for the count of hidden characters, which is over the whole text.
    """
    lines: list[str] = []
    start, stop = 0, min(len(text), max_chars)
    while start < stop and len(lines) < max_lines:
        end = text.find("\n", start, stop)
        end = stop if end < 0 else end
        piece = text[start : min(end, start + MAX_LINE)]  # wrapping a line of a megabyte would freeze a screen
        lines.append(marked(piece))
        start += len(piece)
        start += start < stop and text[start] == "\n"
    left = len(text) - start
    if left > 0:
        lines.append(f"… {left:,} more characters")
    elif text.endswith("\n"):
        lines.append("")
    return Shown("\n".join(lines), count_hidden(text), left)
