"""The workload of the engines: 2,000 tasks of five kinds, and what each writes down of itself.

Every engine runs the same function. It appends one line to a file when it ends, whatever runs it:
what has run, when, and in which process, is read from there and from nothing else.
"""

import os
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sched import RetryPolicy
from sched.durable import action

BUSY, ASLEEP, NOTHING = "computes", "waits for somebody", "does nothing"
# What was killed counts as an attempt where somebody counts: it runs again. A task has the policy
# for a scheduler in memory, its action for one that keeps names only.
AGAIN = RetryPolicy(max_attempts=5, base=0.0)
PATIENCE = 120.0  # seconds for which the one that is to be killed waits to be


class Kind(NamedTuple):
    """part: how many of 20 tasks. delay: the longest in seconds, drawn for each task."""

    name: str
    priority: int
    part: int
    does: str
    seconds: float
    delay: float = 0.0


KINDS = (
    Kind("payment", 0, 2, ASLEEP, 0.002),
    Kind("cron", 1, 1, NOTHING, 0.0, delay=2.0),
    Kind("e-mail", 3, 5, ASLEEP, 0.001),
    Kind("aggregation", 5, 2, BUSY, 0.002),
    Kind("log", 8, 10, NOTHING, 0.0),
)
TASKS = 2_000
LATE = 50  # payments that come while the backlog is worked off
VICTIM = "victim"


class Done(NamedTuple):
    """One attempt that came to its end."""

    name: str
    start: float  # epoch seconds
    end: float
    pid: int


def rows(folder: Path, tasks: int = TASKS, *, empty: bool = False) -> list[dict[str, Any]]:
    """The backlog: arguments of ``add_task``, mixed, the same each time. O(n)."""
    luck, made = Random(17), []
    for kind in KINDS:
        for n in range(tasks * kind.part // 20):
            seconds = 0.0 if empty else kind.seconds
            made.append(
                row(folder, kind, f"{kind.name}-{n}", NOTHING if empty else kind.does, seconds)
            )
            if kind.delay and not empty:
                made[-1]["delay"] = luck.uniform(0, kind.delay)
    luck.shuffle(made)
    return made


def row(folder: Path, kind: Kind, name: str, does: str, seconds: float) -> dict[str, Any]:
    return {
        "priority": kind.priority,
        "task_name": name,
        "action": work,
        "args": (str(folder), name, does, seconds),
        "retry": AGAIN,
    }


def late_payments(folder: Path, number: int = LATE) -> list[dict[str, Any]]:
    """What comes in while the backlog is worked off: nothing is more urgent."""
    kind = KINDS[0]
    return [row(folder, kind, f"late-{n}", kind.does, kind.seconds) for n in range(number)]


def victim(folder: Path) -> dict[str, Any]:
    """A task whose process is killed."""
    return {
        "priority": 0,
        "task_name": VICTIM,
        "action": be_killed,
        "args": (str(folder),),
        "retry": AGAIN,
    }


def done(folder: Path) -> list[Done]:
    """What has come to its end, by the time at which it began. O(n log n)."""
    path = folder / "done"
    if not path.exists():
        return []
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    found = [Done(name, float(start), float(end), int(pid)) for name, start, end, pid in lines]
    return sorted(found, key=lambda each: each.start)


def _note(folder: str, name: str, start: float) -> None:
    line = f"{name} {start!r} {time.time()!r} {os.getpid()}\n".encode()
    file = os.open(Path(folder, "done"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line)  # one write: whole, or not at all
    finally:
        os.close(file)


@action("benchmarks.work", retry=AGAIN)
def work(folder: str, name: str, does: str, seconds: float) -> None:
    start = time.time()
    if does == ASLEEP:
        time.sleep(seconds)
    elif does == BUSY:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
    _note(folder, name, start)


@action("benchmarks.be_killed", retry=AGAIN)
def be_killed(folder: str) -> None:
    """Says in which process it runs, and waits for the end; the second time it has work to do."""
    start, told = time.time(), Path(folder, VICTIM)
    if not told.exists():
        unfinished = told.with_suffix(".new")
        unfinished.write_text(str(os.getpid()), encoding="utf-8")
        unfinished.rename(told)
        time.sleep(PATIENCE)
    _note(folder, VICTIM, start)
