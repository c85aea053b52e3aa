"""Halves of characters (lone surrogates): JSON and Python can say them, no request and no file of ours can hold one."""

from __future__ import annotations


def is_whole(text: str) -> bool:
    """Return whether ``text`` holds no half of a character."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def whole(text: str) -> str:
    """Return ``text`` with the mark U+FFFD for each half of a character; two halves that belong together are one."""
    return text if is_whole(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
