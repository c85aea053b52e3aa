"""Texts that a person wrote: what came too late, or to nothing, is kept for the next time that they write."""

from __future__ import annotations

from autodiff_tui.view import RunView

_LATE = "nothing was changed"
"""How the run's warning begins about what was decided too late."""

_MADE = 50
"""Proposals among which one that has a text is looked for."""


class Drafts:
    """Remembers what was handed in until a proposal has it; ``kept`` has by name the last text that none ever had."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self._sent: list[tuple[str, str]] = []
        self._warnings = 0
        """How many warnings there were when something was handed in, or were read since."""

    def hand_in(self, name: str, text: str, view: RunView) -> None:
        """Remember that ``text`` was handed to the run as the new value of ``name``."""
        if not self._sent:
            self._warnings = len(view.notes.warnings)
        self.kept.pop(name, None)
        self._sent.append((name, text))

    def keep(self, name: str, text: str) -> None:
        """Keep a text that could not be handed in."""
        self.kept.pop(name, None)  # the newest comes last
        self.kept[name] = text

    def come_too_late(self, view: RunView) -> list[str]:
        """Return the names of the texts that were found to have come too late since this was asked last; keep these."""
        if not self._sent:
            return []
        new, self._warnings = len(view.notes.warnings) - self._warnings, len(view.notes.warnings)
        late = [each for each in view.notes.warnings.last(max(0, new)) if each.startswith(_LATE)]
        made = {(change.name, change.value) for one in view.proposals.newest_first(_MADE) for change in one.changes}
        self._sent = [each for each in self._sent if each not in made]
        lost = [
            (name, text) for name, text in self._sent if view.finished is not None or any(name in each for each in late)
        ]
        self._sent = [each for each in self._sent if each not in lost]
        for name, text in lost:
            self.keep(name, text)
        return [name for name, _ in lost]
