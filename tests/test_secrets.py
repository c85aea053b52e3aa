"""Canaries in keys, headers, bodies, locals and addresses: no file, no screen and no output of ours has any of them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import html
import io
import json
import os
import re
import shutil
import sqlite3
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from autodiff_engine import config
from autodiff_engine.errors import ConfigError
from autodiff_engine.journal import read
from autodiff_tui.app import RunApp
from autodiff_tui.cli import run
from autodiff_tui.screens.picture import picture
from autodiff_tui.sources import RecordedSource

from .counting import placed
from .counting import provider as healthy
from .faulty import no_waits
from .loopback import Loopback, Turn, beside, ok
from .tui.screens import screen_text
from .tui.sources import ListSource

pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine

KEY = "canary.K3y/+=&<'q\"8d7c6b5a\\z"
"""Without the shape of any key, so that nothing but its value can give it away; every way to escape changes it."""
PASSWORD = "canary-pa55word-ä-0b1c2d"
HEADER = "canary-header-99f1e2d3c4"
LOCAL = f"canary-local-{123457 * 891}"
"""In no file: the program under test computes it."""
KEYS = "1 end up up 2 end d 3 enter end n escape e 4 5 6 7 enter escape b escape x enter escape question_mark escape"
"""Through all panes and screens of the app."""
CANARIES = (KEY, PASSWORD, HEADER, LOCAL)
PROGRAM = """
import os

from autodiff_engine.program import Node, Prompt, Trace

COUNT = Prompt(system="{{ task }}", user="{{ question }}")


def look_up(text: str) -> str:
    in_a_local = f"canary-local-{123457 * 891}"
    connection = {"password": os.environ["DB_PASSWORD"], "header": "Bearer " + os.environ["OPENAI_API_KEY"]}
    if in_a_local:
        raise ConnectionError(f"postgres://me:{connection['password']}@db/x refused {connection}")
    return text


async def answer(trace: Trace, question: str) -> Node:
    asked = trace.input("question", question)
    found = await trace.apply("found", look_up, asked)
    return await trace.generate("answer", template=COUNT, prompts=["task"], question=found)
"""


def echo() -> str:
    """What providers and the gateways before them say of a request: its headers, as they log them."""
    basic = base64.b64encode(f"user:{KEY}".encode()).decode()
    headers = {"authorization": f"Bearer {KEY}", "proxy-authorization": f"Basic {basic}", "x-api-key": KEY}
    return f"upstream failed for https://me:{KEY}@gateway/v1?api-key={quote(KEY)}: {headers} {json.dumps(headers)}"


def leaking(status: int) -> Turn:
    payload = {"error": {"message": f"Incorrect API key provided: {KEY}. {echo()}", "type": KEY, "code": KEY}}
    return Turn(status, json.dumps(payload), {"set-cookie": f"session={HEADER}", "x-auth-token": HEADER, "x-echo": KEY})


class Leaky:
    """Fails each request once with all that it knows, in turns by JSON and by text; then answers, key and all."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def __call__(self, body: dict[str, Any]) -> Turn:
        key = json.dumps(body, sort_keys=True)
        self.asked[key] += 1
        if self.asked[key] == 1:
            return leaking((500, 429, 503)[len(self.asked) % 3]) if len(self.asked) % 2 else Turn(502, echo())
        turn = healthy(body)
        if body["model"] == "writer":
            written = f"<method>rephrase {KEY}</method><new_text>Count carefully. {KEY}</new_text>"
            turn = ok(f"<reasoning>{echo()}</reasoning>{written}")
        return Turn(turn.status, turn.body, {"set-cookie": f"session={HEADER}"})


@pytest.fixture
def server() -> Iterator[Loopback]:
    with beside(Leaky()) as loopback:
        yield loopback


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Loopback) -> Iterator[None]:
    placed(tmp_path, monkeypatch, server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    with no_waits(monkeypatch):
        yield


def forms(canary: str) -> set[bytes]:
    """A canary as it would stand in a file: as it is, or as one of the usual encodings writes it."""
    texts = {
        canary, repr(canary)[1:-1], ascii(canary)[1:-1], json.dumps(canary)[1:-1],
        json.dumps(json.dumps(canary)[1:-1])[1:-1], html.escape(canary), html.escape(repr(canary)[1:-1]),
        quote(canary), quote(canary, safe=""), quote_plus(canary),
    }  # fmt: skip
    raw = canary.encode()
    found = {text.encode() for text in texts} | {canary.encode("utf-16-le"), raw.hex().encode()}
    for before in (b"", b"x", b"xy"):
        found.add(base64.b64encode(before + raw)[4 if before else 0 : -4])
        found.add(base64.urlsafe_b64encode(before + raw)[4 if before else 0 : -4])
    return found


FORMS = {canary: forms(canary) for canary in CANARIES}


def leaks(content: bytes, where: str) -> list[str]:
    return [f"{where}: {form!r}" for told in FORMS.values() for form in told if form in content]


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """All that a file holds: its bytes, the members of a zip, the values of a database, packed ones unpacked."""
    content = path.read_bytes()
    yield str(path), content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as pack:
            for name in pack.namelist():
                yield f"{path}/{name}", pack.read(name)
    if content.startswith(b"SQLite format 3"):
        with contextlib.closing(sqlite3.connect(path)) as rows:
            for (value,) in rows.execute("SELECT value FROM Cache"):
                yield f"{path}: a value", zlib.decompress(value) if isinstance(value, bytes) else str(value).encode()
            for (key,) in rows.execute("SELECT key FROM Cache"):
                yield f"{path}: a key", zlib.decompress(key) if isinstance(key, bytes) else str(key).encode()
    if path.suffix == ".val":
        yield f"{path}, unpacked", zlib.decompress(content)


def leaks_below(folder: Path) -> list[str]:
    """Every leak in every file, and the names of these; the program under test itself is none of ours."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    found = [each for path in files for where, content in contents(path) for each in leaks(content, where)]
    return [*found, *leaks("\n".join(map(str, files)).encode(), "names")]


def said_by(*words: str, code: int | None = None) -> str:
    """Run a command; return all that it wrote to both streams."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended = run(words)
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    said = out.buffer.getvalue().decode() + err.getvalue()
    assert code is None or ended == code, f"{words} ended with {ended}: {said}"
    assert leaks(said.encode(), " ".join(words)) == []
    return said


async def screens_of(folder: Path) -> str:
    """The text of every pane of the app that shows a run, and the picture that a person can save of each."""
    seen: list[str] = []
    app = RunApp(RecordedSource(read(folder).events), clock=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        app.drain_now()
        for key in KEYS.split():
            app.simulate_key(key)
            await pilot.pause()
            seen += [screen_text(app), picture(app, "run")]
    return "\n".join(seen)


def test_the_search_finds_what_it_searches_for(tmp_path: Path) -> None:
    Path("pack.zip").write_bytes(b"")
    with zipfile.ZipFile("pack.zip", "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("a/b.txt", f"xx{base64.b64encode(b'user:' + KEY.encode()).decode()}")
    Path("plain.txt").write_text(html.escape(repr({"k": KEY})), encoding="utf-8")
    with contextlib.closing(sqlite3.connect("cache.db")) as rows:
        rows.execute("CREATE TABLE Cache (key, value)")
        rows.execute("INSERT INTO Cache VALUES ('k', ?)", (zlib.compress(json.dumps(KEY).encode()),))
        rows.commit()

    found = leaks_below(tmp_path)

    assert {each.partition(": ")[0].rpartition("/")[2] for each in found} == {"b.txt", "plain.txt", "cache.db"}


def test_no_file_output_or_screen_of_a_whole_run_holds_a_secret(tmp_path: Path, server: Loopback) -> None:
    told = said_by("train", "c.toml", "--ui", "json", "--run-dir", "r", "--verbose", code=0)
    end = json.loads(told.splitlines()[-1])
    assert end["calls"]["failed"] > 10
    assert end["accepted"] == 1
    assert {request.headers["authorization"] for request in server.received} == {f"Bearer {KEY}"}
    assert "[secret]" in Path("r/best.toml").read_text(encoding="utf-8")
    assert "[secret]" in Path("r/journal.jsonl").read_text(encoding="utf-8")

    for words in (
        "train c.toml --ui plain --verbose --run-dir again --offline", "runs", "runs --ui json", "show r",
        "show r --html page.html", "replay r --ui plain --verbose", "replay r --ui json", "replay r --verify",
        "export r -o out.toml", "export r -o -", "pack r -o r.zip", "replay r.zip --ui json", "replay r.zip --verify",
        "eval c.toml --prompts out.toml --split test --ui json", "doctor c.toml", "doctor c.toml --ui json",
        "config show c.toml", "config show r/config.toml --ui json", "compare r again", "cache stats", "resume r",
    ):  # fmt: skip
        said_by(*words.split())
    assert leaks(asyncio.run(screens_of(Path("r"))).encode(), "the app") == []
    assert {"r.zip", "out.toml", "page.html", "answers", "again"} <= {path.name for path in tmp_path.iterdir()}
    assert leaks_below(tmp_path) == []


@pytest.mark.parametrize("ui", ["plain", "json"])
def test_a_provider_that_rejects_the_key_and_quotes_it_gives_nothing_away(
    ui: str, tmp_path: Path, server: Loopback
) -> None:
    server.otherwise = leaking(401)

    said = said_by("train", "c.toml", "--ui", ui, "--run-dir", "r", "--verbose", code=3)

    assert "check the key in OPENAI_API_KEY" in said
    assert "[secret]" in said
    said_by("show", "r", code=0)
    said_by("replay", "r", "--ui", ui)
    assert leaks(asyncio.run(screens_of(Path("r"))).encode(), "the app") == []
    assert leaks_below(tmp_path) == []


def test_a_program_that_fails_with_secrets_in_its_words_and_locals_gives_nothing_away(tmp_path: Path) -> None:
    Path("p.py").write_text(PROGRAM, encoding="utf-8")
    text = Path("c.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[program\].*?\n\n", "", text, flags=re.DOTALL).replace('"prompt"', '"p.py:answer"')
    Path("c.toml").write_text(text, encoding="utf-8")

    said = said_by("train", "c.toml", "--ui", "plain", "--run-dir", "r", "--verbose", code=1)

    assert "ConnectionError: postgres://[secret]@db/x refused" in said
    assert "in look_up" in said
    said_by("show", "r")
    said_by("eval", "c.toml", "--verbose")
    assert leaks_below(tmp_path) == []


def test_a_defect_of_ours_gives_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        in_a_local = {"header": f"Bearer {KEY}", "local": LOCAL}
        raise LookupError(f"no {in_a_local['header']} in {quote(KEY)}, {len(LOCAL)}")

    with monkeypatch.context() as patch:
        patch.setattr("autodiff_engine.trainer.Trainer.fit", broken)
        said = said_by("train", "c.toml", "--ui", "plain", "--run-dir", "r", "--verbose", code=1)
    assert "a defect of autodiff-tui: no Bearer [secret]" in said
    assert "in broken" in Path("r/crash.txt").read_text(encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("autodiff_tui.screens.run.RunScreen.compose", broken)
        app = RunApp(ListSource(endless=True), clock=lambda: 0.0)
        with contextlib.suppress(LookupError):
            app.run(headless=True)
    shown = capfd.readouterr()
    assert "in broken" in shown.out + shown.err
    assert leaks((shown.out + shown.err).encode(), "the app's last words") == []
    assert leaks_below(tmp_path) == []


SMALL = """
[task]
pipeline = "object_count"
[data]
source = "generated:object_count"
[models.task]
model = "openai/x"
"""
IN_A_CONFIG = {
    "by its name": f"api_key = {json.dumps(KEY)}",
    "in a header": f"extra_headers = {{Authorization = {json.dumps('Bearer ' + KEY)}}}",
    "in a header of another name": f"extra_headers = {{X-Whatever = {json.dumps(KEY)}}}",
    "in a list of tables": f"fallbacks = [{{model = 'x', api_key = {json.dumps(HEADER)}}}]",
    "in a list": f"stop = ['a', {json.dumps(KEY)}]",
    "as user and password": f"base_url = 'https://me:{HEADER}@host/v1'",
    "in a query": f"base_url = 'https://host/v1?sig={HEADER}'",
    "by its shape": "thing = 'sk-0123456789abcdef0123'",
    "in the place of a number": f"max_tokens = {json.dumps(KEY)}",
    "in a prompt": f"[prompts]\nother = {json.dumps(f'The key is {KEY}.')}",
    "in a table of nobody": f"[other]\nsecret = {json.dumps(HEADER)}",
}


@pytest.mark.parametrize("place", IN_A_CONFIG)
def test_a_key_in_a_config_is_refused_by_name_and_never_shown(place: str, tmp_path: Path) -> None:
    Path("k.toml").write_text(f"{SMALL}{IN_A_CONFIG[place]}\n", encoding="utf-8")

    said = said_by("train", "k.toml", "--ui", "plain", code=2)

    assert "come from the environment only" in said
    assert "k.toml: [" in said
    assert "0123456789abcdef0123" not in said
    for command in ("config show", "config validate", "doctor", "eval"):
        assert "0123456789abcdef0123" not in said_by(*command.split(), "k.toml")
    assert not Path("runs").exists()
    with pytest.raises(ConfigError) as error:
        config.load(Path("k.toml"))
    assert leaks(repr(error.value).encode(), "the exception") == []


@pytest.mark.parametrize("override", [f"models.task.api_key={KEY}", f"api_key={KEY}", f"models.task.user={KEY}"])
def test_a_key_in_an_override_is_refused_and_never_shown(override: str) -> None:
    assert "--set" in said_by("train", "c.toml", "--set", override, code=2)


def test_home_shows_no_key_of_a_config_that_holds_one() -> None:
    from autodiff_tui.found_configs import configs

    Path("k.toml").write_text(f'[task]\npipeline = "x"\n[models.task]\napi_key = "{HEADER}"\n', encoding="utf-8")

    shown = [each for each in configs(Path()) if each.path.name == "k.toml"]

    assert "[secret]" in shown[0].text
    assert leaks(repr(shown).encode(), "home") == []


def test_nobody_but_their_owner_may_read_a_run_and_the_answers() -> None:
    before = os.umask(0)
    try:
        Path("r").mkdir()
        said_by("train", "c.toml", "--ui", "none", "--run-dir", "r", code=0)
        assert stat.S_IMODE(Path("runs").stat().st_mode) == 0o700  # it holds the register alone
        assert stat.S_IMODE(Path("runs/elsewhere.jsonl").stat().st_mode) == 0o600
        shutil.rmtree("runs")
        said_by("train", "c.toml", "--ui", "none", code=0)
        assert stat.S_IMODE(Path("runs").stat().st_mode) == 0o700
        Path("runs").chmod(0o755)
        said_by("train", "c.toml", "--ui", "none", code=0)
    finally:
        os.umask(before)

    assert stat.S_IMODE(Path("runs").stat().st_mode) == 0o755  # one that is there is the user's to open to others
    runs = [Path("r"), *(path for path in Path("runs").iterdir() if path.is_dir())]
    assert len(runs) == 3
    for folder in (*runs, *(folder / "instructions" for folder in runs), Path("answers")):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    files = [path for folder in (*runs, Path("answers")) for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {
        "journal.jsonl", "config.toml", "best.toml", "debug.log", "lock", "cache.db"
    }  # fmt: skip
    assert {str(path): oct(stat.S_IMODE(path.stat().st_mode)) for path in files if path.stat().st_mode & 0o077} == {}
