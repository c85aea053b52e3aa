"""The tour's pictures are what the app shows, need nothing from anywhere, and are small."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
PICTURES = sorted((ROOT / "docs" / "tour").glob("*.svg"))


def test_the_pictures_are_what_the_app_shows_now() -> None:
    """When this fails: look at what changed, and run scripts/make_tour.py."""
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_tour.py", "--check"], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_tour_shows_every_picture_and_no_other() -> None:
    assert sorted(re.findall(r"\]\(tour/([\w-]+\.svg)\)", TEXT)) == [path.name for path in PICTURES]


def test_a_picture_fetches_nothing_and_is_small() -> None:
    svgs = {path.name: path.read_text(encoding="utf-8") for path in PICTURES}

    for name, svg in svgs.items():
        assert set(re.findall(r"https?://[^\s\"<)]+", svg)) <= {
            "http://www.w3.org/2000/svg", "https://www.textualize.io",
        }, name  # fmt: skip
        assert "@font-face" not in svg
        assert "monospace" in svg
        assert len(svg.encode()) < 150_000, name
    assert sum(len(svg.encode()) for svg in svgs.values()) < 1_000_000
