"""Notebook 03: look and remove in one step, a worker's loop, when all is done, growing old."""

from heapq import heapify, heappop, heapreplace
from random import Random
from threading import Event
from typing import Any

from ..broken import run_steps
from .exercises import exercise, is_number, need_diagnosis, need_function
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

_run_steps: Any = run_steps  # written as a learner would write it: without types
NAMES = ["mail", "backup", "report", "cleanup", "invoice", "alert", "sync", "archive"]


def _name(number: int) -> str:
    return NAMES[number] if number < len(NAMES) else f"task {number}"


# --- one step -------------------------------------------------------------------------------------


class RivalLock:
    """A lock, and another worker who takes a task at the worst moment; no thread is needed.

    when: "waiting": it holds the lock when you first ask, and takes the first task that is due
    before you get it; "after": it takes one as soon as you have given the lock back; "never".
    """

    def __init__(self, heap: list[tuple[float, str]], now: float, when: str) -> None:
        self.heap, self.now, self.when = heap, now, when
        self.taken: list[str] = []  # by the other worker
        self.held = False
        self.asked = 0
        self.refused = False  # you asked without waiting, and did not get it since
        self.left = list(heap)  # the heap when the lock was given back last

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        waits = blocking and timeout != 0
        if self.held:
            if not waits or timeout > 0:
                return False
            raise RuntimeError("you wait for a lock that you hold: it would be for ever")
        self.asked += 1
        if self.when == "waiting" and self.asked == 1:
            self._rival()
            if not waits:
                self.refused = True
                return False
        self.held = True
        self.refused = False
        return True

    def release(self) -> None:
        if not self.held:
            raise RuntimeError("release of a lock that is not held")
        self.held = False
        if self.when == "after" and not self.taken:
            self._rival()
        self.left = list(self.heap)

    def locked(self) -> bool:
        if self.when == "waiting" and not self.asked:
            return not self.acquire(blocking=False)
        return self.held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *error: object) -> None:
        self.release()

    def _rival(self) -> None:
        if self.heap and self.heap[0][0] <= self.now:
            self.taken.append(heappop(self.heap)[1])


@exercise("03", "Take: look and remove in one step", "your function, as in take(take)")
def take(function: Any) -> Verdict:
    """Check ``take(heap, now, lock)`` -> a name or None. A case holds due times."""
    unfit = need_function(function, "take", "check.take(take)")
    if unfit:
        return unfit
    now = 10

    def alone_or_not(when: str) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            _take_once(trial, case, when, now, function)

        return scenario

    def due(random: Random) -> int:
        return random.randint(1, 20)

    for when in ("never", "waiting", "after"):
        found = smallest_failure(
            alone_or_not(when), sequences([5, now, 60], 3, shortest=0), random_cases(due, 12, 10)
        )
        if found:
            return found
    return right("nobody gets in between, and the lock is given back in every case.")


def _take_once(trial: Trial, case: Case, when: str, now: int, function: Any) -> None:
    heap = [(due, _name(number)) for number, due in enumerate(case)]
    heapify(heap)
    trial.note("from lab.check.nb03 import RivalLock")
    trial.note(f"heap = {heap!r}")
    trial.note(f"lock = RivalLock(heap, {now}, {when!r})")
    lock = RivalLock(heap, now, when)
    order = [name for due, name in sorted(heap) if due <= now]
    if order and when == "never":
        trial.note("# no other worker comes")
    elif order:
        moment = {"waiting": "while you wait for the lock", "after": "when you give it back"}[when]
        trial.note(f"# another worker takes {order[0 if when == 'waiting' else -1]!r} {moment}")
        if when == "after":
            trial.lines[-1] = f"# another worker takes the first task that is due {moment}"
    before = list(heap)
    shown = f"take(heap, {now}, lock)"
    got = trial.call(shown, "take", function, heap, now, lock)
    trial.lines[-1] += f"    # returned {got!r}"
    detail = f"It returned {got!r}, and the heap is now {heap!r}."
    if lock.held:
        raise BrokenError("take", "keeps the lock", "Nobody can ever take a task again.")
    if lock.refused and got is None:
        detail = "Another worker had the lock when you asked. Wait until it is free."
        raise BrokenError("take", "gives up when the lock is not free at once", detail)
    if (not lock.asked and heap != before) or (lock.asked and heap != lock.left):
        raise BrokenError("take", "removes a task without holding the lock", detail)
    if got in before:
        raise BrokenError("take", "returns the pair, not the name", detail)
    if got is not None and got in lock.taken:
        raise BrokenError("take", "returns a task that another worker has taken", detail)
    mine = order[len(lock.taken) :] if when == "waiting" else order
    expected = mine[0] if mine else None
    if got == expected:
        gone = {*lock.taken, got}
        left = sorted(pair for pair in before if pair[1] not in gone)
        if sorted(heap) != left:
            few = len(heap) < len(left)
            problem = "loses a task" if few else "does not remove the task that it returns"
            raise BrokenError("take", problem, detail)
        if any(heap[(i - 1) // 2] > heap[i] for i in range(1, len(heap))):
            raise BrokenError("take", "leaves a list that is no heap", detail)
        return
    wanted = f"{detail} It should return {expected!r}."
    if expected is None and not any(name == got for _, name in before):
        problem = f"gives something, though no task is due at second {now}"
    elif expected is None:
        problem = f"takes a task that is not due at second {now}"
    elif got is None and len(heap) < len(before) - len(lock.taken):
        problem = "removes a task, and does not return its name"
    elif got is None:
        exactly = min(before)[0] == now
        problem = f"leaves a task that is due{f' exactly at second {now}' * exactly}"
    else:
        problem = "does not take the task that is due first"
    raise BrokenError("take", problem, wanted)


# --- a worker's loop ------------------------------------------------------------------------------

ERRORS: dict[str, Exception] = {
    "raises": ValueError("no such address"),
    "breaks": OSError("no connection"),
}
ACTIONS = {
    "works": "def works(): return 'sent'",
    "raises": "def raises(): raise ValueError('no such address')",
    "breaks": "def breaks(): raise OSError('no connection')",
    "stops": "def stops(): stop.set()",
}


class _Flag(Event):
    """An Event that nobody else can set, so that no time is spent on waiting for it."""

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None and not self.is_set():
            raise RuntimeError(
                "you wait until stop is set, and nobody sets it: it would be for ever"
            )
        return self.is_set()


@exercise("03", "A worker that stops cleanly", "your function, as in work(work)")
def work(function: Any) -> Verdict:
    """Check ``work(scheduler, stop)``. A case holds what the tasks do, most urgent first."""
    unfit = need_function(function, "work", "check.work(work)")
    if unfit:
        return unfit

    def told_before(stopped: bool, words: bool = False) -> Scenario:
        def scenario(trial: Trial, case: Case) -> None:
            _work_once(trial, case, stopped, words, function)

        return scenario

    kinds = ["works", "raises", "breaks", "stops", "later"]
    # What was passed on comes last: an answer that mixes up the ends is told so first.
    found = (
        smallest_failure(told_before(False), sequences(kinds, 3, shortest=0))
        or smallest_failure(told_before(True), sequences(kinds[:2], 2))
        or smallest_failure(told_before(False, words=True), sequences(kinds, 1))
    )
    return found or right("every task it takes comes to an end, and it stops when told to.")


def _work_once(trial: Trial, case: Case, stopped: bool, words: bool, function: Any) -> None:
    from sched import HeapScheduler, TaskStatus, VirtualClock

    stop, ran = _Flag(), []

    def acts(number: int, kind: str) -> Any:
        def action() -> str | None:
            ran.append(number)
            if kind in ERRORS:
                raise ERRORS[kind]
            if kind != "stops":
                return "sent"
            stop.set()
            return None

        return action

    scheduler = HeapScheduler(clock=VirtualClock(0.0))
    trial.note("from threading import Event")
    trial.note("stop = Event()")
    trial.note("s = HeapScheduler(clock=VirtualClock(0.0))")
    trial.lines += [ACTIONS[kind] for kind in ACTIONS if kind in case]
    expected: list[TaskStatus] = []
    over = stopped
    for number, kind in enumerate(case):
        delay, shown = (60.0, "works") if kind == "later" else (0.0, kind)
        scheduler.add_task(number, _name(number), delay, action=acts(number, kind))
        if kind == "later" and ACTIONS["works"] not in trial.lines:
            trial.lines.insert(3, ACTIONS["works"])
        later = ", delay=60" if delay else ""
        trial.note(f"s.add_task({number}, {_name(number)!r}{later}, action={shown})")
        if over or delay:
            expected.append(TaskStatus.PENDING)
        else:
            expected.append(TaskStatus.FAILED if kind in ERRORS else TaskStatus.SUCCEEDED)
        over = over or kind == "stops"
    if stopped:
        stop.set()
        trial.note("stop.set()")
    trial.call("work(s, stop)", "work", function, scheduler, stop)
    for number, wanted in enumerate(expected):
        got = scheduler.status(number + 1)
        problem = _wrong_end(wanted.name, got.name, ran.count(number))
        if problem:
            detail = f"{_name(number)!r} is {got.name} at the end; it should be {wanted.name}."
            if got is wanted:
                detail = f"{_name(number)!r} is {got.name} at the end, as it should be."
            raise BrokenError("work", problem, detail)
    if stop.is_set() and not over:
        detail = "All workers look at it: when there is no task, return is enough."
        raise BrokenError("work", "sets the flag that tells it to stop", detail)
    if not words:
        return
    for number, (kind, wanted) in enumerate(zip(case, expected, strict=True)):
        task = scheduler.task(number + 1)
        if wanted is TaskStatus.FAILED and str(ERRORS[kind]) not in str(task.error):
            detail = f"{_name(number)!r} is kept with the error {task.error!r}, "
            detail += f"and {kind}() raised {ERRORS[kind]!r}."
            raise BrokenError("work", "does not tell which error it was", detail)
        if wanted is TaskStatus.SUCCEEDED and kind != "stops" and task.result != "sent":
            detail = f"{_name(number)!r} is kept with the result {task.result!r}, "
            detail += "and its action returned 'sent'."
            raise BrokenError("work", "does not pass on what the action returned", detail)


def _wrong_end(wanted: str, got: str, runs: int) -> str | None:
    """What is wrong with a task that came to this end and ran so often, or None."""
    if got == "RUNNING":
        return "takes a task and says nothing of how it ended"
    if wanted == "PENDING" and (got != "PENDING" or runs):
        return "goes on after it was told to stop"
    if wanted == "FAILED" and got == "PENDING" and runs:
        return "has a task run again that has failed"
    if wanted != "PENDING" and got == "PENDING":
        return "leaves while a task is ready"
    if not runs and wanted != "PENDING":
        return "does not call the action of a task"
    if runs != (wanted != "PENDING"):
        return f"calls the action of a task {runs} times"
    if wanted == "FAILED" and got == "SUCCEEDED":
        return "says that a failed task has succeeded"
    if wanted == "SUCCEEDED" and got == "FAILED":
        return "says that a task has failed which did not"
    return None


# --- when all is done -----------------------------------------------------------------------------


@exercise("03", "When all is done", "your function, as in finish_time(finish_time)")
def finish_time(function: Any) -> Verdict:
    """Check ``finish_time(durations, workers)``. A case holds durations."""
    unfit = need_function(function, "finish_time", "check.finish_time(finish_time)")
    if unfit:
        return unfit

    def scenario(trial: Trial, durations: Case) -> None:
        for workers in (1, 2, 3, 8):
            trial.lines.clear()
            shown = f"finish_time({durations!r}, {workers})"
            given = list(durations)
            got = trial.call(shown, "finish_time", function, given, workers)
            trial.lines[-1] += f"    # returned {got!r}"
            share = _shared_out(durations, workers)
            expected = max(map(sum, share), default=0)
            if not is_number(got):
                detail = f"It returned {got!r}; it should return {expected}."
                raise BrokenError("finish_time", "does not return a number of seconds", detail)
            if not abs(got - expected) < 1e-9:  # neither is nan
                who = "; ".join(
                    f"worker {n} runs {' + '.join(map(str, own)) or 'nothing'}"
                    for n, own in enumerate(share, start=1)
                )
                late = "late" if got > expected else "early"
                detail = f"It returned {got!r}; it should return {expected}: {who}."
                if len(durations) == 1 and got == durations[0] / workers:
                    detail += " A task cannot be cut in pieces."
                raise BrokenError("finish_time", f"is too {late}", detail)
            if given != durations:
                problem = "changes the list that it is given"
                raise BrokenError("finish_time", problem, f"It is now {given!r}.")

    def seconds(random: Random) -> int:
        return random.randint(1, 9)

    small = sequences([1, 2, 3], 5, shortest=0)
    return smallest_failure(scenario, small, random_cases(seconds, 12, 10)) or right(
        "whoever is free first takes the next task, and the last one to finish counts."
    )


def _shared_out(durations: Case, workers: int) -> list[list[float]]:
    """Who runs what, if whoever is free first takes the next task."""
    share: list[list[float]] = [[] for _ in range(workers)]
    free = [(0.0, worker) for worker in range(workers)]
    for seconds in durations:
        moment, worker = free[0]
        share[worker].append(seconds)
        heapreplace(free, (moment + seconds, worker))
    return share


# --- growing old ----------------------------------------------------------------------------------


@exercise("03", "A rank that lets tasks grow old", "your function, as in rank(rank)")
def rank(function: Any) -> Verdict:
    """Check ``rank(priority, run_at, aging)``. A case holds tasks (priority, run_at)."""
    unfit = need_function(function, "rank", "check.rank(rank)")
    if unfit:
        return unfit

    def scenario(trial: Trial, case: Case) -> None:
        for aging in (10, 4, 2.5):
            trial.lines.clear()
            ranks = []
            for priority, run_at in case:
                shown = f"rank({priority}, {run_at}, {aging})"
                got = trial.call(shown, "rank", function, priority, run_at, aging)
                trial.lines[-1] += f"    # returned {got!r}"
                if not is_number(got):
                    raise BrokenError("rank", "does not return a number", f"It returned {got!r}.")
                ranks.append(got)
            for task, mine in zip(case, ranks, strict=True):
                for other, its in zip(case, ranks, strict=True):
                    if _is_before(task, other, aging) and not mine < its:
                        raise BrokenError("rank", *_out_of_order(task, other, aging))

    def task(random: Random) -> tuple[int, int]:
        return (random.randint(1, 5), random.randint(0, 99))

    tasks = [(1, 0), (1, 5), (1, 33), (2, 0), (2, 5), (5, 0), (5, 33)]
    return smallest_failure(scenario, sequences(tasks, 2), random_cases(task, 6, 10)) or right(
        "urgent tasks go first, and no task waits for ever."
    )


def _is_before(one: tuple[int, int], other: tuple[int, int], aging: float) -> bool:
    return one[0] * aging + one[1] < other[0] * aging + other[1]


def _out_of_order(first: tuple[int, int], last: tuple[int, int], aging: float) -> tuple[str, str]:
    """What is wrong where ``first`` does not come first, and a sentence about it."""
    level = abs(first[0] - last[0]) * aging
    detail = (
        f"With aging={aging}, the task of priority {first[0]} that may run from {first[1]} on "
        f"should go before the one of priority {last[0]} from {last[1]} on. "
    )
    if first[0] == last[0]:
        return (
            "does not let the older of two equally urgent tasks go first",
            detail + "Their priorities are equal.",
        )
    if first[0] < last[0]:
        return (
            "lets a less urgent task overtake too soon",
            detail + f"Their priorities are worth {level} seconds.",
        )
    return (
        "lets a task starve",
        detail + f"It is {last[1] - first[1]} seconds older; their priorities are worth {level}.",
    )


# --- a diagnosis ----------------------------------------------------------------------------------


@exercise(
    "03",
    "Diagnosis: a queue that is broken",
    "a fault and a list of steps, as in ('A', [1, 1, 2, 2])",
)
def diagnose_03(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenQueue: (fault, the fewest steps of workers 1 and 2)."""
    unfit = need_diagnosis(answer, "check.diagnose_03((fault, steps))")
    if unfit:
        return unfit
    fault, steps = answer
    if any(type(step) is not int or step not in (1, 2) for step in steps):
        return wrong("the list", "should hold 1 and 2, the numbers of the workers, in their order")
    ran = _run_steps(steps)
    if len(set(ran)) == len(ran):
        return wrong("the list", f"does not show the fault: {ran} ran, no task twice")
    if len(steps) > 4:
        return wrong("the list", f"shows the fault ({ran} ran), but a shorter one can")
    if fault.strip().upper() != "B":
        return wrong(
            "the fault",
            "is another one",
            f"Your steps do show it: {ran} ran. Who holds the lock between a look and a removal?",
        )
    return right(f"both looked before one removed, and {ran} ran. Four steps are the fewest.")
