"""Whatever is done to a pool of processes, at random: added, cancelled, killed, frozen, resized,
paused, shut down in the midst of it and started anew. What must hold in the end is said in `ends`.

A seed gives the same operations each time, and not the same instants: what fails names its seed and
what was done, and may need several runs to fail again.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from sched import HeapScheduler, RetryPolicy, Scheduler, TaskStatus, WorkerPool
from tests.pools import until
from tests.test_threads import PATIENCE

if sys.platform in ("emscripten", "win32"):
    pytest.skip("needs processes, and signals to them", allow_module_level=True)

from sched.durable import SQLiteScheduler
from sched.task import FinishedTask
from tests import jobs
from tests.jobs import lines

OPERATIONS = 50
FOR_EVER = RetryPolicy(max_attempts=None, base=0.0)
THRICE = RetryPolicy(max_attempts=3, base=0.0)


class Added(NamedTuple):
    """name: what the job logs and returns. deed: what it does before, as in jobs.alone."""

    name: str
    deed: str
    retry: RetryPolicy


class Fuzz:
    """One pool on one scheduler, and what has been done to it."""

    def __init__(self, seed: int, scheduler: Scheduler, here: Path) -> None:
        self.rng = Random(seed)
        self.scheduler, self.here = scheduler, here
        self.added: dict[int, Added] = {}
        self.cancelled: set[int] = set()
        self.frozen: set[int] = set()
        self.did: list[str] = []
        self.pool = self._start()

    def _start(self) -> WorkerPool:
        return WorkerPool(self.scheduler, self.rng.randint(1, 4), executor="process").start()

    def step(self) -> None:
        """Do something."""
        operations: dict[Callable[[], str], int] = {
            self.add: 12,
            self.rest: 6,
            self.cancel: 4,
            self.kill: 4,
            self.ask_to_end: 2,
            self.freeze: 1,
            self.thaw: 2,
            self.resize: 1,
            self.pause: 1,
            self.resume: 2,
            self.start_anew: 1,
        }
        (operation,) = self.rng.choices([*operations], [*operations.values()])
        self.did.append(operation())

    # --- what is done to it -----------------------------------------------------------------------

    def add(self) -> str:
        rng, name = self.rng, f"{len(self.added)}"
        deed = rng.choice(["nothing", "computes", "fails", "dies", "exits", "hangs", "for ever"])
        times, timeout, retry = rng.randint(1, 2), None, FOR_EVER
        if deed == "nothing":
            times = 0
        elif deed == "for ever":
            times = 1_000_000
        elif deed == "hangs" or (deed != "computes" and rng.random() < 0.3):  # poison
            times, retry = 1_000_000, THRICE
        if deed == "hangs":  # a new process may need longer to import what it is to call
            timeout = rng.choice([0.02, 0.1, 0.5])
        number = self.scheduler.add_task(
            rng.randint(1, 3),
            name,
            rng.choice([0, 0, 0.05]),
            action=jobs.alone,
            args=[str(self.here), name, deed, times],
            timeout=timeout,
            retry=retry,
        )
        self.added[number] = Added(name, deed, retry)
        return f"add {number}, which {deed}, timeout={timeout}, times={times}"

    def cancel(self) -> str:
        number = self.rng.choice([*self.added] or [0])
        if number == 0 or not self.pool.cancel(number):
            return f"cancel {number}: it is over"
        self.cancelled.add(number)
        return f"cancel {number}"

    def kill(self) -> str:
        return self._signal(signal.SIGKILL)

    def ask_to_end(self) -> str:
        return self._signal(self.rng.choice([signal.SIGTERM, signal.SIGINT]))  # ignored

    def freeze(self) -> str:
        told = self._signal(signal.SIGSTOP)
        self.frozen |= {int(told.split()[-1])}
        return told

    def thaw(self) -> str:
        for pid in self.frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.frozen.clear()
        return "thaw all"

    def _signal(self, number: signal.Signals) -> str:
        """To one of the last processes that have run something."""
        alive = [pid for pid in self.pids()[-8:] if is_alive(pid)]
        pid = self.rng.choice(alive or [0])
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return f"{number.name} to {pid}"

    def resize(self) -> str:
        workers = self.rng.randint(1, 4)
        self.pool.resize(workers)
        return f"resize to {workers}"

    def pause(self) -> str:
        self.pool.pause()
        return "pause"

    def resume(self) -> str:
        self.pool.resume()
        return "resume"

    def start_anew(self) -> str:
        timeout = self.rng.choice([0, 0.05])
        self.pool.shutdown(timeout=timeout)
        # It waits ten seconds for those that it kills; a machine may be busier than that.
        assert until(lambda: self.scheduler.metrics().running == 0), "what runs was to be stopped"
        self.pool = self._start()
        return f"shutdown(timeout={timeout}), and a new one of {self.pool.workers}"

    def rest(self) -> str:
        seconds = self.rng.choice([0.0, 0.01, 0.3])
        time.sleep(seconds)
        return f"rest for {seconds:g} s"

    # --- how it ends ------------------------------------------------------------------------------

    def ends(self) -> None:
        """Every task comes to its one right end, the pool is whole, and nothing is left of it."""
        self.thaw()
        self.pool.resume()
        for number, (_, deed, _) in self.added.items():
            if deed == "for ever" and number not in self.cancelled:
                assert self.pool.cancel(number), f"{number} runs for ever, or will: cancel it"
                self.cancelled.add(number)
        assert self.pool.drain(PATIENCE), f"it hangs: {self.scheduler.metrics()}"
        self.is_whole()
        assert self.pool.shutdown(timeout=PATIENCE)
        for number, added in self.added.items():
            self.ended_well(number, added)
        assert lines(self.here, "overlaps") == [], "two at once"
        left = [pid for pid in self.pids() if is_alive(pid)]
        assert until(lambda: not any(map(is_alive, left))), "a process is left"
        assert until(lambda: not any(t.name == "sched-process" for t in threading.enumerate()))
        numbers = self.scheduler.metrics()
        assert (numbers.pending, numbers.running) == (0, 0)

    def is_whole(self) -> None:
        """As many tasks run at once as there are workers."""
        names = [f"whole {number}" for number in range(self.pool.workers)]
        here = str(self.here)
        whole = [
            self.scheduler.add_task(1, name, action=jobs.waits, args=[here, name]) for name in names
        ]
        assert until(lambda: all(lines(here, name) for name in names)), "a worker is missing"
        Path(here, "go").touch()
        assert self.pool.drain(PATIENCE)
        assert {self.scheduler.status(number) for number in whole} == {TaskStatus.SUCCEEDED}

    def ended_well(self, number: int, added: Added) -> None:
        task = self.scheduler.task(number)
        assert isinstance(task, FinishedTask), f"{number} is {task.status}"
        attempts = [
            int(attempt)
            for name, attempt, _ in map(str.split, lines(self.here, "log"))
            if name == added.name
        ]
        assert attempts == sorted(set(attempts)), f"{number}: an attempt that began twice"
        # One that is killed as it begins has not logged it.
        assert all(attempt <= task.attempts for attempt in attempts), f"{number}: ran after its end"
        is_cancelled = task.status is TaskStatus.CANCELLED
        assert is_cancelled is (number in self.cancelled), f"{number} is {task.status}"
        if task.status is TaskStatus.SUCCEEDED:
            assert task.result == added.name, f"{number} has the result of another"
            assert attempts[-1] == task.attempts
        if task.status is TaskStatus.FAILED:
            assert added.retry is THRICE, f"{number} was to be tried for ever: {task.error}"
            assert task.attempts == 3
        if added.retry is THRICE:
            assert task.status is not TaskStatus.SUCCEEDED

    def summary(self) -> str:
        m = self.scheduler.metrics()
        ends = f"{m.succeeded} succeeded, {m.failed} failed, {m.cancelled} cancelled"
        return f"{ends}, {m.retried} tried again, {len(self.pids())} processes"

    def pids(self) -> list[int]:
        """The processes that have run something, whoever began last behind the others."""
        return list(dict.fromkeys(int(line.split()[2]) for line in lines(self.here, "log")))

    def close(self) -> None:
        """After a failure too: nothing of it may stay."""
        self.thaw()
        self.pool.shutdown(cancel_pending=True, timeout=0)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_whatever_is_done_to_a_pool_of_processes_each_task_comes_to_its_end(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    first, rounds = (request.config.getoption(f"--fuzz-{name}") for name in ("first", "rounds"))
    for seed in range(first, first + rounds):
        here = tmp_path / f"{seed}"
        here.mkdir()
        with ExitStack() as stack:
            scheduler: Scheduler = HeapScheduler(history=10_000, max_dead_letters=10_000)
            if seed % 2:
                path = here / "tasks.db"
                scheduler = stack.enter_context(SQLiteScheduler(path, durability="normal"))
            fuzz = Fuzz(seed, scheduler, here)
            stack.callback(fuzz.close)
            try:
                for _ in range(OPERATIONS):
                    fuzz.step()
                fuzz.ends()
                print(f"seed {seed}: {fuzz.summary()}")
            except BaseException as error:
                error.add_note(f"seed {seed}:\n" + "\n".join(fuzz.did))
                raise
