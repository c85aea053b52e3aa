"""What a secret looks like: names that hold one, shapes of keys, and the values that this environment holds."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import cast
from urllib.parse import quote, quote_plus

MARK = "[secret]"
_SHORTEST = 8
"""Shorter values are words: to take them out would take pieces out of what people have to read."""
NO_WORD = 16
"""So many characters that are the value of a key are the key: nobody wrote them by chance."""
_VARIABLE = re.compile(
    r"""
    (?! (?:OLD)?PWD $ | .* (?: FILE | DIR | PATH | SOCK ) $ )  # where the shell is, and where a secret lies
    .* (?:
        KEY (?! BOARD | RING | MAP | TIMEOUT | CHAIN | CLOAK | STROKE | PAD | WORD ) | TOKEN (?! IZ ) | SECRET | PASSW
        | PASSPHRASE | CREDENTIAL | AUTHORIZATION | COOKIE | CONNECTION_?STRING | WEBHOOK | BEARER | SIGNING | SIGNATURE
        | (?<![A-Z0-9]) (?: PASS | PAT | PWD | PW | CREDS? | DSN | JWT | LICEN[CS]E | SAS ) (?![A-Z0-9])
        | (?<![A-Z0-9]) (?: AUTH | HEADERS? ) $
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HEADERS = re.compile(r"(?<![A-Z0-9])HEADERS?$", re.IGNORECASE)
_SCHEME = re.compile(r"(?:bearer|basic|token|digest)\s", re.IGNORECASE)
_PAIR = re.compile(r"[:=]")
REFERENCE = "os.environ/"
"""Begins the value of a config that is a variable's: ``os.environ/NAME``, as litellm writes it."""
_REFERENCE = re.compile(rf"{REFERENCE}([A-Za-z_][A-Za-z0-9_]*)")
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
    return KnownSecrets.now(shortest).out_of(text)


def secrets_in(text: str, shortest: int = _SHORTEST) -> list[str]:
    """Return the names of environment variables that hold a secret which is in ``text``, escaped or not."""
    held = _held(shortest).items()
    return sorted(name for name, values in held if any(form in text for each in values for form in _forms(each)))


def variable_of(value: object) -> str:
    """Return the name of the environment variable that ``value`` refers to, empty where it is no such reference."""
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def variables_in(value: object) -> Iterator[str]:
    """Yield the names of environment variables that are referred to in ``value``, in tables and lists at any depth."""
    if isinstance(value, Mapping):
        value = list(cast("Mapping[object, object]", value).values())
    if isinstance(value, list):
        for each in cast("list[object]", value):
            yield from variables_in(each)
    elif name := variable_of(value):
        yield name


def says_secret(variable: str) -> bool:
    """Return whether a variable's name says that it holds a secret."""
    return _VARIABLE.search(variable) is not None


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """The values that this environment's secrets had when it was made, in every form: for who looks often."""

    forms: tuple[str, ...]
    """The longest first: one may be part of another."""
    _signs: tuple[str, ...]
    """Each form holds one of these, as it stands in a line of JSON."""

    @classmethod
    def now(cls, shortest: int = NO_WORD) -> KnownSecrets:
        """Look at the environment; values as of ``without_values``."""
        values = {value for values in _held(shortest).values() for value in values}
        forms = {form for value in values for form in _forms(value)}
        signs = {_sign(form) for form in forms}
        needed = (sign for sign in signs if not any(other != sign and other in sign for other in signs))
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))), tuple(sorted(needed)))

    def may_be_in(self, line: str) -> bool:
        """Return whether a line of JSON, ASCII only, may hold one; False is certain."""
        for sign in self._signs:  # noqa: SIM110 - a generator takes half as long again, and this is done for every event
            if sign in line:
                return True
        return False

    def out_of(self, text: str) -> str:
        """Return ``text`` without them."""
        for form in self.forms:
            text = text.replace(form, MARK)
        return text


def _sign(form: str) -> str:
    """Return the longest piece of ``form`` that nobody escapes, or ``form`` as JSON where that is short."""
    piece = max(re.findall(r"[A-Za-z0-9]+", form), key=len, default="")
    return piece if len(piece) >= _SHORTEST else json.dumps(form)[1:-1]


def in_address(text: str) -> bool:
    """Return whether ``text`` holds an address with a name and password, or with what is called a key in its query."""
    if "://" not in text:
        return False
    place, _, query = text.partition("://")[2].partition("?")
    names = (pair.partition("=")[0] for pair in query.partition("#")[0].split("&"))
    return "@" in place.partition("/")[0] or any(map(in_query, names))


def in_query(name: str) -> bool:
    """Return whether ``name`` is what a key is called in the query of an address."""
    return _QUERY_NAME.fullmatch(name) is not None


def _held(shortest: int) -> Mapping[str, tuple[str, ...]]:
    """Return by variable its value, and what in it may be quoted without the rest."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in os.environ.items():
        if says_secret(name):
            parts = _parts(value) if _HEADERS.search(name) or _SCHEME.match(value) else ()
            values = tuple(each for each in (value, *parts) if _is_long(each, shortest))
            if values:
                found[name] = values
    return found


def _is_long(value: str, shortest: int) -> bool:
    length = len(value.strip())
    return length >= _SHORTEST and (length >= shortest or _is_no_word(value))


def _parts(value: str) -> Iterator[str]:
    """Yield what stands behind the names of headers, and behind a word like Bearer: a gateway quotes that alone."""
    for pair in re.split(r"[,\n]", value):
        name, *rest = _PAIR.split(pair, 1)
        last = (rest[0] if rest else name).strip().rpartition(" ")[2].strip("\"'{}")
        if _is_no_word(last) or (rest and _VARIABLE.search(name)):
            yield last


def _is_no_word(value: str) -> bool:
    return any(each.isdigit() for each in value) and any(each.isalpha() for each in value)


def _forms(value: str) -> Iterator[str]:
    """Yield ``value`` as it is and as it stands in what other programs write, eight characters or more."""
    yield from (form for form in _written(value) if len(form) >= _SHORTEST)


def _written(value: str) -> Iterator[str]:
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
