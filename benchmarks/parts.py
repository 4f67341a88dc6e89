"""Parts: what can be run, each with its steps and with what becomes of their rows."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import (
    capacity,
    count,
    crashes,
    dispatch,
    drain,
    durable,
    engines,
    executors,
    figures,
    measure,
    memory,
    sweep,
)
from benchmarks.peers import check, race, weigh
from benchmarks.peers import report as peer_report

QUICK_TASKS = 2_000
QUICK_ROUNDS = 2
QUICK_ENTRIES = 2**12
QUICK_MEMORY = 2**11
QUICK_EVERY = 3  # of the sizes, where a full run takes every second
QUICK_IMPORTS = 3
AGAIN, QUICK_AGAIN = 3, 1  # times that a disturbed size is measured again


@dataclass(frozen=True)
class Sweep:
    """One of the things that can be run: its steps, and what becomes of the rows they return."""

    steps: Callable[[argparse.Namespace], Sequence[sweep.Step]]  # of the arguments given
    summary: Callable[[list[Any]], list[Any]]
    again: Callable[[list[Any]], tuple[list[Any], Sequence[sweep.Step]]] | None = None


SWEEPS = {
    "count": Sweep(
        lambda g: count.steps(g.max_n, QUICK_ENTRIES) if g.quick else count.steps(g.max_n), list
    ),
    "measure": Sweep(
        lambda g: measure.steps(g.max_n, QUICK_ROUNDS, 1) if g.quick else measure.steps(g.max_n),
        measure.summary,
        measure.again,
    ),
    "drain": Sweep(
        lambda g: (
            drain.steps(g.max_n, QUICK_ROUNDS, QUICK_EVERY) if g.quick else drain.steps(g.max_n)
        ),
        drain.summary,
        drain.again,
    ),
    "memory": Sweep(
        lambda g: memory.steps(QUICK_MEMORY, QUICK_EVERY) if g.quick else memory.steps(g.max_n),
        list,
    ),
    "dispatch": Sweep(
        lambda g: dispatch.steps(QUICK_ROUNDS, QUICK_TASKS) if g.quick else dispatch.steps(),
        dispatch.summary,
    ),
}
PEER_SWEEPS = {
    peer_report.CHECKS: Sweep(lambda _: check.steps(), list),
    peer_report.RACES: Sweep(
        lambda g: (
            race.steps(g.max_n, QUICK_ROUNDS, every=4)
            if g.quick
            else race.steps(g.max_n, patience=60 * g.minutes)
        ),
        race.summary,
        race.again,
    ),
    peer_report.WEIGHTS: Sweep(lambda g: weigh.steps(g.max_n, quick=g.quick), list),
    peer_report.IMPORTS: Sweep(
        lambda g: weigh.import_steps(QUICK_IMPORTS) if g.quick else weigh.import_steps(),
        weigh.import_summary,
    ),
}
FIGURE_SWEEPS = {
    figures.FILE: Sweep(
        lambda g: figures.steps(g.max_n, quick=g.quick, repeats=g.repeats), figures.summary
    )
}
CRASH_SWEEPS = {
    crashes.FILE: Sweep(
        lambda g: crashes.steps(crashes.QUICK_KILLS if g.quick else crashes.KILLS), list
    )
}
DURABLE_SWEEPS = {
    durable.FILE: Sweep(lambda g: durable.steps(g.max_n, quick=g.quick), durable.summary)
}
EXECUTOR_SWEEPS = {
    executors.FILE: Sweep(lambda g: executors.steps(quick=g.quick), executors.summary)
}
ALL_SWEEPS = SWEEPS | PEER_SWEEPS | FIGURE_SWEEPS | CRASH_SWEEPS | DURABLE_SWEEPS | EXECUTOR_SWEEPS
PEERS, FIGURES, CRASHES, DURABLE = "peers", "figures", "crashes", "durable"
EXECUTORS, COMPARE, PLOT = "executors", "compare", "plot"
# Parts that print a table of their own, and draw nothing.
TABLES: dict[str, Any] = {
    FIGURES: figures,
    CRASHES: crashes,
    DURABLE: durable,
    EXECUTORS: executors,
}
COMMANDS = {
    None: SWEEPS,
    PEERS: PEER_SWEEPS,
    FIGURES: FIGURE_SWEEPS,
    CRASHES: CRASH_SWEEPS,
    DURABLE: DURABLE_SWEEPS,
    EXECUTORS: EXECUTOR_SWEEPS,
    COMPARE: {},
}
APART = {"capacity": capacity.main, "engines": engines.main}  # with options of their own
