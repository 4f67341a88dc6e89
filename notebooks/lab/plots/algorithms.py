"""What each data structure does, in its own words: one narrator for each (see record.py)."""

from bisect import insort
from collections.abc import Sequence
from typing import Any

from sched.base import Scheduler
from sched.heap import HeapQueue, HeapScheduler
from sched.multilevel import MultilevelScheduler
from sched.naive_sort import NaiveSortScheduler
from sched.plots.words import number
from sched.queue import Entry
from sched.sorted_list import SortedListScheduler
from sched.table import counted

from .record import Narrator, Row


class HeapNarrator(Narrator):
    """heapq's algorithm: a new entry rises; after a take, the last one sinks, then rises."""

    tree = True

    def __post_init__(self) -> None:
        self.heap: list[int] = []

    def rows(self) -> tuple[Row, ...]:
        return (Row("the heap as a list", tuple(self.heap)),)

    def real(self, queue: Any) -> Sequence[Any]:
        return list(queue.heap)

    def added(self, new: int) -> None:
        self.heap.append(new)
        index = len(self.heap) - 1
        where = f"at the end, index {index}" if index else "it is the root, index 0"
        self.tell(f"add {self.labels[new]}: {where}", moves=1, moved=frozenset({new}))
        self.rise(index)

    def taken(self, first: int) -> None:
        last = self.heap.pop()
        if not self.heap:
            self.tell(f"take {self.labels[first]}, the root: nothing is left", held=first)
            return
        self.heap[0] = last
        self.tell(
            f"take {self.labels[first]}, the root: {self.labels[last]}, the last, takes its place",
            moves=1,
            moved=frozenset({last}),
            held=first,
        )
        self.rise(self.sink())

    def sink(self) -> int:
        """Move the entry at the root down to a leaf, the smaller child up in its place each time.

        It is not compared on the way: it came from a leaf and most often belongs there.
        """
        heap, index = self.heap, 0
        while (left := 2 * index + 1) < len(heap):
            child, right = left, left + 1
            pair: tuple[int, ...] = ()
            if right < len(heap):
                pair = one, other = heap[left], heap[right]
                child = left if self.ask(one, other) else right
                told = f"compare the children {self.labels[one]} and {self.labels[other]}: "
                told += f"{self.labels[heap[child]]} is smaller{self.tie(one, other)} and moves up"
            else:
                told = f"{self.labels[heap[left]]}, the only child, moves up: nothing to compare"
            heap[index], heap[child] = heap[child], heap[index]
            self.tell(told, moves=2, compared=pair, moved=frozenset({heap[index], heap[child]}))
            index = child
        return index

    def rise(self, index: int) -> None:
        """Move an entry up while it is smaller than its parent."""
        heap = self.heap
        while index:
            parent = (index - 1) // 2
            new, above = heap[index], heap[parent]
            smaller = self.ask(new, above)
            told = f"compare {self.labels[new]} with its parent {self.labels[above]}: "
            told += self.outcome(new, above, smaller)
            if not smaller:
                self.tell(f"{told}, so it stays", compared=(new, above))
                return
            heap[index], heap[parent] = above, new
            pair = frozenset({new, above})
            self.tell(f"{told}, so they swap", moves=2, compared=(new, above), moved=pair)
            index = parent

    def tie(self, left: int, right: int) -> str:
        same = self.labels[left].key == self.labels[right].key
        return " (as urgent, added earlier)" if same else ""


class HeapByHandQueue(HeapQueue):
    """A heap whose pop is that of the textbooks, as a learner writes it."""

    def pop(self) -> Entry:
        heap = self.heap
        last = heap.pop()
        if not heap:
            return last
        first, heap[0] = heap[0], last
        index = 0
        while (child := 2 * index + 1) < len(heap):
            if child + 1 < len(heap) and heap[child + 1] < heap[child]:
                child += 1
            if not heap[child] < heap[index]:
                break
            heap[index], heap[child] = heap[child], heap[index]
            index = child
        return first


class HeapByHand(HeapScheduler):
    """A HeapScheduler whose heap stops sinking an entry where it belongs: for ``steps``."""

    queue = HeapByHandQueue


class HeapByHandNarrator(HeapNarrator):
    """The textbooks' algorithm: the last entry sinks while the smaller child is smaller."""

    called = "A heap by hand"

    def sink(self) -> int:
        heap, index = self.heap, 0
        while (child := 2 * index + 1) < len(heap):
            if child + 1 < len(heap):
                left, right = heap[child], heap[child + 1]
                if self.ask(right, left):
                    child += 1
                told = f"compare the children {self.labels[left]} and {self.labels[right]}: "
                told += f"{self.labels[heap[child]]} is smaller{self.tie(left, right)}"
                self.tell(told, compared=(left, right))
            below, above = heap[child], heap[index]
            smaller = self.ask(below, above)
            told = f"compare {self.labels[above]} with its child {self.labels[below]}: "
            told += f"the child is {self.outcome(below, above, smaller)}"
            if not smaller:
                self.tell(f"{told}, so {self.labels[above]} stays", compared=(below, above))
                break
            heap[index], heap[child] = below, above
            pair = frozenset({below, above})
            self.tell(f"{told}, so they swap", moves=2, compared=(below, above), moved=pair)
            index = child
        return 0  # it stays where it stopped: nothing is left to rise


class SortedListNarrator(Narrator):
    """bisect's algorithm: halve the range in which a place is looked for, then insert."""

    def __post_init__(self) -> None:
        self.cells: list[int | None] = []
        self.head = 0

    def rows(self) -> tuple[Row, ...]:
        return (Row("the list, sorted", tuple(self.cells)),)

    def real(self, queue: Any) -> Sequence[Any]:
        return list(queue.list)

    def added(self, new: int) -> None:
        low, high = self.head, len(self.cells)
        while low < high:
            middle = (low + high) // 2
            probe = self.cells[middle]
            assert probe is not None  # from the head on there are only entries
            smaller = self.ask(new, probe)
            where = f"the middle of {low} to {high - 1}" if high - low > 1 else "the last one left"
            told = f"compare {self.labels[new]} with {self.labels[probe]} at index {middle}, "
            told += f"{where}: {self.outcome(new, probe, smaller)}"
            side = "before" if smaller else "after"
            span = (low, high)
            self.tell(f"{told}, so {side} it", compared=(new, probe), held=new, span=span)
            low, high = (low, middle) if smaller else (middle + 1, high)
        later = self.cells[low:]
        self.cells.insert(low, new)
        told = f"insert {self.labels[new]} at index {low}: {shifted(len(later), 'right')}"
        moved = frozenset({new, *(cell for cell in later if cell is not None)})
        self.tell(told, moves=len(later) + 1, moved=moved)

    def taken(self, first: int) -> None:
        self.cells[self.head] = None
        self.head += 1
        rest = [cell for cell in self.cells[self.head :] if cell is not None]
        told = f"take {self.labels[first]}, the first: "
        if not rest:
            self.cells, self.head = [], 0
            self.tell(told + "nothing is left", held=first)
            return
        self.tell(told + f"the head moves on to index {self.head}", held=first)
        if self.head * 2 > len(self.cells):
            self.cells, self.head = list[int | None](rest), 0
            told = "cut off the empty places, more than half of the list: "
            told += counted(len(rest), "entry moves", "entries move")
            self.tell(f"{told} to the front", moves=len(rest), moved=frozenset(rest))


def shifted(count: int, where: str) -> str:
    """What happens to the entries after the one that is put in or taken out."""
    if count < 2:
        return f"the one after it moves one place {where}" if count else "nothing is after it"
    return f"the {count} after it move one place {where}"


class NaiveSortNarrator(Narrator):
    """Python's sort (Timsort) decides what to compare: its comparisons are told as observed."""

    note = "not counted: moves inside sorted(), and the search of list.remove()"

    def __post_init__(self) -> None:
        self.arrivals: list[int] = []
        self.copy: list[int] = []

    def rows(self) -> tuple[Row, ...]:
        return (
            Row("the list, as they came", tuple(self.arrivals)),
            Row("a sorted copy", tuple(self.copy)),
        )

    def real(self, queue: Any) -> Sequence[Any]:
        return list(queue.arrivals)

    def added(self, new: int) -> None:
        self.arrivals.append(new)
        self.tell(f"add {self.labels[new]}: at the end", moves=1, moved=frozenset({new}))

    def taken(self, first: int) -> None:
        self.tell_observed("sort: ")
        self.copy = sorted(self.arrivals, key=self.entries.__getitem__)
        n = len(self.copy)
        told = f"a copy of {n} is sorted: {self.labels[first]} is the first"
        self.tell(told, moves=n, moved=frozenset(self.copy), moved_row=1)
        index = self.arrivals.index(first)
        later = self.arrivals[index + 1 :]
        self.arrivals.remove(first)
        self.copy = []
        told = f"take {self.labels[first]} out of the list, throw the copy away: "
        told += shifted(len(later), "left")
        self.tell(told, moves=len(later), moved=frozenset(later), held=first)


class PlainNarrator(Narrator):
    """Any other scheduler: what it compares, and its entries in order."""

    note = "moves are not counted: how this structure keeps its entries is not known here"

    def __post_init__(self) -> None:
        self.ordered: list[int] = []

    def rows(self) -> tuple[Row, ...]:
        return (Row("the entries, in order", tuple(self.ordered)),)

    def real(self, queue: Any) -> Sequence[Any]:
        return list(queue)

    def added(self, new: int) -> None:
        self.tell_observed()
        insort(self.ordered, new, key=self.entries.__getitem__)
        self.tell(f"add {self.labels[new]}", moved=frozenset({new}))

    def taken(self, first: int) -> None:
        self.tell_observed()
        self.ordered.remove(first)
        self.tell(f"take {self.labels[first]}", held=first)


class MultilevelNarrator(Narrator):
    """A FIFO for each priority. All tasks are ready when added, so that none comes out of turn."""

    note = "not counted: the heap of the levels, which compares numbers, not tasks"

    def __post_init__(self) -> None:
        self.levels: dict[Any, list[int]] = {
            rank: [] for rank in sorted({e[0] for e in self.entries})
        }

    def rows(self) -> tuple[Row, ...]:
        return tuple(
            Row(f"level {number(rank)}, first in, first out", tuple(fifo), f"level {number(rank)}")
            for rank, fifo in self.levels.items()
        )

    def real(self, queue: Any) -> Sequence[Any]:
        if queue.run or any(level.late for level in queue.levels.values()):
            raise RuntimeError("the structure holds more than a FIFO for each level")
        levels = {rank: list(level.fifo) for rank, level in queue.levels.items()}
        return [entry for rank in self.levels for entry in levels.get(rank, [])]

    def added(self, new: int) -> None:
        rank = self.entries[new][0]
        fifo, row = self.levels[rank], list(self.levels).index(rank)
        told = f"add {self.labels[new]} to its level, the first there"
        pair: tuple[int, ...] = ()
        if fifo:
            pair = fifo[-1], new
            in_turn = self.ask(*pair)
            assert in_turn  # ids ascend
            told = f"add {self.labels[new]} to its level: compare {self.said(*pair)}: "
            told += f"{self.outcome(*pair, in_turn)}, so it goes to the end"
        fifo.append(new)
        self.tell(told, moves=1, compared=pair, moved=frozenset({new}), moved_row=row)

    def taken(self, first: int) -> None:
        rank = self.entries[first][0]
        self.levels[rank].remove(first)
        told = f"take {self.labels[first]}, the first of the most urgent level in use"
        self.tell(told, held=first)


# A scheduler with a queue of its own is told plainly: its algorithm is not known.
NARRATORS: dict[type[Scheduler], type[Narrator]] = {
    HeapScheduler: HeapNarrator,
    HeapByHand: HeapByHandNarrator,
    SortedListScheduler: SortedListNarrator,
    NaiveSortScheduler: NaiveSortNarrator,
    MultilevelScheduler: MultilevelNarrator,
}


def narrator_of(scheduler_class: type[Scheduler]) -> type[Narrator]:
    """Who tells what this class does. O(number of classes known)."""
    for known, narrator in NARRATORS.items():
        if scheduler_class.queue is known.queue:
            return narrator
    return PlainNarrator
