"""Peers from packages. Each imports its package when it is made: any of them may be missing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from operator import itemgetter
from typing import Any, ClassVar

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


class SortedTuples(Peer):
    """sortedcontainers ``SortedList`` of (key, number, name)."""

    package = "sortedcontainers"

    def open(self) -> None:
        from sortedcontainers import SortedList

        self.list = SortedList()
        self.number = count()

    def add(self, rows: Sequence[Row]) -> None:
        add, number = self.list.add, self.number
        for key, name in rows:
            add((key, next(number), name))

    def take(self, number: int) -> list[Any]:
        pop = self.list.pop
        return [pop(0) for _ in range(number)]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        add, pop, number, taken = self.list.add, self.list.pop, self.number, []
        for key, name in rows:
            add((key, next(number), name))
            taken.append(pop(0))
        return taken

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        add, number, handles = self.list.add, self.number, []
        for key, name in rows:
            entry = (key, next(number), name)
            add(entry)
            handles.append(entry)
        return handles

    def cancel(self, handles: Sequence[Any]) -> None:
        remove = self.list.remove
        for entry in handles:
            remove(entry)

    def load(self, rows: Sequence[Row]) -> None:
        number = self.number
        self.list.update([(key, next(number), name) for key, name in rows])


class SortedRows(Peer):
    """sortedcontainers ``SortedKeyList`` of (key, name): it keeps equals in order by itself."""

    package = "sortedcontainers"
    note = "to cancel one it searches all of the same key"
    largest: ClassVar = {TEN_LEVELS: 2**24, CANCELLED: 2**12, "": 2**16}

    def open(self) -> None:
        from sortedcontainers import SortedKeyList

        self.list = SortedKeyList(key=itemgetter(0))

    def add(self, rows: Sequence[Row]) -> None:
        add = self.list.add
        for key, name in rows:
            add((key, name))  # a tuple of its own, as all others have

    def take(self, number: int) -> list[Any]:
        pop = self.list.pop
        return [pop(0) for _ in range(number)]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        add, pop, taken = self.list.add, self.list.pop, []
        for key, name in rows:
            add((key, name))
            taken.append(pop(0))
        return taken

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        self.add(rows)
        return list(rows)

    def cancel(self, handles: Sequence[Any]) -> None:
        remove = self.list.remove
        for row in handles:
            remove(row)

    def load(self, rows: Sequence[Row]) -> None:
        self.list.update([(key, name) for key, name in rows])


class Simulated(Peer):
    """The event queue of simpy: events that have happened, scheduled with the key as priority."""

    package = "simpy"
    leaves_out: ClassVar = {CANCELLED: NO_CANCEL, BULK: NO_BULK}
    largest: ClassVar = {"": 2**16}

    def open(self) -> None:
        import simpy

        class Ranked(simpy.Event):
            """Made as simpy makes its own Timeout, with a priority in place of a delay."""

            def __init__(self, env: Any, rank: Any, name: str, done: Callable[[Any], None]) -> None:
                self.env = env
                self.callbacks = [done]
                self._value = name
                self._ok = True
                env.schedule(self, rank)

        self.environment = simpy.Environment()
        self.event = Ranked
        self.taken: list[Any] = []

    def add(self, rows: Sequence[Row]) -> None:
        environment, event, done = self.environment, self.event, self.taken.append
        for key, name in rows:
            event(environment, key, name, done)

    def take(self, number: int) -> list[Any]:
        step = self.environment.step
        for _ in range(number):
            step()
        return self._taken()

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        environment, event, done = self.environment, self.event, self.taken.append
        step = environment.step
        for key, name in rows:
            event(environment, key, name, done)
            step()
        return self._taken()

    def _taken(self) -> list[Any]:
        """The events that have been handed out since it was last asked."""
        taken = self.taken[:]
        self.taken.clear()  # the same list: waiting events append to it
        return taken

    def name_of(self, item: Any) -> str:
        return str(item.value)


class PriorityDict(Peer):
    """``pqdict``: from a number to (key, number, name), smallest first."""

    package = "pqdict"
    largest: ClassVar = {"": 2**14}

    def open(self) -> None:
        from pqdict import pqdict

        self.dict = pqdict()
        self.make = pqdict
        self.number = count()

    def add(self, rows: Sequence[Row]) -> None:
        add, number = self.dict.additem, self.number
        for key, name in rows:
            i = next(number)
            add(i, (key, i, name))

    def take(self, number: int) -> list[Any]:
        pop = self.dict.popitem
        return [pop() for _ in range(number)]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        add, pop, number, taken = self.dict.additem, self.dict.popitem, self.number, []
        for key, name in rows:
            i = next(number)
            add(i, (key, i, name))
            taken.append(pop())
        return taken

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        self.add(rows)
        return list(range(len(rows)))

    def cancel(self, handles: Sequence[Any]) -> None:
        pop = self.dict.pop
        for number in handles:
            pop(number)

    def load(self, rows: Sequence[Row]) -> None:
        number = self.number
        self.dict = self.make({(i := next(number)): (key, i, name) for key, name in rows})

    def name_of(self, item: Any) -> str:
        return str(item[1][-1])


class JobStore(Peer):
    """APScheduler 3 with its memory store: the key is the time of a job, in microseconds."""

    package = "apscheduler"
    note = "a job is far more than a name; ids are given, so that equals come out as added"
    leaves_out: ClassVar = {
        STEADY: "hands out all that is due at once",
        STEADY_DISTINCT: "the same",
        BULK: NO_BULK,
    }
    largest: ClassVar = {"": 2**10}
    takes_all = True

    def open(self) -> None:
        from apscheduler.jobstores.memory import MemoryJobStore
        from apscheduler.schedulers.base import BaseScheduler

        class Idle(BaseScheduler):  # type: ignore[misc]
            """Never runs anything by itself: the jobs are taken from its store."""

            def wakeup(self) -> None:
                pass

            def shutdown(self, wait: bool = True) -> None:
                pass

        self.store = MemoryJobStore()
        self.scheduler = Idle(timezone=UTC)
        self.scheduler.add_jobstore(self.store)
        self.scheduler.start(paused=True)
        self.number = count()

    def add(self, rows: Sequence[Row]) -> None:
        self.add_cancellable(rows)

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        add, number, start = self.scheduler.add_job, self.number, datetime(2000, 1, 1, tzinfo=UTC)
        return [
            add(
                print,
                "date",
                run_date=start + timedelta(microseconds=key),
                id=f"{next(number):08}",
                name=name,
            )
            for key, name in rows
        ]

    def cancel(self, handles: Sequence[Any]) -> None:
        remove = self.scheduler.remove_job
        for job in handles:
            remove(job.id)

    def take(self, number: int) -> list[Any]:
        remove = self.store.remove_job
        due: list[Any] = self.store.get_due_jobs(datetime.now(UTC))[:number]
        for job in due:
            remove(job.id)
        return due

    def name_of(self, item: Any) -> str:
        return str(item.name)
