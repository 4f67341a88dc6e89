"""Notebook 04: the same task again, pauses that grow and differ, what is worth another attempt."""

from collections.abc import Iterator
from functools import partial
from math import isclose
from random import Random
from statistics import fmean
from typing import Any

from sched.table import counted

from ..broken import BrokenPauses
from .exercises import a_kind, exercise, is_number, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import Case, Verdict, right, sequences, smallest_failure, wrong

NAMES = ["mail", "backup", "report"]


# --- the same task again --------------------------------------------------------------------------

LIMITS = (3, 2, 1, 5)
START = 100.0  # of the last round: a moment is not a number of seconds

# How an action fails, as a learner would write it, and what is raised. What it gives when it works
# says nothing: a number, nothing, 0.
FAILURES: list[tuple[str, type[Exception]]] = [
    ("1 / (task.attempts > fails[task.name])", ZeroDivisionError),
    ("{True: None}[task.attempts > fails[task.name]]", KeyError),
    ("[0][task.attempts <= fails[task.name]]", IndexError),
    ("int('7' if task.attempts > fails[task.name] else 'x')", ValueError),
]


@exercise("04", "The same task again, three times", "your function, as in run_next(run_next)")
def run_next(function: Any) -> Verdict:
    """Check ``run_next(scheduler, action, limit)``. A case: how often each task fails."""
    unfit = need_function(function, "run_next", "check.run_next(run_next)")
    if unfit:
        return unfit
    rounds = [(3, FAILURES[0], 2, 0.0)]
    rounds += [(limit, FAILURES[0], 2, 0.0) for limit in LIMITS[1:]]
    rounds += [(3, failure, 1, 0.0) for failure in FAILURES[1:]]
    rounds += [(2, FAILURES[1], 3, START)]  # tasks of three priorities, in turn
    for limit, failure, tasks, start in rounds:
        scenario = partial(
            _run_all, function=function, limit=limit, failure=failure, tasks=tasks, start=start
        )
        found = smallest_failure(scenario, sequences([0, 1, 2, 5], tasks))
        if found is not None:
            return found
    return right("each task kept its number through all its attempts, and none had too many.")


def _run_all(
    trial: Trial,
    case: Case,
    function: Any,
    limit: int,
    failure: tuple[str, type[Exception]],
    tasks: int,
    start: float,
) -> None:
    from sched import HeapScheduler, TaskStatus, VirtualClock

    clock = VirtualClock(start)
    scheduler = HeapScheduler(clock=clock)
    trial.note(f"clock = VirtualClock({start})")
    trial.note("s = HeapScheduler(clock=clock)")
    fails = dict(zip(NAMES, case, strict=False))
    for place, name in enumerate(fails):
        priority = 3 - place if tasks == 3 else 1
        scheduler.add_task(priority, name)
        trial.note(f"s.add_task({priority}, {name!r})")
    shown_action, raised = failure
    trial.note(f"fails = {fails}  # how often each of them fails")
    trial.note(f"action = lambda task: {shown_action}  # or {raised.__name__}")
    does = eval(f"lambda task: {shown_action}", {"fails": fails})
    calls: list[Any] = []
    errors: list[Exception] = []

    def action(*given: Any) -> Any:
        calls.append(given)
        try:
            return does(*given)
        except Exception as error:
            errors.append(error)
            raise

    while (due := scheduler.next_run_time()) is not None:
        if due > clock.now():
            trial.note(f"clock.advance({due - clock.now():g})")
            clock.advance_to(due)
        task = scheduler.peek_next_task()
        assert task is not None
        attempt = task.attempts + 1
        which = f"attempt {attempt} at {task.name!r}"
        calls.clear()
        errors.clear()
        shown = f"run_next(s, action, {limit})"
        trial.call(shown, "run_next", function, scheduler, action, limit)
        if not calls:
            raise BrokenError("run_next", "does not call the action", f"This was {which}.")
        if len(calls) > 1:
            detail = f"This was {which}: each call of run_next makes one attempt, no more."
            raise BrokenError("run_next", "calls the action more than once", detail)
        if [getattr(given, "id", None) for given in calls[0]] != [task.id]:
            given = ", ".join(map(repr, calls[0]))
            detail = f"This was {which}. It called action({given}): the task itself belongs there."
            raise BrokenError("run_next", "does not give the action the task", detail)
        if scheduler.metrics().added > len(case):
            detail = f"After {which}, the scheduler holds a task with a new number. Use s.fail."
            raise BrokenError("run_next", "adds a new task", detail)
        status = scheduler.status(task.id)
        failed = attempt <= fails[task.name]
        expected = TaskStatus.SUCCEEDED
        if failed:
            expected = TaskStatus.PENDING if attempt < limit else TaskStatus.FAILED
        if status is not expected:
            how = "It failed." if failed else "It worked."
            detail = f"This was {which}, of at most {limit}. {how} The task is {status} now."
            raise BrokenError("run_next", _wrong_end(failed, status, expected), detail)
        told = str(scheduler.task(task.id).error).casefold()
        words = [word for e in errors for word in (str(e), type(e).__name__)]
        if failed and not any(word.casefold() in told for word in words):
            detail = f"After {which}, task.error is {told!r}. Give fail the error that was raised."
            raise BrokenError("run_next", "does not pass on what went wrong", detail)
        if status is TaskStatus.PENDING:
            pause = scheduler.task(task.id).run_at - clock.now()
            if not isclose(pause, 2):
                detail = f"After {which}, the task may run again in {pause:g} seconds, not in 2."
                raise BrokenError("run_next", "does not pause for 2 seconds", detail)


def _wrong_end(failed: bool, status: Any, expected: Any) -> str:
    from sched import TaskStatus

    if status is TaskStatus.RUNNING:
        return "takes a task, and never says how it ended"
    if failed and status is TaskStatus.SUCCEEDED:
        return "completes a task that has failed"
    if not failed:
        return "does not complete a task that has worked"
    if expected is TaskStatus.FAILED:
        return "tries once too often"
    return "gives up too early"


# --- pauses that grow -----------------------------------------------------------------------------


@exercise("04", "A pause that doubles, up to a cap", "your function, as in pause(pause)")
def pause(function: Any) -> Verdict:
    """Check ``pause(attempts, base, cap)``. A case: one (attempts, base, cap)."""
    unfit = need_function(function, "pause", "check.pause(pause)")
    if unfit:
        return unfit

    def scenario(trial: Trial, case: Case) -> None:
        for attempts, base, cap in case:
            shown = f"pause({attempts}, {base}, {cap})"
            got = trial.call(shown, "pause", function, attempts, base, cap)
            trial.lines[-1] += f"    # returned {got!r}"
            expected = min(cap, base * 2 ** (attempts - 1))
            if is_number(got) and isclose(got, expected, rel_tol=1e-6):  # of NumPy's, too
                continue
            detail = f"It returned {got!r}; it should return {expected!r}."
            if not is_number(got):
                problem = "does not return a number of seconds"
            elif got > cap:
                problem = "is longer than the cap"
            elif isclose(got, cap):
                problem = "is as long as the cap too early"
            elif attempts == 1:
                problem = "does not begin with the base"
            elif isclose(expected, cap):
                problem = "does not grow as far as the cap"
            else:
                problem = "does not double after each attempt"
            raise BrokenError("pause", problem, detail)

    small = [
        [(attempts, base, cap)]
        for attempts in (1, 2, 3, 4, 5, 8, 20, 40, 100)
        for base, cap in (
            (1, 60),
            (3, 60),
            (10, 3600),
            (0.3, 60),
            (1, 1),
            (2, 50),
            (1.5, 4.5),
            (90, 60),
            (7, 100_000),
        )
    ]
    return smallest_failure(scenario, small) or right(
        "it begins with the base, doubles after each attempt, and stops at the cap."
    )


# --- pauses that differ ---------------------------------------------------------------------------

BASE, CAP = 1, 60
DRAWS = 1000


@exercise("04", "Pauses drawn by chance", "your function, as in pauses(pauses)")
def pauses(function: Any) -> Verdict:
    """Check ``pauses(limit, source)`` with many random sources. A case: [limit]."""
    unfit = need_function(function, "pauses", "check.pauses(pauses)")
    if unfit:
        return unfit

    def scenario(trial: Trial, case: Case) -> None:
        limit = case[0]
        longest = [min(CAP, BASE * 2**n) for n in range(limit - 1)]
        trial.note("from random import Random")
        got = _draw(trial, function, limit, 1)
        _one_list(got, longest)
        if limit < 2:
            return
        again = _draw(trial, function, limit, 1)
        if again != got:
            shown = f"pauses({limit}, Random(1))    # values"
            trial.lines[1:] = [f"{shown} {got!r}", f"{shown} {again!r}"]
            detail = "Two sources with the same seed gave different pauses: draw from `source`."
            raise BrokenError("pauses", "does not draw from the source it is given", detail)
        drawn = []
        for seed in range(DRAWS):
            del trial.lines[1:]  # one list is shown: the one that is wrong
            got = _draw(trial, function, limit, seed)
            _one_list(got, longest)
            drawn.append([float(seconds) for seconds in got])  # a Decimal, or what else it is
        if all(row == drawn[0] for row in drawn):
            detail = "Other sources, and the same pauses: all clients would come back together. "
            detail += f"Pause {len(longest)} should be anywhere from 0 to {longest[-1]}."
            raise BrokenError("pauses", "does not depend on the source it is given", detail)
        _spread(drawn, longest)

    return smallest_failure(scenario, [[limit] for limit in (1, 2, 3, 4, 7, 10)]) or right(
        "each pause lies anywhere between zero and its longest, and no two clients are alike."
    )


def _draw(trial: Trial, function: Any, limit: int, seed: int) -> Any:
    shown = f"pauses({limit}, Random({seed}))"
    got = trial.call(shown, "pauses", function, limit, Random(seed))
    trial.lines[-1] += f"    # returned {got!r}"
    return got


def _one_list(got: Any, longest: list[int]) -> None:
    if not isinstance(got, list) or not all(is_number(p) for p in got):
        told = "" if isinstance(got, list) else f" That is {a_kind(got)}, not a list."
        problem = "does not return a list of seconds"
        raise BrokenError("pauses", problem, f"It returned {got!r}.{told}")
    if len(got) != len(longest):
        detail = f"With {counted(len(longest) + 1, 'attempt')} there "
        detail += f"{'is' if len(longest) == 1 else 'are'} {counted(len(longest), 'pause')}, "
        detail += f"not {len(got)}."
        raise BrokenError("pauses", "gives a pause too many or too few", detail)
    for number, (seconds, most) in enumerate(zip(got, longest, strict=True), start=1):
        if not 0 <= seconds <= most:
            detail = f"It returned {got!r}. Pause {number} should be from 0 to {most}."
            raise BrokenError("pauses", "gives a pause that is out of bounds", detail)


def _spread(drawn: list[list[float]], longest: list[int]) -> None:
    """Look at what many clients have drawn: any moment should be as likely as any other."""
    clients = f"Of {DRAWS:,} clients"
    for number, most in enumerate(longest):
        column = [row[number] for row in drawn]
        if len(set(column)) <= min(most + 1, DRAWS // 2):
            several = ", ".join(f"{p:g}" for p in sorted(set(column))[:4])
            detail = f"{clients}, all had one of a few values as pause {number + 1}: {several}"
            detail += ", ..." if len(set(column)) > 4 else ""
            raise BrokenError("pauses", "draws from a few values only", detail)
    last = [row[-1] for row in drawn]
    if (piled := last.count(longest[-1])) > DRAWS // 20:
        detail = f"{clients}, {piled} had a last pause of exactly {longest[-1]}."
        raise BrokenError("pauses", "piles up at the cap", detail)
    for number, most in enumerate(longest):
        column = [row[number] for row in drawn]
        low, high, mean = min(column), max(column), fmean(column)
        told = f"{clients}, pause {number + 1} was from {low:.2f} to {high:.2f}"
        detail = f"{told}, {mean:.2f} on average; it should be anywhere from 0 to {most}."
        if low > 0.04 * most or high < 0.96 * most:
            raise BrokenError("pauses", "does not use the whole range", detail)
        for quarter in range(4):
            inside = sum(quarter <= 4 * p / most < quarter + 1 for p in column)
            if not 0.18 * DRAWS < inside < 0.32 * DRAWS:
                span = f"{quarter / 4 * most:g} to {(quarter + 1) / 4 * most:g}"
                detail = f"{clients}, {inside} had a pause {number + 1} from {span}; about "
                detail += f"{DRAWS // 4} should, as in each quarter of 0 to {most}."
                raise BrokenError("pauses", "makes some pauses likelier than others", detail)
    for number in range(1, len(longest)):
        rows = [
            (row[number - 1] / longest[number - 1], row[number] / longest[number]) for row in drawn
        ]
        if all(abs(a - b) < 1e-9 for a, b in rows):
            detail = f"Pauses {number} and {number + 1} are always the same part of the longest."
            raise BrokenError("pauses", "draws once for all the pauses", detail)


# --- what is worth another attempt ----------------------------------------------------------------

ERRORS: list[tuple[type[Exception], bool]] = [
    (TimeoutError, True),
    (ConnectionError, True),
    (ConnectionResetError, True),
    (OSError, True),
    (BrokenPipeError, True),
    (InterruptedError, True),
    (BlockingIOError, True),
    (PermissionError, False),
    (FileNotFoundError, False),
    (ValueError, False),
    (KeyError, False),
    (RuntimeError, False),
    (Exception, False),
]


@exercise("04", "Is it worth another attempt?", "your function, as in try_again(try_again)")
def try_again(function: Any) -> Verdict:
    """Check ``try_again(error, attempts)`` with a limit of 5. A case: one (class, attempts)."""
    unfit = need_function(function, "try_again", "check.try_again(try_again)")
    if unfit:
        return unfit
    passing = dict(ERRORS)

    def scenario(trial: Trial, case: Case) -> None:
        for kind, attempts in case:
            name = kind.__name__
            shown = f"try_again({name}('no'), {attempts})"
            got = trial.call(shown, "try_again", function, kind("no"), attempts)
            trial.lines[-1] += f"    # returned {got!r}"
            expected = passing[kind] and attempts < 5
            if got is expected:
                continue
            detail = f"It returned {got!r}; it should return {expected!r}."
            if not isinstance(got, bool):
                problem = "does not return True or False"
            elif expected and kind not in (OSError, TimeoutError, ConnectionError):
                problem = f"does not know that {_a(name)} is an OSError"
            elif expected:
                problem = "gives up on an error that may pass"
            elif attempts >= 5 and passing[kind]:
                problem = "allows more than 5 attempts"
            else:
                problem = f"tries again after {_a(name)}"
            raise BrokenError("try_again", problem, detail)

    return smallest_failure(scenario, _failures()) or right(
        "it tries again where waiting may help, and five times at most."
    )


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _failures() -> Iterator[Case]:
    for attempts in (1, 2, 3, 4, 5, 6, 50):
        for kind, _ in ERRORS:
            yield [(kind, attempts)]


# --- a diagnosis ----------------------------------------------------------------------------------


@exercise(
    "04",
    "Diagnosis: pauses that are broken",
    "a fault and a list of calls (client, attempts), as in ('A', [(1, 1)])",
)
def diagnose_04(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenPauses: (fault, the fewest (client, attempts) that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_04((fault, calls))")
    if unfit:
        return unfit
    fault, calls = answer
    for call in calls:
        pair = isinstance(call, tuple | list) and len(call) == 2
        if not pair or not all(type(n) is int and 1 <= n <= 100 for n in call):
            return wrong(
                "the list", "should hold pairs (client, attempts) from 1 to 100, such as [(1, 3)]"
            )
    seconds = [round(_pause_of(client, attempts), 3) for client, attempts in calls]
    shown = f"the pauses are {seconds}"
    twins = [
        (i, j)
        for j in range(len(calls))
        for i in range(j)
        if calls[i][0] != calls[j][0] and seconds[i] == seconds[j]
    ]
    if not twins and len(calls) > 1 and len({client for client, _ in calls}) == 1:
        return wrong("the list", f"asks one client only, so nobody can come back together: {shown}")
    if not twins:
        return wrong("the list", f"does not show the fault: {shown}")
    if len(calls) > 2:
        return wrong("the list", f"shows the fault ({shown}), but a shorter one can")
    if fault.strip().upper() != "D":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {shown}. Look at the seconds of one, and then of the other.",
        )
    return right(f"two clients fail together, and {shown}: they come back together as well.")


def _pause_of(client: int, attempts: int) -> float:
    """The pause of a client after its latest attempt."""
    untyped: Any = BrokenPauses
    broken = untyped(client)
    return float([broken.pause(n) for n in range(1, attempts + 1)][-1])
