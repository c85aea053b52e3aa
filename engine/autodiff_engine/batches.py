"""Which training examples a step sees: those carried from the last one, and the next of the epoch (algorithm 2)."""

from __future__ import annotations

from collections.abc import Sequence

from .config import TrainerConfig
from .dataset import Example, next_batch, trim
from .evaluate import Outcome
from .loss import reached


class Batches:
    """The batches of one training, in their order; one owner, the trainer."""

    def __init__(self, train: Sequence[Example], settings: TrainerConfig) -> None:
        self._train = train
        self._settings = settings
        self._carried: tuple[Outcome, ...] = ()
        self._cursor = 0

    def carry(self, outcomes: Sequence[Outcome]) -> None:
        """Say what comes back in the next batch, with its scores of this one: empty after an acceptance."""
        self._carried = tuple(outcomes)

    def next(self) -> tuple[list[Example], tuple[str, ...]]:
        """Return the next batch, carried examples first, and the ids of those.

        Over ``max_batch`` the oldest carried ones of the kind, right or wrong, that is more than half are dropped.
        """
        settings = self._settings
        carried = [each.example for each in self._carried]
        drawn = next_batch(
            self._train,
            cursor=self._cursor,
            size=settings.batch_size,
            seed=settings.seed,
            excluded={each.id for each in carried},
        )
        self._cursor = drawn.cursor
        right = {each.example.id: reached(each, settings.threshold) for each in self._carried}
        batch = trim([*carried, *drawn.examples], lambda each: right.get(each.id), settings.max_batch)
        return list(batch), tuple(each.id for each in batch if each.id in right)
