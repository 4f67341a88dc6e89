"""The race as two pictures: dots at the largest n, one panel for each workload, and lines over n.

The dots are drawn once more for a phone, one panel below the other (peers_narrow.png).

Ours are told from others by colour and by shape; each dot has its number, each line its name.
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import isnan
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from benchmarks.peers.field import LIMIT, OURS, PEERS
from benchmarks.peers.interface import DELAYED, DISTINCT, TEN_LEVELS, WORKLOADS
from benchmarks.peers.report import PeerResults
from benchmarks.report import DISTURBED, STAR
from benchmarks.style import (
    FONT,
    LARGER,
    LOOKS,
    OCHRE,
    Label,
    caption,
    label_ends,
    log_costs,
    name,
    panels,
    plain_numbers,
    ring,
    styled,
    wrapped,
)
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP
from sched.plots.style import COLOURS, FAINT, NOTE

# In inches: on a page 720 pixels wide, and on a phone of 360, letters are as large as text.
WIDE, NARROW = 9.6, 5.0
SHORTEST, LONGEST = 0.25, 16.0  # times raw heapq: what is longer is an arrow at the edge
TICKS = (0.25, 1, 4, 16)
THEIR_DOT: dict[str, Any] = {"color": "#777777", "marker": "o", "linestyle": "", "markersize": 7}
OUR_DOT: dict[str, Any] = THEIR_DOT | {"color": COLOURS["blue"], "marker": "D", "markersize": 8}
LIMIT_DOT: dict[str, Any] = THEIR_DOT | {"markerfacecolor": "white"}
LOOKS_OF_OTHERS: dict[str, dict[str, Any]] = {
    LIMIT: {"color": NOTE, "marker": ".", "linestyle": ":"},
    "20-line scheduler": {"color": COLOURS["vermilion"], "marker": "^", "linestyle": "--"},
    "queue.PriorityQueue": {"color": OCHRE, "marker": "p", "linestyle": "-."},
    "sched.scheduler": {"color": COLOURS["sky"], "marker": "v", "linestyle": "-"},
    "SortedList": {"color": "#444444", "marker": "*", "linestyle": "-"},
    "SortedKeyList": {"color": "#888888", "marker": "+", "linestyle": "-"},
    "asyncio timers": {"color": COLOURS["orange"], "marker": "<", "linestyle": "-"},
    "simpy": {"color": COLOURS["purple"], "marker": ">", "linestyle": "--"},
    "pqdict": {"color": "#999933", "marker": "h", "linestyle": "-."},
    "APScheduler": {"color": "#882255", "marker": "X", "linestyle": ":"},
}


def dots(found: PeerResults, *, narrow: bool = False) -> Figure | None:
    """Times raw heapq in each workload, at the largest n that each peer was timed at.

    In all rows of panels the peers stand in the same order: named once in each, at the left.
    """
    shown = [w for w in WORKLOADS if len(found.at_largest(w)) > 1]
    if not shown:
        return None
    peers = _in_order(found, shown)
    across = 1 if narrow else min(3, len(shown))
    down = -(-len(shown) // across)
    figure, grid = plt.subplots(
        down, across, figsize=(NARROW if narrow else WIDE, 1.6 + down * (1 + 0.31 * len(peers))),
        sharex=True, sharey=True, layout="constrained", squeeze=False,
    )  # fmt: skip
    axes: list[Axes] = list(grid.flat)
    ratios = [r.ratio for w in shown for r in found.at_largest(w).values() if not isnan(r.ratio)]
    shortest = min(SHORTEST, *ratios)
    for axis, workload in zip(axes, shown, strict=False):
        _panel(axis, workload, found, peers, shortest)
    for axis in axes[len(shown) :]:
        axis.set_axis_off()
    lowest = axes[max(0, len(shown) - across) : len(shown)]
    for axis in axes if narrow else lowest:  # on a phone the lowest is far away
        axis.tick_params(labelbottom=True)
    for axis in lowest:
        axis.set_xlabel("times raw heapq")
    wrong = {check.peer for check in found.checks if check.order == "wrong"}
    grid[0][0].set_yticks(range(len(peers)), [p + "\n(wrong order)" * (p in wrong) for p in peers])
    for row in grid:
        for label, peer in zip(row[0].get_yticklabels(), peers, strict=True):
            label.set_fontweight("bold" if peer in OURS else "normal")
    size = LARGER["axes.titlesize"]  # smaller than usual: it is long
    figure.suptitle(wrapped(figure, verdict(found), size), fontsize=size)
    shown_races = [r for w in shown for r in found.at_largest(w).values()]
    stars = any(found.disturbed(race) for race in shown_races)
    caption(figure, f"*: {DISTURBED}. A disturbance, most likely." if stars else "")
    figure.legend(
        handles=[
            Line2D([], [], label="this package", **OUR_DOT),
            Line2D([], [], label="others", **THEIR_DOT),
            Line2D([], [], label="the limit: no queue, all there first", **LIMIT_DOT),
        ],
        loc="outside lower center", ncols=1 if narrow else 3, frameon=False,
    )  # fmt: skip
    return figure


def _in_order(found: PeerResults, workloads: Sequence[str]) -> list[str]:
    """All peers but the raw heap, the slowest first: by the first workload that each has done."""
    ratios: dict[str, float] = {}
    for workload in workloads:
        for peer, race in found.at_largest(workload).items():
            if peer != RAW_HEAP and not isnan(race.ratio):
                ratios.setdefault(peer, race.ratio)
    return sorted(ratios, key=lambda peer: -ratios[peer])


def _panel(
    axis: Axes, workload: str, found: PeerResults, peers: Sequence[str], shortest: float
) -> None:
    races = found.at_largest(workload)
    for y, peer in enumerate(peers):
        race = races.get(peer)
        if race is None or isnan(race.ratio):
            text = "–"
        else:
            look = OUR_DOT if peer in OURS else LIMIT_DOT if peer == LIMIT else THEIR_DOT
            shown = min(race.ratio, LONGEST)
            axis.plot([1, shown], [y, y], color=FAINT, linestyle="-", marker="", zorder=1)
            if race.ratio > LONGEST:
                look = {**look, "marker": ">"}
            axis.plot(shown, y, **look)
            smaller = "" if race.n == found.largest else f" ({_power(race.n)})"
            text = f"{_digits(race.ratio)}{smaller}{STAR * found.disturbed(race)}"
        axis.annotate(
            text, (1, y), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=FONT,
        )  # fmt: skip
    axis.axvline(1, color=COLOURS["ink"], linewidth=1.2, zorder=1)
    axis.set_xscale("log")
    axis.set_xlim(shortest * 0.8, LONGEST * 1.25)
    axis.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_title(workload, loc="left")


def _digits(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"


def _power(n: int) -> str:
    return f"$2^{{{n.bit_length() - 1}}}$"


def verdict(found: PeerResults) -> str:
    """What the bars say, computed: ours against the raw heap and the best rival of all."""
    said = []
    for workload in (TEN_LEVELS, DISTINCT, DELAYED):
        costs = [
            f"{name(scheduler)} {ratio:.2f} ×"
            for scheduler in (MULTILEVEL, HEAP)
            if (ratio := found.ratio(workload, scheduler)) is not None
        ]
        if costs:
            said.append(f"{workload}: {', '.join(costs)}")
    head = f"Against raw heapq at n = {found.largest:,}"
    return f"{head}\n{';  '.join(said)}" if said else head


def over_n(found: PeerResults) -> Figure | None:
    """Times raw heapq against n, where there are few levels and where all keys differ."""
    shown = [w for w in (TEN_LEVELS, DISTINCT) if any(r.workload == w for r in found.races)]
    sizes = {r.n for r in found.races}
    if not shown or len(sizes) < 2:
        return None
    title = "Times raw heapq, as n grows"
    if MULTILEVEL in found.at_largest(TEN_LEVELS):
        title += f": at ten levels, {name(MULTILEVEL)} {_below_one(found)}"
    figure, axes = panels(shown, title, "times raw heapq")
    for axis, workload in zip(axes, shown, strict=True):
        labels: list[Label] = [(1.0, "raw heapq", COLOURS["ink"])]
        for peer in PEERS:
            line = _line(found, peer, workload)
            if peer == RAW_HEAP or len(line) < 2:
                continue
            look = {**LOOKS, **LOOKS_OF_OTHERS}[peer]
            width = 2.4 if peer in OURS else 1.2
            n, ratios, peaks = zip(*line, strict=True)
            axis.plot(n, ratios, **look, linewidth=width)
            ring(
                axis,
                n,
                ratios,
                [i for i, peak in zip(n, peaks, strict=True) if peak],
                look["color"],
            )
            ends = "" if line[-1][0] == found.largest else f", to {_power(line[-1][0])}"
            labels.append((line[-1][1], peer + ends, look["color"]))
        axis.axhline(1, color=COLOURS["ink"], linestyle=LOOKS[RAW_HEAP]["linestyle"], linewidth=1.2)
        log_costs(axis)
        plain_numbers(axis, "×")
        label_ends(axis, labels)
    caption(figure)
    return figure


def _line(found: PeerResults, peer: str, workload: str) -> list[tuple[int, float, bool]]:
    """One peer in one workload, as (n, ratio, whether that is disturbed), n ascending."""
    return sorted(
        (r.n, r.ratio, found.disturbed(r))
        for r in found.races
        if (r.peer, r.workload) == (peer, workload) and not isnan(r.ratio)
    )


def _below_one(found: PeerResults) -> str:
    """From which n on the levels cost less than the raw heap."""
    start = None
    for n, ratio, disturbed in reversed(_line(found, MULTILEVEL, TEN_LEVELS)):
        if disturbed:
            continue  # it shows neither
        if ratio >= 1:
            break
        start = n
    return f"cost less from n = {start:,} on" if start else "cost more at every n"


FIGURES: dict[str, Callable[[PeerResults], Figure | None]] = {
    "peers.png": dots,
    "peers_narrow.png": partial(dots, narrow=True),
    "peers_over_n.png": over_n,
}


def draw_all(found: PeerResults, folder: Path) -> list[Path]:
    """Draw what there are results for. Returns the paths of the files."""
    drawn = []
    with styled():
        for file, draw in FIGURES.items():
            figure = draw(found)
            if figure is not None:
                figure.savefig(folder / file)
                plt.close(figure)
                drawn.append(folder / file)
    return drawn
