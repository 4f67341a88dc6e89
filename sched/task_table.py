"""TaskTable: every task that is remembered, in one table, and the indexes over it.

Each task is one item, by id: its entry while it is PENDING, the Task that was handed out while it
is RUNNING, and how it ended after that. A move is one assignment in the table. All else is an index
over it, and can be made anew from it: the queue of the ready tasks, the waiting ones, the keys, the
order of those that ended.

So an interrupt (Ctrl-C, which Python may raise after any call) loses nothing. A mark is set before
indexes change and cleared after; whoever comes next and finds it set makes them anew, O(n), once.

Adding takes no lock. An add appends to a list of *arrivals*, and whoever takes the lock next lets
in what has arrived, all in one go. So a signal handler may add, a finalizer too, and a million adds
cost one batch. How many arrived is read before the clock: none of them is from the future.

Cancelling searches no structure. What a cancelled task leaves in one is a tombstone: an entry that
is not the one that the table has for its id. Tombstones are skipped where they come up, and
cleared away before they outnumber the rest, so that n tasks take O(n) memory.

Nothing of the user's dies under the lock, where its finalizer would find the lock taken: what a
transition lets go of goes to the list ``dropped``, to be emptied after the lock is released.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from itertools import count
from math import inf
from sys import getsizeof
from typing import Any

from sched import forks
from sched.clock import Clock
from sched.entry import Details, TaskEntry
from sched.lock import new_lock
from sched.queue import Queue
from sched.task import FinishedTask, RunningTask, Task, TaskStatus
from sched.waiting import SPARE, Waiting

BATCHES_FROM = 1000  # so long a history is cut in batches; a shorter one at each end of a task
MOMENT = 1e-4  # seconds, in which another thread ends its move


class TaskTable:
    """All but ``give_way`` is called with the lock held. The mark is set and cleared by the callers
    of ``enter``, ``leave_behind``, ``finish`` and ``release_key``, which are steps of one move.

    Invariant, unless ``mark`` is set: ``table`` and ``arrivals`` hold each task once; ``queue`` and
    ``waiting`` hold the entry of each pending task of the table once, and tombstones, those with a
    run_at up to ``horizon`` in the queue; ``keys`` has the keys of unfinished tasks,
    ``finished_ids`` and ``dead_ids`` the ids of those that ended, first ended first.
    """

    def __init__(self, queue: type[Queue], clock: Clock, history: int) -> None:
        self.lock = new_lock()
        self.clock = clock
        self.ids = count(1)
        self.arrivals: list[TaskEntry] = []
        self.timed = False  # whether any task ever came with a delay or a timestamp
        self.table: dict[int, TaskEntry | Task] = {}
        self.mark = False
        self.dropped: list[Any] = []
        self.queue: Any = queue()
        self.new_queue = queue
        self.tombstones = 0  # in the queue
        self.waiting = Waiting(self.item, self.dropped)
        self.horizon = -inf
        self.history = history
        self.evicts_at = history + (history // 32 if history >= BATCHES_FROM else 0)
        self.finished_ids: list[int] = []
        self.dead_ids: OrderedDict[int, None] = OrderedDict()
        self.keys: dict[str, int] = {}
        self.added = self.handed_out = self.retried = self.aborted = 0
        self.succeeded = self.failed = self.cancelled = 0
        self.miscounted = 0  # hand-outs that interrupts kept from being counted as over
        forks.note(self)

    def give_way(self) -> None:
        """Sleep for a moment where the lock is taken, instead of queueing for it. O(1).

        A thread that waits for a lock gets it before it may run. Whoever runs then finds the lock
        taken, and queues up in turn: a convoy, in which each move costs a switch of threads, and
        which does not end by itself (M. Blasgen et al., "The Convoy Phenomenon", 1979). One that
        sleeps does not queue. Not for the main thread: Ctrl-C could leave the lock taken.
        (``locked()`` says False of a lock that has been given to a thread which may not run yet.)
        """
        if self.lock.acquire(blocking=False):
            self.lock.release()
        else:
            time.sleep(MOMENT)

    def item(self, task_id: int) -> TaskEntry | Task | None:
        """What the table has for an id: an entry is of a PENDING task. O(1)."""
        return self.table.get(task_id)

    def is_current(self, entry: TaskEntry) -> bool:
        """Whether this is the entry of a pending task, and no tombstone. O(1)."""
        return self.table.get(entry[2]) is entry

    def count_running(self) -> int:
        """How many tasks are RUNNING. O(1)."""
        over = self.succeeded + self.failed + self.retried + self.aborted + self.miscounted
        return self.handed_out - over

    def count_pending(self) -> int:
        """How many tasks of the table are PENDING. O(1)."""
        ended = len(self.finished_ids) + len(self.dead_ids)
        return len(self.table) - self.count_running() - ended

    # --- coming in --------------------------------------------------------------------------------

    def catch_up(self) -> float:
        """Let in what has arrived and what is due; indexes made anew if need be. Returns now."""
        arrived = len(self.arrivals)
        now = self.clock.now()
        if arrived or self.mark:
            self.let_in(arrived, now)
        else:
            self.promote(now)
        return now

    def let_in(self, arrived: int, now: float) -> None:
        """Let in so many arrivals, all of which had come when the clock was read. O(number)."""
        if self.mark:
            arrived -= self._rebuild(now)
        if self.waiting.due <= now or now < self.horizon:
            self.promote(now)
        else:
            self.horizon = now
        self.mark = True
        batch, table = self.arrivals[:arrived], self.table
        for entry in batch:
            table[entry[2]] = entry
        del self.arrivals[:arrived]
        self.enter_all(batch)
        self.added += arrived
        self.mark = False

    def promote(self, now: float) -> None:
        """Move what is due from the waiting side to the queue. O(log n) amortised for each."""
        if self.waiting.due <= now:
            self.mark = True
            self.queue.extend(self.waiting.take_due(now))
            self.horizon = now
            self.mark = False
        elif now > self.horizon:
            self.horizon = now

    def enter(self, entry: TaskEntry) -> None:
        """Put the entry of a pending task into the queue or the waiting side. O(log n)."""
        if entry[1] <= self.horizon:
            self.queue.push(entry)
        else:
            self.waiting.add(entry)

    def enter_all(self, entries: list[TaskEntry]) -> None:
        """Put many in. O(log n) for each, and less than to put them in one by one."""
        if self.timed:
            horizon = self.horizon
            self.waiting.extend([entry for entry in entries if entry[1] > horizon])
            entries = [entry for entry in entries if entry[1] <= horizon]
        self.queue.extend(entries)

    # --- going out --------------------------------------------------------------------------------

    def leave_behind(self, entry: TaskEntry) -> None:
        """The entry is no longer its task's current one: a tombstone. O(1) amortised."""
        if entry[1] > self.horizon:
            self.waiting.forget(entry)
            self._shrink_table()
        else:
            self.tombstones += 1
            self.clear_tombstones()

    def clear_tombstones(self) -> None:
        """Make the queue anew without tombstones once they outnumber the live entries."""
        ready = self.count_pending() - len(self.waiting)
        if self.tombstones >= (1 if self.queue.costly_pop else ready + SPARE):
            queue = self.new_queue()
            queue.load([entry for entry in self.queue if self.is_current(entry)])
            self.dropped.append(self.queue)
            self.queue, self.tombstones = queue, 0
            self._shrink_table()

    def past_tombstones(self, entry: TaskEntry) -> TaskEntry:
        """The next current entry, out of the queue; IndexError if there is none. O(log n) each.

        Here, as no loop may stand in a ``with`` of the lock: from Python 3.12 on, an interrupt at
        the jump back to a loop's start passes by the end of the ``with``, and the lock stays taken.
        """
        while not self.is_current(entry):
            self.tombstones -= 1
            self.dropped.append(entry)
            entry = self.queue.pop()
        return entry

    def _shrink_table(self) -> None:
        """A dict gives memory back only when copied: 40 to 110 bytes an item where it is in use."""
        if getsizeof(self.table) > 250 * len(self.table) + 4096:
            self.table = dict(self.table)

    def finish(self, task_id: int, task: FinishedTask) -> None:
        """Put a task that has ended into the history, and evict the oldest. O(1) amortised."""
        self.table[task_id] = task
        self.finished_ids.append(task_id)
        if self.keys:
            self.release_key(task.entry)
        if len(self.finished_ids) > self.evicts_at:
            self.evict()

    def evict(self) -> None:
        """Forget the oldest of the history: O(their number), in a batch a sixth less each."""
        surplus = len(self.finished_ids) - self.history
        oldest = self.finished_ids[:surplus]
        self.dropped += map(self.table.pop, oldest)  # in C: an interrupt would drop one here
        del self.finished_ids[:surplus]

    def evict_dead(self, most: float) -> None:
        """Forget the oldest dead letters, all but so many. O(their number)."""
        while len(self.dead_ids) > most:
            oldest, _ = self.dead_ids.popitem(last=False)
            self.dropped.append(self.table[oldest])  # first, lest an interrupt drops it here
            del self.table[oldest]

    def release_key(self, entry: TaskEntry) -> None:
        """The task of this entry is finished: its key is free. O(1)."""
        key = entry[3].key if isinstance(entry[3], Details) else None
        if key is not None:
            self.keys.pop(key, None)

    # --- making anew ------------------------------------------------------------------------------

    def _rebuild(self, now: float) -> int:
        """Make all indexes anew, O(n log n). Returns how many arrivals the table had already."""
        known = 0
        while known < len(self.arrivals) and self.arrivals[known][2] in self.table:
            known += 1
        del self.arrivals[:known]
        horizon = max(self.horizon, now)
        waiting = Waiting(self.item, self.dropped)
        waiting.extend([e for e in self._entries() if e[1] > horizon])
        queue = self.new_queue()
        queue.load([e for e in self._entries() if e[1] <= horizon])
        running = [task for task in self.table.values() if type(task) is RunningTask]
        finished = self._in_order_of_end(self.finished_ids, dead=False)
        dead = OrderedDict.fromkeys(self._in_order_of_end(self.dead_ids, dead=True))
        self.dropped += [self.queue, self.waiting]
        self.queue, self.tombstones, self.waiting, self.horizon = queue, 0, waiting, horizon
        self.finished_ids, self.dead_ids = finished, dead
        if len(finished) > self.evicts_at:
            self.evict()
        self.keys = _keys([*self._entries(), *(task.entry for task in running)])
        self.miscounted += self.count_running() - len(running)
        self.mark = False
        return known

    def _entries(self) -> Iterable[TaskEntry]:
        return (item for item in self.table.values() if isinstance(item, tuple))

    def _in_order_of_end(self, before: Iterable[int], *, dead: bool) -> list[int]:
        """The ids of dead letters, or of the others that ended; in the old order at one moment."""
        ended = {
            task_id: item.finished_at or 0.0
            for task_id, item in self.table.items()
            if isinstance(item, FinishedTask) and (item.status is TaskStatus.FAILED) is dead
        }
        known = [task_id for task_id in before if task_id in ended]
        return sorted([*known, *(ended.keys() - {*known})], key=ended.__getitem__)

    def renew_after_fork(self) -> None:
        """Make the lock anew, in a forked child: what was half done there is marked. O(1)."""
        self.lock = new_lock()

    # --- checking ---------------------------------------------------------------------------------

    def check_indexes(self, now: float) -> None:
        """Raise AssertionError if the invariant does not hold. O(n log n)."""
        self.queue.check()
        self.waiting.check()
        ordered = list(self.queue)
        live = [entry for entry in ordered if self.is_current(entry)]
        pending = list(self._entries())
        running = [task for task in self.table.values() if type(task) is RunningTask]
        ready = sorted(entry for entry in pending if entry[1] <= self.horizon)
        ended = {i: t for i, t in self.table.items() if isinstance(t, FinishedTask)}
        dead = [i for i, task in ended.items() if task.status is TaskStatus.FAILED]
        unfinished = [*pending, *(task.entry for task in running)]
        for holds, invariant in [
            (live == ready, "each ready task has one entry, in order"),
            (ordered == sorted(ordered), "the queue gives its entries in order"),
            (len(ordered) == len(self.queue), "the queue knows its size"),
            (len(ordered) == len(live) + self.tombstones, "all tombstones are counted"),
            (self.tombstones <= len(live) + SPARE, "tombstones do not outnumber the tasks"),
            (len(pending) == len(live) + len(self.waiting), "each pending task is on one side"),
            (all(entry[1] <= now for entry in live), "no task is ready before its time"),
            (all(i == _id_of(item) for i, item in self.table.items()), "items stand at their ids"),
            (self.count_running() == len(running), "all hand-outs are counted"),
            (sorted(self.dead_ids) == sorted(dead), "dead letters are those that failed"),
            (sorted([*self.finished_ids, *dead]) == sorted(ended), "the history is what ended"),
            (len(self.finished_ids) <= self.evicts_at, "the history is bounded"),
            (_keys(unfinished) == self.keys, "each unfinished key has its task, and no other"),
            (
                not any(entry[2] in self.table for entry in self.arrivals),
                "no task is let in twice",
            ),
        ]:
            if not holds:
                raise AssertionError(f"broken: {invariant}")


def _id_of(item: TaskEntry | Task) -> int:
    task_id: int = item[2] if isinstance(item, tuple) else item.id
    return task_id


def _keys(entries: list[TaskEntry]) -> dict[str, int]:
    """The task of each key."""
    details = ((entry[3], entry[2]) for entry in entries if isinstance(entry[3], Details))
    return {each.key: task_id for each, task_id in details if each.key is not None}
