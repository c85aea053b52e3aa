"""A pack that was opened: a run in a private folder, for as long as somebody looks at it or executes it again."""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ..config import RunConfig, load
from ..errors import ConfigError, EngineError, StorageError
from ..instructions import read as read_instructions
from ..journal import Recorded, read
from ..llm import Reply
from ..llm.model import KEY_VERSION
from ..llm.recorded import read_answers
from ..llm.store import ANSWER_VERSION, AnswerStore
from ..pack import ANSWERS, BEST, CONFIG, JOURNAL, SPLITS, Manifest, unpack
from ..past import Past, past_of
from ..splits_file import read_splits
from .changes import changes_in, since
from .fingerprints import PACKED_CONFIG, is_packed_as_it_is, parts_of_run
from .plan import Plan, plan_of
from .portable import check_inside
from .sealed import without_network
from .verification import Verified, Verifying

FORM_OF_ANSWERS = f"{KEY_VERSION}.{ANSWER_VERSION}"
"""How answers are keyed and what they hold: of another form they answer nothing here."""
_STORED = "answers"


@dataclass(frozen=True, slots=True)
class OpenedPack:
    """The pack ``path``, checked, with what is needed of it in ``folder``, which goes away when it is closed."""

    path: Path
    folder: Path
    manifest: Manifest

    @property
    def program(self) -> tuple[str, ...]:
        """The user's own program files in it: whoever executes it again executes them."""
        return self.manifest.program

    def recorded(self) -> Recorded:
        """Read its journal.

        Raises:
            StorageError: A line of it is none of ours.
        """
        return read(self.folder)


@contextmanager
def opened(path: Path, *, whole: bool) -> Generator[OpenedPack]:
    """Check a pack and open it: ``whole`` to execute it again, else to look at it, without any program file.

    All that is written lies in a folder that nobody else can read and that is gone afterwards. Errors name the pack,
    not that folder.

    Raises:
        ConfigError: There is no such file.
        StorageError: It is no pack, damaged, or made to do harm; one line.
    """
    stem = path.stem if path.stem.strip(".") else "pack"
    with tempfile.TemporaryDirectory(prefix="autodiff-", ignore_cleanup_errors=True) as made:
        folder = Path(made).resolve() / stem
        folder.mkdir(mode=0o700)
        try:
            manifest = unpack(path, folder, lambda name: whole or name in (JOURNAL, BEST))
            yield OpenedPack(path, folder, manifest)
        except EngineError as error:
            error.args = (_named(str(error), folder, path),)
            error.hint = _named(error.hint, folder, path)
            raise


@dataclass(frozen=True, slots=True)
class VerifyingPack:
    """A packed run and what it takes to execute it again."""

    verifying: Verifying
    packed: Mapping[str, Reply]

    async def execute(self) -> Verified:
        """Execute it over its packed answers alone.

        Raises:
            RunDiffers: It says something else than its journal, or an answer is missing.
        """
        store = AnswerStore(self.verifying.answers, lambda _: None)
        for key, reply in self.packed.items():
            await store.add(key, reply)
        store.close()
        return await self.verifying.execute()


def verification_of(pack: OpenedPack, *, trusted: bool, anyway: bool = False) -> VerifyingPack:
    """Check that a pack that was opened whole can be executed again; needs neither a key nor any file beside it.

    Raises:
        ConfigError: It holds program files, and nobody said that they may be executed; or they, or the instructions,
            are not those that its journal tells of (``anyway``: it is executed as it is).
        StorageError: It names what it does not hold, or its answers are of another version's form.
    """
    place, manifest, folder = str(pack.path), pack.manifest, pack.folder
    if manifest.program and not trusted:
        raise ConfigError(
            f"{place}: holds program files, which --verify would execute: {', '.join(manifest.program)}",
            "read them, then say --trust; without --verify nothing of a pack is executed",
        )
    if manifest.answers != FORM_OF_ANSWERS:
        raise StorageError(
            f"{place}: its answers are of form {manifest.answers!a:.20}, this version reads {FORM_OF_ANSWERS}",
            f"autodiff-tui {manifest.version!a:.20} made it: that version can verify it",
        )
    try:
        config = _config(pack)
        past, splits, answers = past_of(folder), read_splits(folder / SPLITS), read_answers(folder / ANSWERS)
        with without_network():
            plan = plan_of(config, folder, read_instructions(folder / "instructions"), recorded=True, splits=splits)
    except RecursionError as error:
        raise StorageError(f"{place}: a member of it is nested too deeply", "do not trust it") from error
    differ = _changes(past, plan, config, folder, comparable=manifest.version == past.opened.version)
    if differ and not anyway:
        raise ConfigError(
            f"{place}: {since(differ)}: it is packed as it was later, or somebody changed the pack",
            "ask whoever packed it; --anyway executes what it holds, and says whether a fact differs",
        )
    return VerifyingPack(Verifying(past, plan, folder / _STORED, differ, _hint(manifest)), answers)


def _changes(past: Past, plan: Plan, config: RunConfig, folder: Path, *, comparable: bool) -> tuple[str, ...]:
    """Name what a pack holds as the run had it, and here holds another; its corpus is packed otherwise.

    The config is ``comparable`` where one version wrote it for the run and for the pack: another one has other keys.
    """
    now = parts_of_run((folder / CONFIG).read_text(encoding="utf-8"), plan.instructions, config, folder)
    told = any(each.name == PACKED_CONFIG for each in past.parts)  # journals of earlier versions have none
    left_out = () if comparable and told else (PACKED_CONFIG,)
    before, here = (
        [each for each in parts if is_packed_as_it_is(each.name) and each.name not in left_out]
        for parts in (past.parts, now)
    )
    return tuple(changes_in(before, here)) if past.parts else ()


def _config(pack: OpenedPack) -> RunConfig:
    """Return the packed config, which then reads nothing but members: its data are the packed examples."""
    try:
        config = load(pack.folder / CONFIG).config
    except ConfigError as error:
        first = str(error).partition("\n")[0]
        raise StorageError(f"{first}", "it was changed by hand, or a later version made it") from error
    check_inside(config, pack.manifest.members, str(pack.path))
    data = config.data.model_copy(update={"source": SPLITS})  # nothing that names it is read
    return config.model_copy(update={"data": data})


def _hint(manifest: Manifest) -> str:
    ours = version("autodiff-tui")
    if manifest.version != ours:
        return f"autodiff-tui {manifest.version!a:.20} packed it, this is {ours}"
    return "its program needs something that is not in it, or it was changed by hand"


def _named(text: str, folder: Path, path: Path) -> str:
    return text.replace(f"{folder}/", f"{path}: ").replace(str(folder), str(path))
