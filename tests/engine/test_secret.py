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


ORDINARY = {
    "GPG_AGENT_INFO": "/run/user/1000/gnupg/S.gpg-agent:0:1", "SSH_AUTH_SOCK": "/run/user/1000/keyring/ssh2",
    "XDG_SESSION_ID": "c2a1b2c3d4", "DESKTOP_SESSION": "ubuntu-xorg-22.04", "GDMSESSION": "ubuntu-xorg-22.04",
    "SESSION_MANAGER": "local/host1:@/tmp/.ICE-unix/1234", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus",
    "TERM_SESSION_ID": "w0t0p0:0F8FAD5B-D9CB-469F",
    "KEYBOARD_LAYOUT": "us,de(neo2-variant)", "KEYMAP": "de-latin1-nodeadkeys",
    "GNOME_KEYRING_CONTROL": "/run/user/1000/keyring",
    "KEYTIMEOUT": "10000000ms", "TOKENIZERS_PARALLELISM": "false-or-0",
    "SSH_ASKPASS": "/usr/bin/ssh-askpass2",
    "GIT_ASKPASS": "/usr/lib/git-core/askpass2", "XAUTHORITY": "/home/me/.Xauthority2",
    "LM_LICENSE_FILE": "27000@license1.example", "GIT_AUTHOR_NAME": "Somebody 2 Else", "COLORTERM": "truecolor24bit",
    "LS_COLORS": "rs=0:di=01;34:ln=01;36", "LANG": "en_US.UTF-8", "HISTFILE": "/home/me/.bash_history2",
    "PATH": "/usr/local/sbin:/usr/bin2", "DISPLAY": ":0.0-and-more-1", "WINDOWID": "12345678x", "SHLVL": "1",
    "COMPASS_VERSION": "1.2.3-beta4", "PATTERN": "[a-z0-9]+x12",
    "SECRETS_DIR": "/run/secrets12", "AUTHOR": "me-12345678",
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_variable_of_a_desktop_or_a_shell_is_no_secret(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, ORDINARY[name])

    assert secrets_in(f"as in {ORDINARY[name]}.") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LICENSE", "MIT"), ("KEY_COUNT", "12"), ("TOKEN_LIMIT", "4096"), ("SIGNING", "off"), ("MY_TOKEN", " " * 40),
        ("MY_TOKEN", "a" + " " * 40 + "b"),
    ],
)  # fmt: skip
def test_a_short_value_does_no_harm_whatever_it_is_called(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    assert redacted("MIT off 12 of 4096: a b") == "MIT off 12 of 4096: a b"


@pytest.mark.parametrize(
    "name",
    [
        "SNOWFLAKE_JWT",
        "MY_BEARER",
        "LICENSE",
        "APP_LICENCE",
        "SIGNING",
        "COOKIE_SIGNATURE",
        "STORAGE_SAS",
        "A_LICENSE_KEY",
    ],
)
def test_words_for_signed_things_and_licenses_are_those_of_secrets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "opaque1234opaque")

    assert redacted("it is opaque1234opaque.") == f"it is {MARK}."


@pytest.mark.parametrize(
    ("value", "secret", "plain"),
    [
        ("X-K: hhh1234hhh5678", "hhh1234hhh5678", "X-K"),
        ("api-key=hhh1234hhh5678,content-type=application/json", "hhh1234hhh5678", "application/json"),
        ("Accept: text/plain\nAuthorization: Bearer hhh1234hhh5678", "hhh1234hhh5678", "Authorization"),
        ("X-Password: correct-horse-battery", "correct-horse-battery", "X-Password"),
    ],
)
def test_of_a_variable_that_holds_headers_each_value_is_a_secret(
    value: str, secret: str, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GW_HEADERS", value)

    assert without_values(f"they sent {secret}, not {plain}.") == f"they sent {MARK}, not {plain}."
    assert MARK in without_values(f"({value})")
