"""What a secret looks like: names that hold one, shapes of keys, and the values that this environment holds."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote, quote_plus

MARK = "[secret]"
_SHORTEST = 8
"""Shorter values are words: to take them out would take pieces out of what people have to read."""
_VARIABLE = re.compile(
    r"""
    (?! (?:OLD)?PWD $ | .* (?: FILE | DIR | PATH | SOCK ) $ )  # where the shell is, and where a secret lies
    .* (?:
        KEY | TOKEN | SECRET | PASSW | PASSPHRASE | CREDENTIAL | AUTHORIZATION | COOKIE | CONNECTION_?STRING | WEBHOOK
        | (?<![A-Z0-9]) (?: PASS | PAT | PWD | PW | CREDS? | DSN ) (?![A-Z0-9])
        | (?<![A-Z0-9]) AUTH $
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PREFIXED = r"(?: github_pat | gh[opsur] | npm | r8 | nvapi | dop_v1 | shp(?:at|ss|ca) | whsec | lsv2_pt | tvly ) [-_]"
_PRIVATE = r"-----BEGIN\ [A-Z0-9\ ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----"
_PRIVATE_END = r"-----END\ [A-Z0-9\ ]{0,40}PRIVATE\ KEY(?:\ BLOCK)?-----"
_SHAPE = re.compile(
    rf"""
    {_PRIVATE} (?:
        (?: (?! -----BEGIN ) [\s\S] ){{0,20000}}? {_PRIVATE_END}
        | (?: (?: \s | \\[nr] )*+ [A-Za-z0-9+/=]{{16,}}+ )*+  # its end was cut off
    )
    | (?<![\w-]) {_PREFIXED} \w{{16,}}
    | (?<![\w-]) (?: (?: sk | pk | rk | gsk | xai | hf | pplx | glpat | xox[abposr] ) [-_] | AIza ) [\w*-]{{8,}}
    | (?<![\w-]) (?: pypi-AgE | AGE-SECRET-KEY-1 | SG\.[\w-]{{16,}}\. | ya29\. ) [\w-]{{16,}}
    | (?<![\w-]) (?: AKIA | ASIA ) [0-9A-Z]{{16}}
    | (?<![\w-]) eyJ[\w-]{{10,}} \. [\w-]{{10,}} (?: \. [\w-]* )?                        # a signed token
    | (?<=[Bb]earer\ ) [^\s"',;<>{{}}()]+
    | (?<=://) [^/\s@]+ (?=@)                                                       # user:password in an address
    | (?<=key\ provided:\ ) [^\s,;]{{4,}}
    | (?: (?<=key:\ ) | (?<=key=) ) (?= [^\s,;]{{0,200}}? \d ) [^\s,;]{{8,}}          # a word has no digit
    """,
    re.VERBOSE,
)
_IN_QUERY = r"[\w.-]*(?:key|token|secret|passw|credential|signature)[\w.-]*|auth|authorization|sig|code"
_QUERY = re.compile(rf"([?&](?:{_IN_QUERY})=)[^&\s\"']+", re.IGNORECASE)
_QUERY_NAME = re.compile(_IN_QUERY, re.IGNORECASE)
_HEADER = re.compile(
    r"""
    (
        (?: authorization | cookie | api[-_]?key | (?:auth|access)[-_]?token | passw(?:or)?d | secret(?:[-_]?key)? )
        ["']? \s{0,9} [:=] \s{0,9} ["']?
    )
    (?: (?:bearer|basic|token|digest) \s+ )?+
    [^\s"',;<>{}()\[\]]{6,}
    """,
    re.VERBOSE | re.IGNORECASE,
)

KEY_SHAPE = re.compile(
    rf"""
    \b (?: sk | pk | hf | gsk | xai ) [-_] [A-Za-z0-9_-]{{16,}}
    | \b AIza [A-Za-z0-9_-]{{20,}}
    | \b Bearer \s+ \S{{16,}}
    | \b {_PREFIXED} [A-Za-z0-9_]{{20,}}
    | {_PRIVATE} \s* [A-Za-z0-9+/=]{{16,}}
    """,
    re.VERBOSE,
)
"""What is so surely a key that a file of ours that would hold it is not written."""


def redacted(text: str) -> str:
    """Return ``text`` without secrets: what looks like a key, and the values of environment variables that hold one.

    Values are also found escaped as JSON, Python, HTML and addresses escape, and in base64 at any place of it.
    """
    named = _QUERY.sub(rf"\1{MARK}", _HEADER.sub(rf"\1{MARK}", without_values(text)))
    return _SHAPE.sub(MARK, named)


def without_values(text: str, shortest: int = _SHORTEST) -> str:
    """Return ``text`` without the values, ``shortest`` characters or more, of variables that hold a secret.

    Values of eight characters or more that mix letters and digits go, too: nobody writes them by chance.
    """
    forms = {form for value in _held(shortest).values() for form in _forms(value)}
    for form in sorted(forms, key=lambda form: (-len(form), form)):  # the longest first: one may be part of another
        text = text.replace(form, MARK)
    return text


def secrets_in(text: str, shortest: int = _SHORTEST) -> list[str]:
    """Return the names of environment variables that hold a secret which is in ``text``, escaped or not."""
    return sorted(name for name, value in _held(shortest).items() if any(form in text for form in _forms(value)))


def in_address(text: str) -> bool:
    """Return whether ``text`` holds an address with a name and password, or with what is called a key in its query."""
    if "://" not in text:
        return False
    place, _, query = text.partition("://")[2].partition("?")
    names = (pair.partition("=")[0] for pair in query.partition("#")[0].split("&"))
    return "@" in place.partition("/")[0] or any(_QUERY_NAME.fullmatch(name) for name in names)


def _held(shortest: int) -> Mapping[str, str]:
    named = {name: value for name, value in os.environ.items() if _VARIABLE.search(name) and len(value) >= _SHORTEST}
    return {name: value for name, value in named.items() if len(value) >= shortest or _is_no_word(value)}


def _is_no_word(value: str) -> bool:
    return any(each.isdigit() for each in value) and any(each.isalpha() for each in value)


def _forms(value: str) -> Iterator[str]:
    """Yield ``value`` as it is and as it stands in what other programs write."""
    yield value
    yield " ".join(value.split())
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield escape(value)
    raw = value.encode("utf-8", "surrogateescape")
    yield from (quote(raw), quote(raw, safe=""), quote_plus(raw))
    yield from (raw.hex(), raw.hex().upper())
    for before in range(3):  # what stands before it decides how its bytes are cut into groups of six bits
        first, last = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
        if last - first >= _SHORTEST:
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                yield encode(bytes(before) + raw).decode("ascii")[first:last]
