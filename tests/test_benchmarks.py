"""``python -m benchmarks``, end to end: files, plots, verdicts, bad arguments, Ctrl-C."""

import ast
import csv
import gc
import getpass
import json
import os
import platform
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib import pyplot as plt
from matplotlib.image import imread

from benchmarks import drain, machine, measure, plot, report, results, style
from benchmarks.__main__ import main
from benchmarks.count import Count
from benchmarks.subjects import (
    HEAP,
    NAIVE,
    QUEUES,
    RAW_HEAP,
    SCHEDULERS,
    RawHeap,
    sizes,
)

ROOT = Path(__file__).parent.parent
NARROW = "counts_narrow.png"  # on a phone
PLOTS = ("counts.png", "counts_log.png", "wall.png", "comparison_time.png", "ratio.png", NARROW)
SPREAD = ["median_ns", "q1_ns", "q3_ns"]
STORED = ["disturbed", "samples"]
COLUMNS = {
    "count.csv": ["subject", "operation", "n", "comparisons", "operations"],
    "measure.csv": ["queue", "operation", "n", "operations", "rounds", *SPREAD, *STORED],
    "drain.csv": ["queue", "n", "repeats", "fill_ns", "drain_ns", "total_ns", *SPREAD[1:], *STORED],
    "memory.csv": ["queue", "state", "n", "bytes_per_task"],
}


def command(*arguments):
    # A warning of matplotlib's, say of a sign that the font lacks, would spoil a plot.
    return [sys.executable, "-W", "error::UserWarning", "-m", "benchmarks", *arguments]


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A folder that ``--quick`` has filled, and what it printed."""
    folder = tmp_path_factory.mktemp("quick")
    done = subprocess.run(
        command("--quick", "--out", str(folder)),
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done


def test_quick_writes_every_table_with_every_queue_and_size(quick):
    folder, _ = quick
    for name, columns in COLUMNS.items():
        table = rows(folder / name)
        assert list(table[0]) == columns
        cost = next(c for c in ("comparisons", "q3_ns", "bytes_per_task") if c in columns)
        assert all(float(row[cost]) >= 0 for row in table)
        for row in table if "samples" in columns else []:
            repeats = [value for value in row["samples"].split() if value != "-"]
            assert len(repeats) == int(row["rounds" if "rounds" in row else "repeats"])
    n = {str(size) for size in sizes(2**14)}
    assert {row["n"] for row in rows(folder / "count.csv")} == n
    measured = rows(folder / "measure.csv")
    assert {(r["queue"], r["operation"], r["n"]) for r in measured} == {
        (queue, operation, size)
        for queue in [*QUEUES, measure.GC_ON]
        for operation in ("add", "take")
        for size in n
    }
    assert all(
        0 < float(r["q1_ns"]) <= float(r["median_ns"]) <= float(r["q3_ns"]) for r in measured
    )
    assert {row["queue"] for row in rows(folder / "drain.csv")} == set(drain.DRAINED)
    assert {(row["queue"], row["state"]) for row in rows(folder / "memory.csv")} == {
        *((queue, "ready") for queue in QUEUES),
        *((name, "delayed") for name in SCHEDULERS),
    }


def test_quick_draws_every_plot(quick):
    folder, done = quick
    for name in PLOTS:
        picture = imread(folder / name)
        height, width = picture.shape[:2]
        assert (500 < width < 700 and height > width) if name == NARROW else width > 1000
        assert height > 500
        assert (picture[0, 0, :3] == 1).all()  # opaque and light, on a dark page too
        inked = (picture[:, :, :3].min(axis=2) < 0.8).mean()
        assert 0.01 < inked < 0.5
        assert str(folder / name) in done.stdout


def test_quick_prints_what_it_found_and_shows_its_progress(quick):
    _, done = quick
    for said in (
        "1.64 n",  # 1.65 on more copies, without --quick
        "n log n",
        "bytes per task",
        "to raw heapq",
        "runner-up",
        "fill + drain",
    ):
        assert said in done.stdout
    for sweep in ("count", "measure", "drain", "memory", "dispatch"):
        assert f"{sweep:<8} 100 %" in done.stderr


def test_the_run_is_described_and_names_nobody(quick):
    folder, _ = quick
    text = (folder / "run.json").read_text(encoding="utf-8")
    run = json.loads(text)
    assert set(run["sweeps"]) == {"count", "measure", "drain", "memory", "dispatch"}
    for about in run["sweeps"].values():
        assert about["complete"] is True
        assert about["arguments"] == {"max_n": 2**14, "quick": True}
        assert about["machine"]["cpu"]
        assert platform.python_version() in about["python"]
        assert about["libraries"]["numpy"]
        assert about["date"].endswith("+00:00")
    everything = text + "".join((folder / name).read_text(encoding="utf-8") for name in COLUMNS)
    assert str(ROOT) not in everything
    assert str(Path.home()) + os.sep not in everything
    assert str(folder) not in everything
    for private in (platform.node(), getpass.getuser()):
        if len(private) > 4:  # a user called "root" or "me" is in other words too
            assert private not in everything


def test_the_findings_are_those_of_the_tables(quick):
    folder, _ = quick
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    fits = {(f["subject"], f["operation"]): f for f in run["findings"]["fits"]}
    assert fits[HEAP, "pop"]["class"] == "log n"
    assert fits[NAIVE, "pop"]["class"] == "n log n"
    table = {
        (r["queue"], r["operation"], r["n"]): float(r["median_ns"])
        for r in rows(folder / "measure.csv")
    }
    wall = {(w["queue"], w["operation"]): w for w in run["findings"]["wall"]}
    for queue in QUEUES:
        ratio = wall[queue, "take"]["ratios_to_raw_heapq"]["1024"]
        expected = table[queue, "take", "1024"] / table[RAW_HEAP, "take", "1024"]
        assert ratio == pytest.approx(expected)


def test_nothing_in_a_plot_is_cut_off(quick):
    found = results.read(quick[0])
    with style.styled():
        for name, draw in plot.FIGURES.items():
            figure = draw(found)
            figure.canvas.draw()
            box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
            assert box.x0 >= 0, name
            assert box.y0 >= 0, name
            assert box.x1 <= width, name
            assert box.y1 <= height, name
            plt.close(figure)


def test_only_plot_draws_a_folder_again_and_measures_nothing(quick, tmp_path, capsys):
    for name in (*COLUMNS, "run.json"):
        (tmp_path / name).write_bytes((quick[0] / name).read_bytes())
    assert main(["--only", "plot", "--out", str(tmp_path)]) == 0
    assert all((tmp_path / name).exists() for name in PLOTS)
    for name in COLUMNS:
        assert (tmp_path / name).read_bytes() == (quick[0] / name).read_bytes()
    assert "100 %" not in capsys.readouterr().err


@pytest.fixture
def no_plots(monkeypatch):
    """For tests that are about tables: drawing takes longer than they do."""
    monkeypatch.setattr("benchmarks.plot.draw_all", lambda *_: [])


@pytest.mark.usefixtures("no_plots")
def test_one_sweep_alone_replaces_its_own_results_and_no_others(quick, tmp_path):
    for name in ("measure.csv", "count.csv", "run.json"):
        (tmp_path / name).write_bytes((quick[0] / name).read_bytes())
    assert main(["--only", "count", "--max-n", "1024", "--out", str(tmp_path)]) == 0
    assert {row["n"] for row in rows(tmp_path / "count.csv")} == {"128", "256", "512", "1024"}
    assert (tmp_path / "measure.csv").read_bytes() == (quick[0] / "measure.csv").read_bytes()
    swept = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["sweeps"]
    assert swept["count"]["arguments"] == {"max_n": 1024, "quick": False}
    assert swept["measure"]["arguments"] == {"max_n": 2**14, "quick": True}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_keeps_what_is_counted(tmp_path):
    process = subprocess.Popen(
        command("--only", "count", "--out", str(tmp_path)),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert process.stderr is not None
    seen = ""
    while "n = 4,096" not in seen:  # the sizes below it are counted by then
        read = process.stderr.read(1)
        assert read, seen
        seen += read
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert "Interrupted during count: what was measured is kept." in err
    assert "Traceback" not in err
    kept = {int(row["n"]) for row in rows(tmp_path / "count.csv")}
    assert {128, 256, 512, 1024, 2048} <= kept
    assert max(kept) < 2**20
    swept = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["sweeps"]
    assert swept["count"]["complete"] is False
    assert "log₂ n" in out
    assert (tmp_path / "counts.png").stat().st_size > 10_000


@pytest.mark.usefixtures("no_plots")
def test_ctrl_c_before_anything_is_measured_loses_no_older_results(tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    assert main(["--only", "count", "--max-n", "1024", "--out", str(tmp_path)]) == 0
    before = (tmp_path / "count.csv").read_bytes()
    monkeypatch.setattr("benchmarks.count.count_at", interrupted)
    assert main(["--only", "count", "--max-n", "1024", "--out", str(tmp_path)]) == 130
    assert (tmp_path / "count.csv").read_bytes() == before
    assert "Interrupted during count" in capsys.readouterr().err


def test_collection_is_on_again_after_an_interrupted_sweep(tmp_path, monkeypatch):
    def interrupted(*_):
        assert not gc.isenabled()
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmarks.measure.sample", interrupted)
    assert gc.isenabled()
    assert main(["--only", "measure", "--max-n", "1024", "--out", str(tmp_path)]) == 130
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-n", "many"], "--max-n: must be an int from 1024 to 16777216, got 'many'"),
        (["--max-n", "512"], "--max-n: must be an int from 1024 to 16777216, got '512'"),
        (["--max-n", "-1"], "--max-n: must be an int from 1024 to 16777216, got '-1'"),
        (["--max-n", "1e6"], "--max-n: must be an int from 1024 to 16777216, got '1e6'"),
        (["--only", "everything"], "--only: invalid choice: 'everything'"),
        (["--out", "FILE"], "--out: must be a folder, got 'FILE'"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("in the way")
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_results_is_not_plotted(tmp_path, capsys):
    assert main(["--only", "plot", "--out", str(tmp_path)]) == 1
    assert "no results" in capsys.readouterr().err


def invented(heap, naive):
    """Results in which a take costs what these two functions say."""
    n = sizes(2**14)
    counts = [
        Count(s, "pop", i, cost(i), 1) for s, cost in ((HEAP, heap), (NAIVE, naive)) for i in n
    ]
    times = [
        measure.Time(queue, "take", i, 1, 9, cost(i), cost(i), cost(i))
        for queue, cost in ((HEAP, heap), (NAIVE, naive), (RAW_HEAP, float))
        for i in n
    ]
    return results.Results(counts, times, [], [], {})


def titles(figure):
    text = figure.get_suptitle() or figure.axes[0].get_title()
    plt.close(figure)
    return text


def test_the_title_of_each_plot_is_computed_from_the_results():
    found = invented(heap=lambda n: 3.0 * n, naive=lambda n: 5.0)
    assert "class n from a heap, 1 from the naive sort" in titles(plot.counts(found))
    assert "49,152 and 5" in titles(plot.counts(found))
    found = invented(heap=lambda n: 2.0 * n.bit_length(), naive=lambda n: 8.0 * n)
    assert "2.00 comparisons more for a take from a heap: class log n" in titles(
        plot.counts_log(found)
    )
    assert "4,369 times as long" in titles(plot.wall(found))
    assert "1.5 ns at n = 128" not in titles(plot.comparison_time(found))
    assert "8 ns at n = 128, 546 ns at 16,384" in titles(plot.comparison_time(found))
    assert "take 0.00183 ×" in titles(plot.ratio(found))


def test_the_slope_says_no_more_than_it_can():
    def curve(cost, largest=2**20):
        n = sizes(largest)
        return report.Curve(HEAP, "take", n, [cost(i) for i in n], [], [], {})

    assert curve(lambda n: 100.0 + n.bit_length()).group == report.HARDLY_GROWS
    assert curve(lambda n: 1000.0 + n).group == report.GROWS
    assert curve(lambda n: float(n * n.bit_length())).group == report.GROWS
    assert curve(lambda n: float(n) ** 0.7).group == report.UNCLEAR
    assert curve(lambda n: 100.0, largest=2**14).group == report.UNCLEAR  # it may be about to rise


def test_caches_that_the_system_does_not_tell_are_said_to_be_left_out():
    found = invented(heap=lambda n: 2.0 * n.bit_length(), naive=lambda n: 8.0 * n)
    figure = plot.comparison_time(found)
    assert "caches are not marked" in figure.axes[0].get_xlabel()
    plt.close(figure)
    told = {"sweeps": {"measure": {"machine": {"caches": {"L1": 2**16, "L9": 2**60}}}}}
    figure = plot.comparison_time(replace(found, run=told))
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "L1 full\n(64 KiB)" in words
    assert "L9" not in words  # beyond every size that was measured
    plt.close(figure)


def test_the_caches_are_read_from_the_system(tmp_path):
    for i, (level, kind, size) in enumerate(
        [
            (1, "Data", "48K"),
            (1, "Instruction", "32K"),
            (2, "Unified", "1280K"),
            (3, "Unified", "48M"),
        ]
    ):
        (tmp_path / f"index{i}").mkdir()
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (tmp_path / f"index{i}" / name).write_text(f"{value}\n")
    assert machine.caches(tmp_path) == {"L1": 48 * 2**10, "L2": 1280 * 2**10, "L3": 48 * 2**20}
    assert machine.caches(tmp_path / "nowhere") == {}


def test_no_benchmark_looks_into_anothers_private_parts():
    for path in (ROOT / "benchmarks").rglob("*.py"):
        found = [
            f"{path.name}:{node.lineno} {node.attr}"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        ]
        assert found == []


def test_rows_survive_being_written(tmp_path):
    written = [Count(HEAP, "push, odd", 128, 1 / 3, 7), Count(NAIVE, "pop", 256, 2e9, 1)]
    results.write_rows(tmp_path / "count.csv", written)
    read = results.read_rows(tmp_path / "count.csv", Count)
    assert [asdict(row) for row in read] == [
        {**asdict(row), "comparisons": pytest.approx(row.comparisons, rel=1e-5)} for row in written
    ]


@pytest.mark.parametrize("name", [*QUEUES, measure.GC_ON])
def test_a_measured_queue_keeps_its_size_and_nothing_stays_running(name, monkeypatch):
    made: list[Any] = []
    make = QUEUES[HEAP if name == measure.GC_ON else name]

    def remember():
        made.append(make())
        return made[-1]

    monkeypatch.setitem(QUEUES, HEAP if name == measure.GC_ON else name, remember)
    add, take = measure.sample(name, 1024, 0)
    assert (take.operation, add.operation, take.n) == ("take", "add", 1024)
    (queue,) = made
    if name == RAW_HEAP:
        assert len(queue.heap) == 1024
    else:
        extra = add.operations - take.operations  # the naive sort takes less often than it adds
        assert len(queue.scheduler) == 1024 + extra
        assert queue.scheduler.metrics().running == 0
        queue.scheduler.check()


def test_work_that_adds_put_off_is_timed_in_the_takes_after_them(monkeypatch):
    class Lazy(RawHeap):
        """Sorts what came in at the first take after it, and remembers how much that was."""

        def load(self, rows):
            super().load(rows)
            self.fresh, self.sorted_in_takes = len(rows), []

        def add(self, rows):
            self.fresh += len(rows)
            return super().add(rows)

        def take(self, number):
            self.sorted_in_takes.append(self.fresh)
            self.fresh = 0
            return super().take(number)

    lazy = Lazy()
    monkeypatch.setitem(QUEUES, RAW_HEAP, lambda: lazy)
    measure.sample(RAW_HEAP, 1024, 0)
    m = measure.operations_at(1024)
    assert lazy.sorted_in_takes == [1024 + m // measure.WARM_UP, m]  # in the warm-up, and timed


def test_every_queue_is_drained_in_the_order_that_the_raw_heap_gives():
    rows = drain._rows(512)
    orders = {}
    for name in SCHEDULERS:
        scheduler = SCHEDULERS[name]()
        scheduler.add_tasks(rows)
        orders[name] = [str(scheduler.get_next_task()) for _ in rows]
    raw = RawHeap()
    raw.load(rows)
    expected = [name for _, _, name in sorted(raw.heap)]
    assert all(order == expected for order in orders.values())


def test_the_rounds_are_shuffled_and_all_queues_meet_each_size_in_each_round():
    labels = [step.label for step in measure.steps(1024, rounds=4)]
    per_round = [[x for x in labels if x.startswith(f"round {i} of 4")] for i in (1, 2, 3, 4)]
    every, few = 4 * (len(QUEUES) + 1), 4 * (len(QUEUES) - 1)  # four sizes; one more with GC on
    assert [len(x) for x in per_round] == [every, every, every, few]  # naive, GC on: three rounds
    again = [step.label for step in measure.steps(1024, rounds=4)]
    assert labels != again
    assert sorted(labels) == sorted(again)
