"""NaiveSortScheduler: the ready tasks as they came, all of them sorted at every step.

The obvious way: keep a list, and to find the next task, sort it. It is right, and it forgets all
that the last sort found out, so every step pays O(n log n) again. It is here to be measured.

The sort is of a copy. Sorting the list in place would leave it nearly sorted for the next step,
and on such a list Python's sort takes about n comparisons, not n log n: it finds the runs that
are in order already (Timsort). That would be a better scheduler, but not the naive one.

    add         O(1)
    take next   O(n log n)
    look        O(n log n)
    load n      O(1)

T. Peters, "listsort.txt" in CPython's sources, 2002.
"""

from collections.abc import Iterator

from sched.base import Entry, Scheduler


class NaiveSortScheduler(Scheduler):
    """A scheduler that sorts everything to find one task: O(n log n) for each task taken.

    Invariant: none but that ``_arrivals`` holds the entries; their order says nothing.
    """

    _arrivals: list[Entry]
    _take_tombstones = False  # each would cost a sort: they are removed before a take

    def _push(self, entry: Entry) -> None:
        self._arrivals.append(entry)

    def _pop(self) -> Entry:
        first = self._peek()
        self._arrivals.remove(first)
        return first

    def _peek(self) -> Entry:
        return sorted(self._arrivals)[0]

    def _load(self, entries: list[Entry]) -> None:
        self._arrivals = entries

    def _ordered(self) -> Iterator[Entry]:
        return iter(sorted(self._arrivals))

    def _size(self) -> int:
        return len(self._arrivals)

    def _check(self) -> None:
        """Any order is a right one."""
