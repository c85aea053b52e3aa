from dataclasses import fields, replace

import pytest

from autodiff_engine.llm import Message, Request

REQUEST = Request("openai/m", "", (Message("system", "s"), Message("user", "u")), {"temperature": 0.0}, 0)
CHANGED = {
    "model": "openai/n",
    "endpoint": "http://127.0.0.1:1/v1",
    "messages": (Message("system", "su"), Message("user", "")),
    "params": {"temperature": 0.0, "top_p": 0.99},
    "draw": 1,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Request)])
def test_each_field_of_a_request_changes_its_key(name: str) -> None:
    changed = replace(REQUEST, **{name: CHANGED[name]})

    assert changed.key != REQUEST.key


@pytest.mark.parametrize("message", [Message("user", "v"), Message("assistant", "u")], ids=["content", "role"])
def test_each_field_of_a_message_changes_the_key(message: Message) -> None:
    assert replace(REQUEST, messages=(REQUEST.messages[0], message)).key != REQUEST.key


def test_the_order_of_parameters_does_not_change_the_key() -> None:
    first, second = {"temperature": 0.0, "top_p": 1}, {"top_p": 1, "temperature": 0.0}

    assert replace(REQUEST, params=first).key == replace(REQUEST, params=second).key


def test_a_lone_surrogate_has_a_key() -> None:
    assert len(replace(REQUEST, messages=(Message("user", "\ud800"),)).key) == 64
