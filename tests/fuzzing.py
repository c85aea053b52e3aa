"""What tests of hostile input share: how many cases a trial gets, and texts that nobody wrote with us in mind."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FEW, MANY = 100, 2000
"""Cases of each trial in every run of the tests, and with ``-m fuzz``."""

_CALM = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]

ATTACKS = (
    "{{ 7 * 7 }}",
    "{{ task }}",
    "{% for x in range(9) %}boo{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('touch pwned').read() }}",
    "{{ self._TemplateReference__context }}",
    "{% include 'config.toml' %}{# gone #}",
    "{%- raw %}{{ x }}{% endraw -%}",
    "${7*7} #{7*7} <%= 7*7 %> %(x)s {0.__class__} {x!r}",
)
"""Texts that a careless template engine, or a careless ``format``, executes."""
NASTY = (
    "", " ", "\n", "\r\n", "\x00", "\x1b[2J\x1b]0;x\x07", "\u202egnp.exe", "\u2028", "\ufeff", "\ufffe", "e\u0301" * 9,
    "日本語", "🙂👩‍👩‍👧", "0" * 5000, "9" * 400, "-0", "1e999", "NaN", "Infinity", "true", "null", "../../etc/passwd",
    "a" * 5000, "[" * 3000, "{" * 3000, "'", '"', '"""', "'''", "\\", "\\u0000", "=", "#", "<script>alert(1)</script>",
    "]]>", "[/bold]", "[@click=app.quit]x[/]", "%s%n", "$(id)", "`id`", "CON", "~root/x", "~nobody-of-that-name/x",
)  # fmt: skip

words = st.one_of(st.text(max_size=30), st.sampled_from([*NASTY, *ATTACKS]))
"""Texts without lone surrogates, as TOML and UTF-8 hold them."""
torn_words = st.one_of(words, st.text(st.characters(categories=["Cs", "Ll", "Nd", "Po"]), max_size=12))
"""The same, and such as JSON alone can say: with halves of characters."""
numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -1, 2**31, 2**63 - 1, 2**63, 10**400, 1e308, -1e308, 5e-324])
)


class Trial:
    """What is tried, and where its arguments come from."""

    def __init__(self, function: Callable[..., object], *strategies: st.SearchStrategy[Any]) -> None:
        self.function = function
        self.strategies = strategies

    def cases(self, told: settings) -> None:
        """Try by these settings, and print how many cases there were.

        What hypothesis runs is made anew each time: it takes settings once, and a process may try few and then many.
        """
        count = 0

        @functools.wraps(self.function)
        def counted(*given_ones: object, **named: object) -> None:
            nonlocal count
            self.function(*given_ones, **named)
            count += 1

        told(given(*self.strategies)(counted))()
        print(f"{self.function.__name__}: {count:,} cases")  # noqa: T201


def few(trial: Trial, count: int = FEW) -> None:
    """Try the same few cases as every time: a merge must not depend on a draw."""
    trial.cases(
        settings(max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=_CALM)
    )


def many(trial: Trial, count: int = MANY) -> None:
    """Try many new cases."""
    trial.cases(settings(max_examples=count, deadline=None, database=None, suppress_health_check=_CALM))


def edited(content: bytes, done: list[tuple[str, float, bytes]]) -> bytes:
    """Return ``content`` after edits, each at a place from 0 to 1: bytes set, cut out, put in, or doubled."""
    for how, share, value in done:
        place = int(share * len(content))
        width = 8 * len(value)
        match how:
            case "set":
                content = content[:place] + value + content[place + len(value) :]
            case "cut":
                content = content[:place] + content[place + width :]
            case "insert":
                content = content[:place] + value + content[place:]
            case _:
                content = content[:place] + content[max(0, place - width) :]
    return content


edits = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "double"]),
        st.floats(0, 1),
        st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b'"\n'])),
    ),
    min_size=1,
    max_size=4,
)
"""For ``edited``."""


def one_line(said: str) -> bool:
    """Whether a message is one line that a terminal can show."""
    return bool(said) and said.isprintable() and len(said) < 5000


def ascii_json(value: object) -> bytes:
    """JSON as bytes; halves of characters become escapes."""
    return json.dumps(value, ensure_ascii=True).encode("ascii")
