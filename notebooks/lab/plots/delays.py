"""Delayed tasks on a line of time: when added, when due, when run, and how late."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sched.plots.letters import drawable, families, fit, text_width
from sched.plots.style import (
    COLOURS,
    LABEL,
    WIDTH,
    room,
    set_description,
    styled,
    tint,
    title_lines,
    write_title,
)
from sched.plots.words import one_line, seconds
from sched.table import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LATE: dict[str, Any] = {
    "facecolor": tint("vermilion"),
    "edgecolor": COLOURS["vermilion"],
    "hatch": "////",
}
BAR = 0.42  # height of a bar; a task has 1
NEVER = " never run "
NAME = 1.4  # inches that the name of a task may take
TITLE_WIDTH = WIDTH - 1.9  # inches beside the longest name
LINE = 0.2  # inches for each further line of a title
EPOCH = 1e6  # times beyond are epoch seconds: shown from the first one on
TOO_EARLY = 1e-9  # seconds; less is rounding


@dataclass(frozen=True)
class Run:
    """One task, times in seconds. started_at: None if it never ran."""

    name: str
    added_at: float
    run_at: float
    started_at: float | None

    @property
    def late(self) -> float | None:
        return None if self.started_at is None else self.started_at - self.run_at


@dataclass(frozen=True)
class Way:
    """One way of waiting: its runs, and when it looked whether a task was due."""

    title: str
    runs: list[Run]
    looks: list[float]

    def verdict(self) -> str:
        late = [run.late for run in self.runs if run.late is not None]
        words = "nothing ran"
        if late and min(late) < -TOO_EARLY:
            words = f"too early by {seconds(-min(late))} s"
        elif late and max(late) <= TOO_EARLY:
            words = "nobody late"
        elif late:
            mean = seconds(sum(late) / len(late))
            words = f"{mean} s late on average, {seconds(max(late))} s at most"
        if self.looks:
            words += f", {counted(len(self.looks), 'look')}"
        return f"{self.title}: {words}" if self.title else words[0].upper() + words[1:]

    def describe(self) -> str:
        lines = [self.verdict() + "."]
        for run in self.runs:
            when = f"{run.name}: added at {seconds(run.added_at)} s, due at {seconds(run.run_at)} s"
            lines.append(f"{when}, {self.outcome(run)}")
        return "\n".join(lines)

    @staticmethod
    def outcome(run: Run) -> str:
        if run.started_at is None or run.late is None:
            return "never run"
        how = "on time"
        if abs(run.late) > TOO_EARLY:
            how = f"{seconds(abs(run.late))} s {'late' if run.late > 0 else 'too early'}"
        return f"run at {seconds(run.started_at)} s, {how}"


def waiting(
    runs: Iterable[Any], looks: Iterable[float] = (), title: str = "", ax: "Axes | None" = None
) -> "Axes":
    """Draw delayed tasks on a line of time; lateness is a hatched bar. O(n).

    runs: (name, added_at, run_at, started_at), times in seconds, started_at None if it never ran.
    looks: the times at which somebody looked whether a task was due. title: of this way of waiting.
    Raises TypeError or ValueError for a bad argument, ImportError without matplotlib.
    """
    way = checked_way(title, runs, looks)
    with styled("waiting") as pyplot:
        if ax is None:
            height = 1.5 + 0.36 * len(way.runs) + more_lines(way)
            _, ax = pyplot.subplots(figsize=(WIDTH, height), layout="constrained")
        draw_way(ax, way, limits([way]))
        cast("Any", ax).set_xlabel(axis_label([way]))
        write_legend(cast("Any", ax).figure, [way])
        return cast("Axes", ax)


def compare_waiting(
    ways: Mapping[str, Iterable[Any]], looks: Mapping[str, Iterable[float]] | None = None
) -> "Figure":
    """Draw several ways of waiting for the same tasks below each other, on one line of time. O(n).

    ways: from a title ("look every second") to runs as ``waiting`` takes them. looks: from a title
    to the times of the looks. Raises as ``waiting`` does.
    """
    looks = {} if looks is None else looks
    if not isinstance(ways, Mapping) or not ways:
        raise TypeError(f"ways must be a non-empty dict from titles to runs, got {ways!r}")
    for key in looks:
        if key not in ways:
            raise ValueError(f"looks must be of a way that is given, got {key!r}")
    checked = [checked_way(str(t), runs, looks.get(t, ())) for t, runs in ways.items()]
    with styled("compare_waiting") as pyplot:
        sizes = [0.75 + 0.3 * len(way.runs) + more_lines(way) for way in checked]
        figure, axes = pyplot.subplots(
            len(checked),
            1,
            figsize=(WIDTH, 0.75 + sum(sizes)),
            height_ratios=sizes,
            sharex=True,
            squeeze=False,
            layout="constrained",
        )
        for ax, way in zip(axes[:, 0], checked, strict=True):
            draw_way(ax, way, limits(checked))
        axes[-1, 0].set_xlabel(axis_label(checked))
        write_legend(figure, checked)
        return cast("Figure", figure)


def draw_way(ax: Any, way: Way, span: tuple[float, float]) -> None:
    origin, end = span
    for look in way.looks:
        ax.axvline(look - origin, color=COLOURS["grey"], linestyle=":", linewidth=1, zorder=0.5)
    for y, run in enumerate(way.runs):
        added, due = run.added_at - origin, run.run_at - origin
        start = (end if run.started_at is None else run.started_at) - origin
        ax.barh(y, max(0.0, due - added), BAR, added, color=tint("sky"), edgecolor=COLOURS["ink"])
        if start > due:
            ax.barh(y, start - due, BAR, due, **LATE)
        ax.plot(added, y, "o", markerfacecolor="white", color=COLOURS["ink"], linestyle="")
        # The mark of a run is larger, so that the one of the due time is seen on top of it.
        ax.plot(due, y, "D", color=COLOURS["ink"], markersize=4.5, linestyle="", zorder=5)
        if run.started_at is not None:
            ax.plot(start, y, ">", color=COLOURS["green"], markersize=11, linestyle="", zorder=4)
        else:
            where: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": LABEL}
            x = end - origin
            wide = text_width(NEVER, LABEL) / room(ax) * x + 0.02 * x
            if x - wide < due:  # the mark of the due time would lie on the words
                x = due - 0.02 * x
            ax.text(x, y, NEVER, backgroundcolor="white", **where)
    names = [
        fit(drawable(run.name, f"task {i}"), LABEL, NAME) for i, run in enumerate(way.runs, start=1)
    ]
    ax.set_yticks(range(len(names)), names, parse_math=False, family=families())
    ax.set_ylim(len(way.runs) - 0.4, -0.6)
    ax.set_xlim(-0.02 * (end - origin), (end - origin) * 1.03)
    ax.grid(axis="y", visible=False)
    longest = max(text_width(name, LABEL) for name in names)
    write_title(ax, way.verdict(), min(TITLE_WIDTH, room(ax) - max(0.0, longest - 0.7)))
    set_description(ax, way.describe())


def more_lines(way: Way) -> float:
    """The height of a title's lines beyond the first, in inches."""
    return LINE * (len(title_lines(way.verdict(), TITLE_WIDTH)) - 1)


def write_legend(figure: Any, ways: list[Way]) -> None:
    """Below all, in as many columns as there is room for."""
    handles = legend(ways)
    widths = [text_width(handle.get_label(), LABEL) + 0.72 for handle in handles]
    width = figure.get_figwidth() - 0.2
    columns = len(handles) if sum(widths) <= width else int(width / max(widths))
    figure.legend(handles=handles, loc="outside lower center", ncols=max(1, columns))


def legend(ways: list[Way]) -> list[Any]:
    """What the marks mean, those that are seen."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    runs = [run for way in ways for run in way.runs]
    plain: dict[str, Any] = {"color": COLOURS["ink"], "linestyle": ""}
    marks: list[tuple[bool, Any]] = [
        (True, Line2D([], [], marker="o", markerfacecolor="white", label="added", **plain)),
        (True, Patch(facecolor=tint("sky"), edgecolor=COLOURS["ink"], label="waits")),
        (True, Line2D([], [], marker="D", label="due", **plain)),
        (
            any(r.late is None or r.late > TOO_EARLY for r in runs),
            Patch(label="late", **LATE),
        ),
        (
            any(run.started_at is not None for run in runs),
            Line2D(
                [],
                [],
                marker=">",
                markersize=11,
                label="run",
                **{**plain, "color": COLOURS["green"]},
            ),
        ),
        (
            any(way.looks for way in ways),
            Line2D([], [], marker="", color=COLOURS["grey"], linestyle=":", label="a look"),
        ),
    ]
    return [handle for seen, handle in marks if seen]


def limits(ways: list[Way]) -> tuple[float, float]:
    """From and up to which moment the line of time goes: the same for all that are compared."""
    times = [t for way in ways for run in way.runs for t in (run.added_at, run.run_at)]
    times += [run.started_at for way in ways for run in way.runs if run.started_at is not None]
    times += [look for way in ways for look in way.looks]
    first, last = min(times), max(times)
    return (first if abs(first) > EPOCH else min(0.0, first)), max(last, first + 1e-3)


def axis_label(ways: list[Way]) -> str:
    return "time, seconds" + (" after the first" if limits(ways)[0] > EPOCH else "")


def checked_way(title: str, runs: Iterable[Any], looks: Iterable[float]) -> Way:
    found: list[Run] = []
    for i, row in enumerate(runs):
        if not isinstance(row, tuple | list) or len(cast("list[Any]", row)) != 4:
            raise TypeError(
                f"runs must hold (name, added_at, run_at, started_at), row {i} is {row!r}"
            )
        name, added_at, run_at, started_at = cast("list[Any]", row)
        found.append(
            Run(
                one_line(str(name)),
                moment(added_at, f"added_at, row {i},"),
                moment(run_at, f"run_at, row {i},"),
                None if started_at is None else moment(started_at, f"started_at, row {i},"),
            )
        )
    if not found:
        raise ValueError("runs must hold at least one task, got none")
    return Way(one_line(title), found, [moment(look, "looks") for look in looks])


def moment(value: object, argument: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{argument} must be a finite number of seconds, got {value!r}")
    return float(value)
