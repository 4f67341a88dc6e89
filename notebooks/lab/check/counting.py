"""Numbers that count how often they are compared: an exact cost, the same on every machine."""

from typing import Any


class Counter:
    """How many comparisons were made between the numbers that share it."""

    comparisons = 0


class Counted:
    """A number that adds one to its counter for each comparison it starts."""

    def __init__(self, value: int, counter: Counter) -> None:
        self.value = value
        self.counter = counter

    def _compared(self, other: Any) -> Any:
        self.counter.comparisons += 1
        return other.value if isinstance(other, Counted) else other

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

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return repr(self.value)
