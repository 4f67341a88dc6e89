"""MultilevelScheduler: a FIFO for each priority level, and a heap of the levels.

With a handful of priorities nothing needs to be compared. All tasks of one priority that are
ready when they are added come out in the order in which they came: their ``(run_at, id)`` ascends
by itself, so a plain first-in, first-out queue is their order. What is left to decide is which
level is next, and there are only as many as there are different priorities.

Some tasks arrive out of turn: delayed ones when they fall due, those with a timestamp in the past,
those with a new priority, retries. Each level keeps a small heap for them, and the smaller head of
the two goes first.

If nearly every task has a priority of its own, a FIFO for each would be a waste. Past 256 levels
all entries change over to one SortedRun, until that is empty.

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

from sched.base import Entry, Scheduler
from sched.sorted_run import SortedRun
from sched.task import Details

MOST_LEVELS = 256


class Level:
    """The ready tasks of one priority: those that came in turn, and a heap of those that did not.

    Invariant: ``fifo`` ascends.
    """

    __slots__ = ("fifo", "late")

    def __init__(self, entries: list[Entry]) -> None:
        self.fifo: deque[Entry] = deque(entries)
        self.late: list[Entry] = []

    def head(self) -> Entry:
        """The smallest entry."""
        if self.late and (not self.fifo or self.late[0] < self.fifo[0]):
            return self.late[0]
        return self.fifo[0]


class MultilevelScheduler(Scheduler):
    """A scheduler whose cost depends on how many priorities are in use, not how many tasks.

    Invariant: no level is empty, ``_order`` is a heap of their priorities (not with aging, when
    the levels overtake each other), and while the ``_run`` holds entries there are no levels.
    """

    _levels: dict[int | float, Level]
    _order: list[int | float]
    _run: SortedRun | None

    def _push(self, entry: Entry) -> None:
        level = self._levels.get(entry[0] if self._aging is None else _priority(entry))
        if level is None:
            self._push_elsewhere(entry)
            return
        fifo = level.fifo
        if not fifo or fifo[-1] < entry:
            fifo.append(entry)
        else:
            heappush(level.late, entry)

    def _push_elsewhere(self, entry: Entry) -> None:
        """Put in an entry whose priority has no level: open one, unless that is one too many."""
        if self._run:
            self._run.push(entry)
        elif len(self._levels) == MOST_LEVELS:
            self._run = SortedRun([*self._entries(), entry])
            self._levels, self._order = {}, []
        else:
            priority = entry[0] if self._aging is None else _priority(entry)
            self._levels[priority], self._run = Level([entry]), None
            if self._aging is None:
                heappush(self._order, priority)

    def _pop(self) -> Entry:
        if self._run is not None:
            return self._run.pop()
        priority = self._order[0] if self._aging is None else self._first()
        level = self._levels[priority]
        fifo, late = level.fifo, level.late
        entry = heappop(late) if late and (not fifo or late[0] < fifo[0]) else fifo.popleft()
        if not fifo and not late:
            del self._levels[priority]
            if self._aging is None:
                heappop(self._order)
        return entry

    def _peek(self) -> Entry:
        if self._run is not None:
            return self._run.peek()
        return self._levels[self._order[0] if self._aging is None else self._first()].head()

    def _first(self) -> int | float:
        """The priority of the next task with aging: levels grow old, so compare their heads."""
        return min(self._levels, key=lambda priority: self._levels[priority].head())

    def _load(self, entries: list[Entry]) -> None:
        self._levels, self._order, self._run = {}, [], None
        levels: defaultdict[int | float, list[Entry]] = defaultdict(list)
        for entry in entries:
            levels[entry[0] if self._aging is None else _priority(entry)].append(entry)
        if len(levels) > MOST_LEVELS:
            self._run = SortedRun(entries)
            return
        for priority, its_entries in levels.items():
            its_entries.sort()  # n comparisons if they are in turn already
            self._levels[priority] = Level(its_entries)
        if self._aging is None:
            self._order = sorted(levels)  # a sorted list is a heap

    def _entries(self) -> Iterator[Entry]:
        for level in self._levels.values():
            yield from level.fifo
            yield from level.late

    def _ordered(self) -> Iterator[Entry]:
        return iter(sorted(self._entries()) if self._run is None else self._run)

    def _size(self) -> int:
        levels = self._levels.values()
        run = 0 if self._run is None else len(self._run)
        return run + sum(len(level.fifo) + len(level.late) for level in levels)

    def _check(self) -> None:
        if self._run is not None:
            self._run.check()
            if self._levels:
                raise AssertionError("there are levels beside the run")
        if self._aging is None and sorted(self._order) != sorted(self._levels):
            raise AssertionError("the order of the levels is not that of the levels in use")
        for priority, level in self._levels.items():
            fifo = list(level.fifo)
            if not fifo and not level.late:
                raise AssertionError(f"level {priority} is empty")
            if any(fifo[i] < fifo[i - 1] for i in range(1, len(fifo))):
                raise AssertionError(f"the FIFO of level {priority} does not ascend")


def _priority(entry: Entry) -> int | float:
    """The priority of an entry whose rank is not its priority."""
    payload = entry[3]
    return payload.priority if isinstance(payload, Details) else entry[0]
