"""Every scheduler that the conformance suite and the state machine run through."""

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    NaiveSortScheduler,
    Scheduler,
    SortedListScheduler,
)

SCHEDULERS: list[type[Scheduler]] = [
    HeapScheduler,
    SortedListScheduler,
    NaiveSortScheduler,
    MultilevelScheduler,
]
