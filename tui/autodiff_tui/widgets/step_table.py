"""The run step by step: batch score, pass rates at both gates, best score, cost; the newest step on top."""

from __future__ import annotations

from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive

from autodiff_engine.events import ProposalCounts
from autodiff_tui.format import cost, pass_rates, score
from autodiff_tui.safe import one_line
from autodiff_tui.view import RunView, StepRow, gates_of, step_rows

from .paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, fit
from .row_list import Row, RowList

_OUTCOMES: dict[str, Part] = {
    "accepted": ("✓", GOOD),
    "rejected": ("✗", BAD),
    "nothing to learn": ("=", MUTED),
    "no feedback": ("∅", MUTED),
    "vetoed": ("⊘", WARN),
    "": ("◐", STRONG),
}
_COLUMNS = (("step", 5), ("batch", 6), ("mini", 6), ("val", 6), ("best", 6), ("cost", 8), ("calls", 7))
"""Names and cells, in the order in which they find room."""


_NO_STEP = "the run ended before its first step"


class StepTable(RowList):
    """One row a step, the whole run first; choosing a step shows its proposals."""

    empty_text = "comes with the first step"

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[object, ...] = ()
        self._caption = ""

    def watch_view(self, view: RunView) -> None:
        """Show what is new about the steps."""
        self._show(view)

    def on_resize(self, event: Resize) -> None:
        """Choose the columns for the new width."""
        super().on_resize(event)
        self._show(self.view)

    def _show(self, view: RunView) -> None:
        made_of = (
            view.proposals,
            view.steps,
            view.scores,
            view.traffic.spending,
            view.step,
            self.row_width,
            view.trained,
        )
        if len(self._shown) == len(made_of) and all(
            a is b or a == b for a, b in zip(made_of, self._shown, strict=True)
        ):
            return
        self._shown = made_of
        self.say_empty(_NO_STEP if view.trained else StepTable.empty_text)
        steps = step_rows(view)
        rows = [Row(f"step {row.step}", _line(row, self.row_width, over=view.trained)) for row in reversed(steps)]
        if rows:
            rows.insert(0, Row("all", _all(view, steps, self.row_width)))
        self.set_rows(rows, _header(self.row_width) if rows else ())
        caption = pass_rates(view.gates) if steps else ""
        caption = caption if not caption or len(caption) + 2 < self.size.width else "passed / judged"
        if caption != self._caption:  # also when there is room for more than there was
            self._caption = caption
            self.border_subtitle = Content(caption)


def _header(width: int) -> Line:
    return tuple((fit(name, cells), MUTED) for name, cells in _fitting(width))


def _fitting(width: int) -> list[tuple[str, int]]:
    kept: list[tuple[str, int]] = []
    for name, cells in _COLUMNS:
        if sum(each for _, each in kept) + cells > width:
            break
        kept.append((name, cells))
    return kept


def _line(row: StepRow, width: int, *, over: bool) -> Line:
    """Return a step as a row; ``over``: one without an outcome was broken off."""
    glyph, style = ("⊘", MUTED) if over and not row.outcome else _OUTCOMES.get(row.outcome, ("?", PLAIN))
    known = bool(row.outcome)
    pending = "–" if over else "…"
    told = {
        "step": f"{row.step}",
        "batch": score(row.batch),
        "mini": _passed(row.gates.minibatch_passed, row.gates.minibatch_judged),
        "val": _passed(row.gates.validation_passed, row.gates.validation_judged),
        "best": score(row.best),
        "cost": cost(row.usd) if known else pending,
        "calls": f"{row.calls:,}" if known else pending,
    }
    cells = tuple((fit(told[name], room), STRONG if name == "step" else PLAIN) for name, room in _fitting(width))
    used = sum(room for _, room in _fitting(width))
    outcome = one_line(row.outcome or ("not finished" if over else "goes on"), 40)
    left = width - used - 2
    tail = fit(outcome, left) if left > 4 else ""
    return (*cells, (glyph, style), (f" {tail}" if tail else "", MUTED))


def _all(view: RunView, steps: tuple[StepRow, ...], width: int) -> Line:
    gates: ProposalCounts = gates_of((*view.proposals.past, *view.proposals.current))
    best, ledger = view.scores.best, view.traffic.ledger
    told = {
        "step": "all",
        "batch": "",
        "mini": _passed(gates.minibatch_passed, gates.minibatch_judged),
        "val": _passed(gates.validation_passed, gates.validation_judged),
        "best": score(best.mean if best else None),
        "cost": cost(ledger.cost_usd) if ledger else "–",
        "calls": f"{ledger.calls.made:,}" if ledger else "–",
    }
    return tuple((fit(told[name], room), STRONG) for name, room in _fitting(width))


def _passed(passed: int, judged: int) -> str:
    return f"{passed}/{judged}" if judged else "–"
