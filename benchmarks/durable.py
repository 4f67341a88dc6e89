"""Durable: what a queue in a file takes in and hands out, each call on disk before it returns.

    python -m benchmarks durable                      # claims from a million rows, two minutes
    python -m benchmarks durable --max-n 5000000      # from five million
    python -m benchmarks durable --quick              # seconds

Each line of the table is a ratio of two that run one right after the other, in shuffled order, in
each repeat: the median of the ratios of the repeats, and their quartiles. How long a disk takes to
sync, and how soon a thread runs that has been woken, change from minute to minute; ratios do less.

Beside ``SQLiteScheduler`` run huey's ``SqliteHuey`` with ``fsync=True``, as its consumer calls it
(``dequeue`` and ``execute``; there a task is deleted when it is taken), and a loop on bare
``sqlite3``, written by hand: one thread claims so many rows in one transaction and ends them in
the next.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from random import Random
from time import perf_counter

from benchmarks import results, shards
from benchmarks.durable_sides import (
    huey_adds,
    huey_claims,
    loop_claims,
    our_adds,
    our_batches,
    our_bulk,
    our_claims,
    our_exchanges,
    our_pool,
)
from benchmarks.figures import Figure, figure, table
from benchmarks.sweep import Step
from sched import Scheduler
from sched.durable import SQLiteScheduler
from sched.durable.schema import READY

__all__ = ["FILE", "read", "steps", "summary", "table"]

FILE = "durable"
REPEATS, QUICK_REPEATS = 5, 2
CROWD, FEW = 64, 16  # callers at once
ONE_BY_ONE, BULK = 500, 20_000  # tasks that are added in a repeat
PAIRS = 5_120  # tasks that are claimed and completed in a repeat, or fewer for what is slow
CLAIMS, BLOCK = 10_000, 500  # from a large file and a small one, in turns of so many
QUICKER = 10  # so many times fewer of each

ADD_ONE, ADD_FEW = "adds, one caller", f"adds, {FEW} callers"
ADD_BULK = "adds in bulk"
CLAIM_CROWD = f"claim + complete, {CROWD} callers"
CLAIM_NEXT = f"complete and claim the next, {CROWD} callers"
POOL = f"WorkerPool of {CROWD} workers"
CLAIM_BATCH = f"claim + complete, {CROWD} a call"
CLAIM_SMALL = f"claim + complete, one caller, {CLAIMS:,} rows"
TWO_FILES = "add + claim + complete, two files"
HUEY, ONE_CALLER = "huey, fsync", "huey, fsync, one caller"
LOOP = f"raw SQLite, {CROWD} a transaction"
ONE_FILE = "one file"


@dataclass(frozen=True)
class Rate:
    """What one side of a line got done in one repeat; n: how many tasks there were.

    The line has the name of the side whose figure it is."""

    line: str
    side: str
    n: int
    number: int
    per_second: float


# --- the lines ------------------------------------------------------------------------------------

Side = Callable[[Path, int], float]


@dataclass(frozen=True)
class Line:
    """A line's own side, whose name it has, and those that it is measured against."""

    name: str
    side: Side
    tasks: int
    against: dict[str, tuple[Side, int]]


LINES = (
    Line(ADD_ONE, partial(our_adds, 1), ONE_BY_ONE, {HUEY: (partial(huey_adds, 1), ONE_BY_ONE)}),
    Line(
        ADD_FEW,
        partial(our_adds, FEW),
        4 * ONE_BY_ONE,
        {HUEY: (partial(huey_adds, FEW), ONE_BY_ONE)},
    ),
    Line(ADD_BULK, our_bulk, BULK, {ONE_CALLER: (partial(huey_adds, 1), ONE_BY_ONE)}),
    Line(
        CLAIM_CROWD,
        partial(our_claims, CROWD),
        PAIRS,
        {
            HUEY: (partial(huey_claims, CROWD), PAIRS // QUICKER),
            LOOP: (partial(loop_claims, CROWD), PAIRS),
        },
    ),
    Line(
        CLAIM_NEXT,
        partial(our_exchanges, CROWD),
        PAIRS,
        {HUEY: (partial(huey_claims, CROWD), PAIRS // QUICKER)},
    ),
    Line(
        POOL,
        partial(our_pool, CROWD),
        PAIRS,
        {HUEY: (partial(huey_claims, CROWD), PAIRS // QUICKER)},
    ),
    Line(
        CLAIM_BATCH,
        partial(our_batches, CROWD),
        2 * PAIRS,
        {LOOP: (partial(loop_claims, CROWD), 2 * PAIRS)},
    ),
)


def steps(max_n: int, *, quick: bool = False) -> Sequence[Step]:
    """All of it, each repeat of everything before the next one of anything."""
    slower, repeats = (QUICKER, QUICK_REPEATS) if quick else (1, REPEATS)
    claims = CLAIMS // slower
    run = partial(large_and_small, max(max_n, claims), claims, repeats)
    todo = [Step(f"claims from {max_n:,} rows", 5 + max_n / 50_000, run)]
    shuffle = Random()
    for number in range(repeats):
        for line in LINES:
            sides = [(line.name, line.side, line.tasks)]
            sides += [
                (name, side, tasks)
                for name, (side, tasks) in line.against.items()
                if name == LOOP or find_spec("huey") is not None
            ]
            for name, side, tasks in shuffle.sample(sides, len(sides)):
                run = partial(measure, line.name, name, side, tasks // slower, number)
                todo.append(Step(f"repeat {number + 1}, {line.name}, {name}", 1, run))
        run = partial(two_files_and_one, shards.TASKS // slower, number)
        todo.append(Step(f"repeat {number + 1}, {TWO_FILES}", 2, run))
    return todo


def measure(line: str, name: str, side: Side, tasks: int, number: int) -> list[Rate]:
    """One side of a line, once."""
    with tempfile.TemporaryDirectory() as folder:
        return [Rate(line, name, tasks, number, side(Path(folder), tasks))]


def two_files_and_one(tasks: int, number: int) -> list[Rate]:
    """Threads that add, claim and complete, on one file and on two (shards.py)."""
    sides = {ONE_FILE: shards.one_file, TWO_FILES: shards.two_files}
    return [
        Rate(TWO_FILES, name, tasks, number, shards.per_second(make, tasks))
        for name, make in Random().sample([*sides.items()], 2)
    ]


def large_and_small(n: int, claims: int, repeats: int) -> list[Rate]:
    """Claims from a file of n ready tasks and from one with no more than are claimed, in turns.

    One caller, at durability "normal", so that no sync hides what a claim costs. The large file is
    made once; each repeat has a small one of its own."""
    found = list[Rate]()
    with (
        tempfile.TemporaryDirectory() as folder,
        _ready_tasks(Path(folder, "large.db"), n) as large,
    ):
        for number in range(repeats):
            with _ready_tasks(Path(folder, f"{number}.db"), claims) as small:
                sides = {CLAIM_SMALL: small, f"{n:,} rows": large}
                seconds = dict.fromkeys(sides, 0.0)
                for block in range(0, claims, BLOCK):
                    for name in sorted(sides, reverse=block % (2 * BLOCK) > 0):
                        seconds[name] += _claim(sides[name], min(BLOCK, claims - block))
            found += [
                Rate(CLAIM_SMALL, name, n, number, claims / took) for name, took in seconds.items()
            ]
    return found


def _ready_tasks(path: Path, n: int) -> SQLiteScheduler:
    """A file of n ready tasks of a thousand priorities, written faster than by ``add_tasks``."""
    SQLiteScheduler(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "PRAGMA synchronous = OFF",
        "PRAGMA cache_size = -100000",
        "BEGIN",
        f"""WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < {n})
        INSERT INTO sched_tasks
            (id, state, rank, run_at, priority, attempts, number, added_at, name)
        SELECT i, {READY}, i * 7919 % 1000, 1.0, i * 7919 % 1000, 0, 0, 1.0, 'task' FROM k""",
        f"UPDATE sched_file SET last_id = {n}, ready = {n}, added = {n}",
        "COMMIT",
    ):
        connection.execute(statement)
    connection.close()
    return SQLiteScheduler(path, durability="normal")


def _claim(s: Scheduler, number: int) -> float:
    """Seconds to claim and complete so many, one after another."""
    start = perf_counter()
    for _ in range(number):
        task = s.get_next_task()
        if task is None:
            raise RuntimeError("there are fewer tasks than are to be claimed")
        s.complete(task)
    return perf_counter() - start


# --- the table ------------------------------------------------------------------------------------


def summary(rates: Iterable[Rate]) -> list[Figure]:
    """What each line's own side gets done in a second, and its ratio to each other side."""
    found: dict[str, dict[str, list[Rate]]] = {}
    for r in rates:
        found.setdefault(r.line, {}).setdefault(r.side, []).append(r)
    figures: list[Figure | None] = []
    for line, sides in found.items():
        own = {r.number: r for r in sides.pop(line, [])}
        n = max((r.n for r in own.values()), default=0)
        each = [(number, r.per_second) for number, r in sorted(own.items())]
        figures.append(figure(line, "", n, "a second", each))
        for other, beside in sides.items():
            each = [
                (r.number, own[r.number].per_second / r.per_second)
                for r in sorted(beside, key=lambda r: r.number)
                if r.number in own
            ]
            figures.append(figure(line, other, n, "×", each))
    return [f for f in figures if f is not None]


def read(folder: Path) -> list[Figure]:
    """What a folder holds; [] if it was not measured."""
    return results.read_rows(folder / f"{FILE}.csv", Figure)
