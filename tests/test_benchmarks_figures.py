"""``python -m benchmarks figures``: paired ratios, all of them, from one short run."""

import json
from heapq import heapify, heappop, heappush
from pathlib import Path

import pytest

from benchmarks import dispatch, figures, results, watched
from benchmarks.__main__ import main
from benchmarks.dispatch import EXECUTOR, POOL, Dispatch
from benchmarks.figures import LOCKED, SORTED, STANDARD, Figure
from benchmarks.peers import check, field, race
from benchmarks.peers.interface import (
    DEADLINES,
    STEADY,
    STEADY_DISTINCT,
    STEADY_STATES,
    TEN_LEVELS,
)
from benchmarks.peers.race import Sample
from benchmarks.peers.weigh import PeerWeight
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP
from benchmarks.watched import Watched
from sched.monitor import Monitor

ASKED_FOR = {  # figure and what it is measured against
    *((f"{name}, {w}", RAW_HEAP) for name in (MULTILEVEL, HEAP) for w in figures.FILLED),
    *((f"{MULTILEVEL}, {TEN_LEVELS}", other) for other in (SORTED, LOCKED, STANDARD)),
    (f"{HEAP}, {TEN_LEVELS}", LOCKED),
    *((f"{MULTILEVEL}, {w}", RAW_HEAP) for w in (STEADY, STEADY_DISTINCT, DEADLINES)),
    *((f"{name}, add_task alone", "") for name in (MULTILEVEL, HEAP)),
    *((f"{name}, add_task alone", f"{RAW_HEAP} push") for name in (MULTILEVEL, HEAP)),
    *((f"{name}, complete", f"{RAW_HEAP} push + pop") for name in (MULTILEVEL, HEAP)),
    (f"{POOL}, empty tasks a second on 4 threads", EXECUTOR),
    *((f"{name}, a waiting task", "") for name in (MULTILEVEL, HEAP)),
    *(
        (f"{name} with a Monitor, {what}", "without one")
        for name in (MULTILEVEL, HEAP)
        for what in ("add + take", "complete")
    ),
}


def test_the_command_measures_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "QUICK_PAIRS", 300)
    quick = ["figures", "--quick", "--max-n", "1024", "--repeats", "2", "--out", str(tmp_path)]
    assert main(quick) == 0
    shown = capsys.readouterr().out
    found = figures.read(tmp_path)
    assert {(f.figure, f.against) for f in found} == ASKED_FOR
    assert len(found) == len(ASKED_FOR)
    for f in found:
        assert f.figure in shown
        assert 0 < f.q1 <= f.median <= f.q3
        assert f.repeats == (1 if f.unit == "bytes" else 2)
        assert len(f.samples.split()) == f.repeats
        sizes = {EXECUTOR: 2000, "without one": 200}
        assert f.n == sizes.get(f.against, 1024)
        assert f.unit == ("×" if f.against else "bytes" if "waiting" in f.figure else "ns")
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert run["sweeps"]["figures"]["complete"] is True
    weighed = [f.median for f in found if f.unit == "bytes"]
    assert all(100 < size < 250 for size in weighed)


def samples(
    costs: dict[str, list[float]], workload: str = TEN_LEVELS, complete: float = 50.0
) -> list[Sample]:
    return [
        Sample(peer, workload, 64, number, ns / 4, 3 * ns / 4, complete)
        for peer, each in costs.items()
        for number, ns in enumerate(each)
    ]


def line(found: list[Figure], figure: str, against: str) -> Figure:
    (one,) = [f for f in found if (f.figure, f.against) == (figure, against)]
    return one


def test_a_figure_is_the_median_of_the_ratios_of_the_repeats() -> None:
    found = figures.summary(
        samples({RAW_HEAP: [10.0, 80.0, 40.0, 8.0], HEAP: [10.0, 20.0, 30.0], LOCKED: [1.0] * 3})
    )
    heap = line(found, f"{HEAP}, {TEN_LEVELS}", RAW_HEAP)
    assert (heap.median, heap.repeats, heap.samples) == (0.75, 3, "1 0.25 0.75")
    assert (heap.q1, heap.q3) == (0.5, 0.875)
    assert line(found, f"{HEAP}, {TEN_LEVELS}", LOCKED).median == 20.0
    assert line(found, f"{HEAP}, add_task alone", "").median == 5.0
    assert line(found, f"{HEAP}, add_task alone", f"{RAW_HEAP} push").median == 0.75
    assert line(found, f"{HEAP}, complete", f"{RAW_HEAP} push + pop").samples == "5 0.625 1.25"
    assert not [f for f in found if f.figure.startswith(MULTILEVEL)]  # it was not measured


def test_the_pool_is_measured_in_tasks_a_second_and_memory_in_bytes() -> None:
    rates = [
        Dispatch(who, 7, number, rate)
        for number, both in enumerate([(10.0, 20.0), (30.0, 40.0), (9.0, 9.0)])
        for who, rate in zip((POOL, EXECUTOR), both, strict=True)
    ]
    pool, weight = figures.summary([*rates, PeerWeight(HEAP, TEN_LEVELS, 64, 180.2, 0, 0.0)])
    assert (pool.median, pool.samples, pool.n) == (0.75, "0.5 0.75 1", 7)
    assert (weight.median, weight.unit, weight.n) == (180.2, "bytes", 64)
    text = " ".join(figures.table([pool, weight]).split())
    assert "7 0.75 × 0.625 to 0.875 3" in text
    assert "64 180 bytes 1" in text


def test_what_a_monitor_costs_is_the_median_over_the_repeats() -> None:
    each = [Watched(HEAP, 50, n, ratio, 2 * ratio) for n, ratio in enumerate([1.0, 1.5, 3.0])]
    adds, ends = figures.summary(each)
    assert (adds.figure, adds.median, adds.n) == (
        "HeapScheduler with a Monitor, add + take",
        1.5,
        50,
    )
    assert (ends.figure, ends.median, ends.repeats) == (f"{HEAP} with a Monitor, complete", 3.0, 3)


def test_a_monitor_that_does_not_watch_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = watched.measure(HEAP, 0, tasks=20, blocks=3)
    assert found.add_and_take > 0 and found.complete > 0
    monkeypatch.setattr(Monitor, "_hear", lambda *_: None)
    with pytest.raises(RuntimeError, match="0 of 60 ends were heard"):
        watched.measure(HEAP, 0, tasks=20, blocks=3)


def test_all_are_interleaved_and_the_steady_states_last() -> None:
    labels = [step.label for step in figures.steps(2**20)]
    first = [x for x in labels if x.startswith("repeat 1, ")]
    assert labels[: len(first)] == first  # a whole repeat before the next
    for workload, peers in figures.FILLED.items():
        assert len([x for x in labels if f", {workload}, " in x]) == 3 * len(peers)
    for workload in (STEADY, STEADY_DISTINCT, DEADLINES):
        assert len([x for x in labels if f", {workload}, " in x]) == 5 * 2
    assert figures.QUEUED == 100_000
    assert figures.PAIRS >= 200_000
    assert labels != [step.label for step in figures.steps(2**20)]


def test_a_steady_state_runs_as_many_pairs_as_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    monkeypatch.setattr(race, "play", lambda *what, pairs: calls.append((what[:3], pairs)) or [])
    monkeypatch.setattr(dispatch, "measure", lambda *_: [])
    monkeypatch.setattr(watched, "measure", lambda *_: [])
    for step in figures.steps(2**20, repeats=1):
        if "weighed" not in step.label:
            step.run()
    held = {what: pairs for what, pairs in calls if what[1] in STEADY_STATES}
    assert held == {
        (peer, workload, 100_000): 200_000
        for workload in STEADY_STATES for peer in (RAW_HEAP, MULTILEVEL)
    }  # fmt: skip
    assert {what[2] for what, _ in calls if what[1] not in STEADY_STATES} == {2**20}


@pytest.mark.parametrize("workload", STEADY_STATES)
def test_a_long_steady_state_keeps_its_size_and_its_order(workload: str) -> None:
    for name in (RAW_HEAP, MULTILEVEL, HEAP):
        seen: list[str] = []
        race.play(name, workload, 256, seen=seen, pairs=1000)
        rows = [(key, i, name) for i, (key, name) in enumerate(race.rows_of(workload, 256))]
        heapify(rows)
        expected = []
        for i, (key, new) in enumerate(race.new_rows(workload, 256, 1000), 256):
            heappush(rows, (key, i, new))
            expected.append(heappop(rows)[2])
        assert seen == expected
    assert check.order_of(RAW_HEAP, workload) == check.RIGHT


def test_new_deadlines_come_in_anywhere_between_the_others_however_long_it_lasts() -> None:
    n = 1024
    queued = sorted(key for key, _ in race.rows_of(DEADLINES, n))
    places = []
    for key, _ in race.new_rows(DEADLINES, n, 8 * n):
        places.append(sum(1 for other in queued if other < key) / n)
        heappush(queued, key)
        heappop(queued)
    late = places[4 * n :]
    for low in (0.0, 0.25, 0.5, 0.75):
        assert sum(low <= place < low + 0.25 for place in late) > len(late) / 8
    # Unlike distinct priorities drawn from one range, of which most are taken at once by then.
    assert sum(place < 0.001 for place in late) < len(late) / 20


def test_a_peer_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field, "find_spec", lambda package: package != "sortedcontainers" or None)
    labels = " ".join(step.label for step in figures.steps(2**10))
    assert SORTED not in labels
    assert STANDARD in labels


def test_a_folder_without_figures_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figures", "--only", "plot", "--out", str(tmp_path)]) == 1
    assert "There are no figures in" in capsys.readouterr().err
    results.write_rows(tmp_path / "figures.csv", [Figure("a", "b", 8, "×", 3, 1.5, 1.0, 2.0)])
    assert main(["figures", "--only", "plot", "--out", str(tmp_path)]) == 0
    assert "1.5 ×" in capsys.readouterr().out


@pytest.mark.parametrize("repeats", ["0", "two", "1.5", "1001"])
def test_a_bad_number_of_repeats_is_named(repeats: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["figures", "--repeats", repeats])
    said = f"--repeats: must be an int from 1 to 1000, got '{repeats}'"
    assert said in capsys.readouterr().err
