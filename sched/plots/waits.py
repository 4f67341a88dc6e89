"""How long the tasks of each priority waited for a worker."""

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, cast

from sched.plots.axes import axes_for, checked, legend, patch
from sched.plots.style import COLOURS, LABEL, set_description, styled, tint, write_title
from sched.plots.words import duration, headed, number, seconds
from sched.table import counted
from sched.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS = 400  # of more waits than this in a level, so many are shown, evenly picked


def wait_by_priority(timeline: Timeline, ax: "Axes | None" = None, title: str = "") -> "Axes":
    """Draw how long the tasks of each priority waited for a worker. O(n log n).

    Each dot is a wait, the box holds the middle half of them, the line in it is the median. A
    triangle is a task that still waited at the end: its wait up to then.
    ax: axes to draw on (to compare, some that share their y); a figure of its own if None.
    title: put before the verdict.
    Raises TypeError if it is no Timeline, ImportError without matplotlib.
    """
    checked(timeline, "timeline")
    with styled("wait_by_priority") as pyplot:
        view: Any = axes_for(pyplot, ax, 3.8)
        waits, found = timeline.waits(), timeline.waits_by_priority()
        late = any(w.unserved for w in found.values())
        names: list[str] = []
        for place, (priority, rows) in enumerate(groupby(waits, itemgetter(0))):
            values = [(wait, served) for _, wait, served in rows]
            draw_waits(view, place, values)
            w = found[priority]
            names.append(f"{number(priority)}\n{counted(w.number, 'wait')}")
            if late:
                names[-1] += f"\n{w.unserved} not over" if w.unserved else "\n"
            view.annotate(
                f"max {duration(w.max)}",
                (place, w.max),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=LABEL,
            )
        view.set_xticks(range(len(names)), names)
        view.set_xlim(-0.6, max(len(names), 1) - 0.4)
        top = max([w.max for w in found.values()] + [0.0]) * 1.16 or 1.0
        siblings = view.get_shared_y_axes().get_siblings(view)
        beside = [other for other in siblings if other is not view and other.has_data()]
        view.set_ylim(-0.03 * top, max([top, *(o.get_ylim()[1] for o in beside)]))
        view.set_xlabel("priority (lower is more urgent)")
        view.set_ylabel("wait for a worker, seconds")
        view.grid(axis="x", visible=False)
        verdict = headed(title, waits_title(timeline))
        write_title(view, verdict)
        legend(view, waits_legend(late), ticks_lines=3 if late else 2)
        lines = [verdict + "."]
        for priority, w in found.items():
            some = f", {w.unserved} of them not over at the end" if w.unserved else ""
            lines.append(
                f"Priority {number(priority)}: {counted(w.number, 'wait')}{some}; "
                f"mean {seconds(w.mean)} s, p95 {seconds(w.p95)} s, max {seconds(w.max)} s."
            )
        set_description(view, "\n".join(lines))
        return cast("Axes", view)


def draw_waits(ax: Any, place: int, values: list[tuple[float, bool]]) -> None:
    box: dict[str, Any] = {"facecolor": tint("sky"), "edgecolor": COLOURS["blue"]}
    line = {"color": COLOURS["blue"], "linestyle": "-", "marker": ""}
    ax.boxplot(
        [[wait for wait, _ in values]],
        positions=[place],
        widths=0.62,
        showfliers=False,
        patch_artist=True,
        manage_ticks=False,
        boxprops=box,
        medianprops={**line, "linewidth": 2.4},
        whiskerprops=line,
        capprops=line,
    )
    step = max(1, -(-len(values) // DOTS))
    for served, look in ((True, DOT), (False, UNSERVED)):
        shown = [wait for wait, ok in values if ok == served]
        shown = shown[:1] + shown[1:-1:step] + shown[1:][-1:]
        # Multiples of the golden ratio spread evenly, and alike in every run.
        xs = [place + 0.5 * ((i * 0.618034) % 1 - 0.5) for i in range(len(shown))]
        ax.plot(xs, shown, linestyle="", **look)


DOT: dict[str, Any] = {"marker": "o", "markersize": 3, "color": COLOURS["ink"], "alpha": 0.55}
UNSERVED: dict[str, Any] = {
    "marker": "^",
    "markersize": 6,
    "color": COLOURS["vermilion"],
    "markerfacecolor": "white",
    "markeredgewidth": 1.2,
}


def waits_legend(unserved: bool) -> list[Any]:
    from matplotlib.lines import Line2D

    box = {"facecolor": tint("sky"), "edgecolor": COLOURS["blue"]}
    handles = [
        Line2D([], [], linestyle="", label="one wait", **DOT),
        patch("the middle half, with the median", box),
    ]
    if unserved:
        handles.append(Line2D([], [], linestyle="", label="still waiting at the end", **UNSERVED))
    return handles


def waits_title(timeline: Timeline) -> str:
    found = timeline.waits_by_priority()
    if not found:
        return "No task was ready"
    priority, worst = max(found.items(), key=lambda item: item[1].max)
    if not worst.max:
        return "Nobody waits"
    return f"Priority {number(priority)} waits longest, up to {duration(worst.max)}"
