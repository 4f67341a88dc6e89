"""The programs that run the workload, each on its engine: started by engines.py, and killed.

``python -m benchmarks.engine_programs ENGINE FOLDER SCENARIO`` adds the tasks, waits until all have
run, and ends. What has run stands in the folder (engine_tasks.py), and so do the moments that only
the program knows: when a late payment had been added.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import engine_tasks
from benchmarks.engine_redis import redis_server
from sched import HeapScheduler, WorkerPool
from sched.durable import SQLiteScheduler

WORKERS = 2
CHUNK = 50
THREADS, FILE, PROCESSES = "threads", "threads, a file", "processes"
DASK, CHUNKS, CELERY = "Dask", f"Dask, chunks of {CHUNK}", "Celery"
WORKLOAD, EMPTY, KILL = "workload", "empty", "kill"
STALLED = 60.0  # seconds in which nothing has come to its end: then nothing will


@dataclass(frozen=True)
class Running:
    """An engine that runs. spent: the seconds of processor that its parts have spent so far."""

    add: Callable[..., Any]
    spent: Callable[[], dict[str, float]] = dict


Engine = Callable[[Path], AbstractContextManager[Running]]


@contextmanager
def threads(_: Path) -> Iterator[Running]:
    s = HeapScheduler()
    with WorkerPool(s, WORKERS):
        yield Running(s.add_task)


@contextmanager
def file(folder: Path) -> Iterator[Running]:
    with SQLiteScheduler(folder / "tasks.db") as s, WorkerPool(s, WORKERS):
        yield Running(s.add_task)


@contextmanager
def processes(_: Path) -> Iterator[Running]:
    s = HeapScheduler()
    with WorkerPool(s, WORKERS, executor="process"):
        yield Running(s.add_task)


@contextmanager
def dask(_: Path, chunk: int = 1) -> Iterator[Running]:
    from sched.engines.dask import pool

    s = HeapScheduler()
    with pool(s, workers=WORKERS, chunk=chunk):
        yield Running(s.add_task)


@contextmanager
def chunks(folder: Path) -> Iterator[Running]:
    with dask(folder, CHUNK) as running:
        yield running


@contextmanager
def celery(folder: Path) -> Iterator[Running]:
    import psutil
    from redis import Redis

    from sched.engines.celery import CeleryScheduler

    with redis_server(folder) as url, Redis.from_url(url) as redis:
        os.environ["REDIS_URL"] = url
        s = CeleryScheduler(url, name=f"sched-{os.getpid()}")
        os.environ["SCHED_BENCHMARK_NAME"] = s.app.main
        with (folder / "celery.log").open("w") as log:
            command = [sys.executable, "-m", "celery", "-A", "benchmarks.engine_jobs", "worker"]
            command += ["-c", str(WORKERS), "-l", "WARNING", "--without-gossip", "--without-mingle"]
            worker = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

        def spent() -> dict[str, float]:
            used = redis.info("cpu")
            crew = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children()]
            times = [each.cpu_times() for each in crew]
            return {
                "broker": used["used_cpu_user"] + used["used_cpu_sys"],
                "workers": sum(each.user + each.system for each in times),
            }

        try:
            yield Running(s.add_task, spent)
        finally:
            os.killpg(worker.pid, 9)
            worker.wait()


ENGINES: dict[str, Engine] = {
    THREADS: threads,
    FILE: file,
    PROCESSES: processes,
    DASK: dask,
    CHUNKS: chunks,
    CELERY: celery,
}


def wait_for(folder: Path, names: set[str]) -> None:
    """Until all of them have come to their end, or nothing does any more."""
    path, size, since = folder / "done", -1, time.monotonic()
    while time.monotonic() < since + STALLED:
        grown = path.stat().st_size if path.exists() else 0
        if grown != size:
            size, since = grown, time.monotonic()
            if names <= {each.name for each in engine_tasks.done(folder)}:
                return
        time.sleep(0.02)
    print("stalled: something is lost", file=sys.stderr)


def main(engine: str, folder: Path, scenario: str, tasks: int) -> None:
    """Add what is to be added, unless a killed program before this one has, and wait for it."""
    told = folder / "added"
    rows = engine_tasks.rows(folder, tasks, empty=scenario == EMPTY)
    late = engine_tasks.late_payments(folder) if scenario == WORKLOAD else []
    victims = [engine_tasks.victim(folder)] if scenario == KILL else []
    names = {row["task_name"] for row in rows + late + victims}
    with ENGINES[engine](folder) as running:
        first, add = not told.exists(), running.add
        warm_up(add, folder)
        before = running.spent()
        if first:
            moments = {"start": time.time()}
            for row in rows:
                if "delay" in row:
                    moments[row["task_name"]] = time.time()
                add(**row)
            for number, row in enumerate(late):
                wait_until_done(folder, (number + 1) * len(rows) // (2 * len(late)))
                add(**row)
                moments[row["task_name"]] = time.time()
            told.write_text(json.dumps(moments), encoding="utf-8")
            for row in victims:  # last: it may end this program
                add(**row)
        wait_for(folder, names if first or engine == FILE else set())
        spent = {part: seconds - before[part] for part, seconds in running.spent().items()}
        (folder / "spent").write_text(json.dumps(spent), encoding="utf-8")


def warm_up(add: Callable[..., Any], folder: Path) -> None:
    """Wait until something runs at all: processes take a second to start."""
    kind = engine_tasks.KINDS[0]
    name = f"warm-up-{os.getpid()}"
    add(**engine_tasks.row(folder, kind, name, engine_tasks.NOTHING, 0.0))
    wait_for(folder, {name})


def wait_until_done(folder: Path, number: int) -> None:
    """Until so many tasks have come to their end."""
    until = time.monotonic() + STALLED
    while (folder / "done").read_bytes().count(b"\n") < number and time.monotonic() < until:
        time.sleep(0.005)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
