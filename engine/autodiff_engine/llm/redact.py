"""Text of strangers on its way to a screen or a file: one line, no secrets, not too long."""

from __future__ import annotations

import json
import os
import re

_LONGEST = 240
_SHORTEST_SECRET = 8
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_SECRET_SHAPE = re.compile(
    r"""
    (?<![\w-]) (?: sk | pk | rk | gsk | xai | hf | pplx | AIza ) [-_]? [\w*-]{8,}   # keys of well-known providers
    | (?<=[Bb]earer\ ) \S+
    | (?<=[?&]key=) [^&\s]+
    | (?<=://) [^/\s@]+ (?=@)                                                       # user:password in an address
    | (?: (?<=key:\ ) | (?<=key\ provided:\ ) | (?<=key=) ) [^\s,;]{4,}
    """,
    re.VERBOSE,
)

KEY_SHAPE = re.compile(r"\b(?:sk|pk|hf|gsk|xai)[-_][A-Za-z0-9_-]{16,}|\bAIza[A-Za-z0-9_-]{20,}|\bBearer\s+\S{16,}")
"""What is so surely a key that a file of ours that would hold it is not written."""


def secrets_in(text: str) -> list[str]:
    """Return the names of environment variables that hold a secret which is in ``text``, escaped or not."""
    held = {name: value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    long = {name: value for name, value in held.items() if len(value) >= _SHORTEST_SECRET}
    return sorted(name for name, value in long.items() if value in text or json.dumps(value)[1:-1] in text)


def redacted(text: str) -> str:
    """Return ``text`` without secrets: what looks like a key, and the values of environment variables that hold one."""
    secrets = {value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    for secret in sorted(secrets, key=len, reverse=True):  # the longest first: one may be part of another
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[secret]")
    return _SECRET_SHAPE.sub("[secret]", text)


def one_line(text: str) -> str:
    """Return ``text`` redacted, on one line, cut at 240 characters with an ellipsis."""
    line = " ".join(redacted(text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
