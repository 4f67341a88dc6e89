"""Steps are told as they were: each comparison and each move, and none that was not made."""

from heapq import heappop, heappush
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import plots
from lab.plots.frames import colour
from sched import HeapScheduler, MultilevelScheduler, NaiveSortScheduler, SortedListScheduler
from sched.heap import HeapQueue
from tests.pictures import assert_nothing_is_clipped_or_hidden, plt, texts_of


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    yield
    plt.close("all")


THREE = [(3, "Mail"), (5, "Log"), (1, "Fix")]


STRUCTURES = [HeapScheduler, plots.HeapByHand, SortedListScheduler, NaiveSortScheduler]


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
    queue = structure.queue()
    Counted.total = 0
    told: list[int] = []
    for i, key in enumerate(keys):
        queue.push(Counted((key, 0.0, i)))
        told.append(Counted.total)
    order = []
    for _ in range(take):
        order.append(queue.pop())
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
    lists = {SortedListScheduler: "list", NaiveSortScheduler: "arrivals"}
    real = [None if e is None else e[2] for e in getattr(queue, lists.get(structure, "heap"))]
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


def test_the_heap_by_hand_lets_an_entry_sink_no_deeper_than_it_belongs():
    """5 stays above 7; heapq would let it sink to the leaf and rise again."""
    told = plots.steps([1, 4, 2, 6, 7, 3, 5], plots.HeapByHand, take=1).text(-1).splitlines()
    assert [line.partition("m ")[2].strip().partition("  ")[2] for line in told[1:-1]] == [
        "take 1, the root: 5, the last, takes its place",
        "compare the children 4 and 2: 2 is smaller",
        "compare 5 with its child 2: the child is smaller, so they swap",
        "compare 5 with its child 3: the child is smaller, so they swap",
    ]
    stays = plots.steps([1, 4, 2, 6, 7, 5, 3], plots.HeapByHand, take=1).text(-1)
    assert "compare 3 with its child 5: the child is not smaller, so 3 stays" in stays


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
    assert words.count("the heap as a list") == len(trace.operations[2].frames) == 2


def test_a_strip_of_four_has_two_rows_of_two():
    trace = plots.steps([5, 3, 8, 1], take=0)
    heads = [t for t in texts_of(trace.strip()) if t.get_text().startswith("add ")]
    places = [t.get_position() for t in heads]
    assert len({round(x, 3) for x, _ in places}) == len({round(y, 3) for _, y in places}) == 2


def test_no_two_tasks_have_one_colour():
    coloured = [look for look in map(colour, range(20)) if look != "white"]
    assert len(coloured) == len(set(coloured)) == 6


def test_a_long_strip_leaves_out_its_middle_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lab.plots.frames.PANELS", 4)
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
                "  1.  c   1  m   1  add Log (3) to its level: compare Mail (3) with Log (3): "
                "as urgent, added earlier: smaller, so it goes to the end"
            ),
            "                     now: level 1 [Fix (1)], level 3 [Mail (3), Log (3)]",
        ]
    )
    assert_nothing_is_clipped_or_hidden(trace.strip())


@pytest.mark.parametrize("name", plots.__all__)
def test_each_function_that_draws_says_what_it_costs(name: str):
    thing = getattr(plots, name)
    if callable(thing) and not isinstance(thing, type):
        assert "O(" in thing.__doc__
