"""What a simulation showed: who ran what, how many waited, how long, and how much came at once."""

from collections import Counter
from collections.abc import Mapping
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, cast

from sched.arguments import as_timestamp
from sched.plots.entries import number, one_line, seconds
from sched.plots.style import (
    COLOURS,
    WIDTH,
    fit,
    room,
    set_description,
    styled,
    text_width,
    tint,
    write_title,
)
from sched.timeline import Attempt, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The outcome of an attempt, by colour and hatch, in the order of the legend.
OUTCOMES: dict[str, dict[str, Any]] = {
    "succeeded": {"facecolor": tint("sky"), "edgecolor": COLOURS["blue"]},
    "failed, runs again": {
        "facecolor": tint("orange", 0.5),
        "edgecolor": "#8A5F00",
        "hatch": "////",
    },
    "timed out, runs again": {
        "facecolor": tint("purple", 0.5),
        "edgecolor": "#8B3F66",
        "hatch": "....",
    },
    "failed for good": {
        "facecolor": tint("vermilion", 0.6),
        "edgecolor": "#8A3C00",
        "hatch": "xxxx",
    },
    "still running": {"facecolor": "white", "edgecolor": COLOURS["ink"], "linestyle": "--"},
}
BAR = 0.66  # height of a bar; a worker has 1
NAMED = 600  # with more bars than this none is labelled, and no retry is joined by a line
EDGED = 5000  # with more bars than this they have no edges, which would be all that is seen
TOLD = 24  # with more attempts than this, workers are described by what they did in all
DOTS = 400  # of more waits than this in a level, so many are shown, evenly picked
UNITS = [(10_800.0, 3600.0, "hours"), (900.0, 60.0, "minutes"), (0.0, 1.0, "seconds")]
LINES = [("vermilion", "-", "////"), ("blue", "--", ""), ("green", "-.", "...."), ("ink", ":", "")]


# --- who ran what ---------------------------------------------------------------------------------


def timeline(timeline: Timeline, ax: "Axes | None" = None, title: str = "") -> "Axes":
    """Draw who ran what: a row for each worker, a bar for each attempt. O(n).

    Colour and hatch say how an attempt ended. ``#2`` is a second attempt; a thin line leads to it
    from the first. Names are left out where a bar is too short for them.
    ax: axes to draw on; a figure of its own if None. title: put before the verdict.
    Raises TypeError if it is no Timeline, ImportError without matplotlib.
    """
    checked(timeline, "timeline")
    with styled("timeline") as pyplot:
        tall = min(7.0, 1.35 + 0.42 * timeline.workers)
        view: Any = axes(pyplot, ax, tall)
        scale, unit = unit_of(timeline.end - timeline.start)
        kinds = [kind(a) for a in timeline.attempts]
        few = len(kinds) <= NAMED
        spans = [
            ((a.start - timeline.start) / scale, (until(a, timeline) - timeline.start) / scale)
            for a in timeline.attempts
        ]
        for name, look in OUTCOMES.items():
            rows = [
                (*spans[i], timeline.attempts[i].worker) for i, k in enumerate(kinds) if k == name
            ]
            draw_bars(
                view,
                rows,
                {"linewidth": 0.9 if few else 0.5 if len(kinds) <= EDGED else 0.0, **look},
            )
        view.set_xlim(0, max((timeline.end - timeline.start) / scale, 1e-9) * 1.01)
        view.set_ylim(timeline.workers + 0.5, 0.5)
        view.set_yticks(ticks(timeline.workers))
        view.set_ylabel("worker")
        view.set_xlabel(f"time since the start, {unit}")
        view.grid(axis="y", visible=False)
        verdict = headed(title, timeline_title(timeline))
        write_title(view, verdict)
        legend(view, [patch(n, look) for n, look in OUTCOMES.items() if n in kinds])
        if few:
            join_attempts(view, timeline, spans)
            name_bars(view, timeline, spans)
        set_description(view, "\n".join([verdict + ".", *told(timeline)]))
        return cast("Axes", view)


def kind(attempt: Attempt) -> str:
    """How an attempt ended, as the legend says it."""
    if attempt.outcome == "retrying":
        return "timed out, runs again" if attempt.timed_out else "failed, runs again"
    return {
        "succeeded": "succeeded",
        "failed": "failed for good",
        "running": "still running",
    }[attempt.outcome]


def draw_bars(ax: Any, rows: list[tuple[float, float, int]], look: dict[str, Any]) -> None:
    """All bars of one look at once: a collection draws a hundred thousand in a second."""
    from matplotlib.collections import PolyCollection

    if not rows:
        return
    low, high = BAR / 2, -BAR / 2
    corners = [[(a, y + low), (a, y + high), (b, y + high), (b, y + low)] for a, b, y in rows]
    ax.add_collection(PolyCollection(corners, zorder=2, **look), autolim=False)


def join_attempts(ax: Any, timeline: Timeline, spans: list[tuple[float, float]]) -> None:
    """A thin line from the end of each attempt to the start of the next at the same task."""
    last: dict[int, int] = {}
    for i, a in enumerate(timeline.attempts):
        if a.attempt > 1 and a.id in last:
            before = last[a.id]
            xs, ys = (spans[before][1], spans[i][0]), (timeline.attempts[before].worker, a.worker)
            ax.plot(xs, ys, "-o", color=COLOURS["ink"], linewidth=0.9, markersize=2.4, zorder=3)
        last[a.id] = i


def name_bars(ax: Any, timeline: Timeline, spans: list[tuple[float, float]]) -> None:
    """The name, or the number of a retry alone, where there is room for it."""
    ax.figure.draw_without_rendering()  # the layout decides how wide the axes are
    left, right = ax.get_xlim()
    box = ax.get_window_extent()
    inch = box.width / ax.figure.dpi / (right - left)
    size = min(9.0, box.height / ax.figure.dpi / timeline.workers * BAR * 72 * 0.62)
    if size < 5:
        return
    for a, (start, end) in zip(timeline.attempts, spans, strict=True):
        room = (end - start) * inch - 0.08
        retry = f"#{a.attempt}" if a.attempt > 1 else ""
        name = one_line(a.name)
        for words in (f"{name} {retry}".strip(), shortened(name, retry, size, room), retry):
            if words and text_width(words, size) <= room:
                look = {"facecolor": OUTCOMES[kind(a)]["facecolor"], "edgecolor": "none"}
                ax.text(
                    (start + end) / 2,
                    a.worker,
                    words,
                    ha="center",
                    va="center_baseline",
                    fontsize=size,
                    zorder=4,
                    bbox={"boxstyle": "square,pad=0.08", **look},
                )
                break


def shortened(name: str, retry: str, size: float, room: float) -> str:
    """The name cut to at least four characters, and the number of the retry."""
    words = fit(name, size, room - (text_width(retry, size) + 0.06 if retry else 0))
    return f"{words} {retry}".strip() if len(words) >= 4 else ""


def timeline_title(timeline: Timeline) -> str:
    tasks = len({a.id for a in timeline.attempts})
    return (
        f"{counted(len(timeline.attempts), 'attempt')} at {counted(tasks, 'task')}: "
        f"{counted(timeline.workers, 'worker')}, busy {timeline.utilisation:.0%} of "
        f"{duration(timeline.end - timeline.start)}"
    )


def told(timeline: Timeline) -> list[str]:
    """In words: how attempts ended, and who ran what, or how much."""
    lines: list[str] = []
    ended = Counter(kind(a) for a in timeline.attempts)
    if ended:
        lines.append("; ".join(f"{ended[k]:,} {k}" for k in OUTCOMES if ended[k]) + ".")
    rows = sorted(timeline.attempts, key=attrgetter("worker"))
    for worker, group in groupby(rows, key=attrgetter("worker")):
        own = list(group)
        if len(rows) > TOLD:
            busy = sum(until(a, timeline) - a.start for a in own)
            share = busy / (timeline.end - timeline.start) if timeline.end > timeline.start else 0
            lines.append(f"Worker {worker}: {counted(len(own), 'attempt')}, busy {share:.0%}.")
            if worker >= TOLD:
                lines.append("...")
                break
            continue
        runs = [
            f"{one_line(a.name)}{f' #{a.attempt}' if a.attempt > 1 else ''} "
            f"{seconds(a.start - timeline.start)} to {seconds(until(a, timeline) - timeline.start)}"
            f" s{'' if a.outcome == 'succeeded' else f' ({kind(a)})'}"
            for a in own
        ]
        lines.append(f"Worker {worker}: " + "; ".join(runs) + ".")
    return lines


# --- how many waited ------------------------------------------------------------------------------


def depth(timeline: Timeline, ax: "Axes | None" = None, title: str = "") -> "Axes":
    """Draw how many tasks are ready, waiting and running in the course of time. O(n log n).

    ax: axes to draw on; a figure of its own if None. title: put before the verdict.
    Raises TypeError if it is no Timeline, ImportError without matplotlib.
    """
    checked(timeline, "timeline")
    with styled("depth") as pyplot:
        view: Any = axes(pyplot, ax, 3.4)
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
        view.set_ylim(0, max(1, *(max(counts) for _, _, counts in looks.values())) * 1.08)
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


# --- how long they waited -------------------------------------------------------------------------


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
        view: Any = axes(pyplot, ax, 3.8)
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
                fontsize=9,
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


# --- how much came at once ------------------------------------------------------------------------


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
        view: Any = axes(pyplot, ax, 3.6)
        longest = max(len(c) for c in counts.values())
        scale, unit = unit_of(longest * per)
        for (name, levels), (colour, dash, hatch) in zip(counts.items(), LINES, strict=False):
            edges = [i * per / scale for i in range(len(levels) + 1)]
            look: dict[str, Any] = {"color": COLOURS[colour], "linestyle": dash}
            view.stairs(levels, edges, linewidth=1.8, label=name, zorder=3, **look)
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


# --- shared ---------------------------------------------------------------------------------------


def checked(timeline: object, argument: str) -> None:
    if not isinstance(timeline, Timeline):
        raise TypeError(f"{argument} must be a Timeline from simulate(), got {timeline!r}")


def axes(pyplot: Any, ax: Any, height: float) -> Any:
    """The axes given, or those of a figure of their own; the layout keeps all letters on it."""
    if ax is None:
        _, ax = pyplot.subplots(figsize=(WIDTH, height), layout="constrained")
    elif ax.figure.get_layout_engine() is None:
        ax.figure.set_layout_engine("constrained")
    return ax


def headed(title: str, verdict: str) -> str:
    title = one_line(title)
    return f"{title}: {verdict[0].lower()}{verdict[1:]}" if title else verdict


def legend(ax: Any, handles: list[Any], ticks_lines: int = 1) -> None:
    """Under the axes, where it covers nothing, in as many columns as there is room for."""
    from matplotlib.transforms import ScaledTranslation

    if not handles:
        return
    widths = [text_width(handle.get_label(), 9) + 0.62 for handle in handles]
    columns = len(handles) if sum(widths) <= room(ax) else int(room(ax) / max(widths))
    below = -(28 + 13 * ticks_lines) / 72  # the numbers along the axis, and its label
    ax.legend(
        handles=handles,
        ncols=max(1, min(len(handles), columns)),
        loc="upper left",
        bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, below, ax.figure.dpi_scale_trans),
        borderaxespad=0,
        frameon=False,
        handlelength=2.4,
        columnspacing=1.4,
    )


def patch(name: str, look: dict[str, Any]) -> Any:
    from matplotlib.patches import Patch

    return Patch(label=name, **look)


def whole_numbers(ax: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def ticks(workers: int) -> list[int]:
    """The workers whose numbers are written: all, or every so many."""
    step = max(1, -(-workers // 20))
    return list(range(1, workers + 1, step))


def until(attempt: Attempt, timeline: Timeline) -> float:
    return timeline.end if attempt.end is None else attempt.end


def unit_of(span: float) -> tuple[float, str]:
    """How many seconds a unit has in which so long a time can be read, and its name."""
    return next((scale, name) for least, scale, name in UNITS if span >= least)


def duration(span: float) -> str:
    """A time with its unit: ``6 s``, ``3.5 hours``."""
    scale, name = unit_of(span)
    if scale == 1:
        return f"{seconds(span)} s" if span < 10 else f"{seconds(round(span, 1))} s"
    return f"{seconds(round(span / scale, 1))} {name}"


def counted(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
