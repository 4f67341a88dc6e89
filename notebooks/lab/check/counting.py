"""Numbers that count how often they are compared: an exact cost, the same on every machine."""

from typing import Any


class Counter:
    """How many comparisons were made between the numbers that share it."""

    comparisons = 0


class Counted:
    """A number that adds one to its counter for each comparison it starts."""

    def __init__(self, value: float, counter: Counter) -> None:
        self.value = value
        self.counter = counter

    def _compared(self, other: Any) -> Any:
        self.counter.comparisons += 1
        return other.value if isinstance(other, Counted) else other  # few steps: they are counted

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < self._compared(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= self._compared(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > self._compared(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= self._compared(other))

    def __eq__(self, other: object) -> bool:
        return bool(self.value == self._compared(other))

    # What is calculated with it is such a number too: -priority, or due + 1.

    def _made(self, value: float) -> "Counted":
        return Counted(value, self.counter)

    def __neg__(self) -> "Counted":
        return self._made(-self.value)

    def __add__(self, other: Any) -> "Counted":
        return self._made(self.value + _plain(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Counted":
        return self._made(self.value - _plain(other))

    def __rsub__(self, other: Any) -> "Counted":
        return self._made(_plain(other) - self.value)

    def __mul__(self, other: Any) -> "Counted":
        return self._made(self.value * _plain(other))

    __rmul__ = __mul__

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return repr(self.value)


def _plain(number: Any) -> Any:
    return number.value if isinstance(number, Counted) else number
