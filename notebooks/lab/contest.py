"""A scheduler of one's own among the others: a race on one plot, and a day in virtual time.

draw_race(race({"yours": own.Scheduler, "heap": HeapScheduler}))
timeline = a_day(own.Scheduler)
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import pi, sin
from random import Random
from types import SimpleNamespace
from typing import Any

from sched import Scheduler, Timeline, VirtualClock, simulate
from sched.plots.style import COLOURS, STYLE

from .check.apart import within
from .measuring import seconds as took

SIZES = (128, 256, 512, 1024, 2048)
LOOKS = {  # colour and marker, a second cue; the colours are those of notebook 05
    "yours": ("orange", "v"),
    "heap": ("blue", "o"),
    "sorted list": ("green", "s"),
    "naive sort": ("vermilion", "^"),
    "levels": ("purple", "D"),
}

# --- the race -------------------------------------------------------------------------------------


def _filled_and_drained(kind: Callable[[], Any], rows: Sequence[tuple[int, str]]) -> list[str]:
    scheduler, names = kind(), []
    for priority, name in rows:
        scheduler.add_task(priority, name)
    while (task := scheduler.get_next_task()) is not None:
        scheduler.complete(task)
        names.append(task.name)
    return names


def race(
    kinds: Mapping[str, Callable[[], Any]], sizes: Sequence[int] = SIZES, seconds: float = 10
) -> Any:
    """Microseconds for each task, added, taken and completed: a DataFrame, a row for each n.

    The best of three rounds, or one long one. Who takes more than so many seconds is out.
    """
    import pandas as pd

    times: dict[str, list[float | None]] = {name: [] for name in kinds}
    for n in sizes:
        rows = rows_of(n)
        for name, kind in kinds.items():
            work = partial(took, _filled_and_drained, kind, rows)
            best = within(seconds, _best_of_three, work) if _is_in(times[name]) else None
            times[name].append(None if best is None else best / n * 1e6)
    return pd.DataFrame(times, index=pd.Index(sizes, name="n"), dtype=float)


def _is_in(times: Sequence[float | None]) -> bool:
    return not times or times[-1] is not None


def _best_of_three(work: Callable[[], float]) -> float:
    first = work()
    return first if first > 0.2 else min(first, work(), work())


def rows_of(n: int) -> list[tuple[int, str]]:
    """Tasks of ten priorities."""
    random = Random(n)
    return [(random.randint(1, 10), f"task {number}") for number in range(n)]


def same_order(kinds: Mapping[str, Callable[[], Any]], n: int = 1024) -> bool:
    """Whether all of them hand out the same tasks in the same order."""
    orders = [within(10, _filled_and_drained, kind, rows_of(n)) for kind in kinds.values()]
    return all(order == orders[0] for order in orders)


def draw_race(times: Any) -> None:
    """A line for each scheduler: the time of one task against n."""
    from matplotlib import pyplot as plt

    with plt.style.context(STYLE):
        _, axis = plt.subplots(figsize=(8.2, 4.2), layout="constrained")
        for name in times:
            colour, marker = LOOKS[name]
            axis.plot(times.index, times[name], color=COLOURS[colour], marker=marker, label=name)
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter("{x:,.10g}")  # 100, not 10²
        axis.set_xticks(list(times.index), [f"{n:,}" for n in times.index])
        axis.set(xlabel="n, tasks added and then taken", ylabel="microseconds for each task")
        slowest = times.iloc[-1].idxmax()
        axis.set_title(f"At {times.index[-1]:,} tasks, {slowest} takes longest")
        axis.legend()
        plt.show()


# --- a day ----------------------------------------------------------------------------------------

HOUR = 3600.0
WORKERS = 3


def arrivals(hours: int = 24) -> list[tuple[float, int, str]]:
    """What comes in during a day, about 2,000 tasks: few at night, most of them around noon."""
    random = Random(10)
    comes: list[tuple[float, int, str]] = []
    for hour in range(hours):
        number = int(30 + 150 * max(0.0, sin((hour - 6) / 12 * pi)))
        for _ in range(number):
            at = (hour + random.random()) * HOUR
            comes.append((at, random.choice([1, 2, 2, 3, 3, 3]), f"task {len(comes)}"))
    return comes


class Stand(Scheduler):
    """Stands before a scheduler of one's own where the package expects one of its own kind.

    `simulate` asks for these methods alone. What they do, the other one does.
    """

    def __init__(self, own: Any, clock: VirtualClock) -> None:
        self.own, self.clock = own, clock

    def add_task(self, priority: Any, task_name: Any, delay: Any = 0, **_more: Any) -> int:  # type: ignore[override]
        return int(self.own.add_task(priority, task_name, delay=delay or 0))

    def get_next_task(self) -> Any:
        task = self.own.get_next_task()
        return None if task is None else SimpleNamespace(**vars(task), timeout=None, retry=None)

    def complete(self, task: Any, result: Any = None) -> None:
        self.own.complete(self.own.tasks[task.id], result)

    def fail(self, task: Any, error: Any, *_args: Any, **_more: Any) -> bool:
        return bool(self.own.fail(self.own.tasks[task.id], error))

    def next_run_time(self) -> float | None:
        moment: float | None = self.own.next_run_time()
        return moment

    def pending_tasks(self) -> Any:
        return self.own.pending_tasks()


def a_day(
    make: Callable[..., Any], seconds: float = 30, failures: float = 0.05, **options: Any
) -> Timeline | None:
    """Three workers and a day of traffic, always the same; None if it takes too long.

    make: makes a scheduler of one's own from a clock. seconds: how long it may take.
    failures: the share of attempts that fail. options: of `make`.
    """

    def play() -> Timeline:
        clock = VirtualClock()
        stand = Stand(make(clock=clock, **options), clock)
        return simulate(
            stand,
            workers=WORKERS,
            service_time=lambda _task, luck: luck.uniform(30, 120),
            failure_rate=failures,
            seed=10,
            arrivals=arrivals(),
        )

    return within(seconds, play)


def moved(one: Timeline, other: Timeline) -> int:
    """How many attempts of two days were at different moments."""
    first, second = ({(a.id, a.attempt): a.start for a in day.attempts} for day in (one, other))
    return sum(first.get(which) != second.get(which) for which in first.keys() | second.keys())
