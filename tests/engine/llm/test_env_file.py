"""Files of variables: keys come from the environment alone, whatever lies beside or above the libraries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff_engine.llm.litellm_client import (
    _without_env_file,  # pyright: ignore[reportPrivateUsage]  # what it leaves behind needs no import of litellm
)

CODE = """
import os, sys
import dotenv
dotenv.main.find_dotenv = lambda *rest, **more: sys.argv[1]   # as if it lay above site-packages, as a clone's does
from autodiff_engine.llm.litellm_client import missing_key
print(missing_key("openai/worker"), os.environ.get("OPENAI_API_KEY"), os.environ.get("LITELLM_MODE"))
dotenv.load_dotenv()
print(os.environ.get("OPENAI_API_KEY"))
"""


@pytest.mark.timeout(300)  # it imports litellm, which takes long on a busy machine
def test_a_key_in_an_env_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-planted\n", encoding="utf-8")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("LITELLM_MODE", "DEV")

    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / ".env")], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["OPENAI_API_KEY None DEV", "sk-planted"]


@pytest.mark.parametrize("mode", ["DEV", None])
def test_the_variable_that_forbids_it_is_for_others_as_it_was(
    monkeypatch: pytest.MonkeyPatch, mode: str | None
) -> None:
    monkeypatch.setenv("LITELLM_MODE", mode or "")
    if mode is None:
        monkeypatch.delenv("LITELLM_MODE")

    with _without_env_file():
        assert os.environ["LITELLM_MODE"] == "PRODUCTION"

    assert os.environ.get("LITELLM_MODE") == mode
