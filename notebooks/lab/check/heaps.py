"""Notebook 01, the heap: push and pop by hand."""

from heapq import heapify
from random import Random
from types import BuiltinFunctionType
from typing import Any

from .counting import Counted, Counter
from .exercises import exercise, need_function
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


@exercise("01", "Push: an item finds its place in a heap", "your function, as in heap_push(push)")
def heap_push(push: Any) -> Verdict:
    """Check ``push(heap, item)``: the list stays a heap, and only the way up is compared."""
    unfit = need_function(push, "push", "check.heap_push(push)")
    if unfit:
        return unfit

    def scenario(trial: Trial, values: Case) -> None:
        heap: list[Any] = []
        trial.note("heap = []")
        for number, value in enumerate(values, start=1):
            trial.call(f"push(heap, {value!r})", "push", push, heap, value)
            trial.lines[-1] += f"    # heap is now {heap!r}"
            _same_items(heap, values[:number], "push")
            _is_heap(heap, "push")

    def of_tasks(trial: Trial, values: Case) -> None:
        scenario(trial, _as_tasks(values))

    def cost(_trial: Trial, size: Case) -> None:
        counter = Counter()
        heap = [Counted(n, counter) for n in range(1, size[0] + 1)]
        Trial().call("push(heap, 0)", "push", push, heap, Counted(0, counter))
        levels = size[0].bit_length()
        if counter.comparisons > levels + 1:
            raise BrokenError(
                "push",
                "compares more items than it has to",
                f"Pushing one item onto a heap of {size[0]} took {counter.comparisons} "
                f"comparisons. From the last place up to the root there are only {levels} "
                "parents: compare with those, and with nothing else.",
            )

    small = [*sequences([1, 2, 3], 5), *sequences([1, 2], 7, shortest=6)]
    found = smallest_failure(scenario, small, random_cases(_number, 40), _less)
    return (
        found
        or smallest_failure(of_tasks, sequences([1, 2, 3], 4))
        or run(cost, [63])
        or _by_hand(push, "push", "heappush")
        or right("every item finds its place, and only the way up is compared.")
    )


@exercise(
    "01", "Pop: the smallest leaves, the heap closes up", "your function, as in heap_pop(pop)"
)
def heap_pop(pop: Any) -> Verdict:
    """Check ``pop(heap)``: the smallest comes out, and the rest is still a heap."""
    unfit = need_function(pop, "pop", "check.heap_pop(pop)")
    if unfit:
        return unfit

    def scenario(trial: Trial, values: Case) -> None:
        heap = list(values)
        heapify(heap)  # changes nothing, unless a large case is being made smaller
        smallest = min(values)
        trial.note(f"heap = {heap!r}")
        got = trial.call("pop(heap)", "pop", pop, heap)
        trial.lines[-1] += f"    # returned {got!r}, heap is now {heap!r}"
        if not (type(got) is type(smallest) and got == smallest):
            detail = f"It returned {got!r}; the smallest is {smallest!r}."
            raise BrokenError("pop", "does not return the smallest item", detail)
        left = list(values)
        left.remove(smallest)
        _same_items(heap, left, "pop")
        _is_heap(heap, "pop")

    def of_tasks(trial: Trial, values: Case) -> None:
        scenario(trial, _as_tasks(values))

    def cost(_trial: Trial, size: Case) -> None:
        counter = Counter()
        heap = [Counted(n, counter) for n in range(size[0])]
        Trial().call("pop(heap)", "pop", pop, heap)
        levels = size[0].bit_length()
        if counter.comparisons > 2 * levels + 2:
            raise BrokenError(
                "pop",
                "compares more items than it has to",
                f"Popping from a heap of {size[0]} took {counter.comparisons} comparisons. On "
                f"the way down there are {levels - 1} levels, and two comparisons at each do.",
            )

    small = (c for c in sequences([1, 2, 3, 4], 6) if _first_broken(c) is None)
    tasks = (c for c in sequences([1, 2, 3], 5) if _first_broken(c) is None)
    found = smallest_failure(scenario, small, random_cases(_number, 40), _less)
    return (
        found
        or smallest_failure(of_tasks, tasks)
        or run(cost, [127])
        or _by_hand(pop, "pop", "heappop")
        or right("the smallest comes out, and what is left is a heap again.")
    )


def _as_tasks(priorities: Case) -> Case:
    """What a scheduler keeps in its heap: tuples. They can be compared, not calculated with."""
    return [(priority, number) for number, priority in enumerate(priorities, start=1)]


def _number(random: Random) -> int:
    return random.randint(1, 30)


def _less(value: Any) -> list[Any]:
    return [n for n in (1, value // 2, value - 1) if 0 < n < value]


def _first_broken(heap: list[Any]) -> int | None:
    """The first index whose item is smaller than its parent's."""
    return next((i for i in range(1, len(heap)) if heap[i] < heap[(i - 1) // 2]), None)


def _is_heap(heap: list[Any], operation: str) -> None:
    i = _first_broken(heap)
    if i is not None:
        parent = (i - 1) // 2
        raise BrokenError(
            operation,
            "leaves an item that is smaller than its parent",
            f"heap[{i}] is {heap[i]!r}; its parent, heap[{parent}], is {heap[parent]!r}.",
        )


def _same_items(heap: list[Any], expected: list[Any], operation: str) -> None:
    """Compared as text, because a learner's list may hold anything."""
    if sorted(map(repr, heap)) != sorted(map(repr, expected)):
        few = len(heap) < len(expected)
        problem = "loses an item" if few else "leaves other items in the heap than it should"
        detail = f"The heap is {heap!r}; it should hold {sorted(expected)!r}, in heap order."
        raise BrokenError(operation, problem, detail)


def _by_hand(function: Any, operation: str, of_heapq: str) -> Verdict | None:
    """heapq does it, of course; the exercise is to do it by hand."""
    names = getattr(getattr(function, "__code__", None), "co_names", ())
    if isinstance(function, BuiltinFunctionType) or {"heapq", of_heapq} & set(names):
        detail = f"heapq.{of_heapq} does what it should. Here the point is to write it yourself."
        return wrong(operation, "leaves the work to heapq", detail)
    return None
