"""The picture of a heap shows what is there, nothing of it is cut off, and words go with it."""

from heapq import heapify, heappop, heappush
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import plots
from lab.plots.entries import label, ready_side
from sched import HeapScheduler, Priority, SortedListScheduler, VirtualClock
from tests.pictures import assert_nothing_is_clipped_or_hidden, plt


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
    assert label(scheduler.peek_next_task()) == label(ready_side(scheduler)[0][0])


# --- the heap -------------------------------------------------------------------------------------


def test_a_heap_is_described_level_by_level():
    axes = plots.heap(a_heap(*THREE), path="push")
    assert plots.describe(axes) == (
        "A heap of 3: no item is smaller than its parent.\n"
        "Level 0: [0] Fix (1)\n"
        "Level 1: [1] Log (5), [2] Mail (3)\n"
        "Path of the last sift: [2] -> [0]"
    )
    assert plots.describe(axes.figure) == plots.describe(axes)


def test_a_list_that_is_no_heap_is_called_so():
    text = plots.describe(plots.heap([(2, "Mail"), (3, "Log"), (1, "Fix")]))
    assert text == (
        "Not a heap: 1 item is smaller than the parent.\n"
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


def test_an_item_has_one_colour_in_the_tree_and_in_the_array_and_shares_it_with_no_other():
    axes = plots.heap(list(range(7)))
    colours = [patch.get_facecolor() for patch in axes.patches]
    cards, cells = colours[0::2], colours[1::2]
    assert cards == cells
    assert len(set(cards)) == 7


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
