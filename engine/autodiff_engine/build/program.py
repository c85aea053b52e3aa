"""What a config says about the program: its pipeline, its metrics, its data, checked against one another."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from ..answer import reader
from ..candidate import TrainedText
from ..config import LabelsAnswer, RunConfig
from ..dataset import Splits
from ..errors import ConfigError
from ..export import read_prompts
from ..pipeline import Pipeline
from ..pipelines.object_count import object_count
from ..pipelines.prompt import DEMOS, one_call
from ..pipelines.trec import LABELS, trec

BUILT_IN = ("prompt", "object_count", "trec")
_ROLES: Mapping[str, str] = {
    "task": "says what the LLM has to do with its input",
    "format": "says in which form the LLM has to answer",
}


def pipeline(config: RunConfig, base: Path) -> Pipeline:
    """Return the program with the config's start texts.

    Raises:
        ConfigError: It is not known, or its texts do not fit it.
    """
    name = config.task.pipeline
    given = _start_texts(config, base)
    where = f"[prompts] file = {config.prompts.file}" if config.prompts.file else "[prompts]"
    if name == "prompt":
        return _from_templates(config, given).starting_from({}, where)
    if name == "object_count":
        return object_count(reader("last_number")).starting_from(given, where)
    if name == "trec":
        return trec(reader(LabelsAnswer(labels=LABELS))).starting_from(given, where)
    if ".py" in name:
        raise ConfigError(f"task.pipeline = {name!r}: programs of your own come with a later version")
    near = get_close_matches(name, BUILT_IN, 1)
    raise ConfigError(
        f"task.pipeline = {name!r}: no such program; there are {', '.join(BUILT_IN)}",
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
            raise ConfigError(
                f"{program.name}: slot {{{{ {slot} }}}} is neither a text of [prompts] nor a column of {splits.source}",
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
