"""A process that dies at each step of a transition, one step after another.

What a transition does to a file is a handful of SQL statements, a COMMIT among them. The process
(``python -m tests.dying FOLDER``) prepares a file. Then, in a fork with a copy of it each time, it
makes the transition and dies just before the first statement, the second, and so on, just after a
COMMIT, and when it has been answered. Each copy is left as the dead left it.
"""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from sched import Task, VirtualClock
from sched.durable import SQLiteScheduler
from sched.durable.schema import CANCELLED, FAILED, READY, SUCCEEDED, WAITING
from tests.mutants import ROOT

START = 1000.0
VERSION_1 = ROOT / "tests" / "data" / "version_1.sql"
Rows = Mapping[
    Any, Any
]  # by id: state, attempts, priority, how often its owner died, result or error

PREPARED: Rows = {
    1: (FAILED, 1, 1, 0, "too bad"),
    2: (SUCCEEDED, 1, 1, 0, '"fine"'),
    3: (READY, 0, 1, 0, None),
    4: (READY, 0, 2, 0, None),
    5: (READY, 0, 3, 0, None),
    6: (WAITING, 0, 0, 0, None),  # until 10 s after the start
}
RAN_AGAIN = (READY, 1, 1, 1, "the process that ran it died")


def open_file(path: Path, clock: VirtualClock) -> SQLiteScheduler:
    return SQLiteScheduler(path, window=2, durability="full", clock=clock)


def prepare(path: Path) -> None:
    with open_file(path, VirtualClock(START)) as s:
        s.add_task(1, "letter")
        s.add_task(1, "done")
        s.fail(taken(s), "too bad")
        s.complete(taken(s), result="fine")
        s.add_tasks([(n, f"task {n}") for n in (1, 2, 3)])
        s.add_task(0, "waits", delay=10)


def taken(s: SQLiteScheduler) -> Task:
    task = s.get_next_task()
    assert task is not None
    return task


def nothing(s: SQLiteScheduler) -> None:
    """No preparation beyond the file's."""


class Transition(NamedTuple):
    """What differs from PREPARED once the file is opened again: before it has happened, and after.
    A task that is None is not there."""

    move: Callable[[SQLiteScheduler, Any], Any]  # is given what ``ready`` returned
    after: Rows
    before: Rows = MappingProxyType({})
    ready: Callable[[SQLiteScheduler], Any] = nothing


def later(s: SQLiteScheduler, _: None) -> None:
    assert isinstance(s.clock, VirtualClock)
    s.clock.advance(10)
    s.peek_next_task()


def own_table(s: SQLiteScheduler) -> None:
    s.transact(lambda t: t.execute("CREATE TABLE orders (item TEXT) STRICT"))


def order(s: SQLiteScheduler, _: None) -> None:
    def save(t: Any) -> None:
        t.execute("INSERT INTO orders VALUES ('tea')")
        t.add_task(7, "mail")

    s.transact(save)


RUNS: Rows = {3: RAN_AGAIN}
TRANSITIONS = {
    "add": Transition(
        lambda s, _: s.add_task(1.5, "new"),
        {7: (READY, 0, 1.5, 0, None)},
    ),
    "add_many": Transition(
        lambda s, _: s.add_tasks([(0, "first"), (9, "last", 5)]),
        {7: (READY, 0, 0, 0, None), 8: (WAITING, 0, 9, 0, None)},
    ),
    "take": Transition(lambda s, _: s.get_next_task(), RUNS),
    "complete": Transition(
        lambda s, task: s.complete(task, result=7), {3: (SUCCEEDED, 1, 1, 0, "7")}, RUNS, taken
    ),
    "bury": Transition(
        lambda s, task: s.fail(task, "no", final=True), {3: (FAILED, 1, 1, 0, "no")}, RUNS, taken
    ),
    "abort": Transition(
        lambda s, task: s.ledger.abort(task), {3: (CANCELLED, 1, 1, 0, None)}, RUNS, taken
    ),
    "retry": Transition(
        lambda s, task: s.fail(task, "again", 5), {3: (WAITING, 1, 1, 0, "again")}, RUNS, taken
    ),
    "cancel": Transition(lambda s, _: s.cancel(4), {4: (CANCELLED, 0, 2, 0, None)}),
    "reprioritize": Transition(lambda s, _: s.reprioritize(5, 0), {5: (READY, 0, 0, 0, None)}),
    "requeue": Transition(lambda s, _: s.requeue(1), {1: (READY, 0, 1, 0, None)}),
    "discard": Transition(lambda s, _: s.discard(1), {1: None}),
    "promotion": Transition(later, {6: (READY, 0, 0, 0, None)}),
    "transact": Transition(
        order, {7: (READY, 0, 7, 0, None), "orders": 1}, {"orders": 0}, own_table
    ),
}
# What happens while a file is opened. Whatever becomes of it, the file can be opened again.
OPENINGS: dict[str, Rows] = {
    "create": {},
    "recover": {**PREPARED, 3: RAN_AGAIN},
    "migrate": {  # from version 1, which did not tell crashes from other attempts
        1: (READY, 3, 1, 3, RAN_AGAIN[-1]),
        2: (READY, 0, 2, 0, None),
        3: (WAITING, 0, 2.5, 0, None),
        4: (SUCCEEDED, 1, 0, 0, '{"n":1}'),
        5: (FAILED, 1, 0, 0, "e"),
    },
}


# --- the process that dies ------------------------------------------------------------------------


class Steps:
    """The countdown to the death of this process."""

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number = name, number
        self.armed = self.committed = False

    def step(self, what: str) -> None:
        if self.armed:
            self.number -= 1
            if self.number == 0:
                self.die(f"before {what}", 1)

    def die(self, what: str, status: int) -> None:
        os.write(1, json.dumps([self.name, what, self.committed]).encode() + b"\n")
        os._exit(status)


def dying(steps: Steps) -> type[sqlite3.Connection]:
    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql.startswith("SELECT"):
                return super().execute(sql, *values)
            steps.step(sql)
            cursor = super().execute(sql, *values)
            if sql == "COMMIT":
                steps.committed = steps.armed
                steps.step("what follows COMMIT")
            return cursor

        def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
            steps.step(sql)
            return super().executemany(sql, rows)

    return Connection


def run(name: str, path: Path, number: int) -> None:
    steps = Steps(name, number)
    connect = sqlite3.connect

    def connect_dying(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, factory=dying(steps), **options)

    sqlite3.connect = connect_dying
    sys.addaudithook(lambda event, _: steps.step(event) if event == "os.rename" else None)
    if name in OPENINGS:
        steps.armed = True
        open_file(path, VirtualClock(START))
    else:
        transition = TRANSITIONS[name]
        s = open_file(path, VirtualClock(START))
        given = transition.ready(s)
        steps.armed = True
        transition.move(s, given)
    steps.die("when answered", 0)


def main(folder: str) -> None:
    prepared, running, old = (Path(folder, f"{name}.db") for name in ("prepared", "running", "old"))
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    prepare(prepared)
    shutil.copy(prepared, running)
    if os.fork() == 0:
        taken(open_file(running, VirtualClock(START)))
        os._exit(0)
    os.wait()
    for name in [*TRANSITIONS, *OPENINGS]:
        status = number = 1
        while status:
            path = Path(folder, f"{name}-{number}.db")
            if name != "create":
                source = {"recover": running, "migrate": old}.get(name, prepared)
                for each in source.parent.glob(f"{source.name}*"):
                    shutil.copy(each, path.with_name(path.name + each.name[len(source.name) :]))
            if os.fork() == 0:
                try:
                    run(name, path, number)
                finally:
                    os._exit(2)
            status = os.waitstatus_to_exitcode(os.wait()[1])
            assert status in (0, 1), f"{name} broke"
            number += 1


def rows(path: Path) -> Rows:
    """What is in a file that nobody has."""
    with closing(sqlite3.connect(path)) as connection:
        columns = "id, state, attempts + (number > 0), priority, crashes, coalesce(result, error)"
        found: dict[Any, Any] = {
            row[0]: row[1:] for row in connection.execute(f"SELECT {columns} FROM sched_tasks")
        }
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'orders'").fetchone():
            (found["orders"],) = connection.execute("SELECT count(*) FROM orders").fetchone()
        return found


if __name__ == "__main__":
    main(*sys.argv[1:])
