"""Real engines, for notebook 09: a stored run of them, Dask live, and the machines for a load.

    table(["threads"])         what `make engines` has measured, from benchmarks/results
    live = on_dask()           41 tasks on a small Dask cluster of this machine's
    designs(Assumptions())     the machines that each design needs, and where it stops
    chunk_log(50)              who starts when, if two workers take 50 tasks at a time

Nothing is measured here but by the live run, and of that nothing is shown that depends on time.
"""

import os
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from math import ceil, inf, log
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import capacity, capacity_plot, engines
from benchmarks.capacity import LOADS, Assumptions, Need
from benchmarks.crews import Crew, busiest, crew
from benchmarks.engine_programs import (
    CELERY,
    CHUNK,
    CHUNKS,
    DASK,
    FILE,
    PROCESSES,
    THREADS,
    WORKERS,
)
from benchmarks.engine_tasks import KINDS, LATE, TASKS
from benchmarks.engines import EngineRun
from sched import HeapScheduler
from sched.plots.style import COLOURS, set_description, tint

from .shop import has_processes, has_threads

__all__ = [
    "CELERY",
    "CHUNK",
    "CHUNKS",
    "DASK",
    "FILE",
    "PROCESSES",
    "THREADS",
    "WORKERS",
    "Assumptions",
    "Live",
    "chunk_log",
    "crews_table",
    "designs",
    "draw_designs",
    "draw_engines",
    "machines_table",
    "nearest",
    "on_dask",
    "run_of",
    "simulated_again",
    "table",
    "workload",
]

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
Log = list[tuple[str, str, int]]

# --- the workload ---------------------------------------------------------------------------------


def workload() -> Any:
    """The tasks that each engine was given, as a frame."""
    import pandas as pd

    rows = {
        kind.name: {
            "priority": kind.priority,
            "tasks": f"{TASKS * kind.part // 20:,}",
            "what one does": f"{kind.does}{f', {1000 * kind.seconds:g} ms' * bool(kind.seconds)}",
            "delay": f"up to {kind.delay:g} s" if kind.delay else "",
        }
        for kind in KINDS
    }
    first = KINDS[0]
    rows[f"late {first.name}"] = {**rows[first.name], "tasks": f"{LATE:,}"}
    return pd.DataFrame.from_dict(rows, orient="index")


def chunk_log(chunk: int, mails: int = 200, workers: int = 2) -> Log:
    """Who was added and who started, in turn, where each worker takes a chunk and works it off.

    All mails are there at second 0, the payment comes at second 2, and each task takes a second.
    """
    scheduler, log = HeapScheduler(), Log()
    hands: list[deque[Any]] = [deque() for _ in range(workers)]

    def add(priority: int, name: str) -> None:
        scheduler.add_task(priority, name)
        log.append(("added", name, priority))

    for number in range(mails):
        add(3, f"mail {number}")
    second = 0
    while scheduler.pending_tasks() or any(hands):
        if second == 2:
            add(0, "payment")
        for hand in hands:
            if not hand:
                taken = (scheduler.get_next_task() for _ in range(chunk))
                hand.extend(task for task in taken if task is not None)
            if hand:
                task = hand.popleft()
                log.append(("started", task.name, task.priority))
        second += 1
    return log


# --- what was measured ----------------------------------------------------------------------------


def run_of(engine: str) -> EngineRun:
    """What an engine has made of the workload. Raises LookupError if that is not stored."""
    for run in engines.read(RESULTS):
        if run.engine == engine:
            return run
    raise LookupError(f"there is no {engine!r} in {RESULTS / engines.FILE_NAME}.csv: make engines")


def nearest(engine: str, choices: Mapping[str, float], beside: str | None = THREADS) -> str:
    """The choice whose number is nearest, as a factor, to the engine's empty tasks a second.

    beside: another engine, whose tasks a second count as 1; None for the number itself.
    """
    found = run_of(engine).per_second / (run_of(beside).per_second if beside else 1)
    return min(choices, key=lambda choice: abs(log(choices[choice] / found)))


def table(names: Sequence[str] | None = None) -> Any:
    """The stored run as a frame: of these engines, or of all."""
    import pandas as pd

    rows = {run.engine: _row(run) for run in engines.read(RESULTS)}
    return pd.DataFrame.from_dict({name: rows[name] for name in names or rows}, orient="index")


def _row(run: EngineRun) -> dict[str, str]:
    again = "never" if run.again_ms == inf else f"{run.again_ms / 1000:,.2f} s"
    return {
        "overtaken by": f"{run.worst} at worst",
        "late by": f"{run.late_ms:,.0f} ms",
        "kill -9: lost": f"{run.lost:,}",
        "run twice": f"{run.twice}",
        "again after": again,
        "tasks/s": f"{run.per_second:,.0f}",
    }


class Panel(NamedTuple):
    """title: what it shows. values: of each run. gives_up: whether any of it is a loss."""

    title: str
    values: list[float]
    gives_up: bool


def draw_engines() -> Any:
    """A bar for each engine and each question; the figure."""
    from matplotlib import pyplot as plt

    runs = engines.read(RESULTS)
    panels = [
        Panel("overtaken by,\nat worst", [run.worst for run in runs], True),
        Panel("late by,\nmilliseconds", [round(run.late_ms) for run in runs], False),
        Panel("lost by kill -9,\ntasks", [run.lost for run in runs], True),
        Panel("empty tasks\na second", [round(run.per_second) for run in runs], False),
    ]
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(9.6, 3.1), layout="constrained")
    for axis, panel in zip(axes, panels, strict=True):
        look: dict[str, Any] = {"color": tint("blue"), "edgecolor": COLOURS["blue"]}
        if panel.gives_up:
            look = {"color": tint("vermilion"), "edgecolor": COLOURS["vermilion"], "hatch": "///"}
        bars = axis.barh([run.engine for run in runs], panel.values, height=0.62, **look)
        axis.bar_label(bars, [f"{value:,}" for value in panel.values], padding=3, fontsize=9)
        axis.set_title(panel.title, fontsize=10)
        axis.set_xlim(0, 1.45 * max(1, *panel.values))
        axis.set_xticks([])
        axis.grid(False)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.tick_params(left=False)
    axes[0].invert_yaxis()
    set_description(figure, "\n".join(_told(panel, runs) for panel in panels))
    return figure


def _told(panel: Panel, runs: Sequence[EngineRun]) -> str:
    title = panel.title.replace("\n", " ")
    named = dict(zip((run.engine for run in runs), panel.values, strict=True))
    if panel.gives_up:
        some = ", ".join(f"{value:,} ({name})" for name, value in named.items() if value)
        return f"{title}: {f'{some}; 0 elsewhere' if some else '0 everywhere'}."
    low, high = min(named, key=named.__getitem__), max(named, key=named.__getitem__)
    return f"{title}: from {named[low]:,} ({low}) to {named[high]:,} ({high})."


# --- Dask, live -----------------------------------------------------------------------------------

NOT_INSTALLED = """Dask is not installed here. In a terminal, in the project's folder:
    .venv/bin/python -m pip install -c constraints.txt -e '.[dask]'
Then run this cell again. Below is what comes out where it is installed."""
IN_A_BROWSER = """There are no processes here, so no Dask.
Below is what comes out where there are some."""


class Live(NamedTuple):
    """log: who was added and who started. ran: how many have succeeded. elsewhere: whether all of
    them ran in other processes than this one."""

    log: Log
    ran: int
    elsewhere: bool


def on_dask(mails: int = 40) -> Live:
    """So many mails and then one payment, on two processes of Dask: a cluster of their own.

    Where there is no Dask it is said what to install, and the scheduler alone hands them out.
    """
    scheduler, log = HeapScheduler(), Log()

    def hear(event: Any) -> None:
        log.append((event.kind, event.task.name, event.task.priority))

    scheduler.subscribe(hear, "added", "started")
    for number in range(mails):
        scheduler.add_task(3, f"mail {number}", action=os.getpid)
    scheduler.add_task(0, "payment", action=os.getpid)
    ids = [task.id for task in scheduler.pending_tasks()]
    missing = "" if find_spec("distributed") else NOT_INSTALLED
    if not (has_processes() and has_threads()):
        missing = IN_A_BROWSER
    if missing:
        print(missing)
        while (task := scheduler.get_next_task()) is not None:
            scheduler.complete(task)
        return Live(log, len(ids), True)
    from sched.engines.dask import pool

    with warnings.catch_warnings():  # a busy machine is slow, and answers late
        warnings.filterwarnings("ignore", "Creating scratch directories is taking")
        with pool(scheduler, workers=2, patience=60) as workers:
            ended = [workers.wait(number) for number in ids]
    ran = [task.result for task in ended if task.status.name == "SUCCEEDED"]
    return Live(log, len(ran), os.getpid() not in ran)


# --- machines -------------------------------------------------------------------------------------


def crews_table(wait: float = 1.0) -> Any:
    """How busy a crew may be if 95 of 100 tasks wait at most so many tasks' times: simulated."""
    import pandas as pd

    crews, _ = capacity.read(RESULTS)
    sizes = sorted({each.workers for each in crews})
    least, most = min(c.busy for c in crews), max(c.busy for c in crews)

    def told(share: float) -> str:
        if not share:
            return f"less than {least:.0%} of the time"
        return f"{f'{most:.0%} or more' if share >= most else f'{share:.0%}'} of the time"

    rows = {f"{size:,}": told(busiest(crews, size, wait)) for size in sizes}
    return pd.DataFrame({"may be busy": rows}).rename_axis("workers")


def simulated_again(workers: int = 10, busy: float = 0.8, tasks: int | None = None) -> bool:
    """Whether a crew that is simulated here waits as long as the stored one, to a thousandth.

    tasks: how many, if not as many as then.
    """
    crews, _ = capacity.read(RESULTS)
    stored = next(c for c in crews if (c.workers, c.busy) == (workers, busy))
    (again,) = crew(workers, busy, tasks or stored.tasks)
    return abs(again.wait - stored.wait) <= 1e-3 * stored.wait


def machines_table(machines_needed: Any, assumed: Assumptions) -> Any:
    """Machines for each load, several brokers, counted by the learner's own function."""
    import pandas as pd

    crews, rates = capacity.read(RESULTS)
    broker = rates[capacity.BROKER]
    seconds, passes_on = assumed.seconds + broker.overhead, broker.per_second * assumed.headroom
    rows = {}
    for load in LOADS:
        busy = load * seconds / capacity.workers_for(load, crews, assumed, broker.overhead)
        number = machines_needed(load, passes_on, seconds, busy, assumed.workers)
        rows[f"{load:,}"] = {
            "brokers": f"{ceil(load / passes_on):,}",
            "workers busy": f"{busy:.0%}",
            "machines": f"{number:,.0f}",
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("tasks a second")


def designs(assumed: Assumptions) -> Any:
    """Where each design stops, and why; and the machines for two loads."""
    import pandas as pd

    crews, rates = capacity.read(RESULTS)
    rows = {}
    for design in capacity.DESIGNS:
        rate = rates[design.rate]
        last = capacity.stops_at(design, rate, crews, assumed)
        found = [_need(design, load, crews, assumed, rate) for load in (LOADS[0], LOADS[3])]
        beyond = "" if last is None else _need(design, 1.1 * last, crews, assumed, rate).stops
        rows[design.name] = {
            **{
                f"machines for {need.load:,}/s": "-"
                if need.machines is None
                else f"{need.machines:,}"
                for need in found
            },
            "stops at": "" if last is None else f"{last:,.0f}/s",
            "because": beyond,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _need(
    design: capacity.Design,
    load: float,
    crews: Sequence[Crew],
    assumed: Assumptions,
    rate: capacity.Rate,
) -> Need:
    return capacity.need(design, rate, load, crews, assumed)


def draw_designs(assumed: Assumptions) -> Any:
    """The machines that each design needs for a load, up to where it stops; the figure."""
    from matplotlib import pyplot as plt

    crews, rates = capacity.read(RESULTS)
    figure, axis = plt.subplots(figsize=(9.6, 4.6), layout="constrained")
    capacity_plot.draw_designs(axis, crews, rates, assumed)
    told = ["Machines over tasks a second, both axes logarithmic. Each line rises with the load:"]
    for name, stops in designs(assumed)["stops at"].items():
        told.append(f"{name}: {f'stops at {stops}' if stops else 'goes on'}.")
    set_description(figure, "\n".join(told))
    return figure
