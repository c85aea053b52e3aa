"""32 calls in flight against a server that answers four at once: the run finds out, and nothing else comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .crowded import AT_ONCE, IN_FLIGHT, TOKENS, Crowded, hurried
from .faulty import Case, Provider, Size, check_ledger
from .loopback import loopback

pytestmark = pytest.mark.timeout(300)  # the first one imports litellm, which takes long on a busy machine

LARGE, SMALL = Size(12, 36, 24), Size(8, 20, 8)
SHORT_ANSWERS = tuple(f"models.{role}.max_tokens=20" for role in ("task", "backward", "optimizer"))
NEVER = 10**9
HEADERS = {"by turns with Retry-After": (None, "1"), "without": (None,), "with Retry-After": ("1",)}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789abcdef")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(each, id=name, marks=[] if name.startswith("by") else [pytest.mark.faults])
        for name, each in HEADERS.items()
    ],
)
async def test_calls_in_flight_settle_at_what_the_server_takes_and_no_score_changes(
    headers: tuple[str | None, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowded = Crowded(None, 0.0, headers=headers)
    async with loopback() as server:
        whole = await Case(tmp_path / "whole", server, LARGE).execute(Provider(None, 0.0), in_flight=AT_ONCE)
        case = Case(tmp_path / "r", server, LARGE)
        with hurried(crowded, monkeypatch) as waits:
            ended = await case.execute(crowded, in_flight=IN_FLIGHT)
        check_ledger(ended, server, crowded.answered)

    print(json.dumps(crowded.figures()))  # noqa: T201
    assert ended.finished.status == "done"
    assert ended.facts == whole.facts
    assert ended.finished.calls.failed == crowded.met == len(waits)
    assert max(crowded.billed.values()) == 1
    before, after = crowded.requests[: crowded.settled], crowded.requests[crowded.settled :]
    assert len(after) > len(before)
    assert sum(full for full, _ in before) >= IN_FLIGHT - AT_ONCE
    assert sum(full for full, _ in after) < len(after) / 3
    assert sum(limit for _, limit in after) <= (AT_ONCE + 2) * len(after)


async def test_a_server_that_turns_calls_away_bills_no_more_than_the_budget_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, crowded = Provider(None, 0.0), Crowded(None, 0.0, headers=(None, "1"))
    async with loopback() as server:
        whole = await Case(tmp_path / "whole", server, SMALL).execute(free, settings=SHORT_ANSWERS)
        case = Case(tmp_path / "r", server, SMALL)
        with hurried(crowded, monkeypatch):
            tokens = TOKENS * free.answered // 2
            first = await case.execute(
                crowded, in_flight=IN_FLIGHT, settings=[*SHORT_ANSWERS, f"budget.tokens={tokens}"]
            )
            billed, calls = crowded.tokens, len(crowded.requests) + 30
            more = [f"budget.tokens={NEVER}", f"budget.calls={calls}"]
            second = await case.execute(crowded, in_flight=IN_FLIGHT, settings=more)
            sent = len(crowded.requests)
            last = await case.execute(crowded, in_flight=IN_FLIGHT, settings=[more[0], f"budget.calls={NEVER}"])

    figures = {"tokens: cap": tokens, "billed": billed, "calls: cap": calls, "sent": sent, "turned away": crowded.met}
    print(json.dumps(figures))  # noqa: T201
    assert (first.finished.status, second.finished.status, last.finished.status) == ("budget", "budget", "done")
    assert 0 < billed <= tokens
    assert crowded.met > 0
    assert sent == calls
    assert last.facts == whole.facts
    assert max(crowded.billed.values()) == 1
