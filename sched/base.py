"""Scheduler: the one interface of every scheduler in this package.

It checks what it is given, asks retry policies, waits for room and tells subscribers. What there is
and what becomes of it stands in its ledger (ledger.py); which structure holds the ready tasks is
for the subclass to say, by naming a Queue. It holds no lock, so it may be interrupted anywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from sched import arguments
from sched.arguments import LARGEST, NOTHING, SMALLEST
from sched.clock import Clock, as_clock, checked
from sched.entry import Details, TaskEntry
from sched.events import Kind, Notices, Subscriber, Subscribers
from sched.ledger import Ledger
from sched.memory import MemoryLedger
from sched.metrics import Metrics
from sched.pending import PendingTasks
from sched.queue import Queue
from sched.room import Room
from sched.task import RunningTask, Task, TaskStatus

if TYPE_CHECKING:
    from sched.retry import RetryPolicy


class Scheduler:
    """Priority task scheduler: the interface of every scheduler in this package.

    clock: where "now" comes from, anything with ``now()`` in epoch seconds; a SystemClock if None.
    history: how many finished tasks are remembered, with arguments and results of any size (in
    memory, where it is 1,000 or more, up to a 32nd more: the oldest go in batches).
    max_dead_letters: how many dead letters are kept, of which the oldest goes; None for no limit.
    max_pending: how many tasks may be pending; None for no limit.
    aging: seconds of waiting that count as much as one level of priority; None for no aging.

    The next task is the smallest ``(priority, run_at, id)`` among those whose time has come. With
    aging it is the smallest ``(priority + run_at / aging, run_at, id)``, and no task starves: one
    of priority p is overtaken only by tasks of a priority q < p that may run less than
    ``(p - q) * aging`` seconds after it. All grow older together: no rank changes in a queue.

    Every method may be called from any thread. From a signal handler or a finalizer only
    ``add_task`` may, without ``key``, ``max_pending`` and ``aging``: then it takes no lock.
    """

    queue: ClassVar[type[Queue]]  # holds the ready tasks

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        history: int = 10_000,
        max_dead_letters: int | None = 10_000,
        max_pending: int | None = None,
        aging: float | None = None,
    ) -> None:
        self.clock = as_clock(clock)
        self.ledger = self.make_ledger(
            checked(self.clock),
            history=arguments.as_count(history, "history", at_least=0),
            max_dead_letters=arguments.as_limit(max_dead_letters, "max_dead_letters"),
            max_pending=arguments.as_limit(max_pending, "max_pending"),
            aging=None if aging is None else arguments.as_seconds(aging, "aging", positive=True),
        )
        # Lists that are empty while there is nobody to tell of an add, a take, a success.
        told: dict[Kind, list[object]] = {"added": [], "started": [], "succeeded": []}
        self._on_add, self._on_take, self._on_success = told.values()
        self._subscribers, self._room = Subscribers(told), Room(self._on_take)
        self.notices = Notices(self._on_add)  # for worker pools: when something can run

    def make_ledger(self, clock: Clock, **limits: Any) -> Ledger:
        """Where the tasks are kept: here in memory. Called once; arguments are checked. O(1)."""
        return MemoryLedger(self.queue, clock, **limits)

    # --- adding -----------------------------------------------------------------------------------

    def add_task(
        self,
        priority: int | float,
        task_name: str | Task,
        delay: float | None = None,
        run_at: Any = None,  # no "*" before it: to be keyword-only costs an eighth of the call
        action: Callable[..., Any] | None = None,
        args: tuple[Any, ...] | list[Any] = NOTHING,
        kwargs: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        retry: "RetryPolicy | None" = None,
        key: str | None = None,
        wait: float | None = None,
    ) -> int:
        """Add one task and return its id, an int that increases. O(1), O(log n) once it is ready.

        priority: an int of 64 bits or a finite float; lower is more urgent.
        task_name: a non-empty string, or a Task, whose name is taken.
        delay: seconds from now until it may run; or
        run_at: the moment, in epoch seconds or as an aware datetime (one in the past is kept).
        action, args, kwargs: what a worker calls.
        timeout: seconds that one attempt may take.
        retry: whether and when it runs again after a failure.
        key: while a task with this key is unfinished, its id is returned and nothing is added.
        wait: seconds to wait for room if ``max_pending`` tasks are pending.

        Raises TypeError or ValueError for a bad argument, QueueFullError where there is no room;
        nothing is changed then.
        """
        if type(priority) is not int or priority < SMALLEST or priority > LARGEST:
            priority = arguments.as_priority(priority)
        if type(task_name) is not str or not task_name:
            task_name = arguments.as_name(task_name)
        if delay is not None or run_at is not None:
            delay, run_at = arguments.as_time(delay, run_at)
        # Most have none of these. (A chain of "is" is the fastest way to see it.)
        if action is kwargs is timeout is retry is key is wait is None and args is NOTHING:  # type: ignore[comparison-overlap]
            entry = self.ledger.add(priority, task_name, delay, run_at)
        else:
            payload = arguments.as_details(
                priority, task_name, action, args, kwargs, timeout, retry, key
            )
            if wait is not None:
                wait = arguments.as_seconds(wait, "wait")
            added = self._add(payload, delay, run_at, wait)
            if isinstance(added, int):  # whose the key is
                return added
            entry = added
        if self._on_add:
            self._announce("added", entry)
        return entry[2]  # type: ignore[no-any-return]

    def _add(
        self, details: Details, delay: float | None, run_at: float | None, wait: float | None
    ) -> TaskEntry | int:
        def add() -> TaskEntry | int:
            return transition(details.priority, details, delay, run_at)

        transition = self.ledger.add if details.key is None else self.ledger.add_keyed
        return add() if not wait else self._room.wait(add, wait)

    def add_tasks(self, rows: Iterable[Any]) -> list[int]:
        """Add many tasks at once, all or none, and return their ids. O(n log n) in a heap.

        rows: tuples (priority, task_name) or (priority, task_name, delay), or dicts of the
        arguments of ``add_task`` (without ``wait``).

        Raises what ``add_task`` raises, naming the row, counted from 0.
        """
        ids, entries = self.ledger.add_many(arguments.as_rows(rows))
        if entries:
            self._announce("added", *entries)
        return ids

    # --- taking and ending ------------------------------------------------------------------------

    def get_next_task(self) -> Task | None:
        """Take the most urgent task that is ready: it is RUNNING now. None if none is ready.

        Whoever takes a task must call ``complete`` or ``fail`` with it in the end.
        O(log n) in a heap, O(1) amortised in a sorted list, O(n log n) for the naive sort.
        """
        task = self.ledger.take()
        if self._on_take and task is not None:
            self._room.tell()
            self._tell("started", task)
        return task

    def complete(self, task: Task, result: Any = None) -> None:
        """End a task that was handed out: RUNNING to SUCCEEDED. O(1).

        task: the very one that ``get_next_task`` returned; InvalidTransitionError if that
        hand-out is over, UnknownTaskError if the task is evicted from history.
        """
        if type(task) is not RunningTask:
            task = arguments.as_task(task)
        done = self.ledger.complete(task, result)
        if self._on_success:
            self._tell("succeeded", done)

    def complete_and_get_next_task(self, task: Task, result: Any = None) -> Task | None:
        """``complete(task, result)`` and ``get_next_task()``; in a file, both in one commit.
        Raises as ``complete`` does, and then takes no task. O(log n) in a heap."""
        done, following = self.ledger.complete_and_take(arguments.as_task(task), result)
        if self._on_success:
            self._tell("succeeded", done)
        if self._on_take and following is not None:
            self._room.tell()
            self._tell("started", following)
        return following

    def fail(
        self,
        task: Task,
        error: str | BaseException,
        retry_in: float | None = None,
        *,
        final: bool = False,
    ) -> bool:
        """Record that a task that was handed out has failed; say whether it will run again.

        It runs again if its retry policy allows it: then it is PENDING, and True is returned.
        Otherwise it is FAILED, a dead letter, and False is returned.
        error: a string, or an exception, whose class and message are kept.
        retry_in: seconds until it may run again, in place of the policy's pause (the policy's
        limit holds; without a policy there is none).
        final: it does not run again, and its policy is not asked.
        Raises as ``complete`` does. O(log n) for a retry in a heap, else O(1)."""
        task, text = arguments.as_task(task), arguments.as_error(error)
        retry_in = arguments.as_pause(task, error, retry_in, final)
        if retry_in is None:
            self._tell("failed", self.ledger.bury(task, text))
            return False
        self._announce("retrying", self.ledger.retry(task, text, retry_in), attempt=task)
        return True

    def abort(self, task: Task) -> None:
        """End a task that was handed out: RUNNING to CANCELLED, whatever its retry policy. O(1).
        Raises as ``complete`` does."""
        self._tell("cancelled", self.ledger.abort(arguments.as_task(task)))

    def cancel(self, task_id: int) -> bool:
        """Cancel a PENDING task; False if it is not PENDING. O(1) amortised.
        Raises UnknownTaskError for an id that was never added or is evicted from history."""
        done = self.ledger.cancel(arguments.as_task_id(task_id))
        if done is None:
            return False
        self._room.tell()
        self._tell("cancelled", done)
        return True

    def reprioritize(self, task_id: int, priority: int | float) -> bool:
        """Give a PENDING task another priority; False if it is not PENDING. O(log n) in a heap.
        Raises UnknownTaskError, and TypeError or ValueError for a bad priority."""
        task_id, priority = arguments.as_task_id(task_id), arguments.as_priority(priority)
        return self.ledger.reprioritize(task_id, priority)

    # --- dead letters -----------------------------------------------------------------------------

    def dead_letters(self) -> list[Task]:
        """The FAILED tasks, first failed first. O(their number)."""
        return self.ledger.dead()

    def requeue(self, task_id: int) -> None:
        """Give a dead letter a new life: same id, attempts 0, ready now. O(log n) in a heap.

        Raises InvalidTransitionError if it is not FAILED or its key is taken by another task,
        QueueFullError if there is no room, UnknownTaskError."""
        self._announce("added", self.ledger.requeue(arguments.as_task_id(task_id)))

    def discard(self, task_id: int) -> None:
        """Forget a dead letter. O(1). Raises InvalidTransitionError if it is not FAILED."""
        self.ledger.discard(arguments.as_task_id(task_id))

    # --- looking ----------------------------------------------------------------------------------

    def peek_next_task(self) -> Task | None:
        """The task that ``get_next_task`` would take, left where it is; None if none is ready.
        O(1) amortised, O(n log n) for the naive sort."""
        return self.ledger.peek()

    def next_run_time(self) -> float | None:
        """When something can run next, epoch seconds: now if a task is ready, else when the
        first waiting one is due, or None if nothing is pending. O(1) amortised."""
        return self.ledger.next_run_time()

    def pending_tasks(self) -> PendingTasks:
        """A live view of the pending tasks: ``len``, ``bool``, iteration, a table. O(1) to make."""
        return PendingTasks(self.ledger)

    def running_tasks(self) -> list[Task]:
        """The tasks that are RUNNING, first handed out first; ``complete`` and ``fail`` take them,
        so that one whose taker was interrupted before it had it in hand can be ended. O(n)."""
        return self.ledger.running()

    def status(self, task_id: int) -> TaskStatus:
        """Where a task stands. O(1). Raises UnknownTaskError if it is unknown or evicted."""
        return self.ledger.found(arguments.as_task_id(task_id)).status

    def task(self, task_id: int) -> Task:
        """A fresh snapshot of a task. O(1). Raises UnknownTaskError."""
        return self.ledger.found(arguments.as_task_id(task_id))

    def metrics(self) -> Metrics:
        """How many tasks stand where, and how many have ended in which way. O(1) amortised."""
        return self.ledger.counts()

    def check(self) -> None:
        """Verify every invariant; AssertionError names the first that does not hold. O(n log n)."""
        self.ledger.check()

    def __len__(self) -> int:
        """How many tasks are PENDING, ready or waiting. O(1)."""
        return len(self.ledger)

    def __bool__(self) -> bool:
        """True, also of an empty scheduler: ``scheduler or HeapScheduler()`` keeps yours. O(1)."""
        return True

    def __repr__(self) -> str:
        m = self.metrics()
        return (
            f"<{type(self).__name__}: {m.pending} pending ({m.ready} ready, {m.waiting} waiting), "
            f"{m.running} running>"
        )

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be copied or pickled. O(1)."""
        what = f"a {type(self).__name__} cannot be copied or pickled: its tasks would run twice"
        raise TypeError(f"{what}; make a new one, and add what pending_tasks() has")

    # --- news -------------------------------------------------------------------------------------

    def subscribe(self, function: Subscriber, *kinds: Kind) -> Callable[[], None]:
        """Call ``function(event)`` with each TaskEvent from now on; returns how to unsubscribe.

        kinds: only these, of "added", "started", "succeeded", "retrying", "failed" and
        "cancelled"; all if none is named.

        Called by whoever made the move, in that thread, with no lock held, after it has happened;
        between threads no order is promised. What it raises is logged. O(1) to subscribe.
        """
        return self._subscribers.subscribe(function, kinds)

    def _announce(self, kind: Kind, *entries: TaskEntry, attempt: Task | None = None) -> None:
        """Tasks have become PENDING: tell pools, and whoever subscribed."""
        if self.notices:
            self.notices.tell(min(entry[1] for entry in entries))
        self._tell(kind, *entries, attempt=attempt)

    def _tell(self, kind: Kind, *what: Task | TaskEntry, attempt: Task | None = None) -> None:
        if self._subscribers:
            self._subscribers.tell(kind, what, self.ledger.name, attempt)
