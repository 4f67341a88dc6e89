"""What a scheduler hands out: Task, its TaskStatus and Priority, and the errors."""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

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
    """No task has this id, or it finished so long ago that the history has forgotten it."""

    def __str__(self) -> str:  # a KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""


class InvalidTransitionError(RuntimeError):
    """The task is not in a state from which this move leads anywhere."""


class QueueFullError(RuntimeError):
    """``max_pending`` tasks are pending already: nothing was added."""


class Details(NamedTuple):
    """What a task has beyond a priority, times and a name. Shared by snapshots: never changed.

    Most waiting tasks have none, and wait as a plain tuple of numbers and a name: a garbage
    collector that has no objects to walk through is what makes a million of them cheap.
    """

    name: str
    priority: int | float
    action: Callable[..., Any] | None = None
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}  # noqa: RUF012 (Task.kwargs is a copy)
    timeout: float | None = None
    retry: "RetryPolicy | None" = None
    key: str | None = None
    attempts: int = 0
    error: str | None = None


# (rank, run_at, id, name or Details, added_at): compared from the left, and ids differ, so that a
# comparison never reaches the name. The rank is the priority, unless the scheduler has aging.
TaskEntry: TypeAlias = tuple[int | float, float, int, str | Details, float]

# (status, attempts, number of the hand-out, started_at, finished_at, result, error)
TaskState: TypeAlias = tuple[TaskStatus, int, int, float | None, float | None, Any, str | None]


class Task:
    """A snapshot of one task: it does not change when the task does. Read-only.

    ``str(task)`` is its name. Two snapshots are equal when they are of the same hand-out of the
    same task: one ``get_next_task()``, or none yet.
    """

    __slots__ = ("_entry", "_state")

    # Two slots, filled in by whoever makes one and shown by properties: a frozen dataclass of all
    # fields takes ten times as long to make, a call of __init__ twice as long.
    _entry: TaskEntry
    _state: TaskState

    @property
    def id(self) -> int:
        """The number that ``add_task`` returned. O(1)."""
        return self._entry[2]

    @property
    def name(self) -> str:
        """The name it was added with. O(1)."""
        payload = self._entry[3]
        return payload if isinstance(payload, str) else payload.name

    @property
    def priority(self) -> int | float:
        """Lower is more urgent. O(1)."""
        payload = self._entry[3]
        return self._entry[0] if isinstance(payload, str) else payload.priority

    @property
    def run_at(self) -> float:
        """The moment from which it may run, seconds since the epoch. O(1)."""
        return self._entry[1]

    @property
    def added_at(self) -> float:
        """When it was added, seconds since the epoch. O(1)."""
        return self._entry[4]

    @property
    def status(self) -> TaskStatus:
        """Where the task stood when this snapshot was made. O(1)."""
        return self._state[0]

    @property
    def attempts(self) -> int:
        """How often it has been handed out: 0 until the first time. O(1)."""
        return self._state[1]

    @property
    def number(self) -> int:
        """The number of this hand-out, never used twice in a process; 0 for none. O(1)."""
        return self._state[2]

    @property
    def started_at(self) -> float | None:
        """When it was handed out, seconds since the epoch, or None. O(1)."""
        return self._state[3]

    @property
    def finished_at(self) -> float | None:
        """When it ended, seconds since the epoch, or None. O(1)."""
        return self._state[4]

    @property
    def result(self) -> Any:
        """What ``complete`` was given. O(1)."""
        return self._state[5]

    @property
    def error(self) -> str | None:
        """The text of the last failure, if any, though a later attempt succeeded. O(1)."""
        payload = self._entry[3]
        before = None if isinstance(payload, str) else payload.error
        return self._state[6] or before

    @property
    def action(self) -> Callable[..., Any] | None:
        """What is to be called, or None. O(1)."""
        payload = self._entry[3]
        return None if isinstance(payload, str) else payload.action

    @property
    def args(self) -> tuple[Any, ...]:
        """The positional arguments of the action. O(1)."""
        payload = self._entry[3]
        return () if isinstance(payload, str) else payload.args

    @property
    def kwargs(self) -> dict[str, Any]:
        """A copy of the keyword arguments of the action. O(their number)."""
        payload = self._entry[3]
        return {} if isinstance(payload, str) else dict(payload.kwargs)

    @property
    def timeout(self) -> float | None:
        """How long one attempt may take, in seconds, or None. O(1)."""
        payload = self._entry[3]
        return None if isinstance(payload, str) else payload.timeout

    @property
    def retry(self) -> "RetryPolicy | None":
        """What decides whether it runs again after a failure, or None. O(1)."""
        payload = self._entry[3]
        return None if isinstance(payload, str) else payload.retry

    @property
    def key(self) -> str | None:
        """The key that only one unfinished task may have, or None. O(1)."""
        payload = self._entry[3]
        return None if isinstance(payload, str) else payload.key

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Task):
            return NotImplemented
        return self.id == other.id and self.number == other.number

    def __hash__(self) -> int:
        return hash((self.id, self.number))

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.name, spec)

    def __repr__(self) -> str:
        return (
            f"Task(id={self.id}, name={self.name!r}, priority={self.priority!r}, "
            f"run_at={self.run_at!r}, status={self.status}, attempts={self.attempts})"
        )


def ended(
    task: Task, status: TaskStatus, at: float, result: Any = None, error: str | None = None
) -> Task:
    """The Task of the same hand-out, at its end."""
    _, attempts, number, started_at, _, _, _ = task._state
    return _task(task._entry, (status, attempts, number, started_at, at, result, error))


def snapshot(entry: TaskEntry) -> Task:
    """The Task of a pending entry."""
    payload = entry[3]
    attempts = 0 if isinstance(payload, str) else payload.attempts
    return _task(entry, (TaskStatus.PENDING, attempts, 0, None, None, None, None))


def _task(entry: TaskEntry, state: TaskState) -> Task:
    task = Task()
    task._entry = entry
    task._state = state
    return task
