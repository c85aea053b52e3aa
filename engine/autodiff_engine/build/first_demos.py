"""The examples that a program shows before any training, where the config asks for some."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

from ..config import RunConfig
from ..dataset import Example
from ..pipeline import Pipeline
from ..raw_shots import Started, started


def showing(
    program: Pipeline, config: RunConfig, train: Sequence[Example], *, keep: Collection[str] = ()
) -> tuple[Pipeline, Mapping[str, Started]]:
    """Return ``program`` with the examples of ``trainer.demos.start`` in its texts of demos, and which ones these are.

    As it is where the config asks for none, or where ``keep``, texts that were given by hand, has all of such texts.

    Raises:
        ConfigError: There is no place for them, or there are too few.
    """
    count = config.trainer.demos.start
    demos = [text.name for text in program.texts if text.kind == "demos"]
    if count is None or (demos and all(name in keep for name in demos)):
        return program, MappingProxyType({})
    with ThreadPoolExecutor(1) as apart:  # whoever builds may run a loop of its own already
        found = apart.submit(asyncio.run, started(program, train, seed=config.trainer.seed, count=count)).result()
    shown = {name: told for name, told in found.items() if name not in keep}
    return program.starting_from({name: told.value for name, told in shown.items()}, "trainer.demos.start"), shown
