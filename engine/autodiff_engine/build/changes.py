"""What a run was made of and is another now, by name: asked before it is executed again, for then no fact may tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..config import Loaded
from ..events import Fingerprint, ProgramDescribed
from ..instructions import read as read_instructions
from ..past import Past
from ..rerun import differing
from .fingerprints import CONFIG, INSTRUCTIONS, PACKED_CONFIG, changed, parts_of_run
from .plan import Plan, opening_facts, plan_of

FILE = "config.toml"


def plan_again(past: Past, loaded: Loaded, *, offline: bool) -> Plan:
    """Return the plan of a run as its folder has it; ``offline``: nobody will be asked.

    Raises:
        ConfigError: The program or the data are not there any more.
        StorageError: The folder is not whole.
    """
    kept = read_instructions(loaded.base / "instructions")
    return plan_of(loaded.config, loaded.base, kept, recorded=offline or past.opened.recorded)


def changes(past: Past, plan: Plan, loaded: Loaded) -> Iterable[str]:
    """Yield the name of each thing that the run was made of and that is another now."""
    text = (loaded.base / FILE).read_text(encoding="utf-8")
    before, now = past.parts, parts_of_run(text, plan.instructions, loaded.config, loaded.base)
    told = [part for part in now if part.name != PACKED_CONFIG]  # the whole config is compared here
    yield from changes_in([part for part in before if part.name != PACKED_CONFIG], told) if before else ()
    for role, told in loaded.config.models.items():
        player = plan.players.get(role)
        if player is not None and told.sha256 and player.name.rpartition(":")[2] != told.sha256:
            yield f"the model file of models.{role}"
    yield from _of_facts(past, plan)


def changes_in(before: Sequence[Fingerprint], now: Sequence[Fingerprint]) -> Iterable[str]:
    """Yield the name, as a person knows it, of each part that is another now."""
    said = {CONFIG: f"its {FILE}", PACKED_CONFIG: f"its {FILE}", INSTRUCTIONS: "its instructions to LLMs"}
    yield from dict.fromkeys(said.get(name, name) for name in changed(before, now))


def since(changed: Sequence[str]) -> str:
    """Return in words what has changed."""
    return f"{' and '.join(changed)} changed since the run began"


def _of_facts(past: Past, plan: Plan) -> Iterable[str]:
    program, data = opening_facts(plan)
    for said in past.said[:2]:
        event = said.event
        if isinstance(event, ProgramDescribed):
            if differ := differing(event, program):
                yield f"the program ({', '.join(differ)})"
        elif differing(event, data):
            yield f"the data ({data.source})"
