"""How keys and answers are written in the database: as compressed JSON, and nothing else is ever read from it.

A database may come from somebody else. Each of diskcache's own disks, the one for JSON too, unpickles what a row says
is pickled, which executes it, and reads and deletes the file that a row names, wherever it is.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import diskcache  # pyright: ignore[reportMissingTypeStubs]

_MODES = (diskcache.core.MODE_RAW, diskcache.core.MODE_BINARY)
"""Values in the row itself, and long ones in a file of their own."""
_LONGEST = 2**26
"""Bytes of an answer: a few that are compressed well must not take all memory."""


class AnswerDisk(diskcache.JSONDisk):  # pyright: ignore[reportUntypedBaseClass, reportUnknownMemberType]
    """Reads what it writes itself; all else is a ``ValueError``."""

    def get(self, key: Any, raw: Any) -> Any:  # noqa: ANN401 - as diskcache has it
        """Return the key of a row."""
        if not raw:
            raise ValueError("its key is none of ours")
        return _read(key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:  # noqa: ANN401 - as diskcache has it
        """Return the value of a row."""
        if read or mode not in _MODES or (mode == diskcache.core.MODE_BINARY) != (filename is not None):
            raise ValueError("it is not stored as an answer is")
        return _read(value if filename is None else self._within(filename).read_bytes())

    def remove(self, file_path: str) -> None:
        """Delete the file of a long answer; never one that lies elsewhere."""
        try:
            self._within(file_path)
        except ValueError:
            return
        super().remove(file_path)  # pyright: ignore[reportUnknownMemberType]

    def _within(self, name: str) -> Path:
        folder = Path(str(self._directory)).resolve()  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
        file = (folder / name).resolve()
        if folder not in file.parents:
            raise ValueError("it names a file that lies elsewhere")
        return file


def _read(data: object) -> Any:  # noqa: ANN401 - what JSON holds
    if not isinstance(data, bytes):
        raise TypeError("it is not compressed")
    reader = zlib.decompressobj()
    text = reader.decompress(data, _LONGEST)
    if not reader.eof:
        raise ValueError("it is cut short, or too long for an answer")
    return json.loads(text.decode("utf-8"))
