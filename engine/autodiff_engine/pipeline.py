"""What a program is: an async function of a trace and an example's inputs, and the texts that it lets be trained."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from .candidate import TrainedText
from .config import code
from .errors import ConfigError
from .graph import Node
from .retrieval import CorpusInfo
from .template import markers
from .trace import Trace

Run = Callable[[Trace, Mapping[str, str]], Awaitable[Node]]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A program: ``run`` records its graph on a trace and returns the answer's node.

    ``inputs`` are the columns that an example must have; ``slots`` all slot names of its templates, texts included.
    ``corpus`` is what it looks things up in, where that is ours to know.
    """

    name: str
    run: Run
    texts: tuple[TrainedText, ...]
    inputs: tuple[str, ...]
    slots: tuple[str, ...]
    corpus: CorpusInfo | None = None

    def starting_from(self, values: Mapping[str, str], where: str) -> Pipeline:
        """Return the program with other start values for some of its texts; ``where`` is their place, for messages.

        Raises:
            ConfigError: An unknown text, or a text that names a slot of the program.
        """
        names = [text.name for text in self.texts]
        for name in values:
            if name not in names:
                near = get_close_matches(name, names, 1, 0.5)
                raise ConfigError(
                    f"{where}: {self.name} has no trained text `{name}`; it has {', '.join(names)}",
                    f"did you mean {near[0]}?" if near else "",
                )
        texts = tuple(replace(text, value=values.get(text.name, text.value)) for text in self.texts)
        own = bool(code(self.name).file)
        for text in texts:
            for slot in markers(text.value, self.slots) if text.kind == "prompt" else ():  # demos quote the data
                place = self.name if own and text.name not in values else where
                raise ConfigError(
                    f"{place}: the text `{text.name}` holds a marker for slot `{slot}`, but texts are sent as they are",
                    f"put the slot into a template {'of the program' if own else 'under [program] (system or user)'}, "
                    "and take it out of the text",
                )
        return replace(self, texts=texts)
