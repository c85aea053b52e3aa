"""The answers that a run was made from and that are no longer stored, or can no longer be read."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

from ..llm.cached import CacheMode
from ..llm.stored import StoredAnswers
from ..past import Past


def lost_answers(past: Past, folder: Path, mode: CacheMode) -> str:
    """Say how many of a run's answers are not in ``folder`` and of which roles; empty where all are. Looks at each.

    Raises:
        StorageError: What is there cannot be read.
    """
    own = mode in ("off", "refresh")  # such a run takes no answers of others
    answered, run = past.answered(), past.opened.run_id
    with closing(StoredAnswers(folder)) as stored:
        gone = Counter(
            role for key, role in answered.items() if not (stored.get(key, run) or (not own and stored.get(key)))
        )
    by_role = ", ".join(f"{count} of the role {role}" for role, count in sorted(gone.items()))
    return (
        f"{gone.total()} of the {len(answered)} answers that the run got are not stored here: {by_role}" if gone else ""
    )
