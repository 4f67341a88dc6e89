"""Waiting: the tasks whose time is still to come.

Their entries stand in sorted runs. What comes in is appended to a list that nobody sorts before
the first of its tasks is due: one sort of many takes a fraction of what a heap takes to let them
in one by one, and at that moment many of them are wanted together. Runs of similar length are
merged, so that there are only log2 n of them, however slowly entries trickle in.

Which entries are current is for the table of the ledger to say. The others, which their tasks have
left behind, are tombstones: skipped where they come up, and cleared away before they outnumber the
rest.

    add         O(1), and O(log n) amortised for the sorting later
    first due   O(1)
    take due    O(log n) amortised for each
    forget      O(1) amortised; O(log n) for the one that is due first

Runs of growing length that are merged: P. O'Neil et al., "The Log-Structured Merge-Tree", 1996.
"""

from bisect import bisect_left
from collections.abc import Callable
from math import inf
from operator import itemgetter
from typing import Any

from sched.entry import TaskEntry

SPARE = 64  # tombstones that are never worth clearing away

_run_at, by_run_at = itemgetter(1), itemgetter(1, 2)


class Waiting:
    """``due`` is when the first task may run, inf if there is none; ``len`` counts tasks.

    current: returns what the table has for an id.
    dropped: takes the tombstones that are let go of, for whoever empties it.

    Invariant: each run descends by run_at, so that what is due first leaves from its end; the
    runs and ``fresh`` hold the entry of each task once, and ``_tombstones`` others.
    """

    def __init__(self, current: Callable[[int], Any], dropped: list[Any]) -> None:
        self.due = inf
        self._current = current
        self._dropped = dropped
        self.fresh: list[TaskEntry] = []  # as they came
        self.runs: list[list[TaskEntry]] = []
        self._size = 0
        self._tombstones = 0

    def __len__(self) -> int:
        """How many tasks wait. O(1)."""
        return self._size

    def add(self, entry: TaskEntry) -> None:
        """Put an entry in. O(1)."""
        if entry[1] < self.due:
            self.due = entry[1]
        self.fresh.append(entry)
        self._size += 1

    def extend(self, entries: list[TaskEntry]) -> None:
        """Put a batch in. O(its length)."""
        if entries:
            self.due = min(self.due, min(map(_run_at, entries)))
            self.fresh += entries
            self._size += len(entries)

    def forget(self, entry: TaskEntry) -> None:
        """An entry of this structure is no longer its task's current one. O(1) amortised."""
        self._size -= 1
        self._tombstones += 1
        self._clear_tombstones()
        if entry[1] <= self.due:
            self._settle()
            self._find_first()

    def take_due(self, now: float) -> list[TaskEntry]:
        """Take out the entries whose time has come, first due first. O(log n) amortised each."""
        self._settle()
        due: list[TaskEntry] = []
        parts = 0
        for run in self.runs:
            if cut := len(run) - _cut(run, now):
                parts += 1
                due += reversed(run[-cut:])
                del run[-cut:]
        if parts > 1:
            due.sort(key=_run_at)
        if self._tombstones:
            live = [entry for entry in due if self._is_current(entry)]
            self._tombstones -= len(due) - len(live)
            self._dropped.append(due)
            due = live
        self._size -= len(due)
        self._find_first()
        self._clear_tombstones()  # of tasks that were due later than those that are gone now
        return due

    def _clear_tombstones(self) -> None:
        """Drop them once they outnumber the tasks. O(1) amortised."""
        if self._tombstones > self._size + SPARE:
            kept = [e for run in [self.fresh, *self.runs] for e in run if self._is_current(e)]
            self._dropped += [self.fresh, self.runs]
            self.runs, self.fresh, self._tombstones = [], kept, 0

    def _is_current(self, entry: TaskEntry) -> bool:
        return self._current(entry[2]) is entry

    def _settle(self) -> None:
        """Sort what is fresh, together with the runs that are not much longer."""
        if self.fresh:
            merged, keep = self.fresh, len(self.runs)
            merged.reverse()  # so that of two that are due together the first to come leaves first
            while keep and len(self.runs[keep - 1]) <= 2 * len(merged):
                keep -= 1
                merged += self.runs[keep]
            merged.sort(key=_run_at, reverse=True)  # finds the parts that are in order already
            self.runs, self.fresh = [*self.runs[:keep], merged], []

    def _find_first(self) -> None:
        """Set ``due``, and remove the tombstones before it and the empty runs. All are sorted."""
        for run in self.runs:
            while self._tombstones and run and not self._is_current(run[-1]):
                self._dropped.append(run.pop())
                self._tombstones -= 1
        self.runs = [run for run in self.runs if run]
        self.due = min((run[-1][1] for run in self.runs), default=inf)

    def check(self) -> None:
        """Raise AssertionError if the invariant does not hold. O(n log n)."""
        if any(a[1] < b[1] for run in self.runs for a, b in zip(run, run[1:], strict=False)):
            raise AssertionError("a run of waiting tasks does not descend")
        stored = [entry for run in [*self.runs, self.fresh] for entry in run]
        live = [entry for entry in stored if self._is_current(entry)]
        if len({entry[2] for entry in live}) != self._size or len(live) != self._size:
            raise AssertionError("a waiting task is not in a run once")
        if len(stored) != self._size + self._tombstones:
            raise AssertionError("a tombstone of a waiting task is not counted")
        if self.due != min(map(_run_at, live), default=inf):
            raise AssertionError("the first waiting task is not the one that is due first")
        if self._tombstones > self._size + SPARE:
            raise AssertionError("tombstones outnumber the waiting tasks")


def _cut(run: list[TaskEntry], now: float) -> int:
    """Where the part of a run begins that is due."""
    if run[-1][1] > now:  # nothing is, or everything: the usual answers where tasks trickle in
        return len(run)
    if run[0][1] <= now:
        return 0
    return bisect_left(run, -now, key=lambda entry: -entry[1])
