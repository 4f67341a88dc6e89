"""Waiting: the tasks whose time is still to come.

A table from id to entry, and beside it the entries in sorted runs. What comes in is appended to a
list that nobody sorts before the first of its tasks is due: one sort of many takes a fraction of
what a heap takes to let them in one by one, and at that moment many of them are wanted together.
Sorted lists of similar length are merged, so that there are only log2 n of them, however slowly
entries trickle in.

Removing deletes from the table alone; the entry that stays in a run, a tombstone, is no longer the
current one of its task, and is skipped.

    add         O(1), and O(log n) amortised for the sorting later
    first due   O(1)
    take due    O(log n) amortised for each
    remove      O(1) amortised; O(log n) for the one that is due first

Runs of growing length that are merged: P. O'Neil et al., "The Log-Structured Merge-Tree", 1996.
"""

from bisect import bisect_left
from collections import deque
from math import inf
from operator import itemgetter

from sched.task import TaskEntry

SPARE = 64  # tombstones that are never worth clearing away

_run_at, _task_id, by_run_at = itemgetter(1), itemgetter(2), itemgetter(1, 2)


class Waiting:
    """``entries`` by id, and by ``run_at``; ``due`` is the time of the first, inf if there is none.

    Invariant: each run descends by run_at, so that what is due first leaves from its end; the
    runs and ``_fresh`` hold the entry of each task once, and ``_tombstones`` others.
    """

    def __init__(self) -> None:
        self.entries: dict[int, TaskEntry] = {}
        self.due = inf
        self._fresh: list[TaskEntry] = []  # as they came
        self._runs: list[list[TaskEntry]] = []
        self._tombstones = 0

    def add(self, entry: TaskEntry) -> None:
        """Put an entry in. The table comes last: what an interrupt leaves is a tombstone."""
        if entry[1] < self.due:
            self.due = entry[1]
        self._fresh.append(entry)
        self.entries[entry[2]] = entry

    def replace(self, entry: TaskEntry) -> None:
        """Put an entry in the place of the one with its id."""
        self._tombstones += 1
        self.add(entry)
        self._clear_tombstones()

    def remove(self, task_id: int) -> TaskEntry | None:
        """Take an entry out; None if there is none of this id."""
        entry = self.entries.pop(task_id, None)
        if entry is not None:
            self._tombstones += 1
            self._clear_tombstones()
            if entry[1] <= self.due:
                self._settle()
                self._find_first()
        return entry

    def due_by(self, now: float) -> list[TaskEntry]:
        """The entries whose time has come, first due first. They stay until they are dropped."""
        self._settle()
        get = self.entries.get
        due = [e for run in self._runs for e in run[_cut(run, now) :] if get(e[2]) is e]
        if len(due) > 1:
            due.sort(key=by_run_at)
        return due

    def drop_due(self, now: float, due: list[TaskEntry]) -> None:
        """Take out what ``due_by`` returned for the same moment."""
        if len(due) == len(self.entries):
            self.entries = {}
        else:
            deque(map(self.entries.__delitem__, map(_task_id, due)), 0)
        for run in self._runs:
            cut = _cut(run, now)
            self._tombstones -= len(run) - cut
            del run[cut:]
        self._tombstones += len(due)
        self._find_first()

    def in_order(self) -> list[TaskEntry]:
        """All entries, first due first."""
        return sorted(self.entries.values(), key=by_run_at)

    def _settle(self) -> None:
        """Sort what is fresh, together with the runs that are not much longer."""
        if self._fresh:
            merged, keep = self._fresh[:], len(self._runs)
            while keep and len(self._runs[keep - 1]) <= 2 * len(merged):
                keep -= 1
                merged = self._runs[keep] + merged
            merged.sort(key=_run_at, reverse=True)  # finds the parts that are in order already
            self._runs, self._fresh = [*self._runs[:keep], merged], []

    def _find_first(self) -> None:
        """Set ``due``, and remove the tombstones before it and the empty runs. All are sorted."""
        due, runs = inf, []
        for run in self._runs:
            while run and self.entries.get(run[-1][2]) is not run[-1]:
                del run[-1]
                self._tombstones -= 1
            if run:
                runs.append(run)
                due = min(due, run[-1][1])
        self.due, self._runs = due, runs

    def _clear_tombstones(self) -> None:
        """Start anew from the table once tombstones outnumber the entries."""
        if self._tombstones > len(self.entries) + SPARE:
            self.entries = dict(self.entries)  # a dict gives memory back only when copied
            self._runs, self._fresh, self._tombstones = [], list(self.entries.values()), 0

    def check(self) -> None:
        """Raise AssertionError if the invariant does not hold."""
        if any(a[1] < b[1] for run in self._runs for a, b in zip(run, run[1:], strict=False)):
            raise AssertionError("a run of waiting tasks does not descend")
        n = len(self.entries)
        stored = [entry for run in [*self._runs, self._fresh] for entry in run]
        current = {id(e) for e in stored if self.entries.get(e[2]) is e}
        if len(current) != n or len(stored) != n + self._tombstones:
            raise AssertionError("a waiting task is not in a run once")
        if self.due != min(map(_run_at, self.entries.values()), default=inf):
            raise AssertionError("the first waiting task is not the one that is due first")
        if self._tombstones > n + SPARE:
            raise AssertionError("removed tasks outnumber the waiting ones")


def _cut(run: list[TaskEntry], now: float) -> int:
    """Where the part of a run begins that is due."""
    if run[-1][1] > now:  # nothing is, or everything: the usual answers where tasks trickle in
        return len(run)
    if run[0][1] <= now:
        return 0
    return bisect_left(run, -now, key=lambda entry: -entry[1])
