"""Every proposal and its verdict, the newest on top."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.events import Resize
from textual.reactive import reactive

from autodiff_engine.events import Comparison, ProposalCounts
from autodiff_tui.format import NOT_JUDGED, accepted, change, p_value, pass_rates, proposal_state, rate
from autodiff_tui.safe import one_line
from autodiff_tui.view import Proposals, ProposalView, RunView

from .paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, fit, inner_cut, longest
from .row_list import Row, RowList

MAX_ROWS = 500
_HAND = "✎"
"""Before what a person wrote or edited; the verdict says it in words where there is room."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out."""

    key: int
    texts: int
    minibatch: int
    validation: int
    fate: int
    n: bool
    """Whether a gate's cell says how many examples it is about; else the detail does."""

    @staticmethod
    def for_width(width: int) -> Columns:
        """Return the columns that fit: the verdict and both gates always, then n, then the texts."""
        key, gate, n, fate = 6, 13, 5, 18
        rest = width - key - 2 * (gate + n) - fate
        if rest >= 12:
            texts = min(28, rest)
            return Columns(key, texts, gate + n, gate + n, fate + rest - texts, n=True)
        rest = width - key - 2 * gate - fate
        if rest >= 8:
            return Columns(key, rest, gate, gate, fate, n=False)
        return Columns(key, 0, gate, gate, max(10, width - key - 2 * gate), n=False)


class ProposalTable(RowList):
    """One row a proposal: what it changes, both gates apart, and how it ended."""

    empty_text = "the first proposal comes after the first feedback"

    view: reactive[RunView] = reactive(RunView, layout=False, repaint=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Proposals, int] | None = None
        self._titles = ("", "")

    def watch_view(self, view: RunView) -> None:
        """Show new proposals and verdicts."""
        self._show(view)

    def on_resize(self, event: Resize) -> None:
        """Choose the columns for the new width."""
        super().on_resize(event)
        self._show(self.view)

    def _show(self, view: RunView) -> None:
        self.say_empty(_empty(view))
        width = self.row_width
        if self._shown is not None and self._shown[0] is view.proposals and self._shown[1] == width:
            return
        self._shown = view.proposals, width
        columns = Columns.for_width(width)
        rows = [Row(one.key, _line(one, columns), search=_search(one)) for one in view.proposals.newest_first(MAX_ROWS)]
        self.set_rows(rows, _header(columns) if rows else ())
        self._caption(view)

    def _caption(self, view: RunView) -> None:
        count = len(view.proposals)
        title = f"3 Proposals · {count} made, {accepted(view)}" if count else "3 Proposals"
        rates = longest(_rates(view.gates), self.outer_size.width - 6) if count else ""
        if (title, rates) != self._titles:
            self._titles = title, rates
            self.border_title, self.border_subtitle = Content(title), Content(rates)


def _empty(view: RunView) -> str:
    """Return what is said while there is no proposal."""
    if view.finished is not None:
        return "the run ended before its first proposal"
    if view.progress.phase.endswith("propose"):
        return "the optimizer reads the feedback and writes the first proposal"
    return ProposalTable.empty_text


def _rates(gates: ProposalCounts) -> tuple[str, str]:
    """Return the pass rates of both gates, and in fewer words."""
    mini = rate(gates.minibatch_passed, gates.minibatch_judged).partition(" (")[0]
    whole = rate(gates.validation_passed, gates.validation_judged).partition(" (")[0]
    return pass_rates(gates), f"passed: minibatch {mini} · validation {whole}"


def _search(one: ProposalView) -> str:
    """What a filter finds a proposal by: its step, the names and methods of what it changes, why it ended."""
    changes = " ".join(f"{change.name} {change.method}" for change in one.changes)
    return f"step {one.step}. {changes} {one.reason} {one.lint}"


def _header(columns: Columns) -> Line:
    names = (
        ("step.k" if columns.texts else "step", columns.key + (columns.texts > 0)),  # with a gap after it
        ("texts", columns.texts - 1),
        ("minibatch", columns.minibatch),
        ("validation", columns.validation),
        ("verdict", columns.fate),
    )
    return tuple((fit(name, cells), MUTED) for name, cells in names if cells > 0)


def _line(one: ProposalView, columns: Columns) -> Line:
    key = one.key if columns.texts or not _by_hand(one) else f"{one.key}{_HAND}"
    parts: list[Part] = [(fit(key, columns.key), STRONG)]
    if columns.texts:
        parts.append((f" {_texts(one, columns.texts - 2)} ", PLAIN))
    parts.append(_gate(one.minibatch, columns.minibatch, n=columns.n))
    parts.append(_gate(one.validation, columns.validation, n=columns.n))
    parts.extend(_verdict(one, columns.fate))
    return tuple(parts)


def _texts(one: ProposalView, cells: int) -> str:
    """Name the texts, with a mark where a person wrote them; where they do not fit, the first one and how many more."""
    names = [one_line(changed.name, 60) for changed in one.changes]
    whole = ", ".join(names) or "–"
    if _by_hand(one):
        whole = f"{_HAND} {whole}"
        names[0] = f"{_HAND} {names[0]}"
    if cell_len(whole) <= cells or len(names) < 2:
        return fit(inner_cut(whole, cells), cells)
    more = f" +{len(names) - 1}"
    return fit(inner_cut(names[0], cells - len(more)), cells - len(more)) + more


def _by_hand(one: ProposalView) -> bool:
    return any(changed.method.endswith(" by a person") for changed in one.changes)


def _gate(compared: Comparison | None, cells: int, *, n: bool) -> Part:
    if compared is None:
        return fit("·", cells), MUTED
    many = f" n={compared.n}" if n else ""
    return fit(change(compared) + many, cells - 1) + " ", PLAIN


def _verdict(one: ProposalView, cells: int) -> Line:
    glyph, style = _GLYPHS[_look(one)]
    state = longest(_states(one), cells - 2)
    whole = one.validation
    tested = whole is not None and whole.p is not None and whole.wins + whole.losses > 0
    tail = f" {p_value(whole.p)}" if whole is not None and tested and len(state) + 8 <= cells else ""
    hand = " · by a person"
    tail += hand if _by_hand(one) and len(state) + len(tail) + len(hand) <= cells - 2 else ""
    return (f"{glyph} ", style), (fit(state + tail, max(1, cells - 2)), style if one.fate == "accepted" else PLAIN)


def _look(one: ProposalView) -> str:
    if one.vetoed:
        return "vetoed"
    return one.fate or ("unusable" if one.problem else "unjudged" if one.unjudged else "")


def _states(one: ProposalView) -> tuple[str, ...]:
    """Return how far it has come in fewer and fewer words."""
    if one.fate == "lint" and one.lint:
        return f"lint: {one_line(one.lint, 60)}", "refused by lint", "lint"
    if one.fate in ("minibatch", "validation"):
        return f"lost {one.fate}", f"lost {_SHORT[one.fate]}"
    state = proposal_state(one)
    if one.unjudged:
        return state, NOT_JUDGED
    if one.vetoed or one.fate in ("vetoed", "skipped"):
        return state, "skipped" if one.fate == "skipped" else "vetoed"
    of = state.rpartition(" ")[2]
    return (state, f"{_SHORT[one.gate]} {of}") if one.fate is None and one.gate in _SHORT and of else (state,)


_SHORT = {"minibatch": "mini", "validation": "val"}
_GLYPHS: dict[str, Part] = {
    "accepted": ("✓", GOOD),
    "validation": ("✗", BAD),
    "minibatch": ("✗", BAD),
    "lint": ("⊘", MUTED),
    "skipped": ("⊘", MUTED),
    "vetoed": ("⊘", WARN),
    "unusable": ("⊘", MUTED),
    "unjudged": ("⊘", MUTED),
    "": ("◐", WARN),
}
