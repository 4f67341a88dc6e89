"""A process that is killed at a random moment, and what its file must hold afterwards.

The process (``python -m tests.crashes``) adds, takes, completes, fails, cancels and reprioritizes
tasks from several threads. Each thread says in a pipe what it is about to do, does it, and says
what came of it: so whoever reads the pipe knows what had been acknowledged when the process was
killed, and what was under way, at most one call of each thread. What was acknowledged must be in
the file; what was under way has happened or has not; nothing else may have.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sched import Task, TaskStatus, VirtualClock
from sched.durable import SQLiteScheduler
from sched.durable.store import Store
from tests.mutants import ROOT

THREADS = 3
WINDOW = 5  # so small that most tasks are beyond it
HISTORY = 10**6  # nothing is forgotten
DELAYS = (None, None, None, 0.002, 3600)
CRASHES = 5  # the most after which a task without a policy runs again


# --- the process that is killed -------------------------------------------------------------------


Say = Callable[..., None]  # of a thread's number, what it does, and with what


def say(number: int, what: str, *values: Any) -> None:
    """One write, so short that a pipe takes it in one piece: a line is read whole or not at all."""
    os.write(1, json.dumps([number, what, *values]).encode() + b"\n")


def work(s: SQLiteScheduler, number: int, seed: int, say: Say = say, calls: int = 10**9) -> None:
    """One thread: random calls, each announced and then acknowledged."""
    rng = random.Random(seed * THREADS + number)
    own: list[int] = []  # added here: only this thread moves them while they are pending
    taken: list[Task] = []
    for name in (f"{seed}-{number}-{n}" for n in range(calls)):
        priority = rng.choice([1, 2, 3, 2.5])
        match rng.choice("aaammttttttcccfrx+"):
            case "a":
                say(number, "add", [name, priority])
                own.append(s.add_task(priority, name, rng.choice(DELAYS)))
                say(number, "did", own[-1:])
            case "m":
                names = [f"{name}.{i}" for i in range(3)]
                say(number, "add", *([each, priority] for each in names))
                own += s.add_tasks((priority, each) for each in names)
                say(number, "did", own[-3:])
            case "t":
                say(number, "take")
                task = s.get_next_task()
                say(number, "did", task and [task.id, task.attempts, task.name, task.priority])
                taken += [task] if task else []
            case "c" | "f" | "r" as end if taken:
                task = taken.pop(rng.randrange(len(taken)))
                say(
                    number,
                    "end",
                    task.id,
                    task.attempts,
                    {"c": "complete", "f": "bury", "r": "retry"}[end],
                    name,
                )
                if end == "c":
                    s.complete(task, result=name)
                else:
                    s.fail(task, name, 0, final=end == "f")
                say(number, "did", None)
            case "x" if own:
                task_id = own.pop(rng.randrange(len(own)))
                say(number, "cancel", task_id)
                say(number, "did", s.cancel(task_id))
            case "+" if own:
                task_id = rng.choice(own)
                say(number, "reprioritize", task_id, priority)
                say(number, "did", s.reprioritize(task_id, priority))


def main() -> None:
    """For each line read, a process of its own that works until it is killed."""
    for line in sys.stdin:
        path, durability, seed = json.loads(line)
        if (pid := os.fork()) == 0:
            threading.excepthook = lambda args: (sys.__excepthook__(*args[:3]), os._exit(1))
            say(-1, "opening", os.getpid())
            s = open_file(Path(path), durability)
            threads = [threading.Thread(target=work, args=(s, i, seed)) for i in range(THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        say(-1, "ended", os.waitstatus_to_exitcode(status))


def open_file(path: Path, durability: Any, **options: Any) -> SQLiteScheduler:
    return SQLiteScheduler(path, WINDOW, durability, history=HISTORY, **options)


class Killer:
    """Starts the processes that are killed. They are forked, so that starting one costs little."""

    def __enter__(self) -> "Killer":
        command = [sys.executable, "-m", "tests.crashes"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def kill(self, path: Path, durability: str, rng: random.Random) -> list[list[Any]]:
        """Kill a process after a random number of its lines; returns all that it has said.

        After one line it is killed while it opens the file, or about then."""
        assert self.process.stdin is not None
        request = json.dumps([str(path), durability, rng.randrange(10**9)])
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        lines = rng.choice([1, *[rng.randrange(2, 160)] * 5])
        said = [self.line()]
        while len(said) < lines and said[-1][1] != "ended":
            said.append(self.line())
        # So that it is at any of the steps of opening or committing.
        time.sleep(rng.choice([0, 0.0005, 0.005]))
        assert said[0][1] == "opening"
        os.kill(said[0][2], signal.SIGKILL)
        while said[-1][1] != "ended":
            said.append(self.line())
        assert said.pop()[2] == -signal.SIGKILL, "it ended by itself"
        return said[1:]

    def line(self) -> list[Any]:
        assert self.process.stdout is not None
        line: list[Any] = json.loads(self.process.stdout.readline())
        return line


# --- what the file must hold ----------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """What is known of a task. detail: the result, or the last error."""

    name: str
    priority: float
    status: TaskStatus = TaskStatus.PENDING
    attempts: int = 0
    detail: str | None = None
    crashes: int = 0

    @property
    def is_final(self) -> bool:
        """Whether no call makes anything else of it; here nobody requeues a dead letter."""
        return self.status not in (TaskStatus.PENDING, TaskStatus.RUNNING)

    @property
    def progress(self) -> float:
        """Later states of a task have more of it: its acknowledgements may come out of turn."""
        if self.status is TaskStatus.PENDING:
            return 2 * self.attempts
        return 2 * self.attempts - 1 if self.status is TaskStatus.RUNNING else float("inf")

    def take(self) -> "State":
        return replace(self, status=TaskStatus.RUNNING, attempts=self.attempts + 1)

    def end(self, attempts: int, how: str, detail: str) -> "State":
        status = {
            "complete": TaskStatus.SUCCEEDED,
            "bury": TaskStatus.FAILED,
            "retry": TaskStatus.PENDING,
        }[how]
        return replace(self, status=status, attempts=attempts, detail=detail)

    def cancel(self) -> "State":
        return replace(self, status=TaskStatus.CANCELLED, detail=None)

    def crash(self) -> "State":
        """What it is after its owner has died and the file has been opened again."""
        if self.status is not TaskStatus.RUNNING:
            return self
        crashes = self.crashes + 1
        status = TaskStatus.FAILED if crashes > CRASHES else TaskStatus.PENDING
        return replace(self, status=status, crashes=crashes, detail="died")


def find_all(store: Store, last: int) -> list[Task | None]:
    """All tasks of a file, up to an id, in one request."""
    return [store.find(task_id) for task_id in range(1, last + 1)]


def seen(task: Task, known: State) -> State:
    """What a task of the file is; how often it has crashed, it does not tell."""
    detail = task.result if task.status is TaskStatus.SUCCEEDED else task.error
    if task.status is TaskStatus.CANCELLED:  # what its attempts before came to
        detail = None
    if detail is not None and "died" in detail:
        detail = "died"
    return State(task.name, task.priority, task.status, task.attempts, detail, known.crashes)


@dataclass
class Oracle:
    """What has been acknowledged so far, over any number of crashes of one file."""

    known: dict[int, State] = field(default_factory=dict)
    acknowledged: int = 0
    recovered: int = 0  # hand-outs that a crash ended

    def read(self, lines: list[list[Any]]) -> dict[int, list[Any]]:
        """Believe what the process said. Returns the call that was under way in each thread."""
        under_way: dict[int, list[Any]] = {}
        taken: dict[int, list[int]] = {}
        before = dict(self.known)
        for number, what, *values in lines:
            if what != "did":
                under_way[number] = [what, *values]
                continue
            self.acknowledged += 1
            what, *asked = under_way.pop(number)
            [value] = values
            match what:
                case "add":
                    for task_id, (name, priority) in zip(value, asked, strict=True):
                        self.learn(task_id, State(name, priority))
                case "take" if value:
                    task_id, attempts, name, priority = value
                    taken.setdefault(task_id, []).append(attempts)
                    state = self.known.get(task_id, State(name, priority))
                    self.learn(task_id, replace(state, attempts=attempts - 1, detail=None).take())
                    # Whoever takes a task may say its new priority before who changed it does.
                    if ["reprioritize", task_id, priority] in under_way.values():
                        self.known[task_id] = replace(self.known[task_id], priority=priority)
                case "end":
                    task_id, *how = asked  # another thread may have told its next attempt before
                    self.learn(task_id, self.known[task_id].end(*how))
                case "cancel" if value:
                    self.learn(asked[0], self.known[asked[0]].cancel())
                case "reprioritize" if value:
                    task_id, priority = asked
                    self.known[task_id] = replace(self.known[task_id], priority=priority)
        for task_id, attempts in taken.items():
            state = before.get(task_id, State("", 0))
            assert state.status in (TaskStatus.PENDING, TaskStatus.RUNNING), f"{state} ran again"
            first = state.attempts + 1
            assert attempts == [*range(first, first + len(attempts))], (state, attempts)
        return under_way

    def learn(self, task_id: int, state: State) -> None:
        """A task was in this state; unless it is known to have got further, it is."""
        known = self.known.setdefault(task_id, state)
        if state.progress >= known.progress:
            # Only the thread that added it changes the priority, and says so in turn.
            self.known[task_id] = replace(state, priority=known.priority)

    def compare(self, s: SQLiteScheduler, under_way: dict[int, list[Any]]) -> None:
        """The file, opened again after a crash, holds what it must; what that is, is known now."""
        added = s.metrics().added
        assert set(self.known) <= set(range(1, added + 1)), "what was added is lost"
        news = {
            name: (number, priority)
            for number, (what, *rows) in under_way.items()
            if what == "add"
            for name, priority in rows
        }
        takes = sum(what == "take" for what, *_ in under_way.values())
        appeared: Counter[int] = Counter()
        for task_id, task in enumerate(s.ledger.ask(find_all, added), 1):  # type: ignore[attr-defined]
            state = self.known.get(task_id)
            assert task is not None, f"task {task_id} is gone"
            if state is None or state.name in news:
                assert task.name in news, f"nobody has added {task.name}"
                number, priority = news.pop(task.name)
                appeared[number] += 1
                state = state or State(task.name, priority)
            elif state.is_final and seen(task, state) == state:
                continue  # as most tasks are, of a file that many have died with
            possible = dict(outcomes(state, task_id, [*under_way.values()]))
            found = seen(task, state)
            crashed = {after.crash(): (n, after) for after, n in possible.items()}
            fits = {replace(end, crashes=state.crashes): end for end in crashed}
            assert found in fits, f"task {task_id} is {found}, it can be {[*fits]}"
            takes_needed, after = crashed[fits[found]]
            takes -= takes_needed
            self.recovered += after.status is TaskStatus.RUNNING
            self.known[task_id] = fits[found]
        assert takes >= 0, "more has been handed out than was asked for"
        for number, count in appeared.items():
            assert count == len(under_way[number]) - 1, "a batch was added in part"
        self.check(s)

    def check(self, s: SQLiteScheduler) -> None:
        """The file is sound, its counters are true, and what is pending is in order."""
        s.check()
        status = Counter(state.status for state in self.known.values())
        m = s.metrics()
        assert (m.succeeded, m.failed, m.cancelled, m.running, m.pending) == tuple(
            status[getattr(TaskStatus, name)]
            for name in ("SUCCEEDED", "FAILED", "CANCELLED", "RUNNING", "PENDING")
        )
        ready = [t for t in s.pending_tasks() if t.run_at <= s.clock.now()]
        order = [(t.priority, t.run_at, t.id) for t in ready]
        assert order == sorted(order)

    def crash(self) -> None:
        """Whoever opens the file next has what is running now run again."""
        self.known = {task_id: state.crash() for task_id, state in self.known.items()}

    def use(self, s: SQLiteScheduler, rng: random.Random) -> None:
        """Take some tasks and end a few of them: they come in order, with the right attempts."""
        for _ in range(rng.randrange(8)):
            if (task := s.get_next_task()) is None:
                return
            self.take(task)
            if rng.random() < 0.6:
                s.complete(task, result="used")
                self.known[task.id] = self.known[task.id].end(task.attempts, "complete", "used")

    def take(self, task: Task) -> None:
        state = self.known[task.id]
        assert state.status is TaskStatus.PENDING, f"{state} was handed out"
        assert (task.name, task.attempts) == (state.name, state.attempts + 1)
        self.known[task.id] = replace(state, detail=None).take()


def outcomes(
    state: State, task_id: int, calls: list[list[Any]], takes: int = 0
) -> Iterator[tuple[State, int]]:
    """What a task can have become by any of these calls, in any order, and by how many takes."""
    yield state, takes
    for i, call in enumerate(calls):
        rest = calls[:i] + calls[i + 1 :]
        pending, running = (
            state.status is each for each in (TaskStatus.PENDING, TaskStatus.RUNNING)
        )
        match call:
            case ["take"] if pending:
                yield from outcomes(replace(state, detail=None).take(), task_id, rest, takes + 1)
            case ["end", id_, attempts, *how] if id_ == task_id and running:
                if attempts == state.attempts:
                    yield from outcomes(state.end(attempts, *how), task_id, rest, takes)
            case ["cancel", id_] if id_ == task_id and pending:
                yield state.cancel(), takes
            case ["reprioritize", id_, priority] if id_ == task_id and pending:
                yield from outcomes(replace(state, priority=priority), task_id, rest, takes)


def kill_and_compare(path: Path, durability: str, kills: int, seed: int) -> Oracle:
    """One file, whose owners are killed one after another."""
    rng = random.Random(seed)
    oracle = Oracle()
    with Killer() as killer:
        for _ in range(kills):
            under_way = oracle.read(killer.kill(path, durability, rng))
            s = open_file(path, durability, clock=VirtualClock(time.time()))
            oracle.compare(s, under_way)
            oracle.use(s, rng)
            s.close()
            oracle.crash()  # what is running now, the next owner finds so
    return oracle


if __name__ == "__main__":
    main()
