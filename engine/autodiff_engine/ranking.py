"""How well retrieved titles match those that should be found: recall, precision, reciprocal rank."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from .errors import ConfigError
from .passage import titles

KINDS = ("recall", "precision", "mrr")
MOST = 10_000
"""The largest k."""

_NAME = re.compile(rf"({'|'.join(KINDS)})(?:@(.*))?", re.S)
_COMMON = (
    "titles of retrieved passages (the first line of each block of the answer) are compared with the expected titles "
    "(one a line), without regard to case and to how much white space there is, each title counted once: "
)
_SAYS: Mapping[str, str] = MappingProxyType(
    {
        "recall": "the share of the expected titles that are among {which}; 0 where none is expected",
        "precision": "the share of {share} whose title is expected{short}",
        "mrr": "1 divided by the place of the first expected title among {which}; 0 where there is none",
    }
)


@dataclass(frozen=True, slots=True)
class Ranking:
    """One of the three measures, over the first ``k`` retrieved passages; None: over all."""

    kind: str
    k: int | None

    @property
    def name(self) -> str:
        """As the config names it: ``recall@4``, ``mrr``."""
        return self.kind if self.k is None else f"{self.kind}@{self.k}"

    @property
    def description(self) -> str:
        """What is compared, in words for an LLM."""
        which = "all retrieved passages" if self.k is None else f"the first {self.k} retrieved passages"
        share = which if self.k is None else f"{self.k} retrieved passages"
        short = "; 0 where none is retrieved" if self.k is None else f", also where fewer than {self.k} are retrieved"
        return _COMMON + _SAYS[self.kind].format(which=which, share=share, short=short)

    def compare(self, answer: str, expected: str) -> Fraction:
        """Score ``answer``, passages as ``passage.render`` writes them, against titles, one a line."""
        found = list(dict.fromkeys(title.casefold() for title in titles(answer)))[: self.k]
        wanted = {" ".join(line.split()).casefold() for line in expected.splitlines() if line.strip()}
        hits = [place for place, title in enumerate(found, 1) if title in wanted]
        match self.kind:
            case "recall":
                return Fraction(len(hits), len(wanted)) if wanted else Fraction(0)
            case "precision":
                return Fraction(len(hits), self.k or max(len(found), 1))
            case _:
                return Fraction(1, hits[0]) if hits else Fraction(0)


def ranking(name: str, where: str) -> Ranking | None:
    """Read ``recall@4``, ``precision@2``, ``mrr``; None for the name of something else.

    Raises:
        ConfigError: What stands behind the @ is not a number from 1 to MOST; ``where`` is the key that says so.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    kind, k = found[1], found[2]
    if k is None:
        return Ranking(kind, None)
    if not re.fullmatch("[1-9][0-9]{0,5}", k) or int(k) > MOST:
        raise ConfigError(
            f'{where} = "{name}": what follows the @ must be a whole number from 1 to {MOST}, as in {kind}@4',
            f"or write {kind} for all that is retrieved",
        )
    return Ranking(kind, int(k))
