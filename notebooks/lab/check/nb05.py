"""Notebook 05: counting comparisons, naming a growth, keeping a list sorted."""

from collections.abc import Callable
from math import log2
from random import Random
from typing import Any

from .counting import Counted, Counter
from .exercises import exercise, need_class, need_diagnosis, need_function
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


# --- counting -------------------------------------------------------------------------------------


@exercise("05", "Counting comparisons", "your class, as in counted(Counted)")
def counted(mine: Any) -> Verdict:
    """Check ``Counted(value)``: ``<`` compares, and adds one to ``Counted.comparisons``."""
    unfit = need_class(mine, "check.counted(Counted)", "__init__", "__lt__")
    if unfit:
        return unfit
    if not isinstance(getattr(mine, "comparisons", None), int):
        return wrong("Counted.comparisons", "is not there: put comparisons = 0 into the class")

    def scenario(trial: Trial, case: Case) -> None:
        mine.comparisons = 0
        trial.note("Counted.comparisons = 0")
        items = []
        for value in case:
            items.append(trial.call(f"Counted({value})", "Counted", mine, value))
            trial.lines.pop()
        trial.note(f"items = [{', '.join(f'Counted({value})' for value in case)}]")
        places = {id(item): n for n, item in enumerate(items)}
        counter = Counter()
        theirs = [(Counted(value, counter), n) for n, value in enumerate(case)]
        theirs.sort(key=lambda pair: pair[0])
        got = trial.call("sorted(items)", "__lt__", sorted, items)
        values = [case[places[id(item)]] for item in got]
        trial.lines[-1] += f"    # values {values}"
        if [places[id(item)] for item in got] != [n for _, n in theirs]:
            detail = f"Sorted, the values should be {sorted(case)}."
            raise BrokenError("__lt__", "does not tell which value is smaller", detail)
        trial.note(f"Counted.comparisons    # is {mine.comparisons!r}")
        if mine.comparisons != counter.comparisons:
            missed = mine.comparisons < counter.comparisons
            problem = "does not count every comparison" if missed else "counts too many"
            times = "once" if counter.comparisons == 1 else f"{counter.comparisons} times"
            detail = f"sorted compared {times}, Counted.comparisons is {mine.comparisons!r}."
            raise BrokenError("__lt__", problem, detail)

    small = sequences([1, 2, 3], 4)
    return smallest_failure(scenario, small, random_cases(_number, 30, 10), _less) or right(
        "it sorts like a number, and not one comparison is missed."
    )


def _number(random: Random) -> int:
    return random.randint(1, 30)


def _less(value: Any) -> list[Any]:
    return [n for n in (1, value // 2, value - 1) if 0 < n < value]


# --- naming a growth ------------------------------------------------------------------------------

GROWTHS: dict[str, Callable[[int], float]] = {
    "O(1)": lambda n: 1.0,  # noqa: ARG005
    "O(log n)": log2,
    "O(n)": float,
    "O(n log n)": lambda n: n * log2(n),
    "O(n^2)": lambda n: float(n * n),
}
WOBBLE = (1.01, 0.99, 1.0, 0.99, 1.01)  # counts are seldom exact


@exercise("05", "Naming a growth", "your function, as in growth(growth)")
def growth(function: Any) -> Verdict:
    """Check ``growth(sizes, counts)``. A case is [name, factor, first size]."""
    unfit = need_function(function, "growth", "check.growth(growth)")
    if unfit:
        return unfit

    def scenario(trial: Trial, case: Case) -> None:
        name, factor, first = case
        sizes = [first * 2**k for k in range(5)]
        counts = [
            round(factor * GROWTHS[name](n) * wobble, 1)
            for n, wobble in zip(sizes, WOBBLE, strict=True)
        ]
        shown = f"growth({sizes}, {counts})"
        got = trial.call(shown, "growth", function, list(sizes), list(counts))
        trial.lines[-1] += f"    # returned {got!r}"
        if got not in GROWTHS:
            detail = f"It returned {got!r}; it should return one of {', '.join(GROWTHS)}."
            raise BrokenError("growth", "returns no name of a growth", detail)
        if got != name:
            last = f"from {sizes[0]:,} to {sizes[-1]:,}"
            detail = (
                f"{last} items, the count grew {counts[-1] / counts[0]:.1f} times: that is {name}."
            )
            raise BrokenError("growth", f"takes {name} for {got}", detail[0].upper() + detail[1:])

    cases = ([name, f, first] for first in (1000, 4000) for f in (10, 1, 250) for name in GROWTHS)
    return smallest_failure(scenario, cases) or right(
        "five growths, told apart by their numbers alone."
    )


# --- a list kept sorted ---------------------------------------------------------------------------


@exercise("05", "Adding to a list that stays sorted", "your function, as in sorted_add(add)")
def sorted_add(add: Any) -> Verdict:
    """Check ``add(tasks, task)`` for tasks (priority, name). A case is a list of priorities."""
    unfit = need_function(add, "add", "check.sorted_add(add)")
    if unfit:
        return unfit

    def scenario(trial: Trial, priorities: Case) -> None:
        tasks: list[Any] = []
        trial.note("tasks = []")
        added: list[tuple[int, str]] = []
        for number, priority in enumerate(priorities):
            task = (priority, NAMES[number % len(NAMES)])
            added.append(task)
            expected = sorted(added, key=lambda t: t[0])
            trial.call(f"add(tasks, {task!r})", "add", add, tasks, task)
            if tasks == expected:
                continue
            trial.note(f"tasks    # is {tasks!r}")
            detail = f"tasks should be {expected!r}."
            if sorted(map(repr, tasks)) != sorted(map(repr, expected)):
                problem = "does not put the task into the list, and nothing else"
            elif [t[0] for t in tasks] == [t[0] for t in expected]:
                problem = "does not keep equal priorities in order"
                detail = f"Of two equal priorities, the one added first comes first: {detail}"
            else:
                problem = "leaves the list unsorted"
            raise BrokenError("add", problem, detail)

    def cost(_trial: Trial, case: Case) -> None:
        counter = Counter()
        size = len(case)
        for new in (0, size // 2, size):  # a scan is quick from one end only
            tasks = [(Counted(n, counter), "mail") for n in range(size)]
            counter.comparisons = 0
            task = (Counted(new, counter), "backup")
            Trial().call("add(tasks, task)", "add", add, tasks, task)
            if counter.comparisons > size.bit_length() + 2:
                raise BrokenError(
                    "add",
                    "compares more tasks than it has to",
                    f"Adding one task to {size} took {counter.comparisons} comparisons. Halving "
                    f"the list again and again, {size.bit_length()} are enough.",
                )

    small = sequences([1, 2, 3], 5)
    return (
        smallest_failure(scenario, small, random_cases(_number, 30), _less)
        or run(cost, list(range(127)))
        or right("the list stays sorted, equals stay in order, and few tasks are compared.")
    )


# --- a diagnosis ----------------------------------------------------------------------------------

MANY = 128  # numbers to arrange


@exercise(
    "05",
    "Diagnosis: a sort that is too cheap",
    "a fault and a list, as in ('A', [0, 1, 2, 3])",
)
def diagnose_05(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenNaiveSort: (fault, an order of 0 to 127 that is work to sort).

    So many, because Timsort sorts a short list by insertion, and merges nothing.
    """
    unfit = need_diagnosis(answer, "check.diagnose_05((fault, order))", most=MANY + 100)
    if unfit:
        return unfit
    fault, order = answer
    numbers = list(range(MANY))
    if not all(type(n) is int for n in order) or sorted(order) != numbers:
        return wrong("the list", f"should hold each of the numbers 0 to {MANY - 1} once")
    least, took = comparisons_to_sort(numbers), comparisons_to_sort(list(order))
    if took < 3 * least:
        return wrong(
            "the list",
            f"is little work: sorted needs {took} comparisons",
            f"In order, it needs {least}; find an order that takes {3 * least} or more. "
            "sorted looks for runs that go up, or down, all the way.",
        )
    if fault.strip().upper() != "D":
        return wrong(
            "the fault",
            "is another one",
            f"Your list is a good one: {took} comparisons, and {least} once it is in order. "
            "In what order does the scheduler's list stand when it is sorted the second time?",
        )
    return right(f"your order takes {took} comparisons; sorting it again, in place, takes {least}.")


def comparisons_to_sort(numbers: list[int]) -> int:
    """How often sorted() compares two of these numbers."""
    counter = Counter()
    sorted(Counted(n, counter) for n in numbers)
    return counter.comparisons
