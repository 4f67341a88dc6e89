"""Metrics: how many tasks stand where, at one moment."""

from typing import NamedTuple


class Metrics(NamedTuple):
    """Counts of tasks, all taken under one lock.

    added, succeeded, failed, cancelled, retried: since the scheduler was made (``failed`` counts
    the tasks that became dead letters, ``retried`` the failures that led to another attempt).
    ready, waiting, running, dead_letters: now.
    """

    added: int
    ready: int
    waiting: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    retried: int
    dead_letters: int

    @property
    def pending(self) -> int:
        """ready + waiting. O(1)."""
        return self.ready + self.waiting
