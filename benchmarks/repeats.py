"""Repeats: their quartiles, how they are stored, and the sizes at which they cannot be trusted.

A machine that serves somebody else for a while makes one size look dear, and the next reader finds
a reason for it. So a size is *disturbed* where it costs more than its neighbours on both sides,
per task: its lower quartile lies above their upper ones, and its median more than 5 % above their
medians. Costs per task rise with n, or fall, or stay; none that is measured here has a peak.

What is disturbed is measured again (see ``sweep.settle``), beside the raw heap, whose ratio it
needs, and replaces what was there. If the raw heap itself is disturbed, so are all ratios to it,
and all of that size is measured again. A peak that stays is marked, in the tables and in the plots.

The first and the last size have one neighbour, and are not judged. Nor is a benchmark of one size
(dispatch.py). With one or two repeats the quartiles say little: more is measured again, in vain.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import nan
from random import Random
from statistics import quantiles
from typing import Any

SLIGHT = 1.05  # times a neighbour's median: nobody looks for the reason of less
MISSING = "-"
FEWEST = 3  # repeats when a size is measured again, even if it had fewer


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The first and third quartile; of a single value, the value."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


# --- stored ---------------------------------------------------------------------------------------


def packed(values: Iterable[tuple[int, float]]) -> str:
    """Repeats as (number, value) in one cell of a table: "560.7 499 - 628.6", in that order.

    The place tells the number, so that repeats measured beside each other can be paired again.
    """
    found = dict(values)
    return " ".join(
        f"{found[number]:.6g}" if number in found else MISSING for number in range(max(found) + 1)
    )


def unpacked(text: str) -> list[float]:
    """The values of such a cell by number; nan where there is none."""
    return [nan if value == MISSING else float(value) for value in text.split()]


# --- disturbed ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What one size costs per task: median and quartiles."""

    n: int
    median: float
    q1: float
    q3: float


def disturbed(costs: Iterable[Cost]) -> set[int]:
    """The sizes that cost more than both neighbours, beyond their spread. O(c log c) for c."""
    ordered = sorted(costs, key=lambda cost: cost.n)
    return {
        here.n
        for before, here, after in zip(ordered, ordered[1:], ordered[2:], strict=False)
        if _above(here, before) and _above(here, after)
    }


def _above(high: Cost, low: Cost) -> bool:
    return high.q1 > low.q3 and high.median > SLIGHT * low.median


def marked(
    rows: Iterable[Any], curve: Callable[[Any], Hashable], cost: Callable[[Any], Cost]
) -> list[Any]:
    """The rows, ``disturbed`` set to 1 where they are.

    curve: which rows differ in n alone. cost: what a row costs.
    """
    rows = list(rows)
    curves: dict[Hashable, list[Cost]] = {}
    for row in rows:
        curves.setdefault(curve(row), []).append(cost(row))
    peaks = {key: disturbed(costs) for key, costs in curves.items()}
    return [replace(row, disturbed=int(cost(row).n in peaks[curve(row)])) for row in rows]


@dataclass(frozen=True)
class Round:
    """One more repeat: its number, and who is measured in it, in which order."""

    group: Any
    number: int
    names: tuple[str, ...]


def to_repeat(
    samples: Sequence[Any],
    dubious: set[tuple[Any, str]],
    group: Callable[[Any], Any],
    name: Callable[[Any], str],
    yardstick: str,
) -> tuple[list[Any], list[Round]]:
    """What is kept of the samples, and the rounds that replace the others.

    dubious: the (group, name) that are disturbed; a group is what was measured beside each other.
    """
    kept, rounds = list(samples), []
    for which in dict.fromkeys(group(s) for s in samples):
        names = {name for g, name in dubious if g == which}
        if not names:
            continue
        here = [s for s in samples if group(s) == which]
        if yardstick in names:
            names = {name(s) for s in here}
        gone = [s for s in here if name(s) in names]
        kept = [s for s in kept if group(s) != which or name(s) not in names]
        first = max(s.number for s in here) + 1
        repeats = max(FEWEST, *(len({s.number for s in gone if name(s) == n}) for n in names))
        for number in range(first, first + repeats):
            order = sorted(names | {yardstick})
            Random().shuffle(order)
            rounds.append(Round(which, number, tuple(order)))
    return kept, rounds
