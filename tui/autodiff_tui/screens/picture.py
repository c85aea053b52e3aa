"""A picture of the screen: an SVG that needs nothing from anywhere."""

from __future__ import annotations

import re
from typing import Any

from textual.app import App

_FONT_FACE = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_FAMILY = "font-family: Fira Code, monospace;"
_FONTS = "font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace;"


def picture(app: App[Any], title: str) -> str:
    """Return what ``app`` shows as SVG; it is drawn in whatever monospaced font its reader has."""
    return self_contained(app.export_screenshot(title=title, simplify=True))


def self_contained(svg: str) -> str:
    """Return ``svg``, as Textual exports it, without the fonts that it would have its reader's browser fetch."""
    lines = _FONT_FACE.sub("", svg).replace(_FAMILY, _FONTS).splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip()) + "\n"
