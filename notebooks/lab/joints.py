"""What joins the parts of `my_scheduler.py`: the source of these classes is put into that file.

Nothing here is run: in the file, the names below are the learner's parts, or ours.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, RLock, Thread
from typing import Any, NamedTuple

from .shell import Parts, Shell

PARTS: Any = None
push = pop = take = pauses = next_run_time = work = PARTS
Levels = Waiting = Watch = Tracked = Keyed = PARTS


class Clock:
    """What a scheduler asks for the time, in seconds. It never runs backwards."""

    def now(self) -> float:
        return time.monotonic()


def nothing() -> None:
    """What a task does that was given no action."""


@dataclass(eq=False)
class Task:
    """A task, and what has become of it. Moments are seconds of the scheduler's clock."""

    id: int
    name: str
    priority: float
    added_at: float
    run_at: float
    action: Callable[[], Any] = nothing
    attempts: int = 0
    started_at: float | None = None
    result: Any = None
    error: str = ""

    def __str__(self) -> str:
        return self.name


class Change(NamedTuple):
    """What `Watch` hears of: "added", "started", "succeeded", "retrying", "failed", "cancelled"."""

    kind: str
    task: Task


class Scheduler:
    """The whole. Any thread may call any method: one lock lets in one at a time.

    clock: anything with now(), in seconds. levels, waiting: whether `Levels` and `Waiting` hold
    the tasks, not heaps. Every task that was ever added is kept: see `status`.
    """

    def __init__(self, clock: Any = None, levels: bool = False, waiting: bool = False) -> None:
        self.clock = Clock() if clock is None else clock
        slots = Levels if levels else None, Waiting if waiting else None
        self.queue = Shell(Parts(push, pop, take, pauses, *slots))
        self.tracked = Tracked(self.queue)
        self.keyed = Keyed(self.tracked)
        self.watch = Watch()
        self.tasks: dict[int, Task] = {}
        self.due: dict[int, float] = {}  # of each pending task: from when it may run
        self.lock = RLock()

    def add_task(
        self,
        priority: float,
        task_name: str,
        delay: float = 0,
        key: Any = None,
        action: Callable[[], Any] = nothing,
    ) -> int:
        """Add a task; its number. One whose key an unfinished task has is not added again."""
        with self.lock:
            now = self.clock.now()
            if key is None:
                number = self.tracked.add(priority, delay, now)
            else:
                number = self.keyed.add(key, priority, delay, now)
            if number not in self.tasks:
                task = Task(number, task_name, priority, now, now + delay, action)
                self.tasks[number], self.due[number] = task, task.run_at
                self.watch.hear(Change("added", task))
            return int(number)

    def get_next_task(self) -> Task | None:
        """The most urgent task whose time has come, which is running now; None if there is none."""
        with self.lock:
            number = self.tracked.take(self.clock.now())
            if number is None:
                return None
            del self.due[number]
            task = self.tasks[number]
            task.attempts += 1
            task.started_at = self.clock.now()
            self.watch.hear(Change("started", task))
            return task

    def complete(self, task: Task, result: Any = None) -> None:
        """Say that a task has done its work. ValueError if it is not running."""
        with self.lock:
            self._must_run(task)
            self.tracked.states[task.id] = "succeeded"
            task.result = result
            self.watch.hear(Change("succeeded", task))

    def fail(self, task: Task, error: Any = "") -> bool:
        """Say that a task has failed; whether it runs again. ValueError if it is not running."""
        with self.lock:
            self._must_run(task)
            now = self.clock.now()
            pause = self.queue.fail(task.id, now)  # type: ignore[arg-type]  # a number for a name
            task.error = str(error)
            if pause is None:
                self.tracked.states[task.id] = "failed"
                self.watch.hear(Change("failed", task))
                return False
            task.run_at = self.due[task.id] = now + pause
            self.tracked.states[task.id] = "pending"
            self.watch.hear(Change("retrying", task))
            return True

    def cancel(self, number: int) -> bool:
        """Take out a task that is pending; whether it was."""
        with self.lock:
            if not self.tracked.cancel(number):
                return False
            del self.due[number]
            self.watch.hear(Change("cancelled", self.tasks[number]))
            return True

    def status(self, number: int) -> str:
        """ "pending", "running", "succeeded", "failed" or "cancelled". KeyError: no such number."""
        with self.lock:
            return str(self.tracked.states[number])

    def pending_tasks(self) -> list[Task]:
        """The tasks that are pending, in no particular order."""
        with self.lock:
            return [self.tasks[number] for number in self.due]

    def next_run_time(self) -> float | None:
        """When get_next_task has something to give; None if nothing is pending."""
        with self.lock:
            now = self.clock.now()
            ready = [number for number, run_at in self.due.items() if run_at <= now]
            waiting = [run_at for run_at in self.due.values() if run_at > now]
            moment: float | None = next_run_time(ready, waiting, now)
            return moment

    def overdue(self, limit: float) -> list[str]:
        """The names of the tasks that have been running for more than `limit` seconds."""
        with self.lock:
            return list(self.watch.overdue(self.clock.now(), limit))

    def run(self, workers: int = 2) -> None:
        """Have workers do all tasks, until none is pending."""
        stop = Event()
        while (moment := self.next_run_time()) is not None:
            stop.wait(max(0, moment - self.clock.now()))
            threads = [Thread(target=work, args=(self, stop)) for _ in range(workers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _must_run(self, task: Task) -> None:
        if (status := self.status(task.id)) != "running":
            raise ValueError(f"task {task.id} is {status}, not running")
