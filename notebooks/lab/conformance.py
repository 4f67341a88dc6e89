"""What a scheduler promises, tried on one that learners made: the smallest case that breaks it.

    conformance(own.Scheduler)

The operations are those of the package's own conformance suite: add, take, complete, fail, cancel,
status, keys, delays, the next moment. A plain list, sorted each time, says what is right.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from sched import VirtualClock
from sched.table import text_table

from .check.apart import AbandonedError, apart
from .check.running import BrokenError, Trial, endless
from .check.searching import Case, Verdict, random_cases, sequences, shrink, wrong
from .check.searching import run as run_case
from .shell import ATTEMPTS, CAP

START, STEP = 100, 2  # the clock does not begin at zero; seconds


@dataclass
class Promise:
    """What is promised, and the cases on which it is tried: the smallest first."""

    words: str
    cases: Iterable[Case]
    looks: bool = True  # whether every status and the next moment are looked at, after each step


def add(priority: float, delay: float = 0, key: str = "") -> tuple[Any, ...]:
    return "add", priority, delay, key


def promises() -> list[Promise]:
    """What every scheduler of this series promises."""
    low, high, later = add(2), add(1), add(1, STEP)
    longest = 2 ** (ATTEMPTS - 2) // STEP  # steps of the clock, in the last pause
    always_fails = [low, *["take", "fail", *["wait"] * longest] * (ATTEMPTS + 1), "take"]
    return [
        Promise("the most urgent task comes first", sequences([low, high, "take"], 5), False),
        Promise("equals come in the order in which they were added", equals(), False),
        Promise("nobody comes before its time", sequences([later, low, "take", "wait"], 5), False),
        Promise("who waits holds up nobody", sequences([later, low, "take"], 4), False),
        Promise("each has a number of its own, and a status", sequences([low, "take", "done"], 5)),
        Promise("it knows the moment at which something can run", moments()),
        Promise("what has ended cannot end again", sequences([low, "take", "done", "twice"], 5)),
        Promise(
            "what failed comes back, a few times",
            [*sequences([low, "take", "fail"], 4), always_fails],
        ),
        Promise(
            "what is cancelled never runs",
            sequences([low, "take", "fail", ("cancel", 1), "wait"], 4),
        ),
        Promise(
            "nothing else can be cancelled",
            sequences([low, "take", "done", ("cancel", 1), ("cancel", 2)], 4),
        ),
        Promise("one key, one task, until it has ended", keys()),
        Promise("all of it, two thousand steps by chance", random_cases(by_chance, 80, 25)),
    ]


def equals() -> list[Case]:
    return [[*[add(1)] * n, *["take"] * (n + 1)] for n in range(1, 12)]


def moments() -> Iterable[Case]:
    return sequences([add(1, STEP), add(2, 3 * STEP), "take", "wait", ("cancel", 1)], 4)


def keys() -> Iterable[Case]:
    a, b = add(2, 0, "a"), add(1, STEP, "b")
    return [
        *sequences([a, "take", "done", "fail", ("cancel", 1)], 4),
        *sequences([a, b, "take"], 4),
    ]


def by_chance(random: Random) -> Any:
    adding = add(
        random.randint(1, 4), random.choice([0, 0, 2, 4, 30]), random.choice(["", "", "a", "b"])
    )
    ending = random.choice(["done", "done", "fail", "twice"])
    return random.choice(
        [adding, "take", ending, ending, ("cancel", random.randint(1, 40)), "wait"]
    )


def conformance(make: Callable[..., Any], **options: Any) -> None:
    """Try every promise on what `make(clock=...)` makes; show the smallest case that breaks one.

    options: of `make`, such as levels=True.
    """
    # The words last: where a page is narrow, they alone go on below.
    rows, first = [("cases", "", "what it promises")], None
    for promise in promises():
        number, verdict = tried(promise, make, **options)
        rows.append((str(number), "kept" if verdict is None else "broken", promise.words))
        first = first or verdict
    print(text_table(rows, (1, 2), ruled=True))
    if first is not None:
        print(f"\n{first}")


def tried(promise: Promise, make: Callable[..., Any], **options: Any) -> tuple[int, Verdict | None]:
    """How many cases were tried, and the smallest that breaks the promise, or None."""
    scenario = partial(_scenario, make=make, options=options, looks=promise.looks)

    def work() -> tuple[int, Verdict | None]:
        number = 0
        for case in promise.cases:
            number += 1
            if found := run_case(scenario, case):
                return number, shrink(scenario, found, lambda _step: ())
        return number, None

    try:
        return apart(work)
    except AbandonedError as abandoned:
        trial, shown, operation = abandoned.call
        verdict = wrong(operation, "does not come back", endless(shown))
        verdict.lines = list(trial.lines)
        return 0, verdict


# --- what is right --------------------------------------------------------------------------------


@dataclass
class Row:
    """A task in the plain list."""

    number: int
    priority: float
    run_at: float
    moved: int  # which step put it where it is
    key: str
    status: str = "pending"
    attempts: int = 0


def _scenario(
    trial: Trial, case: Case, make: Callable[..., Any], options: dict[str, Any], looks: bool
) -> None:
    clock = VirtualClock(START)
    trial.note(f"clock = VirtualClock({START})")
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    s = trial.call(f"s = Scheduler(clock{given})", "Scheduler", partial(make, **options), clock)
    tasks: list[Row] = []
    hands: list[tuple[Row, Any]] = []  # what is running, with what was handed out
    ended: list[tuple[Row, Any]] = []
    for number, step in enumerate(case):
        if step == "take":
            _take(trial, s, clock.now(), tasks, hands)
        elif step == "wait":
            clock.advance(STEP)
            trial.note(f"clock.advance({STEP})")
        elif step in ("done", "fail"):
            if hands:
                row, task = hands.pop(0)
                ended.append((row, task))
                (_done if step == "done" else _fail)(trial, s, row, task, clock.now(), number)
        elif step == "twice":
            if ended and ended[-1][0].status not in ("running", "pending"):
                _twice(trial, s, *ended[-1])
        elif step[0] == "cancel":
            _cancel(trial, s, step[1], tasks)
        else:
            _add(trial, s, step, clock.now(), number, tasks)
        if looks:
            _look(trial, s, clock.now(), tasks)


def _add(
    trial: Trial, s: Any, step: tuple[Any, ...], now: float, number: int, tasks: list[Row]
) -> None:
    _, priority, delay, key = step
    name = f"task {len(tasks) + 1}"
    given = [str(priority), repr(name), *([f"delay={delay}"] if delay else [])]
    given += [f"key={key!r}"] if key else []
    call = partial(s.add_task, priority, name, delay=delay, key=key or None)
    got = trial.call(f"s.add_task({', '.join(given)})", "add_task", call)
    trial.lines[-1] += f"    # returned {got!r}"
    same = [t for t in tasks if key and t.key == key and t.status in ("pending", "running")]
    if same:
        if got != same[0].number:
            detail = f"It returned {got!r}; the key {key!r} is that of task {same[0].number}."
            raise BrokenError("add_task", "adds a task whose key another one has", detail)
        return
    if got in [t.number for t in tasks] or not isinstance(got, int):
        detail = f"It returned {got!r}."
        raise BrokenError("add_task", "does not give a number of its own", detail)
    tasks.append(Row(got, priority, now + delay, number, key))


def _take(trial: Trial, s: Any, now: float, tasks: list[Row], hands: list[Any]) -> None:
    task = trial.call("s.get_next_task()", "get_next_task", s.get_next_task)
    got = getattr(task, "id", None)
    trial.lines[-1] += f"    # returned {'None' if task is None else f'task {got}'}"
    ready = [t for t in tasks if t.status == "pending" and t.run_at <= now]
    first = min(ready, key=lambda t: (t.priority, t.run_at, t.moved), default=None)
    if first is None:
        if task is None:
            return
        rows = [t for t in tasks if t.number == got]
        problem = (
            f"gives a task that is {rows[0].status}" if rows else "gives a task that is not there"
        )
        if rows and rows[0].status == "pending":
            problem = "gives a task before its time"
        raise BrokenError("get_next_task", problem, "It should return None.")
    detail = f"It should return task {first.number}."
    if task is None:
        raise BrokenError("get_next_task", "gives nothing where a task is ready", detail)
    if got != first.number:
        rows = [t for t in ready if t.number == got]
        same = rows and rows[0].priority == first.priority
        problem = "does not keep equals in order" if same else "does not give the one that is next"
        raise BrokenError("get_next_task", problem, detail)
    first.status, first.attempts = "running", first.attempts + 1
    hands.append((first, task))


def _done(trial: Trial, s: Any, row: Row, task: Any, _now: float, _number: int) -> None:
    trial.call(f"s.complete(task_{row.number})", "complete", s.complete, task)
    row.status = "succeeded"


def _fail(trial: Trial, s: Any, row: Row, task: Any, now: float, number: int) -> None:
    again = trial.call(f"s.fail(task_{row.number})", "fail", s.fail, task)
    trial.lines[-1] += f"    # returned {again!r}"
    expected = row.attempts < ATTEMPTS
    if again is not expected:
        detail = f"After attempt {row.attempts} it should return {expected}."
        raise BrokenError("fail", "tries again too often, or not often enough", detail)
    if not again:
        row.status = "failed"
        return
    waits = {t.id: t.run_at for t in s.pending_tasks()}
    run_at = waits.get(row.number)
    longest = min(CAP, 2 ** (row.attempts - 1))
    if run_at is None or not now <= run_at <= now + longest * (1 + 1e-9):
        detail = f"Task {row.number} should be pending again, within {longest} seconds."
        raise BrokenError("fail", "does not have a failed task wait", detail)
    row.status, row.run_at, row.moved = "pending", run_at, number


def _twice(trial: Trial, s: Any, row: Row, task: Any) -> None:
    shown = f"s.complete(task_{row.number})"
    try:
        trial.call(shown, "complete", s.complete, task)
    except BrokenError as error:
        if error.problem != "raises ValueError":
            raise
        trial.lines[-1] += "    # raised ValueError"
        return
    detail = f"Task {row.number} is {row.status}. It should raise a ValueError."
    raise BrokenError("complete", "ends what has ended", detail)


def _cancel(trial: Trial, s: Any, number: int, tasks: list[Row]) -> None:
    rows = [t for t in tasks if t.number == number]
    got = trial.call(f"s.cancel({number})", "cancel", s.cancel, number)
    trial.lines[-1] += f"    # returned {got!r}"
    expected = bool(rows) and rows[0].status == "pending"
    if got is not expected:
        what = rows[0].status if rows else "not there"
        detail = f"It should return {expected}: task {number} is {what}."
        raise BrokenError("cancel", "does not say whether it has cancelled", detail)
    if expected:
        rows[0].status = "cancelled"


def _look(trial: Trial, s: Any, now: float, tasks: list[Row]) -> None:
    """Whether the scheduler says of every task what has become of it, and when one can run."""
    for row in tasks:
        got = trial.call(f"s.status({row.number})", "status", s.status, row.number)
        trial.lines[-1] += f"    # returned {got!r}"
        if got != row.status:
            detail = f"It should be {row.status!r}."
            raise BrokenError("status", "says something else than what has happened", detail)
        trial.lines.pop()
    due = [t.run_at for t in tasks if t.status == "pending"]
    expected = max(now, min(due)) if due else None
    got = trial.call("s.next_run_time()", "next_run_time", s.next_run_time)
    trial.lines[-1] += f"    # returned {got!r}"
    if got != expected:
        raise BrokenError("next_run_time", "is another moment", f"It should be {expected!r}.")
    trial.lines.pop()
