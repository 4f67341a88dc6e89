"""TaskEvent: what a scheduler tells those who subscribed to it, and how they are told."""

from collections.abc import Callable, Mapping, Sequence
from threading import current_thread, main_thread
from typing import Literal, TypeAlias, get_args

from sched.arguments import as_callable, as_plain, require_plain, shown
from sched.audience import Audience
from sched.entry import TaskEntry
from sched.task import Task, pending_task

Kind: TypeAlias = Literal["added", "started", "succeeded", "retrying", "failed", "cancelled"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class TaskEvent:
    """Something that has become of a task, or of many that were added at once.

    kind: "added" (by add_task, add_tasks or requeue), "started", "succeeded", "retrying" (failed,
    and PENDING again), "failed" (a dead letter now) or "cancelled".
    attempt: of "retrying", the hand-out that has failed; None of all others, whose task tells it.
    """

    __slots__ = ("_ledger", "_what", "attempt", "kind")

    def __init__(
        self,
        kind: Kind,
        what: Sequence[Task | TaskEntry],
        ledger: str = "",
        attempt: Task | None = None,
    ) -> None:
        self.kind: Kind = kind
        self.attempt = attempt
        self._what = what
        self._ledger = ledger

    @property
    def count(self) -> int:
        """How many tasks it is about. O(1)."""
        return len(self._what)

    @property
    def tasks(self) -> list[Task]:
        """Snapshots of them as they were then, made when asked for. O(their number)."""
        return [
            pending_task(each, self._ledger) if isinstance(each, tuple) else each
            for each in self._what
        ]

    @property
    def task(self) -> Task:
        """A snapshot of the task; of the first, where many were added. O(1)."""
        first = self._what[0]
        return pending_task(first, self._ledger) if isinstance(first, tuple) else first

    def __repr__(self) -> str:
        more = f" and {self.count - 1} more" if self.count > 1 else ""
        return f"<TaskEvent {self.kind}: {self.task!r}{more}>"


Subscriber: TypeAlias = Callable[[TaskEvent], object]


class Subscribers(Audience[tuple[Subscriber, frozenset[Kind]]]):
    """Who is told of what. anybody: the lists of the kinds of moves that have one."""

    def __init__(self, anybody: Mapping[Kind, list[object]]) -> None:
        super().__init__(*anybody.values())
        self._lists = anybody

    def subscribe(self, function: Subscriber, kinds: tuple[Kind, ...]) -> Callable[[], None]:
        """Tell a function of events of these kinds, or of all; returns how to end it. O(1)."""
        for kind in kinds:
            if kind not in KINDS:
                raise ValueError(f"kinds must be of {', '.join(KINDS)}, got {shown(kind)}")
        token, told = object(), frozenset(kinds or KINDS)
        lists = [anybody for kind, anybody in self._lists.items() if kind in told]
        self.join(token, (as_plain(function, "function"), told), *lists)
        return lambda: self.leave(token)

    def tell(
        self,
        kind: Kind,
        what: Sequence[Task | TaskEntry],
        ledger: str,
        attempt: Task | None = None,
    ) -> None:
        """Tell all whom it concerns; log what they raise. O(subscribers)."""
        event = TaskEvent(kind, what, ledger, attempt)
        for function, kinds in list(self.values()):
            if kind in kinds:
                try:
                    require_plain(function(event), "function")
                except BaseException as error:
                    if is_ctrl_c(error):
                        raise
                    _log(event)


def _log(event: TaskEvent) -> None:
    """Log the exception of a subscriber; log nothing if the application's plug-ins raise."""
    from logging import getLogger  # here: most programs that subscribe have it

    try:
        getLogger("sched").exception("a subscriber raised when told of %r", event)
    except BaseException as error:
        if is_ctrl_c(error):
            raise


def is_ctrl_c(error: BaseException) -> bool:
    """Whether it came from outside. In no thread but the main one it does: there, who raised it
    is a function like any other."""
    return isinstance(error, KeyboardInterrupt) and current_thread() is main_thread()


class Notices(Audience[Callable[[float], object]]):
    """Who is told, without a lock, at what moment something can run. adds: the list about adds."""

    def __init__(self, adds: list[object]) -> None:
        super().__init__(adds)
        self._adds = adds

    def subscribe(self, notice: Callable[[float], object]) -> Callable[[], None]:
        """Call it from now on; returns how to end that. O(1)."""
        token = object()
        self.join(token, as_callable(notice, "notice"), self._adds)
        return lambda: self.leave(token)

    def tell(self, run_at: float) -> None:
        """Something can run at this moment. O(their number)."""
        for notice in list(self.values()):
            notice(run_at)
