"""Plays the provider for examples/support, and serves it on loopback beside the command under test."""

from __future__ import annotations

import csv
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from .loopback import Loopback, Turn, beside, ok

EXAMPLE = Path(__file__).parents[1] / "examples" / "support"
WRITTEN = "Write key words for our help articles: name the thing and what the customer wants done with it."
"""What the one who writes prompts makes of query.task; ``worker`` then finds every article."""


def _titles() -> dict[str, tuple[str, str]]:
    text = (EXAMPLE / "faq.py").read_text(encoding="utf-8")
    return {number: (topic, title) for number, topic, title in re.findall(r'\("(A\d)", "(\w+)", "([^"]+)"\)', text)}


def provider(body: dict[str, Any]) -> Turn:
    """Answer as all three models of the example's config would."""
    system, user = (message["content"] for message in body["messages"][:2])
    if body["model"] == "gpt-4o-mini":
        return ok(_works(system, user))
    if "<new_text>" in system or "<new_text>" in user:
        return ok(f"<reasoning>Vague.</reasoning><method>rephrase</method><new_text>{WRITTEN}</new_text>")
    keys = re.findall(r'<feedback key="([^"]+)">', system)
    return ok("\n".join(f'<feedback key="{key}">{_blames(key)}</feedback>' for key in keys) or "It is the wrong one.")


def _works(system: str, user: str) -> str:
    with (EXAMPLE / "tickets.csv").open(encoding="utf-8", newline="") as file:
        article = next(row["article"] for row in csv.DictReader(file) if row["ticket"] in user)
    topic, title = _titles()[article]
    if system.startswith("Which topic"):
        return topic
    if system.startswith("Write"):
        ticket = user.removeprefix("Ticket: ").split()
        return title if "key words" in system else " ".join(ticket[:3])
    found = re.search(r"^A\d", user, re.MULTILINE)
    assert found is not None
    return f"Please do as it says there.\nArticle: {found[0]}"


def _blames(key: str) -> str:
    blamed = key in ("look_up", "query", "query.task")
    return "It should name what is asked for." if blamed else "NOT TO BLAME. It did its part."


def served() -> AbstractContextManager[Loopback]:
    """The provider, beside the command under test."""
    return beside(provider)
