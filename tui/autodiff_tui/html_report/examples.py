"""Examples before and after a proposal: what it broke and fixed first, then what stayed as it was."""

from __future__ import annotations

from dataclasses import dataclass

from autodiff_engine.events import ExampleScored
from autodiff_tui.format import score
from autodiff_tui.safe import one_line
from autodiff_tui.view import Pair, RunView, Samples, Turn, count, pairs

from .tables import Capped

MOST = 40
"""Examples of a table; broken and fixed ones come first, so what is left out is mostly what stayed the same."""
_ANSWER = 300
_ASKS = 120
_ORDER: tuple[Turn, ...] = ("broken", "fixed", "same", "unknown")
_NO_ANSWER = "(no answer could be read)"


@dataclass(frozen=True, slots=True)
class Turned:
    """An example: what it asks, what it was worth before and after, and the answers."""

    example: str
    asks: str
    turn: Turn
    scores: str
    before: str
    after: str
    expected: str


@dataclass(frozen=True, slots=True)
class ExampleTable:
    """The examples of one gate; ``sums`` counts all of them, also those left out."""

    gate: str
    sums: str
    examples: Capped[Turned]


def asked(view: RunView, example: str) -> str:
    """Return what an example asks, cut to a line; empty when nobody said it."""
    return one_line(view.asks(example), _ASKS)


def tables_of(view: RunView, old: Samples, new: Samples) -> tuple[ExampleTable, ...]:
    """Return a table for each gate at which the proposal was scored."""
    told = (
        ("minibatch", pairs(old.minibatch, new.minibatch) if new.minibatch else ()),
        ("validation", pairs(old.validation, new.validation) if new.validation else ()),
    )
    return tuple(_table(view, gate, each) for gate, each in told if each)


def _table(view: RunView, gate: str, told: tuple[Pair, ...]) -> ExampleTable:
    ordered = sorted(told, key=lambda pair: (_ORDER.index(pair.turn), _right(pair)))
    rest = ordered[MOST:]
    sums = ", ".join(
        f"{number} {_words(turn)}" for turn in _ORDER if (number := count(told, turn)) or turn != "unknown"
    )
    return ExampleTable(gate, sums, Capped(tuple(_turned(view, pair) for pair in ordered[:MOST]), _left_out(rest)))


def _left_out(rest: list[Pair]) -> str:
    if not rest:
        return ""
    kinds = ", ".join(f"{number} {_words(turn)}" for turn in _ORDER if (number := sum(p.turn == turn for p in rest)))
    return f"{len(rest):,} more examples left out here ({kinds}); the journal has all"


def _words(turn: Turn) -> str:
    return "not scored on both sides" if turn == "unknown" else turn


def _right(pair: Pair) -> bool:
    return pair.after is not None and pair.after.score >= 1


def _turned(view: RunView, pair: Pair) -> Turned:
    either = pair.after or pair.before
    expected = either.expected if either is not None and either.expected is not None else "–"
    return Turned(
        pair.example, asked(view, pair.example), pair.turn, f"{_score(pair.before)} → {_score(pair.after)}",
        _answer(pair.before), _answer(pair.after), one_line(expected, _ANSWER),
    )  # fmt: skip


def _score(result: ExampleScored | None) -> str:
    return score(result.score if result is not None else None)


def _answer(result: ExampleScored | None) -> str:
    if result is None:
        return "–"
    return _NO_ANSWER if result.answer is None else one_line(result.answer, _ANSWER)
