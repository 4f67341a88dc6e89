"""Notebook 02: when something can run next, waiting without being busy, clocks that jump."""

from random import Random
from typing import Any

from sched.table import counted

from ..broken import at_second_10
from .exercises import all_numbers, exercise, is_number, need_class, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import (
    Case,
    Scenario,
    Verdict,
    random_cases,
    right,
    sequences,
    smallest_failure,
    wrong,
)

_at_second_10: Any = at_second_10  # written as a learner would write it: without types
NAMES = ["mail", "backup", "report", "cleanup", "invoice", "alert", "sync", "archive"]


# --- when ----------------------------------------------------------------------------------------


@exercise("02", "When something can run next", "your function, as in next_run_time(next_run_time)")
def next_run_time(function: Any) -> Verdict:
    """Check ``next_run_time(ready, waiting, now)``. A case holds names (ready) and due times."""
    unfit = need_function(function, "next_run_time", "check.next_run_time(next_run_time)")
    if unfit:
        return unfit

    def tasks_are(dictionaries: bool) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            names = [item for item in case if isinstance(item, str)]
            ready = [{"name": name} for name in names] if dictionaries else names
            waiting = [item for item in case if not isinstance(item, str)]
            for now in (100, 0, 102.5):
                trial.lines.clear()
                _next_once(trial, ready, waiting, now, function)

        return scenario

    def item(random: Random) -> Any:
        return random.randint(95, 140)

    small = sequences(["mail", 102, 105, 100, 0], 3, shortest=0)
    return (
        smallest_failure(tasks_are(dictionaries=False), small, random_cases(item, 20, 10))
        or smallest_failure(tasks_are(dictionaries=True), sequences(["mail", 102], 3))
        or right("now if a task is ready, else when the first waiting one is due, else never.")
    )


def _next_once(
    trial: Trial, ready: list[Any], waiting: list[Any], now: float, function: Any
) -> None:
    shown = f"next_run_time({ready!r}, {waiting!r}, {now})"
    expected = now if ready else max(now, min(waiting)) if waiting else None
    given = (list(ready), list(waiting))
    got = trial.call(shown, "next_run_time", function, *given, now)
    trial.lines[-1] += f"    # returned {got!r}"
    detail = f"It returned {got!r}; it should return {expected!r}."
    if expected is None:
        if got is None:
            return
        problem = "gives a time where nothing is left to run"
    elif is_number(got) and got == expected:
        if given == (ready, waiting):
            return
        same = len(given[0]) == len(ready) and sorted(given[1]) == sorted(waiting)
        problem = f"{'changes the order of' if same else 'takes a task out of'} its list"
        detail = f"Afterwards ready was {given[0]!r} and waiting was {given[1]!r}."
    elif got is not None and not is_number(got):
        problem = "does not return a moment"
    elif ready:
        problem = "does not see that a task is ready now"
    elif got is None:
        problem = "gives no time, though a task is waiting"
    elif got == expected - now and got not in waiting:
        problem = "gives how long to wait, not until when"
    elif got < now:
        problem = "gives a time that is past"
    elif got == now:
        problem = "says that something can run now, though no task is due"
    else:
        problem = "does not give the time of the task that is due first"
    raise BrokenError("next_run_time", problem, detail)


# --- waiting --------------------------------------------------------------------------------------


@exercise("02", "Waiting without being busy", "your function, as in run_all(run_all)")
def run_all(function: Any) -> Verdict:
    """Check ``run_all(scheduler, clock)`` -> [(time, name), ...].

    A case holds tasks (priority, delay), and numbers: so many seconds pass before the next one is
    added, or the loop begins.
    """
    from sched import HeapScheduler, TaskStatus, VirtualClock

    unfit = need_function(function, "run_all", "check.run_all(run_all)")
    if unfit:
        return unfit

    class Watched(VirtualClock):
        """A virtual clock that counts how often it is moved."""

        moves = 0

        def advance(self, seconds: float) -> None:
            super().advance(seconds)
            self.moves += seconds > 0

        def advance_to(self, t: float) -> None:
            before = self.now()
            super().advance_to(t)
            self.moves += self.now() > before  # to where it stands already is no wake-up

    def begins_at(second: float) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            run_once(trial, case, second)

        return scenario

    def run_once(trial: Trial, case: Case, second: float) -> None:
        clock = Watched(second)
        scheduler = HeapScheduler(clock=clock)
        trial.note(f"clock = VirtualClock({second})")
        trial.note("s = HeapScheduler(clock=clock)")
        added = 0
        for item in case:
            if not isinstance(item, tuple):
                clock.advance(item)
                trial.note(f"clock.advance({item})")
                continue
            priority, delay = item
            name = NAMES[added % len(NAMES)]
            scheduler.add_task(priority, name, delay)
            trial.note(f"s.add_task({priority}, {name!r}, delay={delay})")
            added += 1
        start = clock.now()
        in_order = _in_order(start, list(scheduler.pending_tasks()))
        clock.moves = 0
        got = trial.call("run_all(s, clock)", "run_all", function, scheduler, clock)
        trial.lines[-1] += f"    # returned {got!r}"
        now = clock.now()
        left = [task for task in scheduler.pending_tasks() if task.run_at <= now]
        _same_run(got, in_order, "ready" if left else "still waiting")
        stops = len({time for time, _ in in_order if time > start})
        if clock.moves > stops:
            needed = f"{stops} {'was' if stops == 1 else 'were'} needed"
            detail = f"The clock was moved {counted(clock.moves, 'time')}; {needed}."
            raise BrokenError("run_all", "wakes up when there is nothing to do", detail)
        if any(scheduler.status(i) is not TaskStatus.SUCCEEDED for i in range(1, added + 1)):
            detail = "After the run, tell the scheduler: s.complete(task)."
            raise BrokenError("run_all", "takes tasks and never completes them", detail)

    def task(random: Random) -> Any:
        if random.random() < 0.2:
            return random.choice([1, 4])
        return (random.randint(1, 3), random.choice([0, 1, 2.5, 7]))

    small = list(sequences([(1, 0), (2, 0), (1, 3), (2, 3), (1, 10.5), 5], 3, shortest=0))
    return (
        smallest_failure(begins_at(0.0), small, random_cases(task, 12, 10))
        or smallest_failure(begins_at(1000.0), small)
        or right("every task ran on time, and the clock stopped nowhere else.")
    )


def _in_order(start: float, tasks: list[Any]) -> list[tuple[float, str]]:
    """When each of these tasks runs, if the loop begins at `start` and is never late."""
    now, ran, left = start, [], list(tasks)
    while left:
        now = max(now, min(task.run_at for task in left))
        due = [task for task in left if task.run_at <= now]
        # At equal priority the one that was due first comes first.
        task = min(due, key=lambda task: (task.priority, task.run_at, task.id))
        ran.append((now, task.name))
        left.remove(task)
    return ran


def _same_run(got: Any, expected: list[tuple[float, str]], left: str) -> None:
    detail = f"It returned {got!r}; it should return {expected!r}."
    pairs = isinstance(got, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in got
    )
    if not pairs:
        raise BrokenError("run_all", "does not return a list of pairs (time, name)", detail)
    if any(is_number(name) for _, name in got):
        raise BrokenError("run_all", "puts the name first: a pair is (time, name)", detail)
    if not all(is_number(time) for time, _ in got):
        raise BrokenError("run_all", "notes something that is no time of the clock", detail)
    ran = [(time, str(name)) for time, name in got]
    if ran == expected:
        return
    names, due = [name for _, name in ran], {name: time for time, name in expected}
    if len(ran) < len(expected):
        raise BrokenError("run_all", f"stops while a task is {left}", detail)
    if sorted(names) != sorted(name for _, name in expected):
        raise BrokenError("run_all", "does not run each task once", detail)
    # A name may come twice in a large case; then the order is what is looked at.
    if len(due) == len(ran):
        late = [name for time, name in ran if time > due[name]]
        if late:
            detail = f"{late[0]!r} could run at {due[late[0]]}. {detail}"
            raise BrokenError("run_all", "runs a task late", detail)
        early = [name for time, name in ran if time < due[name]]
        if early:
            detail = f"{early[0]!r} ran at {due[early[0]]}, by the clock. {detail}"
            raise BrokenError("run_all", "notes an earlier time than the clock shows", detail)
    raise BrokenError("run_all", "does not give the time and the order of each run", detail)


# --- a clock that jumps ---------------------------------------------------------------------------


@exercise("02", "A clock that never runs backwards", "your class, as in steady_clock(SteadyClock)")
def steady_clock(clock: Any) -> Verdict:
    """Check ``SteadyClock(wall)`` with ``now()``. A case is the wall clock's readings."""
    unfit = need_class(clock, "check.steady_clock(SteadyClock)", "__init__", "now")
    if unfit:
        return unfit

    def two_clocks(trial: Trial, _case: Case) -> None:
        for name, reading in (("clock", 30), ("other", 10)):
            trial.note(f"# the wall clock shows {reading}")
            made = trial.call(
                f"{name} = SteadyClock(wall)", "SteadyClock", clock, lambda seen=reading: seen
            )
            got = trial.call(f"{name}.now()", "now", made.now)
            trial.lines[-1] += f"    # returned {got!r}"
            if name == "other" and is_number(got) and got == 30:
                detail = "What a clock remembers belongs on self, where each has its own."
                raise BrokenError("now", "shows what another clock has read", detail)

    def scenario(trial: Trial, readings: Case) -> None:
        reading = readings[0]
        mine = trial.call("clock = SteadyClock(wall)", "SteadyClock", clock, lambda: reading)
        seen: list[float] = []
        for reading in readings:
            trial.note(f"# the wall clock shows {reading}")
            got = trial.call("clock.now()", "now", mine.now)
            trial.lines[-1] += f"    # returned {got!r}"
            seen.append(reading)
            if is_number(got) and got == max(seen):
                continue
            detail = f"It returned {got!r}; the largest reading so far is {max(seen)}."
            if not is_number(got):
                problem = "does not return a time"
            elif got < max(seen[:-1], default=got):
                problem = "runs backwards"
            elif got < reading:
                problem = "stands still while the wall clock goes on"
            else:
                problem = "is ahead of the wall clock"
            raise BrokenError("now", problem, detail)

    def reading(random: Random) -> float:
        return random.choice([random.randint(1, 50), random.uniform(1, 50)])

    small = sequences([10, 20, 30], 5)
    return (
        smallest_failure(two_clocks, [[]])
        or smallest_failure(scenario, small, random_cases(reading, 20, 10))
        or smallest_failure(scenario, sequences([-20, 0, -10], 3))
        or right("it follows the wall clock forwards, and waits for it when it is set back.")
    )


# --- a diagnosis ----------------------------------------------------------------------------------


@exercise(
    "02",
    "Diagnosis: a scheduler that is broken",
    "a fault and a list of tasks (priority, delay), as in ('A', [(1, 0)])",
)
def diagnose_02(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenDelays: (fault, the fewest (priority, delay) that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_02((fault, tasks))")
    if unfit:
        return unfit
    fault, tasks = answer
    for task in tasks:
        pair = isinstance(task, tuple | list) and len(task) == 2
        if not pair or not all_numbers(task):
            return wrong(
                "the list", "should hold pairs (priority, delay), such as [(1, 0), (2, 5)]"
            )
        if not 0 <= task[1] <= 10:
            return wrong("the list", f"holds a delay of {task[1]}: it should be from 0 to 10")
    out = _at_second_10(tasks)
    if out == sorted(out):
        return wrong("the list", f"does not show the fault: priorities {out} come out, in order")
    if len(tasks) > 2:
        return wrong("the list", f"shows the fault (priorities {out}), but a shorter one can")
    if fault.strip().upper() != "C":
        return wrong(
            "the fault",
            "is another one",
            f"Your tasks do show it: at time 10 priorities {out} come out. What does one call of "
            "get_next_task move from waiting to ready?",
        )
    return right(f"both are due, and yet priorities {out} come out. Two tasks are the fewest.")
