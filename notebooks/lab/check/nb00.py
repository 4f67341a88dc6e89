"""Notebook 00: a first scheduler, working it off, a clock that is moved, a fault to find."""

from collections.abc import Callable
from itertools import chain
from random import Random
from typing import Any

from sched import InvalidTransitionError
from sched.table import counted

from ..broken import comes_out
from .exercises import all_numbers, exercise, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import (
    Case,
    Verdict,
    not_yet,
    random_cases,
    right,
    sequences,
    smallest_failure,
    wrong,
)

DAY = ["Wake up", "Have breakfast", "Go for a walk"]
NAMES = ["mail", "backup", "report", "cleanup", "invoice", "alert", "sync", "archive"]
HOUR = 3600  # seconds


@exercise("00", "A first scheduler", "your scheduler, as in first_scheduler(day)")
def first_scheduler(scheduler: Any) -> Verdict:
    """Check a scheduler that holds the three tasks of a day, added in reverse."""
    from sched import Scheduler

    call = "check.first_scheduler(day)"
    if isinstance(scheduler, type) or not isinstance(scheduler, Scheduler):
        return wrong(call, "needs a scheduler: begin with day = HeapScheduler()")
    tasks = list(scheduler.pending_tasks())
    names = [" ".join(task.name.split()).casefold() for task in tasks]
    wanted = [name.casefold() for name in DAY]
    if scheduler.metrics().added > len(tasks):
        return not_yet("some tasks have been taken already: run the cell above again, then this.")
    if not tasks:
        return not_yet("add your three tasks with day.add_task(...).")
    listed = ", ".join(f"{t.name!r} (priority {t.priority})" for t in tasks)
    if sorted(names) != sorted(wanted):
        missing = [name for name in DAY if name.casefold() not in names]
        problem = f"was not called for {missing[0]!r}" if missing else "was called too often"
        again = "" if missing else " Make a new one with HeapScheduler() and add each task once."
        return wrong("add_task", problem, f"The scheduler holds {listed}.{again}")
    if names != wanted:
        detail = f"They would come out as {listed}. A lower number is more urgent."
        return wrong("add_task", "got priorities that put the tasks in another order", detail)
    if any(task.run_at > task.added_at for task in tasks):  # also if it has passed by now
        detail = "The priorities alone should bring them into order: leave the delays out."
        return wrong("add_task", "was given a delay", detail)
    ids = [task.id for task in tasks]
    if ids == sorted(ids):
        return wrong(
            "add_task",
            "was called in the order of the day",
            "So the priorities have nothing to do. Add the walk first and waking up last.",
        )
    if ids != sorted(ids, reverse=True):
        detail = "Add the walk first, then breakfast, and waking up last."
        return wrong("add_task", "was not called in the order that is asked for", detail)
    return right("added in one order, they come out in another: by priority.")


# --- working it off -------------------------------------------------------------------------------


@exercise("00", "Work off the list", "your function, as in work_off(work_off)")
def work_off(function: Any) -> Verdict:
    """Check ``work_off(scheduler)`` -> [name, ...]. A case is a list of priorities."""
    from sched import HeapScheduler

    unfit = need_function(function, "work_off", "check.work_off(work_off)")
    if unfit:
        return unfit

    def scenario(trial: Trial, priorities: Case, names: list[str] = NAMES) -> None:
        scheduler = HeapScheduler()
        trial.note("s = HeapScheduler()")
        added = []
        for number, priority in enumerate(priorities):
            name = names[number % len(names)] + "!" * (number // len(NAMES))
            scheduler.add_task(priority, name)
            trial.note(f"s.add_task({priority}, {name!r})")
            added.append((priority, number, name))
        expected = [name for _, _, name in sorted(added)]
        got = _call(trial, "work_off(s)", "work_off", function, scheduler)
        _a_list_of_names("work_off", trial, got, expected)
        if len(got) != len(expected):
            problem = "leaves tasks behind" if len(got) < len(expected) else "gives too many names"
            raise BrokenError("work_off", problem, _instead(got, expected))
        if got != expected:
            problem = "does not give the names in the order in which they come out"
            raise BrokenError("work_off", problem, _instead(got, expected))
        _all_completed("work_off", scheduler, len(added))

    def of_one_name(trial: Trial, priorities: Case) -> None:
        scenario(trial, priorities, ["mail"])

    small = chain(sequences([1, 2, 3], 3), [[]])  # an empty scheduler last: it puzzles most
    return (
        smallest_failure(scenario, small, random_cases(_priority, 12, 10))
        or smallest_failure(of_one_name, [[1, 1]])
        or right("every task was taken, completed and named, the most urgent first.")
    )


# --- a clock that is moved ------------------------------------------------------------------------


@exercise(
    "00", "The night watch: an hour in no time", "your function, as in night_watch(night_watch)"
)
def night_watch(function: Any) -> Verdict:
    """Check ``night_watch(scheduler, clock, hours)`` -> [name or "nothing", ...].

    A case is a list of (priority, delay in hours).
    """
    from sched import HeapScheduler, VirtualClock

    unfit = need_function(function, "night_watch", "check.night_watch(night_watch)")
    if unfit:
        return unfit

    def with_settings(start: float, more: int) -> Callable[[Trial, Case], None]:
        """start: what the clock shows first. more: how many hours more than there are tasks."""

        def scenario(trial: Trial, case: Case) -> None:
            clock = VirtualClock(start)
            scheduler = HeapScheduler(clock=clock)
            trial.note(f"clock = VirtualClock({start})")
            trial.note("s = HeapScheduler(clock=clock)")
            hours = max(0, len(case) + more)
            added = []
            for number, (priority, delay) in enumerate(case):
                name = NAMES[number % len(NAMES)]
                scheduler.add_task(priority, name, delay=delay * HOUR)
                trial.note(f"s.add_task({priority}, {name!r}, delay={delay * HOUR})")
                added.append((priority, delay, number, name))
            expected = _each_hour(added, range(1, hours + 1))
            shown = f"night_watch(s, clock, {hours})"
            got = _call(trial, shown, "night_watch", function, scheduler, clock, hours)
            _a_list_of_names("night_watch", trial, got, expected)
            if len(got) != len(expected):
                problem = "does not give one name for each hour"
                raise BrokenError("night_watch", problem, _instead(got, expected))
            if clock.now() != start + hours * HOUR:
                raise BrokenError(
                    "night_watch",
                    "does not move the clock on by an hour each time",
                    f"After {counted(hours, 'hour')} the clock should show "
                    f"{start + hours * HOUR:.0f} seconds; it shows {clock.now():.0f}.",
                )
            if got != expected:
                early = _each_hour(added, range(hours)) == got
                problem = "looks before the hour has passed" if early else "gives other names"
                raise BrokenError("night_watch", problem, _instead(got, expected))
            _all_completed("night_watch", scheduler, len(got) - got.count("nothing"))

        return scenario

    def task(random: Random) -> tuple[int, int]:
        return random.randint(1, 3), random.randint(0, 6)

    # The usual night first; then one that starts later; then those that end before all is done.
    for start, more, shortest in ((0.0, 1, 0), (9000.0, 1, 0), (0.0, -1, 2), (0.0, 0, 0)):
        small = sequences([(2, 1), (2, 2), (1, 0), (1, 2)], 3, shortest)
        found = smallest_failure(with_settings(start, more), small, random_cases(task, 8, 10))
        if found:
            return found
    return right("one look an hour, and no task before its time.")


def _each_hour(added: list[tuple[int, int, int, str]], moments: range) -> list[str]:
    """What is taken at each of these moments, in hours: of what is due, the most urgent."""
    left, taken = sorted(added), []
    for now in moments:
        first = next((task for task in left if task[1] <= now), None)
        taken.append(first[-1] if first else "nothing")
        if first:
            left.remove(first)
    return taken


# --- what both need -------------------------------------------------------------------------------


def _call(trial: Trial, shown: str, operation: str, function: Any, *args: Any) -> Any:
    """Call a function on a scheduler, its first argument; say it where it took no task."""
    scheduler = args[0]
    try:
        return trial.call(shown, operation, function, *args)
    except BrokenError as broke:
        counts = scheduler.metrics()
        none_taken = counts.added == counts.pending
        if none_taken and broke.problem == f"raises {InvalidTransitionError.__name__}":
            broke.detail += (
                "\nIt was never handed out: pending_tasks() shows tasks, get_next_task() takes one."
                "\nOnly a task that was taken can be completed."
            )
        raise


def _priority(random: Random) -> int:
    return random.randint(1, 5)


def _instead(got: list[str], expected: list[str]) -> str:
    return f"It returned {got!r}; it should return {expected!r}."


def _a_list_of_names(operation: str, trial: Trial, got: Any, expected: list[str]) -> None:
    from sched import Task

    if got is None:
        detail = (
            "A function gives its result with return, in its last line. If yours has one, it "
            "returns None: names.append(...) changes the list, and gives None back."
        )
        raise BrokenError(operation, "returns nothing", detail)
    if not isinstance(got, list):
        trial.lines[-1] += f"    # returned {got!r}"
        raise BrokenError(operation, "does not return a list", f"It should return {expected!r}.")
    if any(isinstance(item, Task) for item in got):
        detail = "Put task.name into the list, not the task itself."
        raise BrokenError(operation, "gives tasks, and not their names", detail)
    trial.lines[-1] += f"    # returned {got!r}"
    if None in got:
        detail = 'Where no task was ready, put the word "nothing" into the list.'
        raise BrokenError(operation, "puts None into the list", detail)


def _all_completed(operation: str, scheduler: Any, taken: int) -> None:
    if taken and scheduler.metrics().added == scheduler.metrics().pending:
        detail = "pending_tasks() shows the tasks; get_next_task() takes one."
        raise BrokenError(operation, "names the tasks and takes none", detail)
    if scheduler.metrics().succeeded != taken:
        detail = "After each task, tell the scheduler: scheduler.complete(task)."
        raise BrokenError(operation, "takes tasks and does not complete them", detail)


# --- a diagnosis ----------------------------------------------------------------------------------


@exercise("00", "Diagnosis: a search that is broken", "a fault and a list, as in ('A', [2, 1])")
def diagnose_00(answer: Any) -> Verdict:
    """Check a diagnosis of broken_next_task: (fault, the shortest priorities that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_00((fault, priorities))")
    if unfit:
        return unfit
    fault, priorities = answer
    if not all_numbers(priorities):
        return wrong("the list", "should hold numbers, such as [2, 1]")
    values = list(priorities)
    untyped: Any = comes_out
    out: list[int] = untyped(values)
    if out == sorted(out):
        return wrong("the list", f"does not show the fault: {out} comes out, in order")
    if len(values) > 3:
        return wrong("the list", f"shows the fault ({out} comes out), but a shorter one can")
    if fault.strip().upper() != "C":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {values} goes in, {out} comes out. Follow the loop on "
            "paper: what is best after each task?",
        )
    return right(f"{values} goes in, {out} comes out, and no shorter list shows it.")
