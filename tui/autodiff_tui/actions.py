"""What a person can do on the run screen: one registry, from which keys, footer and help come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .view import RunView, judged_now

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
    judged: bool = False
    """Whether it is about the proposal that is being judged."""

    @property
    def key(self) -> str:
        """The first key as a person reads it."""
        return shown(self.keys[0])

    @property
    def slug(self) -> str:
        """What the table [keys] of a user's config calls it: ``pane_graph`` for ``pane('graph')``."""
        return self.id.replace("('", "_").removesuffix("')")


def shown(key: str) -> str:
    """Return a key of Textual's as a person reads it: ``?`` for ``question_mark``."""
    return _SIGNS.get(key, key)


_SIGNS = {
    "question_mark": "?",
    "slash": "/",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "plus": "+",
    "minus": "-",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "exclamation_mark": "!",
    "quotation_mark": '"',
    "number_sign": "#",
    "dollar_sign": "$",
    "percent_sign": "%",
    "ampersand": "&",
    "apostrophe": "'",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "asterisk": "*",
    "semicolon": ";",
    "equals_sign": "=",
    "at": "@",
    "backslash": "\\",
    "circumflex_accent": "^",
    "underscore": "_",
    "grave_accent": "`",
    "left_curly_bracket": "{",
    "vertical_line": "|",
    "right_curly_bracket": "}",
    "tilde": "~",
    "escape": "esc",
}


ACTIONS: tuple[Action, ...] = (
    Action(
        "toggle_pause",
        ("p", "space"),
        "Pause",
        "let no new call start; open calls finish and are kept. Again: go on",
        footer=True,
        steers=True,
    ),
    Action("one_step", ("s",), "Step", "run to the end of this training step, then pause", footer=True, steers=True),
    Action("one_phase", ("S",), "Phase", "run to the end of this phase of the step, then pause", steers=True),
    Action(
        "skip", ("c",), "Skip", "judge this proposal no further: calls for it are cancelled", steers=True, judged=True
    ),
    Action("validate", ("v",), "Validate", "this proposal to the whole validation set now", steers=True, judged=True),
    Action("veto", ("r",), "Veto", "reject the proposal that is judged, or take the best prompts back", steers=True),
    Action("edit", ("E",), "Edit", "change what the proposal that is judged says", steers=True, judged=True),
    Action("write", ("w",), "Write", "propose a text of your own: it is judged like any other", steers=True),
    Action("freeze", ("f",), "Freeze", "have the training leave a text as it is, or free it again", steers=True),
    Action("export", ("e",), "Export", "write the best prompts so far to a TOML file", footer=True),
    Action("detail", ("enter",), "Open", "open the selected proposal, or go to the selected node's text", footer=True),
    Action("help", ("question_mark", "f1"), "Help", "this page", footer=True),
    Action("leave", ("q", "ctrl+q"), "Quit", "leave; while the run goes on you are asked how", footer=True),
    Action("pane('graph')", ("1",), "Graph", "the program: calls, feedback, trained texts"),
    Action("pane('node')", ("2",), "Node", "the selected node: its text, feedback, last exchange"),
    Action("pane('proposals')", ("3",), "Proposals", "every rewrite and how it was judged, newest first"),
    Action("pane('scores')", ("4",), "Scores", "scores by step: minibatch bars, validation diamonds"),
    Action("pane('steps')", ("5",), "Steps", "step by step: batch, pass rates at both gates, best, cost"),
    Action("pane('spend')", ("6",), "Spend", "calls, tokens and cost by role and node; what the budget still pays"),
    Action("pane('log')", ("7",), "Log", "warnings, excluded examples, failures, newest first"),
    Action("next_pane", ("tab",), "Next pane", "move to the next pane; shift+tab goes back"),
    Action("previous_pane", ("shift+tab",), "Previous pane", "move to the pane before"),
    Action("zoom", ("z",), "Zoom", "the current pane alone on the screen, and back", footer=True),
    Action("examples", ("x",), "Examples", "validation examples by accepted version, as a heat map", footer=True),
    Action(
        "blame", ("b",), "Blame", "each sentence of the best prompts with the proposal that brought it", footer=True
    ),
    Action("cycle_diff", ("d",), "Diff", "in the node: the prompt, what the last version changed, all since the start"),
    Action("back_event", ("comma",), "Event back", "look back, event by event; the run goes on meanwhile"),
    Action("forward_event", ("full_stop",), "Event on", "one event on"),
    Action("back_step", ("less_than_sign",), "Step back", "to where this step began, then the one before"),
    Action("forward_step", ("greater_than_sign",), "Step on", "to where the next step begins"),
    Action("goto_step", ("g",), "Go to step", "to where a step begins, by its number"),
    Action("latest", ("G",), "To the end", "to the newest event, and stay with what comes"),
    Action("slower", ("minus",), "Slower", "a recorded run at half the speed"),
    Action("faster", ("plus", "equals_sign"), "Faster", "a recorded run at twice the speed"),
    Action("order", ("O",), "Order", "of the examples: wrong ones first, changed ones first, or as in the data"),
    Action("previous", ("left_square_bracket",), "Previous", "the call before in the node, the proposal before"),
    Action("next", ("right_square_bracket",), "Next", "the call after it, the next proposal"),
    Action("next_change", ("n",), "Next change", "in a diff: scroll to the next change"),
    Action("previous_change", ("N",), "Change before", "in a diff: scroll to the change before"),
    Action("filter", ("slash",), "Filter", "show what holds a text; enter keeps it, escape clears it", footer=True),
    Action("copy_text", ("y",), "Copy", "send the prompt, the rewrite or the page to the terminal's clipboard"),
    Action("read_text", ("o",), "Editor", "read the same text in $EDITOR or $PAGER"),
    Action("jump", ("ctrl+o",), "Jump", "go to a node, a proposal, a step or an example by name"),
    Action("command_palette", ("ctrl+p", "colon"), "Palette", "every action by name", footer=True),
    Action("next_theme", ("t",), "Theme", "dark, light, or the terminal's own colours"),
    Action("save_picture", ("f8",), "Picture", "write the screen to an SVG file here"),
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
    ("esc", "close what is open over the run, clear the filter, end the zoom"),
)


def name_now(action: Action, view: RunView, mode: Mode = "live", *, playing: bool = False) -> str:
    """Return what ``action`` would do in this state, in a word; ``playing``: a recorded run moves on by itself."""
    if action.id == "toggle_pause" and mode == "replay":
        return "Pause" if playing else "Play"
    if action.id == "toggle_pause" and view.control.state in ("paused", "pausing"):
        return "Resume"
    return action.name


_REPLAYED = {
    "toggle_pause": "play from here, or hold; at the end play again",
    "back_event": "one event back, and hold",
    "forward_event": "one event on, and hold",
    "latest": "to the last event of the recording",
    "leave": "leave the recording",
    "interrupt": "copy the selected text; else leave",
}
"""What actions do with a recorded run, where that is something else."""


def as_it_acts(action: Action, view: RunView, mode: Mode, *, playing: bool = False) -> Action:
    """Return ``action`` named, and explained, as what its keys do in this state."""
    told = _REPLAYED.get(action.id, action.help) if mode == "replay" else action.help
    return replace(action, name=name_now(action, view, mode, playing=playing), help=told)


_DECISIONS = ("skip", "validate", "veto", "edit", "write", "freeze")
"""What the training alone can be told: the final report has nothing to decide."""


def refusal(action: Action, view: RunView, mode: Mode) -> str:
    """Return why ``action`` cannot be done now, or empty when it can."""
    if action.id in ("slower", "faster") and mode != "replay":
        return "the run goes as fast as its models answer"
    if not action.steers:
        return ""
    if mode == "replay":
        done = "this run is shown again: what was decided about it stands in its journal"
        return "" if action.id == "toggle_pause" else done
    if view.finished is not None:
        return "the run has ended"
    if view.control.state == "unfinished":
        return "no process executes this run now: autodiff-tui resume goes on with it"
    if mode == "watch":
        return "this run executes in another process: here it can only be watched"
    if view.control.state == "stopping":
        return "the run is stopping"
    if view.trained and action.id in _DECISIONS:
        return "training is over: the test set is being answered"
    if not view.texts and action.id in ("write", "freeze"):
        return "the program is not known yet"
    if judged_now(view) is not None:
        return ""
    if action.id == "veto" and not (view.standings and view.standings[-1].step):
        return "nothing to veto: no proposal is being judged, and the best prompts are the start"
    return "no proposal is being judged now" if action.judged else ""


def by_id(wanted: str) -> Action:
    """Return the action called ``wanted``.

    Raises:
        KeyError: There is none.
    """
    return {action.id: action for action in ACTIONS}[wanted]
