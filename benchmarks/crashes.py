"""Killed: what queues in a file have left of what they acknowledged, after ``kill -9``.

A process adds tasks to a new file, takes and finishes them, and says in a pipe what it is about to
do and what came of it. It is killed after a random number of these lines. Then another process
opens the file and takes all that is there. A task is *lost* if adding it was acknowledged,
finishing it was not begun, and it is not there any more; *stuck* if it is in the file and is not
handed out unless somebody asks for it by name; *repeated* if it runs again although finishing it
was acknowledged. The same seeds kill each queue after the same line, or soon after it.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import results
from benchmarks.sweep import Step

FILE = "crashes"
KILLS, QUICK_KILLS = 200, 5
MOST_LINES = 400  # of a process before it is killed
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Survival:
    """What was left of the tasks of one queue, over all kills."""

    queue: str
    version: str
    kills: int
    added: int  # acknowledged
    finished: int  # acknowledged
    running: int  # taken and not finished when the process was killed
    ran_again: int  # of those
    stuck: int
    lost: int
    repeated: int


# --- the queues: put(name), take() -> (name, handle) or None, finish(handle), stuck() -> names ---


class Ours:
    """This package, at durability "full"."""

    package, module = "priority-sched", "sched.durable"

    def __init__(self, path: Path) -> None:
        from sched.durable import SQLiteScheduler

        self.queue = SQLiteScheduler(path)

    def put(self, name: str) -> None:
        self.queue.add_task(1, name)

    def take(self) -> tuple[str, Any] | None:
        task = self.queue.get_next_task()
        return None if task is None else (task.name, task)

    def finish(self, handle: Any) -> None:
        self.queue.complete(handle)

    def stuck(self) -> list[str]:
        return []


class Huey:
    """huey's SqliteHuey with fsync: its storage, as its consumer calls it."""

    package = module = "huey"

    def __init__(self, path: Path) -> None:
        from huey import SqliteHuey

        self.queue = SqliteHuey(filename=str(path), fsync=True).storage

    def put(self, name: str) -> None:
        self.queue.enqueue(name.encode())

    def take(self) -> tuple[str, Any] | None:
        found: Any = self.queue.dequeue()  # bytes, or a memoryview of them
        return None if found is None else (bytes(found).decode(), None)

    def finish(self, handle: Any) -> None:
        """Nothing: taking it has deleted it."""

    def stuck(self) -> list[str]:
        return []


class PersistQueue:
    """persist-queue's SQLiteQueue, the one that its documentation begins with."""

    package, module = "persist-queue", "persistqueue"

    def __init__(self, path: Path) -> None:
        from persistqueue import SQLiteQueue

        self.queue: Any = SQLiteQueue(str(path), auto_commit=True)

    def put(self, name: str) -> None:
        self.queue.put(name)

    def take(self) -> tuple[str, Any] | None:
        from persistqueue.exceptions import Empty

        try:
            name = self.queue.get(block=False)
        except Empty:
            return None
        return name, name

    def finish(self, handle: Any) -> None:
        """Nothing: taking it has deleted it."""

    def stuck(self) -> list[str]:
        return []


class PersistAckQueue(PersistQueue):
    """persist-queue's SQLiteAckQueue, which keeps what is taken until it is acknowledged."""

    def __init__(self, path: Path) -> None:
        from persistqueue import SQLiteAckQueue

        self.queue = SQLiteAckQueue(str(path))

    def finish(self, handle: Any) -> None:
        self.queue.ack(handle)


class LiteQueue:
    """litequeue, which locks what is taken until it is done."""

    package = module = "litequeue"

    def __init__(self, path: Path) -> None:
        from litequeue import LiteQueue

        self.queue: Any = LiteQueue(str(path))

    def put(self, name: str) -> None:
        self.queue.put(name)

    def take(self) -> tuple[str, Any] | None:
        message = self.queue.pop()
        return None if message is None else (message.data, message.message_id)

    def finish(self, handle: Any) -> None:
        self.queue.done(handle)

    def stuck(self) -> list[str]:
        return [message.data for message in self.queue.list_locked(threshold_seconds=0)]


QUEUES: dict[str, Any] = {
    "SQLiteScheduler": Ours,
    "huey SqliteHuey": Huey,
    "persist-queue SQLiteQueue": PersistQueue,
    "persist-queue SQLiteAckQueue": PersistAckQueue,
    "litequeue": LiteQueue,
}


# --- the processes --------------------------------------------------------------------------------


def say(what: str, value: Any = None) -> None:
    """One write, so short that a pipe takes it in one piece."""
    os.write(1, json.dumps([what, value]).encode() + b"\n")


def work(queue: Any, seed: int) -> None:
    """Add, take and finish at random until killed."""
    rng, running = random.Random(seed), list[tuple[str, Any]]()
    number = 0
    while True:
        what = rng.choice(["put", "put", "take", "take", "finish"])
        if what == "put":
            name = f"task {(number := number + 1)}"
            say("put", name)
            queue.put(name)
            say("done", name)
        elif what == "take":
            say("take")
            found = queue.take()
            say("done", found and found[0])
            running += [found] if found else []
        elif running:
            name, handle = running.pop(rng.randrange(len(running)))
            say("finish", name)
            queue.finish(handle)
            say("done", name)


def drain(queue: Any) -> None:
    """Say what is stuck, take all that is there, and say it."""
    stuck = queue.stuck()
    say("stuck", stuck)
    names = []
    while (found := queue.take()) is not None:
        names.append(found[0])
        queue.finish(found[1])
    say("left", names)


def serve() -> None:
    """For each line read, fork a process that works or drains, and say how it ended."""
    for line in sys.stdin:
        name, path, seed = json.loads(line)
        import_module(QUEUES[name].module)  # once for all forks
        if (pid := os.fork()) == 0:
            say("pid", os.getpid())
            queue = QUEUES[name](Path(path))
            if seed is None:
                drain(queue)
            else:
                work(queue, seed)
            sys.exit()
        say("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


@contextmanager
def server() -> Iterator[Callable[..., list[Any]]]:
    """``ask(queue, path, seed, lines)``: what a process has said that was killed after so many
    lines, or, without a seed, one that drains the file."""
    command = [sys.executable, "-m", "benchmarks.crashes"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(name: str, path: Path, seed: int | None = None, lines: int = -1) -> list[Any]:
            stdin.write(json.dumps([name, str(path), seed]) + "\n")
            stdin.flush()
            said: list[Any] = []
            while not said or said[-1][0] != "ended":
                said.append(json.loads(stdout.readline()))
                if len(said) == lines:
                    os.kill(said[0][1], signal.SIGKILL)
            status = said.pop()[1]
            if status != (0 if seed is None else -signal.SIGKILL):
                raise RuntimeError(f"{name}: the process ended with {status}")
            return said[1:]

        yield ask
        stdin.close()


def judge(said: Sequence[Any], left: Sequence[str], stuck: Sequence[str]) -> dict[str, int]:
    """What became of the tasks, by what was said before the kill and what was there after it."""
    added, taken, finished = set[str](), set[str](), set[str]()
    doing: Any = (None, None)
    for what, value in said:
        if what != "done":
            doing = (what, value)
            continue
        if value is not None:
            {"put": added, "take": taken, "finish": finished}[doing[0]].add(value)
        doing = (None, None)
    may_be_finished = finished | ({doing[1]} if doing[0] == "finish" else set())
    running = taken - may_be_finished
    again = set(left)
    return {
        "added": len(added),
        "finished": len(finished),
        "running": len(running),
        "ran_again": len(running & again),
        "stuck": len(set(stuck) - again),
        "lost": len(added - may_be_finished - again - set(stuck)),
        "repeated": len(finished & again) + len(left) - len(again),
    }


def kill_often(name: str, kills: int) -> list[Survival]:
    """Kill so many processes that use this queue, each with a file of its own."""
    total: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, server() as ask:
        for seed in range(kills):
            path = Path(folder, f"{seed}.db")
            lines = random.Random(seed).randrange(2, MOST_LINES)
            said = ask(name, path, seed, lines)
            (_, stuck), (_, left) = ask(name, path)
            for what, number in judge(said, left, stuck).items():
                total[what] = total.get(what, 0) + number
    return [Survival(name, version(QUEUES[name].package), kills, **total)]


def steps(kills: int) -> Sequence[Step]:
    """One step for each queue."""
    return [Step(name, 1, partial(kill_often, name, kills)) for name in QUEUES]


def read(folder: Path) -> list[Survival]:
    """What a folder holds; [] if nobody was killed."""
    return results.read_rows(folder / f"{FILE}.csv", Survival)


def table(rows: Sequence[Survival]) -> str:
    """What was left, as a table in Markdown."""
    head = [
        *("queue", "added", "finished", "running when killed", "of those, ran again"),
        *("stuck", "lost", "finished, and ran again"),
    ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for r in rows:
        numbers = (r.added, r.finished, r.running, r.ran_again, r.stuck, r.lost, r.repeated)
        lines.append([f"{r.queue} {r.version}", *(f"{number:,}" for number in numbers)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    serve()
