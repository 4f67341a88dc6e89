"""Seconds, profiles, and the reference results of `benchmarks/results`, for notebook 06.

The reference results may be measured anew at any time: nothing here counts on what they say. A row
that a disturbance has spoilt is left out.
"""

import cProfile
import json
import pstats
import re
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from pathlib import Path
from time import perf_counter
from typing import Any

from sched.plots.style import COLOURS, STYLE

from .check.counting import Counted, Counter

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
BEHIND = re.compile(r"<.*?(\w+)(?: of .*|'.*)?>")  # <built-in method _heapq.heappop>: heappop
OURS = ("HeapScheduler", "MultilevelScheduler", "SortedListScheduler")
LONGEST = 16.0  # times raw heapq: what is slower ends here, with an arrow


def seconds(work: Callable[..., Any], *arguments: Any) -> float:
    """How long a call takes."""
    start = perf_counter()
    work(*arguments)
    return perf_counter() - start


def comparisons(work: Callable[[list[Any]], Any], values: Sequence[Any]) -> int:
    """How often `work` compares the values, which it gets as a list of numbers that count."""
    counter = Counter()
    work([Counted(value, counter) for value in values])
    return counter.comparisons


class BareHeap:
    """A heap of tuples with nothing around it: the shape of `Levels`."""

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, str]] = []
        self.added = 0

    def add(self, priority: int, name: str) -> None:
        self.added += 1
        heappush(self.heap, (priority, self.added, name))

    def take(self) -> str:
        return heappop(self.heap)[2]


def put_through(queue: Any, rows: Sequence[tuple[int, str]]) -> tuple[float, list[str]]:
    """Add all rows to a queue and take them again: the seconds, and the names in their order."""
    start = perf_counter()
    for priority, name in rows:
        queue.add(priority, name)
    names = [queue.take() for _ in rows]
    return perf_counter() - start, names


# --- a profile ------------------------------------------------------------------------------------


def profile(work: Callable[[], Any]) -> dict[str, float]:
    """The own time of each function while `work` runs, as a part of all: the largest first."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    own: dict[str, float] = {}
    stats: Any = pstats.Stats(profiler)
    for (_, _, function), numbers in stats.stats.items():
        name = BEHIND.sub(r"\1", function)
        own[name] = own.get(name, 0) + numbers[2]
    total = sum(own.values())
    return {name: own[name] / total for name in sorted(own, key=lambda n: -own[n])}


def draw_profile(own: dict[str, float], hatched: Sequence[str]) -> None:
    """A bar for each of the ten functions that take most; the heap's are hatched."""
    from matplotlib import pyplot as plt

    with plt.style.context(STYLE):
        _, axis = plt.subplots(figsize=(8.2, 3.8), layout="constrained")
        axis.grid(axis="y", visible=False)
        names = list(own)[:10]
        for place, name in enumerate(names):
            colour = COLOURS["vermilion" if name in hatched else "blue"]
            share = 100 * own[name]
            axis.barh(place, share, color=colour, hatch="//" if name in hatched else "")
            axis.text(share, place, f" {share:.0f} %", va="center")
        axis.set_yticks(range(len(names)), names)
        axis.invert_yaxis()  # the largest on top
        axis.margins(x=0.1)
        axis.set(xlabel="own time, percent of all", title="Where the time goes")
        plt.show()


# --- the reference results ------------------------------------------------------------------------


def races() -> Any:
    """All races of the reference results that nothing disturbed, as a DataFrame."""
    import pandas as pd

    rows = pd.read_csv(RESULTS / "peers.csv")
    return rows[rows["disturbed"] == 0]


def where_from() -> str:
    """Where and when the reference results were measured."""
    about = json.loads((RESULTS / "run.json").read_text(encoding="utf-8"))["sweeps"]["peers"]
    return f"measured on {about['date'][:10]}, {about['machine']['cpu']}, {about['python']}"


def reference(peer: str, workload: str = "10 levels") -> Any:
    """One queue's nanoseconds for each task, by n: a DataFrame."""
    rows = races()
    rows = rows[(rows["peer"] == peer) & (rows["workload"] == workload)].set_index("n")
    rows = rows[["add_ns", "take_ns", "complete_ns", "total_ns", "ratio"]]
    return rows.rename(columns=lambda name: name.removesuffix("_ns"))


def orders() -> dict[str, str]:
    """Whether each queue gives the right order: "right", "wrong", or what else was found."""
    import pandas as pd

    checked = pd.read_csv(RESULTS / "peer_checks.csv")
    return dict(zip(checked["peer"], checked["order"], strict=True))


def at_the_largest(workload: str) -> Any:
    """Each queue's ratio to the raw heap at the largest n that it was timed at, the best first."""
    rows = races()
    rows = rows[rows["workload"] == workload].sort_values("n").groupby("peer").last()
    return rows.dropna(subset=["ratio"]).sort_values("ratio")[["n", "ratio"]]


def draw_ratios(workload: str) -> None:
    """A dot for each queue: how many times as long as the raw heap it takes."""
    from matplotlib import pyplot as plt

    rows, checked = at_the_largest(workload), orders()
    rows = rows.drop(index="raw heapq")
    largest = int(races()["n"].max())
    with plt.style.context(STYLE):
        _, axis = plt.subplots(figsize=(8.2, 1.2 + 0.3 * len(rows)), layout="constrained")
        for place, (peer, row) in enumerate(rows.iterrows()):
            at = min(row["ratio"], LONGEST)
            marker = ">" if row["ratio"] > LONGEST else "D" if peer in OURS else "o"
            colour = COLOURS["blue" if peer in OURS else "grey"]
            axis.plot([1, at], [place, place], color=COLOURS["grey"], marker="", linestyle="-")
            axis.plot(at, place, color=colour, marker=marker, linestyle="")
            smaller = "" if row["n"] == largest else f", at n = {row['n']:,.0f}"
            label = f"  {row['ratio']:.2f}{smaller}"
            axis.annotate(label, (max(at, 1), place), va="center")
        names = [f"{p} (wrong order)" if checked[p] == "wrong" else p for p in rows.index]
        axis.set_yticks(range(len(rows)), names)
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.set_xlim(min(0.25, rows["ratio"].min()) * 0.8, LONGEST * 8)
        axis.set_xticks([0.25, 1, 4, 16], ["0.25", "1", "4", "16"])
        axis.minorticks_off()
        axis.grid(axis="y", visible=False)
        axis.axvline(1, color=COLOURS["ink"], linestyle="-", linewidth=1)
        axis.set_xlabel("times raw heapq, add and take (diamonds: this package)")
        axis.set_title(f"{workload}, {largest:,} tasks where nothing else is said")
        plt.show()
