"""ShardedScheduler: one scheduler over several, in memory or in files.

Two ways to share the work out. In *exact* order, the usual one, the next task is the smallest of
all shards' heads (a merge of sorted sequences: D. Knuth, TAOCP 3, 5.4.1), and takes go one at a
time. In *relaxed* order each worker takes from a shard of its own, and shards do not wait for each
other: two files have two writers, and commit twice as often.

    add                 O(log n)            and the lock of all shards, for the id
    take, exact         O(shards + log n)   every head is looked at
    take, relaxed       O(log n)            and O(shards) where the worker's own shard is empty
    a look              O(shards) times that of a shard
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from sched import arguments
from sched.base import Scheduler
from sched.clock import Clock
from sched.durable.ledger import SQLiteLedger
from sched.durable.moment import Moment
from sched.durable.shard import FileShard, MemoryShard, Shard
from sched.durable.sharded_ledger import ShardedLedger
from sched.heap import HeapScheduler
from sched.task import Task

MOST = 1024  # shards: each take looks at all their heads, and a file has a thread of its own


class ShardedScheduler(Scheduler):
    """A scheduler that shares its tasks out among shards; ids are of one sequence::

        s = ShardedScheduler(8)
        s = ShardedScheduler(2, factory=lambda k, **options: SQLiteScheduler(f"{k}.db", **options))

    shards: how many, 1,024 at most.
    by: a function (task) that returns a text, or None: tasks of one text go to one shard. Only
    asked for a task without a key, which has no id yet; without it, or for None, that goes by its
    id. A task with a key always goes by that.
    factory: a class of schedulers in memory; or a function ``(number, **options)`` that returns the
    SQLiteScheduler of that shard, and passes it the options.
    relaxed: whether workers take from shards of their own, ``s.shard(k).get_next_task()``, which is
    the most urgent task there, not of all. Two tasks of one shard are still handed out in order.
    ``get_next_task`` takes from each shard in turn then.
    All other arguments are those of every Scheduler.

    A text has its shard in every process. With one shard more, about one text in n moves there.
    Tasks that are in files already stay where they are, and so do their keys until they have ended;
    with fewer shards, what is in the others is not seen. The same number must have the same file.

    A batch of ``add_tasks`` is added whole or not at all; in files, by a crash or a full disk, each
    file has all or nothing of its part. ``history`` and ``max_dead_letters`` bound all shards in
    memory together, and each file by itself. In exact order, files are taken from one commit after
    the other; adding and completing share commits in both. ``add_task`` takes a lock: it is not
    for signal handlers.

    Relaxed order has a price, the *rank error*: how many ready tasks were more urgent than the one
    that was taken. Its bound is the number of tasks that are ready in other shards: within a shard
    nobody is overtaken. While a worker for each of 8 shards empties a backlog, the takes of 10,000
    tasks have a mean error of 158 and a largest of 792, of 100,000 tasks 240 and 1,545; with two
    shards those of 10,000 have 30 and 188 (``rank_errors`` in ``sched.durable.rank_error`` counts).
    """

    queue = HeapScheduler.queue

    def __init__(
        self,
        shards: int = 8,
        by: Callable[[Task], str | None] | None = None,
        factory: Callable[..., Scheduler] = HeapScheduler,
        *,
        relaxed: bool = False,
        **options: Any,
    ) -> None:
        self._number = arguments.as_count(shards, "shards", at_least=1, at_most=MOST)
        self._by = None if by is None else arguments.as_plain(by, "by")
        self._factory = arguments.as_plain(factory, "factory")
        self._relaxed = arguments.as_flag(relaxed, "relaxed")
        super().__init__(**options)

    def make_ledger(self, clock: Clock, **limits: Any) -> ShardedLedger:
        """Over the shards' own. Raises what the factory raises, and then closes all files."""
        moment = Moment(clock)
        shards: list[Shard] = []
        self._schedulers: list[Any] = []
        try:
            for number in range(self._number):
                shards.append(self._make_shard(number, shards, moment, limits))
            self._sharded = ShardedLedger(
                shards,
                moment,
                history=limits["history"],
                max_dead_letters=limits["max_dead_letters"],
                max_pending=limits["max_pending"],
                relaxed=self._relaxed,
                by=self._by,
            )
        except BaseException:
            self.close()
            raise
        return self._sharded

    def _make_shard(
        self, number: int, before: list[Any], moment: Moment, limits: dict[str, Any]
    ) -> Shard:
        name = before[0].name if before else ""
        factory: Any = self._factory
        if isinstance(factory, type) and issubclass(factory, Scheduler):
            if factory.make_ledger is not Scheduler.make_ledger:
                raise TypeError(
                    "factory must be a class of schedulers in memory, or a function (number, "
                    f"**options) that returns an SQLiteScheduler, got {arguments.shown(factory)}"
                )
            return MemoryShard(factory.queue, moment, name, limits["aging"])
        options = {key: value for key, value in limits.items() if key != "max_pending"}
        try:
            scheduler = factory(number, clock=moment, **options)
        except TypeError as error:
            error.add_note("factory is called with (number, **options): let it pass the options on")
            raise
        ledger = getattr(scheduler, "ledger", None)
        if not isinstance(ledger, SQLiteLedger):
            raise TypeError(
                "factory(number, **options) must return an SQLiteScheduler, "
                f"got {arguments.shown(scheduler)}"
            )
        if scheduler.clock is not moment:
            raise ValueError(
                "factory must pass the options on that it is called with, clock among them"
            )
        self._schedulers.append(scheduler)
        return FileShard(ledger, name)

    def shard(self, number: int) -> "ShardView":
        """Where one worker takes its tasks, in relaxed order. O(1).

        Raises ValueError for a number that no shard has, or where the order is exact."""
        number = arguments.as_count(number, "number", at_least=0)
        if number >= self._number:
            raise ValueError(f"number must be below {self._number}, got {number}")
        if not self._relaxed:
            raise ValueError(
                "shard() needs relaxed=True: in exact order, every task is taken from all"
            )
        return ShardView(self, number)

    def take_from(self, number: int) -> Task | None:
        """As ``shard(number).get_next_task()``."""
        task = self._sharded.take_from(number)
        if self._on_take and task is not None:
            self._room.tell()
            self._tell("started", task)
        return task

    def close(self) -> None:
        """Close the files, if there are any. Idempotent. O(shards)."""
        for scheduler in self._schedulers:
            scheduler.close()

    def __enter__(self) -> "ShardedScheduler":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class ShardView:
    """What one worker of a relaxed ShardedScheduler sees."""

    def __init__(self, scheduler: ShardedScheduler, number: int) -> None:
        self.scheduler, self.number = scheduler, number

    def get_next_task(self) -> Task | None:
        """Take the most urgent ready task of this shard; while it has none, of the next that has.
        O(log n), O(shards) to steal. Whoever takes it must ``complete`` or ``fail`` it."""
        return self.scheduler.take_from(self.number)

    def __repr__(self) -> str:
        return f"<shard {self.number} of {self.scheduler!r}>"
