"""Moment: one reading of a clock for all shards, while something concerns several of them."""

from sched.clock import Clock


class Moment:
    """The clock of all shards: while something concerns several of them, it stands still."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at: float | None = None

    def now(self) -> float:
        """Epoch seconds. O(1)."""
        at = self.at
        return self.clock.now() if at is None else at

    def __enter__(self) -> float:
        self.at = None
        self.at = now = self.clock.now()
        return now

    def __exit__(self, *_: object) -> None:
        self.at = None
