"""The app over a run in which every text is hostile and long; started by a test, in a terminal of its own.

``python hostile_app.py run`` shows the run, ``python hostile_app.py home FOLDER`` home over hostile files.
"""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from tests.tui.recorded import recorded
from tests.tui.runs import small_run, stamped
from tests.tui.sources import ListSource

from autodiff_engine.encoding import encode
from autodiff_engine.events import ErrorInfo, Event, RunFinished, Stamped, Warned
from autodiff_tui import toned
from autodiff_tui.app import RunApp
from autodiff_tui.beginning import Offer
from autodiff_tui.found import Shelf
from autodiff_tui.home_app import HomeApp, Offers

OURS = {"state", "fate", "which", "status", "outcome", "phase", "kind", "split"}
"""Fields that hold words of ours."""
MARK = "OWNED"
"""In every sequence that would drive a terminal; nothing of ours says it."""
DRIVING = (
    f"\x1b]0;{MARK}\x07", f"\x1b]52;c;{MARK}\x07", f"\x1b[2J\x1b[7;7H{MARK}", f"\x9b31m{MARK}", f"\x1bP{MARK}\x1b\\",
    f"\u202e{MARK}\u2066", f"\x00\x7f\r{MARK}", f"[@click=app.quit]{MARK}[/]", f"[/{MARK}]", f"\u2028{MARK}",
)  # fmt: skip
WORDS = " ".join(f"{DRIVING[n % len(DRIVING)]} word{n}" for n in range(30_000))
"""60,000 words: every other one drives a terminal that takes it as it is."""
_SHORT = f"{' '.join(DRIVING)} \U000e0041"
_IDS = {"at", "key", "example", "candidate", "incumbent", "parent", "best", "examples", "carried", "asked_by"}
"""Fields whose thousands of values must differ: they are hostile, but short."""


@cache
def _long(words: str, value: str) -> str:
    """The words, and at the end what tells names apart; one string for each, as they are a megabyte."""
    return f"{words} {value}"


def hostile(value: Any, field: str = "", words: str = WORDS) -> Any:
    """``value`` with hostile words before each text in it; what says nothing stays so: not every call failed."""
    if isinstance(value, str):
        if field in _IDS and value:
            return f"{_SHORT}{value}"
        return _long(words, value) if value else value
    if isinstance(value, tuple):
        return tuple(hostile(one, field, words) for one in cast("tuple[Any, ...]", value))
    if is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in fields(value) if each.name not in OURS]
        return replace(value, **{name: hostile(getattr(value, name), name, words) for name in names})
    return value


def journal() -> str:
    """The journal of a short run with fewer words: home reads such files whole."""
    told = stamped(small_run())
    fewer = WORDS[: len(WORDS) // 10]
    return "".join(f"{encode(replace(one, event=hostile(one.event, words=fewer)))}\n" for one in told)


def events() -> list[Stamped]:
    """A run of one step with hostile names, texts, replies, feedback, reasons, warnings and an error at its end."""
    told = [one for one in recorded(1) if not isinstance(one.event, RunFinished)]
    end = next(one.event for one in recorded(1) if isinstance(one.event, RunFinished))
    last: tuple[Event, ...] = (
        Warned("the disk is full"), replace(end, status="failed", error=ErrorInfo("ModelRejected", "no", "say yes"))
    )  # fmt: skip
    after = [Stamped(told[-1].seq + n, told[-1].t, None, one) for n, one in enumerate(last, 1)]
    return [replace(one, event=hostile(one.event)) for one in (*told, *after)]


OFFER = Offer((toned.line(WORDS),))


def main() -> None:
    if sys.argv[1] == "run":
        app: Any = RunApp(ListSource(events(), endless=True), export=lambda: WORDS, title=WORDS)
    else:
        app = HomeApp(
            Path(sys.argv[2]), Shelf(Path(sys.argv[2]) / "runs"), known=(), check=lambda _: [toned.line(WORDS)],
            offers=Offers(lambda _: OFFER, lambda _: OFFER), notice=WORDS, severe=True,
        )  # fmt: skip
    app.run()
    sys.exit(app.return_code or 0)


if __name__ == "__main__":
    main()
