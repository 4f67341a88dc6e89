"""The verdicts: which class each operation has, what it costs, and the table that says so.

All text in tables and plot titles that states a finding is computed here, from the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.count import Count
from benchmarks.fit import FEWEST, Choice, choose, slope
from benchmarks.results import Results
from benchmarks.subjects import RAW_HEAP


@dataclass(frozen=True)
class Fitted:
    """The counts of one operation, and the class that is chosen for them."""

    subject: str
    operation: str
    n: list[int]
    comparisons: list[float]
    choice: Choice


def fitted(counts: Sequence[Count]) -> dict[tuple[str, str], Fitted]:
    """The class of each operation that was counted at enough sizes."""
    found: dict[tuple[str, str], Fitted] = {}
    for subject, operation in dict.fromkeys((c.subject, c.operation) for c in counts):
        rows = [c for c in counts if (c.subject, c.operation) == (subject, operation)]
        n, comparisons = [c.n for c in rows], [c.comparisons for c in rows]
        if len(n) >= FEWEST:
            choice = choose(n, comparisons)
            found[subject, operation] = Fitted(subject, operation, n, comparisons, choice)
    return found


# A cost of class n has slope 1 on logarithmic axes, one of class log n about 0.1, and caches raise
# that to as much as 0.5. What is flat at small n may be about to rise.
FLAT, STEEP, LARGE = 0.6, 0.8, 2**18
HARDLY_GROWS, GROWS, UNCLEAR = "{1, log n}", "{n, n log n}", "unclear"


@dataclass(frozen=True)
class Curve:
    """The times of one operation of one queue, and beside them those of the raw heap."""

    queue: str
    operation: str
    n: list[int]
    ns: list[float]
    low: list[float]
    high: list[float]
    ratios: dict[int, float]  # to the raw heap, at each n at which that was measured too
    disturbed: frozenset[int] = frozenset()  # sizes whose peak is no cost of the queue's
    disturbed_ratios: frozenset[int] = frozenset()  # those, and the raw heap's

    @property
    def slope(self) -> float | None:
        """The slope on logarithmic axes over the larger half of the sizes; None for one size.

        At small sizes what a call costs whatever n is hides how the rest grows.
        """
        larger = len(self.n) // 2
        n, ns = self.n[larger:], self.ns[larger:]
        return slope(n, ns) if len(n) > 1 else None

    @property
    def group(self) -> str:
        """What the slope can tell: that the cost hardly grows, or that it grows with n."""
        if self.slope is None:
            return UNCLEAR
        if self.slope > STEEP:
            return GROWS
        return HARDLY_GROWS if self.slope < FLAT and self.n[-1] >= LARGE else UNCLEAR


def curves(results: Results) -> list[Curve]:
    """One curve for each queue and operation, fill + drain among them."""
    points = [(t.queue, t.operation, t.n, t.median_ns, t.q1_ns, t.q3_ns) for t in results.times]
    points += [(d.queue, FILL_DRAIN, d.n, d.total_ns, d.q1_ns, d.q3_ns) for d in results.drains]
    raw = {(operation, n): ns for q, operation, n, ns, _, _ in points if q == RAW_HEAP}
    peaks = {(t.queue, t.operation, t.n) for t in results.times if t.disturbed}
    peaks |= {(d.queue, FILL_DRAIN, d.n) for d in results.drains if d.disturbed}
    found = []
    for queue, operation in dict.fromkeys(point[:2] for point in points):
        rows = sorted(point[2:] for point in points if point[:2] == (queue, operation))
        n, ns, low, high = ([row[i] for row in rows] for i in range(4))
        ratios = {
            row[0]: row[1] / raw[operation, row[0]] for row in rows if (operation, row[0]) in raw
        }
        own = frozenset(int(i) for i in n if (queue, operation, i) in peaks)
        beside = frozenset(i for i in ratios if (RAW_HEAP, operation, i) in peaks)
        found.append(
            Curve(
                queue, operation, [int(i) for i in n], ns, low, high, ratios,
                own, beside | own.intersection(ratios),
            )
        )  # fmt: skip
    return found


FILL_DRAIN = "fill + drain"


def short(value: float) -> str:
    """A number as a reader wants it: three digits, thousands apart, millions in words."""
    if value >= 999.5e6:
        return f"{value / 1e9:.3g} billion"
    if value >= 999_500:
        return f"{value / 1e6:.3g} million"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def findings(results: Results) -> dict[str, Any]:
    """The verdicts as plain values, for run.json."""
    return {
        "fits": [
            {
                "subject": f.subject,
                "operation": f.operation,
                "class": f.choice.best.model.name,
                "formula": str(f.choice.best),
                "coefficients": list(f.choice.best.coefficients),
                "relative_rms": f.choice.best.error,
                "runner_up": f.choice.runner_up and f.choice.runner_up.model.name,
                "runner_up_rms": f.choice.runner_up and f.choice.runner_up.error,
            }
            for f in fitted(results.counts).values()
        ],
        "wall": [
            {
                "queue": c.queue,
                "operation": c.operation,
                "largest_n": c.n[-1],
                "ns": c.ns[-1],
                "slope": c.slope,
                "slope_tells": c.group,
                "disturbed": sorted(c.disturbed),
                "ratios_to_raw_heapq": c.ratios,
            }
            for c in curves(results)
        ],
    }


def table(results: Results) -> str:
    """Everything that was found, as text for a terminal."""
    parts = []
    rows = []
    for f in fitted(results.counts).values():
        best, second = f.choice.best, f.choice.runner_up
        rows.append(
            [
                f.subject,
                f.operation,
                best.model.name,
                str(best),
                f"{best.error:.1%}",
                f"{second.model.name} ({second.error:.0%})" if second else "none",
            ]
        )
    if rows:
        head = ["counted", "operation", "class", "comparisons", "rel. RMS", "runner-up"]
        parts.append(aligned([head, *rows], left=4))
    elif results.counts:
        parts.append(f"Counted at fewer than {FEWEST} sizes: too few to name a class.")
    rows = []
    for c in curves(results):
        n, ratio = c.n[-1], c.ratios.get(c.n[-1])
        rows.append(
            [
                c.queue,
                c.operation,
                f"{n:,}",
                short(c.ns[-1]),
                "" if c.slope is None else f"{c.slope:.2f}",
                c.group,
                "" if ratio is None else f"{short(ratio)} ×{STAR * (n in c.disturbed_ratios)}",
            ]
        )
    if rows:
        head = ["measured", "operation", "n", "ns", "slope", "slope tells", "to raw heapq"]
        parts.append(aligned([head, *rows], left=2))
    parts.append(
        disturbances(
            [
                (f"{c.queue}, {c.operation}", size, c.ns[c.n.index(size)])
                for c in curves(results)
                for size in sorted(c.disturbed)
            ]
        )
    )
    if results.weights:
        largest = max(w.n for w in results.weights)
        rows = [
            [w.queue, w.state, f"{w.n:,}", f"{w.bytes_per_task:.0f}"]
            for w in results.weights
            if w.n == largest
        ]
        parts.append(aligned([["weighed", "tasks are", "n", "bytes per task"], *rows], left=2))
    return "\n\n".join(filter(None, parts))


STAR = " *"  # at a figure that rests on a disturbed size
DISTURBED = "costs more than the sizes on both sides of it, beyond the spread of the repeats"


def disturbances(found: Sequence[tuple[str, int, float]]) -> str:
    """What is disturbed, as text: name, n, nanoseconds. Nothing if nothing is."""
    if not found:
        return ""
    head = ["disturbed *", "n", "ns"]
    rows = [[what, f"{n:,}", short(ns)] for what, n, ns in found]
    said = "the machine's doing, most likely: measure again before you explain it."
    return f"{aligned([head, *rows], left=1)}\n* {DISTURBED}:\n  {said}"


def aligned(rows: Sequence[Sequence[str]], left: int) -> str:
    """Rows of text in columns, the first ``left`` of them to the left, under a ruled head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
