"""What a data structure does, comparison by comparison, told in frames.

A scheduler's hooks ``_push`` and ``_pop`` are called with entries that report each time they are
compared; heapq, bisect and sorted, though written in C, ask them like any other. So comparisons are
observed. The moves between them are told by a narrator: it repeats the documented algorithm on a
list of its own, is given the observed answers one after the other, and must end with the list that
the structure has. Where the two differ, it says so and stops: a story that is not true is worth
nothing.

One scheduler, one narrator. A move is an entry that comes to stand at another index: a swap is two.
"""

from abc import ABC, abstractmethod
from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sched.base import Scheduler
from sched.heap import HeapScheduler
from sched.naive_sort import NaiveSortScheduler
from sched.plots.entries import Label, label
from sched.sorted_list import SortedListScheduler


@dataclass(frozen=True)
class Row:
    """A list as it is drawn: the numbers of the tasks in it, None where a place is empty."""

    title: str
    cells: tuple[int | None, ...]


@dataclass(frozen=True)
class Frame:
    """One moment. Tasks are called by their number: 0 for the one added first.

    compared: the two that were compared. moved: those that were put elsewhere, in the row of that
    number. held: the one that stands in no list: about to be put in, or taken out. span: the
    indices, from and up to, among which a place is still looked for. comparisons, moves: so far.
    """

    operation: int
    rows: tuple[Row, ...]
    sentence: str
    comparisons: int
    moves: int
    compared: tuple[int, ...] = ()
    moved: frozenset[int] = frozenset()
    moved_row: int = 0
    held: int | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Comparison:
    """``left < right`` was asked, and this was the answer."""

    left: int
    right: int
    smaller: bool


class Watched(tuple[Any, ...]):
    """An entry that reports when it is compared. A tuple, because a structure may look into it."""

    number: int
    log: list[Comparison]

    def __lt__(self, other: Any) -> bool:
        smaller = tuple.__lt__(self, other)
        self.log.append(Comparison(self.number, other.number, smaller))
        return smaller


@dataclass
class Narrator(ABC):
    """Tells what one kind of data structure does. Tasks are numbers, in the order of adding."""

    entries: Sequence[tuple[Any, ...]]
    labels: list[Label] = field(init=False)
    frames: list[Frame] = field(default_factory=list[Frame])
    observed: deque[Comparison] = field(default_factory=deque[Comparison])
    operation: int = 0
    comparisons: int = 0
    moves: int = 0

    tree: ClassVar[bool] = False  # whether the first row is drawn as a tree too
    note: ClassVar[str] = ""  # what is not counted

    def __post_init__(self) -> None:
        self.labels = [label(entry) for entry in self.entries]

    @abstractmethod
    def rows(self) -> tuple[Row, ...]:
        """The lists, as they are now."""

    @abstractmethod
    def added(self, new: int) -> None:
        """Tell how a task was put in."""

    @abstractmethod
    def taken(self, first: int) -> None:
        """Tell how the first task was taken out."""

    @abstractmethod
    def real(self, scheduler: Any) -> Sequence[Any]:
        """The structure's own list: of entries, and None where a place is empty."""

    def ask(self, left: int, right: int) -> bool:
        """The observed answer to ``left < right``, which must be what was asked next."""
        if not self.observed:
            raise RuntimeError(f"the structure never compared {self.said(left, right)}")
        seen = self.observed.popleft()
        if (seen.left, seen.right) != (left, right):
            raise RuntimeError(
                f"the structure compared {self.said(seen.left, seen.right)} where its "
                f"algorithm compares {self.said(left, right)}"
            )
        self.comparisons += 1
        return seen.smaller

    def said(self, left: int, right: int) -> str:
        return f"{self.labels[left]} with {self.labels[right]}"

    def outcome(self, left: int, right: int, smaller: bool) -> str:
        """The answer in words. Of equal priorities the one added first is smaller."""
        word = "smaller" if smaller else "not smaller"
        if self.labels[left].key != self.labels[right].key:
            return word
        when = "earlier" if left < right else "later"
        return f"as urgent, added {when}: {word}"

    def tell_observed(self, why: str = "") -> None:
        """Tell the comparisons of an algorithm that is not repeated here, as they were made."""
        while self.observed:
            left, right = self.observed[0].left, self.observed[0].right
            outcome = self.outcome(left, right, self.ask(left, right))
            self.tell(f"{why}compare {self.said(left, right)}: {outcome}", compared=(left, right))

    def tell(self, sentence: str, moves: int = 0, **what: Any) -> None:
        self.moves += moves
        self.frames.append(
            Frame(self.operation, self.rows(), sentence, self.comparisons, self.moves, **what)
        )

    def verify(self, scheduler: Any) -> None:
        """Raise RuntimeError if the story does not end where the structure stands."""
        if self.observed:
            c = self.observed[0]
            raise RuntimeError(f"the structure also compared {self.said(c.left, c.right)}")
        stands = [None if entry is None else entry.number for entry in self.real(scheduler)]
        told = list(self.rows()[0].cells)
        if stands != told:
            raise RuntimeError(f"the structure holds {stands} where its algorithm leaves {told}")


class HeapNarrator(Narrator):
    """heapq's algorithm: a new entry rises; after a take, the last one sinks, then rises."""

    tree = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.heap: list[int] = []

    def rows(self) -> tuple[Row, ...]:
        return (Row("the heap as an array", tuple(self.heap)),)

    def real(self, scheduler: Any) -> Sequence[Any]:
        return list(scheduler._heap)

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


class SortedListNarrator(Narrator):
    """bisect's algorithm: halve the range in which a place is looked for, then insert."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cells: list[int | None] = []
        self.head = 0

    def rows(self) -> tuple[Row, ...]:
        return (Row("the list, sorted", tuple(self.cells)),)

    def real(self, scheduler: Any) -> Sequence[Any]:
        return list(scheduler._list)

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
            told += "1 entry moves" if len(rest) == 1 else f"{len(rest)} entries move"
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
        super().__post_init__()
        self.arrivals: list[int] = []
        self.copy: list[int] = []

    def rows(self) -> tuple[Row, ...]:
        return (
            Row("the list, as they came", tuple(self.arrivals)),
            Row("a sorted copy", tuple(self.copy)),
        )

    def real(self, scheduler: Any) -> Sequence[Any]:
        return list(scheduler._arrivals)

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
        super().__post_init__()
        self.ordered: list[int] = []

    def rows(self) -> tuple[Row, ...]:
        return (Row("the entries, in order", tuple(self.ordered)),)

    def real(self, scheduler: Any) -> Sequence[Any]:
        return list(scheduler._ordered())

    def added(self, new: int) -> None:
        self.tell_observed()
        insort(self.ordered, new, key=self.entries.__getitem__)
        self.tell(f"add {self.labels[new]}", moved=frozenset({new}))

    def taken(self, first: int) -> None:
        self.tell_observed()
        self.ordered.remove(first)
        self.tell(f"take {self.labels[first]}", held=first)


# A subclass that brings its own _push or _pop is told plainly: its algorithm is not known.
NARRATORS: dict[type[Scheduler], type[Narrator]] = {
    HeapScheduler: HeapNarrator,
    SortedListScheduler: SortedListNarrator,
    NaiveSortScheduler: NaiveSortNarrator,
}


def narrator_of(scheduler_class: type[Scheduler]) -> type[Narrator]:
    """Who tells what this class does. O(number of classes known)."""
    hooks = ("_push", "_pop", "_peek", "_load")
    for known, narrator in NARRATORS.items():
        if all(getattr(scheduler_class, h) is getattr(known, h) for h in hooks):
            return narrator
    return PlainNarrator


def record(
    scheduler: Scheduler, rows: Sequence[tuple[int | float, str]], take: int
) -> tuple[Narrator, list[int]]:
    """Add the tasks, take some, and return who tells it and the numbers taken, in order.

    scheduler: a fresh one, of which only the ready side is used. rows: (priority, name).
    """
    log: list[Comparison] = []
    entries = [(priority, 0.0, i, name, 0.0) for i, (priority, name) in enumerate(rows)]
    narrator = narrator_of(type(scheduler))(entries)
    taken: list[int] = []
    hooks: Any = scheduler  # its ready side is driven directly: entries of our own go in
    for step in range(len(entries) + take):
        narrator.operation = step
        if step < len(entries):
            watched = Watched(entries[step])
            watched.number, watched.log = step, log
            hooks._push(watched)
            narrator.observed.extend(log)
            narrator.added(step)
        else:
            first: Watched = hooks._pop()
            taken.append(first.number)
            narrator.observed.extend(log)
            narrator.taken(first.number)
        narrator.verify(scheduler)
        log.clear()  # verifying may have compared too
    return narrator, taken
