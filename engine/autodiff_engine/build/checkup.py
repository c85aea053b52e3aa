"""What would fail before money is spent: a config looked at part by part, each finding with its fix; asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .. import user_code
from ..config import Loaded, ModelConfig, RunConfig, SourceFiles, file_of
from ..config import model as model_reference
from ..dataset import Splits, load
from ..errors import ConfigError, EngineError, ModelRejected
from ..instructions import packaged
from ..llm import Role
from ..llm.litellm_client import Limits, limits, missing_key, nearest, price
from ..llm.local import DEFAULT_CONTEXT, check_local
from ..llm.referred import unset
from ..pipeline import Pipeline
from .expected import check_named
from .first_demos import showing
from .measures import losses_of, metric_of, roles_of
from .plan import called
from .players import API_CONTEXT, LOCAL, USED
from .program import check_columns, pipeline

Level = Literal["ok", "warning", "problem"]
_CHARS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a checkup: ``fix`` says how to mend what is not ok."""

    level: Level
    about: str
    text: str
    fix: str = ""


def refused(about: str, error: EngineError) -> Finding:
    """Return an error of ours as a finding."""
    return Finding("problem", about, " · ".join(str(error).splitlines()), error.hint)


def checkup(loaded: Loaded) -> Iterator[Finding]:
    """Yield what can be said of a config without asking anybody; its first model takes seconds: litellm is loaded."""
    user_code.forget()
    config, base = loaded.config, loaded.base
    program: Pipeline | None = None
    splits: Splits | None = None
    if _from_hub(config):
        yield Finding(
            "warning", "data", "comes from the Hugging Face hub and is not looked at here",
            "autodiff-tui config validate downloads and checks it",
        )  # fmt: skip
    else:
        try:
            splits = load(config.data, base)
            yield from _data(splits)
        except EngineError as error:
            yield refused("data", error)
        try:
            program = pipeline(config, base)
            yield Finding("ok", "program", _described(program))
            for unnamed in check_named(config, program):
                yield Finding("warning", "program", unnamed, "add them to a text under [prompts]")
        except EngineError as error:
            yield refused("program", error)
    if program is not None and splits is not None:
        columns = _columns(program, splits)
        yield columns
        if columns.level == "ok":
            try:
                program, _ = showing(program, config, splits.train)
            except EngineError as error:
                yield refused("demos", error)
    yield from _metrics(loaded, splits)
    for role in roles_of(config, called(config, program) if program else USED):
        yield from _model(role, loaded, _longest(program, splits) if program and splits else 0)
    yield from _budget(config)


def roles(loaded: Loaded) -> tuple[Role, ...]:
    """Return the roles that a training of this config calls.

    Raises:
        ConfigError: Its program cannot be loaded.
    """
    user_code.forget()
    return roles_of(loaded.config, called(loaded.config, pipeline(loaded.config, loaded.base)))


def _from_hub(config: RunConfig) -> bool:
    told = config.data.source
    files = [told.train, told.val, told.test or ""] if isinstance(told, SourceFiles) else [told]
    return any(file_of(each)[0] == "hf" for each in (*files, config.retrieval.corpus or ""))


def _data(splits: Splits) -> Iterator[Finding]:
    sizes = f"train {len(splits.train)}, val {len(splits.val)}, test {len(splits.test)}"
    dropped = f", {splits.dropped} exact repeats dropped" if splits.dropped else ""
    one = f"; one validation example is {1 / len(splits.val):.3f} of the score"
    yield Finding("ok", "data", f"{splits.source}: {sizes}{dropped}{one}")
    if not splits.test:
        yield Finding(
            "warning", "data", "there is no test split: nothing will say whether what was gained holds elsewhere",
            "set data.test",
        )  # fmt: skip


def _described(program: Pipeline) -> str:
    texts = ", ".join(text.name for text in program.texts)
    return f"{program.name}: trained texts {texts}"


def _columns(program: Pipeline, splits: Splits) -> Finding:
    try:
        check_columns(program, splits)
    except ConfigError as error:
        return refused("columns", error)
    used = ", ".join(program.inputs) or "none"
    return Finding("ok", "columns", f"the program takes {used}; the data has {', '.join(splits.train[0].inputs)}")


def _metrics(loaded: Loaded, splits: Splits | None) -> Iterator[Finding]:
    config, instructions = loaded.config, packaged()
    named = {"task.metric": config.task.metric, "trainer.minibatch_metric": config.trainer.minibatch_metric}
    for where, name in named.items():
        if name is None:
            continue
        try:
            yield Finding("ok", "metric", metric_of(name, config, loaded.base, instructions, where=where).name)
        except EngineError as error:
            yield refused("metric", error)
    if splits is not None and config.task.losses:
        try:
            terms = losses_of(config, loaded.base, instructions, splits.train[0])
            yield Finding("ok", "losses", ", ".join(term.name for term in terms))
        except EngineError as error:
            yield refused("losses", error)


def _model(role: Role, loaded: Loaded, longest: int) -> Iterator[Finding]:
    told, about = loaded.config.models[role], f"models.{role}"
    if told.model.startswith(LOCAL):
        yield _local(about, told, loaded)
        known = None
    else:
        key = _key(about, told)
        yield key
        if key.level == "problem" and not told.api_base and "no provider" in key.text:
            return
        known = None if told.api_base else limits(told.model)
        yield from _listing(about, told, known, capped=loaded.config.budget.usd is not None)
    yield from _room(about, told, known, longest if role == "task" else 0)


def _local(about: str, told: ModelConfig, loaded: Loaded) -> Finding:
    file = loaded.base / model_reference(told.model).file
    try:
        check_local(file)
    except ConfigError as error:
        return refused(about, error)
    return Finding("ok", about, f"{told.model}: {file.stat().st_size / 1e9:.2f} GB here, costs nothing")


def _key(about: str, told: ModelConfig) -> Finding:
    try:
        missing = missing_key(told.model)
    except ModelRejected as error:
        return Finding("problem", about, f"no provider: {error}", error.hint)
    if names := unset(told.extra):
        return Finding("problem", about, f"{told.model} needs {names[0]}, which is not set", f"export {names[0]}=…")
    if told.api_base:
        return Finding("ok", about, f"{told.model} at {told.api_base}")
    if missing and "api_key" not in told.extra:
        return Finding("problem", about, f"{told.model} needs {missing}, which is not set", f"export {missing}=…")
    return Finding("ok", about, f"{told.model}: its key is set in the environment")


def _listing(about: str, told: ModelConfig, known: Limits | None, *, capped: bool) -> Iterator[Finding]:
    """What litellm's list says of a provider's model: whether there is one of that name, and its price."""
    if known is None and not told.api_base:
        near = nearest(told.model)
        yield Finding(
            "warning", about, f"{told.model} is not on litellm's list of models",
            f"did you mean {near}?" if near else "check its name with the provider",
        )  # fmt: skip
    if told.price is None and (told.api_base or price(told.model) is None):
        fix = f"set {about}.price = {{prompt = …, completion = …}} (US dollars for a million tokens)"
        said = "its price is not known, so budget.usd cannot be kept" if capped else "its price is not known"
        yield Finding("problem" if capped else "warning", about, said, fix)


def _room(about: str, told: ModelConfig, known: Limits | None, longest: int) -> Iterator[Finding]:
    """Whether prompts and answers fit what the model takes; ``longest`` is a prompt's tokens, guessed, 0 if unknown."""
    usual = DEFAULT_CONTEXT if told.model.startswith(LOCAL) else API_CONTEXT
    context = told.context or (min(usual, known.context) if known and known.context else usual)
    if known and known.context and told.context and told.context > known.context:
        yield Finding(
            "problem", about, f"context = {told.context:,}, but the model takes {known.context:,} tokens",
            f"set {about}.context = {known.context}",
        )  # fmt: skip
    if known and known.answer and told.max_tokens > known.answer:
        yield Finding(
            "problem", about, f"max_tokens = {told.max_tokens:,}, but the model answers with {known.answer:,} at most",
            f"set {about}.max_tokens = {known.answer}",
        )  # fmt: skip
    if longest + told.max_tokens > context:
        yield Finding(
            "warning", about,
            f"the longest example takes about {longest:,} tokens and the answer {told.max_tokens:,}: "
            f"more than the {context:,} of its context",
            f"lower {about}.max_tokens, or raise {about}.context if the model takes more",
        )  # fmt: skip


def _longest(program: Pipeline, splits: Splits) -> int:
    """Return roughly how many tokens the prompt of the longest example takes."""
    texts = sum(len(text.value) for text in program.texts)
    columns = [program.inputs or tuple(example.inputs) for example in splits.train[:1]]
    every = (*splits.train, *splits.val, *splits.test)
    longest = max(sum(len(example.inputs.get(name, "")) for name in columns[0]) for example in every)
    return (texts + longest) // _CHARS_A_TOKEN


def _budget(config: RunConfig) -> Iterator[Finding]:
    caps: Mapping[str, float | None] = {
        name: getattr(config.budget, name) for name in ("usd", "tokens", "calls", "minutes")
    }
    set_ = ", ".join(f"{name} {value:g}" for name, value in caps.items() if value is not None)
    if set_:
        yield Finding("ok", "budget", set_)
    elif all(told.model.startswith(LOCAL) for told in config.models.values()):
        yield Finding("ok", "budget", "none; the models cost nothing")
    else:
        yield Finding("warning", "budget", "there is none: nothing stops the spending but max_steps", "set budget.usd")
