"""The engine's own instructions to LLMs: Jinja files, packaged with us or kept in a run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from .errors import StorageError
from .llm import Message
from .template import Filling, Template

FORMS = ("loss", "backward", "backward_one", "optimizer")
"""What we ask LLMs for; each has ``NAME.system.j2`` and ``NAME.user.j2``. ``repair.user.j2`` follows a bad reply."""


@dataclass(frozen=True, slots=True)
class Instructions:
    """The templates by file name; a run keeps the ones that it began with."""

    templates: Mapping[str, Template]

    def ask(self, form: str, values: Mapping[str, Filling]) -> tuple[Message, Message]:
        """Return the two messages of ``form``, its slots filled from ``values``."""
        system = self.templates[f"{form}.system.j2"].fill(values)
        return Message("system", system), Message("user", self.templates[f"{form}.user.j2"].fill(values))

    def ask_again(self, asked: tuple[Message, ...], reply: str, problem: str) -> tuple[Message, ...]:
        """Return the conversation that asks for a usable reply once more."""
        again = self.templates["repair.user.j2"].fill({"problem": problem})
        said = reply if reply.strip() else "..."  # some providers refuse a turn without text
        return (*asked, Message("assistant", said), Message("user", again))

    def write(self, folder: Path) -> None:
        """Keep the sources in ``folder``, which is created."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, template in self.templates.items():
            (folder / name).write_text(template.source, encoding="utf-8")


def names() -> tuple[str, ...]:
    """Return the file names of a whole set."""
    return (*(f"{form}.{half}.j2" for form in FORMS for half in ("system", "user")), "repair.user.j2")


def packaged() -> Instructions:
    """Return the instructions that this version ships."""
    folder = resources.files("autodiff_engine") / "prompts"
    return Instructions({name: Template((folder / name).read_text(encoding="utf-8"), name) for name in names()})


def read(folder: Path) -> Instructions:
    """Return the instructions that a run kept.

    Raises:
        StorageError: A file is missing or unreadable.
    """
    try:
        return Instructions({name: Template((folder / name).read_text(encoding="utf-8"), name) for name in names()})
    except OSError as error:
        raise StorageError(f"{error.filename}: {error.strerror}", "the run's folder is not whole") from error
