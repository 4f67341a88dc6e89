"""The plots, each with its verdict, computed from the results, as its title.

counts.png           comparisons against n, both axes logarithmic, with the fitted curves
counts_narrow.png    the same for a phone, one panel below the other: the site shows either
counts_log.png       the small ones again, only n logarithmic: log n is a straight line
wall.png             nanoseconds against n, with the spread
comparison_time.png  nanoseconds per comparison: what the caches add, and what is no comparison
ratio.png            times the cost of a raw heapq
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmarks.measure import GC_ON
from benchmarks.report import FILL_DRAIN, curves, fitted, short
from benchmarks.results import Results
from benchmarks.style import (
    HEIGHT,
    NARROW,
    Label,
    caption,
    fitted_points,
    guides,
    label_ends,
    log_costs,
    look,
    mark_caches,
    name,
    one_panel,
    panels,
    plain_numbers,
    ring,
    size_axis,
    styled,
    with_spread,
)
from benchmarks.subjects import HEAP, MULTILEVEL, NAIVE, RAW_HEAP, SORTED_LIST
from sched.plots.style import COLOURS, NOTE

ADDING = {
    "push random": "random",
    "push descending": "descending",
    "push ascending": "ascending",
    "load": "n at once",
    "push 10 levels": "10 of them",
}
# These lie on the line log2 n with three others, or are no cost of one operation: they have room
# only on the second plot.
ON_SECOND_PLOT = {
    (SORTED_LIST, "push descending"),
    (SORTED_LIST, "push ascending"),
    (MULTILEVEL, "push + pop distinct"),
}


# --- counted --------------------------------------------------------------------------------------


def counts(results: Results, *, narrow: bool = False) -> Figure | None:
    """Comparisons against n, both axes logarithmic, the fitted curve through the points."""
    found = fitted(results.counts)
    if not found:
        return None
    heap, naive = found.get((HEAP, "pop")), found.get((NAIVE, "pop"))
    title = "Comparisons, and the class that fits them"
    if heap and naive:
        title = (
            f"Comparisons for a take: class {heap.choice.best.model.name} from a heap, "
            f"{naive.choice.best.model.name} from the naive sort\n"
            f"at n = {heap.n[-1]:,}: {short(heap.comparisons[-1])} "
            f"and {short(naive.comparisons[-1])}"
        )
    figure, axes = panels(["add", "take"], title, "comparisons per operation", narrow=narrow)
    for axis, takes in zip(axes, (False, True), strict=True):
        labels: list[Label] = []
        never = []
        for (subject, operation), f in found.items():
            if operation.startswith("pop") is not takes or (subject, operation) in ON_SECOND_PLOT:
                continue
            what = name(subject) if takes else f"{name(subject)}, {ADDING[operation]}"
            if not any(f.comparisons):
                never.append(name(subject))
                continue
            fitted_points(axis, f)
            color = look(subject)["color"]
            labels.append((f.comparisons[-1], f"{what}:\n{f.choice.best}", color))
        log_costs(axis)
        if never:
            none = "no comparison\nat all" if narrow else "no comparison at all"
            axis.text(
                0.02, 0.98, f"{', '.join(never)}:\n{none}",
                transform=axis.transAxes, va="top", color=NOTE,
            )  # fmt: skip
        label_ends(axis, labels, NARROW[1] if narrow else HEIGHT)
    return figure


def counts_log(results: Results) -> Figure | None:
    """The counts that stay small, n alone on a logarithmic axis: a straight line is log n."""
    found = {
        key: f
        for key, f in fitted(results.counts).items()
        if f.choice.best.model.name in ("1", "log n") and any(f.comparisons)
    }
    if not found:
        return None
    heap = found.get((HEAP, "pop"))
    title = "Comparisons of class 1 and log n"
    if heap:
        added = (heap.comparisons[-1] - heap.comparisons[0]) / (len(heap.n) - 1)
        title = (
            f"Twice the tasks, {added:.2f} comparisons more for a take from a heap: "
            f"class {heap.choice.best.model.name}"
        )
    figure, axis = one_panel()
    labels: list[Label] = []
    for (subject, operation), f in found.items():
        fitted_points(axis, f)
        text = f"{name(subject)}, {operation}: {f.choice.best}"
        labels.append((f.comparisons[-1], text, look(subject)["color"]))
    axis.set(title=title, ylabel="comparisons per operation", ylim=(0, None))
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    size_axis(axis, next(iter(found.values())).n)
    label_ends(axis, labels)
    return figure


# --- measured -------------------------------------------------------------------------------------


def wall(results: Results) -> Figure | None:
    """Nanoseconds per operation against n, quartiles shaded, beside lines of class n, n log n."""
    found = [c for c in curves(results) if c.operation != FILL_DRAIN and c.queue != GC_ON]
    if not found:
        return None
    at = {(c.queue, c.operation): c for c in found}
    title = "Time per operation"
    if (HEAP, "take") in at and (NAIVE, "take") in at:
        heap, naive = at[HEAP, "take"], at[NAIVE, "take"]
        title = (
            f"At n = {heap.n[-1]:,} a take from the naive sort lasts "
            f"{short(naive.ns[-1] / heap.ns[-1])} times as long as from the heap"
        )
    figure, axes = panels(["add", "take"], title, "nanoseconds per operation")
    for axis, operation in zip(axes, ("add", "take"), strict=True):
        labels: list[Label] = []
        here = [c for c in found if c.operation == operation]
        for c in here:
            with_spread(axis, c)
            ring(axis, c.n, c.ns, c.disturbed, look(c.queue)["color"])
            tail = "" if c.slope is None else f"\nslope {c.slope:.2f}: {c.group}"
            labels.append((c.ns[-1], f"{name(c.queue)}{tail}", look(c.queue)["color"]))
        log_costs(axis)
        if here:
            axis.set_ylim(axis.get_ylim())
            guides(axis, here)
        label_ends(axis, labels)
    caption(
        figure,
        "Time does not name a class: caches bend these lines (comparison_time.png). The slope "
        "tells {1, log n} from {n, n log n}, no more.\nPoints: medians; shaded: the middle half "
        "of the rounds; grey: slopes of class n and n log n.",
    )
    return figure


def comparison_time(results: Results) -> Figure | None:
    """Nanoseconds per comparison against n, and where the caches end."""
    pairs = [
        (RAW_HEAP, "take", HEAP, "pop"),
        (HEAP, "take", HEAP, "pop"),
        (NAIVE, "take", NAIVE, "pop"),
        (SORTED_LIST, "add", SORTED_LIST, "push random"),
    ]
    counted = {(c.subject, c.operation, c.n): c.comparisons for c in results.counts}
    timed = {(c.queue, c.operation): c for c in curves(results)}
    lines = []
    for queue, operation, subject, hook in pairs:
        c = timed.get((queue, operation))
        n = [size for size in c.n if (subject, hook, size) in counted] if c else []
        if c and n:
            per = [c.ns[c.n.index(size)] / counted[subject, hook, size] for size in n]
            lines.append((queue, operation, n, per, c.disturbed))
    if not lines:
        return None
    first = lines[0]
    figure, axis = one_panel()
    labels: list[Label] = []
    for queue, operation, n, per, peaks in lines:
        axis.plot(n, per, **look(queue))
        ring(axis, n, per, peaks, look(queue)["color"])
        labels.append((per[-1], f"{name(queue)}, {operation}", look(queue)["color"]))
    axis.set(
        title=f"One comparison of a {name(first[0])} {first[1]}: {short(first[3][0])} ns "
        f"at n = {first[2][0]:,}, {short(first[3][-1])} ns at {first[2][-1]:,}",
        ylabel="nanoseconds per counted comparison",
    )
    log_costs(axis)
    low, high = axis.get_ylim()
    axis.set_ylim(low, high * (high / low) ** 0.15)  # room for the names of the caches
    plain_numbers(axis)
    size_axis(axis, first[2])
    mark_caches(axis, results.caches, first[2])
    label_ends(axis, labels)
    caption(figure)
    return figure


def ratio(results: Results) -> Figure | None:
    """Times the cost of a raw heapq, which is 1."""
    found = [c for c in curves(results) if c.ratios and c.queue != RAW_HEAP]
    if not found:
        return None
    heap = [c for c in found if c.queue == HEAP]
    title = "Times the cost of a raw heapq"
    if heap:
        costs = (f"{c.operation} {short(c.ratios[max(c.ratios)])} ×" for c in heap)
        title = f"{HEAP} against raw heapq at n = {max(heap[0].ratios):,}: {', '.join(costs)}"
    largest = max(max(c.ratios) for c in found)
    compared = [o for o in ("add", "take", FILL_DRAIN) if any(c.operation == o for c in found)]
    figure, axes = panels(compared, title, "times raw heapq")
    for axis, operation in zip(axes, compared, strict=True):
        labels: list[Label] = [(1.0, "raw heapq", COLOURS["ink"])]
        for c in (c for c in found if c.operation == operation):
            n, ratios = list(c.ratios), list(c.ratios.values())
            axis.plot(n, ratios, **look(c.queue))
            ring(axis, n, ratios, c.disturbed_ratios, look(c.queue)["color"])
            ends = "" if n[-1] == largest else f"\nto {n[-1]:,}"
            labels.append((ratios[-1], name(c.queue) + ends, look(c.queue)["color"]))
        axis.axhline(1, color=COLOURS["ink"], linestyle=look(RAW_HEAP)["linestyle"], linewidth=1.2)
        log_costs(axis)
        plain_numbers(axis, "×")
        label_ends(axis, labels)
    caption(figure)
    return figure


FIGURES: dict[str, Callable[[Results], Figure | None]] = {
    "counts.png": counts,
    "counts_narrow.png": partial(counts, narrow=True),
    "counts_log.png": counts_log,
    "wall.png": wall,
    "comparison_time.png": comparison_time,
    "ratio.png": ratio,
}


def draw_all(results: Results, folder: Path) -> list[Path]:
    """Draw every plot that there are results for. Returns the paths of the files."""
    drawn = []
    with styled():
        for file, draw in FIGURES.items():
            figure = draw(results)
            if figure is not None:
                figure.savefig(folder / file)
                plt.close(figure)
                drawn.append(folder / file)
    return drawn
