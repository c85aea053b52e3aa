from __future__ import annotations

import pytest

from autodiff_tui.matching import Fit, fit_of


@pytest.mark.parametrize(
    ("query", "name", "about", "fit"),
    [
        ("zoom", "Zoom", "", Fit.NAME),
        ("go  to STEP", "Go to step", "", Fit.NAME),
        ("go st", "Go to step", "", Fit.WORDS),
        ("st go", "Go to step", "", Fit.WORDS),
        ("task", "answer.task", "", Fit.WORDS),
        ("answer.t", "answer.task", "", Fit.WORDS),
        ("2.1", "proposal 2.10", "", Fit.WORDS),
        ("2.1", "proposal 12.1", "", Fit.WITHIN),
        ("ause", "Pause", "", Fit.WITHIN),
        ("call", "Pause", "let no new call start", Fit.ABOUT_WORDS),
        ("pause call", "Pause", "let no new call start", Fit.ABOUT_WORDS),
        ("alls", "Pause", "open calls finish", Fit.ABOUT),
        ("pse", "Pause", "", Fit.SCATTERED),
        ("pse", "Steps", "p s e", Fit.NONE),
        ("(", "Zoom", "(z)", Fit.ABOUT_WORDS),
        ("", "Zoom", "", Fit.NONE),
        ("  ", "Zoom", "", Fit.NONE),
    ],
)
def test_a_name_fits_by_its_words_then_by_what_it_holds_then_by_what_it_is_about(
    query: str, name: str, about: str, fit: Fit
) -> None:
    assert fit_of(query, name, about) == fit
