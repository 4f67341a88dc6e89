"""What an operation of a scheduler costs: counted, moved and timed. For notebook 05.

A count is the same on every computer. A time is not: those of the reference run, up to a million
tasks, are read from benchmarks/results, with the machine that they come from.
"""

import csv
import json
from collections.abc import Callable
from math import floor, log2, log10
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from sched import NaiveSortScheduler

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


# --- counted --------------------------------------------------------------------------------------


class Counted:
    """A value that counts how often it is compared: the solution of exercise 1."""

    comparisons = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def __lt__(self, other: "Counted") -> bool:
        Counted.comparisons += 1
        return self.value < other.value


def count(kind: Any, n: int, action: str, entry: Any, worst: bool = False) -> float:
    """Comparisons for one operation on a scheduler with n tasks, on average.

    kind: a class of schedulers. action: "add" or "take". entry: a class that counts in
    ``entry.comparisons`` how often its values are compared with ``<``. worst: each new task is more
    urgent than all before it. Of each queue only few operations are asked, so that it holds about n
    tasks all the time.
    """
    random = Random(n)
    few = 1 if kind is NaiveSortScheduler else max(1, n // 32)
    queues = max(1, 2**14 // n)
    total = 0
    for _ in range(queues):
        queue = filled(kind, n, entry, random)
        entry.comparisons = 0
        for i in range(few):
            if action == "take":
                queue.pop()
            else:
                queue.push(entry(-1 - i if worst else random.random()))
        total += entry.comparisons
    return total / (queues * few)


def filled(kind: Any, n: int, entry: Any, random: Random | None = None) -> Any:
    """The queue in which a scheduler of this kind keeps what is ready, with n random priorities."""
    random = random or Random(n)
    queue = kind.queue()
    for _ in range(n):
        queue.push(entry(random.random()))
    return queue


def moves(add: Callable[[list[Any], Any], Any], n: int = 1000) -> float:
    """How many tasks stand behind a new one, on average: `add` has moved each of them."""
    random = Random(6)
    tasks: list[tuple[float, str]] = [(number, "waiting") for number in range(n)]
    moved = 0
    for _ in range(n):
        new = (random.uniform(0, n), "new")
        add(tasks, new)
        place = tasks.index(new)
        moved += len(tasks) - 1 - place
        del tasks[place]
    return moved / n


# --- timed ----------------------------------------------------------------------------------------


def microseconds(kind: Any, n: int, action: str, times: int = 16, rounds: int = 5) -> float:
    """The time of one operation on a scheduler with n tasks, best of some rounds.

    An add is timed with a look at the next task: an add alone only notes the task down.
    """
    random = Random(n)
    scheduler = kind()
    scheduler.add_tasks([(random.random(), "task") for _ in range(n)])
    priorities = [random.random() for _ in range(times)]
    best = float("inf")
    for _ in range(rounds):
        start = perf_counter()
        for priority in priorities:
            if action == "take":
                scheduler.get_next_task()
            else:
                scheduler.add_task(priority, "task")
                scheduler.peek_next_task()
        best = min(best, perf_counter() - start)
    return best / times * 1_000_000


class Reference:
    """The stored run: on which machine, and what each operation cost there."""

    def __init__(self, results: Path = RESULTS) -> None:
        self._times = _rows(results / "measure.csv")
        self._counts = _rows(results / "count.csv")
        about = json.loads((results / "run.json").read_text(encoding="utf-8"))["sweeps"]["measure"]
        sizes = [int(row["n"]) for row in self._times]
        self.smallest, self.largest = min(sizes), max(sizes)
        self.where = (
            f"measured on {about['date'][:10]} with {about['python']}, "
            f"processor {about['machine']['cpu']}, {self.smallest:,} to {self.largest:,} tasks"
        )

    def queues(self) -> list[str]:
        """The names of what was timed, schedulers first."""
        found = dict.fromkeys(row["queue"] for row in self._times)
        return sorted(found, key=lambda name: not name.endswith("Scheduler"))

    def times(self, queue: str, operation: str, which: str = "median") -> dict[int, float]:
        """Microseconds by n. which: "median", or the quartiles "q1" and "q3"."""
        rows = [r for r in self._times if (r["queue"], r["operation"]) == (queue, operation)]
        return {int(row["n"]): float(row[f"{which}_ns"]) / 1000 for row in rows}

    def counts(self, subject: str, operation: str) -> dict[int, float]:
        """Comparisons by n; the operation as benchmarks/count.py calls it, such as "pop"."""
        rows = [r for r in self._counts if (r["subject"], r["operation"]) == (subject, operation)]
        return {int(row["n"]): float(row["comparisons"]) for row in rows}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def slope(times: dict[int, float], last: int | None = None) -> float:
    """How steep a cost is on logarithmic axes: 1 is O(n), 0 does not grow. Least squares.

    last: how many of the largest sizes count; all if not given.
    """
    points = [(log2(n), log2(cost)) for n, cost in times.items()][-(last or 0) :]
    x = sum(point[0] for point in points) / len(points)
    y = sum(point[1] for point in points) / len(points)
    above = sum((px - x) * (py - y) for px, py in points)
    return above / sum((px - x) ** 2 for px, _ in points)


def large(number: float) -> str:
    """A number as one says it: 12.2, or 44,000 for 43,826."""
    if number < 100:
        return f"{number:.1f}"
    return f"{round(number, 1 - floor(log10(number))):,.0f}"


def in_words(microseconds: float) -> str:
    """A time as one says it: "2.4 microseconds", "3.2 seconds"."""
    for unit, size in (("seconds", 1e6), ("milliseconds", 1e3)):
        if microseconds >= size:
            return f"{microseconds / size:.1f} {unit}"
    return f"{microseconds:.1f} microseconds"
