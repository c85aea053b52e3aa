"""A call as it was sent and what was answered, to read; pure."""

from __future__ import annotations

from collections.abc import Iterator

from autodiff_tui.format import score
from autodiff_tui.safe import block, one_line
from autodiff_tui.view import Exchange, Trail

from .paint import BAD, GOOD, MUTED, Line
from .prose import foreign, title


def exchange_lines(exchanges: Trail[Exchange], back: int, width: int) -> Iterator[Line]:
    """Return the call ``back`` places before the latest one, wrapped to ``width``; past the oldest, the oldest."""
    count = len(exchanges)
    index = max(0, count - 1 - back)
    exchange = exchanges[index]
    call = exchange.call
    where = f"step {exchange.step}, {exchange.phase}, example {exchange.example}, call {call.t}"
    name = "Last exchange" if index == count - 1 else "Exchange"
    style = GOOD if exchange.score >= 1 else BAD
    yield ()
    yield *title(name, one_line(where)), (f" · score {score(exchange.score)}", style)
    if count > 1:
        yield ((f"{index + 1} of {count:,} traced calls · [ ] the one before, the one after", MUTED),)
    yield (("sent", MUTED),)
    yield from foreign(block(call.prompt), width, "  ")
    yield (("answered", MUTED),)
    yield from foreign(block(call.reply), width, "  ") if call.reply else iter([(("  (empty)", MUTED),)])
