"""Templates with slots: Jinja, sandboxed and strict; what fills a slot goes in verbatim, never as a template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, TemplateSyntaxError, UndefinedError, meta
from jinja2 import Template as Compiled
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .errors import TemplateError

Filling = str | int | float | bool | None | Sequence["Filling"] | Mapping[str, "Filling"]
"""What a slot may hold: text, numbers, and lists and mappings of them; never an object with methods of ours."""


_LARGEST = 1_000_000
"""Characters or entries that a template may make by multiplication, and the largest power in digits, about."""


class _Environment(ImmutableSandboxedEnvironment):
    """Multiplies no text into what takes all memory: a template may be a stranger's, out of a pack."""

    intercepted_binops = frozenset(("*", "**"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - as Jinja has it
        """Compute ``left operator right`` unless that is too large."""
        if operator == "**":
            large = isinstance(left, int) and isinstance(right, int) and abs(left) > 1 and right > _LARGEST
        else:
            sizes = [len(each) if isinstance(each, Sized) else each for each in (left, right)]
            repeats = any(isinstance(each, Sized) for each in (left, right))
            large = repeats and all(isinstance(each, int) for each in sizes) and sizes[0] * sizes[1] > _LARGEST
        if large:
            raise TemplateRuntimeError(f"what {operator} would make here is too large")
        return super().call_binop(context, operator, left, right)


def _environment() -> _Environment:
    return _Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False, trim_blocks=True, lstrip_blocks=True
    )


@dataclass(frozen=True)
class Template:
    """One Jinja template; ``name`` is what messages call it (a file, ``[program] user``, …).

    Raises:
        TemplateError: The source cannot be parsed, at construction.
    """

    source: str
    name: str = "template"

    def __post_init__(self) -> None:
        try:
            _ = self._compiled  # parsing alone does not look filters and tests up
        except TemplateSyntaxError as error:
            raise TemplateError(f"{self.name}: line {error.lineno}: {error.message}") from error

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """The names that must be filled, sorted."""
        return tuple(sorted(meta.find_undeclared_variables(_environment().parse(self.source))))

    @cached_property
    def _compiled(self) -> Compiled:
        return _environment().from_string(self.source)

    def fill(self, values: Mapping[str, Filling]) -> str:
        """Return the text with every slot filled, surrounding white space off.

        Raises:
            TemplateError: A slot is not filled, or the template does what a template may not.
        """
        try:
            return self._compiled.render(dict(values)).strip()
        except UndefinedError as error:
            filled = ", ".join(sorted(values)) or "nothing"
            raise TemplateError(f"{self.name}: {error.message}; filled are {filled}") from error
        except TemplateRuntimeError as error:
            raise TemplateError(f"{self.name}: {error.message}") from error
        except (TypeError, ValueError, ArithmeticError, MemoryError, RecursionError) as error:
            why = f"{type(error).__name__}: {error}".rstrip(": ")  # what the template computes, not what fills it
            raise TemplateError(f"{self.name}: {why}") from error


def markers(text: str, slots: Sequence[str]) -> tuple[str, ...]:
    """Return the slots that ``text`` names as ``{{ slot }}`` or ``{slot}``.

    A trained text goes in verbatim, so such a marker would reach the LLM as it stands.
    """
    return tuple(slot for slot in slots if re.search(r"\{\s*" + re.escape(slot) + r"\s*\}", text))
