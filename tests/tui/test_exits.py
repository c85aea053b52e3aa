from __future__ import annotations

import pytest

from autodiff_engine import errors
from autodiff_engine.events import ErrorInfo
from autodiff_tui.exits import complain_about, of_error, of_run

from .runs import finished


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        pytest.param("done", None, 0, id="done"),
        pytest.param("stopped", None, 0, id="a person stopped it and keeps the best"),
        pytest.param("budget", None, 4, id="a budget ended it"),
        pytest.param("interrupted", None, 130, id="interrupted"),
        pytest.param("failed", "ModelUnavailable", 3, id="nobody answered"),
        pytest.param("failed", "ModelRejected", 3, id="the provider rejects us"),
        pytest.param("failed", "BudgetExhausted", 4, id="a budget, as an error"),
        pytest.param("failed", "AnswerMissing", 1, id="offline and not stored"),
        pytest.param("failed", "ProgramError", 1, id="the user's own code"),
        pytest.param("failed", "ZeroDivisionError", 1, id="a defect"),
    ],
)
def test_a_run_ends_with_the_code_of_its_status(status: str, kind: str | None, code: int) -> None:
    error = ErrorInfo(kind, "it failed", "") if kind else None

    assert of_run(finished(status, error=error)) == code


@pytest.mark.parametrize(("number", "code"), [(1, 129), (2, 130), (15, 143)])
def test_an_interrupted_run_names_its_signal(number: int, code: int) -> None:
    assert of_run(finished("interrupted"), number) == code


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.ConfigError, 2),
        (errors.DataError, 2),
        (errors.TemplateError, 2),
        (errors.ProgramError, 1),
        (errors.ProgramUnusable, 2),
        (errors.StorageError, 1),
        (errors.ModelUnavailable, 3),
        (errors.BudgetExhausted, 4),
    ],
)
def test_an_error_before_a_run_has_its_code(kind: type[errors.EngineError], code: int) -> None:
    assert of_error(kind("no")) == code


def test_an_error_without_a_hint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain_about(ErrorInfo("ModelUnavailable", "nobody\x1b[2J answered", ""))

    assert capsys.readouterr() == ("", "error: nobody\u241b[2J answered\n")
