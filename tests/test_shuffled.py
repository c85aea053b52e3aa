"""Whole trainings of the programs of several calls tell equal facts, whatever the hash seed and what arrives first."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = ("multi_hop", "multi_hop_cycle", "react", "branches")
SEEDS = ("0", "1", "2")

Told = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """By hash seed what came of each program, with delays drawn anew: three processes at once."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.shuffled", str(tmp_path_factory.mktemp(f"seed{seed}")), seed, *PROGRAMS],
            env={"PYTHONHASHSEED": seed},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in SEEDS
    ]
    said = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(SEEDS), said
    return [json.loads(out) for out, _ in said]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", PROGRAMS)
def test_facts_are_equal_under_three_hash_seeds_and_three_orders_of_answers(program: str, told: list[Told]) -> None:
    first, *others = [each[program] for each in told]
    for other in others:
        for place, (fact, again) in enumerate(zip_longest(first["facts"], other["facts"]), 1):
            assert fact == again, f"fact {place}"
        assert other["asked"] != first["asked"]

    facts: list[dict[str, Any]] = [json.loads(fact) for fact in first["facts"]]
    kinds = Counter(fact["type"] for fact in facts)
    assert kinds["StepFinished"] >= 2
    assert kinds["FeedbackGiven"] > 20
    fates = {fact["fate"] for fact in facts if fact["type"] == "ProposalJudged"}
    assert fates >= {"accepted", "minibatch"}
    (test,) = [fact for fact in facts if fact["type"] == "TestCompared"]
    assert test["comparison"]["after"] > test["comparison"]["before"]
    methods = {change["method"] for fact in facts if fact["type"] == "ProposalMade" for change in fact["changes"]}
    assert ("demos" in methods) == (program == "branches")
