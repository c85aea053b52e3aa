"""Runs begun here that lie elsewhere: a line each in ``runs/elsewhere.jsonl``, so that they are found again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from .private import make_folder, opened

FILE = "elsewhere.jsonl"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run, or an ablation with several, in a folder that was asked for; ``folder`` is absolute."""

    id: str
    folder: Path


def enter(root: Path, run_id: str, folder: Path) -> None:
    """Add a line to the register of ``root``, which is made if it is not there; nothing for a folder it shows anyway.

    Raises:
        OSError: It cannot be written.
    """
    place = folder.absolute()
    if place == (root / run_id).absolute() or Elsewhere(run_id, place) in registered(root):
        return
    if not root.is_dir():  # one that is there is the user's to open to others
        make_folder(root)
    line = json.dumps({"id": run_id, "folder": str(place)})
    with opened(root / FILE, "a") as file:
        file.write(f"{line}\n")  # one write: two runs may begin at once


def registered(root: Path) -> list[Elsewhere]:
    """Return what the register of ``root`` names and is still there, oldest first; broken lines are passed over."""
    try:
        lines = (root / FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # there is none, which is the usual case
        return []
    entries = [entry for line in lines if (entry := _entry(line)) is not None]
    return [each for each in dict.fromkeys(entries) if os.path.isdir(each.folder)]


def _entry(line: str) -> Elsewhere | None:
    try:
        told: object = json.loads(line)
    except ValueError:
        return None
    named = cast("dict[str, object]", told) if isinstance(told, dict) else {}
    name, folder = named.get("id"), named.get("folder")
    return Elsewhere(name, Path(folder)) if isinstance(name, str) and isinstance(folder, str) else None
