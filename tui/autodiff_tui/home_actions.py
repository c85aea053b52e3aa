"""What a person can do at home: the registry from which its keys, footer and help come."""

from __future__ import annotations

from .actions import Action

ACTIONS: tuple[Action, ...] = (
    Action("open", ("enter",), "Open", "a config: its text; a run: what it did and changed", footer=True),
    Action("train", ("t",), "Train", "train the selected config, or play the demo", footer=True),
    Action(
        "check",
        ("v",),
        "Check",
        "what would fail in the selected config before money is spent; asks nobody",
        footer=True,
    ),
    Action("replay", ("p",), "Replay", "show the selected run again as it went", footer=True),
    Action("resume", ("r",), "Resume", "go on with the selected run where it ended", footer=True),
    Action("mark", ("space",), "Mark", "mark the selected run for comparing; again: take the mark away", footer=True),
    Action(
        "compare", ("c",), "Compare", "the two marked runs; with one marked, that and the selected one", footer=True
    ),
    Action(
        "delete",
        ("d", "delete"),
        "Delete",
        "the selected run's files, after a question; stored answers stay",
        footer=True,
    ),
    Action("filter", ("slash",), "Filter", "show only what holds the words; esc shows all again", footer=True),
    Action("help", ("question_mark", "f1"), "Help", "this page", footer=True),
    Action("leave", ("q", "ctrl+q"), "Quit", "leave", footer=True),
    Action(
        "copy_name", ("y",), "Copy", "send the selected run's id, or the config's path, to the terminal's clipboard"
    ),
    Action(
        "refresh", ("f5", "ctrl+r"), "Refresh", "look again at configs and runs at once; home does so by itself, too"
    ),
    Action(
        "pane('configs')",
        ("1",),
        "Configs",
        "the configs here, in configs/ and of projects one folder down, and the demo",
    ),
    Action("pane('runs')", ("2",), "Runs", "the runs of runs/, the newest first"),
    Action("next_pane", ("tab", "shift+tab"), "Other pane", "between configs and runs"),
    Action("clear_filter", ("escape",), "Clear", "show all again"),
    Action("command_palette", ("ctrl+p", "colon"), "Palette", "every action by name, and every theme"),
    Action("save_picture", ("f8",), "Picture", "write the screen to an SVG file here"),
    Action("interrupt", ("ctrl+c",), "Leave", "copy the selected text; else leave"),
)


def by_id(wanted: str) -> Action:
    """Return the action called ``wanted``.

    Raises:
        KeyError: There is none.
    """
    return {action.id: action for action in ACTIONS}[wanted]
