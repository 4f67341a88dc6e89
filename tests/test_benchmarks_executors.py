"""The benchmark of executors: what it counts as done is done, and each ratio is of a pair."""

import asyncio
import sys
from pathlib import Path

import pytest

if sys.platform == "emscripten":  # a browser has neither threads nor processes
    pytest.skip("needs threads", allow_module_level=True)

from benchmarks import executors
from benchmarks.__main__ import main
from benchmarks.executors import Pair


def test_all_are_done_by_both_of_each_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "SLEEP", 0.01)
    monkeypatch.setattr(executors, "PROCESSES", 1)
    steps = executors.steps(quick=True)
    pairs = [pair for step in steps for pair in step.run()]
    assert [(pair.figure, pair.against) for pair in pairs] == list(executors.FIGURES)
    assert all(pair.ratio > 0 for pair in pairs)


def test_tasks_that_fail_are_not_reported_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(seconds: float) -> None:
        raise ValueError

    monkeypatch.setattr(asyncio, "sleep", breaks)
    monkeypatch.setattr("sched.execution.log.disabled", True)
    with pytest.raises(RuntimeError, match="after 3 tasks"):
        executors.sleepers_in_pool(3)


def test_a_ratio_is_the_median_of_those_of_the_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(iter(executors.FIGURES))
    ratios = iter([0.5, 2.0, 0.75])
    monkeypatch.setattr(executors, "REPEATS", 3)
    monkeypatch.setattr(executors, "FIGURES", {name: (int, int), ("b", "c"): (int, int)})
    monkeypatch.setattr(
        executors,
        "measure",
        lambda name, n, number: [Pair(*name, n, number, next(ratios))] if name[0] != "b" else [],
    )
    assert main(["executors", "--out", str(tmp_path)]) == 0
    assert "0.75 ×" in capsys.readouterr().out
    [line] = executors.read(tmp_path)
    assert (line.figure, line.repeats, line.median) == (name[0], 3, 0.75)
