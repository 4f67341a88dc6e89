"""sched: priority task schedulers to learn from and to trust.

::

    from sched import HeapScheduler

    s = HeapScheduler()
    s.add_task(priority=1, task_name="Critical Fix")
    task = s.get_next_task()
    s.complete(task)

The standard library has a module of this name. This package contains it: ``sched.scheduler`` and
``sched.Event`` are the standard library's own, so that code written for either works with both.
"""

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from sysconfig import get_path
from typing import TYPE_CHECKING, Any

from sched.base import Scheduler
from sched.clock import Clock, SystemClock, VirtualClock
from sched.events import TaskEvent
from sched.heap import HeapScheduler
from sched.metrics import Metrics
from sched.multilevel import MultilevelScheduler
from sched.naive_sort import NaiveSortScheduler
from sched.pending import PendingTasks
from sched.sorted_list import SortedListScheduler
from sched.task import (
    InvalidTransitionError,
    Priority,
    QueueFullError,
    Task,
    TaskStatus,
    UnknownTaskError,
)

if TYPE_CHECKING:
    from sched.execution import current_task, time_left
    from sched.monitor import Monitor
    from sched.recurring import cron, every
    from sched.retry import RetryPolicy
    from sched.series import Recurring
    from sched.simulation import simulate
    from sched.timeline import Timeline
    from sched.workers import WorkerPool

__all__ = [
    "Clock",
    "Event",
    "HeapScheduler",
    "InvalidTransitionError",
    "Metrics",
    "Monitor",
    "MultilevelScheduler",
    "NaiveSortScheduler",
    "PendingTasks",
    "Priority",
    "QueueFullError",
    "Recurring",
    "RetryPolicy",
    "Scheduler",
    "SortedListScheduler",
    "SystemClock",
    "Task",
    "TaskEvent",
    "TaskStatus",
    "Timeline",
    "UnknownTaskError",
    "VirtualClock",
    "WorkerPool",
    "cron",
    "current_task",
    "every",
    "scheduler",
    "simulate",
    "time_left",
]

__version__ = "0.1.0"


def _standard_library_module() -> Any:
    """The standard library's sched, from its file, under its own name: its classes pickle."""
    # Imported before this package? Then that very module: its classes must not exist twice.
    first = sys.modules.get("_sched_first")
    if (imported := getattr(first, "standard", None)) is not None:
        return imported
    # In a folder, as a rule. In Pyodide and in bundled programs it is a zip file on the path,
    # which is told from other people's zip files by the os.py in it.
    for entry in (get_path("stdlib"), *sys.path):
        spec = PathFinder.find_spec("sched", [entry])
        if spec is None or spec.loader is None or spec.submodule_search_locations is not None:
            continue  # nothing there, or a package: this one
        if PathFinder.find_spec("os", [entry]) is not None:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise ImportError(
        f"the standard library's sched.py is neither in {get_path('stdlib')!r} nor along sys.path"
    )


_standard = _standard_library_module()
Event = _standard.Event
scheduler = _standard.scheduler


# Imported when first asked for: they bring logging, dataclasses and more, half of the time.
_LATER = {
    "Monitor": "sched.monitor",
    "Recurring": "sched.series",
    "RetryPolicy": "sched.retry",
    "Timeline": "sched.timeline",
    "WorkerPool": "sched.workers",
    "cron": "sched.recurring",
    "current_task": "sched.execution",
    "every": "sched.recurring",
    "simulate": "sched.simulation",
    "time_left": "sched.execution",
}


def __getattr__(name: str) -> Any:
    """What is imported later, and whatever else somebody takes from the standard module."""
    if name in _LATER:
        globals()[name] = value = getattr(import_module(_LATER[name]), name)
        return value
    try:
        return getattr(_standard, name)
    except AttributeError:
        raise AttributeError(f"module 'sched' has no attribute {name!r}") from None
