import pytest

from autodiff_engine.llm.redact import one_line, received, redacted


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Incorrect API key provided: sk-proj-abcDEF123456789.", "sk-proj-abcDEF123456789"),
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("GET https://h/v1?key=AbC123&x=1", "AbC123"),
        ("cannot reach https://me:hunter22@host/v1", "hunter22"),
        ("key gsk_0123456789abcdef is wrong", "gsk_0123456789abcdef"),
        ("API key: 0f1e2d3c4b", "0f1e2d3c4b"),
    ],
)
def test_what_looks_like_a_key_is_taken_out(text: str, secret: str) -> None:
    assert secret not in redacted(text)
    assert "[secret]" in redacted(text)


def test_values_of_variables_that_hold_secrets_are_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PROVIDER_API_KEY", "canary/with+odd=letters")

    assert redacted("they said canary/with+odd=letters is bad") == "they said [secret] is bad"


def test_words_that_are_no_secrets_stay() -> None:
    text = "the task is risk-free: 4531 tokens exceed the context size (4096 tokens) of asking-for-trouble"

    assert redacted(text) == text


def test_a_long_text_of_many_lines_becomes_one_line_after_secrets_are_gone() -> None:
    text = "x" * 230 + " sk-" + "A" * 30 + "\n\nmore"

    line = one_line(text)

    assert "sk-" not in line
    assert "\n" not in line
    assert len(line) == 240


@pytest.mark.parametrize(
    ("value", "goes"),
    [
        ("canary12345", True),
        ("correct-horse-battery", True),
        ("password", False),
        ("12345678", False),
        ("a1b2c3", False),
    ],
)
def test_of_what_a_provider_says_values_go_that_nobody_writes_by_chance(
    value: str, goes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says is an answer: a word in it that happens to be somebody's password stays."""
    monkeypatch.setenv("SOME_API_KEY", value)
    assert (value in received(f"The answer is {value}.")) != goes
