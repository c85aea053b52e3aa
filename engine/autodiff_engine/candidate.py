"""The texts being trained, as a value with a content id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class TrainedText:
    """A text that training may change, as a program declares it: an LLM rewrites a ``prompt``, traces fill ``demos``.

    ``role`` tells an LLM what the text is for; feedback and rewrites are only as good as it is.
    """

    name: str
    role: str
    value: str
    kind: Literal["prompt", "demos"] = "prompt"


@dataclass(frozen=True)
class Candidate:
    """One value for each trained text, by name, in the program's order; never changed, equal texts have equal ids."""

    texts: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", MappingProxyType(dict(self.texts)))

    @cached_property
    def id(self) -> str:
        """Twelve hex digits of the SHA-256 of the texts and their names."""
        payload = json.dumps(dict(self.texts), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(payload.encode("ascii")).hexdigest()[:12]

    def with_texts(self, changed: Mapping[str, str]) -> Candidate:
        """Return a candidate with ``changed`` texts in place.

        Raises:
            KeyError: ``changed`` names a text that this candidate does not have.
        """
        unknown = [name for name in changed if name not in self.texts]
        if unknown:
            raise KeyError(f"no trained text called {', '.join(unknown)}; there are {', '.join(self.texts)}")
        return Candidate({**self.texts, **changed})


def start(texts: tuple[TrainedText, ...]) -> Candidate:
    """Return the candidate of start values."""
    return Candidate({text.name: text.value for text in texts})
