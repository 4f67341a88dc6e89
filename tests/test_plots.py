"""The pictures show what is there, nothing of them is cut off, and words go with each."""

import subprocess
import sys
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    NaiveSortScheduler,
    Priority,
    SortedListScheduler,
    VirtualClock,
    plots,
)
from sched.heap import HeapQueue
from sched.plots.entries import label
from sched.plots.style import fit, text_width, title_lines

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


def a_heap(*rows: tuple[float, str]) -> HeapScheduler:
    scheduler = HeapScheduler(clock=VirtualClock())
    for priority, name in rows:
        scheduler.add_task(priority, name)
    return scheduler


THREE = [(3, "Mail"), (5, "Log"), (1, "Fix")]


def texts_of(figure: Any) -> list[Any]:
    """All letters that are seen; where the axes are off, so are the numbers along them."""
    found = set(figure.findobj(matplotlib.text.Text))
    for axes in figure.axes:
        if not axes.axison:
            found -= {*axes.xaxis.findobj(), *axes.yaxis.findobj()}
        for axis in (axes.xaxis, axes.yaxis):  # ticks beyond the ends of an axis are not drawn
            low, high = sorted(axis.get_view_interval())
            for tick in axis.majorTicks:
                if not low <= tick.get_loc() <= high:
                    found -= {tick.label1, tick.label2}
    return [t for t in found if t.get_visible() and t.get_text()]


def assert_nothing_is_clipped_or_hidden(figure: Any) -> None:
    """All letters are on the canvas, and no text lies on another."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    canvas = figure.bbox
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts_of(figure)]
    assert boxes
    for text, box in boxes:
        beyond = min(box.x0, box.y0, canvas.x1 - box.x1, canvas.y1 - box.y1)
        assert beyond >= -1, f"{text!r} is cut off: {box}"
    for (one, a), (other, b) in combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, f"{one!r} and {other!r} lie on each other"


# --- importing ------------------------------------------------------------------------------------


def test_neither_sched_nor_its_plots_import_matplotlib_until_a_picture_is_drawn():
    code = (
        "import sys, sched; from sched import plots\n"
        "print([m for m in ('matplotlib', 'numpy', 'ipywidgets') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        ImportError, match=r"plots\.heap needs matplotlib.*extra 'lab'.*pip install"
    ):
        plots.heap([1])


# --- words on a card ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "key", "name"),
    [
        (7, "7", ""),
        (2.0, "2", ""),
        (2.5, "2.5", ""),
        (Priority.HIGH, "2", ""),
        ("Mail", "Mail", ""),
        ((1, "Mail"), "1", "Mail"),
        ((0.000001, 3, "Low"), "0.000001, 3", "Low"),
        ((1700000000.25, 3, "Low"), "…00000.25, 3", "Low"),
        ((1, 5.0, 2, "Mail", 5.0), "1", "Mail"),
        ((1, 2, 3), "1, 2, 3", ""),
        ((1, "two\nlines"), "1", "two lines"),
    ],
)
def test_a_card_says_what_the_entry_is_compared_by_and_whose_it_is(entry: Any, key: str, name: str):
    assert (label(entry).key, label(entry).name) == (key, name)


def test_a_task_and_its_entry_have_the_same_card():
    scheduler = a_heap((2, "Mail"))
    assert label(scheduler.peek_next_task()) == label(scheduler._queue.heap[0])


def test_names_that_differ_at_the_end_still_differ_when_shortened():
    one, other = (fit(f"Process payment {i}", 8.5, 0.7) for i in (12, 13))
    assert one != other
    assert text_width(one, 8.5) <= 0.7


# --- the heap -------------------------------------------------------------------------------------


def test_a_heap_is_described_level_by_level():
    axes = plots.heap(a_heap(*THREE), path="push")
    assert plots.describe(axes) == (
        "A heap of 3: no entry is smaller than its parent.\n"
        "Level 0: [0] Fix (1)\n"
        "Level 1: [1] Log (5), [2] Mail (3)\n"
        "Path of the last sift: [2] -> [0]"
    )
    assert plots.describe(axes.figure) == plots.describe(axes)


def test_a_list_that_is_no_heap_is_called_so():
    text = plots.describe(plots.heap([(2, "Mail"), (3, "Log"), (1, "Fix")]))
    assert text == (
        "Not a heap: 1 entry is smaller than the parent.\n"
        "Level 0: [0] Mail (2)\n"
        "Level 1: [1] Log (3), [2] Fix (1) <smaller than its parent [0]>"
    )


def test_an_empty_heap_is_a_picture_too():
    axes = plots.heap(HeapScheduler())
    assert plots.describe(axes) == "An empty heap."
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_every_entry_stands_in_the_tree_and_in_the_array():
    axes = plots.heap([(1, "Fix"), (3, "Mail"), (2, "Log")])
    words = [t.get_text() for t in axes.texts]
    assert all(words.count(word) == 2 for word in ("Fix", "Mail", "Log"))


def test_an_index_has_one_colour_in_the_tree_and_in_the_array():
    axes = plots.heap(list(range(7)))
    colours = [patch.get_facecolor() for patch in axes.patches]
    cards, cells = colours[0::2], colours[1::2]
    assert cards == cells
    assert len(set(cards)) == 3  # one for each level


def test_the_path_has_a_second_cue_besides_its_colour():
    axes = plots.heap([1, 2, 3, 4], path=[3, 1])
    widths = [patch.get_linewidth() for patch in axes.patches[:8]]
    assert [w > 2 for w in widths[0::2]] == [False, True, False, True]
    assert [w > 2 for w in widths[1::2]] == [False, True, False, True]
    assert sum(line.get_linewidth() > 2 for line in axes.lines) == 1


def test_a_cancelled_task_is_hatched_and_said():
    scheduler = a_heap(*THREE)
    scheduler.cancel(2)
    axes = plots.heap(scheduler)
    assert "[1] Log (5) <cancelled>" in plots.describe(axes)
    assert sum(bool(patch.get_hatch()) for patch in axes.patches) == 3  # card, cell, legend


def test_entries_that_cannot_be_compared_are_drawn_all_the_same():
    axes = plots.heap([(1, {}), (1, {})])
    assert plots.describe(axes).startswith("A heap of 2")


def test_only_five_levels_of_a_large_heap_are_drawn_and_the_rest_is_counted():
    axes = plots.heap(list(range(40)))
    assert "... and 9 more." in plots.describe(axes)
    assert "… and 9 more" in [t.get_text() for t in axes.texts]
    assert "[31]" not in plots.describe(axes)


@pytest.mark.parametrize("size", [1, 2, 5, 7, 12, 16, 17, 31, 45])
def test_nothing_of_a_heap_is_cut_off_or_hidden(size: int):
    rows = sorted((i % 30 + 1, f"Process payment {i}") for i in range(size))
    axes = plots.heap(a_heap(*rows), path="push")
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_a_heap_fits_into_axes_that_are_given():
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    assert plots.heap([1, 2, 3], ax=left) is left
    plots.heap([4, 5, 6], ax=right)
    assert plots.describe(figure) == plots.describe(left) + "\n" + plots.describe(right)
    assert_nothing_is_clipped_or_hidden(figure)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(-5, 15))
def test_the_path_of_a_push_goes_from_the_last_index_to_where_the_entry_stands(
    keys: list[int], key: int
):
    heapify(keys)
    entry = (key, object())
    heap: list[Any] = [(k,) for k in keys]
    heappush(heap, entry)
    way = plots.push_path(heap, entry)
    assert way[0] == len(keys)
    assert heap[way[-1]] is entry
    assert all((i - 1) // 2 == j for i, j in zip(way, way[1:], strict=False))


def test_the_path_of_a_push_is_refused_when_something_was_taken_since():
    heap = [1, 5, 2, 6, 7, 3]
    heappush(heap, 4)
    heappop(heap)
    with pytest.raises(ValueError, match="newest must stand .* got 6: it was not pushed last"):
        plots.push_path(heap, 6)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None,), TypeError, "heap must be a HeapScheduler or a list in heap order, got None"),
        (("abc",), TypeError, "heap must be .* got 'abc'"),
        ((SortedListScheduler(),), TypeError, "heap must be a HeapScheduler or a list"),
        (([1, 2], [2]), ValueError, "path must stay inside the heap, 0 to 1, got 2"),
        (([1, 2], [-1]), ValueError, "path must stay inside the heap, 0 to 1, got -1"),
        (([1, 2], [True]), TypeError, "path must hold indices, got True"),
        (([1, 2, 3], [1, 2]), ValueError, "path must go from parent to child or back, got 1 then"),
        (([1, 2], 3), TypeError, 'path must be indices or "push", got 3'),
        (([1, 2], "pop"), ValueError, "path must be indices or \"push\", got 'pop'"),
        (([1, 2], "push"), TypeError, "newest must be given for a list"),
        ((HeapScheduler(), "push"), ValueError, "heap must not be empty"),
    ],
)
def test_bad_input_is_refused_by_name_and_value(
    arguments: Any, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        plots.heap(*arguments)


def test_only_pictures_of_ours_are_described():
    with pytest.raises(ValueError, match="picture must have been drawn by"):
        plots.describe(plt.figure())
    with pytest.raises(ValueError, match="picture must have been drawn by sched.plots, got <Axes"):
        plots.describe(plt.figure().subplots())
    with pytest.raises(TypeError, match="picture must be axes or a figure drawn by .* got 3"):
        plots.describe(3)


def test_a_picture_is_the_same_in_every_run():
    scheduler = a_heap(*THREE)
    pictures: set[bytes] = set()
    for _ in range(2):
        figure: Any = plots.heap(scheduler).figure
        figure.canvas.draw()
        pictures.add(bytes(figure.canvas.buffer_rgba()))
    assert len(pictures) == 1


def test_a_name_in_dollars_is_no_formula():
    axes = plots.heap([(1, "$5 for $6")])
    axes.figure.canvas.draw()
    assert not any(t.get_parse_math() for t in axes.texts)


def test_a_name_in_dollars_is_no_formula_on_axes_of_the_caller_either():
    with plt.style.context(plots.STYLE):
        there: Any = plt.subplots(figsize=(8.2, 4))[1]
        plots.waiting([("$5 for $6", 0, 1, 2)], title="$1 and $2", ax=there)
        there.figure.canvas.draw()
    shown = [there.title, there._left_title, *there.get_yticklabels()]
    named = [text for text in shown if "$" in text.get_text()]
    assert len(named) == 2
    assert not any(text.get_parse_math() for text in named)


def test_the_powers_of_ten_on_a_logarithmic_axis_are_formulas():
    with plt.style.context(plots.STYLE):
        figure, axes = plt.subplots(layout="constrained")
        axes.loglog([1, 1e6], [1, 1e5])
        figure.canvas.draw()
    for tick in axes.get_xticklabels() + axes.get_yticklabels():
        assert tick.get_parse_math()
    widths = [tick.get_window_extent().width for tick in axes.get_yticklabels()]
    assert max(widths) < 40  # 10 to the fifth; the source of the formula is 170 wide


# --- step by step ---------------------------------------------------------------------------------

STRUCTURES = [HeapScheduler, SortedListScheduler, NaiveSortScheduler]


class Counted(tuple[Any, ...]):
    """An entry that counts how often it is compared, written apart from the recorder's."""

    total = 0

    def __lt__(self, other: Any) -> bool:
        Counted.total += 1
        return tuple.__lt__(self, other)


priorities = st.lists(st.integers(-3, 3), min_size=1, max_size=12)


@pytest.mark.parametrize("structure", STRUCTURES)
@given(keys=priorities, data=st.data())
def test_all_comparisons_are_told_and_none_is_invented(
    structure: Any, keys: list[int], data: st.DataObject
):
    take = data.draw(st.integers(0, len(keys)))
    trace = plots.steps(keys, structure, take=take)
    scheduler = structure(clock=VirtualClock())
    Counted.total = 0
    told: list[int] = []
    for i, key in enumerate(keys):
        scheduler._queue.push(Counted((key, 0.0, i, str(i), 0.0)))
        told.append(Counted.total)
    order = []
    for _ in range(take):
        order.append(scheduler._queue.pop())
        told.append(Counted.total)
    ends = [trace.frames[op.frames[-1]].comparisons for op in trace.operations]
    assert ends == told
    assert trace.comparisons == Counted.total == sum(op.comparisons for op in trace.operations)
    assert trace.taken == tuple(str(entry[0]) for entry in order)


@pytest.mark.parametrize("structure", STRUCTURES)
@given(keys=priorities, data=st.data())
def test_the_last_frame_is_what_the_structure_holds(
    structure: Any, keys: list[int], data: st.DataObject
):
    take = data.draw(st.integers(0, len(keys)))
    trace = plots.steps(keys, structure, take=take)
    queue = structure.queue()
    for i, key in enumerate(keys):
        queue.push((key, 0.0, i))
    for _ in range(take):
        queue.pop()
    lists = {HeapScheduler: "heap", SortedListScheduler: "list", NaiveSortScheduler: "arrivals"}
    real = [None if e is None else e[2] for e in getattr(queue, lists[structure])]
    assert list(trace.frames[-1].rows[0].cells) == real


@pytest.mark.parametrize("structure", STRUCTURES)
@given(keys=priorities)
def test_the_frames_of_a_list_differ_by_what_is_said_to_have_moved(structure: Any, keys: list[int]):
    """What stands at another index than a frame before is marked as moved, and counted."""
    trace = plots.steps(keys, structure)
    before: dict[int, int] = {}
    moves = 0
    for frame in trace.frames:
        cells = frame.rows[0].cells
        now = {task: i for i, task in enumerate(cells) if task is not None}
        elsewhere = {task for task, i in now.items() if before.get(task) != i}
        if frame.moved_row == 0:
            assert elsewhere == set(frame.moved)
            assert frame.moves - moves == len(elsewhere)
        before, moves = now, frame.moves


@given(keys=priorities)
def test_the_heaps_frames_are_heapqs_own_steps(keys: list[int]):
    """While heapq works, each entry that is compared looks at the list: its state is in a frame."""
    trace = plots.steps(keys, HeapScheduler)
    heap: list[Any] = []
    seen: list[tuple[int, ...]] = []

    class Looking(tuple[Any, ...]):
        def __lt__(self, other: Any) -> bool:
            seen.append(tuple(entry[1] for entry in heap))
            return tuple.__lt__(self, other)

    for i, key in enumerate(keys):
        heappush(heap, Looking((key, i)))
    while heap:
        heappop(heap)
    # A frame shows what follows from its comparison; what was compared stands in the one before.
    told = [
        before.rows[0].cells
        for before, frame in zip(trace.frames, trace.frames[1:], strict=False)
        if frame.comparisons > before.comparisons
    ]
    assert told == seen


def test_the_heap_tells_its_smallest_case_to_the_letter():
    assert plots.steps([(3, "Mail"), (1, "Fix")], HeapScheduler).text() == "\n".join(
        [
            "HeapScheduler, step by step (c: comparisons so far, m: moves so far)",
            "  1.  c   0  m   1  add Mail (3): it is the root, index 0",
            "                     now: [Mail (3)]",
            "  2.  c   0  m   2  add Fix (1): at the end, index 1",
            "  3.  c   1  m   4  compare Fix (1) with its parent Mail (3): smaller, so they swap",
            "                     now: [Fix (1), Mail (3)]",
            "  4.  c   1  m   5  take Fix (1), the root: Mail (3), the last, takes its place",
            "                     now: [Mail (3)]",
            "  5.  c   1  m   5  take Mail (3), the root: nothing is left",
            "                     now: []",
            "in all: 1 comparison, 5 moves",
        ]
    )


def test_the_sorted_list_tells_its_smallest_case_to_the_letter():
    assert plots.steps([(3, "Mail"), (3, "Fix")], SortedListScheduler).text() == "\n".join(
        [
            "SortedListScheduler, step by step (c: comparisons so far, m: moves so far)",
            "  1.  c   0  m   1  insert Mail (3) at index 0: nothing is after it",
            "                     now: [Mail (3)]",
            (
                "  2.  c   1  m   1  compare Fix (3) with Mail (3) at index 0, the last one left: "
                "as urgent, added later: not smaller, so after it"
            ),
            "  3.  c   1  m   2  insert Fix (3) at index 1: nothing is after it",
            "                     now: [Mail (3), Fix (3)]",
            "  4.  c   1  m   2  take Mail (3), the first: the head moves on to index 1",
            "                     now: [empty, Fix (3)]",
            "  5.  c   1  m   2  take Fix (3), the first: nothing is left",
            "                     now: []",
            "in all: 1 comparison, 2 moves",
        ]
    )


def test_the_naive_sort_tells_its_smallest_case_to_the_letter():
    trace = plots.steps([(3, "Mail"), (1, "Fix")], NaiveSortScheduler, take=1)
    assert trace.text() == "\n".join(
        [
            "NaiveSortScheduler, step by step (c: comparisons so far, m: moves so far)",
            "  1.  c   0  m   1  add Mail (3): at the end",
            "                     now: [Mail (3)]",
            "  2.  c   0  m   2  add Fix (1): at the end",
            "                     now: [Mail (3), Fix (1)]",
            "  3.  c   1  m   2  sort: compare Fix (1) with Mail (3): smaller",
            "  4.  c   1  m   4  a copy of 2 is sorted: Fix (1) is the first",
            (
                "  5.  c   1  m   4  take Fix (1) out of the list, throw the copy away: "
                "nothing is after it"
            ),
            "                     now: [Mail (3)]",
            "in all: 1 comparison, 4 moves",
            "not counted: moves inside sorted(), and the search of list.remove()",
        ]
    )


class SearchedQueue(HeapQueue):
    """A queue of its own making, which no narrator knows: a list, searched."""

    def push(self, entry: Any) -> None:
        self.heap.append(entry)

    def pop(self) -> Any:
        self.heap.remove(first := min(self.heap))
        return first


class Reversed(HeapScheduler):
    queue = SearchedQueue


def test_a_scheduler_of_the_learners_own_is_told_by_its_comparisons():
    trace = plots.steps([(3, "Mail"), (1, "Fix")], Reversed)
    assert trace.taken == ("Fix", "Mail")
    assert [frame.sentence for frame in trace.frames] == [
        "add Mail (3)",
        "add Fix (1)",
        "compare Fix (1) with Mail (3): smaller",
        "take Fix (1)",
        "take Mail (3)",
    ]
    assert "moves are not counted" in trace.text()


def test_a_story_that_is_not_true_is_not_told(monkeypatch: pytest.MonkeyPatch):
    """bisect exchanged for a search from the front: the narrator notices."""

    def from_the_front(entries: list[Any], entry: Any, lo: int = 0) -> None:
        while lo < len(entries) and not entry < entries[lo]:
            lo += 1
        entries.insert(lo, entry)

    monkeypatch.setattr("sched.sorted_list.insort", from_the_front)
    with pytest.raises(RuntimeError, match=r"the structure compared c \(3\) with a \(1\) where"):
        plots.steps([(1, "a"), (2, "b"), (3, "c"), (4, "d")], SortedListScheduler)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(("size", "operation"), [(2, None), (7, 7), (9, None), (16, 15)])
def test_nothing_of_a_strip_is_cut_off_or_hidden(structure: Any, size: int, operation: int | None):
    rows = [(i * 7 % 11, f"Process payment {i}") for i in range(size)]
    trace = plots.steps(rows, structure)
    figure = trace.strip(operation)
    assert_nothing_is_clipped_or_hidden(figure)
    assert plots.describe(figure) == trace.describe(operation)


def test_a_strip_has_a_picture_for_each_operation_or_each_frame_of_one():
    trace = plots.steps(THREE, take=1)
    assert plots.describe(trace.strip()) == (
        "HeapScheduler: 3 comparisons, 10 moves in 4 operations.\n"
        "add Mail (3): 0 comparisons, 1 move\n    now: [Mail (3)]\n"
        "add Log (5): 1 comparison, 1 move\n    now: [Mail (3), Log (5)]\n"
        "add Fix (1): 1 comparison, 3 moves\n    now: [Fix (1), Log (5), Mail (3)]\n"
        "take Fix (1): 1 comparison, 5 moves\n    now: [Mail (3), Log (5)]"
    )
    words = [t.get_text() for t in texts_of(trace.strip(2))]
    assert words.count("the heap as an array") == len(trace.operations[2].frames) == 2


def test_a_long_strip_leaves_out_its_middle_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sched.plots.scene.PANELS", 4)
    trace = plots.steps([3, 5, 1, 3, 2], NaiveSortScheduler, take=1)
    figure = trace.strip(-1)
    words = [t.get_text() for t in texts_of(figure)]
    left_out = len(trace.operations[-1].frames) - 4
    assert any(f"({left_out} frames in the middle" in line for line in words)
    assert words.count("the list, as they came") == 4
    assert_nothing_is_clipped_or_hidden(figure)


def test_the_slider_shows_the_frame_it_stands_at():
    pytest.importorskip("ipywidgets")
    trace = plots.steps(THREE)
    box = trace.slider(start=4)
    (_, place), words, picture = box.children[0].children, box.children[1], box.children[2]
    assert "compare Fix (1) with its parent Mail (3)" in words.value
    before = picture.value
    place.value = 0
    assert "add Mail (3): it is the root" in words.value
    assert bytes(picture.value).startswith(b"\x89PNG")
    assert picture.value != before
    place.value = 4
    assert picture.value == before


def test_a_film_is_short_and_needs_no_network():
    film = plots.steps(THREE).film(3)
    html = film.html()
    assert film.describe() == plots.steps(THREE).describe(3)
    assert "http" not in html.replace("data:image/png", "")
    assert html.count("data:image/png;base64,") == len(film) + 1
    assert len(html) < 30_000 * len(film)
    assert_nothing_is_clipped_or_hidden(film.picture(len(film) - 1))
    with pytest.raises(IndexError, match="number must be from 0"):
        film.picture(len(film))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.steps([]), ValueError, "tasks must be from 1 to 31, got 0"),
        (lambda: plots.steps([1] * 32), ValueError, "tasks must be from 1 to 31, got 32"),
        (lambda: plots.steps([1, None]), TypeError, "row 1: priority must be .* got None"),
        (lambda: plots.steps([(1, "a", 2)]), ValueError, "row 0: a task must be .*'a', 2"),
        (lambda: plots.steps([(1, "")]), ValueError, "row 0: task_name must not be empty"),
        (lambda: plots.steps([1], list), TypeError, "scheduler_class must be .* got <class 'list'"),
        (lambda: plots.steps([1], take=2), ValueError, "take must be at most .* 1, got 2"),
        (lambda: plots.steps([1], take=-1), ValueError, "take must be at least 0, got -1"),
        (lambda: plots.steps([1]).strip(2), IndexError, "operation must be from -2 to 1, got 2"),
        (lambda: plots.steps([1]).text(True), TypeError, "operation must be an int or None"),
        (lambda: plots.steps([1]).slider(9), ValueError, "start must be at most 1, got 9"),
    ],
)
def test_a_bad_recording_is_refused_by_name_and_value(
    call: Any, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        call()


def test_a_multilevel_scheduler_is_told_level_by_level():
    trace = plots.steps([(3, "Mail"), (1, "Fix"), (3, "Log")], MultilevelScheduler)
    assert trace.taken == ("Fix", "Mail", "Log")
    assert trace.text(2) == "\n".join(
        [
            "MultilevelScheduler, step by step (c: comparisons so far, m: moves so far)",
            (
                "  3.  c   1  m   3  add Log (3) to its level: compare Mail (3) with Log (3): "
                "as urgent, added earlier: smaller, so it goes to the end"
            ),
            "                     now: level 1 [Fix (1)], level 3 [Mail (3), Log (3)]",
        ]
    )
    assert_nothing_is_clipped_or_hidden(trace.strip())


# --- waiting --------------------------------------------------------------------------------------

RUNS = [("Mail", 0, 1.3, 2.0), ("Report", 0, 2, 2), ("Backup database", 0.4, 2.9, None)]


def test_a_line_of_time_says_who_was_how_late():
    axes = plots.waiting(RUNS, looks=[0, 1, 2, 3], title="look every second")
    assert plots.describe(axes) == (
        "look every second: 0.35 s late on average, 0.7 s at most, 4 looks.\n"
        "Mail: added at 0 s, due at 1.3 s, run at 2 s, 0.7 s late\n"
        "Report: added at 0 s, due at 2 s, run at 2 s, on time\n"
        "Backup database: added at 0.4 s, due at 2.9 s, never run"
    )
    assert axes.get_xlabel() == "time, seconds"
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_lateness_is_hatched_and_as_long_as_the_task_was_late():
    axes: Any = plots.waiting(RUNS[:2])
    hatched = [(p.get_x(), p.get_width()) for p in axes.patches if p.get_hatch()]
    assert hatched == [(1.3, pytest.approx(0.7))]


@pytest.mark.parametrize(
    ("started", "verdict"),
    [(2, "Nobody late."), (1.5, "Too early by 0.5 s."), (None, "Nothing ran."), (3, "1 s late on")],
)
def test_the_verdict_on_a_way_of_waiting(started: float | None, verdict: str):
    axes = plots.waiting([("Mail", 0, 2, started)])
    assert plots.describe(axes).startswith(verdict)


def test_ways_of_waiting_are_compared_on_one_line_of_time():
    figure: Any = plots.compare_waiting(
        {"look every second": RUNS[:2], "sleep until the next is due": [("Mail", 0, 1.3, 1.3)]},
        looks={"look every second": [0, 1, 2, 7]},
    )
    one, other = figure.axes
    assert one.get_xlim() == other.get_xlim()
    assert plots.describe(figure) == plots.describe(one) + "\n" + plots.describe(other)
    assert "sleep until the next is due: nobody late." in plots.describe(figure)
    assert_nothing_is_clipped_or_hidden(figure)


LONG = "The loop from the web, which looks once a second and naps"


@pytest.mark.parametrize("size", [None, (8.2, 4), (4.5, 3.6)])
def test_no_word_of_the_title_and_the_verdict_is_left_out(size: tuple[float, float] | None):
    with plt.style.context(plots.STYLE):
        axes_given = plt.subplots(figsize=size, layout="constrained")[1] if size else None
        axes: Any = plots.waiting(RUNS, looks=range(10), title=LONG, ax=axes_given)
    assert axes.get_title("left").split() == plots.describe(axes).splitlines()[0][:-1].split()
    assert_nothing_is_clipped_or_hidden(axes.figure)


def test_no_word_of_titles_that_are_compared_is_left_out():
    figure: Any = plots.compare_waiting({LONG: RUNS, "sleep until the next is due": RUNS})
    assert figure.axes[0].get_title("left").startswith(LONG + ":\n")
    assert_nothing_is_clipped_or_hidden(figure)


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("Short: it fits", ["Short: it fits"]),
        (
            "Most attempts in a second: 60 (a), 7 (b)",
            ["Most attempts in a second:", "60 (a), 7 (b)"],
        ),
        (
            "No aging: priority 5 waits longest of all",
            ["No aging: priority 5 waits", "longest of all"],
        ),
    ],
)
def test_a_title_breaks_after_a_colon_if_that_takes_no_more_lines(words: str, lines: list[str]):
    assert title_lines(words, 2.6) == lines


def test_epoch_seconds_are_shown_from_the_first_one_on():
    axes = plots.waiting([("Mail", 1.7e9, 1.7e9 + 2, 1.7e9 + 3)])
    assert axes.get_xlabel() == "time, seconds after the first"
    assert axes.get_xlim()[1] < 4


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plots.waiting([]), ValueError, "runs must hold at least one task"),
        (lambda: plots.waiting([("Mail", 0, 1)]), TypeError, r"row 0 is \('Mail', 0, 1\)"),
        (lambda: plots.waiting([("Mail", 0, "1", 1)]), ValueError, "run_at, row 0, .* got '1'"),
        (lambda: plots.waiting(RUNS, [float("nan")]), ValueError, "looks must be .* got nan"),
        (lambda: plots.compare_waiting({}), TypeError, "ways must be a dict .* got {}"),
        (lambda: plots.compare_waiting({"a": RUNS}, {"b": []}), ValueError, "looks .* got 'b'"),
        (lambda: plots.sides([1]), TypeError, r"scheduler must be a Scheduler, got \[1\]"),
        (lambda: plots.becoming_ready([]), ValueError, "tasks must be from 1 to 8, got 0"),
        (lambda: plots.becoming_ready([(1, "a")], int), TypeError, "scheduler_class must be"),
        (lambda: plots.becoming_ready([(1, "a", -1)]), ValueError, "delay must be .* got -1"),
    ],
)
def test_bad_times_are_refused_by_name_and_value(call: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        call()


# --- two sides ------------------------------------------------------------------------------------

DELAYED = [(3, "Mail", 0), (1, "Fix", 4), (2, "Report", 1.5)]


@pytest.mark.parametrize("structure", [*STRUCTURES, MultilevelScheduler])
def test_both_sides_are_shown_each_in_its_order(structure: Any):
    clock = VirtualClock()
    scheduler = structure(clock=clock)
    scheduler.add_tasks(DELAYED)
    clock.advance(1)
    axes = plots.sides(scheduler)
    assert plots.describe(axes) == (
        "At 1 s: 2 waiting, 1 ready.\n"
        "waiting, by run_at: Report (2) due in 0.5 s, Fix (1) due in 3 s\n"
        "ready, by priority: Mail (3)"
    )
    assert_nothing_is_clipped_or_hidden(axes.figure)
    assert len(scheduler) == 3  # looking takes nothing


def test_sides_with_too_many_tasks_count_the_rest():
    scheduler = HeapScheduler(clock=VirtualClock())
    scheduler.add_tasks([(1, f"Process payment {i}") for i in range(11)])
    words = [t.get_text() for t in plots.sides(scheduler).texts]
    assert any("… and 3 more" in word for word in words)
    assert any("nobody" in word for word in words)


def test_a_film_of_tasks_becoming_ready_stops_at_each_moment_one_is_due():
    film = plots.becoming_ready(DELAYED)
    assert film.describe() == (
        "At 0 s: 2 waiting, 1 ready.\n"
        "waiting, by run_at: Report (2) due in 1.5 s, Fix (1) due in 4 s\n"
        "ready, by priority: Mail (3)\n"
        "At 1.5 s: 1 waiting, 2 ready.\n"
        "waiting, by run_at: Fix (1) due in 2.5 s\n"
        "ready, by priority: Report (2), Mail (3)\n"
        "At 4 s: 0 waiting, 3 ready.\n"
        "waiting, by run_at: nobody\n"
        "ready, by priority: Fix (1), Report (2), Mail (3)"
    )
    strip = film.strip()
    assert plots.describe(strip) == plots.describe(film) == film.describe()
    assert_nothing_is_clipped_or_hidden(strip)


def test_on_its_way_a_card_is_between_the_two_places():
    film = plots.becoming_ready([(1, "Fix", 2)])
    heights = []
    for i in range(len(film)):
        (key,) = [t for t in texts_of(film.picture(i)) if t.get_text() == "Fix"]
        heights.append(key.get_position()[1])
    assert heights == sorted(heights)
    assert len(set(heights)) == len(film) == 7
