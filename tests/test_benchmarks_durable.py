"""``python -m benchmarks durable``: what is counted as done is done, and ratios are of pairs."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import durable, durable_sides, shards
from benchmarks.__main__ import main
from benchmarks.durable import Rate
from sched.durable import SQLiteScheduler

RATIOS = {
    (durable.ADD_ONE, durable.HUEY),
    (durable.ADD_FEW, durable.HUEY),
    (durable.ADD_BULK, durable.ONE_CALLER),
    (durable.CLAIM_CROWD, durable.HUEY),
    (durable.CLAIM_CROWD, durable.LOOP),
    (durable.CLAIM_NEXT, durable.HUEY),
    (durable.POOL, durable.HUEY),
    (durable.CLAIM_BATCH, durable.LOOP),
    (durable.TWO_FILES, durable.ONE_FILE),
    (durable.CLAIM_SMALL, "1,024 rows"),
}


def test_the_command_measures_every_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable, "QUICKER", 20)
    monkeypatch.setattr(shards, "TASKS", 20 * 2 * shards.THREADS)
    assert main(["durable", "--quick", "--max-n", "1024", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    found = durable.read(tmp_path)
    assert {(f.figure, f.against) for f in found if f.unit == "×"} == RATIOS
    assert {f.figure for f in found if not f.against} == {line for line, _ in RATIOS}
    assert len(found) == len({(f.figure, f.against) for f in found})
    for f in found:
        assert f.figure in shown
        assert 0 < f.q1 <= f.median <= f.q3
        assert f.repeats == durable.QUICK_REPEATS


def test_a_ratio_is_the_median_of_the_ratios_of_the_repeats() -> None:
    rates = [
        Rate("ours", side, 64, number, per_second)
        for side, each in {"ours": [10.0, 90.0, 40.0], "huey": [10.0, 30.0, 20.0, 5.0]}.items()
        for number, per_second in enumerate(each)
    ]
    alone, ratio = durable.summary(rates)
    assert (alone.figure, alone.unit, alone.median) == ("ours", "a second", 40.0)
    assert (ratio.against, ratio.median, ratio.repeats) == ("huey", 2.0, 3)
    assert ratio.samples == "1 3 2"


@pytest.mark.parametrize(
    ("side", "broken"),
    [
        (lambda folder: durable_sides.our_adds(4, folder, 8), "add_task"),
        (lambda folder: durable_sides.our_claims(4, folder, 8), "complete"),
    ],
    ids=["adds", "claims"],
)
def test_what_is_not_done_is_not_counted(
    side: Any, broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SQLiteScheduler, broken, lambda *_: None)
    with pytest.raises(RuntimeError, match="0 of 8 tasks were done"):
        side(tmp_path)


def test_what_a_thread_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        durable_sides.rate(1, 2, lambda: 1 / 0)
