"""The two lists at home: configs with the demo below, and past runs; as much of each as its width shows."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from datetime import datetime

from rich.cells import cell_len

from autodiff_engine.journal import FILE
from autodiff_tui.format import cost, score
from autodiff_tui.found import RunFound
from autodiff_tui.found_configs import ConfigFound
from autodiff_tui.safe import one_line
from autodiff_tui.view import RunView

from .paint import BAD, GOOD, MUTED, PLAIN, STRONG, WARN, Line, Part, fit, inner_cut, words_that_fit
from .row_list import Row, RowList

DEMO = "\x00demo"
"""The key of the demo's row; no file is called so."""
_DEMO_ABOUT = "a recorded training: no key, no network, $0"
_STATES = {"done": GOOD, "failed": BAD, "unreadable": BAD, "unfinished": WARN, "interrupted": WARN, "budget": WARN}
_COLUMNS = (
    ("run", 11), ("state", 11), ("when", 11), ("val best (n)", 13), ("config", 16), ("test", 12), ("cost", 8),
)  # fmt: skip
"""Names and cells, in the order in which a narrow list drops them from the end; the first takes what is left."""
_SHOWN = (0, 4, 1, 3, 5, 6, 2)
"""The order on the screen."""
_GAP = "  "
_WIDEST_RUN = 48
_BEGUN = re.compile(r"\d{8}-\d{6}-")
"""How the id of a run begins, unless a person named its folder."""


class ConfigList(RowList):
    """Configs, and below them the demo."""

    empty_text = "nothing fits the filter"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[ConfigFound, ...] = ()
        self._demo = True

    def show(self, configs: Sequence[ConfigFound], *, demo: bool) -> None:
        """Show these; ``demo`` says whether the demo's row fits the filter."""
        self._shown, self._demo = tuple(configs), demo
        self._fill()

    def on_resize(self, event: object) -> None:
        """Cut to the new width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        room = self.row_width
        widest = max((len(each.name) for each in self._shown), default=0)
        name = max(10, min(widest, 34, room // 2))
        rows = [Row(each.name, _config_line(each, name, room)) for each in self._shown]
        if self._demo:
            rows.append(
                Row(DEMO, (_cell("demo", name, STRONG), ("  ", PLAIN), _cell(_DEMO_ABOUT, room - name - 2, MUTED)))
            )
        self.set_rows(rows)


def _config_line(each: ConfigFound, name: int, room: int) -> Line:
    about = f"{each.pipeline} · {each.data} · {dict(each.models).get('task', 'no [models.task]')}"
    if each.problem:
        about = f"cannot be read: {each.problem.partition(chr(10))[0]}"
    style = BAD if each.problem else PLAIN
    return (_cell(each.name, name, STRONG), ("  ", PLAIN), _cell(about, max(1, room - name - 2), style))


class RunList(RowList):
    """Past runs, the newest first; a run that is marked for comparing begins with ●."""

    empty_text = "no runs in runs/ yet: train a config with t, or play the demo; each run then has its row here"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[RunFound, ...] = ()
        self._marked: Collection[str] = ()

    def show(self, runs: Sequence[RunFound], marked: Collection[str]) -> None:
        """Show these."""
        self._shown, self._marked = tuple(runs), marked
        self._fill()

    def on_resize(self, event: object) -> None:
        """Choose the columns that fit the new width."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        widths = _widths(self.row_width - 2)
        heading = ("  ", *(name for name, _ in _COLUMNS))
        header = _line(heading[1:], widths, "  ", MUTED, MUTED) if self._shown else ()
        self.set_rows([self._row(each, widths) for each in self._shown], header)

    def _row(self, each: RunFound, widths: Sequence[int]) -> Row:
        mark, cells = "● " if each.name in self._marked else "  ", _cells(each, widths[0])
        if each.problem:
            return Row(each.name, (*_line(cells, widths[:2], mark, PLAIN, BAD), *_problem(each, widths)))
        return Row(each.name, _line(cells, widths, mark, PLAIN, _STATES.get(each.state, PLAIN)))


def _cells(each: RunFound, run: int) -> tuple[str, ...]:
    """Return what stands in each column, the id in ``run`` cells."""
    name, view = short(each.name, run), each.view
    if view is None:
        return (name, each.state, "", "", "", "", "")
    finished, best, ledger = view.finished, view.scores.best, view.traffic.ledger
    told = finished or ledger
    spent = told.spent if told else None
    test = finished.test if finished else None
    return (
        name,
        each.state,
        _local(view.opened.started) if view.opened else "",
        score(best.mean, best.n) if best else "not scored",
        _made_by(view),
        score(test.best, test.n) if test else "–",
        cost(spent.cost_usd, spent.most_usd) if spent else "–",
    )


def short(name: str, cells: int) -> str:
    """Return a run's id in at most ``cells``: whole, else without its time, which has a column, else cut inside.

    Its end stays, which is what tells apart the runs of one program, and the variants of an ablation.
    """
    name = one_line(name, 400)
    bare = _BEGUN.sub("", name, count=1)
    fitting = next((each for each in (name, bare) if cell_len(each) <= cells), None)
    if fitting is not None or bare.isascii():
        return fitting or inner_cut(bare, cells)
    while cell_len(bare) >= cells > 1:
        bare = bare[1:]
    return f"…{bare}"


def _made_by(view: RunView) -> str:
    """Return the config that a run was begun with, or the program of one that had none."""
    config = view.opened.config.removesuffix(".toml") if view.opened else ""
    program = view.program.pipeline if view.program else ""
    return inner_cut(one_line(config or program, 400), dict(_COLUMNS)["config"])


def _problem(each: RunFound, widths: Sequence[int]) -> Line:
    """Return why a run cannot be read, in place of its columns: as many words of it as have room."""
    room = _room(widths) - _room(widths[:2]) - len(_GAP)
    why = one_line(each.problem.removeprefix(f"{each.folder}{os.sep}").removeprefix(f"{FILE}: "), 400)
    return ((fit(words_that_fit(why, room), room), MUTED),)


def _local(started: str) -> str:
    """Return when a run began, by the clock on this wall."""
    try:
        return datetime.fromisoformat(started).astimezone().strftime("%m-%d %H:%M")
    except ValueError:
        return started


def _widths(room: int) -> list[int]:
    """Return the cells of each column, 0 for one that has no room."""
    widths = [width for _, width in _COLUMNS]
    last = len(widths) - 1
    while last > 1 and _room(widths) > room:
        widths[last] = 0
        last -= 1
    widths[0] = max(4, min(widths[0] + room - _room(widths), _WIDEST_RUN))
    return widths


def _room(widths: Sequence[int]) -> int:
    """Return the cells of columns with the gaps between them."""
    shown = [width for width in widths if width]
    return sum(shown) + len(_GAP) * (len(shown) - 1)


def _line(cells: Sequence[str], widths: Sequence[int], mark: str, style: str, state: str) -> Line:
    parts: list[Part] = [(mark, WARN)]
    for column in _SHOWN:
        if column < len(widths) and widths[column]:
            parts.append(_cell(cells[column], widths[column], state if column == 1 else style))
            parts.append((_GAP, PLAIN))
    return tuple(parts)


def _cell(text: str, cells: int, style: str) -> Part:
    return fit(one_line(text, 400), cells), style
