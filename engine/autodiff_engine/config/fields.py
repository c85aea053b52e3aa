"""What the values of a config may be: the strict base of its tables, and types that several of them use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
)

from .paths import file_of

Role = Literal["task", "backward", "optimizer", "teacher", "judge"]

K = TypeVar("K")
V = TypeVar("V")

SOURCES = (
    "FILE.jsonl, FILE.csv, bbh:FILE, trec:FILE, hotpot:FILE, hf:OWNER/NAME@REVISION#CONFIG:SPLIT (all but the name may "
    "be left out), generated:object_count or generated:two_hop; files are relative to the config's folder"
)
CORPORA = "FILE.jsonl, a folder of .txt and .md files, hotpot:FILE, hf:DATASET or generated:two_hop"


def sealed(value: Mapping[K, V]) -> Mapping[K, V]:
    """Return it so that nobody can change it."""
    return MappingProxyType(dict(value))


def opened(value: Mapping[object, object], handler: SerializerFunctionWrapHandler) -> object:
    """Return it as what a file can hold."""
    return handler(dict(value))


def says(wanted: str) -> Callable[[object, ValidatorFunctionWrapHandler], object]:
    """Of the many errors of a union make the one that helps."""

    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> object:
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"must be {wanted}") from None

    return validate


def a_corpus(text: str) -> str:
    """Refuse what names no corpus."""
    kind, name = file_of(text)
    if kind not in ("", "hotpot", "hf") and text != "generated:two_hop":
        raise ValueError(f'must be {CORPORA}, not "{text}"')
    if not name:
        raise ValueError(f'must name a file, a folder or data, as in {CORPORA}, not "{text}"')
    return text


Texts = Annotated[Mapping[str, str], AfterValidator(sealed), WrapSerializer(opened)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Table(BaseModel):
    """Strict: ``"4"`` is not a number and ``1`` is not true. No key that is not listed, nothing changes later."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
