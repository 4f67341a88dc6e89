"""Notebook 06: many items into a heap at once, a FIFO for each level, merging two sorted lists."""

from collections.abc import Iterator
from random import Random
from typing import Any

from ..broken import BrokenLevels
from .counting import Counted, Counter
from .exercises import exercise, need_class, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import (
    Case,
    Scenario,
    Verdict,
    random_cases,
    right,
    run,
    sequences,
    smallest_failure,
    wrong,
)

NAMES = ["mail", "backup", "report", "cleanup", "invoice", "alert", "sync", "archive"]


def _number(random: Random) -> int:
    return random.randint(1, 30)


def _less(value: Any) -> list[Any]:
    return [n for n in (1, value // 2, value - 1) if 0 < n < value]


# --- many at once ---------------------------------------------------------------------------------


@exercise("06", "Many items into a heap at once", "your function, as in bulk_add(bulk_add)")
def bulk_add(function: Any) -> Verdict:
    """Check ``bulk_add(heap, items)``. A case holds the items."""
    unfit = need_function(function, "bulk_add", "check.bulk_add(bulk_add)")
    if unfit:
        return unfit

    def into(start: list[int]) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            heap = list(start)
            trial.note(f"heap = {heap!r}")
            trial.call(f"bulk_add(heap, {case!r})", "bulk_add", function, heap, list(case))
            trial.lines[-1] += f"    # heap is now {heap!r}"
            expected = sorted([*start, *case])
            if not all(type(item) is int for item in heap) or sorted(heap) != expected:
                detail = f"The heap should hold the items {expected}, in some order."
                raise BrokenError("bulk_add", "does not put the items into the heap", detail)
            for i in range(1, len(heap)):
                if heap[i] < heap[(i - 1) // 2]:
                    parent = heap[(i - 1) // 2]
                    detail = f"{heap[i]} at index {i} is smaller than its parent, {parent}."
                    raise BrokenError("bulk_add", "leaves a list that is no heap", detail)

        return scenario

    def cost(_trial: Trial, _case: Case) -> None:
        shuffled = Random(6).sample(range(63), 63)
        for there, items in ((0, shuffled), (0, range(63, 0, -1)), (511, [-1])):
            counter = Counter()
            heap = [Counted(n, counter) for n in range(there)]
            new = [Counted(n, counter) for n in items]
            Trial().call("bulk_add(heap, items)", "bulk_add", function, heap, new)
            enough = 2 * len(new) if there == 0 else 20
            if counter.comparisons > enough:
                how = f"{len(new)} items" if len(new) > 1 else "1 item"
                where = f"a heap of {there}" if there else "an empty heap"
                raise BrokenError(
                    "bulk_add",
                    "compares more items than it has to",
                    f"Adding {how} to {where} took {counter.comparisons:,} comparisons; "
                    f"{enough} are enough.",
                )

    small = sequences([1, 2, 3, 4], 4)
    return (
        smallest_failure(into([2, 3]), small, random_cases(_number, 30), _less)
        or run(cost, [])
        or right("a heap each time: many items cost two comparisons each, one costs log n.")
    )


# --- a FIFO for each level ------------------------------------------------------------------------


@exercise("06", "A FIFO for each level", "your class, as in levels(Levels)")
def levels(mine: Any) -> Verdict:
    """Check a class with ``add(priority, name)`` and ``take()``. A case: priorities, "take"."""
    unfit = need_class(mine, "check.levels(Levels)", "add", "take")
    if unfit:
        return unfit

    def scenario(trial: Trial, case: Case) -> None:
        queue = trial.call("Levels()", "Levels", mine)
        trial.lines[-1] = "queue = Levels()"
        pending: list[tuple[int, int, str]] = []
        for number, step in enumerate(case):
            if step == "take":
                got = trial.call("queue.take()", "take", queue.take)
                trial.lines[-1] += f"    # returned {got!r}"
                _took(got, pending)
            else:
                name = NAMES[number % len(NAMES)] if number < len(NAMES) else f"task {number}"
                trial.call(f"queue.add({step}, {name!r})", "add", queue.add, step, name)
                pending.append((step, number, name))

    def cost(_trial: Trial, _case: Case) -> None:
        counter, n = Counter(), 1000
        queue = Trial().call("Levels()", "Levels", mine)
        for i in range(n):
            Trial().call("add", "add", queue.add, Counted(i % 3, counter), f"task {i}")
        for _ in range(n):
            Trial().call("take", "take", queue.take)
        if counter.comparisons > 6 * n:
            raise BrokenError(
                "Levels",
                "compares tasks, not levels",
                f"{n} tasks of 3 priorities, added and taken, took {counter.comparisons:,} "
                f"comparisons of priorities. With a queue for each level, {6 * n:,} are plenty.",
            )

    def step(random: Random) -> Any:
        return random.choice([1, 2, 3, "take", "take"])

    small = sequences([1, 2, "take"], 6)
    return (
        smallest_failure(scenario, small, random_cases(step, 40, 20))
        or smallest_failure(scenario, [[81_542], [0.5], [0, -1, "take"]])
        or run(cost, [])
        or right("the most urgent level first, first in, first out within it, and few comparisons.")
    )


def _took(got: Any, pending: list[tuple[int, int, str]]) -> None:
    """Compare what was taken with the first of what is pending, and take that out."""
    if not pending:
        if got is not None:
            detail = f"Nothing is left, so it should return None; it returned {got!r}."
            raise BrokenError("take", "returns something where nothing is left", detail)
        return
    first = min(pending, key=lambda task: task[:2])
    detail = f"It returned {got!r}; it should return {first[2]!r}."
    if got is None:
        raise BrokenError("take", "returns None where a task is left", detail)
    its = [task for task in pending if type(got) is str and task[2] == got]
    if not its:
        raise BrokenError("take", "returns something else than the name of a task", detail)
    if its[0] == first:
        pending.remove(first)
    elif its[0][0] == first[0]:
        detail = f"Both have priority {first[0]}, and {first[2]!r} was added first. {detail}"
        raise BrokenError("take", "is not first in, first out", detail)
    else:
        detail += f" Priority {first[0]} is more urgent than {its[0][0]}."
        raise BrokenError("take", "does not take from the most urgent level", detail)


# --- two sorted lists into one --------------------------------------------------------------------


@exercise("06", "Merging two sorted lists", "your function, as in merge(merge)")
def merge(function: Any) -> Verdict:
    """Check ``merge(a, b)`` for sorted lists of (time, name). A case holds (list, time)."""
    unfit = need_function(function, "merge", "check.merge(merge)")
    if unfit:
        return unfit

    def scenario(trial: Trial, case: Case) -> None:
        times = {which: sorted(t for w, t in case if w == which) for which in "ab"}
        names = iter(["mail", "backup", "alert", *(f"task {n}" for n in range(len(case)))])
        a = [(t, next(names)) for t in times["a"]]
        b = [(t, next(names)) for t in times["b"]]
        before = list(a), list(b)
        trial.note(f"a, b = {a!r}, {b!r}")
        got = trial.call("merge(a, b)", "merge", function, a, b)
        trial.lines[-1] += f"    # returned {got!r}"
        expected = sorted([*before[0], *before[1]], key=lambda task: task[0])
        detail = f"It should return {expected!r}."
        if not isinstance(got, list):
            raise BrokenError("merge", "does not return a list", detail)
        if len(got) != len(expected) or any(task not in got for task in expected):
            raise BrokenError("merge", "does not return each task once", detail)
        if [task[0] for task in got] != [task[0] for task in expected]:
            raise BrokenError("merge", "returns a list that is not sorted", detail)
        if got != expected:
            detail = f"Where the times are equal, those of a go first. {detail}"
            raise BrokenError("merge", "changes the order of equals", detail)
        if (a, b) != before:
            detail = f"Afterwards a is {a!r} and b is {b!r}."
            raise BrokenError("merge", "changes the lists that it was given", detail)

    def cost(_trial: Trial, _case: Case) -> None:
        counter, n = Counter(), 60
        shuffled = Random(6).sample(range(2 * n), 2 * n)
        a, b = sorted(shuffled[:n]), sorted(shuffled[n:])
        pairs = [[(Counted(t, counter), f"task {t}") for t in times] for times in (a, b)]
        Trial().call("merge(a, b)", "merge", function, *pairs)
        if counter.comparisons > 5 * n:
            raise BrokenError(
                "merge",
                "compares more tasks than it has to",
                f"Two lists of {n} took {counter.comparisons:,} comparisons; {2 * n} are enough: "
                "one for each task that is put into the result.",
            )

    def item(random: Random) -> Any:
        return random.choice("ab"), random.randint(1, 9)

    def cases() -> Iterator[Case]:
        return sequences([("a", 1), ("b", 1), ("a", 2), ("b", 2)], 4)

    return (
        smallest_failure(scenario, cases(), random_cases(item, 20))
        or run(cost, [])
        or right("one list, in order, equals as they were, and about one comparison for each task.")
    )


# --- a diagnosis ----------------------------------------------------------------------------------

APART = 10  # seconds from one task to the next


@exercise(
    "06",
    "Diagnosis: a level that is out of order",
    "a fault and a list of delays, as in ('A', [0, 0, 0])",
)
def diagnose_06(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenLevels: (fault, delays of tasks added 10 seconds apart)."""
    unfit = need_diagnosis(answer, "check.diagnose_06((fault, delays))")
    if unfit:
        return unfit
    fault, delays = answer
    if not all(type(d) is int and 0 <= d <= 1000 for d in delays):
        return wrong("the list", "should hold whole numbers of seconds, from 0 to 1,000")
    expected = sorted(range(len(delays)), key=lambda i: (APART * i + delays[i], i))
    got = comes_out(list(delays))
    if got == expected:
        return wrong(
            "the list",
            "comes out in order",
            f"Tasks {expected}: that is right. A task has to come out of turn.",
        )
    if len(delays) > 2:
        return wrong(
            "the list",
            "can be shorter",
            f"It comes out as {got}, and should as {expected}: a good proof. "
            "How few tasks are enough?",
        )
    if fault.strip().upper() != "C":
        return wrong(
            "the fault",
            "is another one",
            f"Your list is a good one: it comes out as {got}, and should as {expected}. "
            "Follow the delayed task: where in its level is it put, and who stands there already?",
        )
    return right(f"the tasks come out as {got}, and should as {expected}.")


def comes_out(delays: list[int]) -> list[int]:
    """Tasks 0, 1, 2 ... added 10 seconds apart, and taken when all are due: in which order?"""
    make: Any = BrokenLevels  # written without types
    scheduler = make()
    for number, delay in enumerate(delays):
        scheduler.add_task(1, number, APART * number, delay)
    end = APART * len(delays) + max(delays, default=0)
    return [scheduler.get_next_task(end) for _ in delays]
