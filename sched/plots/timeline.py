"""Who ran what in a simulation: a row for each worker, a bar for each attempt."""

from collections import Counter
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from sched.plots.axes import axes_for, checked, legend, patch, until
from sched.plots.letters import drawable, fit, text_width
from sched.plots.style import COLOURS, set_description, styled, tint, write_title
from sched.plots.words import duration, headed, one_line, seconds, unit_of
from sched.table import counted
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
CROWDED = 0.08  # inches: bars that are narrower, and touch, are a crowd, which is labelled as one
TOUCHING = 0.015  # inches between them
EDGE = 0.9  # points; in a crowd a part of the bar's width, or edges would be all that is seen
TOLD = 24  # with more attempts than this, workers are described by what they did in all


def timeline(timeline: Timeline, ax: "Axes | None" = None, title: str = "") -> "Axes":
    """Draw who ran what: a row for each worker, a bar for each attempt. O(n).

    Colour and hatch say how an attempt ended. ``#2`` is a second attempt; a thin line leads to it
    from the first. Names are left out where a bar is too short for them; where many short ones
    touch, it says how many they are.
    ax: axes to draw on; a figure of its own if None. title: put before the verdict.
    Raises TypeError if it is no Timeline, ImportError without matplotlib.
    """
    checked(timeline, "timeline")
    with styled("timeline") as pyplot:
        tall = min(7.0, 1.35 + 0.42 * timeline.workers)
        view: Any = axes_for(pyplot, ax, tall)
        scale, unit = unit_of(timeline.end - timeline.start)
        kinds = [kind(a) for a in timeline.attempts]
        few = len(kinds) <= NAMED
        spans = [
            ((a.start - timeline.start) / scale, (until(a, timeline) - timeline.start) / scale)
            for a in timeline.attempts
        ]
        view.set_xlim(0, max((timeline.end - timeline.start) / scale, 1e-9) * 1.01)
        view.set_ylim(timeline.workers + 0.5, 0.5)
        view.set_yticks(ticks(timeline.workers))
        view.set_ylabel("worker")
        view.set_xlabel(f"time since the start, {unit}")
        view.grid(axis="y", visible=False)
        verdict = headed(title, timeline_title(timeline))
        write_title(view, verdict)
        legend(view, [patch(n, look) for n, look in OUTCOMES.items() if n in kinds])
        view.figure.draw_without_rendering()  # the layout decides how wide the axes are
        inches = width_of_one(view)
        crowds = crowds_of(timeline, spans, inches)
        edges = dict.fromkeys(range(len(kinds)), EDGE)
        for i in chain.from_iterable(crowds):
            edges[i] = min(EDGE, 0.15 * 72 * inches * (spans[i][1] - spans[i][0]))
        for name, look in OUTCOMES.items():
            rows = {i: (*spans[i], timeline.attempts[i].worker) for i in each(name, kinds)}
            draw_bars(view, list(rows.values()), {"linewidth": [edges[i] for i in rows], **look})
        if few:
            join_attempts(view, timeline, spans)
            name_bars(view, timeline, spans, crowds)
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


def each(name: str, kinds: list[str]) -> list[int]:
    """The attempts that ended in this way."""
    return [i for i, k in enumerate(kinds) if k == name]


def width_of_one(ax: Any) -> float:
    """How many inches wide one unit of the time axis is."""
    left, right = ax.get_xlim()
    return float(ax.get_window_extent().width / ax.figure.dpi / (right - left))


def crowds_of(
    timeline: Timeline, spans: list[tuple[float, float]], inches: float
) -> list[list[int]]:
    """The attempts, each narrow, that touch one another in a worker's row: three or more. O(n)."""
    crowds: list[list[int]] = []
    last: dict[int, list[int]] = {}  # by worker
    for i, (a, (start, end)) in enumerate(zip(timeline.attempts, spans, strict=True)):
        if (end - start) * inches > CROWDED:
            last.pop(a.worker, None)
            continue
        crowd = last.get(a.worker)
        if crowd is None or (start - spans[crowd[-1]][1]) * inches > TOUCHING:
            crowd = last[a.worker] = []
            crowds.append(crowd)
        crowd.append(i)
    return [crowd for crowd in crowds if len(crowd) > 2]


def join_attempts(ax: Any, timeline: Timeline, spans: list[tuple[float, float]]) -> None:
    """A thin line from the end of each attempt to the start of the next at the same task."""
    last: dict[int, int] = {}
    for i, a in enumerate(timeline.attempts):
        if a.attempt > 1 and a.id in last:
            before = last[a.id]
            xs, ys = (spans[before][1], spans[i][0]), (timeline.attempts[before].worker, a.worker)
            ax.plot(xs, ys, "-o", color=COLOURS["ink"], linewidth=0.9, markersize=2.4, zorder=3)
        last[a.id] = i


def name_bars(
    ax: Any, timeline: Timeline, spans: list[tuple[float, float]], crowds: list[list[int]]
) -> None:
    """The name, or the number of a retry alone, where it has room; of a crowd, how many."""
    box = ax.get_window_extent()
    inches = width_of_one(ax)
    size = min(9.0, box.height / ax.figure.dpi / timeline.workers * BAR * 72 * 0.62)
    if size < 5:
        return

    def write(words: str, start: float, end: float, a: Attempt) -> bool:
        fits = bool(words) and text_width(words, size) <= (end - start) * inches - 0.08
        if fits:
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
        return fits

    for a, (start, end) in zip(timeline.attempts, spans, strict=True):
        retry = f"#{a.attempt}" if a.attempt > 1 else ""
        name = drawable(one_line(a.name), f"task {a.id}")
        cut = shortened(name, retry, size, (end - start) * inches - 0.08)
        any(write(words, start, end, a) for words in (f"{name} {retry}".strip(), cut, retry))
    for crowd in crowds:
        first, last = crowd[0], crowd[-1]
        words = f"{len(crowd)} attempts"
        write(words, spans[first][0], spans[last][1], timeline.attempts[first])


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


def ticks(workers: int) -> list[int]:
    """The workers whose numbers are written: all, or every so many."""
    step = max(1, -(-workers // 20))
    return list(range(1, workers + 1, step))
