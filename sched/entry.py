"""Entries: what stands for a pending task in a queue, and the details that it carries along."""

from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from sched.retry import RetryPolicy


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
    moves: int = 0  # how often the task has got another entry
    context: Context | None = None  # the context variables of whoever added it, if there are any

    def __reduce__(self) -> Any:
        """A copy has no context: that cannot be copied, and means nothing in another process."""
        return Details, tuple(self._replace(context=None))

    # Of two entries of one task, its current one and one that it has left behind, all may agree
    # that comes before the payload. Then the moves decide; what users gave is never compared.

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    def __lt__(self, other: object) -> bool:
        return self.moves < _moves(other)

    def __gt__(self, other: object) -> bool:
        return self.moves > _moves(other)


def _moves(payload: object) -> int:
    return payload.moves if isinstance(payload, Details) else 0


# A pending task is an entry: (rank, run_at, id, name or Details), and added_at as a fifth value
# where it is not run_at. Compared from the left. The rank is the priority, unless the scheduler
# has aging.
TaskEntry: TypeAlias = tuple[Any, ...]


def details_of(entry: TaskEntry) -> Details:
    """The details of a pending task; made from its name where it has none. O(1)."""
    payload = entry[3]
    return payload if isinstance(payload, Details) else Details(payload, entry[0])


def moved(entry: TaskEntry, rank: int | float, run_at: float, **changes: Any) -> TaskEntry:
    """Another entry for the task of this one, which is left behind. O(1)."""
    details = details_of(entry)
    payload = details._replace(moves=details.moves + 1, **changes)
    return (rank, run_at, entry[2], payload, added_at(entry))


def added_at(entry: Any) -> float:
    """When the task was added: the fifth value, or run_at where they are the same. O(1)."""
    seconds: float = entry[4] if len(entry) > 4 else entry[1]
    return seconds
