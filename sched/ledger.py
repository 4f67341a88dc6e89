"""Ledger: what a scheduler remembers, and the transitions between; the seam to storage.

A Scheduler checks arguments, asks retry policies, waits for room and tells subscribers. What there
is, and what may become of it, is for its ledger to say: one that keeps all in memory
(``MemoryLedger``), or another that keeps it elsewhere.

Every method is one transition or one look. Each is atomic: it has happened or it has not, for other
threads, for one that is interrupted, and for whoever comes after an error. The lock is the
ledger's own, and no caller holds one while it waits here.

    add -> PENDING --take--> RUNNING --complete--> SUCCEEDED
             |  ^                |-----bury------> FAILED --discard--> forgotten
             |  |                |-----abort-----> CANCELLED
             |  +-----retry------+                 FAILED --requeue--> PENDING
             +--------cancel---------------------> CANCELLED
"""

from abc import ABC, abstractmethod
from typing import Any, NoReturn

from sched.arguments import Plain, Row, shown
from sched.entry import Details, TaskEntry
from sched.metrics import Metrics
from sched.task import (
    FinishedTask,
    InvalidTransitionError,
    RunningTask,
    Task,
    TaskStatus,
    UnknownTaskError,
)


class Ledger(ABC):
    """What a scheduler remembers. Arguments are checked already; times are in epoch seconds.

    name: no other ledger has it; a hand-out is (name, id, number).
    """

    name: str
    at_exit = "are lost"  # what becomes of pending tasks when the program ends
    commits = False  # whether each call waits for a disk: then two moves in one are better

    # --- adding -----------------------------------------------------------------------------------

    @abstractmethod
    def add(
        self,
        priority: int | float,
        payload: str | Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry:
        """Add a task without a key, now PENDING. Raises QueueFullError where there is no room."""

    @abstractmethod
    def add_keyed(
        self,
        priority: int | float,
        payload: Details,
        delay: float | None = None,
        run_at: float | None = None,
    ) -> TaskEntry | int:
        """Add a task unless its key is taken; then the id of the task whose it is is returned."""

    @abstractmethod
    def add_many(self, rows: list[Plain | Row]) -> tuple[list[int], list[TaskEntry]]:
        """Add all or none. Returns an id for each row, and the entries that are new."""

    # --- taking and ending ------------------------------------------------------------------------

    @abstractmethod
    def take(self) -> RunningTask | None:
        """Hand out the most urgent task that is ready, now RUNNING; None if none is."""

    @abstractmethod
    def complete(self, task: Task, result: Any) -> FinishedTask:
        """RUNNING to SUCCEEDED. Raises InvalidTransitionError if the hand-out is over."""

    def complete_and_take(self, task: Task, result: Any) -> tuple[FinishedTask, RunningTask | None]:
        """``complete``, and ``take`` then. If ``complete`` raises, nothing is taken."""
        return self.complete(task, result), self.take()

    @abstractmethod
    def bury(self, task: Task, error: str) -> FinishedTask:
        """RUNNING to FAILED, a dead letter. Raises as ``complete`` does."""

    @abstractmethod
    def abort(self, task: Task) -> FinishedTask:
        """RUNNING to CANCELLED. Raises as ``complete`` does."""

    @abstractmethod
    def retry(self, task: Task, error: str, retry_in: float) -> TaskEntry:
        """RUNNING to PENDING, ready in so many seconds. Raises as ``complete`` does."""

    @abstractmethod
    def cancel(self, task_id: int) -> FinishedTask | None:
        """PENDING to CANCELLED; None if it is not PENDING. Raises UnknownTaskError."""

    @abstractmethod
    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        """Another priority for a PENDING task; False if it is not. Raises UnknownTaskError."""

    @abstractmethod
    def requeue(self, task_id: int) -> TaskEntry:
        """FAILED to PENDING, ready now, attempts 0.

        Raises InvalidTransitionError, QueueFullError, UnknownTaskError.
        """

    @abstractmethod
    def discard(self, task_id: int) -> None:
        """Forget a dead letter. Raises InvalidTransitionError, UnknownTaskError."""

    # --- looking ----------------------------------------------------------------------------------

    @abstractmethod
    def peek(self) -> Task | None:
        """The task that ``take`` would hand out."""

    @abstractmethod
    def find(self, task_id: int) -> Task | None:
        """A snapshot of the task; None if there is none of this id."""

    @abstractmethod
    def pending(self, limit: int | None = None) -> tuple[float, list[Task]]:
        """Now, and the pending tasks, the first ``limit``: ready in order, then by run_at."""

    @abstractmethod
    def running(self) -> list[Task]:
        """The hand-outs that are not over, first handed out first."""

    @abstractmethod
    def dead(self) -> list[Task]:
        """The dead letters, first failed first."""

    @abstractmethod
    def counts(self) -> Metrics:
        """How many tasks stand where, and how many have ended in which way."""

    @abstractmethod
    def __len__(self) -> int:
        """How many tasks are PENDING."""

    @abstractmethod
    def next_run_time(self) -> float | None:
        """When something can run next; None if nothing is pending."""

    @abstractmethod
    def check(self) -> None:
        """Raise AssertionError if an invariant does not hold."""

    def give_way(self) -> None:  # noqa: B027 (a ledger without a crowd needs none)
        """Let others end what they are in the midst of: for workers, before they take. O(1)."""

    def is_to_blame(self, error: BaseException) -> bool:  # noqa: ARG002 (for those that are)
        """Whether it is the ledger that raised this: no task and no policy did. O(1)."""
        return False

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be copied or pickled, with a view of its tasks, say. O(1)."""
        raise TypeError(
            "what a scheduler remembers cannot be copied or pickled: its tasks would run twice; "
            "list(scheduler.pending_tasks()) can"
        )

    def found(self, task_id: int) -> Task:
        """A snapshot of the task. Raises UnknownTaskError if there is none of this id."""
        task = self.find(task_id)
        if task is None:
            raise unknown(task_id)
        return task


def unknown(task_id: int) -> UnknownTaskError:
    """The error for an id that stands for nothing."""
    return UnknownTaskError(
        f"unknown task id {shown(task_id)}: never added, or evicted from history"
    )


def over(task: Task, status: TaskStatus) -> InvalidTransitionError:
    """The error for a hand-out that has ended, or for a Task that never was one."""
    which = f"task {task.id} ({shown(task.name)})"
    if not task.number:
        return InvalidTransitionError(
            f"{which} was not handed out, only shown: it is {status}, and get_next_task() hands out"
        )
    return InvalidTransitionError(f"this hand-out of {which} is over: the task is {status} now")


def key_is_taken(task_id: int, key: str, other: int) -> InvalidTransitionError:
    """The error for a dead letter whose key another task has."""
    return InvalidTransitionError(
        f"task {task_id} cannot be requeued: its key {shown(key)} is taken by task {other}"
    )
