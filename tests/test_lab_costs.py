"""What notebook 05 counts, moves and reads; and its pictures, which nothing may cut or hide."""

import bisect
import json
import sys
from itertools import combinations
from math import log2
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")
from matplotlib import pyplot as plt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
from lab import plots
from lab.check.nb05 import comparisons_to_sort, runs_of
from lab.costs import (
    Counted,
    Reference,
    count,
    filled,
    in_words,
    large,
    microseconds,
    moves,
    slope,
)
from sched import HeapScheduler, NaiveSortScheduler, SortedListScheduler
from tests.wrong_answers import RIGHT


def test_a_queue_is_filled_and_every_comparison_counted() -> None:
    queue = filled(HeapScheduler, 64, Counted)
    taken = [queue.pop().value for _ in range(64)]
    assert taken == sorted(taken)
    Counted.comparisons = 0
    assert Counted(1) < Counted(2)
    assert Counted.comparisons == 1


@pytest.mark.parametrize("n", [128, 1024])
def test_the_counts_are_those_that_the_notebook_speaks_of(n: int) -> None:
    assert 2 <= count(HeapScheduler, n, "add", Counted) < 3
    assert count(HeapScheduler, n, "add", Counted, worst=True) == log2(n)
    assert abs(count(HeapScheduler, n, "take", Counted) - log2(n)) < 0.5
    assert abs(count(SortedListScheduler, n, "add", Counted) - log2(n)) < 0.5
    assert count(SortedListScheduler, n, "take", Counted) == 0
    assert n * (log2(n) - 2) < count(NaiveSortScheduler, n, "take", Counted) < n * log2(n)


def test_half_of_a_list_moves() -> None:
    def add(tasks, task):
        return bisect.insort(tasks, task, key=lambda t: t[0])

    assert 450 < moves(add) < 550


@pytest.mark.parametrize("answer", RIGHT["counted"], ids=lambda answer: answer.__name__)
@pytest.mark.parametrize("kind", [HeapScheduler, SortedListScheduler, NaiveSortScheduler])
def test_every_right_counter_counts_the_same(kind: Any, answer: Any) -> None:
    for action in ("add", "take"):
        assert count(kind, 128, action, answer) == count(kind, 128, action, Counted)


@pytest.mark.parametrize("answer", RIGHT["sorted_add"], ids=lambda answer: answer.__name__)
def test_every_right_add_moves_the_same(answer: Any) -> None:
    assert round(moves(answer)) == 510


def test_a_time_is_measured_for_either_operation() -> None:
    assert microseconds(HeapScheduler, 8, "add", 2, 1) > 0
    assert microseconds(HeapScheduler, 8, "take", 2, 1) > 0


def test_the_reference_run_has_what_the_notebooks_read() -> None:
    reference = Reference()
    for queue in ("HeapScheduler", "SortedListScheduler", "NaiveSortScheduler", "raw heapq"):
        assert queue in reference.queues()
        for operation in ("add", "take"):
            median = reference.times(queue, operation)
            assert {128, 1024, 4096, reference.largest} <= set(median)
            for n, low in reference.times(queue, operation, "q1").items():
                assert low <= median[n] <= reference.times(queue, operation, "q3")[n]
    assert reference.counts("HeapScheduler", "pop").keys() == median.keys()
    assert f"{reference.largest:,} tasks" in reference.where


def test_another_run_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "measure.csv").write_text(
        "queue,operation,n,median_ns,q1_ns,q3_ns\nraw heapq,add,8,2000,1000,3000\n"
        "HeapScheduler,add,16,4000,3000,5000\n"
    )
    (tmp_path / "count.csv").write_text("subject,operation,n,comparisons\nraw heapq,pop,8,3.5\n")
    about = {"date": "2026-01-02T03:04", "python": "CPython 3.14", "machine": {"cpu": "a fast one"}}
    (tmp_path / "run.json").write_text(json.dumps({"sweeps": {"measure": about}}))
    reference = Reference(tmp_path)
    assert reference.where == (
        "measured on 2026-01-02 with CPython 3.14, processor a fast one, 8 to 16 tasks"
    )
    assert reference.queues() == ["HeapScheduler", "raw heapq"]
    assert reference.times("raw heapq", "add", "q3") == {8: 3.0}
    assert reference.counts("raw heapq", "pop") == {8: 3.5}


def test_a_slope_is_that_of_the_line() -> None:
    assert slope({n: 7.0 * n for n in (8, 16, 32)}) == pytest.approx(1)
    assert slope(dict.fromkeys((8, 16, 32), 7.0)) == pytest.approx(0)
    bent = {8: 10.0, 16: 10.0, 32: 10.0, 64: 20.0, 128: 40.0}
    assert slope(bent, last=3) == pytest.approx(1)
    assert 0 < slope(bent) < 1


def test_numbers_are_told_as_one_says_them() -> None:
    assert [large(x) for x in (2.36, 99.94, 482.6, 43_826)] == ["2.4", "99.9", "480", "44,000"]
    assert [in_words(x) for x in (2.36, 1500, 3.2e6)] == [
        "2.4 microseconds",
        "1.5 milliseconds",
        "3.2 seconds",
    ]


def test_an_order_that_is_one_run_takes_the_fewest_comparisons() -> None:
    for order in ([*range(128)], [*range(128)][::-1]):
        assert runs_of(order) == [order]
        assert comparisons_to_sort(order) == 127
    assert runs_of([1, 5, 5, 9, 4, 2, 3]) == [[1, 5, 5, 9], [4, 2], [3]]


# --- pictures -------------------------------------------------------------------------------------

SIZES = [2**k for k in range(7, 21)]


def drawn() -> list[object]:
    level = dict.fromkeys(SIZES, 2.0)
    near = dict.fromkeys(SIZES, 2.1)
    rising = {n: n / 100 for n in SIZES}
    spread = {"Heap": (level, level, near), "NaiveSort": (rising, rising, rising)}
    return [
        plots.costs({"one": level, "very near": near, "rising": rising}, "A title", "seconds"),
        plots.costs({"one": level, "rising": near}, "A title", "seconds", level=True),
        plots.times({"add": spread, "take": spread}, "A longer title, over both of the panels"),
    ]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_no_word_of_a_picture_is_cut_or_on_another(which: int) -> None:
    figure = drawn()[which]
    figure.canvas.draw()  # type: ignore[attr-defined]
    inside = figure.bbox  # type: ignore[attr-defined]
    texts = [t for t in figure.findobj(plt.Text) if t.get_visible() and t.get_text()]  # type: ignore[attr-defined]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts]
    for words, box in boxes:
        assert inside.x0 - 1 <= box.x0 <= box.x1 <= inside.x1 + 1, words
    ends = [box for words, box in boxes if words in ("one", "very near", "rising", "Heap")]
    for one, other in combinations(ends, 2):
        assert not one.overlaps(other)
    plt.close("all")


def test_all_lines_of_a_queue_have_one_colour_and_differ_in_their_dashes() -> None:
    names = ("heap, take", "naive sort, take", "heap, add")
    points = {128: 1.0, 256: 2.0}
    lines = plots.costs(dict.fromkeys(names, points), "A title", "seconds").axes[0].lines
    take, naive, add = (line.get_color() for line in lines)
    assert take == add != naive
    assert len({line.get_linestyle() for line in lines}) == 3
    plt.close("all")


def test_a_picture_is_told_in_words() -> None:
    first, level, second = (plots.describe(figure) for figure in drawn())
    assert "rising: 1.3 at n = 128, 10,000 at n = 1,048,576" in first
    assert "rising: 2.1 at n = 128, 2.1 at n = 1,048,576" in level
    assert "take, NaiveSort: 1.3 microseconds at n = 128, 10.5 milliseconds" in second
    plt.close("all")
