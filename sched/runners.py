"""Which runner a pool has, by what it was given as ``executor``."""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from sched.arguments import shown
from sched.base import Scheduler
from sched.execution import Runner
from sched.task import Task


def runner_of(executor: object, scheduler: Scheduler, run: Callable[[Task], Any] | None) -> Runner:
    """How the workers run what they take. What few need is imported here, when it is. O(1)."""
    if executor == "thread":
        return Runner(scheduler, run)
    if executor == "process":
        from sched.processes import Processes

        return Processes(scheduler, run)
    if isinstance(executor, Executor):
        from sched.elsewhere import Elsewhere

        return Elsewhere(scheduler, run, executor)
    error = ValueError if isinstance(executor, str) else TypeError
    raise error(
        'executor must be "thread", "process" or an Executor of concurrent.futures, '
        f"got {shown(executor)}"
    )
