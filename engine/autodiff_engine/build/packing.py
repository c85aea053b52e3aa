"""A run that is put into one file, with every answer that it needs: first it is executed again, which shows them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ..config import Loaded, load, to_toml
from ..errors import AnswerMissing, ConfigError, RunDiffers, StorageError
from ..export import read_prompts
from ..llm import Call, Reply
from ..llm.recorded import answers_text, read_answers
from ..lock import held
from ..pack import ANSWERS, BEST, CONFIG, CORPUS, INSTRUCTIONS, JOURNAL, PROMPTS, SPLITS, Manifest, unpack, write
from ..retrieval import Corpus
from ..splits_file import read_splits, splits_text
from .options import RunOptions
from .plan import Plan
from .portable import check_secrets, portable
from .retrieval import corpus
from .sealed import without_network
from .unpacked import FORM_OF_ANSWERS
from .verification import ELSEWHERE, Verifying, verification


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack, ready to be written, and what is in it."""

    content: bytes
    facts: int
    answers: int
    program: tuple[str, ...]
    """The user's own program files."""
    changed: tuple[str, ...] = ()
    """What the run was made of and is packed as it is now, another."""


@dataclass(frozen=True, slots=True)
class Packing:
    """A run that can be packed; writes nothing into its folder."""

    loaded: Loaded
    verifying: Verifying

    async def execute(self) -> Packed:
        """Execute the run over its stored answers, put it together, and read that back.

        Raises:
            ConfigError: Answers are missing, or it would hold a secret.
            RunDiffers: It cannot be executed again.
            StorageError: A file of it cannot be read.
        """
        past, plan = self.verifying.past, self.verifying.plan
        used: dict[str, Reply] = {}

        def note(call: Call, reply: Reply) -> None:
            used[call.request.key] = reply

        try:
            verified = await self.verifying.execute(note)
        except RunDiffers as different:
            if isinstance(different.__cause__, AnswerMissing) and (lost := self.verifying.lost()):
                raise ConfigError(f"{past.folder}: {lost}", ELSEWHERE) from different
            raise
        with without_network():  # a corpus of the hub is read again
            members, program = self._members(used)
        check_secrets(members)
        content = write(
            lambda told: Manifest(
                past.opened.run_id, version("autodiff-tui"), FORM_OF_ANSWERS, plan.splits.fingerprint, told
            ),
            members,
        )
        _read_back(content, plan, used)
        return Packed(content, verified.facts, len(used), program, verified.changed)

    def _members(self, used: Mapping[str, Reply]) -> tuple[dict[str, bytes], tuple[str, ...]]:
        past, plan, loaded = self.verifying.past, self.verifying.plan, self.loaded
        moved = portable(loaded.config, loaded.base, corpus=plan.program.corpus is not None)
        texts = {
            CONFIG: to_toml(moved.config),
            SPLITS: splits_text(plan.splits),
            ANSWERS: answers_text(used),
            **{f"{INSTRUCTIONS}{name}": each.source for name, each in plan.instructions.templates.items()},
        }
        if plan.program.corpus is not None:
            texts[CORPUS] = _corpus_text(corpus(loaded.config, loaded.base, program=plan.program.name))
        files = {JOURNAL: past.folder / JOURNAL, **moved.files}
        if (past.folder / BEST).is_file():
            files[BEST] = past.folder / BEST
        if loaded.config.prompts.file:
            files[PROMPTS] = loaded.base / loaded.config.prompts.file
        read = {name: _read(file) for name, file in files.items()}
        return {name: text.encode("utf-8") for name, text in texts.items()} | read, tuple(sorted(moved.files))


def packing(folder: Path, options: RunOptions, *, anyway: bool = False) -> Packing:
    """Read a run and check that it can be executed again; neither a key nor a model's file is needed.

    Raises:
        ConfigError: Somebody executes it now, something that it was made of has changed, whether a fact tells or not
            (``anyway``: it is packed as it is now), or its program or its data are not there any more.
        StorageError: The folder is not whole.
    """
    if held(folder):
        raise ConfigError(f"{folder}: a process executes this run now", "pack it when it has ended")
    _check_best(folder / BEST)
    return Packing(load(folder / CONFIG), verification(folder, options, anyway=anyway))


def _check_best(best: Path) -> None:
    """Refuse best prompts that nobody could read out of the pack.

    Raises:
        ConfigError: They cannot be read as prompts.
    """
    if not best.is_file():
        return
    try:
        read_prompts(best)
    except ConfigError as error:
        raise ConfigError(
            f"{best}: cannot be read as prompts, so it is not packed: {str(error).removeprefix(f'{best}: ')}",
            "delete it: the journal has all prompts, and export --step writes them anew",
        ) from error


def _corpus_text(told: Corpus) -> str:
    return "".join(f"{json.dumps({'title': each.title, 'text': each.text})}\n" for each in told.passages)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StorageError(f"{file}: cannot be read: {error.strerror or error}") from error


def _read_back(content: bytes, plan: Plan, used: Mapping[str, Reply]) -> None:
    """Open the pack as whoever gets it will, and compare.

    Raises:
        StorageError: It cannot be opened, or holds something else than was put in.
    """
    with tempfile.TemporaryDirectory(prefix="autodiff-") as name:
        folder = Path(name)
        (folder / "run.zip").write_bytes(content)
        unpack(folder / "run.zip", folder / "run", lambda _: True)
        same = (
            read_splits(folder / "run" / SPLITS) == plan.splits
            and read_answers(folder / "run" / ANSWERS).keys() == used.keys()
        )
        told = load(folder / "run" / CONFIG).config
        if plan.program.corpus is not None:
            same = same and corpus(told, folder / "run", program="a pack").info == plan.program.corpus
    if not same:
        raise StorageError("what was packed reads back as something else", "please report it, with the run's config")
