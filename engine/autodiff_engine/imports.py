"""The files beside a user's file that its import statements name, wherever in it they stand."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path


def imported_files(file: Path) -> Iterator[Path]:
    """Yield each file in the folder of ``file``, and below, that it or another of them names in an import; none twice.

    An import inside a function is executed late, or never: what it would bring belongs to the program all the same. Not
    seen are names that are computed, as with ``importlib``. What cannot be read or parsed names nothing.
    """
    folder, seen, left = file.parent, {file}, [file]
    while left:
        for path in _named(left.pop(), folder):
            if path not in seen:
                seen.add(path)
                left.append(path)
                yield path


def _named(file: Path, folder: Path) -> Iterator[Path]:
    for dotted in _modules(file, folder):
        parts = dotted.split(".")
        if parts[0] in sys.stdlib_module_names:
            continue
        for count in range(1, len(parts) + 1):
            place = folder.joinpath(*parts[:count])
            yield from (each for each in (place.with_suffix(".py"), place / "__init__.py") if each.is_file())


def _modules(file: Path, folder: Path) -> Iterator[str]:
    """Yield the dotted names, as ``folder`` on the path has them; of ``from a import b`` both a and a.b may be one."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    within = file.parent.relative_to(folder).parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level <= len(within) + 1:
            package = within[: len(within) - node.level + 1] if node.level else ()
            module = ".".join((*package, *((node.module,) if node.module else ())))
            yield from ([module] if module else [])
            yield from (f"{module}.{alias.name}".lstrip(".") for alias in node.names if alias.name != "*")
