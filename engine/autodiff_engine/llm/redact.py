"""Text of strangers on its way to a screen or a file: one line, no secrets, not too long."""

from __future__ import annotations

from ..characters import whole
from ..secret import KEY_SHAPE, NO_WORD, redacted, secrets_in, without_values

__all__ = ["KEY_SHAPE", "one_line", "received", "redacted", "secrets_in"]

_LONGEST = 240
_READ = 20_000
"""Characters that are looked at: an answer of megabytes, from whoever sends one, takes no time."""


def received(text: str) -> str:
    """Return what came from outside as it may be kept and sent on.

    That is without the values of our keys, which some gateways quote in an answer, and without halves of characters.
    """
    return without_values(whole(text), NO_WORD)


def one_line(text: str) -> str:
    """Return ``text`` redacted, on one line, cut at 240 characters with an ellipsis."""
    line = " ".join(text.split())
    if len(line) > _READ:
        line = line[:_READ].rpartition(" ")[0]  # without what may be half of a secret
    line = redacted(line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
