"""A small scheduler with a bit of everything, and whether all of it is still there.

For tests that stop a call half-way: whatever has become of the call, each task must be accounted
for exactly once, and everything must go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sched import (
    InvalidTransitionError,
    RetryPolicy,
    Scheduler,
    TaskStatus,
    UnknownTaskError,
    VirtualClock,
)
from tests.schedulers import IN_MEMORY, ledger_of

KEYS = ("dead", "running", "ready", "later", "due", "new", "newer")
UNFINISHED = (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.FAILED)


class World:
    """Tasks with keys, delays that are over and not over, arrivals that are not let in, running
    ones, dead letters, tombstones on both sides, and a history that is full.

    kind: "usual"; "crowded", where one tombstone more has them all cleared away, and the table is
    copied each time; "marked", where the indexes are in disorder and the mark says so.
    """

    def __init__(
        self, scheduler_class: type[Scheduler], kind: str = "usual", **options: Any
    ) -> None:
        self.clock = VirtualClock(1000.0)
        self.s = s = scheduler_class(
            clock=self.clock, history=2, max_dead_letters=3, **{"max_pending": 50, **options}
        )
        add = s.add_task
        self.dead = []
        for key in ("dead", None):
            self.dead.append(add(0, "dead", key=key))
            s.fail(s.get_next_task(), "for good", final=True)
        retry = RetryPolicy(max_attempts=2, base=1, jitter="none")
        add(0, "running", key="running", retry=retry)
        add(0, "running")
        self.running = [s.get_next_task(), s.get_next_task()]
        self.ready = add(3, "ready", key="ready")
        self.later = add(2, "later", key="later", delay=100)
        self.due = add(1, "due", key="due", delay=10)
        s.reprioritize(self.ready, 4)  # what they leave behind are tombstones
        s.reprioritize(self.later, 3)
        for _ in range(2):
            s.cancel(add(-1, "cancelled"))
            s.cancel(add(9, "cancelled", delay=50))
        ledger = ledger_of(s) if scheduler_class in IN_MEMORY else None
        more = s.add_tasks([(5, "ready")] * 3) if kind == "crowded" else []
        if kind == "crowded":
            ready = ledger.count_pending() - len(ledger.waiting)
            for _ in range(ledger.tombstones, ready - 1):
                s.cancel(add(-1, "cancelled"))
        if ledger is not None:
            len(s)
            assert ledger.tombstones or ledger.queue.costly_pop, "there is something to skip"
        self.clock.advance(20)
        self.arrived = [add(3, "arrived"), add(3, "arrived", delay=100)]
        if kind == "marked":
            ledger.queue = ledger.new_queue()
            ledger.keys.clear()
            ledger.finished_ids.clear()
            ledger.dead_ids.clear()
            ledger.handed_out += 1
            ledger.waiting.due = 0.0
            ledger.mark = True
        self.unfinished = {
            *(*more, *self.dead, self.ready, self.later, self.due, *self.arrived),
            *(task.id for task in self.running),
        }

    def status(self, task_id: int) -> TaskStatus | None:
        try:
            return self.s.status(task_id)
        except UnknownTaskError:
            return None


@dataclass(frozen=True)
class Call:
    """A call of a public method, and what is right after it was stopped and made again.

    make: returns the call, which is made twice.
    target: the task that it ends or forgets, or brings into this status.
    added: how many tasks it adds; made twice, twice as many may be there.
    """

    make: Callable[[World], Callable[[], Any]]
    target: Callable[[World], int] | None = None
    becomes: TaskStatus | None = None
    added: tuple[int, ...] = (0,)


def _iterate(world: World) -> Callable[[], Any]:
    return lambda: list(world.s.pending_tasks())


def _fail(world: World, number: int, **options: Any) -> Callable[[], Any]:
    return lambda: world.s.fail(world.running[number], "e", **options)


def _beside_a_newcomer(world: World, priority: int) -> Callable[[], Any]:
    """A take where all has been let in but one, which is next or is not."""
    world.s.metrics()  # lets in what has come
    world.unfinished.add(world.s.add_task(priority, "newcomer"))
    return world.s.get_next_task


CALLS = {
    "add_task": Call(lambda w: lambda: w.s.add_task(1, "new"), added=(1, 2)),
    "add_task with a delay": Call(
        lambda w: lambda: w.s.add_task(1, "new", delay=5, action=print, args=(1,)), added=(1, 2)
    ),
    "add_task with a key": Call(lambda w: lambda: w.s.add_task(1, "new", key="new"), added=(1,)),
    "add_task with a key that is taken": Call(lambda w: lambda: w.s.add_task(1, "new", key="due")),
    "add_task that would wait": Call(
        lambda w: lambda: w.s.add_task(1, "new", wait=30), added=(1, 2)
    ),
    "add_tasks": Call(
        lambda w: lambda: w.s.add_tasks([(1, "new"), (2, "new"), (1, "new")]), added=(3, 6)
    ),
    "add_tasks with keys and delays": Call(
        lambda w: (
            lambda: w.s.add_tasks(
                [
                    {"priority": 1, "task_name": "new", "key": "new"},
                    {"priority": 1, "task_name": "new", "key": "newer", "delay": 5},
                    {"priority": 1, "task_name": "new", "key": "due"},
                ]
            )
        ),
        added=(2,),
    ),
    "get_next_task": Call(lambda w: w.s.get_next_task),
    "get_next_task beside a newcomer": Call(lambda w: _beside_a_newcomer(w, 9)),
    "get_next_task of a newcomer": Call(lambda w: _beside_a_newcomer(w, -9)),
    "peek_next_task": Call(lambda w: w.s.peek_next_task),
    "complete": Call(
        lambda w: lambda: w.s.complete(w.running[0], 1),
        lambda w: w.running[0].id,
        TaskStatus.SUCCEEDED,
    ),
    "complete_and_get_next_task": Call(
        lambda w: lambda: w.s.complete_and_get_next_task(w.running[0], 1),
        lambda w: w.running[0].id,
        TaskStatus.SUCCEEDED,
    ),
    "fail with a retry": Call(lambda w: _fail(w, 0), lambda w: w.running[0].id, TaskStatus.PENDING),
    "fail with retry_in": Call(
        lambda w: _fail(w, 1, retry_in=0), lambda w: w.running[1].id, TaskStatus.PENDING
    ),
    "fail": Call(lambda w: _fail(w, 1), lambda w: w.running[1].id, TaskStatus.FAILED),
    "fail for good": Call(
        lambda w: _fail(w, 0, final=True), lambda w: w.running[0].id, TaskStatus.FAILED
    ),
    "abort": Call(
        lambda w: lambda: w.s.abort(w.running[0]), lambda w: w.running[0].id, TaskStatus.CANCELLED
    ),
    "cancel a ready one": Call(
        lambda w: lambda: w.s.cancel(w.ready), lambda w: w.ready, TaskStatus.CANCELLED
    ),
    "cancel a waiting one": Call(
        lambda w: lambda: w.s.cancel(w.later), lambda w: w.later, TaskStatus.CANCELLED
    ),
    "cancel one that has just come": Call(
        lambda w: lambda: w.s.cancel(w.arrived[1]), lambda w: w.arrived[1], TaskStatus.CANCELLED
    ),
    "reprioritize a ready one": Call(lambda w: lambda: w.s.reprioritize(w.ready, 0)),
    "reprioritize a waiting one": Call(lambda w: lambda: w.s.reprioritize(w.later, 0)),
    "requeue": Call(
        lambda w: lambda: w.s.requeue(w.dead[0]), lambda w: w.dead[0], TaskStatus.PENDING
    ),
    "discard": Call(lambda w: lambda: w.s.discard(w.dead[0]), lambda w: w.dead[0], None),
    "pending_tasks": Call(lambda w: w.s.pending_tasks),
    "iterating": Call(_iterate),
    "the table": Call(lambda w: lambda: repr(w.s.pending_tasks())),
    "running_tasks": Call(lambda w: w.s.running_tasks),
    "dead_letters": Call(lambda w: w.s.dead_letters),
    "status": Call(lambda w: lambda: w.s.status(w.due)),
    "task": Call(lambda w: lambda: w.s.task(w.due)),
    "metrics": Call(lambda w: w.s.metrics),
    "next_run_time": Call(lambda w: w.s.next_run_time),
    "len": Call(lambda w: w.s.__len__),
    "repr": Call(lambda w: w.s.__repr__),
    "check": Call(lambda w: w.s.check),
    "subscribe": Call(lambda w: partial(w.s.subscribe, print, "failed")),
}


def verify(world: World, call: Call, again: Callable[[], Any] | None) -> None:
    """Check all, make the call again, and go on to the end: nothing may be lost, or be twice."""
    s = world.s
    s.check()
    if again is not None:
        try:
            again()
        except (InvalidTransitionError, UnknownTaskError):
            assert call.target is not None, "only what has happened is refused"
        s.check()
    target = None if call.target is None else call.target(world)
    if target is not None:
        assert world.status(target) is call.becomes, world.status(target)
    gone = {target} if target is not None and call.becomes not in UNFINISHED else set()
    pending = [task.id for task in s.pending_tasks()]
    running = s.running_tasks()
    letters = s.dead_letters()
    there = [*pending, *(task.id for task in running), *(task.id for task in letters)]
    once(there)
    assert world.unfinished - gone <= set(there), "a task is lost"
    assert not gone & set(there), "a task that has ended is there"
    new = set(there) - world.unfinished
    assert len(new) in call.added, f"{len(new)} are new"
    assert len(s) == len(pending)
    for task_id in there:
        assert s.task(task_id).status in UNFINISHED
    drain(world, pending)
    for task in running:
        s.complete(task)
    assert s.running_tasks() == []
    for letter in letters[1:]:
        s.discard(letter.id)
    for letter in letters[:1]:
        s.requeue(letter.id)
    drain(world, [letter.id for letter in letters[:1]])
    for _ in range(4):  # more than the history holds
        s.add_task(1, "another")
        s.complete(s.get_next_task())
    s.check()
    m = s.metrics()
    assert (m.pending, m.running, m.dead_letters, len(s)) == (0, 0, 0, 0), m
    free = [s.add_task(1, "again", key=key) for key in KEYS]
    assert len({*free}) == len(KEYS) == len(s), "a key is not free"
    assert not {*free} & world.unfinished, "a key is that of a task which has ended"
    drain(world, free)
    s.check()


def drain(world: World, ids: Iterable[int]) -> None:
    """Take and complete all: these, each once, in order."""
    s = world.s
    world.clock.advance(1000)
    taken = []
    while (task := s.get_next_task()) is not None:
        taken.append(task)
        s.complete(task)
    once(task.id for task in taken)
    assert sorted(task.id for task in taken) == sorted(ids), "a task is lost"
    order = [task.entry[:3] for task in taken]
    assert order == sorted(order)


def once(ids: Iterable[int]) -> None:
    twice = [task_id for task_id, times in Counter(ids).items() if times > 1]
    assert not twice, f"tasks {twice} are there twice"
