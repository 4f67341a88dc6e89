"""A size that the machine disturbed is measured again, or marked, and nothing else is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt

from benchmarks import drain, measure, plot, report, results, sweep
from benchmarks.__main__ import main
from benchmarks.count import Count
from benchmarks.peers import plot as peer_plot
from benchmarks.peers import race
from benchmarks.peers import report as peer_report
from benchmarks.peers.interface import STEADY, TEN_LEVELS
from benchmarks.peers.race import Race, Sample
from benchmarks.repeats import Cost, disturbed, packed, unpacked
from benchmarks.style import RINGED, styled
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP
from benchmarks.sweep import Step

# Medians and quartiles as a stored run had them: of the heap at ten levels, where something else
# ran at 65,536 tasks, and of the raw heap beside it, whose cost rises by itself.
DISTURBED_HEAP = [
    Cost(2**10, 2531.12, 2479.17, 2555.06),
    Cost(2**12, 2660.66, 2639.68, 2662.84),
    Cost(2**14, 3077.75, 3062.88, 3125.27),
    Cost(2**16, 5254.40, 4961.96, 5869.58),
    Cost(2**18, 4404.53, 4228.57, 4765.40),
    Cost(2**20, 5109.22, 4737.03, 5316.81),
]
RISING_HEAP = [
    Cost(2**14, 682.669, 670.55, 688.034),
    Cost(2**16, 1348.95, 1230.22, 1379.89),
    Cost(2**18, 1992.16, 1927.28, 1994.96),
]


def curve(*medians: float, spread: float = 0.01) -> list[Cost]:
    return [
        Cost(2**i, ns, ns * (1 - spread), ns * (1 + spread)) for i, ns in enumerate(medians, 10)
    ]


# --- what is disturbed ----------------------------------------------------------------------------


def test_the_peak_of_a_stored_run_is_found_and_its_rise_is_none() -> None:
    assert disturbed(DISTURBED_HEAP) == {2**16}
    assert disturbed(reversed(DISTURBED_HEAP)) == {2**16}
    assert disturbed(RISING_HEAP) == set()


def test_a_peak_must_stand_out_on_both_sides_and_beyond_the_spread() -> None:
    assert disturbed(curve(100, 130, 100)) == {2**11}
    assert disturbed(curve(100, 130, 140)) == set()  # it rises
    assert disturbed(curve(140, 130, 100)) == set()  # it falls
    assert disturbed(curve(130, 100, 130)) == set()  # a valley is nobody's disturbance
    assert disturbed(curve(100, 104, 100, spread=0)) == set()  # too little to look for a reason
    assert disturbed(curve(100, 130, 100, spread=0.2)) == set()  # the repeats differ as much
    assert disturbed(curve(100, 130, 100, 90, 140, 80)) == {2**11, 2**14}


def test_the_first_and_the_last_size_are_not_judged() -> None:
    assert disturbed(curve(130, 100, 100)) == disturbed(curve(100, 100, 130)) == set()
    assert disturbed(curve(100, 130)) == disturbed([]) == set()


# --- stored ---------------------------------------------------------------------------------------


def test_repeats_survive_being_stored_and_keep_their_numbers() -> None:
    assert packed([(3, 12.5), (0, 1 / 3), (1, 4e9)]) == "0.333333 4e+09 - 12.5"
    values = unpacked("0.333333 4e+09 - 12.5")
    assert values[:2] == [0.333333, 4e9]
    assert values[2] != values[2]
    assert values[3] == 12.5
    assert unpacked("") == []


def samples(costs: dict[str, list[float]], repeats: int = 3, start: int = 0) -> list[Sample]:
    """A race at ten levels in which each peer costs what is said at 2**10, 2**12, ..."""
    return [
        Sample(peer, TEN_LEVELS, 2 ** (10 + 2 * i), number, ns / 4, 3 * ns / 4, 1.0)
        for peer, curve in costs.items()
        for i, ns in enumerate(curve)
        for number in range(start, start + repeats)
    ]


PEAK = {RAW_HEAP: [100.0] * 3, HEAP: [200.0, 300.0, 200.0], MULTILEVEL: [150.0] * 3}


def test_each_summary_stores_its_repeats_and_marks_its_peaks(tmp_path: Path) -> None:
    races = race.summary(samples(PEAK))
    assert [(r.peer, r.n) for r in races if r.disturbed] == [(HEAP, 2**12)]
    assert {r.samples for r in races if r.peer == MULTILEVEL} == {"150 150 150"}
    times = measure.summary(
        measure.Sample("q", operation, n, number, 8, ns)
        for operation, n, ns in (
            *(("add", n, 5.0) for n in (128, 256, 512)),
            *(("take", n, ns) for n, ns in ((128, 5.0), (256, 9.0), (512, 5.0))),
        )
        for number in range(4)
    )
    assert [(t.operation, t.n) for t in times if t.disturbed] == [("take", 256)]
    assert times[0].samples == "5 5 5 5"
    drained = drain.summary(
        drain.Drain("q", n, number, 2.0, ns)
        for n, ns in ((1, 2), (2, 8), (4, 2))
        for number in (0, 2)
    )
    assert [t.n for t in drained if t.disturbed] == [2]
    assert drained[1].samples == "10 - 10"
    results.write_rows(tmp_path / "peers.csv", races)
    assert results.read_rows(tmp_path / "peers.csv", Race) == races


def test_a_file_from_before_these_columns_is_still_read(tmp_path: Path) -> None:
    (tmp_path / "drain.csv").write_text(
        "queue,n,repeats,fill_ns,drain_ns,total_ns,q1_ns,q3_ns\nq,256,9,1,2,3,3,3\n"
    )
    (row,) = results.read_rows(tmp_path / "drain.csv", drain.DrainTime)
    assert (row.total_ns, row.disturbed, row.samples) == (3.0, 0, "")


# --- measured again -------------------------------------------------------------------------------


def labels(steps: Any) -> list[str]:
    return sorted({step.label for step in steps})


def test_what_is_disturbed_is_measured_again_beside_the_raw_heap() -> None:
    before = samples(PEAK, repeats=5)
    kept, steps = race.again(before)
    assert labels(steps) == [
        f"again, {TEN_LEVELS}, {HEAP}, n = 4,096",
        f"again, {TEN_LEVELS}, {RAW_HEAP}, n = 4,096",
    ]
    assert len(steps) == 2 * 5
    assert len(kept) == len(before) - 5
    assert not [s for s in kept if s.peer == HEAP and s.n == 2**12]
    # New repeats have new numbers: each is paired with the raw heap that ran beside it.
    fresh = [
        Sample(peer, TEN_LEVELS, 2**12, number, ns / 2, ns / 2, 1.0)
        for number in range(5, 10)
        for peer, ns in ((RAW_HEAP, 400.0), (HEAP, 200.0))
    ]
    races = {(r.peer, r.n): r for r in race.summary([*kept, *fresh])}
    assert races[HEAP, 2**12].ratio == 0.5
    assert races[HEAP, 2**12].samples == "- - - - - 200 200 200 200 200"
    assert races[MULTILEVEL, 2**12].ratio == 1.5
    assert race.again([*kept, *fresh[1::2]])[1] == []  # all is well


def test_where_the_raw_heap_is_disturbed_all_of_that_size_is_measured_again() -> None:
    kept, steps = race.again(samples({**PEAK, RAW_HEAP: [100.0, 140.0, 100.0]}))
    assert len(labels(steps)) == 3
    assert {s.n for s in kept} == {2**10, 2**14}


def test_a_size_that_was_measured_once_is_measured_again_three_times() -> None:
    _, steps = race.again(samples(PEAK, repeats=1))
    assert len(steps) == 2 * 3


@pytest.mark.parametrize("sweep_of", ["measure", "drain"])
def test_the_other_sweeps_measure_again_what_is_disturbed(sweep_of: str) -> None:
    sizes = {128: 1.0, 256: 2.0, 512: 1.0}
    if sweep_of == "measure":
        many = [
            measure.Sample(q, "take", n, i, 8, ns if q == HEAP else 1.0)
            for q in (HEAP, RAW_HEAP, MULTILEVEL) for n, ns in sizes.items() for i in range(9)
        ]  # fmt: skip
        kept, steps = measure.again(many)
    else:
        drains = [
            drain.Drain(q, n, i, 0.0, ns if q == HEAP else 1.0)
            for q in (HEAP, RAW_HEAP, MULTILEVEL) for n, ns in sizes.items() for i in range(9)
        ]  # fmt: skip
        kept, steps = drain.again(drains)
    assert labels(steps) == [f"again, {HEAP}, n = 256", f"again, {RAW_HEAP}, n = 256"]
    assert len(steps) == 2 * 9
    assert len(kept) == 8 * 9
    (row, *_) = steps[0].run()
    assert row.number >= 9


def test_a_disturbance_that_passes_leaves_no_mark_and_one_that_stays_does() -> None:
    def settled(then: float) -> tuple[list[Sample], int]:
        rows, asked = samples(PEAK), []

        def again(now: list[Any]) -> tuple[list[Any], list[Step]]:
            kept, steps = race.again(now)
            asked.append(len(steps))
            top = max((s.number for s in now), default=0) + 1
            fresh = samples({HEAP: [0, then, 0]}, start=top)[3:6]
            fresh += samples({RAW_HEAP: [0, 100.0, 0]}, start=top)[3:6]
            return kept, [Step("again", 1, lambda: fresh)] if steps else []

        sweep.settle("peers", rows, again, 3)
        return rows, len(asked)

    rows, asked = settled(then=200.0)
    assert asked == 2  # the second finds nothing to do
    assert not any(r.disturbed for r in race.summary(rows))
    assert [s.total_ns for s in rows if s.peer == HEAP and s.n == 2**12] == [200.0] * 3
    rows, asked = settled(then=300.0)
    assert asked == 3  # and no more
    assert [(r.peer, r.n) for r in race.summary(rows) if r.disturbed] == [(HEAP, 2**12)]


def test_ctrl_c_while_measuring_again_keeps_what_was_measured_and_marks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(peer: str, workload: str, n: int, number: int = 0) -> list[Sample]:
        if number >= 5:
            raise KeyboardInterrupt
        ns = 200.0 if (peer, workload, n) == (HEAP, STEADY, 2**12) else 100.0
        return [Sample(peer, workload, n, number, ns, 0.0, 0.0)]

    monkeypatch.setattr(race, "play", play)
    monkeypatch.setattr("benchmarks.peers.plot.draw_all", lambda *_: [])
    only = ["--only", "peers", "--max-n", str(2**14), "--out", str(tmp_path)]
    assert main(["peers", *only]) == 130
    marked = [r for r in results.read_rows(tmp_path / "peers.csv", Race) if r.disturbed]
    assert [(r.peer, r.workload, r.n, r.repeats) for r in marked] == [(HEAP, STEADY, 2**12, 5)]


# --- said -----------------------------------------------------------------------------------------


def found_with(races: list[Race]) -> peer_report.PeerResults:
    return peer_report.PeerResults([], races, [], [])


def test_tables_say_what_is_disturbed_and_star_what_rests_on_it() -> None:
    found = found_with(race.summary(samples(PEAK)))
    text = peer_report.table(found)
    assert f"{HEAP}, {TEN_LEVELS}  4,096  300" in text
    assert "costs more than the sizes on both sides" in text
    assert " *" not in text.split("disturbed *")[0]  # at the largest n all is well
    found = found_with([r for r in found.races if r.peer != HEAP or r.n < 2**14])
    assert "3.00 (2^12) *" in peer_report.table(found)
    assert "disturbed" not in peer_report.table(
        found_with(race.summary(samples({HEAP: [1.0] * 3})))
    )


@pytest.fixture
def in_style() -> Iterator[None]:
    with styled():
        yield


def rings(figure: Any) -> list[tuple[float, ...]]:
    drawn = [
        tuple(line.get_xdata())
        for axis in figure.axes for line in axis.get_lines() if line.get_gid() == RINGED
    ]  # fmt: skip
    said = RINGED in str(figure.get_supxlabel()).replace("\n", " ")
    figure.canvas.draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0 and box.x1 <= width and box.y1 <= height  # nothing is cut off
    assert said is bool(drawn)
    plt.close(figure)
    return drawn


@pytest.mark.usefixtures("in_style")
def test_lines_of_peers_are_ringed_where_they_or_the_raw_heap_are_disturbed() -> None:
    races = race.summary(samples(PEAK))
    assert rings(peer_plot.over_n(found_with(races))) == [(2**12,)]
    assert rings(peer_plot.over_n(found_with([replace(r, disturbed=0) for r in races]))) == []
    raw = race.summary(samples({**PEAK, RAW_HEAP: [100.0, 200.0, 100.0]}))
    assert rings(peer_plot.over_n(found_with(raw))) == [(2**12,)] * 2  # both ratios rest on it


def test_a_disturbed_size_is_no_reason_to_say_from_where_on_the_levels_cost_less() -> None:
    costs = {RAW_HEAP: [100.0, 400.0, 100.0, 100.0], MULTILEVEL: [150.0, 150.0, 90.0, 90.0]}
    figure = peer_plot.over_n(found_with(race.summary(samples(costs))))
    assert "cost less from n = 16,384 on" in figure.get_suptitle()
    plt.close(figure)


@pytest.mark.usefixtures("in_style")
def test_times_and_ratios_are_ringed_and_listed() -> None:
    times = [
        measure.Time(queue, "add", n, 8, 9, ns, ns, ns, disturbed=int(ns == 9.0))
        for queue in (HEAP, RAW_HEAP)
        for n, ns in ((128, 5.0), (256, 9.0 if queue == HEAP else 5.0), (512, 5.0))
    ]
    found = results.Results([], times, [], [], {})
    assert rings(plot.wall(found)) == rings(plot.ratio(found)) == [(256,)]
    assert f"{HEAP}, add  256   9" in report.table(found)
    swapped = [replace(t, queue=RAW_HEAP if t.queue == HEAP else HEAP) for t in times]
    assert rings(plot.ratio(replace(found, times=swapped))) == [(256,)]  # the ratio rests on it
    counts = [Count(RAW_HEAP, "pop", n, 5.0, 1) for n in (128, 256, 512)]
    counts += [replace(count, subject=HEAP) for count in counts]
    takes = [replace(t, operation="take") for t in times]
    taken = replace(found, counts=counts, times=takes)
    assert rings(plot.comparison_time(taken)) == [(256,)]  # the narrowest
    calm = replace(found, times=[replace(t, disturbed=0) for t in times])
    assert rings(plot.wall(calm)) == rings(plot.ratio(calm)) == []
    assert "disturbed" not in report.table(calm)


def test_the_stored_results_are_marked_by_the_rule() -> None:
    folder = Path(__file__).parent.parent / "benchmarks" / "results"
    races = results.read_rows(folder / "peers.csv", Race)
    assert races
    for workload, peer in {(r.workload, r.peer) for r in races}:
        own = [r for r in races if (r.workload, r.peer) == (workload, peer)]
        peaks = disturbed(Cost(r.n, r.total_ns, r.q1_ns, r.q3_ns) for r in own)
        assert {r.n for r in own if r.disturbed} == peaks
