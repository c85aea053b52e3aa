"""What in a config is a secret: by its name, by its look, by being a value of this environment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ..secret import KEY_SHAPE, REFERENCE, in_address, in_query, says_secret, secrets_in, variable_of
from .tables import ModelConfig

Path = tuple[str, ...]

_NAMED = re.compile(
    r"(^|_)(api_?keys?|x_api_key|secrets?|passw(or)?d|credentials?|authorization|access_key"
    r"|(access|auth|session|ad|hf|bearer)_token|cookies?)(_|$)"
)
_FREE = (("prompts",), ("data", "columns"), ("program", "roles"))
"""Tables whose keys people choose themselves."""
_PROSE = (*_FREE, ("program",), ("task", "judge"))
"""What people write for LLMs: it may be about keys, and what looks like one may be none."""
_CHANCE = 16
"""So many characters that are equal to a secret are it."""

_ANYWHERE = re.compile(
    r"secrets?|passphrase|jwt|bearer|pat|signatures?|credentials|creds?"
    r"|(?:api|access|auth|secret|private|subscription|account|shared|signing|bearer)(?:key|token)s?"
)
_LAST = re.compile(r"keys?|token|auth|sig|subscription|session|pass|pw|pwd|sas|licen[cs]e|signing")
"""Words that make a name that of a secret where they are its last: a token_type is none."""
_TAIL = re.compile(r"value|string|raw|base64|b64|\d+")
_NO_SECRET = re.compile(
    r"(?:^|_) (?: (?: stop|eos|bos|pad|unk|sep|mask|cls|start|end|special|image|think|turn|fim ) _token"
    r" | (?: cache|sort|routing|partition|group ) _key ) $",
    re.VERBOSE,
)
_SCHEMAS = re.compile(r"response_format|guided_json|logit_bias")
"""Keys of a model below which people choose the names themselves."""
_IDS = re.compile(
    r"(?:^|_)(?:ids?|identifier|user|organization|org|project|deployment|hash|digest|fingerprint|sha256|trace|referer"
    r"|cache_key)$"
)
"""Names of what only looks like a key."""
_HEADER = re.compile(r"(?<!port)key|token|secret|passw|credential|auth|cookie|signature|licen[cs]e|jwt|bearer")
_ADDRESS = re.compile(r"(?:^|_)(?:base|url|uri|endpoint|host|proxy)$")
_PLAIN = re.compile(
    r"""
    \d{1,10} | [Vv]\d+ | \d{1,4}[A-Za-z]{1,3}           # a number, a version, a size
    | (?: [A-Z]?[a-z]{1,20} | [A-Z]{1,20} ) \d{0,3}     # a word
    | [A-Z]?[a-z]{1,16} (?: [A-Z][a-z]{1,16} ){1,3}     # words without a gap
    """,
    re.VERBOSE,
)
_SCHEME = re.compile(r"(?:bearer|basic|token|digest)\s", re.IGNORECASE)
_LONG = 16
_CHANGES = 4
"""Between small letters, capitals and digits within one word; names and dates have fewer."""
_FIX = "keys come from the environment only, as in OPENAI_API_KEY"
_REFER = f'{_FIX}; write "{REFERENCE}NAME" for what the variable NAME holds'


def refusal(path: Path, value: object) -> str:
    """Return why the ``value`` at ``path``, which counts places in lists from 0, is not taken; else empty.

    Nothing of the value is in what is returned.
    """
    text = value if isinstance(value, str) else ""
    named = list(path)
    while len(named) > 1 and is_place(named[-1]):
        named.pop()
    where = f"[{table_name(tuple(named))}] {named[-1]}" if len(named) > 1 else named[0]
    if _goes_to_a_provider(path) and text.startswith(REFERENCE):
        return _of_a_variable(where, variable_of(text))
    if not _begins(path, _FREE) and any(_NAMED.search(_snake(part)) for part in path):
        return f"{where} is refused: {_REFER if _goes_to_a_provider(path) else _FIX}"
    if held := secrets_in(text, _CHANCE):
        return f"{where} holds the value of {held[0]}: keys come from the environment only"
    if path[:1] == ("models",) and len(path) > 2 and (said := _of_a_model(path, value)):
        return f"{where} {said}"
    if _begins(path, _PROSE):
        return ""
    if in_address(text):
        return f"{where} holds a name and password or a key: they come from the environment only"
    if KEY_SHAPE.search(text):
        return f"{where} holds what is a key: they come from the environment only"
    return ""


def _of_a_variable(where: str, name: str) -> str:
    if not name:
        return f'{where} names no variable: write "{REFERENCE}NAME"'
    if not says_secret(name):  # redaction goes by the names of variables, wherever no config is at hand
        return f"{where} names {name}, whose value would be kept: call it a key, as in {name}_KEY"
    return ""


def table_name(path: Path) -> str:
    """Name the table that holds ``path``; of a list of tables the first is 1."""
    return ".".join(str(int(part) + 1) if is_place(part) else part for part in path[:-1])


def is_place(part: str) -> bool:
    """Return whether ``part`` can be a place in a list."""
    return part.isascii() and part.isdigit() and len(part) < 10


def _of_a_model(path: Path, value: object) -> str:
    """Return what is wrong with a text that would be sent with each request of a role."""
    names = [_snake(part) for part in path[2:] if not is_place(part)]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if isinstance(value, str) or is_number else ""
    last = names[-1] if names else ""
    if not _goes_to_a_provider(path):
        if text.startswith(REFERENCE):
            return "cannot be a variable's: write it out; api_key, extra_headers and the like can"
        return _in_an_address(text) if last == "api_base" else ""
    in_headers = any("header" in name for name in names[:-1])
    if in_headers and (_HEADER.search(last) or _is_secret(last)):
        return f"is refused: {_REFER}"
    if not isinstance(value, str) or not text or not names:
        return ""
    if not _SCHEMAS.fullmatch(names[0]) and any(map(_is_secret, names)):
        return f"is refused: {_REFER}"
    if any("query" in name for name in names[:-1]) and in_query(last):
        return f"is refused: {_REFER}"
    is_id = _IDS.search(last) is not None
    if in_headers and not is_id and not _is_plain(text):
        return f"may be a key: {_REFER}"
    if "://" in text or _ADDRESS.search(last):
        return _in_an_address(text)
    return f"looks like a key: {_REFER}" if not is_id and _looks_like_a_key(text) else ""


def _goes_to_a_provider(path: Path) -> bool:
    return path[:1] == ("models",) and len(path) > 2 and path[2] not in ModelConfig.model_fields


def _is_secret(name: str) -> bool:
    """Return whether a name in snake case is that of a secret: word by word, as max_tokens is no token."""
    words = name.split("_")
    while len(words) > 1 and _TAIL.fullmatch(words[-1]):
        words.pop()
    if any(map(_ANYWHERE.fullmatch, words)):
        return True
    return _LAST.fullmatch(words[-1]) is not None and not _NO_SECRET.search("_".join(words))


def _is_plain(text: str) -> bool:
    """Return whether a header says nothing but words, numbers, an address or a media type."""
    words = re.findall(r"[^\W_]+", text)
    return not _SCHEME.match(text) and not in_address(text) and all(map(_PLAIN.fullmatch, words))


def _in_an_address(text: str) -> str:
    place, _, query = (text.partition("://")[2] or text).partition("?")
    host, *pieces = place.partition("#")[0].split("/")
    pairs = [pair.partition("=") for pair in re.split("[&#]", query)]
    if (
        "@" in host
        or any(in_query(name) or _is_secret(_snake(name)) or _looks_like_a_key(value) for name, _, value in pairs)
        or any(map(_looks_like_a_key, pieces))
    ):
        return (
            "holds a name and password or a key: they come from the environment only, "
            f'as api_key or in extra_query or extra_headers = {{NAME = "{REFERENCE}NAME"}}'
        )
    return ""


def _looks_like_a_key(text: str) -> bool:
    """Return whether one word has a run of sixteen letters and digits, or more, that nobody would remember.

    Ids in hexadecimal digits are none, whatever their length: accounts and deployments in addresses have them.
    """
    if not text or any(map(str.isspace, text)):
        return False
    runs = re.findall(rf"[A-Za-z0-9]{{{_LONG},}}", text)
    return any(_varies(run) for run in runs if not re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", run))


def _varies(run: str) -> bool:
    kinds = ["d" if each.isdigit() else "u" if each.isupper() else "l" for each in run]
    changes = sum(one != other for one, other in pairwise(kinds))
    return "d" in kinds and {"l", "u"} & set(kinds) != set() and changes >= _CHANGES


def _begins(path: Path, tables: Sequence[Path]) -> bool:
    return any(path[: len(table)] == table for table in tables)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[-.\s]", "_", name).lower()
