"""Notebook 00: a first scheduler, with three tasks in it."""

from typing import Any

from .exercises import exercise
from .searching import Verdict, not_yet, right, wrong

DAY = ["Wake up", "Have breakfast", "Go for a walk"]


@exercise("00", "A first scheduler", "your scheduler, as in first_scheduler(mine)")
def first_scheduler(scheduler: Any) -> Verdict:
    """Check a scheduler that holds the three tasks of a day, added in reverse."""
    from sched import Scheduler

    call = "check.first_scheduler(mine)"
    if isinstance(scheduler, type) or not isinstance(scheduler, Scheduler):
        return wrong(call, "needs a scheduler: begin with mine = HeapScheduler()")
    tasks = list(scheduler.pending_tasks())
    names = [" ".join(task.name.split()).casefold() for task in tasks]
    wanted = [name.casefold() for name in DAY]
    if not tasks:
        return not_yet("add your three tasks with mine.add_task(...).")
    listed = ", ".join(f"{t.name!r} (priority {t.priority})" for t in tasks)
    if sorted(names) != sorted(wanted):
        missing = [name for name in DAY if name.casefold() not in names]
        problem = f"was not called for {missing[0]!r}" if missing else "was called too often"
        again = "" if missing else " Make a new one with HeapScheduler() and add each task once."
        return wrong("add_task", problem, f"The scheduler holds {listed}.{again}")
    if names != wanted:
        detail = f"They would come out as {listed}. A lower number is more urgent."
        return wrong("add_task", "got priorities that put the tasks in another order", detail)
    if [task.id for task in tasks] == sorted(task.id for task in tasks):
        return wrong(
            "add_task",
            "was called in the order of the day",
            "So the priorities have nothing to do. Add the walk first and waking up last.",
        )
    return right("added in one order, they come out in another: by priority.")
