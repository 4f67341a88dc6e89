"""Crews: how busy so many workers may be kept while tasks seldom wait for one, by simulation.

One worker alone must be idle most of the time if tasks shall not wait. A thousand may be busy
nearly always: there is always somebody about to be free (A. K. Erlang, 1917; S. Halfin and W.
Whitt, 1981). It is the package's own ``simulate()`` that says so here, for up to a thousand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from random import Random

from benchmarks.sweep import Step
from sched import HeapScheduler, Task, VirtualClock, simulate

CREWS = (1, 3, 10, 32, 100, 316, 1000)
BUSY = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
TASKS_EACH, FEWEST = 40, 10_000  # simulated tasks for each worker, and at least


@dataclass(frozen=True)
class Crew:
    """A crew in simulation: what 95 of 100 tasks wait at most, in multiples of a task's time."""

    workers: int
    busy: float
    tasks: int
    wait: float


def crew(workers: int, busy: float, tasks: int, seed: int = 1) -> list[Crew]:
    """Let tasks that take a second come so often that so many workers are so busy."""
    luck = Random(f"{seed} {workers} {busy}")
    rows, now = [], 0.0
    for n in range(tasks):
        now += luck.expovariate(workers * busy)
        rows.append((now, 1, f"task {n}"))

    def seconds(_: Task, random: Random) -> float:
        return random.expovariate(1.0)

    line = simulate(HeapScheduler(clock=VirtualClock(), history=0), workers, seconds, arrivals=rows)
    waits = sorted(attempt.wait for attempt in line.attempts[tasks // 5 :])  # the rest warms it up
    return [Crew(workers, busy, tasks, waits[ceil(0.95 * len(waits)) - 1])]


def steps(quick: bool = False) -> list[Step]:
    """One step for each crew and load, and for each rate."""
    todo = []
    for workers in CREWS[:4] if quick else CREWS:
        for busy in BUSY:
            tasks = 500 if quick else max(FEWEST, TASKS_EACH * workers)
            run = partial(crew, workers, busy, tasks)
            todo.append(Step(f"{workers} workers, {busy:.0%} busy", tasks, run))
    return todo


def busiest(crews: Sequence[Crew], workers: float, wait: float) -> float:
    """How busy a crew may be if 95 of 100 tasks shall wait no longer (in tasks' times).

    Of a size between two that were simulated, the smaller one is asked: larger crews do better.
    Between two loads a straight line is drawn. 0 if even the lightest load waits longer.
    """
    size = max(
        (c.workers for c in crews if c.workers <= workers), default=min(c.workers for c in crews)
    )
    known = sorted((c.busy, c.wait) for c in crews if c.workers == size)
    below = 0.0, 0.0
    for busy, waited in known:
        if waited > wait:
            part = (wait - below[1]) / (waited - below[1])
            return below[0] + part * (busy - below[0]) if below[0] else 0.0
        below = busy, waited
    return below[0]
