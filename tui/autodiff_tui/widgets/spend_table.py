"""Calls, tokens and cost by role and node, and what the budget still pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.events import Resize
from textual.reactive import reactive

from autodiff_tui.format import cap, cost, foretold, still_pays, tokens
from autodiff_tui.safe import one_line
from autodiff_tui.summary import unsettled
from autodiff_tui.view import RoleCalls, RunView, caps, outlook, per_step

from .paint import ACCENT, BAD, MUTED, PLAIN, STRONG, WARN, Line, fit
from .row_list import Row, RowList

_COLUMNS = (("calls", 7), ("tokens", 8), ("cost", 9), ("cached", 8), ("failed", 7))
_NAME = 12


class SpendTable(RowList):
    """A row a role, below it its nodes; then the budget."""

    empty_text = "comes with the first call"

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)
    foretold: reactive[tuple[str, ...]] = reactive((), layout=False, repaint=False)
    """What the run was said to take before it began: shown until a step tells better."""

    def watch_view(self, view: RunView) -> None:
        """Show the new counts."""
        self._show(view)

    def watch_foretold(self) -> None:
        """Show the forecast."""
        self._show(self.view)

    def on_resize(self, event: Resize) -> None:
        """Choose the columns for the new width."""
        super().on_resize(event)
        self._show(self.view)

    def _show(self, view: RunView) -> None:
        rows = spend_rows(view, self.row_width, self.foretold)
        self.say_empty("the run ended before its first call" if view.finished is not None else SpendTable.empty_text)
        self.set_rows(rows, _header(self.row_width) if view.traffic.roles else ())


def spend_rows(view: RunView, width: int, foretold: Sequence[str] = ()) -> list[Row]:
    """Return the rows for ``width`` cells; before the first call what was ``foretold``, if anything was."""
    if not view.traffic.roles:
        before = foretold if view.finished is None else ()
        return [Row(f"foretold {n}", ((each, PLAIN),)) for n, each in enumerate(before)]
    rows: list[Row] = []
    for role, calls in view.traffic.roles.items():
        rows.append(Row(f"role {role}", _line(one_line(role, 40), calls, width, STRONG)))
        for (of, node), part in view.traffic.parts.items():
            if of == role:
                rows.append(Row(f"part {role} {node}", _line(f"  {one_line(node, 60)}", part, width, PLAIN), node))
    return [*rows, Row("gap", ()), *(Row(f"budget {n}", line) for n, line in enumerate(_budget(view, foretold)))]


def _columns(width: int) -> tuple[int, list[tuple[str, int]]]:
    kept: list[tuple[str, int]] = []
    for name, cells in _COLUMNS:
        if _NAME + sum(each for _, each in kept) + cells > width:
            break
        kept.append((name, cells))
    return max(_NAME, min(40, width - sum(cells for _, cells in kept))), kept


def _header(width: int) -> Line:
    name, columns = _columns(width)
    return ((fit("role, node", name), MUTED), *((told.rjust(cells), MUTED) for told, cells in columns))


def _line(label: str, calls: RoleCalls, width: int, style: str) -> Line:
    name, columns = _columns(width)
    told = {
        "calls": f"{calls.made:,}",
        "tokens": tokens(calls.tokens),
        "cost": cost(calls.cost_usd),
        "cached": f"{calls.cached:,}" if calls.cached else "·",
        "failed": f"{calls.failed:,}" if calls.failed else "·",
    }
    styles = {"failed": BAD if calls.failed else MUTED, "cached": MUTED}
    return (
        (fit(label, name - 1) + " ", style),
        *((told[column].rjust(cells), styles.get(column, style)) for column, cells in columns),
    )


def _budget(view: RunView, before: Sequence[str]) -> Iterator[Line]:
    ledger = view.traffic.ledger
    if ledger is not None and ledger.unsettled.calls:
        yield ((f"unsettled: {unsettled(ledger.unsettled)}", PLAIN),)
    told = caps(view.opened.budget if view.opened is not None else None, view.traffic, view.elapsed_s)
    for each in told:
        little = each.steps is not None and each.steps < 2
        yield ((f"budget: {cap(each)}", PLAIN),)
        if not view.trained:
            yield ((f"  {still_pays(each)}", WARN if little else ACCENT),)
    if not told:
        unset = "no budget was set" if view.finished is not None else "no budget is set: --budget-usd X caps the cost"
        yield ((unset, MUTED),)
    usd, calls = per_step(view.traffic.spending, "usd"), per_step(view.traffic.spending, "calls")
    if calls is None and view.trained:
        return
    if calls is None:
        yield from (((each, PLAIN),) for each in before)
        yield ((f"a {'better ' if before else ''}forecast comes with the first step", MUTED),)
    elif not calls:
        yield (("all steps so far were stored: they cost nothing", MUTED),)
    else:
        yield ((f"a step takes {calls:,.0f} calls, {cost(usd)} on average", PLAIN),)
    told = outlook(view)
    for each in () if told is None else foretold(told, view.max_steps):
        yield ((each, PLAIN),)
