"""The open tasks of notebook 10: fair sharing, rate limits, dependencies.

No notebook holds a solution of them. A check knows what has to hold, and no more.
"""

from functools import partial
from random import Random
from typing import Any

from .exercises import exercise, need_class
from .running import BrokenError, Trial
from .searching import Case, Verdict, random_cases, right, sequences, smallest_failure

START = 100  # the clock does not begin at zero

# --- open: fair sharing ---------------------------------------------------------------------------


@exercise("10", "Open: fair sharing", "your class, as in fair(Fair)", unsolved=True)
def fair(kind: Any) -> Verdict:
    """Check ``Fair``: add(customer, priority, name), take(). A case: customers who add, "take"."""
    unfit = need_class(kind, "check.fair(Fair)", "add", "take")
    if unfit:
        return unfit
    scenario = partial(_fair, kind=kind)
    two: list[Any] = [("Ann", 1), ("Bob", 1), "take"]
    urgent: list[Any] = [("Ann", 1), ("Ann", 2), ("Bob", 1), "take"]
    names = ["Ann", "Bob", "Cem", "Dee"]

    def step(random: Random) -> Any:
        adds = (random.choice(names), random.randint(1, 2))
        return random.choice([adds, "take", "take"]) if random.random() < 0.9 else ("Ann", 1)

    return (
        smallest_failure(scenario, sequences(two, 6, shortest=0))
        or smallest_failure(scenario, sequences(urgent, 5), random_cases(step, 40))
        or right("whoever waits has a turn before anybody else has two.")
    )


def _fair(trial: Trial, case: Case, kind: Any) -> None:
    queue = trial.call("queue = Fair()", "Fair", kind)
    pending: list[tuple[str, int, int, str]] = []  # customer, priority, order, name
    since: dict[str, list[str]] = {}  # of each who waits: who has been served since
    for number, step in enumerate(case, start=1):
        if step != "take":
            customer, priority = step
            name = f"task {number}"
            shown = f"queue.add({customer!r}, {priority}, {name!r})"
            trial.call(shown, "add", queue.add, customer, priority, name)
            pending.append((customer, priority, number, name))
            since.setdefault(customer, [])
            continue
        got = trial.call("queue.take()", "take", queue.take)
        trial.lines[-1] += f"    # returned {got!r}"
        _one_of(got, [task[3] for task in pending])
        if got is None:
            continue
        task = next(task for task in pending if task[3] == got)
        customer = task[0]
        first = min((t for t in pending if t[0] == customer), key=lambda t: t[1:3])
        if task != first:
            detail = f"It returned {got!r}; of {customer}'s tasks, {first[3]!r} is first."
            raise BrokenError("take", "does not keep one customer's tasks in order", detail)
        pending.remove(task)
        for other, served in since.items():
            if other != customer and customer in served:
                detail = f"{customer} has had two turns, and {other} waited all the time."
                raise BrokenError("take", "lets one customer have two turns", detail)
        for other in since:
            since[other] += [customer] if other != customer else []
        since[customer] = []
        if not any(t[0] == customer for t in pending):
            del since[customer]


def _one_of(got: Any, names: list[str]) -> None:
    """None if nothing is left, else one of these names."""
    if got is None and names:
        raise BrokenError("take", "returns None where a task is left", f"Left: {names}.")
    if got is not None and not names:
        raise BrokenError("take", "returns something where nothing is left")
    if got is not None and not any(type(got) is str and got == name for name in names):
        detail = f"It returned {got!r}; left: {names}."
        raise BrokenError("take", "returns something else than the name of a task", detail)


# --- open: rate limits ----------------------------------------------------------------------------

MINUTE = 60


@exercise("10", "Open: rate limits", "your class, as in limited(Limited)", unsolved=True)
def limited(kind: Any) -> Verdict:
    """Check ``Limited(limits)``: add(kind, priority, name), take(now). A case: adds and moments."""
    unfit = need_class(kind, "check.limited(Limited)", "add", "take")
    if unfit:
        return unfit
    steps: list[Any] = [("mail", 1), ("log", 2), "take", 30]

    def step(random: Random) -> Any:
        adds = (random.choice(["mail", "log", "sum"]), random.randint(1, 3))
        return random.choice([adds, adds, "take", "take", random.choice([1, 10, 20, 59, 60])])

    return (
        smallest_failure(partial(_limited, kind=kind, limits={"mail": 1}), sequences(steps, 5))
        or smallest_failure(
            partial(_limited, kind=kind, limits={"mail": 2, "log": 1}),
            sequences([("mail", 1), "take", 59, 1], 5),
            random_cases(step, 60, 40),
        )
        or right("no limit is broken, and nobody waits who need not.")
    )


def _limited(trial: Trial, case: Case, kind: Any, limits: dict[str, int]) -> None:
    queue = trial.call(f"queue = Limited({limits})", "Limited", kind, dict(limits))
    now = START
    pending: list[tuple[int, int, str, str]] = []  # priority, order, kind, name
    handed: list[tuple[str, int]] = []
    for number, step in enumerate(case, start=1):
        if isinstance(step, int):
            now += step
            continue
        if step != "take":
            what, priority = step
            name = f"task {number}"
            trial.call(f"queue.add({what!r}, {priority}, {name!r})", "add", queue.add, *step, name)
            pending.append((priority, number, what, name))
            continue
        got = trial.call(f"queue.take({now})", "take", queue.take, now)
        trial.lines[-1] += f"    # returned {got!r}"
        lately = [what for what, when in handed if now - when < MINUTE]
        free = [t for t in pending if lately.count(t[2]) < limits.get(t[2], len(case))]
        first = min(free, default=None)
        if got is not None:
            _one_of(got, [t[3] for t in pending])
        if got == (first[3] if first else None):
            if first:
                pending.remove(first)
                handed.append((first[2], now))
            continue
        _broke_a_limit(got, pending, free, first, limits, now)


def _broke_a_limit(
    got: Any, pending: list[Any], free: list[Any], first: Any, limits: dict[str, int], now: int
) -> None:
    detail = f"It returned {got!r}; it should return {first[3] if first else None!r}."
    if got is None:
        detail += f" Nothing keeps a {first[2]} from running at {now}."
        raise BrokenError("take", "returns None where a task may run", detail)
    task = next(t for t in pending if t[3] == got)
    if task not in free:
        most = limits[task[2]]
        detail += f" {most} of {task[2]!r} in any {MINUTE} seconds is all that is allowed."
        raise BrokenError("take", "breaks a limit", detail)
    raise BrokenError("take", "does not give the most urgent of those that may run", detail)


# --- open: dependencies ---------------------------------------------------------------------------

TASKS = ["flour", "dough", "oven", "bread", "table", "guests", "music", "wine"]


@exercise("10", "Open: dependencies", "your class, as in dependent(Dependent)", unsolved=True)
def dependent(kind: Any) -> Verdict:
    """Check ``Dependent``: add, take, complete, fail. A case: whom each comes after, and moves."""
    unfit = need_class(kind, "check.dependent(Dependent)", "add", "take", "complete", "fail")
    if unfit:
        return unfit
    steps: list[Any] = [(), (0,), (0, 1), (1,), "take", "done", "fail"]
    random = Random(10)
    long = [_plan(random) for _ in range(60)]
    found = smallest_failure(partial(_dependent, kind=kind), sequences(steps, 5), long)
    found = found or smallest_failure(
        partial(_dependent, kind=kind, alike=True), sequences(steps, 4), long[:10]
    )
    return found or right("each runs when all is done that it needs, and never if that has failed.")


def _plan(random: Random) -> Case:
    case: Case = []
    added = 0
    for _ in range(40):
        if added < len(TASKS) and random.random() < 0.4:
            case.append(
                tuple(sorted(random.sample(range(added), random.randint(0, min(2, added)))))
            )
            added += 1
        else:
            case.append(random.choice(["take", "take", "done", "done", "fail"]))
    return case


def _is_a_plan(case: Case) -> bool:
    """Whether each comes after such alone as were added before, and only what runs ends."""
    added = running = 0
    for step in case:
        if isinstance(step, tuple):
            if any(other >= added for other in step) or added == len(TASKS):
                return False
            added += 1
        elif step == "take":
            running += 1
        else:
            running -= 1
            if running < 0:
                return False
    return True


def _dependent(trial: Trial, case: Case, kind: Any, alike: bool = False) -> None:
    """alike: whether all priorities are equal; else each is more urgent than the one before."""
    if not _is_a_plan(case):
        return
    queue = trial.call("queue = Dependent()", "Dependent", kind)
    needs: dict[str, tuple[str, ...]] = {}
    states: dict[str, str] = {}
    running: list[str] = []
    for step in case:
        if isinstance(step, tuple):
            name = TASKS[len(needs)]
            needs[name] = tuple(TASKS[other] for other in step)
            priority = 1 if alike else 9 - len(needs)
            shown = f"queue.add({name!r}, {priority}, {list(needs[name])})"
            trial.call(shown, "add", queue.add, name, priority, list(needs[name]))
            bad = any(states[other] in ("failed", "dropped") for other in needs[name])
            states[name] = "dropped" if bad else "pending"
        elif step == "take":
            got = trial.call("queue.take()", "take", queue.take)
            trial.lines[-1] += f"    # returned {got!r}"
            free = [
                n
                for n, state in states.items()
                if state == "pending" and all(states[other] == "done" for other in needs[n])
            ]
            first = free[0 if alike else -1] if free else None
            _is_first(got, first, states, needs, alike)
            if first:
                states[first] = "running"
                running.append(first)
        elif running:
            name = running.pop(0)
            if step == "done":
                trial.call(f"queue.complete({name!r})", "complete", queue.complete, name)
                states[name] = "done"
                continue
            states[name] = "failed"
            got = trial.call(f"queue.fail({name!r})", "fail", queue.fail, name)
            trial.lines[-1] += f"    # returned {got!r}"
            _dropped(got, states, needs)


def _is_first(
    got: Any,
    first: str | None,
    states: dict[str, str],
    needs: dict[str, tuple[str, ...]],
    alike: bool,
) -> None:
    if got == first and (got is None or type(got) is str):
        return
    detail = f"It returned {got!r}; it should return {first!r}."
    if got is None:
        raise BrokenError("take", "returns None where a task is free to run", detail)
    if type(got) is not str or got not in states:
        raise BrokenError("take", "returns something else than the name of a task", detail)
    if states[got] == "dropped":
        raise BrokenError("take", "gives a task although what it needs has failed", detail)
    if states[got] != "pending":
        raise BrokenError("take", f"gives a task that is {states[got]}", detail)
    missing = [other for other in needs[got] if states[other] != "done"]
    if missing:
        detail += f" {got!r} needs {missing[0]!r}, which is {states[missing[0]]}."
        raise BrokenError("take", "gives a task too early", detail)
    if alike:
        detail = f"Both have priority 1, and {first!r} was added first. {detail}"
        raise BrokenError("take", "does not keep equal priorities in order", detail)
    raise BrokenError("take", "does not give the most urgent of those that are free", detail)


def _dropped(got: Any, states: dict[str, str], needs: dict[str, tuple[str, ...]]) -> None:
    """What has failed pulls down with it whatever needs it, directly or not."""
    down = [
        name
        for name in needs  # in the order added: whatever a task needs stands before it
        if states[name] == "pending" and _pull(name, states, needs)
    ]
    detail = f"It returned {got!r}; it should return {down}, in any order."
    if not isinstance(got, list | tuple | set):
        raise BrokenError("fail", "does not return a list", detail)
    if sorted(map(str, got)) != sorted(down):
        raise BrokenError("fail", "does not return the tasks that can never run now", detail)


def _pull(name: str, states: dict[str, str], needs: dict[str, tuple[str, ...]]) -> bool:
    if any(states[other] in ("failed", "dropped") for other in needs[name]):
        states[name] = "dropped"
        return True
    return False
