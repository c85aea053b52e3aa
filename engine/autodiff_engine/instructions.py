"""The engine's own instructions to LLMs: Jinja files, packaged with us or kept in a run's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from .errors import StorageError
from .llm import Message
from .private import make_folder, write_text
from .template import Filling, Template

FORMS = ("loss", "backward", "backward_one", "optimizer")
"""What we ask LLMs for; each has ``NAME.system.j2`` and ``NAME.user.j2``. ``repair.user.j2`` follows a bad reply."""
LATER_FORMS = ("judge",)
"""Forms that runs of earlier versions did not keep: such a run is whole without them."""


@dataclass(frozen=True, slots=True)
class Instructions:
    """The templates by file name; a run keeps the ones that it began with."""

    templates: Mapping[str, Template]

    def ask(self, form: str, values: Mapping[str, Filling]) -> tuple[Message, Message]:
        """Return the two messages of ``form``, its slots filled from ``values``.

        Raises:
            StorageError: The run was begun by a version that did not have this form.
        """
        if f"{form}.system.j2" not in self.templates:
            raise StorageError(
                f"{form}.system.j2 and {form}.user.j2 are not among the instructions that this run kept",
                "begin a new run: this one comes from a version that had no such instructions",
            )
        system = self.templates[f"{form}.system.j2"].fill(values)
        return Message("system", system), Message("user", self.templates[f"{form}.user.j2"].fill(values))

    def ask_again(self, asked: tuple[Message, ...], reply: str, problem: str) -> tuple[Message, ...]:
        """Return the conversation that asks for a usable reply once more.

        Without a ``reply`` to show, the question is asked again with the problem at its end: some providers refuse a
        turn without text, and a small LLM answers a turn of three dots with three dots.
        """
        shown = bool(reply.strip())
        again = self.templates["repair.user.j2"].fill({"problem": problem, "shown": shown})
        if shown:
            return (*asked, Message("assistant", reply), Message("user", again))
        return (*asked[:-1], Message(asked[-1].role, f"{asked[-1].content}\n\n{again}"))

    def write(self, folder: Path) -> None:
        """Keep the sources in ``folder``, which is created."""
        make_folder(folder)
        for name, template in self.templates.items():
            write_text(folder / name, template.source)


def names() -> tuple[str, ...]:
    """Return the file names of a whole set."""
    return (*_files(FORMS), "repair.user.j2", *_files(LATER_FORMS))


def packaged() -> Instructions:
    """Return the instructions that this version ships."""
    folder = resources.files("autodiff_engine") / "prompts"
    return Instructions({name: Template((folder / name).read_text(encoding="utf-8"), name) for name in names()})


def read(folder: Path) -> Instructions:
    """Return the instructions that a run kept; those of later forms may be missing, and are then refused at use.

    Raises:
        StorageError: A file is missing or unreadable.
    """
    later = [name for name in _files(LATER_FORMS) if not (folder / name).exists()]
    kept = [name for name in names() if name not in later]
    try:
        return Instructions({name: Template((folder / name).read_text(encoding="utf-8"), name) for name in kept})
    except OSError as error:
        raise StorageError(f"{error.filename}: {error.strerror}", "the run's folder is not whole") from error


def _files(forms: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{form}.{half}.j2" for form in forms for half in ("system", "user"))
