"""Every scheduler that the conformance suite and the state machine run through."""

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    NaiveSortScheduler,
    Scheduler,
    SortedListScheduler,
)
from sched.memory import MemoryLedger

SCHEDULERS: list[type[Scheduler]] = [
    HeapScheduler,
    SortedListScheduler,
    NaiveSortScheduler,
    MultilevelScheduler,
]


def ledger_of(scheduler: Scheduler) -> MemoryLedger:
    """The ledger, for tests that look at or damage its insides."""
    assert isinstance(scheduler.ledger, MemoryLedger)
    return scheduler.ledger
