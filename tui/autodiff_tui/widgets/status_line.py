"""Two lines that answer: is it running, where is it, what is the best, what did it cost."""

from __future__ import annotations

from textual.reactive import reactive

from autodiff_tui.captions import Looking, gist
from autodiff_tui.format import comparison as compared_text
from autodiff_tui.format import cost, counted, duration, phase, score, tokens
from autodiff_tui.safe import one_line
from autodiff_tui.view import Cap, Control, Progress, RunView, caps

from .paint import ACCENT, BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, cut, cut_words, longest, spread, width
from .painted import Painted

_STATES: dict[str, Part] = {
    "starting": ("◌ starting", MUTED),
    "running": ("● running", f"{GOOD} bold"),
    "pausing": ("◍ pausing", f"{WARN} bold"),
    "paused": ("‖ paused", f"{WARN} bold"),
    "unfinished": ("■ unfinished", f"{WARN} bold"),
    "stopping": ("◍ stopping", f"{WARN} bold"),
    "done": ("✓ done", f"{GOOD} bold"),
    "stopped": ("■ stopped, best kept", f"{GOOD} bold"),
    "failed": ("✗ failed", f"{BAD} bold"),
    "budget": ("■ budget spent", f"{WARN} bold"),
    "interrupted": ("■ interrupted", f"{WARN} bold"),
}


class StatusLine(Painted):
    """What must not be cut comes first; the rest appears as the terminal allows."""

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    elapsed_s: reactive[int] = reactive(0, layout=False, repaint=False)
    behind: reactive[bool] = reactive(False, layout=False, repaint=False)
    """Whether more events wait than one tick could take."""
    looking: reactive[Looking | None] = reactive[Looking | None](None, layout=False, repaint=False)
    """Where on the run's tape that is, if not at the end of one that goes on."""

    def watch_view(self) -> None:
        """Show the new state."""
        self.repaint()

    def watch_elapsed_s(self) -> None:
        """Show the new time."""
        self.repaint()

    def watch_behind(self) -> None:
        """Say that the screen lags, or no longer."""
        self.repaint()

    def watch_looking(self) -> None:
        """Say where that is."""
        self.repaint()

    def picture(self, width: int, height: int) -> tuple[Line, ...]:
        """Return both lines."""
        first = first_line(self.view, self.elapsed_s, width, self.looking)
        return first, second_line(self.view, width, behind=self.behind, looking=self.looking)


def tiny_line(view: RunView, cells: int, looking: Looking | None = None, resume: str = "p") -> Line:
    """Return what a terminal too small for panes can still say; ``resume`` is the key by which a paused run goes on."""
    if looking is None and view.finished is None and view.control.trouble is not None:
        state, then = f"{_STATES[view.state][0]}: ", f"; {resume} goes on"
        what = [one_line(each) for each in gist(view.control.trouble.message)]
        room = cells - width(((state + then, PLAIN),))
        return ((f"{state}{cut_words(longest(what, room), room)}{then}", PLAIN),)
    told = [text for text, _ in _by_priority(view, 0, looking)[:3]]
    short = [*told[:2], told[2].partition(" (")[0]]
    for parts in ((*told, "enlarge the terminal"), (*short, "enlarge the terminal"), (*short, "enlarge")):
        line = " · ".join(parts)
        if len(line) <= cells:
            return ((line, PLAIN),)
    return ((cut(" · ".join(short), cells), PLAIN),)


def first_line(view: RunView, elapsed_s: int, cells: int, looking: Looking | None = None) -> Line:
    """Return the segments that fit, in reading order; a segment that does not fit leaves with all after it."""
    kept: list[Part] = []
    gap = "   " if cells >= 90 else "  "
    for text, style in _by_priority(view, elapsed_s, looking):
        part = (text if not kept else gap + text, style)
        if width((*kept, part)) > cells:
            break
        kept.append(part)
    return tuple(kept)


def _by_priority(view: RunView, elapsed_s: int, looking: Looking | None) -> list[Part]:
    state = _STATES.get(view.state, (view.state, PLAIN))
    parts: list[Part] = [state, (_step(view), STRONG)]
    if looking is not None:  # what the run was doing is past: that it is looked back at comes first
        over = looking.motion == "at its end" and looking.recorded
        if over and view.finished is None:  # its process was killed
            state = ("unfinished", WARN)
        then = () if view.state in ("starting", "running") and not over else (state,)
        event = () if looking.motion == "at its end" else ((looking.event, STRONG),)
        parts = [(looking.state, f"{ACCENT} bold"), *event, (_step(view), STRONG), *then]
    parts.append((_best(view), STRONG))
    if view.notes.open_errors:
        parts.append((f"{counted(view.notes.open_errors, 'error')} in 7 Log", BAD))
    ledger = view.traffic.ledger
    if ledger is not None:
        calls, used = ledger.calls, ledger.tokens
        if calls.cached and not calls.made:
            parts.append((f"{counted(calls.cached, 'call')} from cache", PLAIN))
        else:
            parts.append((counted(calls.made, "call"), PLAIN))
            parts.append((f"{tokens(used.prompt + used.completion)} tokens", PLAIN))
        parts.append((f"cost {cost(ledger.cost_usd)}" if ledger.cost_usd is None else cost(ledger.cost_usd), PLAIN))
        if ledger.unsettled.calls:
            parts.append((f"{counted(ledger.unsettled.calls, 'call')} unsettled", MUTED))
    steps = [each.steps for each in _caps(view) if each.steps is not None]
    if steps and view.finished is None:
        parts.append((f"budget ≈{min(steps):.0f} steps", WARN if min(steps) < 2 else PLAIN))
    start = view.scores.start
    if start is not None:
        parts.append((f"start {score(start.mean)}", MUTED))
    if elapsed_s:
        parts.append((duration(elapsed_s), MUTED))
    if view.program is not None:
        parts.append((one_line(view.program.pipeline, 40), MUTED))
    if view.opened is not None:
        parts.append((one_line(view.opened.run_id, 40), MUTED))
    if ledger is not None and ledger.calls.cached and ledger.calls.made:
        parts.append((f"{ledger.calls.cached:,} from cache", MUTED))
    if view.notes.warnings:
        parts.append((f"{counted(len(view.notes.warnings), 'warning')} in 7 Log", WARN))
    return parts


def _caps(view: RunView) -> tuple[Cap, ...]:
    return caps(view.opened.budget if view.opened is not None else None, view.traffic, view.elapsed_s)


def _step(view: RunView) -> str:
    return f"step {view.step}/{view.max_steps}" if view.max_steps else f"step {view.step}"


def _best(view: RunView) -> str:
    best = view.scores.best
    if best is None:
        return "best –"
    return f"best {score(best.mean, best.n)}"


def second_line(view: RunView, cells: int, *, behind: bool, looking: Looking | None = None) -> Line:
    """Return what goes on now, with a bar where the end is known."""
    if view.finished is not None:
        return _ended(view, cells)
    if view.opened is None and not view.facts:
        return (("loading…" if looking is None else "before the first event", MUTED),)
    left, right = _progress(view, cells, set(_LEAVING), behind=behind)
    for kept in range(len(_LEAVING), 1, -1):
        left, right = _progress(view, cells, set(_LEAVING[:kept]), behind=behind)
        if width((*left, *right)) + bool(right) <= cells:
            return spread(left, right, cells)
    return spread(((cut_words(left[0][0], cells - width(right)), left[0][1]),), right, cells)


_LEAVING = ("doing", "waits", "reason", "late", "count", "warned", "open", "bar", "answered")
"""What the second line is made of; where there is no room for all, the last of it leaves first."""


def _progress(view: RunView, cells: int, kept: set[str], *, behind: bool) -> tuple[Line, Line]:
    """Return both ends of the line made of what is ``kept``; without room for its reason that is cut between words."""
    control, progress = view.control, view.progress
    waits = _waits(control)
    calls = f"   {counted(control.in_flight, 'call')} open" if control.in_flight and not waits else ""
    ends: list[tuple[str, Part]] = [
        ("late", ("   display catching up" if behind else "", WARN)),
        ("waits", (f"   {waits}" if waits else "", WARN)),
        ("open", (calls, MUTED)),
    ]
    right = tuple(part for name, part in ends if name in kept and part[0])
    doing = one_line(phase(progress.phase), 80) if progress.phase else "preparing"
    why = one_line(control.reason, 120) if control.reason and control.state != "running" else ""
    if control.trouble is not None:  # a person has to mend it: it comes first, and whole
        what = [one_line(each) for each in gist(control.trouble.message)]
        doing = longest(what, cells - width(right))
        why = ""
    elif why and "late" not in kept:
        why = cut_words(why, max(0, cells - width(((doing, PLAIN), *right)) - 3))
    left: list[tuple[str, Part]] = [
        ("doing", (doing, PLAIN if control.trouble is None else WARN)),
        ("reason", (f" ({why})" if why else "", WARN)),
        *_bar(progress, cells),
    ]
    needed = [part for name, part in (*left, *ends) if name in ("doing", "reason", "count", "late", "waits")]
    left.append(("warned", (_warned(view, min(cells // 2, cells - width(needed) - 1)), WARN)))
    return tuple(part for name, part in left if name in kept and part[0]), right


def _warned(view: RunView, cells: int) -> str:
    """Return the warning of this step up to its first colon, which what to do follows; nothing in less than a word."""
    said = one_line(view.warned.partition(": ")[0], 200)
    return f"   ⚠ {cut_words(said, cells - 5)}" if said and cells >= 12 else ""


def _waits(control: Control) -> str:
    """Return what a pause or a stop waits for, in words; empty while it waits for nothing."""
    if control.state not in ("pausing", "stopping") or not control.in_flight:
        return ""
    finish = "finishes" if control.in_flight == 1 else "finish"
    return f"{control.state}: {counted(control.in_flight, 'call')} {finish} first"


def _bar(progress: Progress, cells: int) -> list[tuple[str, Part]]:
    """Return how far it is: a bar where the end is known, the count, and calls that were answered meanwhile."""
    answered = (f"  {counted(progress.calls, 'call')} answered" if progress.calls else "", MUTED)
    if not progress.total:
        return [("answered", answered)]
    long = max(8, min(30, cells // 4))
    full = long * progress.done // progress.total
    return [
        ("bar", ("  " + "━" * full, ACCENT)),
        ("bar", ("─" * (long - full), MUTED)),
        ("count", (f" {progress.done}/{progress.total}", PLAIN)),
        ("answered", answered),
    ]


def _ended(view: RunView, cells: int) -> Line:
    finished, leave = view.finished, ("press q", STRONG)
    room = cells - width((leave,)) - 1
    error = finished.error if finished is not None else None
    if error is not None:
        said, hint = one_line(error.message), f" · {one_line(error.hint)}" if error.hint else ""
        whole = ((said, BAD), (hint, PLAIN))
        return spread(whole if width(whole) <= room else ((cut_words(said, room), BAD),), (leave,), cells)
    test = one_line(compared_text(view.test) if view.test is not None else "no test split was scored").split(", ")
    forms = [" · ".join(("", ", ".join(test[: len(test) - gone]))) for gone in range(len(test))]
    return spread((("finished", GOOD), (longest([*forms, ""], room - len("finished")), PLAIN)), (leave,), cells)
