"""What a config says about the program: its pipeline, its metrics, its data, checked against one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from .. import user_code
from ..answer import after, reader
from ..candidate import TrainedText
from ..config import LabelsAnswer, RunConfig, code
from ..dataset import Splits
from ..errors import ConfigError
from ..export import read_prompts
from ..passage import render
from ..pipeline import Pipeline
from ..pipelines.object_count import object_count
from ..pipelines.prompt import DEMOS, one_call
from ..pipelines.rag import Search, multi_hop, multi_hop_cycle, vanilla_rag
from ..pipelines.react import react
from ..pipelines.trec import LABELS, trec
from ..program import pipeline_of
from .retrieval import retriever

ANSWER_MARK = "Answer:"
REACT_STEPS = 3
"""The paper's limit of the agent's steps, where the config says none."""

_ROLES: Mapping[str, str] = {
    "task": "says what the LLM has to do with its input",
    "format": "says in which form the LLM has to answer",
}


def pipeline(config: RunConfig, base: Path) -> Pipeline:
    """Return the program with the config's start texts.

    Raises:
        ConfigError: It is not known, or its texts do not fit it.
        ProgramUnusable: The user's own file raised while it was imported.
    """
    name = config.task.pipeline
    given = _start_texts(config, base)
    where = f"[prompts] file = {config.prompts.file}" if config.prompts.file else "[prompts]"
    if code(name).file:
        key = "task.pipeline"
        written = pipeline_of(user_code.load(name, base, where=key), code(name).shown, given, key)
        return written.starting_from(given, where)
    if name in BUILT_IN:
        return BUILT_IN[name](config, base, given).starting_from(given, where)
    if ".py" in name:
        raise ConfigError(
            f"task.pipeline = {name!r}: name the function too", f'as in "{name.partition(":")[0]}:answer"'
        )
    near = get_close_matches(name, BUILT_IN, 1)
    raise ConfigError(
        f"task.pipeline = {name!r}: no such program; there are {', '.join(BUILT_IN)}, or file.py:function",
        f"did you mean {near[0]!r}?" if near else "",
    )


def check_columns(program: Pipeline, splits: Splits) -> None:
    """Refuse data that lacks a column which the program's templates name.

    Raises:
        ConfigError: It does; with the columns that there are.
    """
    columns = splits.train[0].inputs
    for slot in program.inputs:
        if slot not in columns:
            own = f"parameter `{slot}` is no column of {splits.source}"
            template = f"slot {{{{ {slot} }}}} is neither a text of [prompts] nor a column of {splits.source}"
            raise ConfigError(
                f"{program.name}: {own if code(program.name).file else template}",
                f"the columns are {', '.join(columns)}; name one of them, or map it: "
                f'[data] columns = {{{slot} = "{next(iter(columns))}"}}',
            )


def _start_texts(config: RunConfig, base: Path) -> dict[str, str]:
    file = config.prompts.file
    texts = dict(read_prompts(base / file)) if file else {}
    return {**texts, **config.prompts.texts}


def _from_templates(config: RunConfig, given: Mapping[str, str]) -> Pipeline:
    told = config.program
    if told is None:
        raise ConfigError('task.pipeline = "prompt" needs a table [program]')
    values = {**given, **{name: "" for name in told.demos if name not in given}}
    for name in told.roles:
        if name not in values:
            raise ConfigError(f"[program] roles: no text `{name}` under [prompts]; there are {', '.join(values)}")
    texts = tuple(
        TrainedText(name, told.roles.get(name) or DEMOS.role, value, "demos")
        if name in told.demos
        else TrainedText(name, told.roles.get(name) or _ROLES.get(name, f"the part of the prompt called {name}"), value)
        for name, value in values.items()
    )
    return one_call("prompt", texts=texts, system=told.system, user=told.user, parse=reader(told.answer))


def _searching(config: RunConfig, base: Path, make: Callable[[Search], Pipeline]) -> Pipeline:
    """Return the program that ``make`` makes of a search in the config's corpus."""
    index = retriever(config, base, program=config.task.pipeline)
    return replace(make(lambda query, k: render(index.search(query, k))), corpus=index.corpus.info)


Make = Callable[[RunConfig, Path, Mapping[str, str]], Pipeline]
"""Makes a built-in program of the config, the folder of its files, and the start texts, which replace its own after."""

BUILT_IN: Mapping[str, Make] = MappingProxyType(
    {
        "prompt": lambda config, base, given: _from_templates(config, given),
        "object_count": lambda config, base, given: object_count(reader("last_number")),
        "trec": lambda config, base, given: trec(reader(LabelsAnswer(labels=LABELS))),
        "vanilla_rag": lambda config, base, given: _searching(
            config, base, lambda search: vanilla_rag(search, after(ANSWER_MARK), k=config.retrieval.k or 3)
        ),
        "multi_hop": lambda config, base, given: _searching(
            config, base, lambda search: multi_hop(search, after(ANSWER_MARK), k=config.retrieval.k or 2)
        ),
        "multi_hop_cycle": lambda config, base, given: _searching(
            config, base, lambda search: multi_hop_cycle(search, after(ANSWER_MARK), k=config.retrieval.k or 2)
        ),
        "react": lambda config, base, given: _searching(
            config,
            base,
            lambda search: react(search, k=config.retrieval.k or 2, steps=config.retrieval.agent_steps or REACT_STEPS),
        ),
    }
)
