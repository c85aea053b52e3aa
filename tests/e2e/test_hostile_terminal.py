"""60,000 words of hostile text in every slot, through a real terminal: none of it drives it, nothing crashes.

Slots of a run: prompts, feedback, replies, questions, expected answers, reasons, proposals, names of nodes, texts,
models, examples and runs, warnings, errors, log lines, toasts, titles. Of home: names of configs and runs, their texts.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from autodiff_engine.journal import FILE

from ..tui.home import CONFIG
from ..tui.pseudo_terminal import PseudoTerminal, opened
from .hostile_app import MARK, WORDS, journal

pytestmark = [pytest.mark.tmux, pytest.mark.timeout(600)]
APP = Path(__file__).with_name("hostile_app.py")
_OURS = re.compile(
    rb"\x1b\[[0-9;:]*m"  # colours
    rb"|\x1b\[[0-9;]*[HKJABCD]"  # moves
    rb"|\x1b\[[?>=<][0-9;:$]*[a-zA-Z]"  # modes
    rb"|\x1b\]52;c;[A-Za-z0-9+/=]*\x07"  # what y sends to the clipboard, encoded
    rb"|\x1b\]22;[a-z]*\x07"  # the mouse pointer's shape
    rb"|\x1b\[[0-9; ]*[ $]?[a-zA-Z]|\x1b[78=>]|\x1bP\+q[0-9A-F]*\x1b\\"
)
DOWN, END, ESC, ENTER = "\x1b[B", "\x1b[F", "\x1b", "\r"
RUN_KEYS = (
    *("1", "2", "d", "d", "3", ENTER, END, "n", ESC, "4", "5", "6", "7", ENTER, ESC, "b", END, ESC),
    *("x", DOWN, ENTER, END, ESC, ESC, "e", "y", "?", ESC, "z", "2", "]", "[", "z", "/", "w", ESC),
)
HOME_KEYS = (ENTER, END, ESC, "v", ESC, "2", " ", DOWN, " ", "c", ESC, "d", "n", "/", "w", ENTER, ESC, "?", ESC)
_DRIVING = ("\x1b]", "\x9b", "\x90", "\x00", "\x7f", "\u202e", "\u2066", "\u2028")


def typed(terminal: PseudoTerminal, keys: tuple[str, ...]) -> None:
    for key in keys:
        terminal.write(key.encode())
        terminal.read_for(0.2)
        assert terminal.process.poll() is None, f"it ended after {key!r}: {terminal.said[-2000:]!r}"


def left_with_q(terminal: PseudoTerminal) -> int:
    """Press q until it is left: one right behind an escape is read as alt+q where the app is slow."""
    for _ in range(60):
        if terminal.process.poll() is None:
            terminal.write(b"q")
            terminal.read_for(1)
    return terminal.left()


def checked(terminal: PseudoTerminal) -> None:
    """Nothing foreign drove the terminal: each control sequence is one that the app's toolkit writes."""
    said = terminal.said
    assert MARK.encode() in said, "the words were shown, not hidden"
    for driving in _DRIVING:
        for found in re.finditer(re.escape(driving.encode()), said):
            around = said[found.start() : found.start() + 40]
            assert MARK.encode() not in around, around
    rest = _OURS.sub(b"", said)
    assert rest.count(b"\x1b") == 0, [rest[m.start() : m.start() + 30] for m in re.finditer(b"\x1b", rest)][:5]
    text = rest.decode("utf-8")
    assert not [char for char in text if ord(char) < 32 and char not in "\r\n\t"]
    assert not [char for char in text if 0x7F <= ord(char) < 0xA0 or 0xE0000 <= ord(char) < 0xE0080]
    assert "Traceback" not in text


@pytest.mark.parametrize("size", [(120, 40), (60, 16)], ids=str)
def test_a_run_of_hostile_texts_is_shown_and_drives_nothing(size: tuple[int, int]) -> None:
    terminal = opened([sys.executable, str(APP), "run"], size=size)
    try:
        terminal.read_until(b"press q", 90)
        typed(terminal, RUN_KEYS)
        code = left_with_q(terminal)
    finally:
        terminal.close()

    assert code == 0
    assert terminal.is_restored
    checked(terminal)


def test_home_over_hostile_files_shows_them_and_drives_nothing(tmp_path: Path) -> None:
    hostile_name = "a\x1b]0;" + MARK + "\x07\x9b31m\u202e[@click=app.quit]b"
    (tmp_path / "configs").mkdir()
    text = CONFIG.format(what=WORDS.replace("\r", "").replace("\x00", "").replace("\x7f", "")).replace("\u2028", " ")
    (tmp_path / "configs" / f"{hostile_name}.toml").write_text(
        "".join(char for char in text if char == "\n" or ord(char) >= 32), encoding="utf-8"
    )
    for number in (1, 2):
        folder = tmp_path / "runs" / f"{hostile_name}{number}"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f"[trainer]\nseed = {number}\n", encoding="utf-8")
        (folder / FILE).write_text(journal(), encoding="utf-8")

    terminal = opened([sys.executable, str(APP), "home", str(tmp_path)], folder=Path.cwd())
    try:
        terminal.read_until(b"2 runs", 90)
        typed(terminal, HOME_KEYS)
        code = left_with_q(terminal)
    finally:
        terminal.close()

    assert code == 0
    assert terminal.is_restored
    checked(terminal)
