"""Paired tests and intervals: could a difference of scores be luck?"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction

EXACT_UP_TO = 16
"""Differences up to which all 2^n sign patterns are counted."""
DRAWS = 20_000
"""Sign patterns that are drawn beyond that."""
_Z95 = 1.959963984540054
_CHUNK = 8


def wilson(mean: float, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a rate ``mean`` over ``n``; (0, 1) when nothing was seen.

    For scores between 0 and 1 that are not only 0 or 1 it is wider than it need be, never narrower.
    """
    if n == 0:
        return 0.0, 1.0
    z2 = _Z95 * _Z95
    centre = mean + z2 / (2 * n)
    spread = _Z95 * math.sqrt(mean * (1 - mean) / n + z2 / (4 * n * n))
    low, high = (centre - spread) / (1 + z2 / n), (centre + spread) / (1 + z2 / n)
    return (0.0 if mean == 0 else max(0.0, low)), (1.0 if mean == 1 else min(1.0, high))


def mcnemar_exact(wins: int, losses: int) -> float:
    """Return the two-sided p of ``wins`` against ``losses`` under a fair coin; ties say nothing; 1 without any."""
    n = wins + losses
    tail = sum(math.comb(n, k) for k in range(max(wins, losses), n + 1))
    return min(1.0, float(Fraction(2 * tail, 2**n)))


def sign_flip(differences: Sequence[Fraction], seed: int) -> float:
    """Return the two-sided p of a sum as far from 0 when each difference could as well have the other sign.

    Exact up to ``EXACT_UP_TO`` differences, zeros among them counted; beyond it ``DRAWS`` patterns drawn from ``seed``,
    the observed one counted with them, so never 0. The same patterns for every input of the same length, which makes
    p fall when any difference of a positive sum grows: what ``best_possible_p`` stands on.
    """
    numbers = _whole(differences)
    total = abs(sum(numbers))
    if total == 0:
        return 1.0
    if len(numbers) <= EXACT_UP_TO:
        return _extreme_of_all(numbers, total) / 2 ** len(numbers)
    return (1 + _extreme_of_drawn(numbers, total, seed)) / (1 + DRAWS)


def paired_p(before: Sequence[Fraction], after: Sequence[Fraction], *, seed: int = 0) -> float:
    """Return the two-sided p of two candidates' scores on the same examples, in the same order.

    Exact McNemar when every score is 0 or 1, else the sign-flip permutation test.
    """
    differences = [new - old for old, new in zip(before, after, strict=True)]
    if all(score in (0, 1) for score in (*before, *after)):
        return mcnemar_exact(sum(d > 0 for d in differences), sum(d < 0 for d in differences))
    return sign_flip(differences, seed)


def best_possible_p(before: Sequence[Fraction], after: Sequence[Fraction], *, seed: int = 0) -> float:
    """Return a bound that ``paired_p`` of the whole comparison cannot get below if the new candidate is to be better.

    ``after`` holds the scores so far, ``before`` those of the incumbent on all examples, in the same order: what is
    missing in ``after`` is taken to be 1 each. 1.0 when even then the new candidate would not be better. Use the same
    ``seed`` as for the final ``paired_p``.
    """
    full = [*after, *(Fraction(1) for _ in before[len(after) :])]
    if sum(full) <= sum(before):
        return 1.0
    bound = paired_p(before, full, seed=seed)
    if all(score in (0, 1) for score in (*before, *full)) and bound > 1 / (1 + DRAWS):
        # A fraction may still come and change the test; no draw gets below 1 / (1 + DRAWS), so only then ask that one.
        return min(bound, sign_flip([new - old for old, new in zip(before, full, strict=True)], seed))
    return bound


def _whole(differences: Sequence[Fraction]) -> list[int]:
    """Scale to whole numbers: sums are then exact and quick."""
    scale = math.lcm(*(difference.denominator for difference in differences))
    return [int(difference * scale) for difference in differences]


def _extreme_of_all(numbers: Sequence[int], total: int) -> int:
    sums = {0: 1}
    for number in numbers:
        grown: dict[int, int] = {}
        for reached, ways in sums.items():
            for signed in (reached + number, reached - number):
                grown[signed] = grown.get(signed, 0) + ways
        sums = grown
    return sum(ways for reached, ways in sums.items() if abs(reached) >= total)


def _extreme_of_drawn(numbers: Sequence[int], total: int, seed: int) -> int:
    """Count drawn patterns; sums of eight differences at a time are looked up, for this runs beside a live run."""
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    tables = [[_signed(chunk, bits) for bits in range(2**_CHUNK)] for chunk in chunks]
    draw = random.Random(f"{seed}/sign-flip/{len(numbers)}")
    size = len(tables)
    extreme = 0
    for _ in range(DRAWS):
        pattern = draw.getrandbits(_CHUNK * size).to_bytes(size, "little")
        reached = sum(table[bits] for table, bits in zip(tables, pattern, strict=True))
        extreme += abs(reached) >= total
    return extreme


def _signed(chunk: Sequence[int], bits: int) -> int:
    return sum(number if bits >> place & 1 else -number for place, number in enumerate(chunk))
