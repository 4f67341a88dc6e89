"""Peers that come with Python, and lists and heaps of tuples as one writes them by hand."""

import asyncio
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from itertools import count
from queue import PriorityQueue
from typing import Any, ClassVar

import sched
from benchmarks.peers.interface import (
    BULK,
    CANCELLED,
    NO_BULK,
    NO_CANCEL,
    STEADY,
    STEADY_DISTINCT,
    TEN_LEVELS,
    Peer,
    Row,
)


class RawHeap(Peer):
    """The floor: a heap of (key, number, name). What is cancelled is marked in a set."""

    def open(self) -> None:
        self.heap: list[tuple[Any, int, str]] = []
        self.number = count()
        self.cancelled: set[int] = set()

    def add(self, rows: Sequence[Row]) -> None:
        heap, number = self.heap, self.number
        for key, name in rows:
            heappush(heap, (key, next(number), name))

    def take(self, number: int) -> list[Any]:
        heap, cancelled = self.heap, self.cancelled
        if not cancelled:
            return [heappop(heap) for _ in range(number)]
        taken: list[Any] = []
        while len(taken) < number:
            entry = heappop(heap)
            if entry[1] in cancelled:
                cancelled.remove(entry[1])
            else:
                taken.append(entry)
        return taken

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        heap, number, taken = self.heap, self.number, []
        for key, name in rows:
            heappush(heap, (key, next(number), name))
            taken.append(heappop(heap))
        return taken

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        heap, number, handles = self.heap, self.number, []
        for key, name in rows:
            handle = next(number)
            heappush(heap, (key, handle, name))
            handles.append(handle)
        return handles

    def cancel(self, handles: Sequence[Any]) -> None:
        cancel = self.cancelled.add
        for handle in handles:
            cancel(handle)

    def load(self, rows: Sequence[Row]) -> None:
        self.heap = [(key, next(self.number), name) for key, name in rows]
        heapify(self.heap)


class AppendSortPop(Peer):
    """The limit: append everything, sort once, pop from the end. No queue at all."""

    note = "sorts once: all tasks must be there before the first take"
    leaves_out: ClassVar = {
        STEADY: "would sort all of it at each step",
        STEADY_DISTINCT: "the same",
        CANCELLED: NO_CANCEL,
    }

    def open(self) -> None:
        self.list: list[tuple[Any, int, str]] = []
        self.number = count()
        self.sorted = False

    def add(self, rows: Sequence[Row]) -> None:
        append, number = self.list.append, self.number
        for key, name in rows:
            append((key, next(number), name))

    def take(self, number: int) -> list[Any]:
        if not self.sorted:
            self.list.sort(reverse=True)
            self.sorted = True
        pop = self.list.pop
        return [pop() for _ in range(number)]

    def load(self, rows: Sequence[Row]) -> None:
        self.list = [(key, next(self.number), name) for key, name in rows]


class TwentyLines(Peer):
    """The scheduler that notebook 01 starts with: a heap of (execution_time, priority, name)."""

    note = "keyed by time first: no priority is ever compared"
    leaves_out: ClassVar = {CANCELLED: NO_CANCEL, BULK: NO_BULK}
    largest: ClassVar = {TEN_LEVELS: 2**24, "": 2**16}

    def open(self) -> None:
        self.heap: list[tuple[float, Any, str]] = []
        self.clock = self.wall

    def add(self, rows: Sequence[Row]) -> None:
        add = self._add_task
        for priority, name in rows:
            add(priority, name)

    def add_delayed(self, rows: Sequence[Row]) -> None:
        add = self._add_task
        for delay, name in rows:
            add(1, name, delay)

    def _add_task(self, priority: Any, name: str, delay: float = 0) -> None:
        heappush(self.heap, (self.clock() + delay, priority, name))

    def _get_next_task(self) -> str | None:
        if self.heap and self.heap[0][0] <= self.clock():
            return heappop(self.heap)[2]
        return None

    def take(self, number: int) -> list[Any]:
        take = self._get_next_task
        return [take() for _ in range(number)]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        add, take, taken = self._add_task, self._get_next_task, []
        for priority, name in rows:
            add(priority, name)
            taken.append(take())
        return taken

    def name_of(self, item: Any) -> str:
        return str(item)


class LockedQueue(Peer):
    """``queue.PriorityQueue`` of (key, number, name)."""

    leaves_out: ClassVar = {CANCELLED: NO_CANCEL, BULK: NO_BULK}
    largest: ClassVar = {TEN_LEVELS: 2**24, "": 2**16}

    def open(self) -> None:
        self.queue: PriorityQueue[tuple[Any, int, str]] = PriorityQueue()
        self.number = count()

    def add(self, rows: Sequence[Row]) -> None:
        put, number = self.queue.put, self.number
        for key, name in rows:
            put((key, next(number), name))

    def take(self, number: int) -> list[Any]:
        get = self.queue.get
        return [get() for _ in range(number)]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        put, get, number, taken = self.queue.put, self.queue.get, self.number, []
        for key, name in rows:
            put((key, next(number), name))
            taken.append(get())
        return taken


NO_DELAY = abs  # in C, and of 0 it makes nothing


class _EnoughError(Exception):
    """Stops ``run``: it would go on for as long as actions enter new events."""


class StandardScheduler(Peer):
    """The standard library's ``sched.scheduler``: all events at one time, the key as priority."""

    note = (
        "time goes before priority: right here because all times are equal; without its "
        "time.sleep(0) after each event; a cancel is O(n)"
    )
    leaves_out: ClassVar = {BULK: NO_BULK}
    largest: ClassVar = {TEN_LEVELS: 2**24, CANCELLED: 2**10, "": 2**16}
    takes_all = True

    def open(self) -> None:
        # After each event it sleeps for 0 seconds, which on some systems costs more than the rest.
        self.scheduler = sched.scheduler(delayfunc=NO_DELAY)
        self.taken: list[str] = []

    def add(self, rows: Sequence[Row]) -> None:
        enter, action = self.scheduler.enterabs, self.taken.append
        for key, name in rows:
            enter(0, key, action, (name,))

    def take(self, number: int) -> list[Any]:
        self.scheduler.run(blocking=False)
        return self.taken[:number]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        """``run`` hands out all that is due: let each event that it runs enter the next one.

        It stops in an event, which is one more than was asked for: that one is kept for next time.
        """
        self._new = iter(rows)
        if self.taken:
            key, name = next(self._new)
            self.scheduler.enterabs(0, key, self._next, (name,))
        try:
            self.scheduler.run(blocking=False)
        except _EnoughError:
            pass
        taken, self.taken = self.taken[: len(rows)], self.taken[len(rows) :]
        return taken

    def load(self, rows: Sequence[Row]) -> None:
        enter, action = self.scheduler.enterabs, self._next
        for key, name in rows:
            enter(0, key, action, (name,))

    def _next(self, name: str) -> None:
        self.taken.append(name)
        row = next(self._new, None)
        if row is None:
            raise _EnoughError
        self.scheduler.enterabs(0, row[0], self._next, (row[1],))

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        enter, action = self.scheduler.enterabs, self.taken.append
        return [enter(0, key, action, (name,)) for key, name in rows]

    def cancel(self, handles: Sequence[Any]) -> None:
        cancel = self.scheduler.cancel
        for event in handles:
            cancel(event)

    def name_of(self, item: Any) -> str:
        return str(item)


class _Loop:
    """As much of an event loop as its timers ask for."""

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass


class Timers(Peer):
    """asyncio's own ``TimerHandle`` objects in a heap, as ``loop.call_at`` keeps them."""

    note = "each comparison is a Python call"
    leaves_out: ClassVar = {BULK: NO_BULK}
    largest: ClassVar = {"": 2**16}

    def open(self) -> None:
        self.heap: list[asyncio.TimerHandle] = []
        self.loop: Any = _Loop()

    def add(self, rows: Sequence[Row]) -> None:
        heap, loop = self.heap, self.loop
        for when, name in rows:
            heappush(heap, asyncio.TimerHandle(when, print, (name,), loop))

    def take(self, number: int) -> list[Any]:
        heap = self.heap
        taken: list[Any] = []
        while len(taken) < number:
            handle = heappop(heap)
            if not handle.cancelled():
                taken.append(handle)
        return taken

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        heap, loop, taken = self.heap, self.loop, []
        for when, name in rows:
            heappush(heap, asyncio.TimerHandle(when, print, (name,), loop))
            taken.append(heappop(heap))
        return taken

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        heap, loop, handles = self.heap, self.loop, []
        for when, name in rows:
            handle = asyncio.TimerHandle(when, print, (name,), loop)
            heappush(heap, handle)
            handles.append(handle)
        return handles

    def cancel(self, handles: Sequence[Any]) -> None:
        for handle in handles:
            handle.cancel()

    def name_of(self, item: Any) -> str:
        # Its text alone says what it would call: <TimerHandle when=1 print('task 1')>.
        return str(item).rpartition("('")[2].rpartition("')")[0]
