"""The dispatch benchmark: both get all tasks done, ratios are paired, the table is computed."""

from pathlib import Path

import pytest

from benchmarks import dispatch, results
from benchmarks.__main__ import main
from benchmarks.dispatch import EXECUTOR, POOL, Dispatch


def test_each_round_measures_both_one_after_the_other() -> None:
    steps = dispatch.steps(rounds=4, tasks=50)
    rounds = [step.run() for step in steps]
    assert [{sample.executor for sample in samples} for samples in rounds] == [{POOL, EXECUTOR}] * 4
    assert [samples[0].number for samples in rounds] == [0, 1, 2, 3]
    assert all(sample.per_second > 0 for samples in rounds for sample in samples)


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds() -> None:
    speeds = [(10.0, 10.0), (20.0, 80.0), (30.0, 40.0)]  # the machine is not always as fast
    samples = []
    for number, (pool, executor) in enumerate(speeds):
        samples.append(Dispatch(EXECUTOR, 7, number, executor))
        samples.append(Dispatch(POOL, 7, number, pool))
    first, second = dispatch.summary(samples)
    assert (first.executor, first.rounds, first.per_second) == (POOL, 3, 20.0)
    assert first.ratio == pytest.approx(0.75)  # of 1, 1/4 and 3/4; that of the medians is 1/2
    assert (second.executor, second.per_second, second.ratio) == (EXECUTOR, 40.0, 1.0)


def test_a_pool_that_loses_tasks_is_not_reported_as_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "empty", lambda: 1 / 0)
    monkeypatch.setattr("sched.execution.log.disabled", True)
    with pytest.raises(RuntimeError, match="after 3 tasks"):
        dispatch.with_pool(3)


def test_a_folder_with_dispatch_alone_has_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = dispatch.summary([Dispatch(POOL, 7, 0, 600.0), Dispatch(EXECUTOR, 7, 0, 800.0)])
    results.write_rows(tmp_path / "dispatch.csv", rates)
    assert dispatch.read(tmp_path) == rates
    assert main(["--only", "plot", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert POOL in shown and "600" in shown and "0.75 ×" in shown
    assert '"ratio": 0.75' in (tmp_path / "run.json").read_text(encoding="utf-8")
