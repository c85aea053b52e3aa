"""What a person can do on the run screen: one registry, from which keys, footer and help come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .view import RunView

Mode = Literal["live", "replay", "watch"]
"""Whether the run executes here, is shown again, or executes in another process."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: ``id`` is the method ``action_<id>``; ``keys`` are Textual's names, the first one is shown."""

    id: str
    keys: tuple[str, ...]
    name: str
    help: str
    footer: bool = False
    steers: bool = False
    """Whether it needs a run that can be steered: not in a finished one, nor in one of another process."""

    @property
    def key(self) -> str:
        """The first key as a person reads it."""
        return {"question_mark": "?", "ctrl+c": "ctrl+c", "escape": "esc"}.get(self.keys[0], self.keys[0])


ACTIONS: tuple[Action, ...] = (
    Action(
        "toggle_pause",
        ("p",),
        "Pause",
        "let no new call start; open calls finish and are kept. Again: go on",
        footer=True,
        steers=True,
    ),
    Action("one_step", ("s",), "Step", "run to the end of this training step, then pause", footer=True, steers=True),
    Action("export", ("e",), "Export", "write the best prompts so far to a TOML file", footer=True),
    Action("detail", ("enter",), "Open", "open the selected proposal, or go to the selected node's text", footer=True),
    Action("help", ("question_mark", "f1"), "Help", "this page", footer=True),
    Action("leave", ("q", "ctrl+q"), "Quit", "leave; while the run goes on you are asked how", footer=True),
    Action("pane('graph')", ("1",), "Graph", "the program: calls, feedback, trained texts"),
    Action("pane('node')", ("2",), "Node", "the selected node: its text, feedback, last exchange"),
    Action("pane('proposals')", ("3",), "Proposals", "every rewrite and how it was judged, newest first"),
    Action("pane('scores')", ("4",), "Scores", "scores by step: minibatch bars, validation diamonds"),
    Action("next_pane", ("tab",), "Next pane", "move to the next pane; shift+tab goes back"),
    Action("previous_pane", ("shift+tab",), "Previous pane", "move to the pane before"),
    Action(
        "interrupt",
        ("ctrl+c",),
        "Stop",
        "copy the selected text; else stop and keep the best, again: abort",
    ),
)
MOVES: tuple[tuple[str, str], ...] = (
    ("↑ ↓", "move in the graph and in the proposals, scroll the node"),
    ("pgup pgdn", "a page up or down"),
    ("home end", "the first or last row; home follows the newest proposal again"),
    ("esc", "close what is open over the run"),
)


def name_now(action: Action, view: RunView) -> str:
    """Return what ``action`` would do in this state, in a word."""
    if action.id == "toggle_pause" and view.control.state in ("paused", "pausing"):
        return "Resume"
    return action.name


def refusal(action: Action, view: RunView, mode: Mode) -> str:
    """Return why ``action`` cannot be done now, or empty when it can."""
    if not action.steers:
        return ""
    if mode == "watch":
        return "this run executes in another process: here it can only be watched"
    if view.finished is not None:
        return "the run has ended"
    return "the run is stopping" if view.control.state == "stopping" else ""


def by_id(wanted: str) -> Action:
    """Return the action called ``wanted``.

    Raises:
        KeyError: There is none.
    """
    return {action.id: action for action in ACTIONS}[wanted]
