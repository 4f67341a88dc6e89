"""The schema of a file, and how a file is made, recognised, checked and brought up to date.

A file is an SQLite database with two tables of ours. Others may have theirs beside them.

``sched_file``, one row: a magic word, the version of the schema, the file's uuid, how often it was
opened, the aging that its ranks were made with, and the counters.

``sched_tasks``, one row a task: what it was added with (name, priority, added_at, action and
arguments as JSON, timeout, retry, key), and where it stands:

========  ===========  ============================================================================
state     1 waiting    until run_at
          2 ready      readiness is stored: it is never worked out from run_at again
          3 running    handed out at started_at, as hand-out `number`
          4 succeeded  result is JSON
          5 failed     a dead letter
          6 cancelled
attempts               hand-outs that are over, of this life of the task
crashes                how many of them ended because the owner died
ended                  a counter: the order in which tasks ended
========  ===========  ============================================================================

Each index holds the tasks of one state, as small as can be: (rank, run_at, id) of the ready ones is
the order in which they run, (run_at, id) of the waiting ones that in which they become ready. One
index over all states, the obvious first version, claims nine tasks a second out of a million: each
claim walks over all that wait.
"""

import sqlite3
import uuid
from collections.abc import Callable
from typing import Any

WAITING, READY, RUNNING, SUCCEEDED, FAILED, CANCELLED = range(1, 7)

MAGIC = "priority-sched"
VERSION = 2

FILE = """
CREATE TABLE sched_file (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    magic TEXT NOT NULL,
    version INTEGER NOT NULL,
    uuid TEXT NOT NULL,
    openings INTEGER NOT NULL,
    aging REAL,
    last_id INTEGER NOT NULL,
    last_ended INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    added INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    retried INTEGER NOT NULL
) STRICT"""

TASKS = """
CREATE TABLE sched_tasks (
    id INTEGER PRIMARY KEY,
    state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
    rank ANY NOT NULL,
    run_at REAL NOT NULL,
    priority ANY NOT NULL,
    attempts INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at REAL,
    finished_at REAL,
    ended INTEGER,
    result TEXT,
    error TEXT,
    added_at REAL NOT NULL,
    name TEXT NOT NULL,
    action TEXT,
    arguments TEXT,
    timeout REAL,
    retry TEXT,
    key TEXT,
    crashes INTEGER NOT NULL DEFAULT 0
) STRICT"""

INDEXES = (
    f"CREATE INDEX sched_ready ON sched_tasks (rank, run_at, id) WHERE state = {READY}",
    f"CREATE INDEX sched_waiting ON sched_tasks (run_at, id) WHERE state = {WAITING}",
    f"CREATE INDEX sched_running ON sched_tasks (number) WHERE state = {RUNNING}",
    "CREATE INDEX sched_ended ON sched_tasks (ended) WHERE ended IS NOT NULL",
    "CREATE UNIQUE INDEX sched_keys ON sched_tasks (key) WHERE key IS NOT NULL AND state <= 3",
)


def create(connection: sqlite3.Connection, aging: float | None) -> None:
    """Make the tables of an empty database. O(1)."""
    for statement in (FILE, TASKS, *INDEXES):
        connection.execute(statement)
    connection.execute(
        f"INSERT INTO sched_file VALUES (1, '{MAGIC}', {VERSION}, ?, 0, ?, {', '.join('0' * 9)})",
        (uuid.uuid4().hex, aging),
    )


def flaw(connection: sqlite3.Connection) -> str | None:
    """Why this database is none of ours, or not a sound one; None if it is. O(its size)."""
    if (why := stranger(connection)) is not None:
        return why
    found = [line for (line,) in connection.execute("PRAGMA quick_check(3)")]
    return None if found == ["ok"] else f"it is damaged ({'; '.join(found)}): restore a backup"


def stranger(connection: sqlite3.Connection) -> str | None:
    """Why this database is none of ours, or none that this program knows; None if it is. O(1)."""
    try:
        number = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except UnicodeDecodeError as error:  # in the words in which SQLite says that it is damaged
        return f"it is damaged: restore a backup ({error})"
    if number == (0,):
        return "it is an empty database: delete it if a new queue is to stand there"
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if "sched_file" not in tables:
        return "it is a database of something else, not a file of this scheduler"
    rows = connection.execute("SELECT magic, version FROM sched_file").fetchall()
    if len(rows) != 1 or rows[0][0] != MAGIC:
        return "its table sched_file is not that of this scheduler"
    if rows[0][1] > VERSION:
        return (
            f"its schema has version {rows[0][1]}, this program knows versions up to {VERSION}: "
            "use the newer program"
        )
    return None


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file of an older version up to date, step by step. In the caller's transaction."""
    version = connection.execute("SELECT version FROM sched_file").fetchone()[0]
    for number in range(version, VERSION):
        STEPS[number](connection)
        connection.execute("UPDATE sched_file SET version = ?", (number + 1,))


def rank_by(connection: sqlite3.Connection, aging: float | None) -> None:
    """Rank the pending tasks with this aging, if the file has another. O(n) then, else O(1).

    In the caller's transaction."""
    if connection.execute("SELECT aging FROM sched_file").fetchone() == (aging,):
        return
    rank = "priority" if aging is None else "priority + run_at / ?"
    values = () if aging is None else (aging,)
    connection.execute(f"UPDATE sched_tasks SET rank = {rank} WHERE state <= {RUNNING}", values)
    connection.execute("UPDATE sched_file SET aging = ?", (aging,))


def _from_1(connection: sqlite3.Connection) -> None:
    """Version 1 did not tell crashes from other attempts, and read all tasks to find the running
    ones. Whatever has been handed out so far counts as if it had ended in a crash."""
    connection.execute("ALTER TABLE sched_tasks ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0")
    connection.execute("UPDATE sched_tasks SET crashes = attempts")
    connection.execute(
        f"CREATE INDEX sched_running ON sched_tasks (number) WHERE state = {RUNNING}"
    )


# From a version to the next.
STEPS: dict[int, Callable[[sqlite3.Connection], Any]] = {1: _from_1}
