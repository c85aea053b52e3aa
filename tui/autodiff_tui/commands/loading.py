"""From the command line's words to what the engine takes; the engine is imported on call, help must not wait for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from autodiff_tui.flags import RUNS_ROOT, Flags

if TYPE_CHECKING:
    from autodiff_engine.build import RunOptions
    from autodiff_engine.config import Loaded


def load_config(path: Path, flags: Flags) -> Loaded:
    """Read a config with the flags, the environment and the user's own config around it.

    Raises:
        ConfigError: One line for each thing that is wrong.
    """
    from autodiff_engine import config

    return config.load(path, flags.settings, flags=flags.for_config, environ=os.environ, user=config.user_config_path())


def run_options(flags: Flags) -> RunOptions:
    """Return where a run may put and find things, and whether it may ask anybody."""
    from autodiff_engine import build

    return build.RunOptions(
        run_dir=flags.run_dir, runs_root=RUNS_ROOT, cache_dir=flags.cache_dir, offline=flags.offline
    )


def run_options_of_environment() -> RunOptions:
    """Return what ``run_options`` does when nothing is said but by ``AUTODIFF_*`` in the environment."""
    cache_dir = os.environ.get("AUTODIFF_CACHE_DIR")
    return run_options(Flags(cache_dir=Path(cache_dir) if cache_dir else None))
