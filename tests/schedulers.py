"""Every scheduler that the conformance suite and the state machine run through."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    NaiveSortScheduler,
    Scheduler,
    SortedListScheduler,
)
from sched.memory import MemoryLedger

_MEMORY = "/dev/shm"  # a disk in memory, where there is one: no test here pulls the plug
FOLDER = Path(tempfile.mkdtemp(prefix="sched-", dir=_MEMORY if Path(_MEMORY).is_dir() else None))
_numbers: Iterator[int] = count(1)
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


IN_MEMORY: list[type[Scheduler]] = [
    HeapScheduler,
    SortedListScheduler,
    NaiveSortScheduler,
    MultilevelScheduler,
]
in_memory = pytest.mark.parametrize("scheduler_class", IN_MEMORY, ids=lambda cls: cls.__name__)
SCHEDULERS: list[type[Scheduler]] = [*IN_MEMORY]


if find_spec("_sqlite3"):  # a Python may be built without it
    from sched.durable import ShardedScheduler, SQLiteScheduler, action

    class FileScheduler(SQLiteScheduler):
        """One in a new file, with a window so small that most tasks are beyond it."""

        def __init__(self, **options: Any) -> None:
            path = FOLDER / f"{next(_numbers)}.db"
            super().__init__(path, **{"window": 3, "durability": "normal", **options})

    class ThreeShards(ShardedScheduler):
        """One over three heaps."""

        def __init__(self, **options: Any) -> None:
            super().__init__(3, **options)

    action("print")(print)  # what the suites have their tasks do

    SCHEDULERS += [FileScheduler, ThreeShards]


def ledger_of(scheduler: Scheduler) -> MemoryLedger:
    """The ledger, for tests that look at or damage its insides."""
    assert isinstance(scheduler.ledger, MemoryLedger)
    return scheduler.ledger
