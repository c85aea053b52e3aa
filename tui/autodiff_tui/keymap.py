"""The keys of a person: [keys] and [keys.home] of the user's own config, laid over the registries of actions."""

from __future__ import annotations

import os
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from autodiff_engine.errors import ConfigError

from . import home_actions
from .actions import ACTIONS, Action, shown

KEPT: Mapping[str, str] = {"leave": "ctrl+q", "help": "f1", "interrupt": "ctrl+c"}
"""Actions that nobody can lose, with the key that always does them; so do those of home."""
HOME = "home"
"""The table inside [keys] that is about home; no action of a run is called so."""
_MOVES = ("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "j", "k", "escape")
"""Keys of lists and boxes, which would take them before any action."""
_OPENING = ("detail", "open")
"""What enter does anyway, in every list."""
_NAMED = (
    *("enter", "escape", "tab", "space", "backspace", "delete", "insert", "up", "down", "left", "right"),
    *("home", "end", "pageup", "pagedown", *(f"f{number}" for number in range(1, 25))),
)
_MODIFIERS = ("ctrl", "shift", "alt", "super")
_SHORT = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Names of characters that Textual calls otherwise than Unicode."""


def load(path: Path) -> tuple[Action, ...]:
    """Return the actions of a run with the keys that the user's config at ``path`` gives them; it need not exist.

    Raises:
        ConfigError: One line for each key that cannot be used, here or at home.
    """
    return _loaded(path)[0]


def load_home(path: Path) -> tuple[Action, ...]:
    """Return the actions of home, as ``load`` does those of a run.

    Raises:
        ConfigError: As ``load``.
    """
    return _loaded(path)[1]


def _loaded(path: Path) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    if not os.path.isfile(path):  # also in a home that nobody may look into
        return ACTIONS, home_actions.ACTIONS
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    table = _table(whole, "keys", f"{path}: keys")
    home = _table(table, HOME, f"{path}: keys.home")
    of_run = {name: value for name, value in table.items() if name != HOME}
    made: list[tuple[Action, ...]] = []
    wrong: list[str] = []
    for told, place, actions in (
        (of_run, f"{path}: [keys]", ACTIONS), (home, f"{path}: [keys.home]", home_actions.ACTIONS)
    ):  # fmt: skip
        try:
            made.append(remapped(told, place, actions))
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return made[0], made[1]


def _table(whole: Mapping[str, object], name: str, place: str) -> dict[str, object]:
    table = whole.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f'{place} must be a table, as in [keys] toggle_pause = "space"')
    return cast("dict[str, object]", table)


def remapped(table: Mapping[str, object], place: str, usual: Sequence[Action] = ACTIONS) -> tuple[Action, ...]:
    """Return the ``usual`` actions with ``table`` over them: slug to a key, or to several in a list, the first shown.

    Quit, help and stop keep the keys in ``KEPT`` whatever the table says.

    Raises:
        ConfigError: One line for each unknown action, and each key that does not exist or is taken.
    """
    slugs = [action.slug for action in usual]
    wrong = [_unknown(name, slugs, place) for name in table if name not in slugs]
    changed: dict[str, tuple[str, ...]] = {}
    for name, value in table.items():
        changed[name], problems = _keys(name, value, place)
        wrong.extend(problems)
    actions = tuple(_with_keys(action, changed.get(action.slug)) for action in usual)
    wrong.extend(_clashes(actions, place))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return actions


def changes(actions: Sequence[Action], usual: Sequence[Action]) -> dict[str, str]:
    """Return the keys, as Textual wants them, of each action that has others than usually; by slug."""
    known = {action.slug: action.keys for action in usual}
    return {action.slug: ",".join(action.keys) for action in actions if action.keys != known.get(action.slug)}


def _with_keys(action: Action, keys: tuple[str, ...] | None) -> Action:
    if keys is None:
        return action
    kept = KEPT.get(action.slug)
    return replace(action, keys=keys if kept is None or kept in keys else (*keys, kept))


def _unknown(name: str, slugs: list[str], place: str) -> str:
    close = get_close_matches(name, slugs, 1, 0.4)
    return f"{place} {name}: no such action{f'; did you mean {close[0]}?' if close else ''}"


def _keys(name: str, value: object, place: str) -> tuple[tuple[str, ...], list[str]]:
    keys: list[str] = []
    problems: list[str] = []
    for each in cast("list[object]", value) if isinstance(value, list) else [value]:
        key = canonical(each) if isinstance(each, str) else None
        if key is None:
            problems.append(f'{place} {name}: {each!r} is no key; write one as "p", "?", "ctrl+k", "f5" or "space"')
        elif key == "enter" and name not in _OPENING:
            problems.append(f"{place} {name}: enter opens rows of lists; choose another key")
        elif key in _MOVES:
            problems.append(f"{place} {name}: {each} moves in lists and boxes; choose another key")
        else:
            keys.append(key)
    if not keys and not problems:
        problems.append(f"{place} {name}: needs one key at least")
    return tuple(keys), problems


def canonical(key: str) -> str | None:
    """Return a key by the name that it has in the registry, ``question_mark`` for ``?``; None when there is none."""
    head, plus, last = key.rpartition("+") if key != "+" else ("", "", key)
    if plus and any(modifier not in _MODIFIERS for modifier in head.split("+")):
        return None
    if len(last) == 1 and last.isprintable() and not last.isspace():
        last = last if last.isalnum() else _name_of(last)
    elif last not in _NAMED and not _is_name(last):
        return None
    return f"{head}{plus}{last}"


def _name_of(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORT.get(name, name)


def _is_name(name: str) -> bool:
    """Whether ``name`` is that of a character, as ``question_mark`` is."""
    return any(_name_of(sign) == name for sign in map(chr, range(0x21, 0x7F)) if not sign.isalnum())


def _clashes(actions: tuple[Action, ...], place: str) -> Iterator[str]:
    taken: dict[str, str] = {}
    for action in actions:
        for key in action.keys:
            if key in taken:
                yield f"{place} {action.slug}: {shown(key)} is the key of {taken[key]}, too; give one of them another"
            taken.setdefault(key, action.slug)


def of_home(actions: Sequence[Action], of_runs: Sequence[Action]) -> dict[str, str]:
    """Return what ``changes`` says of home, and of a run where home has no such action: its pages have a run's keys."""
    own = {action.slug for action in actions}
    others = {slug: keys for slug, keys in changes(of_runs, ACTIONS).items() if slug not in own}
    return others | changes(actions, home_actions.ACTIONS)
