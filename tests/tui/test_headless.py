from __future__ import annotations

import os
import signal
import sys

import pytest

from autodiff_engine.events import Stamped
from autodiff_tui.flags import Flags
from autodiff_tui.headless import follow, reader_for, say_meanwhile

from .runs import ScriptedSource, small_run


def test_every_event_is_read_in_order_and_folded_into_the_view() -> None:
    seen: list[int] = []

    followed = follow(ScriptedSource(small_run()), lambda stamped: seen.append(stamped.seq))

    assert seen == list(range(1, len(small_run()) + 1))
    assert followed.signal is None
    assert followed.view.finished is not None
    assert followed.view.finished.status == "done"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_aborts_the_run_and_its_last_events_are_still_read(name: str) -> None:
    number = getattr(signal, name)
    source = ScriptedSource(small_run(), portion=2, on_drain=lambda n: os.kill(os.getpid(), number) if n == 2 else None)

    followed = follow(source, lambda _: None)

    assert source.aborted == [name]
    assert followed.signal == number
    assert followed.view.finished is not None
    assert followed.view.finished.status == "interrupted"


def test_a_second_signal_ends_the_wait() -> None:
    class Stuck(ScriptedSource):
        def abort(self, reason: str) -> None:
            self.aborted.append(reason)

    source = Stuck(small_run(), portion=0, on_drain=lambda n: os.kill(os.getpid(), signal.SIGTERM) if n < 3 else None)

    with pytest.raises(KeyboardInterrupt):
        follow(source, lambda _: None)

    assert source.aborted == ["SIGTERM"]


def test_handlers_of_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    follow(ScriptedSource(small_run()), lambda _: None)

    assert signal.getsignal(signal.SIGTERM) == before


def test_a_run_under_nohup_outlives_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        source = ScriptedSource(small_run(), on_drain=lambda _: os.kill(os.getpid(), signal.SIGHUP))
        followed = follow(source, lambda _: None)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert source.aborted == []
    assert followed.signal is None


def test_a_run_that_nobody_reads_is_aborted_and_followed_to_its_end() -> None:
    def broken(stamped: Stamped) -> None:
        if stamped.seq == 3:
            raise BrokenPipeError

    source = ScriptedSource(small_run())

    followed = follow(source, broken)

    assert source.aborted == ["nobody reads the output any more"]
    assert followed.view.finished is not None
    assert followed.view.finished.status == "interrupted"


def test_plain_narrates_on_stderr_and_leaves_stdout_to_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    follow(ScriptedSource(small_run()), reader_for("plain", Flags()))

    said = capsys.readouterr()
    assert said.out == ""
    assert "step 1 of 3: batch 2/4 right, mean 0.50; 1 piece of feedback" in said.err.splitlines()


@pytest.mark.parametrize(("ui", "flags"), [("none", Flags()), ("plain", Flags(quiet=True))])
def test_none_and_quiet_say_nothing(ui: str, flags: Flags, capsys: pytest.CaptureFixture[str]) -> None:
    follow(ScriptedSource(small_run()), reader_for(ui, flags))  # type: ignore[arg-type]

    assert capsys.readouterr() == ("", "")


def test_ascii_output_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    events = small_run(answer="naïve → 7\x1b[2J")

    follow(ScriptedSource(events), reader_for("plain", Flags(ascii=True, verbose=True)))

    assert capsys.readouterr().err.isascii()


def test_json_writes_one_object_an_event_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    follow(ScriptedSource(small_run()), reader_for("json", Flags()))

    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert said.err == ""
    assert [line["seq"] for line in lines] == list(range(1, len(small_run()) + 1))
    assert all(line["v"] == 1 for line in lines)
    assert lines[-1]["type"] == "RunFinished"
    assert sys.stdout.isatty() is False


@pytest.mark.parametrize(
    ("terminal", "quiet", "said"), [(True, False, "checking a␛b\n"), (False, False, ""), (True, True, "")]
)
def test_what_is_being_done_is_told_who_waits_at_a_terminal_and_no_log(
    *, terminal: bool, quiet: bool, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)

    say_meanwhile("checking a\x1bb", Flags(quiet=quiet))

    assert capsys.readouterr() == ("", said)
