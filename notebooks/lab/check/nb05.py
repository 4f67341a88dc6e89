"""Notebook 05: counting comparisons, naming a growth, keeping a list sorted."""

import operator
from collections.abc import Callable, Iterator
from math import log2
from numbers import Number
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
    if not isinstance(getattr(mine, "comparisons", None), int | float):
        return wrong("Counted.comparisons", "is not there: put comparisons = 0 into the class")

    def scenario(trial: Trial, case: Case) -> None:
        mine.comparisons = 0
        trial.note("Counted.comparisons = 0")
        trial.note("items = []")
        items: list[Any] = []
        for number, value in enumerate(case):  # values are made and compared in turns
            items.append(trial.call(f"Counted({value!r})", "Counted", mine, value))
            trial.lines[-1] = f"items.append(Counted({value!r}))"
            if not number:
                continue
            shown = f"items[{number}] < items[{number - 1}]"
            got = trial.call(shown, "__lt__", operator.lt, items[number], items[number - 1])
            trial.lines[-1] += f"    # returned {got!r}"
            if got is None or bool(got) is not (value < case[number - 1]):
                raise _wrong_order(value, case[number - 1], got)
            _counted_right(trial, mine, number, "< was asked")
        if len(case) < 2:
            return
        counter = Counter()
        sorted(Counted(value, counter) for value in case)
        mine.comparisons = 0
        trial.note("Counted.comparisons = 0")
        trial.call("sorted(items)", "__lt__", sorted, items)
        trial.lines[-1] += f"    # values {sorted(case)}"
        _counted_right(trial, mine, counter.comparisons, "sorted compared")

    small = [*sequences([1, 2, 3], 3), *sequences([0.25, 0.5], 2), ["b", "a"]]
    return smallest_failure(scenario, small, random_cases(_number, 30, 10), _less) or right(
        "it compares like a number, and not one comparison is missed."
    )


def _wrong_order(value: Any, other: Any, got: Any) -> BrokenError:
    asked = f"Is {value!r} smaller than {other!r}?"
    if got is None:
        return BrokenError("__lt__", "gives no answer", f"{asked} It returned None.")
    if value == other:
        problem = "says that a value is smaller than its equal"
        return BrokenError("__lt__", problem, f"{asked} No: they are equal.")
    says = "yes" if value < other else "no"
    return BrokenError(
        "__lt__", "does not tell which value is smaller", f"{asked} The answer is {says}."
    )


def _counted_right(trial: Trial, mine: Any, expected: int, what: str) -> None:
    got = mine.comparisons
    trial.note(f"Counted.comparisons    # is {got!r}")
    if got == expected:
        return
    times = "once" if expected == 1 else f"{expected} times"
    if not isinstance(got, int | float):
        problem = "makes Counted.comparisons something else than a number"
    elif got < expected:
        problem = "does not count every comparison"
    else:
        problem = "counts too many"
    detail = f"In all, {what} {times}, and Counted.comparisons is {got!r}."
    raise BrokenError("__lt__", problem, detail)


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
        if not isinstance(got, str) or got not in GROWTHS:
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

    def scenario(trial: Trial, case: Case) -> None:
        tasks: list[Any] = []
        trial.note("tasks = []")
        expected: list[Any] = []
        for number, step in enumerate(case):
            if step == "take":
                if tasks:
                    trial.note("tasks.pop(0)")
                    tasks.pop(0)
                    expected.pop(0)
                continue
            _Name.compared = 0
            task = (step, _Name(NAMES[number % len(NAMES)]))
            expected = sorted([*expected, task], key=lambda t: t[0])
            trial.call(f"add(tasks, {task!r})", "add", add, tasks, task)
            if tasks == expected and not _Name.compared:
                continue
            trial.note(f"tasks    # is {tasks!r}")
            detail = f"tasks should be {expected!r}."
            if sorted(map(repr, tasks)) != sorted(map(repr, expected)):
                problem = "does not put the task into the list, and nothing else"
            elif _Name.compared:
                problem = "compares names"
                detail = "Compare priorities alone: tasks may have no name that can be compared."
            elif [t[0] for t in tasks] == [t[0] for t in expected]:
                problem = "does not keep equal priorities in order"
                detail = f"Of two equal priorities, the one added first comes first: {detail}"
            else:
                problem = "leaves the list unsorted"
            raise BrokenError("add", problem, detail)

    def cost(_trial: Trial, case: Case) -> None:
        size = len(case)
        enough = size.bit_length()
        for new in (0, size // 2, size):  # a scan is quick from one end only
            counter, seen = Counter(), set[int]()
            tasks = _Watched(_Looked((Counted(n, counter), {}), seen) for n in case)
            tasks.looked = seen
            counter.comparisons = 0
            Trial().call("add(tasks, task)", "add", add, tasks, (Counted(new, counter), {}))
            # Whoever asks for < and for == compares twice at each step.
            for many, what, most in (
                (counter.comparisons, "comparisons", 2 * enough + 2),
                (len(seen), "tasks", enough + 2),
            ):
                if many > most:
                    looked = "took" if what == "comparisons" else "looked at"
                    raise BrokenError(
                        "add",
                        f"{'compares' if what == 'comparisons' else 'looks at'} more tasks than "
                        "it has to",
                        f"Adding one task to {size} {looked} {many} {what}. Halving the list "
                        f"again and again, {enough} are enough.",
                    )

    small = sequences([1, 2, 2.5, "take"], 4)
    return (
        smallest_failure(scenario, small, random_cases(_step, 30), _less_of_step)
        or smallest_failure(scenario, [[2.000001, 2]])  # a little more is more
        or run(cost, list(range(127)))
        or right("the list stays sorted, equals stay in order, and few tasks are looked at.")
    )


def _step(random: Random) -> Any:
    return "take" if random.random() < 0.2 else random.choice([random.randint(-9, 9), 0.5])


def _less_of_step(step: Any) -> list[Any]:
    return [] if step == "take" else [n for n in (1, 2) if n < step]


class _Name(str):
    """A name that notes when it is compared."""

    __slots__ = ()
    compared = 0

    def _order(self, other: str, ask: Callable[[str, str], bool]) -> bool:
        _Name.compared += 1
        return ask(str(self), str(other))

    def __lt__(self, other: str) -> bool:
        return self._order(other, str.__lt__)

    def __gt__(self, other: str) -> bool:
        return self._order(other, str.__gt__)

    def __le__(self, other: str) -> bool:
        return self._order(other, str.__le__)

    def __ge__(self, other: str) -> bool:
        return self._order(other, str.__ge__)


class _Looked(tuple[Any, ...]):
    """A task that notes when somebody reads what is in it."""

    def __new__(cls, task: Any, seen: set[int]) -> "_Looked":
        made = super().__new__(cls, task)
        made.seen = seen
        return made

    seen: set[int]

    def __getitem__(self, index: Any) -> Any:
        self.seen.add(id(self))
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[Any]:
        self.seen.add(id(self))
        return super().__iter__()


class _Watched(list[Any]):
    """A list that notes which of its tasks a loop has seen."""

    looked: set[int]

    def __iter__(self) -> Iterator[Any]:
        for task in super().__iter__():
            self.looked.add(id(task))
            yield task


# --- runs -----------------------------------------------------------------------------------------


@exercise("05", "Finding the runs", "your function, as in runs(runs)")
def runs(function: Any) -> Verdict:
    """Check ``runs(numbers)``: the stretches that go up, or strictly down, from left to right."""
    unfit = need_function(function, "runs", "check.runs(runs)")
    if unfit:
        return unfit

    def scenario(trial: Trial, numbers: Case) -> None:
        given, expected = list(numbers), runs_of(numbers)
        got = trial.call(f"runs({numbers!r})", "runs", function, given)
        trial.lines[-1] += f"    # returned {got!r}"
        detail = f"It returned {got!r}; it should return {expected!r}."
        if given != numbers:
            raise BrokenError("runs", "changes the list that it is given", f"It is now {given!r}.")
        if not isinstance(got, list | tuple) or not all(isinstance(r, list | tuple) for r in got):
            raise BrokenError("runs", "does not return a list of lists", detail)
        found = [list(run) for run in got]
        if found == expected:
            return
        if [n for run in found for n in run] != numbers:
            problem = "does not keep each number once, where it stood"
        elif [] in found:
            problem = "finds a run of nothing"
        elif any(runs_of(run) != [run] for run in found):
            problem = "takes for one run what is more"
        else:
            problem = "ends a run too early"
        raise BrokenError("runs", problem, detail)

    small = [[], *sequences([1, 2, 3], 5)]
    return smallest_failure(scenario, small, random_cases(_number, 30), _less) or right(
        "every run is found, up or down, equals and all."
    )


def runs_of(numbers: list[Any]) -> list[list[Any]]:
    """The runs that Timsort finds, if it does not lengthen the short ones."""
    found: list[list[Any]] = []
    for number in numbers:
        run = found[-1] if found else []
        falls = len(run) > 1 and run[1] < run[0]
        if run and (len(run) == 1 or (number < run[-1]) is falls):
            run.append(number)
        else:
            found.append([number])
    return found


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
    fault, order = answer[0], list(answer[1])
    numbers = list(range(MANY))
    if not all(isinstance(n, Number) for n in order) or sorted(order) != numbers:
        return wrong("the list", f"should hold each of the numbers 0 to {MANY - 1} once")
    least, took = comparisons_to_sort(numbers), comparisons_to_sort(order)
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
