from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from autodiff_engine.events import Fate
from autodiff_engine.lint import LintName
from autodiff_tui.glossary import FATES, LINTS, meaning
from autodiff_tui.view import ProposalView


def test_every_verdict_and_every_reason_of_lint_is_explained_and_nothing_else() -> None:
    assert set(LINTS) == set(get_args(LintName))
    assert set(FATES) == set(get_args(Fate))
    assert all({**FATES, **LINTS}.values())


@pytest.mark.parametrize("name", LINTS)
def test_a_proposal_that_lint_refused_says_why_that_is_a_reason(name: str) -> None:
    told = meaning(replace(ProposalView(1, 2, "c", (), {}), fate="lint", lint=name))

    assert told == f"{LINTS[name]}; {FATES['lint']}"


def test_a_check_of_another_version_an_open_proposal_and_a_veto_after_it_was_accepted_are_told_as_what_they_are() -> (
    None
):
    made = ProposalView(1, 2, "c", (), {})

    assert meaning(made) == ""
    assert meaning(replace(made, problem="no text")) == FATES["unusable"]
    assert meaning(replace(made, fate="lint", lint="of tomorrow")) == FATES["lint"]
    assert meaning(replace(made, fate="accepted")) == FATES["accepted"]
    assert meaning(replace(made, fate="accepted", vetoed=True)) == FATES["vetoed"]
