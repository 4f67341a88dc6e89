"""The parts that the plots are made of, in the style of all figures of the project.

No series is told by colour alone: markers and dashes differ as well.
"""

import sys
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib

if "IPython" not in sys.modules:  # a notebook shows pictures
    matplotlib.use("Agg")  # files, never a window

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.drain import RAW_GC_ON
from benchmarks.measure import GC_ON
from benchmarks.report import DISTURBED, Curve, Fitted, short
from benchmarks.subjects import HEAP, MULTILEVEL, NAIVE, RAW_HEAP, RESORTED, SORTED_LIST
from sched.plots.letters import wrap
from sched.plots.style import COLOURS, FAINT, NOTE, STYLE

# These figures are two or three panels wide, and are shown as wide as a page: larger than the
# project's style has it, which is made for one panel in a notebook.
LARGER: Any = {
    "figure.dpi": 130,
    "font.size": 12.5,
    "axes.titlesize": 13,
    "axes.labelsize": 12.5,
    "xtick.labelsize": 12.5,
    "ytick.labelsize": 12.5,
    "legend.fontsize": 12.5,
    "figure.titlesize": 15,
    "figure.constrained_layout.w_pad": 0.15,
    "figure.constrained_layout.h_pad": 0.12,
    "lines.markersize": 6,
}
HEIGHT = 5.6  # of each figure, inches
NARROW = 5.0, 4.6  # of each panel of a figure that is read on a phone, inches
FONT = 11.5  # of labels at lines and of notes
# More than the project's colours, for more lines; dark, because each line's name has its colour.
PLUM, OCHRE = "#AA4499", "#8A6D00"
LOOKS: dict[str, dict[str, Any]] = {
    HEAP: {"color": COLOURS["blue"], "marker": "o", "linestyle": "-"},
    SORTED_LIST: {"color": COLOURS["green"], "marker": "s", "linestyle": (0, (6, 2))},
    NAIVE: {"color": COLOURS["vermilion"], "marker": "^", "linestyle": (0, (4, 1.5, 1, 1.5))},
    RAW_HEAP: {"color": COLOURS["ink"], "marker": "x", "linestyle": (0, (2, 1.5))},
    MULTILEVEL: {"color": PLUM, "marker": "D", "linestyle": (0, (8, 1.5, 1, 1.5))},
    RESORTED: {"color": OCHRE, "marker": "p", "linestyle": (0, (1, 1))},
    RAW_GC_ON: {"color": COLOURS["grey"], "marker": "+", "linestyle": (0, (1, 1.5))},
    GC_ON: {"color": COLOURS["sky"], "marker": "v", "linestyle": (0, (1, 1.5))},
}
OTHER = {"color": NOTE, "marker": "P", "linestyle": "-."}
MARKERS = {
    "push descending": "v",
    "push ascending": "<",
    "load": "P",
    "push + pop distinct": "d",
}  # of one subject's several
SHORT_NAMES = {
    HEAP: "heap",
    SORTED_LIST: "sorted list",
    NAIVE: "naive sort",
    MULTILEVEL: "levels",
    GC_ON: "heap, GC on",
    RAW_GC_ON: "raw heapq, GC on",
}

Label = tuple[float, str, str]  # y, text, colour


def name(subject: str) -> str:
    """A scheduler as it is called where room is short."""
    return SHORT_NAMES.get(subject, subject)


def look(subject: str) -> dict[str, Any]:
    return LOOKS.get(subject, OTHER)


@contextmanager
def styled() -> Iterator[None]:
    with plt.style.context([STYLE, LARGER]):
        yield


def panels(
    titles: Sequence[str], title: str, unit: str, *, narrow: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure of plots side by side (narrow: one below the other), each with its own costs."""
    down, across = (len(titles), 1) if narrow else (1, len(titles))
    width, height = NARROW if narrow else (5.6, HEIGHT)
    figure, grid = plt.subplots(
        down, across, figsize=(width * across, height * down), layout="constrained", squeeze=False
    )
    size = LARGER["axes.titlesize" if narrow else "figure.titlesize"]
    figure.suptitle(wrapped(figure, title, size), fontsize=size)
    axes: list[Axes] = list(grid.flat)
    for axis, subtitle in zip(axes, titles, strict=True):
        axis.set(title=subtitle, xlabel="n, tasks in the queue", ylabel=unit)
        axis.set_xscale("log", base=2)
    return figure, axes


def one_panel() -> tuple[Figure, Axes]:
    """A figure of one plot, with room for long labels beside it."""
    return plt.subplots(figsize=(10.5, HEIGHT), layout="constrained")


def log_costs(axis: Axes) -> None:
    """A logarithmic axis of costs, without small ticks between the powers of ten."""
    axis.set_yscale("log")
    axis.yaxis.set_minor_locator(NullLocator())


def size_axis(axis: Axes, n: Sequence[int]) -> None:
    axis.set_xscale("log", base=2)
    axis.set_xlabel("n, tasks in the queue")
    axis.set_xlim(n[0] * 0.8, n[-1] * 1.25)


def fitted_points(axis: Axes, f: Fitted) -> None:
    """The points as they were counted, and the curve that was fitted, through them."""
    style = look(f.subject)
    fine = np.geomspace(f.n[0], f.n[-1], 100)
    axis.plot(
        fine, f.choice.best.at(fine), color=style["color"], linestyle=style["linestyle"], marker=""
    )
    points: dict[str, Any] = {"marker": style["marker"]}
    if f.operation in MARKERS:  # hollow and larger: seen also where another point lies on it
        points = {"marker": MARKERS[f.operation], "markerfacecolor": "none", "markersize": 10}
    axis.plot(f.n, f.comparisons, color=style["color"], linestyle="", **points)


# Around the marker of a disturbed size, whatever that marker is.
RING: dict[str, Any] = {"marker": "o", "markersize": 14, "markerfacecolor": "none"}
RINGED = f"Ringed: {DISTURBED}. A disturbance, most likely: nothing to explain."


def ring(
    axis: Axes, n: Sequence[int], costs: Sequence[float], which: Container[int], color: str
) -> None:
    """Ring the points at those n, and remember that the figure's caption must say why."""
    ringed = [(size, cost) for size, cost in zip(n, costs, strict=True) if size in which]
    if ringed:
        axis.plot(
            *zip(*ringed, strict=True), color=color, linestyle="", gid=RINGED, zorder=4, **RING
        )


def caption(figure: Figure, text: str = "") -> None:
    """Write the text below a figure, and what its rings say, if it has any."""
    ringed = any(line.get_gid() == RINGED for axis in figure.axes for line in axis.get_lines())
    words = wrapped(figure, "\n".join([*text.splitlines(), *[RINGED] * ringed]), FONT)
    if words:
        figure.supxlabel(words, fontsize=FONT, color=NOTE, x=0.01, ha="left")


def wrapped(figure: Figure, text: str, size: float) -> str:
    """The text in lines that are no wider than the figure."""
    width = figure.get_figwidth() - 0.3
    return "\n".join(part for line in text.splitlines() for part in wrap(line, size, width))


def with_spread(axis: Axes, c: Curve) -> None:
    axis.plot(c.n, c.ns, **look(c.queue))
    axis.fill_between(c.n, c.low, c.high, color=look(c.queue)["color"], alpha=0.2, linewidth=0)


def guides(axis: Axes, here: Sequence[Curve]) -> None:
    """Two grey lines from one point, that rise as n and as n log n do."""
    n = np.array(here[0].n, float)
    low, high = axis.get_ylim()
    start = low * (high / low) ** 0.12
    for text, growth in (("n", n), ("n log n", n * np.log2(n))):
        line = start * growth / growth[0]
        axis.plot(n, line, color=FAINT, linewidth=1.2, linestyle=":", marker="", zorder=1)
        last = int(np.flatnonzero(line < low * (high / low) ** 0.9)[-1])
        axis.annotate(
            text, (n[last], line[last]), color=NOTE, fontsize=FONT, zorder=5,
            xytext=(4, -2) if text == "n" else (-4, 2), textcoords="offset points",
            ha="left" if text == "n" else "right", va="top" if text == "n" else "bottom",
        )  # fmt: skip


def plain_numbers(axis: Axes, unit: str = "") -> None:
    low, high = axis.get_ylim()
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{short(value)} {unit}".rstrip())
    )


def mark_caches(axis: Axes, caches: dict[str, int], n: Sequence[int]) -> None:
    """Upright lines where the entries of a raw heap fill a cache, or a line that says why not."""
    # What a comparison reads of an entry: its place in the list, the tuple, its first number.
    entry = 8 + sys.getsizeof((1, 2, "")) + 16 + sys.getsizeof(2**40)
    for level, size in caches.items():
        filled = size / entry
        if n[0] < filled < n[-1]:
            axis.axvline(filled, color=FAINT, linewidth=1, linestyle="--")
            room = f"{size // 2**10} KiB" if size < 2**20 else f"{size / 2**20:.3g} MiB"
            axis.annotate(
                f"{level} full\n({room})", (filled, 1),
                xycoords=("data", "axes fraction"), xytext=(3, -2), textcoords="offset points",
                va="top", color=NOTE, fontsize=FONT,
            )  # fmt: skip
    note = (
        f"dashed: a cache is full of raw heapq entries, {entry} bytes each"
        if caches
        else "caches are not marked: the system does not tell their sizes"
    )
    moves = "an add to a sorted list also moves entries, which no comparison counts"
    axis.set_xlabel(f"n, tasks in the queue\n{note}\n{moves}")


def label_ends(axis: Axes, labels: Sequence[Label], height: float = HEIGHT) -> None:
    """Write each label at the right end of its line, moved apart where they would overlap.

    height: of the panel, in inches
    """
    to_axis = axis.transScale + axis.transLimits  # to fractions of the axis' height
    line = 1.25 * FONT / 72 / (0.74 * height)  # one line of text, likewise
    ordered = sorted(labels)
    tall = [line * (1.3 + text.count("\n")) for _, text, _ in ordered]
    wanted = [float(to_axis.transform((1, y))[1]) for y, _, _ in ordered]
    placed: list[float] = []
    for i, want in enumerate(wanted):
        least = placed[-1] + (tall[i - 1] + tall[i]) / 2 if placed else tall[i] / 2
        placed.append(max(want, least))
    highest = 1.0
    for i in reversed(range(len(placed))):  # what was pushed out at the top comes down again
        placed[i] = min(placed[i], highest - tall[i] / 2)
        highest = placed[i] - tall[i] / 2
    for (_, text, color), want, y in zip(ordered, wanted, placed, strict=True):
        axis.annotate(
            text, (1.0, want), xycoords="axes fraction",
            xytext=(1.05, y), textcoords="axes fraction",
            va="center", color=color, fontsize=FONT, annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": color, "linewidth": 0.7,
                "relpos": (0, 0.5), "shrinkA": 1, "shrinkB": 0,
            },
        )  # fmt: skip
