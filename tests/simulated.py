"""A deterministic simulation: one seed, and everything that happens to a scheduler follows from it.

Tasks are added, taken, ended, moved; the clock runs and is set; the disk fills up; the process dies
and the file is opened again. After each step the scheduler must say what a naive model says, which
keeps a dict and sorts it at each question. ``python -m tests.simulated CASE SEED`` shows a run.
"""

import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sched import (
    InvalidTransitionError,
    QueueFullError,
    RetryPolicy,
    Scheduler,
    SystemClock,
    Task,
    TaskStatus,
    UnknownTaskError,
)
from sched.durable import ShardedScheduler, SQLiteScheduler, StorageError
from tests.schedulers import FOLDER, IN_MEMORY

PENDING, RUNNING = TaskStatus.PENDING, TaskStatus.RUNNING
SUCCEEDED, FAILED, CANCELLED = TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELLED

STEPS = 120
TICK = 2**-10  # seconds
CRASHES = 5  # after so many a task without a policy runs again
PRIORITIES = (0, 1, 1, 2, 3, 1.5, -(2**63))
SECONDS = (0, 0.5, 1, 2, 5)
KEYS = ("a", "b", "c")
POLICIES = tuple(RetryPolicy(max_attempts=n, base=1, jitter="none") for n in (1, 2, 4))


class DisagreementError(AssertionError):
    """The scheduler and the model do not say the same."""


# --- what must be ---------------------------------------------------------------------------------


@dataclass
class Row:
    """A task of the model."""

    id: int
    priority: float
    run_at: float
    key: str | None
    policy: RetryPolicy | None
    status: TaskStatus = PENDING
    attempts: int = 0
    crashes: int = 0  # how often its process died, in this life
    error: str | None = None
    ended: tuple[float, int] = (0.0, 0)  # when, and the place among those that have ended


@dataclass
class Naive:
    """What a scheduler must do, by sorting a dict at each question.

    by_id: of those that end at one moment, as in a crash, the smallest id counts as the first."""

    history: int
    max_dead_letters: int | None
    max_pending: int | None
    aging: float | None
    by_id: bool = False
    rows: dict[int, Row] = field(default_factory=dict)
    running: list[int] = field(default_factory=list)  # first handed out first
    added: int = 0
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    ends: int = 0

    def rank(self, row: Row) -> tuple[float, float, int]:
        rank = row.priority if self.aging is None else row.priority + row.run_at / self.aging
        return rank, row.run_at, row.id

    def of(self, status: TaskStatus) -> list[Row]:
        return [row for row in self.rows.values() if row.status is status]

    def ready(self, now: float) -> list[Row]:
        return sorted((row for row in self.of(PENDING) if row.run_at <= now), key=self.rank)

    def waiting(self, now: float) -> list[Row]:
        rows = [row for row in self.of(PENDING) if row.run_at > now]
        return sorted(rows, key=lambda row: (row.run_at, row.id))

    def in_order_of_end(self, rows: list[Row]) -> list[Row]:
        return sorted(rows, key=lambda r: (r.ended[0], r.id) if self.by_id else r.ended)

    def dead(self) -> list[Row]:
        return self.in_order_of_end(self.of(FAILED))

    def holder(self, key: str | None) -> int | None:
        """Whose the key is."""
        unfinished = [*self.of(PENDING), *self.of(RUNNING)]
        return next((r.id for r in unfinished if key is not None and r.key == key), None)

    def require_room(self, n: int) -> None:
        if n and self.max_pending is not None and len(self.of(PENDING)) + n > self.max_pending:
            raise QueueFullError

    def require(self, task_id: int, status: TaskStatus) -> Row:
        if task_id not in self.rows:
            raise UnknownTaskError
        if self.rows[task_id].status is not status:
            raise InvalidTransitionError
        return self.rows[task_id]

    def check_room(self, rows: list[dict[str, Any]]) -> None:
        """Raise what adding these raises."""
        keys = {row["key"] for row in rows if row.get("key") and not self.holder(row["key"])}
        self.require_room(len(keys) + sum(not row.get("key") for row in rows))

    def add(self, task_id: int, row: dict[str, Any], now: float) -> None:
        holder = self.holder(row.get("key"))
        if holder is not None:
            agree("the id of whose the key is", task_id, holder)
            return
        agree("ids increase", all(task_id > other for other in self.rows), True)
        run_at = row.get("run_at")
        run_at = now + (row.get("delay") or 0) if run_at is None else run_at
        self.rows[task_id] = Row(task_id, row["priority"], run_at, row.get("key"), row.get("retry"))
        self.added += 1

    def take(self, now: float) -> Row | None:
        ready = self.ready(now)
        if not ready:
            return None
        row = ready[0]
        row.status, row.attempts = RUNNING, row.attempts + 1
        self.running.append(row.id)
        return row

    def end(self, row: Row, status: TaskStatus, now: float, error: str | None = None) -> None:
        if row.id in self.running:
            self.running.remove(row.id)
        self.ends += 1
        row.status, row.ended = status, (now, self.ends)
        row.error = error or row.error
        self.succeeded += status is SUCCEEDED
        self.failed += status is FAILED
        self.cancelled += status is CANCELLED
        done = self.in_order_of_end([*self.of(SUCCEEDED), *self.of(CANCELLED)])
        dead = self.dead()
        most = len(dead) if self.max_dead_letters is None else self.max_dead_letters
        for old in [*done[: max(0, len(done) - self.history)], *dead[: max(0, len(dead) - most)]]:
            del self.rows[old.id]

    def fail(self, row: Row, error: str, retry_in: float | None, final: bool, now: float) -> bool:
        policy = row.policy
        if final or (policy is None and retry_in is None):
            again = False
        else:
            again = policy is None or row.attempts < (policy.max_attempts or 0)
        if not again:
            self.end(row, FAILED, now, error)
            return False
        pause = policy.pause(row.attempts) if retry_in is None and policy else retry_in or 0
        self.running.remove(row.id)
        row.status, row.run_at, row.error = PENDING, now + pause, error
        self.retried += 1
        return True

    def requeue(self, task_id: int, now: float) -> None:
        row = self.require(task_id, FAILED)
        if self.holder(row.key) is not None:
            raise InvalidTransitionError
        self.require_room(1)
        row.status, row.attempts, row.error, row.run_at = PENDING, 0, None, now
        row.crashes = 0

    def die(self, now: float) -> None:
        """The process ends, and another one opens the file."""
        for task_id in list(self.running):
            row = self.rows[task_id]
            row.crashes += 1
            again = row.policy is not None or row.crashes <= CRASHES
            self.fail(
                row, "the process that ran it died", None if row.policy else 0, not again, now
            )


# --- what is tried --------------------------------------------------------------------------------


class Hands:
    """A wall clock and a monotonic clock that are turned by hand."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1000.0, 7.0

    def clock(self) -> SystemClock:
        return SystemClock(lambda: self.wall, lambda: self.monotonic, look_every=0)


class World:
    """A scheduler in memory."""

    files = 0  # how many it has

    def __init__(self, make: Callable[..., Scheduler], rng: random.Random) -> None:
        self.make, self.rng = make, rng

    def options(self) -> dict[str, Any]:
        """Drawn anew for each seed."""
        draw = self.rng.choice
        return {
            "history": draw((0, 1, 3, 10**6)),
            "max_dead_letters": draw((1, 2, None)),
            "max_pending": draw((None, None, 6)),
            "aging": draw((None, None, 4.0)),
        }

    def open(self, **options: Any) -> Scheduler:
        return self.make(**options)

    def close(self) -> None:
        """Leave nothing behind."""


class FileWorld(World):
    """One in a file, or in several: each crash goes on with a copy of what is on disk."""

    files = 1

    def __init__(self, make: Callable[..., Scheduler], rng: random.Random) -> None:
        super().__init__(make, rng)
        self.scratch = Path(tempfile.mkdtemp(prefix="simulated-", dir=FOLDER))
        self.lives = count(1)
        self.folder = self.scratch / "0"
        self.folder.mkdir()
        self.scheduler: Any = None

    def open(self, **options: Any) -> Scheduler:
        window = self.rng.choice((1, 2, 3, 7))
        self.options_now = options
        self.scheduler = self.make(self.folder, window=window, durability="normal", **options)
        return self.scheduler  # type: ignore[no-any-return]

    def die(self) -> Scheduler:
        """What is on disk now is what the next process finds."""
        before, dead = self.folder, self.scheduler
        self.folder = self.scratch / f"{next(self.lives)}"
        shutil.copytree(before, self.folder, ignore=shutil.ignore_patterns("*-owner", "*-shm"))
        dead.close()
        shutil.rmtree(before)
        return self.open(**self.options_now)

    def reopen(self) -> Scheduler:
        """Closed in good order, and opened again."""
        self.scheduler.close()
        return self.open(**self.options_now)

    def stores(self) -> list[Any]:
        """The ledgers that have a file."""
        return [self.scheduler.ledger]

    def fill_the_disk(self) -> None:
        for ledger in self.stores():
            (pages,) = ledger.ask(_pragma, "page_count")
            ledger.ask(_pragma, f"max_page_count = {pages}")

    def empty_the_disk(self) -> None:
        for ledger in self.stores():
            ledger.ask(_pragma, "max_page_count = 1000000000")

    def close(self) -> None:
        if self.scheduler is not None:
            self.scheduler.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class ShardWorld(FileWorld):
    """Files that one scheduler shares its tasks out to: at each opening there may be one more."""

    files = 2

    def options(self) -> dict[str, Any]:
        # Each file bounds its own.
        return {**super().options(), "history": 10**6, "max_dead_letters": None}

    def open(self, **options: Any) -> Scheduler:
        self.files = min(4, self.files + self.rng.choice((0, 0, 1)))
        return super().open(**{**options, "shards": self.files})

    def stores(self) -> list[Any]:
        return list(self.scheduler.ledger.ledgers)


def _pragma(store: Any, text: str) -> Any:
    return store.connection.execute(f"PRAGMA {text}").fetchone()


def in_file(folder: Path, **options: Any) -> Scheduler:
    return SQLiteScheduler(folder / "tasks.db", **options)


def in_files(
    folder: Path, *, shards: int, window: int, durability: Any, **options: Any
) -> Scheduler:
    def shard(number: int, **shared: Any) -> Scheduler:
        path = folder / f"tasks-{number}.db"
        return SQLiteScheduler(path, window=window, durability=durability, **shared)

    return ShardedScheduler(shards, factory=shard, **options)


Case = tuple[type[World], Callable[..., Scheduler]]
CASES: dict[str, Case] = {
    **{each.__name__: (World, each) for each in IN_MEMORY},
    "ShardedScheduler": (World, ShardedScheduler),
    "SQLiteScheduler": (FileWorld, in_file),
    "ShardedScheduler-files": (ShardWorld, in_files),
}


# --- the run --------------------------------------------------------------------------------------


def agree(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise DisagreementError(f"{what}: {found!r}, and should be {expected!r}")


def outcome(call: Callable[[], Any]) -> Any:
    """What a call returns, or the class of the error that it is refused with."""
    try:
        return call()
    except (InvalidTransitionError, QueueFullError, UnknownTaskError, StorageError) as error:
        return type(error)


class Run:
    """One seed on one case. log: what was done, a line each."""

    def __init__(self, case: str, seed: int) -> None:
        world, make = CASES[case]
        self.rng = rng = random.Random(f"{case} {seed}")
        self.case, self.log, self.refused = case, list[str](), 0
        self.world = world(make, rng)
        self.sharded = case.startswith("Sharded")
        self.hands = Hands()
        self.clock = self.hands.clock()
        options = self.world.options()
        self.model = Naive(**options, by_id=self.sharded)
        self.log.append(f"{case} {seed} {options}")
        self.s: Any = self.world.open(clock=self.clock, **options)
        self.tasks: dict[int, Task] = {}  # handed out, by id
        self.stale: list[Task] = []
        self.known: list[int] = []
        self.last = self.now()

    def run(self, steps: int = STEPS) -> list[str]:
        """Raises DisagreementError, with the end of the log."""
        kinds = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
        if self.world.files:
            kinds += [name for name, weight in ON_DISK.items() for _ in range(weight)]
        try:
            for number in range(steps):
                self.tick()
                getattr(self, self.rng.choice(kinds))()
                self.compare(thorough=not self.world.files or number % 10 == 9)
            self.drain()
        except Exception as error:
            told = "\n".join(self.log[-12:])
            raise DisagreementError(f"{type(error).__name__}: {error}\n{told}") from error
        finally:
            self.world.close()
        return self.log

    def now(self) -> float:
        return self.clock.now()

    def note(self, what: str) -> None:
        self.log.append(f"{len(self.log)} {self.now():g} {what}")

    # --- operations -------------------------------------------------------------------------------

    def draw_row(self) -> dict[str, Any]:
        draw = self.rng.choice
        row: dict[str, Any] = {"priority": draw(PRIORITIES), "task_name": f"t{len(self.log)}"}
        how = self.rng.random()
        if how < 0.3:
            row["delay"] = draw(SECONDS)
        elif how < 0.4:
            row["run_at"] = self.now() + draw((-5, -0.5, 0, 0.5, 3))
        if self.rng.random() < 0.25:
            row["key"] = draw(KEYS)
        if self.rng.random() < 0.4:
            row["retry"] = draw(POLICIES)
        return row

    def draw_id(self) -> int:
        return self.rng.choice(self.known) if self.known and self.rng.random() < 0.95 else 10**9

    def add(self) -> None:
        row = self.draw_row()
        found = outcome(lambda: self.s.add_task(**row))
        self.note(f"add {row} -> {found}")
        self.accept([row], [found] if isinstance(found, int) else found)

    def add_many(self) -> None:
        rows = [self.draw_row() for _ in range(self.rng.randrange(8))]
        found = outcome(lambda: self.s.add_tasks(rows))
        self.note(f"add_many {rows} -> {found}")
        self.accept(rows, found)

    def accept(self, rows: list[dict[str, Any]], found: Any) -> None:
        expected = outcome(lambda: self.model.check_room(rows))
        if expected is not None:
            agree("there is no room", found, expected)
            return
        agree("tasks are added", isinstance(found, list) and len(found) == len(rows), True)
        for row, task_id in zip(rows, found, strict=True):
            self.model.add(task_id, row, self.now())
            self.known.append(task_id)

    def take(self) -> None:
        peeked, task = self.s.peek_next_task(), self.s.get_next_task()
        self.note(f"take -> {task}")
        row = self.model.take(self.now())
        agree("the task that is peeked at", peeked and peeked.id, row and row.id)
        agree("the task that is taken", task and task.id, row and row.id)
        if task is not None and row is not None:
            agree("its attempts", task.attempts, row.attempts)
            self.tasks[task.id] = task

    def finish(self, call: Callable[[Task], Any], follow: Callable[[Row], Any], what: str) -> None:
        """End a hand-out; one that is over is refused."""
        if self.stale and (not self.tasks or self.rng.random() < 0.2):
            task = self.rng.choice(self.stale)
            found = outcome(lambda: call(task))
            self.note(f"{what} {task.id}, which is over -> {found}")
            known = task.id in self.model.rows
            agree("it is over", found, InvalidTransitionError if known else UnknownTaskError)
        elif self.tasks:
            task = self.tasks.pop(self.rng.choice(list(self.tasks)))
            found = outcome(lambda: call(task))
            self.note(f"{what} {task.id} -> {found}")
            agree(what, found, follow(self.model.rows[task.id]))
            self.stale.append(task)

    def complete(self) -> None:
        self.finish(
            lambda task: self.s.complete(task, task.id),
            lambda row: self.model.end(row, SUCCEEDED, self.now()),
            "complete",
        )

    def exchange(self) -> None:
        taken: list[Task] = []

        def call(task: Task) -> int | None:
            following = self.s.complete_and_get_next_task(task, task.id)
            if following is None:
                return None
            taken.append(following)
            return following.id

        def follow(row: Row) -> int | None:
            self.model.end(row, SUCCEEDED, self.now())
            following = self.model.take(self.now())
            return None if following is None else following.id

        self.finish(call, follow, "complete and take")
        self.tasks.update((task.id, task) for task in taken)

    def fail(self) -> None:
        retry_in = self.rng.choice((None, None, 0, 1.5))
        final = self.rng.random() < 0.2
        error = f"e{len(self.log)}"
        self.finish(
            lambda task: self.s.fail(task, error, retry_in, final=final),
            lambda row: self.model.fail(row, error, retry_in, final, self.now()),
            f"fail (retry_in={retry_in}, final={final})",
        )

    def cancel(self) -> None:
        task_id, found = self.draw_id(), None
        found = outcome(lambda: self.s.cancel(task_id))
        self.note(f"cancel {task_id} -> {found}")
        row = self.model.rows.get(task_id)
        pending = row is not None and row.status is PENDING
        agree("cancel", found, UnknownTaskError if row is None else pending)
        if row is not None and pending:
            self.model.end(row, CANCELLED, self.now())

    def reprioritize(self) -> None:
        task_id, priority = self.draw_id(), self.rng.choice(PRIORITIES)
        found = outcome(lambda: self.s.reprioritize(task_id, priority))
        self.note(f"reprioritize {task_id} to {priority} -> {found}")
        row = self.model.rows.get(task_id)
        pending = row is not None and row.status is PENDING
        agree("reprioritize", found, UnknownTaskError if row is None else pending)
        if row is not None and pending:
            row.priority = priority

    def draw_letter(self) -> int:
        dead = self.model.dead()
        return self.rng.choice(dead).id if dead and self.rng.random() < 0.8 else self.draw_id()

    def requeue(self) -> None:
        task_id = self.draw_letter()
        found = outcome(lambda: self.s.requeue(task_id))
        self.note(f"requeue {task_id} -> {found}")
        agree("requeue", found, outcome(lambda: self.model.requeue(task_id, self.now())))

    def discard(self) -> None:
        task_id = self.draw_letter()
        found = outcome(lambda: self.s.discard(task_id))
        self.note(f"discard {task_id} -> {found}")
        expected = outcome(lambda: self.model.require(task_id, FAILED))
        if isinstance(expected, Row):
            del self.model.rows[task_id]
            expected = None
        agree("discard", found, expected)

    def pass_time(self) -> None:
        by = self.rng.choice(SECONDS)
        self.hands.wall += by
        self.hands.monotonic += by
        self.note(f"{by} s pass")

    def set_the_clock(self) -> None:
        by = self.rng.choice((-3600.0, -5.0, -0.5, 0.5, 5.0, 3600.0))
        self.hands.wall += by
        self.note(f"the wall clock is set by {by} s")

    # --- on disk ----------------------------------------------------------------------------------

    def crash(self) -> None:
        self.come_back(self.world.die, "the process dies")  # type: ignore[attr-defined]

    def reopen(self) -> None:
        self.come_back(self.world.reopen, "closed and opened")  # type: ignore[attr-defined]

    def come_back(self, how: Callable[[], Scheduler], what: str) -> None:
        self.s = how()
        self.note(f"{what}; {self.world.files} files")
        self.model.die(self.now())
        self.stale += self.tasks.values()
        self.tasks.clear()

    def full_disk(self) -> None:
        """Nothing that is refused has happened; once there is room, all goes on."""
        self.world.fill_the_disk()  # type: ignore[attr-defined]
        for _ in range(self.rng.randrange(1, 5)):
            row = {**self.draw_row(), "task_name": "x" * self.rng.choice((1, 20_000))}
            found = outcome(lambda row=row: self.s.add_task(**row))  # type: ignore[misc]
            self.note(f"add to a full disk -> {found}")
            if found is StorageError:
                self.refused += 1
            else:
                self.accept([row], [found] if isinstance(found, int) else found)
            self.compare(thorough=False)
        if self.tasks:
            task = self.rng.choice(list(self.tasks.values()))
            found = outcome(lambda: self.s.complete(task, "x" * 20_000))
            self.note(f"complete {task.id} on a full disk -> {found}")
            if found is StorageError:
                self.refused += 1
            else:
                agree(
                    "complete",
                    found,
                    self.model.end(self.model.rows[task.id], SUCCEEDED, self.now()),
                )
                self.stale.append(self.tasks.pop(task.id))
            self.compare(thorough=False)
        self.world.empty_the_disk()  # type: ignore[attr-defined]

    # --- what is compared -------------------------------------------------------------------------

    def compare(self, thorough: bool) -> None:
        s, model, now = self.s, self.model, self.now()
        agree("the clock does not run back", now >= self.last, True)
        self.last = now
        ready, waiting = model.ready(now), model.waiting(now)
        expected = ready + waiting
        agree("pending", [facts(t) for t in s.pending_tasks()], [facts(row) for row in expected])
        agree("len", len(s), len(expected))
        first = now if ready else min((row.run_at for row in waiting), default=None)
        agree("next_run_time", s.next_run_time(), first)
        handed_out = [task.id for task in s.running_tasks()]
        if self.sharded:  # nor which was handed out first
            agree("running", sorted(handed_out), sorted(model.running))
        else:
            agree("running", handed_out, model.running)
        agree(
            "dead letters", [facts(t) for t in s.dead_letters()], [facts(r) for r in model.dead()]
        )
        m = s.metrics()
        agree(
            "metrics",
            m,
            (
                *(model.added, len(ready), len(waiting), len(model.running)),
                *(model.succeeded, model.failed, model.cancelled, model.retried),
                len(model.dead()),
            ),
        )
        if thorough:
            for task_id in dict.fromkeys(self.known):
                found = outcome(lambda task_id=task_id: facts(s.task(task_id)))  # type: ignore[misc]
                row = model.rows.get(task_id)
                agree(f"task {task_id}", found, UnknownTaskError if row is None else facts(row))
            s.check()

    def drain(self) -> None:
        """To the end: all that is left comes out, in order."""
        self.hands.wall += 10_000
        self.hands.monotonic += 10_000
        while self.model.of(PENDING) or self.s.peek_next_task() is not None:
            self.take()
            self.pass_time()
            self.tick()
            self.complete()
        self.compare(thorough=True)

    def tick(self) -> None:
        """Of what ends at one moment, shards do not know which was first."""
        if self.sharded:
            self.hands.wall += TICK
            self.hands.monotonic += TICK


# How often each is tried.
WEIGHTS = dict(  # noqa: C408 (as a dict, a line each)
    add=14, add_many=3, take=12, complete=6, exchange=4, fail=8, cancel=4, reprioritize=4,
    requeue=3, discard=1, pass_time=8, set_the_clock=2,
)  # fmt: skip
ON_DISK = {"crash": 3, "reopen": 1, "full_disk": 2}


def facts(task: Task | Row) -> tuple[Any, ...]:
    return task.id, task.priority, task.run_at, task.status, task.attempts, task.key, task.error


def sweep(case: str, seeds: range) -> int:
    """Run all; how often a full disk refused something. Raises DisagreementError with the seed."""
    refused = 0
    for seed in seeds:
        run = Run(case, seed)
        try:
            run.run()
        except DisagreementError as error:
            raise DisagreementError(f"python -m tests.simulated {case} {seed}\n{error}") from error
        refused += run.refused
    return refused


if __name__ == "__main__":
    print("\n".join(Run(sys.argv[1], int(sys.argv[2])).run()))
