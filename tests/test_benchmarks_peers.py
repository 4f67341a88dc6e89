"""``python -m benchmarks peers``: each peer gives the right order or says that it does not, each
table and picture is written, and what is missing or interrupted costs nothing else."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from matplotlib import pyplot as plt
from matplotlib.image import imread
from matplotlib.text import Text

from benchmarks.__main__ import main
from benchmarks.peers import check, field, plot, race, report, weigh
from benchmarks.peers.field import LIMIT, OURS, PEERS
from benchmarks.peers.interface import (
    BULK,
    CANCELLED,
    DELAYED,
    DISTINCT,
    LARGEST_IN,
    STEADY,
    STEADY_DISTINCT,
    TEN_LEVELS,
    WORKLOADS,
)
from benchmarks.peers.race import Race, Sample
from benchmarks.peers.standard import RawHeap
from benchmarks.style import styled
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP

ROOT = Path(__file__).parent.parent
TABLES = (report.CHECKS, report.RACES, report.WEIGHTS, report.IMPORTS)
NOT_QUITE_RIGHT = {"20-line scheduler": check.WRONG, "asyncio timers": check.ANY_TIES}


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- the order ------------------------------------------------------------------------------------


def test_all_peers_are_installed_where_the_tests_run():
    assert field.taking_part() == list(PEERS)


@pytest.mark.parametrize(
    ("name", "workload"),
    [(name, w) for name in PEERS for w in WORKLOADS if w not in PEERS[name].leaves_out],
)
def test_each_peer_gives_the_order_of_a_sorted_list_or_its_row_says_so(name, workload):
    # Where all keys differ there are no equals; delays are keys of time, the one thing that the
    # 20-line scheduler compares.
    distinct = (DISTINCT, STEADY_DISTINCT, DELAYED)
    right = (DELAYED,) if name == "20-line scheduler" else distinct
    wanted = check.RIGHT if workload in right else NOT_QUITE_RIGHT.get(name, check.RIGHT)
    assert check.order_of(name, workload, 192) == wanted


@pytest.mark.parametrize(
    "name", [p for p in PEERS if p in NOT_QUITE_RIGHT or PEERS[p].leaves_out or p == HEAP]
)
def test_the_check_of_a_peer_says_the_worst_that_was_found(name):
    (found,) = check.check(name)
    assert found.order == NOT_QUITE_RIGHT.get(name, check.RIGHT)
    for workload, reason in PEERS[name].leaves_out.items():
        assert f"{workload}: {reason}" in found.note


def test_a_peer_that_loses_or_repeats_a_task_is_found_out(monkeypatch):
    class Loses(RawHeap):
        def take(self, number):
            taken = super().take(number)
            taken[5] = taken[4]
            return taken

    monkeypatch.setitem(PEERS, RAW_HEAP, Loses)
    assert check.order_of(RAW_HEAP, TEN_LEVELS) == check.WRONG


def test_the_model_takes_what_is_there_when_it_is_asked():
    added_first = check.expected(STEADY, 64)
    taken_first = check.expected(STEADY, 64, take_first=True)
    assert (
        len(added_first) == len(taken_first) == len(race.new_rows(STEADY, 64)) == 5
    )  # the first is the warm-up
    gone = {race.rows_of(CANCELLED, 64)[i][1] for i in race.doomed(64)}
    assert len(gone) == 32
    assert not gone & {name for _, name in check.expected(CANCELLED, 64)}


# --- the race -------------------------------------------------------------------------------------


def test_the_most_urgent_level_does_not_run_out_in_the_steady_state():
    for n in (2**10, 2**14):
        keys = [key for key, _ in race.rows_of(TEN_LEVELS, n)]
        assert keys.count(1) > len(race.new_rows(STEADY, n))


def test_what_a_load_puts_off_is_not_timed_in_a_steady_state(monkeypatch):
    class PutsOff(RawHeap):
        """Takes a second for the first turn after a load."""

        def load(self, rows):
            super().load(rows)
            self.put_off = 10**9

        def add_and_take(self, rows):
            now.append(now[-1] + self.put_off + 100 * len(rows))
            self.put_off = 0
            return super().add_and_take(rows)

    now = [0]
    monkeypatch.setattr(race, "perf_counter_ns", lambda: now[-1])
    monkeypatch.setitem(PEERS, RAW_HEAP, PutsOff)
    (sample,) = race.play(RAW_HEAP, STEADY, 1024)
    assert sample.total_ns == 100
    assert now[-1] == 10**9 + 100 * (8 + 64)  # one pair of warm-up for eight that are timed


def test_each_repeat_runs_each_peer_once_in_another_order():
    labels = [step.label for step in race.steps(2**12, repeats=3)]
    for n in (2**10, 2**12):
        for workload in WORKLOADS:
            peers = race.contenders(workload, n)
            here = [x for x in labels if x.startswith(workload) and x.endswith(f"= {n:,}")]
            repeats = [here[i : i + len(peers)] for i in range(0, len(here), len(peers))]
            assert len(repeats) == 3
            assert all(sorted(repeat) == sorted(repeats[0]) for repeat in repeats)
    assert labels != [step.label for step in race.steps(2**12, repeats=3)]


def test_a_slow_peer_stops_early_and_the_raw_heap_and_ours_never_do():
    for workload in WORKLOADS:
        top = race.contenders(workload, 2**20)
        if workload in LARGEST_IN:
            assert top == []
            top = race.contenders(workload, LARGEST_IN[workload])
        assert {RAW_HEAP, HEAP, MULTILEVEL} <= set(top)
        assert "APScheduler" not in top
    assert {"sched.scheduler", "queue.PriorityQueue", "SortedList"} <= set(
        race.contenders(TEN_LEVELS, 2**20)
    )


def test_the_largest_size_is_repeated_first():
    order = race.rounds(2**18, 2, 2)
    assert order[:6] == [(n, number) for n in (2**10, 2**12, 2**14) for number in (0, 1)]
    assert order[6:] == [(n, number) for number in (0, 1) for n in (2**18, 2**16)]


def test_a_slow_machine_measures_each_size_and_repeats_less(monkeypatch):
    monkeypatch.setattr(race, "MANY", 2**10)
    monkeypatch.setattr(race, "play", lambda *what: [Sample(*what, 1.0, 1.0, 1.0)])
    steps = race.steps(2**10, repeats=3, patience=0.0)
    samples = [sample for step in steps for sample in step.run()]
    assert {s.number for s in samples} == {0}
    assert {s.workload for s in samples} == set(WORKLOADS)
    assert RAW_HEAP in {s.peer for s in samples}


@pytest.mark.parametrize(("minutes", "repeats"), [("0", 1), ("60", race.FEW_REPEATS)])
def test_large_sizes_are_repeated_for_as_many_minutes_as_are_given(
    minutes, repeats, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(race, "MANY", 2**10)
    monkeypatch.setattr(race, "play", lambda *what: [Sample(*what, 1.0, 1.0, 1.0)])
    monkeypatch.setattr("benchmarks.peers.plot.draw_all", lambda *_: [])
    sweep = ["--max-n", "1024", "--only", "peers", "--out", str(tmp_path)]
    assert main(["peers", "--minutes", minutes, *sweep]) == 0
    assert {row["repeats"] for row in rows(tmp_path / "peers.csv")} == {str(repeats)}
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("repeats ")]
    assert line.split()[1:] == [str(repeats)] * len(WORKLOADS)


def test_the_ratio_is_the_median_of_the_ratios_of_the_repeats():
    samples = []
    for number, (ours, raw) in enumerate([(10.0, 10.0), (20.0, 80.0), (30.0, 40.0)]):
        samples.append(Sample(RAW_HEAP, BULK, 64, number, raw / 2, raw / 2, 0))
        samples.append(Sample(HEAP, BULK, 64, number, ours / 4, 3 * ours / 4, 7))
    first, second = race.summary(samples)
    assert (first.peer, first.ratio) == (RAW_HEAP, 1.0)
    assert (second.peer, second.repeats, second.total_ns) == (HEAP, 3, 20.0)
    assert second.ratio == pytest.approx(0.75)  # of 1, 1/4 and 3/4; that of the medians is 1/2
    assert second.complete_ns == 7


def test_without_the_raw_heap_beside_it_a_time_has_no_ratio(tmp_path):
    (alone,) = race.summary([Sample(HEAP, BULK, 1024, 0, 1, 2, 3)])
    assert alone.ratio != alone.ratio
    found = report.PeerResults([], [alone], [], [])
    assert found.ratio(BULK, HEAP) is None
    assert json.loads(json.dumps(report.findings(found), allow_nan=False))
    assert plot.draw_all(found, tmp_path) == []


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A folder that ``peers --quick`` has filled, and what it printed."""
    folder = tmp_path_factory.mktemp("peers")
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-m", "benchmarks", "peers", "--quick",
         "--max-n", "1024", "--out", str(folder)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


def test_the_command_writes_a_row_for_each_peer_and_workload(quick):
    folder, _ = quick
    assert [row["peer"] for row in rows(folder / "peer_checks.csv")] == list(PEERS)
    raced = {(row["peer"], row["workload"]) for row in rows(folder / "peers.csv")}
    assert raced == {(name, w) for w in WORKLOADS for name in race.contenders(w, 1024)}
    for row in rows(folder / "peers.csv"):
        assert 0 < float(row["q1_ns"]) <= float(row["total_ns"]) <= float(row["q3_ns"])
        assert float(row["ratio"]) > 0
    weighed = {row["peer"]: float(row["traced_bytes"]) for row in rows(folder / "peer_memory.csv")}
    assert list(weighed) == list(PEERS)
    assert 60 < weighed[RAW_HEAP] < 200
    (imported,) = rows(folder / "imports.csv")
    assert (imported["module"], imported["runs"]) == ("sched", "3")


def test_the_command_prints_the_tables_and_stores_the_verdicts(quick):
    folder, done = quick
    for said in (
        "times raw heapq at n = 1,024",
        *PEERS,
        *WORKLOADS,
        "cannot cancel",
        "ms",
        "wrong",
    ):
        assert said in done.stdout
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert set(run["sweeps"]) == set(TABLES)
    found = run["findings"]["peers"]
    assert found["ratios_to_raw_heapq"][BULK][RAW_HEAP] == {"n": 1024, "ratio": 1.0}
    assert {f["figure"] for f in found["figures"]} >= {
        "import sched, beyond import queue",
        f"{HEAP}: complete, to raw heapq's push + pop",
        f"{MULTILEVEL}: add_tasks, to as many add_task",
    }


def test_the_command_leaves_what_is_beside_the_peers_alone(quick, tmp_path, monkeypatch):
    for path in quick[0].glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "run.json").write_text('{"findings": {"fits": ["kept"]}}')
    assert main(["peers", "--only", "plot", "--out", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["findings"]
    assert kept["fits"] == ["kept"]
    assert kept["peers"]["largest_n"] == 1024
    for picture in ("peers.png", "peers_narrow.png"):
        assert imread(tmp_path / picture).shape[1] > 600


def test_a_peer_that_is_not_installed_is_named_and_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(field, "find_spec", lambda package: package != "simpy" or None)
    monkeypatch.setattr("benchmarks.peers.plot.draw_all", lambda *_: [])
    for name in {*PEERS} - {RAW_HEAP, HEAP, "simpy"}:
        monkeypatch.delitem(PEERS, name)
    only = ["--only", "peer_checks", "--only", "peers"]
    assert main(["peers", "--quick", "--max-n", "1024", *only, "--out", str(tmp_path)]) == 0
    (missing,) = [row for row in rows(tmp_path / "peer_checks.csv") if row["peer"] == "simpy"]
    assert missing["order"] == check.MISSING
    assert "install simpy" in missing["note"]
    assert "simpy" not in {row["peer"] for row in rows(tmp_path / "peers.csv")}
    assert "not installed" in capsys.readouterr().out


def test_ctrl_c_keeps_what_is_raced(tmp_path, monkeypatch, capsys):
    played: list[tuple[str, str]] = []
    play = race.play

    def interrupted(name, workload, n, number=0, seen=None):
        if len(played) == 20:
            raise KeyboardInterrupt
        played.append((name, workload))
        return play(name, workload, n, number, seen)

    monkeypatch.setattr(race, "play", interrupted)
    monkeypatch.setattr("benchmarks.peers.plot.draw_all", lambda *_: [])
    only = ["--only", "peers", "--only", "imports"]
    assert main(["peers", "--max-n", "1024", *only, "--out", str(tmp_path)]) == 130
    kept = {(row["peer"], row["workload"]) for row in rows(tmp_path / "peers.csv")}
    assert kept == set(played)
    assert not (tmp_path / "imports.csv").exists()
    assert "Interrupted during peers: what was measured is kept." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pears"], "argument command: invalid choice: 'pears'"),
        (["peers", "--minutes", "ten"], "--minutes: must be a number from 0, got 'ten'"),
        (["peers", "--minutes", "-1"], "--minutes: must be a number from 0, got '-1'"),
        (["peers", "--minutes", "nan"], "--minutes: must be a number from 0, got 'nan'"),
        (["peers", "--max-n", "12"], "--max-n: must be an int from 1024 to 16777216, got '12'"),
        (["peers", "--only", "everything"], "--only: invalid choice: 'everything'"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


# --- the pictures and figures ---------------------------------------------------------------------


def invented(ratio=0.5, sizes=(1024, 4096)):
    """Results in which everything takes as many times the raw heap as this, ours and others."""
    races = [
        Race(name, w, n, 3, 40.0, 60.0, 25.0, 100.0, 90.0, 110.0, 1 if name == RAW_HEAP else ratio)
        for w in WORKLOADS
        for name in (RAW_HEAP, LIMIT, *OURS, "SortedList")
        for n in sizes
    ]
    return report.PeerResults([], races, [], [])


def test_the_titles_are_computed_from_the_results():
    figure = plot.dots(invented(0.62))
    assert "n = 4,096" in figure.get_suptitle()
    assert "10 levels: levels 0.62 ×, heap 0.62 ×" in figure.get_suptitle()
    plt.close(figure)
    for ratio, said in ((0.62, "cost less from n = 1,024 on"), (1.4, "cost more at every n")):
        figure = plot.over_n(invented(ratio))
        assert said in figure.get_suptitle()
        plt.close(figure)


@pytest.mark.parametrize(("narrow", "across", "pixels"), [(False, 3, 720), (True, 1, 358)])
def test_all_workloads_are_shown_in_letters_that_can_be_read(narrow, across, pixels):
    """On a page of the site, and on a phone: no letter is smaller than 11 pixels."""
    with styled():
        figure = plot.dots(invented(), narrow=narrow)
        figure.canvas.draw()
    shown = [axis for axis in figure.axes if axis.get_title(loc="left")]
    assert [axis.get_title(loc="left") for axis in shown] == list(WORKLOADS)
    assert len({round(axis.get_position().x0, 2) for axis in shown}) == across
    sizes = [
        float(t.get_fontsize()) for t in figure.findobj(Text) if t.get_text() and t.get_visible()
    ]
    assert min(sizes) / 72 * pixels / figure.get_figwidth() >= 11
    first, *others = [[t.get_text() for t in axis.texts] for axis in shown]
    assert first.count("0.50") == 5
    assert all(len(texts) == len(first) for texts in others)
    plt.close(figure)


def test_a_peer_that_stopped_early_says_where_and_lends_no_verdict():
    found = invented()
    found = replace(found, races=[r for r in found.races if r.peer != HEAP or r.n == 1024])
    assert found.ratio(TEN_LEVELS, HEAP) is None
    assert "heap" not in plot.verdict(found).split("\n")[1]
    assert "0.50 (2^10)" in report.table(found)


def test_the_figures_are_those_of_the_tables():
    values = {name: value for name, _, value in report.figures(invented())}
    assert values[f"{HEAP}: complete, to raw heapq's push + pop"] == 0.25
    assert values[f"{HEAP}: add_tasks, to as many add_task"] == 1.0


def test_nothing_in_a_plot_is_cut_off(quick):
    found = report.read(quick[0])
    with styled():
        for draw, results in (
            (plot.dots, found),
            (plot.dots, invented()),
            (partial(plot.dots, narrow=True), invented()),
            (plot.over_n, invented()),
        ):
            figure = draw(results)
            figure.canvas.draw()
            box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
            assert min(box.x0, box.y0) >= 0
            assert box.x1 <= width
            assert box.y1 <= height
            plt.close(figure)


def test_a_process_of_its_own_is_weighed_where_the_system_tells(monkeypatch):
    if weigh.STATM.exists():
        (weight,) = weigh.weigh(RAW_HEAP, TEN_LEVELS, 1024, 2**15)
        assert 60 < weight.rss_bytes < 200
    monkeypatch.setattr(weigh, "STATM", Path("nowhere"))
    (weight,) = weigh.weigh(RAW_HEAP, TEN_LEVELS, 1024, 2**15)
    assert weight.rss_bytes != weight.rss_bytes
    assert "-" in report.table(report.PeerResults([], [], [weight], []))
