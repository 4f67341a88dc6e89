"""How many attempts started at once: a retry storm, or none."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sched.arguments import as_timestamp
from sched.plots.axes import axes_for, checked, legend, whole_numbers
from sched.plots.letters import drawable
from sched.plots.style import COLOURS, set_description, styled, tint, write_title
from sched.plots.words import headed, one_line, seconds, unit_of
from sched.table import counted
from sched.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES = [("vermilion", "-", "////"), ("blue", "--", ""), ("green", "-.", "...."), ("ink", ":", "")]


def load(
    timelines: Timeline | Mapping[str, Timeline],
    per: float = 1.0,
    down: tuple[float, float] | None = None,
    ax: "Axes | None" = None,
    title: str = "",
) -> "Axes":
    """Draw how many attempts start in each ``per`` seconds: a retry storm, or none. O(n).

    timelines: one, or a dict from what to call each ("no jitter") to it: at most four.
    down: from and until when the service was down, epoch seconds: shaded.
    ax: axes to draw on; a figure of its own if None. title: put before the verdict.
    Raises TypeError or ValueError that names the argument, ImportError without matplotlib.
    """
    given: Any = timelines
    named = dict(given) if isinstance(given, Mapping) else {"attempts": given}
    if not 1 <= len(named) <= len(LINES):
        raise ValueError(f"timelines must be 1 to {len(LINES)}, got {len(named)}")
    for each in named.values():
        checked(each, "timelines")
    counts = {str(name): t.starts(per) for name, t in named.items()}
    origin = min(t.start for t in named.values())
    first, back = (origin, origin) if down is None else checked_span(down)
    with styled("load") as pyplot:
        view: Any = axes_for(pyplot, ax, 3.6)
        longest = max(len(c) for c in counts.values())
        scale, unit = unit_of(longest * per)
        for (name, levels), (colour, dash, hatch) in zip(counts.items(), LINES, strict=False):
            edges = [i * per / scale for i in range(len(levels) + 1)]
            look: dict[str, Any] = {"color": COLOURS[colour], "linestyle": dash}
            look["label"] = drawable(one_line(name))
            view.stairs(levels, edges, linewidth=1.8, zorder=3, **look)
            fill: dict[str, Any] = {
                "facecolor": tint(colour, 0.3),
                "edgecolor": COLOURS[colour],
                "hatch": hatch,
            }
            view.stairs(levels, edges, fill=True, linewidth=0, alpha=0.45, **fill)
        if down is not None:
            grey = (first - origin) / scale, (back - origin) / scale
            view.axvspan(*grey, color="#E4E4E4", zorder=0, label="the service is down")
        view.set_xlim(0, longest * per / scale)
        view.set_ylim(0, max(1, *(max(c) for c in counts.values())) * 1.08)
        whole_numbers(view)
        view.set_xlabel(f"time since the start, {unit}")
        view.set_ylabel(f"attempts per {'second' if per == 1 else f'{per:g} s'}")
        verdict = headed(title, load_title(named, per, back - origin))
        write_title(view, verdict)
        legend(view, view.get_legend_handles_labels()[0])
        lines = [verdict + "."]
        words = "a second" if per == 1 else f"{per:g} s"
        for name, t in named.items():
            retries = sum(t.starts(per, retries_only=True))
            n, when = busiest(t, per, back - t.start)
            lines.append(
                f"{name}: {counted(len(t.attempts), 'attempt')}, {retries:,} of them retries; "
                f"{'after that ' if down else ''}at most {n} in {words}, from {seconds(when)} s on."
            )
        if down is not None:
            span = f"from {seconds(first - origin)} to {seconds(back - origin)} s"
            lines.insert(1, f"The service is down {span}.")
        set_description(view, "\n".join(lines))
        return cast("Axes", view)


def busiest(timeline: Timeline, per: float, after: float) -> tuple[int, float]:
    """The most attempts in ``per`` seconds, and when; of those that begin after so many seconds."""
    counts = timeline.starts(per)
    late = [(n, -i * per) for i, n in enumerate(counts) if i * per >= after]
    n, when = max(late, default=(0, 0.0))
    return n, -when


def load_title(named: dict[str, Timeline], per: float, after: float) -> str:
    peaks = {name: busiest(t, per, after)[0] for name, t in named.items()}
    words = f"Most attempts in {'a second' if per == 1 else f'{per:g} s'}"
    if after:
        words += " once the service is back"
    told = [f"{n}{f' ({name})' if len(named) > 1 else ''}" for name, n in peaks.items()]
    return f"{words}: {', '.join(told)}"


def checked_span(down: object) -> tuple[float, float]:
    if not isinstance(down, tuple | list) or len(cast("list[Any]", down)) != 2:
        raise TypeError(f"down must be (from, until), in epoch seconds, got {down!r}")
    first, back = (as_timestamp(t, "down") for t in cast("list[Any]", down))
    if first >= back:
        raise ValueError(f"down must be (from, until), from before until, got {down!r}")
    return first, back
