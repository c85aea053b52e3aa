"""Rows of a data set on the Hugging Face hub; the one module that knows ``datasets``."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, cast

from . import network
from .errors import DataError

_NAME = re.compile(
    r"(?P<owner>[\w.-]+/)?(?P<name>[\w.-]+)(?:@(?P<revision>[\w./-]+))?(?:#(?P<config>[^:#]*)(?::(?P<split>[^#]+))?)?"
)
_FORM = "write hf:owner/name, hf:owner/name#config:split or hf:owner/name@revision#config:split"


@dataclass(frozen=True, slots=True)
class HubName:
    """``owner/name@revision#config:split``: which rows are meant; None: the data set's own default."""

    path: str
    revision: str | None
    config: str | None
    split: str

    @staticmethod
    def of(text: str) -> HubName:
        """Read what stands after ``hf:``; without a split it is train.

        Raises:
            DataError: It is of another form.
        """
        found = _NAME.fullmatch(text)
        if found is None or text.startswith("."):
            raise DataError(f'"hf:{text}": not the name of a data set on the hub', _FORM)
        path = (found["owner"] or "") + found["name"]
        return HubName(path, found["revision"], found["config"] or None, found["split"] or "train")


def read_rows(text: str) -> list[dict[str, object]]:
    """Return all rows of one split in their order, classes by name; downloads what is not on this machine yet.

    The library reads a folder below the current one instead, if it is called as the data set is. While the network is
    forbidden its own cache is read, in which the revision that was loaded last stands for all.

    Raises:
        DataError: The extra ``data`` is not installed, there is no such data, or the hub cannot be reached.
    """
    name = HubName.of(text)
    library = _library(text)
    offline = network.is_forbidden()
    try:
        with _offline(library) if offline else nullcontext():
            found = library.load_dataset(name.path, name.config, split=name.split, revision=name.revision)
        classes = {column: told for column, told in found.features.items() if hasattr(told, "int2str")}
        rows = [{column: _named(classes.get(column), value) for column, value in row.items()} for row in found]
    except Exception as error:  # of a file that is not what it says the library raises anything, StopIteration included
        if offline:
            raise DataError(
                f'"hf:{text}": is not in the cache of datasets in {library.config.HF_DATASETS_CACHE}: {_reason(error)}',
                "a run is verified without a network: do so where it was trained, or verify a pack, which has its data",
            ) from error
        raise DataError(
            f'"hf:{text}": cannot be read: {_reason(error)}', f"mend the name, the data or the network; {_FORM}"
        ) from error
    if not rows:
        raise DataError(f'"hf:{text}": holds no rows')
    return rows


def _reason(error: Exception) -> str:
    """Return the first line that an error says, or what kind of error says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _named(told: _Class | None, value: object) -> object:
    return told.int2str(value) if told is not None and isinstance(value, int) and value >= 0 else value


def _library(text: str) -> _Library:
    try:
        library = cast("_Library", importlib.import_module("datasets"))
    except ImportError as error:
        raise DataError(
            f'"hf:{text}": the library that reads the hub is not installed', "pip install 'autodiff-tui[data]'"
        ) from error
    library.disable_progress_bars()  # they would be painted over the app
    library.logging.set_verbosity(logging.CRITICAL)  # its errors are raised as well
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # what it warns of is in the error that it raises
    return library


@contextmanager
def _offline(library: _Library) -> Generator[None]:
    """Have the library look for nothing but what it has, as it does where its variables of the environment say so.

    It reads them once, when it is imported, so that setting them now would come too late.
    """
    hub = cast("_Offline", importlib.import_module("huggingface_hub.constants"))
    before = library.config.HF_HUB_OFFLINE, hub.HF_HUB_OFFLINE
    library.config.HF_HUB_OFFLINE = hub.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        library.config.HF_HUB_OFFLINE, hub.HF_HUB_OFFLINE = before


class _Class(Protocol):
    """A column of classes: numbers that have names."""

    def int2str(self, values: int) -> str: ...


class _Rows(Protocol):
    """One split."""

    features: Mapping[str, _Class]

    def __iter__(self) -> Iterator[Mapping[str, object]]: ...


class _Logging(Protocol):
    def set_verbosity(self, verbosity: int) -> None: ...


class _Offline(Protocol):
    HF_HUB_OFFLINE: bool


class _Config(_Offline, Protocol):
    HF_DATASETS_CACHE: object


class _Library(Protocol):
    """What we use of datasets."""

    config: _Config
    logging: _Logging

    def disable_progress_bars(self) -> None: ...
    def load_dataset(self, path: str, name: str | None, *, split: str, revision: str | None) -> _Rows: ...
