"""Keys of a person's own: read from the user's config, checked before anything starts."""

from pathlib import Path

import pytest

from autodiff_engine.errors import ConfigError
from autodiff_tui.actions import ACTIONS, Action
from autodiff_tui.actions import shown as key_shown
from autodiff_tui.home_actions import ACTIONS as AT_HOME
from autodiff_tui.keymap import canonical, load, load_home, of_home, remapped


def keys_of(actions: tuple[Action, ...], slug: str) -> tuple[str, ...]:
    return next(action.keys for action in actions if action.slug == slug)


def test_a_person_may_give_an_action_one_key_or_several() -> None:
    actions = remapped({"toggle_pause": "space", "pane_graph": ["m", "ctrl+g"], "filter": "?", "help": "h"}, "[keys]")

    assert keys_of(actions, "toggle_pause") == ("space",)
    assert keys_of(actions, "pane_graph") == ("m", "ctrl+g")
    assert keys_of(actions, "filter") == ("question_mark",)
    assert [action.id for action in actions] == [action.id for action in ACTIONS]


def test_two_actions_may_swap_their_keys() -> None:
    actions = remapped({"toggle_pause": "s", "one_step": "p"}, "[keys]")

    assert (keys_of(actions, "toggle_pause"), keys_of(actions, "one_step")) == (("s",), ("p",))


ALWAYS = [("leave", "ctrl+q"), ("help", "f1"), ("interrupt", "ctrl+c")]
"""Actions and the keys that always do them; named here, so that one that KEPT loses is missed."""


@pytest.mark.parametrize(("slug", "key"), ALWAYS)
def test_quit_help_and_stop_cannot_be_lost(slug: str, key: str) -> None:
    assert keys_of(remapped({slug: "f9"}, "[keys]"), slug) == ("f9", key)
    with pytest.raises(ConfigError, match="is the key of"):
        remapped({"zoom": key}, "[keys]")


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"toggle_pose": "f9"}, r"\[keys\] toggle_pose: no such action; did you mean toggle_pause\?"),
        ({"zoom": "hyper+x"}, "zoom: 'hyper\\+x' is no key"),
        ({"zoom": "banana"}, "zoom: 'banana' is no key"),
        ({"zoom": 7}, "zoom: 7 is no key"),
        ({"zoom": []}, "zoom: needs one key at least"),
        ({"zoom": "j"}, "zoom: j moves in lists"),
        ({"zoom": "enter", "detail": "D"}, "zoom: enter opens rows"),
        ({"zoom": "q"}, "is the key of"),
        ({"zoom": "/"}, "/ is the key of"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_in_one_line(table: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError, match=line) as raised:
        remapped(table, "[keys]")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("told", "key"),
    [("?", "question_mark"), ("/", "slash"), ("+", "plus"), ("ctrl+k", "ctrl+k"), ("P", "P"), ("f12", "f12"),
     ("slash", "slash"), ("left_square_bracket", "left_square_bracket"), ("", None), (" ", None), ("ctrl+", None)],
)  # fmt: skip
def test_a_key_may_be_written_as_it_is_typed(told: str, key: str | None) -> None:
    assert canonical(told) == key


@pytest.mark.parametrize(("slug", "key"), ALWAYS)
def test_quit_help_and_stop_cannot_be_lost_at_home_either(slug: str, key: str) -> None:
    assert keys_of(remapped({slug: "f9"}, "[keys.home]", AT_HOME), slug) == ("f9", key)
    with pytest.raises(ConfigError, match="is the key of"):
        remapped({"train": key}, "[keys.home]", AT_HOME)


def test_the_keys_of_home_are_a_table_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert load_home(path) is AT_HOME
    path.write_text(
        '[keys]\nzoom = "t"\nnext_theme = "f9"\n[keys.home]\ntrain = "z"\nmark = ["m", "*"]\n', encoding="utf-8"
    )

    assert keys_of(load(path), "zoom") == ("t",)
    assert keys_of(load_home(path), "train") == ("z",)
    assert keys_of(load_home(path), "mark") == ("m", "asterisk")
    assert of_home(load_home(path), load(path)) == {"zoom": "t", "next_theme": "f9", "train": "z", "mark": "m,asterisk"}


def test_what_is_wrong_in_either_table_is_told_whichever_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[keys]\nzoom = "banana"\n[keys.home]\ntrian = "z"\n', encoding="utf-8")
    for asked in (load, load_home):
        with pytest.raises(ConfigError) as raised:
            asked(path)
        first, second = str(raised.value).splitlines()
        assert "[keys] zoom: 'banana' is no key" in first
        assert "[keys.home] trian: no such action; did you mean train?" in second
    path.write_text("[keys]\nhome = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"keys\.home must be a table"):
        load_home(path)


def test_no_action_of_a_run_is_called_as_the_table_of_home() -> None:
    assert "home" not in [action.slug for action in ACTIONS]


def test_a_key_is_shown_as_it_is_typed() -> None:
    signs = [chr(number) for number in range(0x21, 0x7F)]
    assert [key_shown(canonical(sign) or "") for sign in signs] == signs


def test_every_key_of_the_registry_is_one() -> None:
    assert [key for action in (*ACTIONS, *AT_HOME) for key in action.keys if canonical(key) != key] == []


def test_the_keys_stand_in_the_users_own_config(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert load(path) is ACTIONS
    path.write_text('[keys]\nzoom = "f9"\n[limits]\nin_flight = 2\n', encoding="utf-8")
    assert keys_of(load(path), "zoom") == ("f9",)
    path.write_text("keys = 3", encoding="utf-8")
    with pytest.raises(ConfigError, match="must be a table"):
        load(path)
    path.write_text("[keys", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path)
