import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from autodiff_engine.secret import MARK, in_address, redacted, secrets_in, without_values

VALUE = "can&ry/with+odd=\"le\ntters'ä"


@pytest.fixture(autouse=True)
def _held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", VALUE)


@pytest.mark.parametrize(
    "write",
    [
        str, repr, ascii, json.dumps, quote, quote_plus, html.escape,
        lambda value: json.dumps(value, ensure_ascii=False),
        lambda value: quote(value, safe=""),
        lambda value: value.encode().hex(),
        lambda value: value.encode().hex().upper(),
        lambda value: " ".join(value.split()),
    ],
)  # fmt: skip
def test_a_value_is_found_however_it_was_escaped(write: Callable[[str], str]) -> None:
    text = f"they said: {write(VALUE)}, and no more"

    assert secrets_in(text) == ["MY_API_KEY"]
    assert redacted(text).strip("\"'").replace('"', "").replace("'", "") == f"they said: {MARK}, and no more"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "x", "xy", "user:", "Bearer "])
@pytest.mark.parametrize("behind", ["", "z", "zz"])
def test_a_value_is_found_at_any_place_of_base64(encode: Callable[[bytes], bytes], before: str, behind: str) -> None:
    told = redacted(encode(f"{before}{VALUE}{behind}".encode()).decode())

    assert MARK in told
    assert len(told.replace(MARK, "")) <= (len(before) + len(behind)) * 4 / 3 + 6  # its ends share signs with others


def test_a_secret_that_is_part_of_another_leaves_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT_TOKEN", "canary-1")
    monkeypatch.setenv("LONG_TOKEN", "canary-1-and-more")

    assert redacted("a canary-1-and-more b canary-1 c") == f"a {MARK} b {MARK} c"


def test_short_values_and_other_variables_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYBOARD", "english")
    monkeypatch.setenv("HOME_TOWN", "Reykjavik-in-Iceland")

    assert redacted("english in Reykjavik-in-Iceland") == "english in Reykjavik-in-Iceland"
    assert without_values("the english_us one", 16) == "the english_us one"


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASS",
        "MY_PAT",
        "MYSQL_PWD",
        "REDIS_PW",
        "SMTP_CREDS",
        "SENTRY_DSN",
        "NPM_AUTH",
        "SLACK_WEBHOOK_URL",
        "db_pass",
    ],
)
def test_a_variable_is_known_by_one_word_of_its_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "hunter22-and-more")

    assert redacted("with hunter22-and-more.") == f"with {MARK}."


@pytest.mark.parametrize(
    "name", ["PWD", "OLDPWD", "PGPASSFILE", "PASSWORD_STORE_DIR", "SSH_AUTH_SOCK", "COMPASS", "PATTERN", "AUTHOR"]
)
def test_a_place_or_a_longer_word_is_no_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "/home/somebody/here")

    assert redacted("in /home/somebody/here.") == "in /home/somebody/here."


_LINES = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
_PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{_LINES}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "key",
    [
        "github_pat_11ABCDEFG0aBcDeFgHiJkL_MnOpQrStUvWxYz", "gho_16C7e42F292c6912E7710c838347Ae178B4a",
        "npm_aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", "xoxs-1234-5678-abcdef", "ya29.a0AfH6SMBx-canary_1234",
        "SG.aBcDeFgHiJkLmNoP.qRsTuVwXyZ0123456789", "pypi-AgEIcHlwaS5vcmcCJDEyMzQ", _PEM,
        json.dumps(_PEM)[1:-1], f"-----BEGIN PRIVATE KEY-----\n{_LINES}",
    ],
)  # fmt: skip
def test_what_looks_like_a_key_goes_with_all_of_it(key: str) -> None:
    assert redacted(f"they said {key} and more") == f"they said {MARK} and more"


@pytest.mark.parametrize("words", ["npm_install", "run gho_to_the_shop", "-----BEGIN PUBLIC KEY----- of all"])
def test_what_only_begins_like_a_key_stays(words: str) -> None:
    assert redacted(words) == words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{'authorization': 'Basic dXNlcjpwYXNz', 'x': 1}", f"{{'authorization': '{MARK}', 'x': 1}}"),
        ('{"x-api-key": "0f1e2d3c"}', f'{{"x-api-key": "{MARK}"}}'),
        ("Set-Cookie: session=abcd1234; path=/", f"Set-Cookie: {MARK}; path=/"),
        ("https://h/v1?sig=abcdef&x=1", f"https://h/v1?sig={MARK}&x=1"),
        ("https://h/v1?design=abc", "https://h/v1?design=abc"),
        ("password = 'hunter22'", f"password = '{MARK}'"),
        ("the key AKIAIOSFODNN7EXAMPLE is old", f"the key {MARK} is old"),
        ("skateboarding is fun, and so is a cookie", "skateboarding is fun, and so is a cookie"),
        ("status 401: no such key", "status 401: no such key"),
        ("best = sorted(ARTICLES, key=overlap, reverse=True)", "best = sorted(ARTICLES, key=overlap, reverse=True)"),
        ("the answer key: Paris, key: 0f1e2d3c4b", f"the answer key: Paris, key: {MARK}"),
        ("Incorrect key provided: hunter.", f"Incorrect key provided: {MARK}"),
    ],
)
def test_what_is_called_a_secret_goes_and_words_stay(text: str, left: str) -> None:
    assert redacted(text) == left


_BEGUN = "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text", ["a-" * 300_000, "authorization: " * 30_000, "://" * 100_000, " " * 500_000, _BEGUN * 10_000]
)
def test_a_text_of_half_a_megabyte_takes_no_time(text: str) -> None:
    assert len(redacted(text)) <= len(text)


@pytest.mark.parametrize(
    ("address", "holds"),
    [
        ("https://me:pw@host/v1", True), ("https://token@host/v1", True), ("https://host/v1?key=x", True),
        ("https://host/v1?a=b&X-Signature=x#y", True), ("https://host/v1?api-version=2", False),
        ("http://127.0.0.1:8100/v1", False), ("https://host/@me", False), ("me@host", False), ("https://[/", False),
    ],
)  # fmt: skip
def test_an_address_with_a_password_or_a_key_is_known(address: str, holds: bool) -> None:
    assert in_address(address) is holds
