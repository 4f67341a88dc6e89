"""SortedRun: entries that come out in order, sorted only when somebody asks.

A heap pays at once for each entry that comes in, and walks all over memory for each that leaves.
A run does neither: what comes in is appended, and the first that is asked for sorts it all in one
go, which reads memory in straight lines; after that each leaves from the end of a list. It pays
where entries come in batches. For those that trickle in between there is a small heap beside the
run, which is merged into it when it has grown to half its size.

    push        O(1)
    pop, peek   O(log n) amortised, O(1) once sorted
    load n      O(1)

Lazy sorting: R. Paredes, G. Navarro, "Optimal Incremental Sorting", 2006. The merge of sorted
pieces in n comparisons: T. Peters, "listsort.txt" in CPython's sources, 2002.
"""

from collections.abc import Iterator
from heapq import heappop, heappush, heappushpop
from typing import Any


class SortedRun:
    """A priority queue over entries that it only compares.

    Invariant: ``_run`` descends, ``_trickle`` is a heap, ``_fresh`` is in any order.
    """

    def __init__(self, entries: list[Any] | None = None) -> None:
        self._run: list[Any] = []
        self._trickle: list[Any] = []
        self._fresh: list[Any] = [] if entries is None else entries
        self.push = self._fresh.append

    def __len__(self) -> int:
        return len(self._run) + len(self._trickle) + len(self._fresh)

    def __iter__(self) -> Iterator[Any]:
        """All entries, ascending."""
        return iter(sorted([*self._fresh, *self._trickle, *reversed(self._run)]))

    def pop(self) -> Any:
        """Take the smallest entry out; IndexError if there is none."""
        if self._fresh:
            self._settle()
        if self._trickle and (not self._run or self._trickle[0] < self._run[-1]):
            return heappop(self._trickle)
        return self._run.pop()

    def peek(self) -> Any:
        """The smallest entry, left in; IndexError if there is none."""
        if self._fresh:
            self._settle()
        if self._trickle and (not self._run or self._trickle[0] < self._run[-1]):
            return self._trickle[0]
        return self._run[-1]

    def pushpop(self, entry: Any) -> Any:
        """Put one entry in and take the smallest out, be it the same."""
        if self._fresh:
            self._settle()
        run, trickle = self._run, self._trickle
        if trickle and (not run or trickle[0] < run[-1]):
            return heappushpop(trickle, entry)
        if not run or entry < run[-1]:
            return entry
        if 2 * len(trickle) < len(run):
            heappush(trickle, entry)
        else:
            self._fresh.append(entry)
        return run.pop()

    def _settle(self) -> None:
        """Sort in what is fresh, or let it trickle where that is less work."""
        if 2 * (len(self._fresh) + len(self._trickle)) < len(self._run):
            for entry in self._fresh:
                heappush(self._trickle, entry)
        else:
            self._run += self._trickle
            self._run += self._fresh
            self._run.sort(reverse=True)  # finds the part that is in order already
            self._trickle.clear()
        self._fresh.clear()

    def check(self) -> None:
        """Raise AssertionError if the invariant does not hold."""
        run, trickle = self._run, self._trickle
        if any(run[i] > run[i - 1] for i in range(1, len(run))):
            raise AssertionError("the run does not descend")
        if any(trickle[i] < trickle[(i - 1) // 2] for i in range(1, len(trickle))):
            raise AssertionError("what trickled in is not a heap")
