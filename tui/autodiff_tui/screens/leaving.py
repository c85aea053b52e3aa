"""The ways out: the question while the run goes on, and what is shown when the engine itself failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from autodiff_tui.widgets.paint import ACCENT, BAD, MUTED, PLAIN, STRONG, Line, content, label

from .closing import Box

Choice = Literal["stop", "abort", "stay"]

_CHOICES: tuple[tuple[Choice, str, str], ...] = (
    ("stop", "Stop and keep the best", "open calls finish, then the best prompts are scored on the test split"),
    ("abort", "Abort now", "open calls are cancelled; what was answered is stored"),
    ("stay", "Go on", "back to the run"),
)


class QuitScreen(Box[Choice]):
    """Asks how to leave a run that goes on; escape goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,g,q", "choose('stay')", show=False),
        Binding("s", "choose('stop')", show=False),
        Binding("a", "choose('abort')", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Offer the three ways."""
        options = [
            Option(content((((f"{key}  ", f"{ACCENT} bold"), (name, PLAIN)), ((f"   {about}", MUTED),))))
            for key, (_, name, about) in zip(("s", "a", "g"), _CHOICES, strict=True)
        ]
        box = Vertical(OptionList(*options, markup=False), classes="question")
        box.border_title = Content("The run is still going on")
        yield box

    def action_choose(self, choice: Choice) -> None:
        """Leave with a choice."""
        self.dismiss(choice)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Leave with the choice under the cursor."""
        self.dismiss(_CHOICES[event.option_index][0])


class DefectScreen(Box[None]):
    """Says that the engine failed by a defect of ours, where the run's journal is, and how to go on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,escape,enter", "app.leave", show=False)]

    def __init__(self, error: BaseException, run_dir: str) -> None:
        super().__init__()
        self._lines = _defect(error, run_dir)

    def compose(self) -> ComposeResult:
        """Put the text in a box."""
        box = Vertical(Static(content(self._lines), markup=False), classes="question")
        box.border_title = Content("The engine stopped by a defect")
        yield box


def _defect(error: BaseException, run_dir: str) -> Sequence[Line]:
    lines: list[Line] = [
        (label(type(error).__name__, f"{BAD} bold"), (": ", PLAIN), label(str(error) or "no message", limit=600)),
        (),
        (("This is a mistake in autodiff-tui, not in your program. ", PLAIN),),
    ]
    if run_dir:
        lines.append((("Every answer so far is stored. Journal: ", PLAIN), label(f"{run_dir}/journal.jsonl", STRONG)))
        lines.append((("To go on: ", PLAIN), label(f"autodiff-tui resume {run_dir}", STRONG)))
    return [*lines, (), (("q leaves", MUTED),)]
