"""What is installed here and where answers are kept, as findings; and one tiny call a role, the only one that asks."""

from __future__ import annotations

import platform
import re
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path

from ..config import Loaded
from ..control import Control
from ..errors import EngineError
from ..llm import Call, Role
from ..llm.model import Message, Request
from .checkup import Finding, refused
from .models import Models, Place
from .options import RunOptions, check_writable
from .players import Player, cast

_NAME = "autodiff-tui"
_EXTRAS = {"local": "models on this machine", "data": "data from the Hugging Face hub"}
_ASKED_TOKENS = 16


def installed() -> Iterator[Finding]:
    """Yield Python, this program, what it stands on, and its extras, with their versions."""
    yield Finding("ok", "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding("ok", _NAME, version(_NAME))
    needed = [each for each in requires(_NAME) or () if "extra ==" not in each]
    there = {name: _version(name) for name in map(_named, needed)}
    yield Finding("ok", "packages", ", ".join(f"{name} {found}" for name, found in there.items() if found))
    for name in (name for name, found in there.items() if not found):
        yield Finding("problem", "packages", f"{name} is not installed", f"pip install '{_NAME}'")
    for extra, use in _EXTRAS.items():
        names = [_named(each) for each in requires(_NAME) or () if re.search(rf"extra == ['\"]{extra}['\"]", each)]
        missing = [name for name in names if not _version(name)]
        if missing:
            text = f"not installed: {use} cannot be used; only configs that name some need it"
            yield Finding("ok", f"extra {extra}", text, f"pip install '{_NAME}[{extra}]'")
        else:
            yield Finding("ok", f"extra {extra}", ", ".join(f"{name} {_version(name)}" for name in names))


def storage(options: RunOptions, loaded: Loaded | None) -> Iterator[Finding]:
    """Yield where answers are kept, how much room they take, and whether runs can be written here."""
    folder = options.answers(loaded.config, loaded.base) if loaded else options.answers()
    for about, place, flag in (("cache", folder, "--cache-dir"), ("runs", options.runs_root, "--run-dir")):
        try:
            check_writable(place, flag)
        except EngineError as error:
            yield refused(about, error)
        else:
            size = sum(file.stat().st_size for file in place.glob("*") if file.is_file()) if about == "cache" else 0
            yield Finding("ok", about, f"{place} can be written" + (f", {size / 1e6:.1f} MB there" if size else ""))


async def ask_each(loaded: Loaded, roles: tuple[Role, ...]) -> tuple[Finding, ...]:
    """Ask the model of each role for one word and say what each call took; nothing is stored.

    Raises:
        ConfigError: A model cannot be asked at all.
    """
    players = cast(loaded.config, loaded.base, roles=roles)
    cache = loaded.config.cache.model_copy(update={"mode": "off"})
    config = loaded.config.model_copy(update={"cache": cache})
    with tempfile.TemporaryDirectory(prefix="autodiff-") as folder:
        place = Place("doctor", Path(folder) / "answers", Path(folder) / "debug.log")
        models = Models(players, config, place, Control(), lambda _: None)
        try:
            return tuple([await _ask(models, role, player) for role, player in players.items()])
        finally:
            await models.aclose()


async def _ask(models: Models, role: Role, player: Player) -> Finding:
    about = f"call {role}"
    params = {**player.params, "max_tokens": _ASKED_TOKENS}
    question = Message("user", f"Reply with one word: ready ({role}).")
    request = Request(player.name, player.endpoint, (question,), params)
    try:
        reply = await models.model.complete(Call(request, role, f"0/doctor/1/{role}/1"))
    except EngineError as error:
        return refused(about, error)
    used = reply.usage
    tokens = f"{used.prompt or '?'} + {used.completion or '?'} tokens"
    paid = "cost unknown" if reply.cost_usd is None else f"${reply.cost_usd:.6f}"
    return Finding("ok", about, f"{player.shown} answered in {reply.seconds:.1f} s: {tokens}, {paid}")


def _named(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _version(name: str) -> str:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return ""
