"""capacity.png: how busy a crew may be kept, and the machines that each design needs for a load."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import ScaledTranslation

from benchmarks.capacity import (
    DESIGNS,
    LOADS,
    Assumptions,
    Rate,
    need,
    stops_at,
)
from benchmarks.crews import Crew, busiest
from benchmarks.report import short
from benchmarks.style import HEIGHT, Label, caption, label_ends, log_costs, styled
from sched.plots.style import COLOURS, NOTE

WAITS = (3.0, 1.0, 0.1)  # of a task's time
LOOKS: list[dict[str, Any]] = [
    {"color": COLOURS["vermilion"], "marker": "^", "linestyle": (0, (4, 1.5, 1, 1.5))},
    {"color": COLOURS["green"], "marker": "s", "linestyle": (0, (6, 2))},
    {"color": COLOURS["ink"], "marker": "x", "linestyle": (0, (2, 1.5))},
    {"color": COLOURS["grey"], "marker": "v", "linestyle": (0, (1, 1))},
    {"color": COLOURS["blue"], "marker": "o", "linestyle": "-"},
    {"color": "#AA4499", "marker": "D", "linestyle": (0, (8, 1.5, 1, 1.5))},
]
APART = 5.5  # points by which two designs that need as many machines, and stop, are drawn apart


def draw(crews: Sequence[Crew], rates: dict[str, Rate], assumed: Assumptions, folder: Path) -> Path:
    """Draw it into a folder; the path of the picture."""
    with styled():
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(13.5, HEIGHT), layout="constrained", width_ratios=[4, 5]
        )
        draw_crews(left, crews)
        draw_designs(right, crews, rates, assumed)
        caption(
            figure,
            f"Assumed: a task takes {1000 * assumed.seconds:g} ms, 95 of 100 wait at most "
            f"{1000 * assumed.wait:g} ms for a worker, {assumed.workers} workers on a machine, a "
            f"dispatcher is given {assumed.headroom:.0%} of the rate that was measured.",
        )
        path = folder / "capacity.png"
        figure.savefig(path)
        plt.close(figure)
    return path


def draw_crews(axis: Any, crews: Sequence[Crew]) -> None:
    """How busy crews of each size may be."""
    sizes = sorted({c.workers for c in crews})
    labels: list[Label] = []
    for wait, look in zip(WAITS, LOOKS, strict=False):
        share = [100 * busiest(crews, size, wait) for size in sizes]
        axis.plot(sizes, share, **look)
        labels.append((share[-1], f"{wait:g} × a task", look["color"]))
    axis.set(
        xscale="log",
        xlabel="workers",
        ylabel="busy, % of the time",
        ylim=(0, 102),
        title="How busy they may be\nif 95 of 100 tasks wait at most",
    )
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    label_ends(axis, labels)


def draw_designs(
    axis: Any, crews: Sequence[Crew], rates: dict[str, Rate], assumed: Assumptions
) -> None:
    """The machines that each design needs, up to where it stops."""
    labels: list[Label] = []
    stopping = 0
    for design, look in zip(DESIGNS, LOOKS, strict=True):
        if design.rate not in rates:
            continue
        rate, last = rates[design.rate], stops_at(design, rates[design.rate], crews, assumed)
        end = LOADS[-1] if last is None else min(last, LOADS[-1])
        loads = np.geomspace(LOADS[0] / 10, end, 25)
        found = [need(design, rate, load, crews, assumed).machines for load in loads]
        points = [(x, y) for x, y in zip(loads, found, strict=True) if y is not None]
        if not points:
            continue
        x, y = zip(*points, strict=True)
        place = axis.transData
        if last is not None and last < LOADS[-1]:
            up = APART if stopping % 2 == 0 else -APART
            place += ScaledTranslation(0, up / 72, axis.figure.dpi_scale_trans)
            stopping += 1
            stop = {"color": look["color"], "markersize": 9, "zorder": 5}
            axis.plot(x[-1], y[-1], "X", **stop, transform=place)
        axis.plot(x, y, **look, markevery=6, transform=place)
        words = design.name if last is None else f"{design.name}: to {short(last)}/s"
        labels.append((y[-1], words, look["color"]))
    axis.set(
        xscale="log",
        xlabel="tasks a second (X: there it stops;\nlines on one another are drawn apart)",
        ylabel="machines",
        title="Machines for a load",
    )
    log_costs(axis)
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: short(value).replace(" million", "M").replace(",000", "k"))
    )
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axis.grid(True, color="#DDDDDD", linewidth=0.6)
    axis.tick_params(colors=NOTE)
    label_ends(axis, labels)
