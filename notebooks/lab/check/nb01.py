"""Notebook 01, the schedulers: first come first served among equals, two sides, a diagnosis."""

from collections.abc import Callable
from random import Random
from typing import Any

from ..broken import BrokenHeap, OneQueue
from .exercises import all_numbers, exercise, need_class, need_diagnosis
from .running import BrokenError, Trial
from .searching import (
    Case,
    Verdict,
    random_cases,
    right,
    run,
    sequences,
    smallest_failure,
    wrong,
)

NAMES = ["mail", "backup", "report", "cleanup", "invoice", "alert", "sync", "archive"]


# --- schedulers -----------------------------------------------------------------------------------


@exercise(
    "01", "Equal priorities: first come, first served", "your class, as in tie_break(MyScheduler)"
)
def tie_break(scheduler: Any) -> Verdict:
    """Check a class with ``add_task(priority, task_name)`` and ``get_next_task()``."""
    call = "check.tie_break(MyScheduler)"
    unfit = need_class(scheduler, call, "add_task", "get_next_task")
    if unfit:
        return unfit

    def with_names(names: list[Any]) -> Callable[[Trial, Case], None]:
        def scenario(trial: Trial, case: Case) -> None:
            mine = _new(trial, "s", scheduler)
            pending: list[tuple[int, int, Any]] = []
            for number, step in enumerate(case):
                if step == "next":
                    got = trial.call("s.get_next_task()", "get_next_task", mine.get_next_task)
                    trial.lines[-1] += f"    # returned {got!r}"
                    expected = min(pending, key=lambda t: t[:2], default=None)
                    _took_first(got, expected, pending)
                    if expected:
                        pending.remove(expected)
                else:
                    name = names[number % len(names)]
                    shown = f"s.add_task({step}, {name!r})"
                    trial.call(shown, "add_task", mine.add_task, step, name)
                    pending.append((step, number, name))

        return scenario

    def step(random: Random) -> Any:
        return random.choice([1, 2, 3, "next", "next"])

    shared = _shared(scheduler)
    if shared:
        return shared
    dicts = [{"id": n} for n in range(40, 0, -1)]
    for names in (NAMES, dicts):
        small = sequences([1, 2, "next"], 6 if names is NAMES else 4)
        found = smallest_failure(with_names(names), small, random_cases(step, 30, 20))
        if found:
            return found
    # Whoever adds a little to the priority for each task has it reach the next one some day.
    found = smallest_failure(with_names(NAMES), [[2.000001, 2, "next"]])
    return found or right(
        "the most urgent comes first, and among equals the one that was added first."
    )


def _took_first(got: Any, expected: Any, pending: list[tuple[int, int, Any]]) -> None:
    if expected is None:
        if got is not None:
            detail = f"Nothing is left, so it should return None; it returned {got!r}."
            raise BrokenError("get_next_task", "returns something where nothing is left", detail)
        return
    priority, _, name = expected
    if type(got) is type(name) and got == name:
        return
    its = [p for p, _, n in pending if type(n) is type(got) and n == got]
    detail = f"It returned {got!r}; it should return {name!r}."
    if got is None:
        raise BrokenError("get_next_task", "returns None where a task is left", detail)
    if not its:
        raise BrokenError("get_next_task", "returns something else than the name of a task", detail)
    if its[0] == priority:
        detail = f"Both have priority {priority}, and {name!r} was added first. {detail}"
        raise BrokenError("get_next_task", "does not keep equal priorities in order", detail)
    detail += f" Priority {priority} is more urgent than {its[0]}."
    raise BrokenError("get_next_task", "does not return the most urgent task", detail)


def _new(trial: Trial, name: str, scheduler: Any) -> Any:
    made = f"{scheduler.__name__}()"
    return trial.call(f"{name} = {made}", made, scheduler)


def _shared(scheduler: Any, *now: float) -> Verdict | None:
    """Whether two schedulers share their tasks; then a case depends on those before it."""

    def scenario(trial: Trial, _case: Case) -> None:
        try:
            one = _new(trial, "one", scheduler)
            two = _new(trial, "two", scheduler)
            trial.call("one.add_task(1, 'mail')", "add_task", one.add_task, 1, "mail")
            shown = f"two.get_next_task({', '.join(map(str, now))})"
            got = trial.call(shown, "get_next_task", two.get_next_task, *now)
        except BrokenError:
            return  # another fault, for the other cases to show
        if got is not None:
            raise BrokenError(
                "add_task",
                "puts its tasks where every scheduler finds them",
                f"Scheduler two returned {got!r}, which was added to scheduler one. Make the "
                "list in __init__, so that each scheduler has its own.",
            )

    return run(scenario, [])


@exercise("01", "Two sides: waiting and ready", "your class, as in two_sides(TwoSides)")
def two_sides(scheduler: Any) -> Verdict:
    """Check ``add_task(priority, task_name, delay=0)`` and ``get_next_task(now)``.

    All tasks are added at time 0. A case is a list of tasks (priority, delay) and of numbers: that
    many seconds pass, and a task is taken.
    """
    call = "check.two_sides(TwoSides)"
    unfit = need_class(scheduler, call, "add_task", "get_next_task")
    if unfit:
        return unfit

    def with_names(names: list[Any]) -> Callable[[Trial, Case], None]:
        def scenario(trial: Trial, case: Case) -> None:
            mine = _new(trial, "s", scheduler)
            pending: list[tuple[int, float, Any]] = []
            now = 0
            for number, step in enumerate(sorted(case, key=_when)):
                if isinstance(step, tuple):
                    (priority, delay), name = step, names[number % len(names)]
                    if isinstance(name, str):
                        name += "!" * (number // len(names))
                    more = f", delay={delay}" if delay else ""
                    args = (priority, name, delay) if delay else (priority, name)
                    shown = f"s.add_task({priority}, {name!r}{more})"
                    trial.call(shown, "add_task", mine.add_task, *args)
                    pending.append((priority, delay, name))
                else:
                    now += step
                    shown = f"s.get_next_task({now})"
                    got = trial.call(shown, "get_next_task", mine.get_next_task, now)
                    trial.lines[-1] += f"    # returned {got!r}"
                    taken = _took_due(got, now, pending)
                    if taken:
                        pending.remove(taken)

        return scenario

    tasks = [(1, 0), (2, 0), (1, 2), (2, 1), (2, 2)]
    small = (
        [*added, *moments]
        for length in range(1, 6)
        for takes in range(1, min(length, 3) + 1)
        for added in (sequences(tasks, length - takes, shortest=length - takes))
        for moments in sequences([0, 1, 2], takes, shortest=takes)
        if length - takes <= 3
    )

    def step(random: Random) -> Any:
        if random.random() < 0.5:
            return (random.randint(1, 4), random.choice([0, 1, 2, 5]))
        return random.choice([0, 0, 1])

    shared = _shared(scheduler, 0)
    if shared:
        return shared
    dicts = [{"id": n} for n in range(40, 0, -1)]
    overtaking = [(1, 0), (1, 2), 0, (1, 2), 2]  # a number that is given twice shows in this one
    few = [[(1, 0), (1, 0), 0], overtaking[:4], overtaking]
    for names, cases in ((NAMES, small), (dicts, iter(few))):
        found = smallest_failure(with_names(names), cases, random_cases(step, 30))
        if found:
            return found
    return right("no task runs before its time, and of those that are due the most urgent is next.")


def _when(step: Any) -> bool:
    """Tasks are added at second 0, between what is taken then; what is taken later comes after."""
    return not isinstance(step, tuple) and step > 0


def _took_due(
    got: Any, now: float, pending: list[tuple[int, float, Any]]
) -> tuple[int, float, Any] | None:
    """The task that was taken, or None for none; BrokenError if it is the wrong one."""
    due = [task for task in pending if task[1] <= now]
    best = min(due, key=lambda t: t[:2], default=None)
    if got is None:
        if best is None:
            return None
        detail = f"At time {now}, {best[2]!r} is due (it may run from {best[1]}), and it is left."
        raise BrokenError("get_next_task", "returns None where a task is due", detail)
    taken = next((t for t in pending if type(got) is type(t[2]) and t[2] == got), None)
    if taken is None:
        detail = f"It returned {got!r}, which is not the name of a task that is left."
        raise BrokenError("get_next_task", "returns something else than the name of a task", detail)
    if taken[1] > now:
        detail = f"At time {now} it returned {got!r}, which may not run before {taken[1]}."
        raise BrokenError("get_next_task", "returns a task before its time", detail)
    if best is not None and best[0] < taken[0]:
        detail = (
            f"At time {now} both {got!r} (priority {taken[0]}) and {best[2]!r} "
            f"(priority {best[0]}) are due: the second is more urgent."
        )
        raise BrokenError(
            "get_next_task", "does not return the most urgent of the due tasks", detail
        )
    # Of two equals, one may be due first and the other added first: either order will do.
    for task in pending[: pending.index(taken)]:
        if task[0] == taken[0] and task[1] <= taken[1]:
            detail = f"Both have priority {task[0]}, and {task[2]!r} was added before {got!r}."
            raise BrokenError("get_next_task", "does not keep equal priorities in order", detail)
    return taken


# --- two diagnoses --------------------------------------------------------------------------------


@exercise(
    "01",
    "Diagnosis: a queue in which tasks are held up",
    "a fault and a list of pairs, as in ('A', [(4, 2)])",
)
def diagnose_one_queue(answer: Any) -> Verdict:
    """Check a diagnosis of OneQueue: (fault, the shortest list of (priority, delay) for it)."""
    unfit = need_diagnosis(answer, "check.diagnose_one_queue((fault, pairs))")
    if unfit:
        return unfit
    fault, pairs = answer
    if not all(isinstance(p, tuple | list) and len(p) == 2 and all_numbers(p) for p in pairs):
        return wrong("the list", "should hold pairs of numbers, priority and delay, such as (1, 0)")
    if any(delay < 0 for _, delay in pairs):
        return wrong("the list", "holds a delay below 0: nobody can wait for that")
    held_up = _held_up([tuple(pair) for pair in pairs])
    if held_up is None:
        return wrong(
            "the list", "does not show the fault: whenever a task may run, one is handed out"
        )
    second, task = held_up
    shown = f"in second {second} nothing is handed out, and the task of priority {task} may run"
    if len(pairs) > 2:
        return wrong("the list", f"shows the fault ({shown}), but a shorter one can")
    if fault.strip().upper() != "C":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {shown}.\nWho stands in front of it then?",
        )
    return right(f"{shown}. No shorter list shows it.")


def _held_up(pairs: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The first second in which a task that is due stays behind, and the priority of that task.

    One task is taken in each second; seconds in which nothing changes are passed over.
    """
    untyped: Any = OneQueue
    queue = untyped()
    left: dict[int, tuple[int, int]] = dict(enumerate(pairs))
    for number, (priority, delay) in left.items():
        queue.add_task(priority, number, delay)
    second = 0
    while left:
        taken = queue.get_next_task(second)
        due = [priority for priority, delay in left.values() if delay <= second]
        if taken is not None:
            del left[taken]
            second += 1
        elif due:
            return second, min(due)
        else:
            second = min(delay for _, delay in left.values())
    return None


@exercise("01", "Diagnosis: a heap that is broken", "a fault and a list, as in ('A', [2, 1])")
def diagnose_01(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenHeap: (fault, the shortest list of priorities that shows it)."""
    unfit = need_diagnosis(answer, "check.diagnose_01((fault, priorities))")
    if unfit:
        return unfit
    fault, priorities = answer
    if not all_numbers(priorities):
        return wrong("the list", "should hold numbers, such as [3, 1, 2]")
    values = list(priorities)
    out = _comes_out(values)
    if out == sorted(out):
        return wrong("the list", f"does not show the fault: {out} comes out, in order")
    for size in range(1, len(values)):
        if any(_comes_out(v) != sorted(v) for v in sequences(range(1, size + 1), size, size)):
            return wrong("the list", f"shows the fault ({out} comes out), but a shorter one can")
    if fault.strip().upper() != "B":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {values} goes in, {out} comes out. Follow the first pop "
            "on paper: which items does it compare?",
        )
    return right(f"{values} goes in, {out} comes out, and no shorter list shows it.")


def _comes_out(values: list[int]) -> list[int]:
    untyped: Any = BrokenHeap
    broken = untyped()
    for value in values:
        broken.push(value)
    return [broken.pop() for _ in values]
