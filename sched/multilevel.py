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

Multilevel queues: F. J. Corbató et al., "An Experimental Time-Sharing System", 1962.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from sched.base import Scheduler
from sched.queue import Entry, Queue
from sched.sorted_run import SortedRun

MOST_LEVELS = 256


class Level:
    """The ready tasks of one rank: those that came in turn, and a heap of those that did not.

    Invariant: ``fifo`` ascends.
    """

    __slots__ = ("fifo", "late")

    def __init__(self, entries: list[Entry]) -> None:
        self.fifo: deque[Entry] = deque(entries)
        self.late: list[Entry] = []

    def late_is_next(self) -> bool:
        """Whether the smallest entry is one that came out of turn; there is one of these."""
        return not self.fifo or self.late[0] < self.fifo[0]


class MultilevelQueue(Queue):
    """Its cost depends on how many priorities are in use, not how many tasks.

    Reads the (rank, run_at, id) that an entry begins with; elsewhere entries are only compared.

    Invariant: no level is empty, ``order`` is a heap of the ranks that have one, ``first`` is the
    level of the smallest, and while ``run`` holds entries there are no levels.
    """

    def __init__(self) -> None:
        self.levels: dict[int | float, Level] = {}
        self.order: list[int | float] = []
        self.first: Level | None = None
        self.run = SortedRun()

    def push(self, entry: Entry) -> None:
        level = self.levels.get(entry[0])
        if level is not None:
            fifo = level.fifo
            if not fifo or fifo[-1] < entry:
                fifo.append(entry)
            else:
                heappush(level.late, entry)
        elif self.run:
            self.run.push(entry)
        elif len(self.levels) == MOST_LEVELS:
            self._change_over([entry])
        else:
            self._open_level(entry[0], [entry])

    def _open_level(self, rank: int | float, entries: list[Entry]) -> None:
        self.levels[rank] = Level(entries)
        heappush(self.order, rank)
        self.first = self.levels[self.order[0]]

    def _close_first_level(self) -> None:
        del self.levels[heappop(self.order)]
        self.first = self.levels[self.order[0]] if self.order else None

    def _change_over(self, entries: list[Entry]) -> None:
        """From levels to a run, with these entries more."""
        self.run = SortedRun([*self._entries(), *entries])
        self.levels, self.order, self.first = {}, [], None

    def pop(self) -> Entry:
        level = self.first
        if level is None:
            return self.run.pop()
        if level.late and level.late_is_next():
            entry = heappop(level.late)
        else:
            entry = level.fifo.popleft()
        if not level.fifo and not level.late:
            self._close_first_level()
        return entry

    def peek(self) -> Entry:
        level = self.first
        if level is None:
            return self.run.peek()
        return level.late[0] if level.late and level.late_is_next() else level.fifo[0]

    def pushpop(self, entry: Entry) -> Entry:
        level = self.first
        if level is None:
            return self.run.pushpop(entry)
        if entry < (level.late[0] if level.late and level.late_is_next() else level.fifo[0]):
            return entry  # where it is the most urgent of all, no level is opened for it
        self.push(entry)
        return self.pop()

    def extend(self, entries: list[Entry]) -> None:
        """A batch that comes in turn, as usual, goes to the ends of its levels uncompared."""
        if self.run:
            for entry in entries:
                self.run.push(entry)
            return
        groups: dict[int | float, list[Entry]] = {}
        in_turn = True
        for entry in entries:
            try:
                group = groups[entry[0]]
            except KeyError:
                groups[entry[0]] = [entry]
                if len(groups) > MOST_LEVELS:
                    break
            else:
                if entry < group[-1]:
                    in_turn = False
                group.append(entry)
        if len(groups.keys() | self.levels.keys()) > MOST_LEVELS:
            self._change_over(entries)
            return
        for rank, group in groups.items():
            if not in_turn:
                group.sort()
            level = self.levels.get(rank)
            if level is None:
                self._open_level(rank, group)
            elif not level.fifo or level.fifo[-1] < group[0]:
                level.fifo.extend(group)
            else:
                for entry in group:
                    self.push(entry)

    def load(self, entries: list[Entry]) -> None:
        self.levels, self.order, self.first, self.run = {}, [], None, SortedRun()
        self.extend(entries)

    def _entries(self) -> Iterator[Entry]:
        for level in self.levels.values():
            yield from level.fifo
            yield from level.late

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.run if self.run else sorted(self._entries()))

    def __len__(self) -> int:
        return len(self.run) + sum(
            len(level.fifo) + len(level.late) for level in self.levels.values()
        )

    def check(self) -> None:
        self.run.check()
        if self.run and self.levels:
            raise AssertionError("there are levels beside the run")
        if sorted(self.order) != sorted(self.levels):
            raise AssertionError("the order of the levels is not that of the levels in use")
        if self.first is not (self.levels[self.order[0]] if self.order else None):
            raise AssertionError("the first level is not the most urgent one")
        for rank, level in self.levels.items():
            fifo = list(level.fifo)
            if not fifo and not level.late:
                raise AssertionError(f"level {rank} is empty")
            if any(fifo[i] < fifo[i - 1] for i in range(1, len(fifo))):
                raise AssertionError(f"the FIFO of level {rank} does not ascend")


class MultilevelScheduler(Scheduler):
    """A scheduler whose cost depends on how many priorities are in use, not how many tasks."""

    queue = MultilevelQueue
