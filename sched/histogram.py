"""Histogram: how long something took, how often, in buckets whose bounds are always the same.

Fixed bounds make it cheap: what is kept is twenty counts and a sum, and no list of all that
was ever measured. What is lost is where in its bucket an observation lay.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from sched.arguments import as_number

# Upper bounds in seconds, the same for all histograms, so that any two can be added up or compared.
BOUNDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86400.0),
)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many seconds it took, how often: one count for each of BOUNDS, and one for what is above.

    counts: how many observations were at most the bound, and more than the one before it.
    total: the sum of all observations, seconds.
    """

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    total: float = 0.0

    @property
    def count(self) -> int:
        """How many observations there are. O(bounds)."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Seconds; 0 if there is no observation. O(bounds)."""
        return self.total / self.count if self.count else 0.0

    def cumulative(self) -> list[tuple[float, int]]:
        """Each bound, the last infinite, and how many observations were at most that. O(bounds)."""
        return list(zip((*BOUNDS, inf), accumulate(self.counts), strict=True))

    def quantile(self, q: float) -> float:
        """What the share ``q`` of all observations is at most, in seconds; 0 if there is none.

        An estimate: within a bucket they are taken to be spread evenly, and above the last bound to
        be at it. q: 0 to 1, else TypeError or ValueError. O(bounds)."""
        if as_number(q, "q", at_least=0) > 1:
            raise ValueError(f"q must be from 0 to 1, got {q!r}")
        wanted, before, lower = q * self.count, 0, 0.0
        for bound, up_to in self.cumulative():
            if up_to >= wanted and up_to > before:
                if bound == inf:
                    break
                return lower + (bound - lower) * (wanted - before) / (up_to - before)
            before, lower = up_to, bound
        return BOUNDS[-1] if self.count else 0.0


class Recorder:
    """A histogram in the making. Not for two threads at once."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0

    def observe(self, seconds: Iterable[float]) -> None:
        """So many more observations; less than nothing, which a clock set back can give, is 0.

        O(n log n), at C speed: to sort them all and to look where the bounds are takes a third of
        what it takes to look for the bucket of each."""
        ordered = sorted(seconds)
        place = 0
        for bucket, bound in enumerate(BOUNDS):
            up_to = bisect_right(ordered, bound)
            self._counts[bucket] += up_to - place
            place = up_to
        self._counts[-1] += len(ordered) - place
        self._total += sum(ordered[bisect_right(ordered, 0.0) :])

    def histogram(self) -> Histogram:
        """What there is by now. O(bounds)."""
        return Histogram(tuple(self._counts), self._total)
