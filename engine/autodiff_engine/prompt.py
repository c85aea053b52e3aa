"""The two halves of a chat request as templates, and which slot a trained text fills in them."""

from __future__ import annotations

from dataclasses import dataclass

from .template import Template


@dataclass(frozen=True, slots=True, init=False)
class Prompt:
    """What an LLM is sent, as templates or their sources; an empty ``system`` is not sent.

    Raises:
        TemplateError: A source cannot be parsed, at construction.
    """

    user: Template
    system: Template | None

    def __init__(self, user: Template | str, system: Template | str | None = None) -> None:
        object.__setattr__(self, "user", Template(user, "user") if isinstance(user, str) else user)
        object.__setattr__(self, "system", Template(system, "system") if isinstance(system, str) else system)

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of both halves, sorted."""
        return tuple(sorted({*self.user.slots, *(self.system.slots if self.system else ())}))


def slot_of(text: str) -> str:
    """Return the slot that the trained text called ``text`` fills: the part of its name after the last dot."""
    return text.rpartition(".")[2]
