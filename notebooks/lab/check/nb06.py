"""Notebook 06: a FIFO for each level, what waits, many items at once, merging two sorted lists."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from random import Random
from typing import Any

from ..broken import BrokenLevels
from .counting import Counted, Counter
from .exercises import exercise, is_number, need_class, need_diagnosis, need_function
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


def _name(number: int) -> str:
    return NAMES[number] if number < len(NAMES) else f"task {number}"


def _job(number: int) -> dict[str, str]:
    """A task that cannot be compared with another, nor be a key."""
    return {"do": _name(number)}


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
        # The worst order for pushes: each new item is smaller than all before it.
        for there, new in ((0, 63), (1, 1000), (5000, 2), (511, 1), (400, 40), (1000, 700)):
            counter = Counter()
            heap = [Counted(n, counter) for n in range(there)]
            items = [Counted(-n, counter) for n in range(1, new + 1)]
            Trial().call("bulk_add(heap, items)", "bulk_add", function, heap, items)
            pushed = new * (there + new).bit_length()
            built = 2 * (there + new)
            if counter.comparisons > 1.2 * min(pushed, built) + 8:
                how = f"{new:,} items" if new > 1 else "1 item"
                where = f"a heap of {there:,}" if there else "an empty heap"
                cheaper = "to push each" if pushed < built else "to heapify all"
                raise BrokenError(
                    "bulk_add",
                    "compares more items than it has to",
                    f"Adding {how} to {where} took {counter.comparisons:,} comparisons; "
                    f"{cheaper} takes {min(pushed, built):,} at most.",
                )

    small = sequences([1, 2, 3, 4], 4)
    return (
        smallest_failure(into([2, 3]), small, random_cases(_number, 30), _less)
        or smallest_failure(into([]), sequences([1, 2], 2))
        or run(cost, [])
        or right("a heap each time, in the way that compares less.")
    )


# --- a FIFO for each level ------------------------------------------------------------------------


@exercise("06", "A FIFO for each level", "your class, as in levels(Levels)")
def levels(mine: Any) -> Verdict:
    """Check a class with ``add(priority, name)`` and ``take()``. A case: priorities, "take"."""
    unfit = need_class(mine, "check.levels(Levels)", "add", "take")
    if unfit:
        return unfit

    def with_tasks(kind: Callable[[int], Any]) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            queue = trial.call("Levels()", "Levels", mine)
            trial.lines[-1] = "queue = Levels()"
            pending: list[tuple[int, int, Any]] = []
            for number, step in enumerate(case):
                if step == "take":
                    got = trial.call("queue.take()", "take", queue.take)
                    trial.lines[-1] += f"    # returned {got!r}"
                    _took(got, pending)
                else:
                    task = kind(number)
                    trial.call(f"queue.add({step}, {task!r})", "add", queue.add, step, task)
                    pending.append((step, number, task))

        return scenario

    def cost(_trial: Trial, _case: Case) -> None:
        counter, n = Counter(), 300
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
    odd: list[Case] = [[81_542], [0.5], [0, -1, "take"], [1, 1.0, "take", "take"]]
    odd += [[0.75, 0.5, "take"], [0.5, 2, "take", "take"]]
    return (
        smallest_failure(with_tasks(_name), small, random_cases(step, 40, 20))
        or smallest_failure(with_tasks(_name), odd)
        or smallest_failure(with_tasks(_job), sequences([1, 2, "take"], 4))
        or run(cost, [])
        or right("the most urgent level first, first in, first out within it, and few comparisons.")
    )


def _took(got: Any, pending: list[tuple[int, int, Any]]) -> None:
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
    its = _those(got, pending)
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


def _those(got: Any, pending: list[tuple[Any, int, Any]]) -> list[tuple[Any, int, Any]]:
    """The pending tasks that this is: no class of the learner's decides what is equal."""
    return [entry for entry in pending if type(got) is type(entry[2]) and got == entry[2]]


# --- what waits -----------------------------------------------------------------------------------

START = 100  # the clock does not begin at zero
LATER = 5  # seconds


@exercise("06", "The waiting side of a scheduler", "your class, as in waiting(Waiting)")
def waiting(mine: Any) -> Verdict:
    """Check a class with ``add(due, task)`` and ``take(now)``. A case: delays, "take", "later"."""
    unfit = need_class(mine, "check.waiting(Waiting)", "add", "take")
    if unfit:
        return unfit

    def with_tasks(kind: Callable[[int], Any]) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            side = trial.call("Waiting()", "Waiting", mine)
            trial.lines[-1] = "waiting = Waiting()"
            now = START
            pending: list[tuple[float, int, Any]] = []
            for number, step in enumerate(case):
                if step == "later":
                    now += LATER
                elif step == "take":
                    got = trial.call(f"waiting.take({now})", "take", side.take, now)
                    trial.lines[-1] += f"    # returned {got!r}"
                    _came(got, pending, now)
                else:
                    task, due = kind(number), now + step
                    shown = f"waiting.add({due}, {task!r})"
                    trial.call(shown, "add", side.add, due, task)
                    pending.append((due, number, task))

        return scenario

    def cost(_trial: Trial, _case: Case) -> None:
        counter, n = Counter(), 200
        side = Trial().call("Waiting()", "Waiting", mine)
        for due in Random(6).sample(range(n), n):
            task = f"task {due}"
            Trial().call("add", "add", side.add, Counted(START + due, counter), task)
        for now in (*[0] * n, *range(START, START + n)):  # first, nothing is due for a while
            Trial().call("take", "take", side.take, now)
        if counter.comparisons > 50 * n:
            raise BrokenError(
                "Waiting",
                "looks at every waiting task again and again",
                f"{n} tasks, added and taken, took {counter.comparisons:,} comparisons of times. "
                f"A heap makes do with {24 * n:,}, and so does one sort.",
            )

    def step(random: Random) -> Any:
        return random.choice([0, 0.5, 5, random.randint(1, 30), "take", "take", "later"])

    small = sequences([0, LATER, "take", "later"], 5)
    return (
        smallest_failure(with_tasks(_name), small, random_cases(step, 40, 20))
        or smallest_failure(with_tasks(_job), sequences([0, "take"], 4))
        or run(cost, [])
        or right("whoever is due first comes first, nobody too early, and few comparisons.")
    )


def _came(got: Any, pending: list[tuple[float, int, Any]], now: float) -> None:
    """Compare what was taken with the first that is due, and take that out."""
    due = [entry for entry in pending if entry[0] <= now]
    first = min(due, key=lambda entry: entry[:2], default=None)
    its = [] if got is None else _those(got, pending)
    if first is None:
        if got is None:
            return
        detail = f"Nothing is due at {now}, so it should return None; it returned {got!r}."
        early = "takes a task before it is due"
        raise BrokenError(
            "take", early if its else "returns something where nothing is due", detail
        )
    detail = f"It returned {got!r}; it should return {first[2]!r}, due at {first[0]}."
    if got is None:
        raise BrokenError("take", "returns None where a task is due", detail)
    if not its:
        raise BrokenError("take", "returns something else than a task", detail)
    if its[0] == first:
        pending.remove(first)
    elif its[0][0] == first[0]:
        detail = f"Both are due at {first[0]}, and {first[2]!r} was added first. {detail}"
        raise BrokenError("take", "is not first in, first out", detail)
    elif its[0][0] > now:
        raise BrokenError("take", "takes a task before it is due", detail)
    else:
        raise BrokenError("take", "does not take what is due first", detail)


# --- two sorted lists into one --------------------------------------------------------------------


@exercise("06", "Merging two sorted lists", "your function, as in merge(merge)")
def merge(function: Any) -> Verdict:
    """Check ``merge(a, b)`` for sorted lists of (time, name). A case holds (list, time)."""
    unfit = need_function(function, "merge", "check.merge(merge)")
    if unfit:
        return unfit

    def with_tasks(kind: Callable[[int], Any]) -> Scenario:
        return partial(scenario, kind)

    def scenario(kind: Callable[[int], Any], trial: Trial, case: Case) -> None:
        times = {which: sorted(t for w, t in case if w == which) for which in "ab"}
        names = map(kind, count())
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
        if got is a or got is b:
            detail = "Whoever changes the result would change that list, too: give a copy."
            raise BrokenError("merge", "returns a list that it was given, and no new one", detail)
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
        return random.choice("ab"), random.choice([0, 0.5, random.randint(1, 9)])

    def cases() -> Iterator[Case]:
        return sequences([("a", 1), ("b", 1), ("a", 2), ("b", 2)], 4)

    return (
        smallest_failure(with_tasks(_name), cases(), random_cases(item, 20))
        or smallest_failure(with_tasks(_job), sequences([("a", 1), ("b", 1)], 3))
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
    if not all(_is_seconds(d) for d in delays):
        return wrong("the list", "should hold numbers of seconds, from 0 to 1,000")
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


def _is_seconds(delay: Any) -> bool:
    return is_number(delay) and 0 <= float(delay) <= 1000


def comes_out(delays: list[float]) -> list[int]:
    """Tasks 0, 1, 2 ... added 10 seconds apart, and taken when all are due: in which order?"""
    make: Any = BrokenLevels  # written without types
    scheduler = make()
    for number, delay in enumerate(delays):
        scheduler.add_task(1, number, APART * number, delay)
    end = APART * len(delays) + max(delays, default=0)
    return [scheduler.get_next_task(end) for _ in delays]
