"""Engines: one workload on threads, processes, Dask and Celery: ``python -m benchmarks engines``.

Three runs of each. The *workload* (engine_tasks.py) with payments that come late: how many less
urgent tasks began between the moment at which a late payment had been added and its own beginning
(what other workers had in hand already does not count), and how late a delayed task began. Tasks
that do *nothing*: how many the engine gets done a second. And a *kill*: the process that runs one
of the tasks is killed with -9; if that was the program itself, it is started again.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import engine_redis, engine_tasks, machine, results
from benchmarks.engine_programs import CELERY, EMPTY, ENGINES, KILL, WORKERS, WORKLOAD
from benchmarks.engine_tasks import KINDS, TASKS, VICTIM, Done
from benchmarks.report import aligned

OUT = Path(__file__).parent / "out"
FILE_NAME = "engines"
ROUNDS = 3  # of the empty tasks, of which the median counts
QUICK = 200  # tasks
PRIORITIES = {kind.name: kind.priority for kind in KINDS}


@dataclass(frozen=True)
class EngineRun:
    """What one engine made of the workload.

    displaced: less urgent tasks that began before a late payment that was there already, in all;
    worst: the most before one. early: delayed tasks that began too early; late_ms: how late 95 of
    100 began, at most. lost, twice: tasks that never ran, or ran twice, after the kill; again_ms:
    from the kill until the killed task had run. per_second: empty tasks. broker_us, worker_us: what
    one of these cost a broker and its worker, in microseconds of processor; 0 where not measured.
    """

    engine: str
    workers: int
    tasks: int
    displaced: int
    worst: int
    early: int
    late_ms: float
    lost: int
    twice: int
    again_ms: float
    per_second: float
    seconds: float
    broker_us: float = 0.0
    worker_us: float = 0.0


def start(engine: str, folder: Path, scenario: str, tasks: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "benchmarks.engine_programs", engine, str(folder), scenario]
    return subprocess.Popen([*command, str(tasks)], cwd=Path(__file__).parents[1])


def run(engine: str, folder: Path, scenario: str, tasks: int) -> float:
    """Run a scenario to its end, kill what is to be killed. Returns when that was, or 0."""
    program, killed = start(engine, folder, scenario, tasks), 0.0
    told = folder / VICTIM
    while program.poll() is None:
        if scenario == KILL and not killed and told.exists():
            killed = time.time()
            os.kill(int(told.read_text(encoding="utf-8")), signal.SIGKILL)
        time.sleep(0.005)
    if program.returncode == -signal.SIGKILL:
        program = start(engine, folder, scenario, tasks)
        program.wait()
    if program.returncode:
        raise RuntimeError(f"{engine}, {scenario}: the program ended with {program.returncode}")
    return killed


def moments(folder: Path) -> dict[str, float]:
    """When what was added, as far as the program has told."""
    found: dict[str, float] = json.loads((folder / "added").read_text(encoding="utf-8"))
    return found


def of_the_workload(done: Sequence[Done]) -> list[Done]:
    return [each for each in done if not each.name.startswith("warm-up")]


def displaced(done: Sequence[Done], added: dict[str, float], in_hand: int) -> list[int]:
    """For each late payment: the less urgent tasks that began after it was added and before it,
    without those that the workers had in hand, one each."""
    counts = []
    for payment in done:
        if not payment.name.startswith("late-"):
            continue
        before = [
            each
            for each in done
            if added[payment.name] < each.start < payment.start
            and PRIORITIES.get(each.name.rpartition("-")[0], 0) > 0
        ]
        counts.append(max(0, len(before) - in_hand))
    return counts


def lateness(
    done: Sequence[Done], added: dict[str, float], rows: Sequence[dict[str, Any]]
) -> list[float]:
    """Seconds after its time at which each delayed task began, ascending; below 0: too early."""
    due = {
        row["task_name"]: added[row["task_name"]] + row["delay"] for row in rows if "delay" in row
    }
    return sorted(each.start - due[each.name] for each in done if each.name in due)


def empty_run(engine: str, tasks: int) -> tuple[float, float, float]:
    """Empty tasks a second, from the first that was added to the last that ended; and the
    microseconds that one cost the broker and the workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(engine, folder, EMPTY, tasks)
        done = of_the_workload(engine_tasks.done(folder))
        spent = json.loads((folder / "spent").read_text(encoding="utf-8"))
        seconds = max(each.end for each in done) - moments(folder)["start"]
        return (
            len(done) / seconds,
            1e6 * spent.get("broker", 0.0) / len(done),
            1e6 * spent.get("workers", 0.0) / len(done),
        )


def measure(engine: str, tasks: int = TASKS, rounds: int = ROUNDS) -> EngineRun:
    """All of it on one engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(engine, folder, WORKLOAD, tasks)
        done, added = of_the_workload(engine_tasks.done(folder)), moments(folder)
        overtaken = displaced(done, added, WORKERS)
        late = lateness(done, added, engine_tasks.rows(folder, tasks))
        seconds = max(each.end for each in done) - added["start"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        killed = run(engine, folder, KILL, tasks)
        ran = Counter(each.name for each in of_the_workload(engine_tasks.done(folder)))
        wanted = {row["task_name"] for row in engine_tasks.rows(folder, tasks)} | {VICTIM}
        ended = [each.end for each in engine_tasks.done(folder) if each.name == VICTIM]
        again = 1000 * (ended[0] - killed) if ended else inf
        lost = len(wanted - set(ran))
        twice = sum(number > 1 for number in ran.values())
    rate, broker, worker = (
        median(values)
        for values in zip(*(empty_run(engine, tasks) for _ in range(rounds)), strict=True)
    )
    return EngineRun(
        engine,
        WORKERS,
        tasks,
        displaced=sum(overtaken),
        worst=max(overtaken, default=0),
        early=sum(each < 0 for each in late),
        late_ms=1000 * late[int(0.95 * len(late))],
        lost=lost,
        twice=twice,
        again_ms=again,
        per_second=rate,
        seconds=seconds,
        broker_us=broker,
        worker_us=worker,
    )


def read(folder: Path) -> list[EngineRun]:
    """What a folder holds; [] if the engines have not run."""
    return results.read_rows(folder / f"{FILE_NAME}.csv", EngineRun)


def table(runs: Sequence[EngineRun]) -> str:
    """The runs as text; nothing if there are none."""
    if not runs:
        return ""
    head = ["engine", "tasks", "overtaken by", "at worst", "too early", "late by"]
    head += ["kill -9: lost", "twice", "again after", "empty tasks/s"]
    rows = []
    for r in runs:
        again = f"{r.again_ms:,.0f} ms" if r.again_ms < inf else "never"
        row = [
            r.engine,
            f"{r.tasks:,}",
            f"{r.displaced}",
            f"{r.worst}",
            f"{r.early}",
            f"{r.late_ms:,.1f} ms",
        ]
        rows.append([*row, f"{r.lost}", f"{r.twice}", again, f"{r.per_second:,.0f}"])
    return aligned([head, *rows], left=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the engines, store what came of it and print it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks engines", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", action="append", choices=list(ENGINES), help="this engine alone")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} tasks, one round")
    parser.add_argument(
        "--rounds",
        type=int,
        default=ROUNDS,
        choices=range(1, 100),
        metavar="N",
        help="runs of the empty tasks, of which the median counts (default %(default)s)",
    )
    parser.add_argument("--stored", action="store_true", help="measure nothing, use what is there")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR", help="default %(default)s")
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    if not given.stored:
        tasks, rounds = (QUICK, 1) if given.quick else (TASKS, given.rounds)
        found = {row.engine: row for row in read(given.out)}
        for engine in given.only or ENGINES:
            if engine == CELERY and not engine_redis.available():
                print(f"Left out: {engine_redis.NOT_INSTALLED}.", file=sys.stderr)
                continue
            print(f"{engine} ...", file=sys.stderr)
            found[engine] = measure(engine, tasks, rounds)
            ordered = [found[name] for name in ENGINES if name in found]
            results.write_rows(given.out / f"{FILE_NAME}.csv", ordered)
            about = {"arguments": {"tasks": tasks, "rounds": rounds}, **machine.description()}
            results.update_run(given.out, "sweeps", {f"{FILE_NAME}: {engine}": about})
    told = table(read(given.out))
    if not told:
        print(f"There is nothing of it in {given.out}: run it without --stored.", file=sys.stderr)
        return 1
    print(f"\n{told}\n\n{given.out / f'{FILE_NAME}.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
