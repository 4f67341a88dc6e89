"""The schedulers of this package, through their public methods, with all that they do."""

from collections.abc import Sequence
from typing import Any, ClassVar

from benchmarks.peers.interface import Peer, Row
from sched import (
    HeapScheduler,
    MultilevelScheduler,
    Scheduler,
    SortedListScheduler,
    SystemClock,
)


class OurScheduler(Peer):
    """``add_task`` and ``get_next_task``; what is taken is completed, which is timed apart."""

    make: ClassVar[type[Scheduler]]

    def open(self) -> None:
        self.scheduler = self.make(clock=SystemClock(wall=self.wall))

    def add(self, rows: Sequence[Row]) -> None:
        add_task = self.scheduler.add_task
        for priority, name in rows:
            add_task(priority, name)

    def add_delayed(self, rows: Sequence[Row]) -> None:
        add_task = self.scheduler.add_task
        for delay, name in rows:
            add_task(1, name, delay)

    def take(self, number: int) -> list[Any]:
        take = self.scheduler.get_next_task
        return [take() for _ in range(number)]

    def add_and_take(self, rows: Sequence[Row]) -> list[Any]:
        add_task, take, taken = self.scheduler.add_task, self.scheduler.get_next_task, []
        for priority, name in rows:
            add_task(priority, name)
            taken.append(take())
        return taken

    def add_cancellable(self, rows: Sequence[Row]) -> list[Any]:
        add_task = self.scheduler.add_task
        return [add_task(priority, name) for priority, name in rows]

    def cancel(self, handles: Sequence[Any]) -> None:
        cancel = self.scheduler.cancel
        for task_id in handles:
            cancel(task_id)

    def load(self, rows: Sequence[Row]) -> None:
        self.scheduler.add_tasks(rows)

    def settle(self) -> None:
        self.scheduler.metrics()  # lets in what was added

    def finish(self, taken: Sequence[Any]) -> None:
        complete = self.scheduler.complete
        for task in taken:
            complete(task)

    def name_of(self, item: Any) -> str:
        return str(item)


class OurHeap(OurScheduler):
    make = HeapScheduler


class OurLevels(OurScheduler):
    make = MultilevelScheduler


class OurSortedList(OurScheduler):
    make = SortedListScheduler
    note = "an add moves half of all entries"
    largest: ClassVar = {"": 2**14}
