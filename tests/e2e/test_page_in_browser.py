"""The HTML page of a run in a real browser: it obeys its own policy, asks for nothing, and shows what it holds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autodiff_tui.html_report import page

from ..tui.html_report.test_page import CODE, view_of
from ..tui.recorded import recorded
from ..tui.test_hostile import poisoned

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # what the browser wants of its maker stays here, too
)
_ITS_OWN = "not an origin"
"""What a browser's log calls the origin of a request that no page asked for."""
_REFUSED = re.compile(r"Content.Security.Policy|Refused to", re.IGNORECASE)


def browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next((path for path in map(shutil.which, names) if path), None)
    assert found is not None, f"none of {', '.join(names)} is installed"
    return found


class Opened:
    """A page as the browser has it: the document after loading, what the console said, what was asked of a network."""

    def __init__(self, file: Path, scratch: Path) -> None:
        log = scratch / "net.json"
        as_root = ["--no-sandbox"] if os.getuid() == 0 else []
        places = [f"--user-data-dir={scratch / 'profile'}", f"--log-net-log={log}"]
        command = [browser(), *_FLAGS, *as_root, *places, "--dump-dom", file.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        self.dom = done.stdout
        self.console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        told = [event.get("params", {}) for event in json.loads(log.read_bytes())["events"]]
        self.asked = sorted({each["url"] for each in told if each.get("initiator", _ITS_OWN) != _ITS_OWN})


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    payload = "".join(CODE)
    view = view_of(
        type(one)(one.seq, one.t, one.fact, poisoned(one.event, lambda text: payload + text)) for one in recorded(2)
    )
    file = tmp_path / "page.html"
    file.write_text(page(view), encoding="utf-8")
    return file


def test_a_page_of_hostile_text_says_nothing_on_the_console_and_asks_for_nothing(hostile: Path, tmp_path: Path) -> None:
    opened = Opened(hostile, tmp_path)

    assert opened.console == []
    assert opened.asked == []
    assert "<script" not in opened.dom
    assert "<img" not in opened.dom
    assert opened.dom.count("<details") == hostile.read_text(encoding="utf-8").count("<details")


def test_the_policy_stops_what_escaping_would_let_through(hostile: Path, tmp_path: Path) -> None:
    holed = _with_holes(hostile.read_text(encoding="utf-8"))
    hostile.write_text(holed, encoding="utf-8")

    opened = Opened(hostile, tmp_path)

    assert len([line for line in opened.console if _REFUSED.search(line)]) >= 2
    assert opened.asked == []
    assert "<title>driven" not in opened.dom


def test_without_the_policy_the_browser_would_have_asked(hostile: Path, tmp_path: Path) -> None:
    """What the two tests above would see if there were anything to see."""
    holed = _with_holes(hostile.read_text(encoding="utf-8"))
    hostile.write_text(holed.replace('http-equiv="Content-Security-Policy"', 'name="none"'), encoding="utf-8")

    opened = Opened(hostile, tmp_path)

    assert opened.asked == ["http://127.0.0.1:9/x"]
    assert "<title>driven" in opened.dom


def _with_holes(html: str) -> str:
    holes = '<img src="http://127.0.0.1:9/x"><script>document.title = "driven"</script></main>'
    assert "</main>" in html
    return html.replace("</main>", holes)
