"""A run's best prompts, copied to where a person wants them and read back before success is said."""

from __future__ import annotations

from pathlib import Path

from autodiff_engine.errors import ConfigError
from autodiff_engine.export import is_export, read_prompts

from .saving import save

BEST = "best.toml"


def best_of(run_dir: Path) -> tuple[bytes, int]:
    """Return a run's ``best.toml`` byte for byte, and how many trained texts are in it.

    Raises:
        ConfigError: The run has none, or it cannot be read as prompts.
    """
    path = run_dir / BEST
    if not path.is_file():
        raise ConfigError(f"{run_dir}: has no {BEST} yet", "it is written when the start prompts have been scored")
    return path.read_bytes(), len(read_prompts(path))


def copy_best(run_dir: Path, target: Path, *, overwrite: bool = False) -> int:
    """Write a run's best prompts to ``target``, at once or not at all; return how many texts they are.

    An older export is overwritten, any other file only with ``overwrite``.

    Raises:
        ConfigError: The run has none, or ``target`` is no place for it.
        StorageError: As ``save``.
    """
    content, count = best_of(run_dir)
    save(target, content, option="-o", example=BEST, overwrite=overwrite, ours=is_export)
    return count
