"""What operations cost, over the number of tasks, both axes logarithmic.

A straight line of slope 1 is O(n); a level one does not grow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sched.plots.style import LABEL, WIDTH, set_description, styled

from ..costs import in_words, large

Points = Mapping[int, float]  # a cost by n


def costs(lines: Mapping[str, Points], title: str, unit: str, *, level: bool = False) -> Any:
    """One panel, a line for each kind of cost; on logarithmic axes, a cost of 0 has no place.

    lines: by name, such as "heap, take"; all lines of one queue have one colour.
    level: whether the costs have a plain axis from 0, to see how level a line is.

    Returns the figure, which ``describe`` puts into words. O(number of points).
    """
    with styled("costs") as plt:
        figure, ax = plt.subplots(figsize=(WIDTH, 3.2 if level else 4.0), layout="constrained")
        ends, colours = [], dict[str, str]()
        for number, (name, points) in enumerate(lines.items()):
            queue = name.partition(",")[0]
            own = {"color": colours[queue]} if queue in colours else {}
            # Two lines may lie on one another: the later one is hollow and larger, to see both.
            (line,) = ax.plot(
                list(points),
                list(points.values()),
                markersize=9 if number else 5,
                fillstyle="none" if number else "full",
                **own,
            )
            colours[queue] = line.get_color()
            ends.append((name, list(points.values())[-1], line.get_color()))
        _sizes(ax, next(iter(lines.values())))
        if level:
            ax.set_yscale("linear")
            ax.set_ylim(0, None)
        ax.set(xlabel="n, tasks in the queue", ylabel=unit, title=title)
        _label_ends(ax, ends)
    told = [f"{name}: {_told(points)}" for name, points in lines.items()]
    set_description(figure, "\n".join([f"{title}. {unit.capitalize()}, over n.", *told]))
    return figure


def times(panels: Mapping[str, Mapping[str, tuple[Points, Points, Points]]], title: str) -> Any:
    """A panel for each operation: microseconds by n of each queue, the quartiles shaded.

    panels: by operation and by queue, the medians, the lower and the upper quartiles.

    O(number of points).
    """
    with styled("times") as plt:
        figure, axes = plt.subplots(
            1, len(panels), figsize=(WIDTH, 4.4), sharey=True, layout="constrained", squeeze=False
        )
        for ax, (operation, queues) in zip(axes[0], panels.items(), strict=True):
            for name, (middle, low, high) in queues.items():
                n = list(middle)
                (line,) = ax.plot(n, list(middle.values()), label=name)
                shade = {"color": line.get_color(), "alpha": 0.2, "linewidth": 0}
                ax.fill_between(n, list(low.values()), list(high.values()), **shade)
            _sizes(ax, next(iter(queues.values()))[0])
            ax.set(xlabel="n, tasks in the queue", title=operation)
        ticks = {1: "1 µs", 1e3: "1 ms", 1e6: "1 s"}
        axes[0][0].set_yticks(list(ticks), list(ticks.values()))
        axes[0][0].set_ylabel("time of one operation")
        handles, names = axes[0][0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=LABEL)
        figure.suptitle(title)
    told = [
        f"{operation}, {name}: {_told(middle, in_words)}"
        for operation, queues in panels.items()
        for name, (middle, _, _) in queues.items()
    ]
    set_description(figure, "\n".join([f"{title}. Times, over n.", *told]))
    return figure


def _sizes(ax: Any, points: Points) -> None:
    """n along the bottom, a handful of sizes; plain numbers on both axes."""
    sizes = list(points)
    shown = sizes if len(sizes) <= 7 else sizes[::-3][::-1]
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(shown, [f"{n:,}" if shown is sizes else _short(n) for n in shown])
    ax.yaxis.set_major_formatter("{x:,.10g}")
    ax.minorticks_off()


def _short(n: int) -> str:
    return f"{n // 2**20}M" if n >= 2**20 else f"{n // 2**10}k" if n >= 2**10 else str(n)


def _label_ends(ax: Any, ends: Sequence[tuple[str, float, str]], gap: float = 0.06) -> None:
    """Write each line's name beside its last point; names that would meet are moved apart."""
    ax.set_ylim(ax.get_ylim())
    to_axes = ax.transData + ax.transAxes.inverted()
    place = -1.0
    for name, last, colour in sorted(ends, key=lambda end: end[1]):
        place = max(to_axes.transform((1, last))[1], place + gap)
        at = {"transform": ax.transAxes, "va": "center"}
        ax.text(1.01, place, name, color=colour, fontsize=LABEL, **at)


def _told(points: Points, said: Callable[[float], str] = large) -> str:
    sizes = list(points)
    first, last = said(points[sizes[0]]), said(points[sizes[-1]])
    return f"{first} at n = {sizes[0]:,}, {last} at n = {sizes[-1]:,}"
