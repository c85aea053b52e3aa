"""A folder with configs and past runs, as home finds one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autodiff_engine.encoding import encode
from autodiff_engine.events import Event, ProposalMade, RunFinished, RunOpened
from autodiff_engine.journal import FILE

from .runs import small_run, stamped

CONFIG = """# Counts {what}.
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
train = 4
val = 4
test = 2
[models.task]
model = "openai/gpt-4o-mini"
"""


def with_text(text: str) -> list[Event]:
    """A small run whose proposals say ``text``."""

    def changed(event: Event) -> Event:
        if isinstance(event, ProposalMade):
            return replace(event, changes=tuple(replace(each, value=text) for each in event.changes))
        return event

    return [changed(event) for event in small_run()]


def add_config(path: Path, what: str = "things") -> None:
    """Write a config."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIG.format(what=what), encoding="utf-8")


def resumable(folder: Path, budget: str = "") -> Path:
    """Give a run's folder a config that loads, as a real one has."""
    (folder / "config.toml").write_text(f"{CONFIG.format(what='things')}{budget}", encoding="utf-8")
    return folder


def add_run(root: Path, name: str, *, events: Sequence[Event] | None = None, seed: int = 0, config: str = "") -> Path:
    """Write a run's folder with all its files."""
    folder = root / name
    (folder / "instructions").mkdir(parents=True)
    (folder / "instructions" / "loss.user.j2").write_text("x", encoding="utf-8")
    for file in ("best.toml", "debug.log"):
        (folder / file).write_text("", encoding="utf-8")
    (folder / "config.toml").write_text(f"[trainer]\nseed = {seed}\n", encoding="utf-8")
    told = stamped(_named(event, name, folder, config) for event in (small_run() if events is None else events))
    (folder / FILE).write_text("".join(f"{encode(each)}\n" for each in told), encoding="utf-8")  # a Journal syncs
    return folder


def _named(event: Event, name: str, folder: Path, config: str) -> Event:
    if isinstance(event, RunOpened) and config:
        event = replace(event, config=config)
    return replace(event, run_id=name, run_dir=str(folder)) if isinstance(event, RunOpened | RunFinished) else event
