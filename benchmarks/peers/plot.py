"""The race as two pictures: bars at the largest n, one panel for each workload, and lines over n.

Ours are told from others by colour and by hatching; each bar has its number, each line its name.
"""

from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from benchmarks.peers.field import LIMIT, OURS, PEERS
from benchmarks.peers.interface import DELAYED, DISTINCT, TEN_LEVELS, WORKLOADS
from benchmarks.peers.report import PeerResults
from benchmarks.report import DISTURBED, STAR, short
from benchmarks.style import (
    FONT,
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
)
from benchmarks.subjects import HEAP, MULTILEVEL, RAW_HEAP
from sched.plots.style import COLOURS, NOTE

LONGEST = 16.0  # times raw heapq: a longer bar ends here, with an arrow
TICKS = (0.25, 1, 4, 16)
OUR_BAR: dict[str, Any] = {"facecolor": COLOURS["blue"], "edgecolor": "white", "hatch": "//"}
THEIR_BAR: dict[str, Any] = {"facecolor": "#BBBBBB", "edgecolor": "#777777"}
LIMIT_BAR: dict[str, Any] = {"facecolor": "white", "edgecolor": NOTE, "hatch": ".."}
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


def bars(found: PeerResults) -> Figure | None:
    """Times raw heapq in each workload, at the largest n that each peer was timed at."""
    shown = [w for w in WORKLOADS if len(found.at_largest(w)) > 1]
    if not shown:
        return None
    down = max(2, -(-len(shown) // 3))
    figure, grid = plt.subplots(
        down, 3, figsize=(18, 5.6 * down), layout="constrained", squeeze=False
    )
    axes: list[Axes] = list(grid.flat)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    for axis, workload in zip(axes, shown, strict=False):
        _panel(axis, workload, found)
    figure.suptitle(verdict(found))
    shown_races = [r for w in shown for r in found.at_largest(w).values()]
    if any(found.disturbed(race) for race in shown_races):
        caption(figure, f"*: {DISTURBED}. A disturbance, most likely.")
    figure.legend(
        handles=[
            Patch(label="this package", **OUR_BAR),
            Patch(label="others", **THEIR_BAR),
            Patch(label="the limit: no queue, all is there before the first take", **LIMIT_BAR),
        ],
        loc="outside lower center", ncols=3, frameon=False,
    )  # fmt: skip
    return figure


def _panel(axis: Axes, workload: str, found: PeerResults) -> None:
    races = [r for r in found.at_largest(workload).values() if not isnan(r.ratio)]
    races = [r for r in races if r.peer != RAW_HEAP]
    races.sort(key=lambda r: -r.ratio)
    wrong = {check.peer for check in found.checks if check.order == "wrong"}
    for y, race in enumerate(races):
        look = OUR_BAR if race.peer in OURS else LIMIT_BAR if race.peer == LIMIT else THEIR_BAR
        shown = min(race.ratio, LONGEST)
        axis.barh(y, shown - 1, left=1, height=0.72, **look)  # to the left: faster
        where = "" if race.n == found.largest else f" at {_power(race.n)}"
        arrow = "→ " if race.ratio > LONGEST else ""
        star = STAR * found.disturbed(race)
        axis.annotate(
            f"{arrow}{short(race.ratio)} ×{where}{star}", (max(shown, 1), y), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=FONT,
        )  # fmt: skip
    labels = [r.peer + (" (wrong order)" if r.peer in wrong else "") for r in races]
    axis.set_yticks(range(len(races)), labels)
    for label, race in zip(axis.get_yticklabels(), races, strict=True):
        label.set_fontweight("bold" if race.peer in OURS else "normal")
    axis.axvline(1, color=COLOURS["ink"], linewidth=1.2)
    axis.set_xscale("log")
    axis.set_xlim(min(1.0, *(r.ratio for r in races)) * 0.8, LONGEST * 4)
    axis.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(visible=False, axis="y")
    axis.set(title=workload, xlabel="times raw heapq (left of 1: faster)")


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
    "peers.png": bars,
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
