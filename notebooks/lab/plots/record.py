"""What a data structure does, comparison by comparison, told in frames.

A scheduler's Queue is pushed to and popped from, with entries that report each time they are
compared; heapq, bisect and sorted, though written in C, ask them like any other. So comparisons are
observed. The moves between them are told by a narrator: it repeats the documented algorithm on a
list of its own, is given the observed answers one after the other, and must end with the list that
the structure has. Where the two differ, it says so and stops: a story that is not true is worth
nothing.

One queue, one narrator. A move is an entry that comes to stand at another index: a swap is two.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sched.plots.words import number, one_line
from sched.queue import Queue

from .entries import Label


@dataclass(frozen=True)
class Row:
    """A list as it is drawn: the numbers of the tasks in it, None where a place is empty."""

    title: str
    cells: tuple[int | None, ...]
    name: str = ""  # said before the list where there are several


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
    labels: list[Label]
    frames: list[Frame] = field(default_factory=list[Frame])
    observed: deque[Comparison] = field(default_factory=deque[Comparison])
    operation: int = 0
    comparisons: int = 0
    moves: int = 0

    called: ClassVar[str] = ""  # the structure, in titles; its scheduler's class if ""
    tree: ClassVar[bool] = False  # whether the first row is drawn as a tree too
    note: ClassVar[str] = ""  # what is not counted

    @abstractmethod
    def __post_init__(self) -> None:
        """Make the lists, still empty, on which the algorithm is repeated."""

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
    def real(self, queue: Any) -> Sequence[Any]:
        """The structure's own lists, one after the other; None where a place is empty."""

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

    def verify(self, queue: Any) -> None:
        """Raise RuntimeError if the story does not end where the structure stands."""
        if self.observed:
            c = self.observed[0]
            raise RuntimeError(f"the structure also compared {self.said(c.left, c.right)}")
        stands = [None if entry is None else entry.number for entry in self.real(queue)]
        told = [cell for row in self.rows() for cell in row.cells]
        if stands != told:
            raise RuntimeError(f"the structure holds {stands} where its algorithm leaves {told}")


def record(
    queue: Queue,
    rows: Sequence[tuple[int | float, str]],
    take: int,
    narrator_class: type[Narrator],
) -> tuple[Narrator, list[int]]:
    """Add the tasks, take some, and return who tells it and the numbers taken, in order.

    queue: an empty one. rows: (priority, name).
    """
    log: list[Comparison] = []
    entries = [(priority, 0.0, i) for i, (priority, _) in enumerate(rows)]
    labels = [Label(number(p), one_line(name), i) for i, (p, name) in enumerate(rows, start=1)]
    narrator = narrator_class(entries, labels)
    taken: list[int] = []
    for step in range(len(entries) + take):
        narrator.operation = step
        if step < len(entries):
            watched = Watched(entries[step])
            watched.number, watched.log = step, log
            queue.push(watched)
            narrator.observed.extend(log)
            narrator.added(step)
        else:
            first: Watched = queue.pop()
            taken.append(first.number)
            narrator.observed.extend(log)
            narrator.taken(first.number)
        narrator.verify(queue)
        log.clear()  # verifying may have compared too
    return narrator, taken
