"""What a run came to, in a few lines."""

from dataclasses import replace

import pytest

from autodiff_engine.events import RunFinished
from autodiff_tui.summary import lines
from autodiff_tui.view import RunView, reduce

from .runs import small_run, stamped


@pytest.mark.parametrize(
    ("status", "best", "next_command"),
    [
        ("done", "runs/r1/best.toml", "autodiff-tui export runs/r1"),
        ("stopped", "runs/r1/best.toml", "autodiff-tui export runs/r1"),
        ("stopped", "", ""),
        ("interrupted", "runs/r1/best.toml", "autodiff-tui resume runs/r1"),
        ("failed", "", "autodiff-tui resume runs/r1"),
        ("budget", "runs/r1/best.toml", "autodiff-tui resume runs/r1, with a larger budget"),
    ],
)
def test_the_summary_says_what_to_do_next_by_how_the_run_ended(status: str, best: str, next_command: str) -> None:
    view = RunView()
    for each in stamped(small_run()):
        event = each.event
        if isinstance(event, RunFinished):
            each = replace(each, event=replace(event, status=status, best=best))
        view = reduce(view, each)
    told = [line for line in lines(view) if line.startswith("next")]
    assert [line.split(maxsplit=1)[1] for line in told] == ([next_command] if next_command else [])
