"""SortedListScheduler: the ready tasks in a list that is kept sorted.

The next task is always the first, so taking it costs nothing: a head index moves on by one, and
the part behind it is cut off now and then. Adding pays. Bisection finds the place in log2 n
comparisons, then every later entry moves up by one: O(n) moves. A move is one pointer of a block
that the processor copies at once, hundreds of times cheaper than a comparison, which is why this
list keeps up with a heap to about a thousand tasks, and then no longer.

    add         O(n)              log2 n comparisons, then up to n moves
    take next   O(1) amortised    the head moves on
    look        O(1)
    load n      O(n log n)        one sort

Binary search: D. E. Knuth, "The Art of Computer Programming", vol. 3, 6.2.1, 1973.
"""

from bisect import insort
from collections.abc import Iterator

from sched.base import Entry, Scheduler


class SortedListScheduler(Scheduler):
    """A scheduler with nothing to do when a task is taken, and everything when one is added.

    Invariant: ``_list`` ascends from index ``_head`` on; before it there is only None.
    """

    _list: list[Entry]
    _head: int

    def _push(self, entry: Entry) -> None:
        insort(self._list, entry, lo=self._head)

    def _pop(self) -> Entry:
        entry = self._list[self._head]
        self._list[self._head] = None  # the entry must not outlive its task
        self._head += 1
        if self._head * 2 > len(self._list):  # n moves every n takes: O(1) for each
            del self._list[: self._head]
            self._head = 0
        return entry

    def _peek(self) -> Entry:
        return self._list[self._head]

    def _load(self, entries: list[Entry]) -> None:
        entries.sort()
        self._list, self._head = entries, 0

    def _ordered(self) -> Iterator[Entry]:
        return iter(self._list[self._head :])

    def _size(self) -> int:
        return len(self._list) - self._head

    def _check(self) -> None:
        if any(entry is not None for entry in self._list[: self._head]):
            raise AssertionError("an entry is left before the head")
        for i in range(self._head + 1, len(self._list)):
            if self._list[i] < self._list[i - 1]:
                raise AssertionError(f"list[{i}] is smaller than the entry before it")
