"""Notebook 10: tasks by number, one task for a key, numbers that come back."""

import re
from functools import partial
from random import Random
from typing import Any

from ..broken import BrokenNumbers
from .exercises import exercise, is_number, need_class, need_diagnosis
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

START, STEP = 100, 2  # the clock does not begin at zero; seconds

# --- tasks by number ------------------------------------------------------------------------------


def a_queue() -> Any:
    """What `my_scheduler` of notebook 06 is: add(priority, what, delay, now), take(now)."""
    from ..shell import OURS, Shell

    return Shell(OURS)


IMPORT = "from lab.check.nb10 import a_queue"
QUEUE = "queue = a_queue()"


@exercise("10", "Tasks by number, and how to take one out", "your class, as in tracked(Tracked)")
def tracked(kind: Any) -> Verdict:
    """Check ``Tracked(queue)``: add, take, cancel. A case: what becomes of some tasks."""
    unfit = need_class(kind, "check.tracked(Tracked)", "add", "take", "cancel")
    if unfit:
        return unfit
    steps: list[Any] = [(1, 0), (2, 0), "take", "done", ("cancel", 1), ("cancel", 2)]
    waiting: list[Any] = [(1, STEP), (1, 0), "take", "fail", ("cancel", 1), "wait"]
    long: list[Case] = [
        [(1, 0), (1, 0), (1, 0), (2, 0), ("cancel", 1), ("cancel", 2), "take", "done", "take"],
        [(1, 0), (1, 0), ("cancel", 1), "take", "done", (1, 0), (1, 0), ("cancel", 1), "take"],
        [(1, 0), "take", "fail", ("cancel", 1), *["wait"] * 30, "take", (1, 0), "take"],
    ]
    scenario = partial(_tracked, kind=kind)
    return (
        run(partial(_two_of_them, kind=kind), [])
        or smallest_failure(scenario, sequences(steps, 4, shortest=0))
        or smallest_failure(scenario, sequences(waiting, 3), [*long, *random_cases(_any, 30)])
        or run(partial(_finds_it, kind=kind), [])
        or right("each has a number and a status, and what is cancelled never comes out.")
    )


def _any(random: Random) -> Any:
    return random.choice(
        [
            (random.randint(1, 3), random.choice([0, 0, STEP])),
            "take",
            "take",
            random.choice(["done", "fail"]),
            ("cancel", random.randint(1, 15)),
            "wait",
        ]
    )


def _tracked(trial: Trial, case: Case, kind: Any) -> None:
    queue, now = a_queue(), START
    trial.note(IMPORT)
    trial.note(QUEUE)
    t = trial.call(f"t = {kind.__name__}(queue)", kind.__name__, kind, queue)
    life = Life()
    for step in case:
        if step == "take":
            got = trial.call(f"t.take({now})", "take", t.take, now)
            trial.lines[-1] += f"    # returned {got!r}"
            life.took(got, now)
        elif step == "wait":
            now += STEP
        elif step in ("done", "fail"):
            if not life.running:
                continue
            number = life.running.pop()
            life.states[number] = "succeeded"
            if step == "fail":
                pause = queue.fail(number, now)
                life.states[number] = "failed" if pause is None else "pending"
                life.places[number] = (now + (pause or 0), next(life.moves))
                trial.note(f"queue.fail({number}, {now})    # returned {pause!r}")
            trial.note(f"t.states[{number}] = {life.states[number]!r}")
            _states(t)[number] = life.states[number]
        elif step[0] == "cancel":
            number, expected = step[1], life.states.get(step[1]) == "pending"
            got = trial.call(f"t.cancel({number})", "cancel", t.cancel, number)
            trial.lines[-1] += f"    # returned {got!r}"
            _cancelled(got, expected, life.states.get(number), number)
            if expected:
                life.states[number] = "cancelled"
        else:
            priority, delay = step
            got = trial.call(
                f"t.add({priority}, {delay}, {now})", "add", t.add, priority, delay, now
            )
            trial.lines[-1] += f"    # returned {got!r}"
            life.added(got, priority, now + delay)
        _statuses(trial, t, life.states)


class Life:
    """What should have become of tasks: their states, and who is next."""

    def __init__(self) -> None:
        self.states: dict[int, str] = {}
        self.priorities: dict[int, float] = {}
        self.places: dict[int, tuple[float, int]] = {}  # from when it may run; which move put it in
        self.running: list[int] = []
        self.moves = iter(range(10**9))

    def added(self, got: Any, priority: float, run_at: float) -> None:
        number = len(self.states) + 1
        if not is_number(got) or got != number:
            detail = f"It returned {got!r}; it should return {number}."
            if got in self.states:
                raise BrokenError("add", "gives a number twice", detail)
            raise BrokenError("add", "does not return the next number", detail)
        self.states[number], self.priorities[number] = "pending", priority
        self.places[number] = (run_at, next(self.moves))

    def first(self, now: float) -> int | None:
        """The task that is next."""
        ready = [n for n, s in self.states.items() if s == "pending" and self.places[n][0] <= now]
        return min(ready, key=lambda n: (self.priorities[n], self.places[n]), default=None)

    def took(self, got: Any, now: float) -> None:
        first = self.first(now)
        if got is None and first is None:
            return
        detail = f"It returned {got!r}; it should return {first!r}."
        if got is None:
            raise BrokenError("take", "returns None where a task is left", detail)
        if not is_number(got) or got not in self.states:
            raise BrokenError("take", "returns something else than a task's number", detail)
        if self.states[got] == "cancelled":
            raise BrokenError("take", "gives a task that is cancelled", detail)
        if self.places[got][0] > now:
            raise BrokenError("take", "gives a task before its time", detail)
        if got != first:
            raise BrokenError("take", "does not give the task that is next", detail)
        self.states[got] = "running"
        self.running.append(got)


def _cancelled(got: Any, expected: bool, status: str | None, number: int) -> None:
    if isinstance(got, bool) and got == expected:
        return
    what = f"is {status}" if status else "was never given"
    detail = f"It returned {got!r}; it should return {expected}: task {number} {what}."
    if not isinstance(got, bool):
        raise BrokenError("cancel", "does not return True or False", detail)
    if expected:
        raise BrokenError("cancel", "does not cancel a task that is pending", detail)
    if status is None:
        raise BrokenError("cancel", "says that it cancelled a task that there is not", detail)
    raise BrokenError("cancel", "says that it cancelled a task that is not pending", detail)


def _states(t: Any) -> Any:
    states = getattr(t, "states", None)
    if not isinstance(states, dict):
        raise BrokenError(type(t).__name__, "has no dictionary called states")
    return states


def _statuses(trial: Trial, t: Any, expected: dict[int, str]) -> None:
    states = _states(t)
    if states == expected:
        return
    trial.note(f"t.states    # is {states!r}")
    for number, status in expected.items():
        if states.get(number) != status:
            detail = f"Task {number} should be {status!r}, and is {states.get(number)!r}."
            raise BrokenError("states", "does not hold the status of each task", detail)
    raise BrokenError("states", "holds more than the tasks there are", f"It should be {expected}.")


def _two_of_them(trial: Trial, _case: Case, kind: Any) -> None:
    trial.note(IMPORT)
    t = trial.call(f"t = {kind.__name__}(a_queue())", kind.__name__, kind, a_queue())
    first = trial.call(f"t.add(1, 0, {START})", "add", t.add, 1, 0, START)
    other = trial.call(f"other = {kind.__name__}(a_queue())", kind.__name__, kind, a_queue())
    got = trial.call(f"other.add(1, 0, {START})", "add", other.add, 1, 0, START)
    if is_number(first) and got == first + 1:
        detail = "The second goes on where the first was. What it remembers belongs on self."
        raise BrokenError("add", "counts the tasks of another one", detail)


class _Looked(dict[int, str]):
    """States that count how often somebody looks at all of them."""

    looked = 0

    def __iter__(self) -> Any:
        self.looked += 1
        return super().__iter__()

    def items(self) -> Any:
        self.looked += 1
        return super().items()

    def values(self) -> Any:
        self.looked += 1
        return super().values()


def _finds_it(_trial: Trial, _case: Case, kind: Any) -> None:
    t = Trial().call("t", kind.__name__, kind, a_queue())
    for _ in range(50):
        Trial().call("add", "add", t.add, 1, 0, START)
    t.states = counting = _Looked(t.states)
    for number in range(1, 50):
        Trial().call("cancel", "cancel", t.cancel, number)
    Trial().call("take", "take", t.take, START)
    if counting.looked > 5:
        detail = "Cancelling 49 of 50 tasks, it went through all of them 49 times."
        raise BrokenError("cancel", "looks at all tasks", detail)


# --- numbers that come back -----------------------------------------------------------------------


@exercise(
    "10", "Diagnosis: a number that is given twice", "a fault and a list, as in ('A', ['add'])"
)
def diagnose_10(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenNumbers: (fault, the fewest steps that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_10((fault, steps))")
    if unfit:
        return unfit
    fault, steps = answer
    if not all(isinstance(s, str) and re.fullmatch(r"add|end [1-9]\d?", s) for s in steps):
        return wrong("the list", "should hold steps such as 'add' and 'end 1', in quotes")
    untyped: Any = BrokenNumbers
    tasks, given = untyped(), list[int]()
    for step in steps:
        if step == "add":
            given.append(tasks.add("a task"))
            continue
        number = int(step.split()[1])
        if number not in tasks.names:
            return wrong("the list", f"ends task {number}, and there is none of this number then")
        tasks.end(number)
    if len(set(given)) == len(given):
        return wrong(
            "the list", f"does not show the fault: the numbers are {given}, as they should"
        )
    if len(steps) > 3:
        return wrong("the list", f"shows the fault ({given}), but a shorter one can")
    if fault.strip().upper() != "C":
        detail = f"Your list does show it: the numbers are {given}. Where do they come from?"
        return wrong("the fault", "is another one", detail)
    return right(f"the numbers are {given}. Whoever kept the first 1 now means another task.")


# --- one task for a key ---------------------------------------------------------------------------


class _Tracked:
    """Tasks by number over a queue, as `Keyed` finds them."""

    def __init__(self, queue: Any) -> None:
        self.queue, self.states = queue, dict[int, str]()

    def add(self, priority: float, delay: float, now: float) -> int:
        number = len(self.states) + 1
        self.states[number] = "pending"
        self.queue.add(priority, number, delay, now)
        return number

    def take(self, now: float) -> Any:
        while (number := self.queue.take(now)) is not None:
            if self.states[number] == "pending":
                self.states[number] = "running"
                return number
        return None

    def cancel(self, number: int) -> bool:
        if self.states.get(number) != "pending":
            return False
        self.states[number] = "cancelled"
        return True


def a_tracked() -> Any:
    """Tasks by number, ours: what `Keyed` is built upon."""
    return _Tracked(a_queue())


TRACKED = "from lab.check.nb10 import a_tracked", "t = a_tracked()"
ENDS = {"done": "succeeded", "gives up": "failed"}


@exercise("10", "One key, one task", "your class, as in keyed(Keyed)")
def keyed(kind: Any) -> Verdict:
    """Check ``Keyed(tracked)``: add(key, ...). A case: keys, and what becomes of tasks."""
    unfit = need_class(kind, "check.keyed(Keyed)", "add")
    if unfit:
        return unfit
    steps: list[Any] = [("add", "a"), "take", "done", "gives up", ("cancel", 1)]
    others: list[Any] = [("add", "a"), ("add", "b"), "take", "done"]
    odd: list[Any] = [("add", ""), ("add", 0), ("add", ("mail", 7)), "take"]
    scenario = partial(_keyed, kind=kind)
    long: list[Case] = [
        [("add", "a"), "take", "done", ("add", "a"), ("add", "a"), "take", ("add", "a")],
        [("add", "a"), ("cancel", 1), ("add", "a"), ("add", "a"), ("cancel", 2), ("add", "a")],
        [("add", "a"), "take", "again", ("add", "a"), "take", "gives up", ("add", "a")],
    ]
    return (
        run(partial(_two_keyed, kind=kind), [])
        or smallest_failure(scenario, sequences(steps, 4, shortest=0))
        or smallest_failure(scenario, sequences(others, 5), long)
        or smallest_failure(scenario, sequences(odd, 3))
        or smallest_failure(scenario, [[("add", 7), ("add", "7")]])
        or run(partial(_hands_on, kind=kind), [])
        or right("as long as a task is not over, its key adds nothing; after that, it does.")
    )


def _keyed(trial: Trial, case: Case, kind: Any) -> None:
    t = a_tracked()
    trial.lines += TRACKED
    k = trial.call(f"k = {kind.__name__}(t)", kind.__name__, kind, t)
    numbers: dict[Any, int] = {}
    running: list[int] = []
    for step in case:
        if step == "take":
            number = t.take(START)
            trial.note(f"t.take({START})    # returned {number!r}")
            running += [number] if number is not None else []
        elif step in ENDS or step == "again":
            if running:
                number = running.pop()
                t.states[number] = ENDS.get(step, "pending")
                if step == "again":
                    t.queue.add(1, number, 0, START)
                trial.note(f"t.states[{number}] = {t.states[number]!r}")
        elif step[0] == "cancel":
            trial.note(f"t.cancel({step[1]})    # returned {t.cancel(step[1])!r}")
        else:
            key, before = step[1], dict(t.states)
            shown = f"k.add({key!r}, 1, 0, {START})"
            got = trial.call(shown, "add", k.add, key, 1, 0, START)
            trial.lines[-1] += f"    # returned {got!r}"
            has = numbers.get(key)
            busy = has is not None and before[has] in ("pending", "running")
            _added(got, before, t.states, has if busy else None, before.get(has or 0), key)
            numbers[key] = got


def _added(
    got: Any, before: dict[int, str], after: Any, same: int | None, status: str | None, key: Any
) -> None:
    """Compare what add did with what it should: same is the task that has the key."""
    expected = len(before) + 1 if same is None else same
    detail = f"It returned {got!r}; it should return {expected!r}: "
    if same is not None:
        detail += f"task {same} has this key, and is {status}."
        if len(after) > len(before):
            if got == expected:
                detail = f"It returned {got!r}, and added another all the same: {after}."
            raise BrokenError("add", "adds a second task for a key", detail)
    else:
        detail += f"nobody has the key {key!r}." if status is None else f"the last one {status}."
        if len(after) == len(before):
            what = "adds nothing under a new key" if status is None else "never frees a key"
            raise BrokenError("add", what, detail)
        if len(after) > len(before) + 1:
            raise BrokenError("add", "adds more than one task", detail)
    if any(after[number] != before[number] for number in before):
        raise BrokenError("add", "changes a task that was there before", detail)
    if not is_number(got) or got != expected:
        raise BrokenError("add", "does not return the number of the task", detail)


def _two_keyed(trial: Trial, _case: Case, kind: Any) -> None:
    trial.lines += TRACKED
    k = trial.call(f"k = {kind.__name__}(t)", kind.__name__, kind, a_tracked())
    trial.call(f"k.add('a', 1, 0, {START})", "add", k.add, "a", 1, 0, START)
    t = a_tracked()
    trial.note("t2 = a_tracked()")
    trial.note(f"t2.add(1, 0, {START})    # returned {t.add(1, 0, START)}")
    other = trial.call(f"other = {kind.__name__}(t2)", kind.__name__, kind, t)
    got = trial.call(f"other.add('a', 1, 0, {START})", "add", other.add, "a", 1, 0, START)
    trial.lines[-1] += f"    # returned {got!r}"
    if len(t.states) == 1:
        detail = "What it remembers belongs on self, where each has its own."
        raise BrokenError("add", "knows the keys of another one", detail)


def _hands_on(trial: Trial, _case: Case, kind: Any) -> None:
    t = a_tracked()
    trial.lines += TRACKED
    k = trial.call(f"k = {kind.__name__}(t)", kind.__name__, kind, t)
    trial.call(f"k.add('a', 3, 7, {START})", "add", k.add, "a", 3, 7, START)
    early, late = t.take(START + 6), t.take(START + 7)
    trial.note(f"t.take({START + 6})    # returned {early!r}")
    trial.note(f"t.take({START + 7})    # returned {late!r}")
    if early is not None or late != 1 or t.queue.priorities[1] != 3:
        raise BrokenError("add", "does not hand on priority, delay and now")


# --- what a mark costs ----------------------------------------------------------------------------


def pops_of_a_take(tasks: int, cancelled: int) -> int:
    """How many tasks a take pops from a heap whose first ones are all marked as cancelled."""
    from heapq import heappop

    heap = list(range(tasks))  # sorted, so it is a heap
    pops = 1
    while heappop(heap) < cancelled:
        pops += 1
    return pops
