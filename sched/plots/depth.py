"""How many tasks were ready, waiting and running in the course of a simulation."""

from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from sched.plots.axes import axes_for, checked, legend, whole_numbers
from sched.plots.style import COLOURS, set_description, styled, tint, write_title
from sched.plots.words import duration, headed, unit_of
from sched.table import counted
from sched.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def depth(timeline: Timeline, ax: "Axes | None" = None, title: str = "") -> "Axes":
    """Draw how many tasks are ready, waiting and running in the course of time. O(n log n).

    ax: axes to draw on; a figure of its own if None. title: put before the verdict.
    Raises TypeError if it is no Timeline, ImportError without matplotlib.
    """
    checked(timeline, "timeline")
    with styled("depth") as pyplot:
        view: Any = axes_for(pyplot, ax, 3.4)
        scale, unit = unit_of(timeline.end - timeline.start)
        steps = timeline.depth()
        times = [(step.time - timeline.start) / scale for step in steps]
        times.append((timeline.end - timeline.start) / scale)
        looks = {
            "ready, no worker free": ("vermilion", "-", [s.ready for s in steps]),
            "waiting for its time": ("blue", "--", [s.waiting for s in steps]),
            "running": ("green", "-.", [s.running for s in steps]),
        }
        width = 1.8 if len(steps) <= 2000 else 0.8
        for name, (colour, dash, counts) in looks.items():
            levels = [*counts, counts[-1]]
            if colour == "vermilion":
                view.fill_between(times, levels, step="post", color=tint(colour, 0.25), zorder=0.5)
            view.step(
                times,
                levels,
                dash,
                where="post",
                color=COLOURS[colour],
                marker="",
                label=name,
                lw=width,
            )
        whole_numbers(view)
        most = max(1, *(max(counts) for _, _, counts in looks.values()))
        view.set_ylim(-0.04 * most, most * 1.08)  # a line at 0 is not hidden by the axis
        view.set_xlim(0, max(times[-1], 1e-9))
        view.set_xlabel(f"time since the start, {unit}")
        view.set_ylabel("tasks")
        peak = max(steps, key=attrgetter("ready"))
        verdict = "No task ever waits for a worker"
        if peak.ready:
            verdict = (
                f"At most {counted(peak.ready, 'ready task')} without a worker, "
                f"after {duration(peak.time - timeline.start)}"
            )
        verdict = headed(title, verdict)
        write_title(view, verdict)
        legend(view, view.get_legend_handles_labels()[0])
        lines = [verdict + "."]
        for name, (_, _, counts) in looks.items():
            mean = average(timeline, counts, [s.time for s in steps])
            lines.append(
                f"{name[0].upper()}{name[1:]}: {counts[0]} at the start, at most {max(counts)}, "
                f"{mean:.1f} on average, {counts[-1]} at the end."
            )
        set_description(view, "\n".join(lines))
        return cast("Axes", view)


def average(timeline: Timeline, counts: list[int], times: list[float]) -> float:
    """The mean over time."""
    span = timeline.end - timeline.start
    if span <= 0:
        return float(counts[-1])
    edges = pairwise([*times, timeline.end])
    return sum(n * (b - a) for n, (a, b) in zip(counts, edges, strict=True)) / span
