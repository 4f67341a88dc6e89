"""MultilevelScheduler: a FIFO for each priority level, and a heap of the levels.

With a handful of priorities nothing needs to be compared. All tasks of one priority that are
ready when they are added come out in the order in which they came: their ``(run_at, id)`` ascends
by itself, so a plain first-in, first-out queue is their order. What is left to decide is which
level is next, and there are only as many as there are different priorities.

Some tasks arrive out of turn: delayed ones when they fall due, those with a timestamp in the past,
those with a new priority, retries. Each level keeps a small heap for them, and the smaller head of
the two goes first.

If nearly every task has a priority of its own, or a rank of its own as with aging, a FIFO for each
would be a waste. Past 256 levels all entries change over to one SortedRun, until that is empty.

    add         O(1)               O(log n) past 256 levels
    take next   O(1)               O(log n) amortised past 256 levels
    look        O(1)
    load n      O(n)

Multilevel queues: F. J. Corbató et al., "An Experimental
Time-Sharing System", 1962.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from heapq import heappop, heappush
from operator import itemgetter

from sched.base import Scheduler
from sched.queue import Entry, Queue
from sched.sorted_run import SortedRun

MOST_LEVELS = 256

_rank = itemgetter(0)


class Level:
    """The ready tasks of one priority: those that came in turn, and a heap of those that did not.

    Invariant: ``fifo`` ascends.
    """

    __slots__ = ("fifo", "late")

    def __init__(self, entries: list[Entry]) -> None:
        self.fifo: deque[Entry] = deque(entries)
        self.late: list[Entry] = []

    def push(self, entry: Entry) -> None:
        """Put an entry in: at the end if that is its place."""
        fifo = self.fifo
        if not fifo or fifo[-1] < entry:
            fifo.append(entry)
        else:
            heappush(self.late, entry)

    def late_is_next(self) -> bool:
        """Whether the smallest entry is one that came out of turn; there is one of these."""
        return not self.fifo or self.late[0] < self.fifo[0]


class MultilevelQueue(Queue):
    """Its cost depends on how many priorities are in use, not how many tasks.

    Reads the rank of an entry, ``entry[0]``, and compares entries otherwise.

    Invariant: no level is empty, ``order`` is a heap of the ranks that have one, and while ``run``
    holds entries there are no levels.
    """

    def __init__(self) -> None:
        self.levels: dict[int | float, Level] = {}
        self.order: list[int | float] = []
        self.run: SortedRun | None = None

    def push(self, entry: Entry) -> None:
        level = self.levels.get(entry[0])
        if level is not None:
            level.push(entry)
        elif self.run:
            self.run.push(entry)
        elif len(self.levels) == MOST_LEVELS:
            self.run = SortedRun([*self._entries(), entry])
            self.levels, self.order = {}, []
        else:
            self.levels[entry[0]], self.run = Level([entry]), None
            heappush(self.order, entry[0])

    def pop(self) -> Entry:
        if self.run is not None:
            return self.run.pop()
        level = self.levels[self.order[0]]
        late = level.late
        entry = heappop(late) if late and level.late_is_next() else level.fifo.popleft()
        if not level.fifo and not late:
            del self.levels[heappop(self.order)]
        return entry

    def peek(self) -> Entry:
        if self.run is not None:
            return self.run.peek()
        level = self.levels[self.order[0]]
        return level.late[0] if level.late and level.late_is_next() else level.fifo[0]

    def extend(self, entries: list[Entry]) -> None:
        """Entries that are in turn go to the ends of their levels, n comparisons in all."""
        if self.run:
            for entry in entries:
                self.run.push(entry)
            return
        ranks = set(map(_rank, entries))
        if (
            len(ranks) + len(self.levels) > MOST_LEVELS
            and len(ranks | {*self.levels}) > MOST_LEVELS
        ):
            self.run = SortedRun([*self._entries(), *entries])
            self.levels, self.order = {}, []
            return
        self.run = None
        groups: defaultdict[int | float, list[Entry]] = defaultdict(list)
        for entry in entries:
            groups[entry[0]].append(entry)
        for rank, group in groups.items():
            group.sort()  # n comparisons if they are in turn already
            level = self.levels.get(rank)
            if level is None:
                self.levels[rank] = Level(group)
                heappush(self.order, rank)
            elif not level.fifo or level.fifo[-1] < group[0]:
                level.fifo.extend(group)
            else:
                for entry in group:
                    level.push(entry)

    def load(self, entries: list[Entry]) -> None:
        self.levels, self.order, self.run = {}, [], None
        self.extend(entries)

    def _entries(self) -> Iterator[Entry]:
        for level in self.levels.values():
            yield from level.fifo
            yield from level.late

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries()) if self.run is None else self.run)

    def __len__(self) -> int:
        run = 0 if self.run is None else len(self.run)
        return run + sum(len(level.fifo) + len(level.late) for level in self.levels.values())

    def check(self) -> None:
        if self.run is not None:
            self.run.check()
            if self.levels:
                raise AssertionError("there are levels beside the run")
        if sorted(self.order) != sorted(self.levels):
            raise AssertionError("the order of the levels is not that of the levels in use")
        for rank, level in self.levels.items():
            fifo = list(level.fifo)
            if not fifo and not level.late:
                raise AssertionError(f"level {rank} is empty")
            if any(fifo[i] < fifo[i - 1] for i in range(1, len(fifo))):
                raise AssertionError(f"the FIFO of level {rank} does not ascend")


class MultilevelScheduler(Scheduler):
    """A scheduler whose cost depends on how many priorities are in use, not how many tasks."""

    queue = MultilevelQueue
