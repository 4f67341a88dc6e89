"""``python -m benchmarks compare A B``: what changed, what did not, and what cannot be said."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks import compare, dispatch, drain, results
from benchmarks.__main__ import main
from benchmarks.compare import FASTER, LESS, MORE, NO_CHANGE, SLOWER, TOO_NOISY
from benchmarks.count import Count
from benchmarks.dispatch import EXECUTOR, POOL, Dispatch
from benchmarks.figures import Figure
from benchmarks.peers import race
from benchmarks.peers.interface import TEN_LEVELS
from benchmarks.peers.race import Sample
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP

ROOT = Path(__file__).parent.parent
N = 2**12


def write_races(
    folder: Path, costs: dict[str, float], spread: float = 0.01, repeats: int = 5, drift: float = 1
) -> Path:
    """A folder with one size of a race: what each costs, on a machine that is slower by drift."""
    folder.mkdir(exist_ok=True)
    random = Random(f"{costs} {spread}")
    samples = [
        Sample(peer, TEN_LEVELS, N, number, ns * drift * (1 + spread * random.uniform(-1, 1)), 0, 0)
        for peer, ns in costs.items()
        for number in range(repeats)
    ]
    results.write_rows(folder / "peers.csv", race.summary(samples))
    return folder


def verdicts(a: Path, b: Path) -> dict[str, str]:
    return {v.row.split(",")[0]: v.verdict for v in compare.compare(a, b)}


@pytest.fixture
def a(tmp_path: Path) -> Path:
    return write_races(tmp_path / "a", {RAW_HEAP: 100.0, HEAP: 300.0, MULTILEVEL: 200.0})


def test_each_row_is_faster_slower_or_unchanged(a: Path, tmp_path: Path) -> None:
    b = write_races(tmp_path / "b", {RAW_HEAP: 100.0, HEAP: 200.0, MULTILEVEL: 260.0})
    assert verdicts(a, b) == {RAW_HEAP: NO_CHANGE, HEAP: FASTER, MULTILEVEL: SLOWER}
    assert verdicts(b, a) == {RAW_HEAP: NO_CHANGE, HEAP: SLOWER, MULTILEVEL: FASTER}
    heap = next(v for v in compare.compare(a, b) if v.row.startswith(HEAP))
    assert heap.low < heap.ratio < heap.high
    assert heap.low < 2 / 3 < heap.high
    assert heap.row == f"{HEAP}, {TEN_LEVELS}, n = 4,096"


def test_a_slower_machine_changes_the_raw_heap_alone(a: Path, tmp_path: Path) -> None:
    costs = {RAW_HEAP: 100.0, HEAP: 300.0, MULTILEVEL: 200.0}
    b = write_races(tmp_path / "b", costs, drift=1.5)
    assert verdicts(a, b) == {RAW_HEAP: SLOWER, HEAP: NO_CHANGE, MULTILEVEL: NO_CHANGE}
    assert "raw heapq, 10 levels, n = 4,096, in ns" in compare.text(a, b)


def test_repeats_are_paired_with_the_raw_heap_beside_them(tmp_path: Path) -> None:
    # The machine is twice as slow in every second repeat: alone, each time says nothing.
    for name, ns in (("a", 300.0), ("b", 200.0)):
        samples = [
            Sample(peer, TEN_LEVELS, N, number, cost * (1 + number % 2), 0, 0)
            for number in range(6)
            for peer, cost in ((RAW_HEAP, 100.0), (HEAP, ns))
        ]
        (tmp_path / name).mkdir()
        results.write_rows(tmp_path / name / "peers.csv", race.summary(samples))
    assert verdicts(tmp_path / "a", tmp_path / "b")[HEAP] == FASTER


def test_what_differs_by_no_more_than_its_repeats_is_too_noisy(tmp_path: Path) -> None:
    costs = {RAW_HEAP: 100.0, HEAP: 300.0}
    wide = write_races(tmp_path / "wide", costs, spread=0.4)
    other = write_races(tmp_path / "other", {RAW_HEAP: 100.0, HEAP: 330.0}, spread=0.4)
    assert verdicts(wide, other)[HEAP] == TOO_NOISY


def test_a_change_too_slight_to_matter_is_none_however_sure_it_is(a: Path, tmp_path: Path) -> None:
    small = {RAW_HEAP: 100.0, HEAP: 309.0, MULTILEVEL: 194.0}
    b = write_races(tmp_path / "b", small, spread=0.002)
    still = write_races(
        tmp_path / "c", {RAW_HEAP: 100.0, HEAP: 300.0, MULTILEVEL: 200.0}, spread=0.001
    )
    assert set(verdicts(still, b).values()) == {NO_CHANGE}


def test_two_repeats_say_nothing(a: Path, tmp_path: Path) -> None:
    b = write_races(tmp_path / "b", {RAW_HEAP: 100.0, HEAP: 30.0}, repeats=2)
    assert set(verdicts(a, b).values()) == {TOO_NOISY}
    assert "5, 2" in compare.text(a, b)


def test_a_disturbed_row_says_nothing_nor_does_one_measured_beside_it(tmp_path: Path) -> None:
    def stored(name: str, disturbed: str) -> Path:
        samples = [
            drain.Drain(queue, n, number, 1.0, 2.0 if queue == RAW_HEAP else 9.0 + (name == "b"))
            for queue in (RAW_HEAP, HEAP, MULTILEVEL)
            for n in (1, 2, 4)
            for number in range(5)
        ]
        samples = [
            drain.Drain(s.queue, s.n, s.number, s.fill_ns, 3 * s.drain_ns)
            if (s.queue, s.n) == (disturbed, 2)
            else s
            for s in samples
        ]
        (tmp_path / name).mkdir(exist_ok=True)
        results.write_rows(tmp_path / name / "drain.csv", drain.summary(samples))
        return tmp_path / name

    a, b = stored("a", ""), stored("b", HEAP)
    found = {(v.row.split(",")[0], v.row[-1]): v.verdict for v in compare.compare(a, b)}
    assert found[HEAP, "2"] == TOO_NOISY
    assert found[HEAP, "1"] == found[MULTILEVEL, "2"] == SLOWER
    b = stored("b", RAW_HEAP)
    found = {(v.row.split(",")[0], v.row[-1]): v.verdict for v in compare.compare(a, b)}
    assert found[MULTILEVEL, "2"] == found[HEAP, "2"] == TOO_NOISY
    assert found[MULTILEVEL, "4"] == SLOWER


def test_more_tasks_a_second_are_faster(tmp_path: Path) -> None:
    for name, rate in (("a", 30_000.0), ("b", 60_000.0)):
        samples = [
            Dispatch(who, 20_000, number, speed + number)
            for number in range(5)
            for who, speed in ((POOL, rate), (EXECUTOR, 50_000.0))
        ]
        (tmp_path / name).mkdir()
        results.write_rows(tmp_path / name / "dispatch.csv", dispatch.summary(samples))
        figure = Figure("WorkerPool, empty tasks a second", EXECUTOR, 9, "×", 3, 1, 1, 1)
        each = " ".join([str(rate / 50_000.0)] * 3)
        results.write_rows(
            tmp_path / name / "figures.csv", [Figure(**{**vars(figure), "samples": each})]
        )
    found = {v.table: v for v in compare.compare(tmp_path / "a", tmp_path / "b")}
    assert verdicts(tmp_path / "a", tmp_path / "b")[POOL] == FASTER
    assert verdicts(tmp_path / "a", tmp_path / "b")[EXECUTOR] == NO_CHANGE
    assert found["figures"].verdict == FASTER
    assert found["figures"].ratio == pytest.approx(0.5)


def test_what_is_counted_is_compared_exactly(tmp_path: Path) -> None:
    for name, pops in (("a", (8.0, 9.0, 0.0, 5.0)), ("b", (8.0, 9.01, 0.0, 4.99))):
        (tmp_path / name).mkdir()
        rows = [Count(HEAP, "pop", 2 ** (i + 7), cost, 1) for i, cost in enumerate(pops)]
        results.write_rows(tmp_path / name / "count.csv", rows)
        size = 184.0 if name == "a" else 160.0
        figure = Figure(f"{HEAP}, a waiting task", "", 9, "bytes", 1, size, size, size, str(size))
        results.write_rows(tmp_path / name / "figures.csv", [figure])
    found = [v.verdict for v in compare.compare(tmp_path / "a", tmp_path / "b")]
    assert found == [NO_CHANGE, MORE, NO_CHANGE, LESS, LESS]


def test_the_same_folders_give_the_same_text(
    a: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    b = write_races(tmp_path / "b", {RAW_HEAP: 100.0, HEAP: 310.0}, spread=0.2)
    assert main(["compare", str(a), str(b)]) == 0
    once = capsys.readouterr().out
    assert main(["compare", str(a), str(b)]) == 0
    assert capsys.readouterr().out == once
    assert "2 rows: " in once
    # A row's draws are its own: other rows beside it change nothing.
    alone = write_races(tmp_path / "alone", {RAW_HEAP: 100.0, HEAP: 310.0}, spread=0.2)
    lines = (alone / "peers.csv").read_text().splitlines()
    (alone / "peers.csv").write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")
    heap = [v for v in compare.compare(a, b) if v.row.startswith(HEAP)]
    assert heap == [v for v in compare.compare(a, alone) if v.row.startswith(HEAP)]


def test_a_row_has_the_same_interval_in_every_process() -> None:
    code = (
        "from random import Random; from benchmarks.compare import interval; r = Random(5); "
        "v = lambda: [r.random() + 1 for _ in range(40)]; "
        "print([interval(v(), v(), f'row {i}') for i in range(9)])"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1


def test_one_repeat_that_was_interrupted_widens_no_interval() -> None:
    calm, once = [100.0] * 9, [100.0] * 8 + [900.0]
    assert compare.interval(calm, once, "row") == (1.0, 1.0, 1.0)
    half = [100.0] * 5 + [200.0] * 4
    assert compare.interval(calm, half, "row") == (1.0, 1.0, 2.0)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.8, 0.7, 0.9), FASTER),
        ((0.8, 0.7, 1.01), TOO_NOISY),
        ((0.97, 0.9, 0.99), TOO_NOISY),  # faster surely, but by how much?
        ((0.97, 0.96, 0.99), NO_CHANGE),
        ((1.0, 0.96, 1.04), NO_CHANGE),
        ((1.0, 0.94, 1.04), TOO_NOISY),
        ((1.0, 0.96, 1.06), TOO_NOISY),
        ((1.3, 1.01, 1.6), SLOWER),
        ((1.3, 0.99, 1.6), TOO_NOISY),
    ],
)
def test_the_verdict_is_that_of_the_interval(
    interval: tuple[float, float, float], verdict: str
) -> None:
    assert compare.verdict_of(*interval) == verdict


# --- what cannot be compared ----------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *folders: Path) -> str:
    assert main(["compare", *map(str, folders)]) == 1
    return capsys.readouterr().err


def test_what_cannot_be_compared_is_said(
    a: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "there is no folder 'nowhere'" in refused(capsys, a, Path("nowhere"))
    (tmp_path / "empty").mkdir()
    said = refused(capsys, tmp_path / "empty", a)
    assert f"there are no results in {str(tmp_path / 'empty')!r}: none of count.csv, " in said
    (tmp_path / "counted").mkdir()
    results.write_rows(tmp_path / "counted" / "count.csv", [Count(HEAP, "pop", 128, 1.0, 1)])
    assert "have no row in common" in refused(capsys, a, tmp_path / "counted")


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        (["compare"], "got none"),
        (["compare", "a"], "got 'a'"),
        (["compare", "a", "b", "c"], "got 'a' 'b' 'c'"),
        (["peers", "a", "b"], "got 'a' 'b'"),
    ],
)
def test_two_folders_are_asked_for(
    arguments: list[str], got: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert f"two folders are for compare, and only for it: {got}" in capsys.readouterr().err


def test_another_machine_or_python_is_said(a: Path, tmp_path: Path) -> None:
    b = write_races(tmp_path / "b", {RAW_HEAP: 100.0, HEAP: 300.0})
    about: dict[str, Any] = {"machine": {"cpu": "Z80", "cores": 1, "system": "CP/M"}, "python": "3"}
    (a / "run.json").write_text(json.dumps({"sweeps": {"peers": about}}))
    (b / "run.json").write_text(json.dumps({"sweeps": {"peers": about}}))
    assert "not the same" not in compare.text(a, b)
    other = {"machine": {**about["machine"], "cpu": "6502"}, "python": "4"}
    (b / "run.json").write_text(json.dumps({"sweeps": {"peers": other}}))
    said = compare.text(a, b)
    assert "peers: not the same machine: Z80, 1 cores, CP/M; 6502, 1 cores, CP/M" in said
    assert "peers: not the same Python: 3; 4" in said


def test_files_from_before_repeats_were_stored_are_named(a: Path, tmp_path: Path) -> None:
    b = write_races(tmp_path / "b", {RAW_HEAP: 100.0, HEAP: 300.0})
    lines = [line.rpartition(",")[0] for line in (b / "peers.csv").read_text().splitlines()]
    (b / "peers.csv").write_text("\n".join(lines) + "\n")
    said = compare.text(a, b)
    assert f"nothing can be said: {b / 'peers.csv'}." in said
    assert set(verdicts(a, b).values()) == {TOO_NOISY}
