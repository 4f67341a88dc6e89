"""Fit: which complexity class describes the counts, by a rule that is written down.

Four models, from small to large:

    1           a
    log n       a log₂ n + b
    n           a n + b
    n log n     a n log₂ n + b n

Each is fitted by least squares on the *relative* error, so that the count at 128 weighs as much
as the count at a million. Then

1. a model whose leading term is under half of its value at the largest n is out: it owes its fit
   to the other term, as a straight line does that is almost flat;
2. of those whose error is within 10 % of the smallest error, the smallest class wins.

This needs counts. Times would fit too well: a clock's curve is bent by caches and fits n**0.3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

AS_GOOD = 1.10  # an error within 10 % of the smallest is no reason for a larger class
EXACT = 1e-9  # errors below this are those of the arithmetic
FEWEST = 4  # sizes: with fewer, two coefficients fit anything


@dataclass(frozen=True)
class Model:
    """A complexity class: its name and its terms, the leading one first."""

    name: str
    terms: tuple[tuple[str, Callable[[Numbers], Numbers]], ...]


MODELS = (
    Model("1", (("", np.ones_like),)),
    Model("log n", (("log₂ n", np.log2), ("", np.ones_like))),
    Model("n", (("n", np.positive), ("", np.ones_like))),
    Model("n log n", (("n log₂ n", lambda n: n * np.log2(n)), ("n", np.positive))),
)


@dataclass(frozen=True)
class Fit:
    """A model with its coefficients; ``error`` is the root mean square of the relative errors."""

    model: Model
    coefficients: tuple[float, ...]
    error: float

    def at(self, n: Sequence[float] | Numbers) -> Numbers:
        """The fitted cost at each n. O(len(n))."""
        cost: Numbers = _design(self.model, np.asarray(n, float)) @ np.asarray(self.coefficients)
        return cost

    def leading_share(self, n: float) -> float:
        """Which part of the fitted cost at n is the leading term: about 1 for an honest fit."""
        whole = float(self.at([n])[0])
        leading = self.coefficients[0] * float(_design(self.model, np.array([n]))[0, 0])
        return leading / whole if whole else float(whole == leading)

    def __str__(self) -> str:
        text = ""
        for coefficient, (term, _) in zip(self.coefficients, self.model.terms, strict=True):
            if text and abs(coefficient) < 0.005:
                continue  # it would read "+ 0.00"
            if text:
                text += " − " if coefficient < 0 else " + "
                coefficient = abs(coefficient)
            digits = ".2f" if not coefficient or abs(coefficient) >= 0.005 else ".1e"
            text += f"{coefficient:{digits}} {term}".rstrip()
        return text


@dataclass(frozen=True)
class Choice:
    """The model that is chosen, and the best of the others that are not out, if any."""

    best: Fit
    runner_up: Fit | None


def fit(model: Model, n: Sequence[float], cost: Sequence[float]) -> Fit:
    """Fit one model by least squares on the relative error. O(len(n)).

    n: sizes; cost: cost at each size, greater than 0.
    """
    sizes, costs = np.asarray(n, float), np.asarray(cost, float)
    relative = _design(model, sizes) / costs[:, None]
    coefficients = np.linalg.lstsq(relative, np.ones_like(costs), rcond=None)[0]
    error = float(np.sqrt(np.mean((relative @ coefficients - 1) ** 2)))
    return Fit(model, tuple(float(c) for c in coefficients), error)


def choose(n: Sequence[float], cost: Sequence[float]) -> Choice:
    """Choose the class that describes the cost, by the rule above. O(len(n)).

    n: at least four different sizes of 2 or more. cost: at each size, all above 0, or all 0.
    Raises ValueError if the numbers are none that a class could be chosen for.
    """
    _check(n, cost)
    if not any(cost):
        return Choice(Fit(MODELS[0], (0.0,), 0.0), None)
    largest = max(n)
    fits = [fit(model, n, cost) for model in MODELS]
    fits = [f for f in fits if f.leading_share(largest) >= 0.5]
    good_enough = max(AS_GOOD * min(f.error for f in fits), EXACT)
    best = next(f for f in fits if f.error <= good_enough)
    others = [f for f in fits if f is not best]
    return Choice(best, min(others, key=lambda f: f.error, default=None))


def slope(n: Sequence[float], time: Sequence[float]) -> float:
    """The slope of a least-squares line through log(time) against log(n). O(len(n)).

    About 0 for a cost of class 1, 0.1 for log n, 1 for n, 1.1 for n log n.
    """
    return float(np.polyfit(np.log2(np.asarray(n, float)), np.log2(np.asarray(time, float)), 1)[0])


def _design(model: Model, n: Numbers) -> Numbers:
    return np.column_stack([term(n) for _, term in model.terms])


def _check(n: Sequence[float], cost: Sequence[float]) -> None:
    if len(n) != len(cost):
        raise ValueError(f"n and cost must have the same length, got {len(n)} and {len(cost)}")
    if len(set(n)) < FEWEST:
        raise ValueError(f"n must hold at least {FEWEST} different sizes, got {list(n)}")
    if not all(np.isfinite(size) and size >= 2 for size in n):
        raise ValueError(f"n must hold sizes of 2 or more, got {list(n)}")
    if not all(np.isfinite(c) and c >= 0 for c in cost):
        raise ValueError(f"cost must hold finite numbers >= 0, got {list(cost)}")
    if any(cost) and not all(cost):
        raise ValueError(f"cost must be above 0 at each size, or 0 at all, got {list(cost)}")
