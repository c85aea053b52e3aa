"""The keys of a person: the table [keys] of the user's own config, laid over the registry of actions."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from autodiff_engine.errors import ConfigError

from .actions import ACTIONS, Action, shown

KEPT: Mapping[str, str] = {"leave": "ctrl+q", "help": "f1", "interrupt": "ctrl+c"}
"""Actions that nobody can lose, with the key that always does them."""
_MOVES = ("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "j", "k", "escape")
"""Keys of lists and boxes, which would take them before any action."""
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
    """Return the actions with the keys that the user's config at ``path`` gives them; it need not exist.

    Raises:
        ConfigError: One line for each key that cannot be used.
    """
    if not path.is_file():
        return ACTIONS
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("keys", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise ConfigError(f'{path}: keys must be a table, as in [keys] toggle_pause = "space"')
    return remapped(cast("dict[str, object]", table), f"{path}: [keys]")


def remapped(table: Mapping[str, object], place: str) -> tuple[Action, ...]:
    """Return the actions with ``table`` laid over them: slug to a key, or to several in a list, the first one shown.

    Quit, help and stop keep the keys in ``KEPT`` whatever the table says.

    Raises:
        ConfigError: One line for each unknown action, and each key that does not exist or is taken.
    """
    slugs = [action.slug for action in ACTIONS]
    wrong = [_unknown(name, slugs, place) for name in table if name not in slugs]
    changed: dict[str, tuple[str, ...]] = {}
    for name, value in table.items():
        changed[name], problems = _keys(name, value, place)
        wrong.extend(problems)
    actions = tuple(_with_keys(action, changed.get(action.slug)) for action in ACTIONS)
    wrong.extend(_clashes(actions, place))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return actions


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
