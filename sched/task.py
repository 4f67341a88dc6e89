"""What a scheduler hands out: Task, its TaskStatus and Priority, and the errors."""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from sched.entry import Details, TaskEntry, added_at, details_of

if TYPE_CHECKING:
    from sched.retry import RetryPolicy


class TaskStatus(Enum):
    """Where a task stands. PENDING and RUNNING are unfinished, the others are final.

    ::

        add -> PENDING -> RUNNING -> SUCCEEDED
                 |  ^        |
                 |  +--------+ fail, with a retry
                 |           +-> FAILED (a dead letter: requeue gives it a new life)
                 +-> CANCELLED
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    def __str__(self) -> str:
        return self.name


class Priority(IntEnum):
    """Names for five usual priorities. A lower number is more urgent."""

    CRITICAL = 1
    HIGH = 2
    NORMAL = 3
    LOW = 4
    IDLE = 5


class UnknownTaskError(KeyError):
    """No task has this id: never added, or evicted from the history."""

    def __str__(self) -> str:  # a KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""


class InvalidTransitionError(RuntimeError):
    """The task is not in a state from which this move leads anywhere."""


class QueueFullError(RuntimeError):
    """``max_pending`` tasks are pending already: nothing was added."""


class Task:
    """A snapshot of one task: it does not change when the task does. Read-only.

    ``str(task)`` is its name. Two snapshots are equal when they are of the same hand-out of the
    same task: one ``get_next_task()``, or none yet.
    """

    # The class tells the status: this one is of a PENDING task. Slots that are filled in by
    # functions of this module: a frozen dataclass of all fields takes ten times as long to make.
    __slots__ = ("_entry", "_ledger")

    _entry: TaskEntry
    _ledger: str

    @property
    def entry(self) -> TaskEntry:
        """The entry that its scheduler's queue holds, or held. O(1)."""
        return self._entry

    @property
    def ledger(self) -> str:
        """The name of the ledger that it stands in: no other scheduler has this one. O(1)."""
        return self._ledger

    @property
    def id(self) -> int:
        """The number that ``add_task`` returned. O(1)."""
        return self._entry[2]  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        """The name it was added with. O(1)."""
        payload: str | Details = self._entry[3]
        return payload if isinstance(payload, str) else payload.name

    @property
    def priority(self) -> int | float:
        """Lower is more urgent. O(1)."""
        return details_of(self._entry).priority

    @property
    def run_at(self) -> float:
        """The moment from which it may run, seconds since the epoch. O(1)."""
        run_at: float = self._entry[1]
        return run_at

    @property
    def added_at(self) -> float:
        """When it was added, seconds since the epoch. O(1)."""
        return added_at(self._entry)

    @property
    def status(self) -> TaskStatus:
        """Where the task stood when this snapshot was made. O(1)."""
        return TaskStatus.PENDING

    @property
    def cancelled(self) -> bool:
        """Whether it is CANCELLED or, while it runs, is to be: ``WorkerPool.cancel`` was called.
        An action that may take long asks now and then, and returns. O(1)."""
        return False

    @property
    def attempts(self) -> int:
        """How often it has been handed out: 0 until the first time. O(1)."""
        return details_of(self._entry).attempts

    @property
    def number(self) -> int:
        """The number of this hand-out, never used twice by a ledger; 0 for none. O(1)."""
        return 0

    @property
    def started_at(self) -> float | None:
        """When it was handed out, seconds since the epoch, or None. O(1)."""
        return None

    @property
    def finished_at(self) -> float | None:
        """When it ended, seconds since the epoch, or None. O(1)."""
        return None

    @property
    def result(self) -> Any:
        """What ``complete`` was given. O(1)."""
        return None

    @property
    def error(self) -> str | None:
        """The text of the last failure, if any, though a later attempt succeeded. O(1)."""
        payload: str | Details = self._entry[3]
        return None if isinstance(payload, str) else payload.error

    @property
    def action(self) -> Callable[..., Any] | None:
        """What is to be called, or None. O(1)."""
        return details_of(self._entry).action

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments of the action. O(1)."""
        return details_of(self._entry).args

    @property
    def kwargs(self) -> dict[str, Any]:
        """A copy of the keyword arguments of the action. O(their number)."""
        return dict(details_of(self._entry).kwargs)

    @property
    def timeout(self) -> float | None:
        """How long one attempt may take, in seconds, or None. O(1)."""
        return details_of(self._entry).timeout

    @property
    def retry(self) -> "RetryPolicy | None":
        """What decides whether it runs again after a failure, or None. O(1)."""
        return details_of(self._entry).retry

    @property
    def key(self) -> str | None:
        """The key that only one unfinished task may have, or None. O(1)."""
        payload: str | Details = self._entry[3]
        return None if isinstance(payload, str) else payload.key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Task):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, int, int]:
        return self._ledger, self._entry[2], self.number

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.name, spec)

    def __repr__(self) -> str:
        return (
            f"Task(id={self.id}, name={self.name!r}, priority={self.priority!r}, "
            f"run_at={self.run_at!r}, status={self.status}, attempts={self.attempts})"
        )


class RunningTask(Task):
    """A task that has been handed out: ``complete`` and ``fail`` take it."""

    __slots__ = ("_asked_to_cancel", "_number", "_started_at")

    _asked_to_cancel: bool  # not there unless somebody has: it costs nothing then
    _number: int
    _started_at: float | None

    @property
    def status(self) -> TaskStatus:
        return TaskStatus.RUNNING

    @property
    def cancelled(self) -> bool:
        return hasattr(self, "_asked_to_cancel")

    @property
    def attempts(self) -> int:
        return details_of(self._entry).attempts + (self._number > 0)

    @property
    def number(self) -> int:
        return self._number

    @property
    def started_at(self) -> float | None:
        return self._started_at


class FinishedTask(RunningTask):
    """A task that has ended; number 0 if it never ran."""

    __slots__ = ("_error", "_finished_at", "_result", "_status")

    _status: TaskStatus
    _finished_at: float
    _result: Any
    _error: str | None

    @property
    def status(self) -> TaskStatus:
        return self._status

    @property
    def cancelled(self) -> bool:
        return self._status is TaskStatus.CANCELLED

    @property
    def finished_at(self) -> float | None:
        return self._finished_at

    @property
    def result(self) -> Any:
        return self._result

    @property
    def error(self) -> str | None:
        payload: str | Details = self._entry[3]
        return self._error or (None if isinstance(payload, str) else payload.error)


def pending_task(entry: TaskEntry, ledger: str) -> Task:
    """The Task of a pending entry. O(1)."""
    task = Task()
    task._entry = entry
    task._ledger = ledger
    return task


def running_task(entry: TaskEntry, ledger: str, number: int, at: float) -> RunningTask:
    """The Task of an entry that is handed out at this moment. O(1)."""
    task = RunningTask()
    task._entry = entry
    task._ledger = ledger
    task._number = number
    task._started_at = at
    return task


def ask_to_cancel(task: RunningTask) -> None:
    """From now on a task that runs says that it is to be cancelled. O(1)."""
    task._asked_to_cancel = True


def finished_task(
    task: RunningTask,
    status: TaskStatus,
    at: float,
    result: Any = None,
    error: str | None = None,
) -> FinishedTask:
    """The Task that a hand-out is from its end on. O(1)."""
    ended = FinishedTask()
    ended._entry = task._entry
    ended._ledger = task._ledger
    ended._number = task._number
    ended._started_at = task._started_at
    ended._status = status
    ended._finished_at = at
    ended._result = result
    ended._error = error
    return ended


def cancelled_task(entry: TaskEntry, ledger: str, at: float) -> FinishedTask:
    """The Task of a pending entry that is cancelled at this moment. O(1)."""
    never_ran = running_task(entry, ledger, 0, at)
    never_ran._started_at = None
    return finished_task(never_ran, TaskStatus.CANCELLED, at)
