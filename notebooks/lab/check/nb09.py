"""Notebook 09: who was overtaken, how many machines, a log read past what is not done."""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from math import ceil
from typing import Any

from sched.table import counted

from ..broken import LOG, left_undone
from .exercises import exercise, is_number, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import Case, Verdict, right, smallest_failure, wrong

# --- who was overtaken ----------------------------------------------------------------------------

ASKED = "payment"
PRIORITIES = {ASKED: 2, "mail": 5, "backup": 9, "alarm": 0, "refund": 2}
MOVES = [f"{what} {name}" for name in PRIORITIES for what in ("added", "started")]


def logs(longest: int) -> Iterator[Case]:
    """All that can happen to these tasks, the shortest first: each is added, then started."""
    last: list[Case] = [[]]
    for _ in range(longest):
        last = [[*case, move] for case in last for move in MOVES if _can_follow(case, move)]
        yield from (case for case in last if f"added {ASKED}" in case)


def _can_follow(case: Case, move: str) -> bool:
    what, name = move.split()
    return move not in case and (what == "added" or f"added {name}" in case)


@exercise("09", "Who was overtaken", "your function, as in overtaken(overtaken)")
def overtaken(function: Any) -> Verdict:
    """Check ``overtaken(log, name)``. A case: what happened, as in "added mail"."""
    unfit = need_function(function, "overtaken", "check.overtaken(overtaken)")
    if unfit:
        return unfit
    long = [
        ["added mail", "added backup", "added payment", "started backup", *STARTS[1:3]],
        ["added payment", "added alarm", "added mail", "added refund", *STARTS],
        ["added mail", "started mail", "added payment", "added backup", *STARTS[1:3]],
    ]
    scenario = partial(_overtaken, function=function)
    if found := smallest_failure(scenario, [*logs(5), *long]):
        return found
    if found := smallest_failure(partial(scenario, shift=-2), logs(3)):  # a priority may be 0
        return found
    return right("it counts those who were less urgent, and began in between.")


STARTS = ["started alarm", "started mail", "started payment", "started refund"]


def _overtaken(trial: Trial, case: Case, function: Any, shift: int = 0) -> None:
    if any(not _can_follow(case[:n], move) for n, move in enumerate(case)):
        return  # of such a log there is nothing to tell
    if f"added {ASKED}" not in case:
        return
    log = [(*move.split(), PRIORITIES[move.split()[1]] + shift) for move in case]
    trial.note("log = []")
    for entry in log:
        trial.note(f"log += [{entry}]")
    given = list(log)
    got = trial.call(f"overtaken(log, {ASKED!r})", "overtaken", function, given, ASKED)
    trial.lines[-1] += f"    # returned {got!r}"
    if given != log:
        raise BrokenError("overtaken", "changes the log")
    if not is_number(got):
        raise BrokenError("overtaken", "does not return a number")
    wanted = _names(case)
    if got == len(wanted):
        return
    detail = f"Less urgent, and started in between: {', '.join(wanted) or 'none'}."
    if got < len(wanted):
        if f"started {ASKED}" not in case:
            detail += f" (The {ASKED} itself never starts, so all that started since count.)"
        raise BrokenError("overtaken", "leaves out a less urgent task", detail)
    raise BrokenError("overtaken", _too_many(case), detail)


def _names(case: Case) -> list[str]:
    """Who is less urgent than the one that is asked about, and started between."""
    end = case.index(f"started {ASKED}") if f"started {ASKED}" in case else len(case)
    between = case[case.index(f"added {ASKED}") : end]
    starts = [move.split()[1] for move in between if move.startswith("started")]
    return [name for name in starts if PRIORITIES[name] > PRIORITIES[ASKED]]


def _too_many(case: Case) -> str:
    """What an answer that is too large has counted, going by the smallest case in which it is."""
    added = case.index(f"added {ASKED}")
    end = case.index(f"started {ASKED}") if f"started {ASKED}" in case else len(case)
    at = {move: place for place, move in enumerate(case)}
    started = {name: at[f"started {name}"] for name in PRIORITIES if f"started {name}" in at}
    less = [name for name in started if PRIORITIES[name] > PRIORITIES[ASKED]]
    between = [name for name, place in started.items() if added < place < end]
    if any(started[name] < added for name in less):
        return "counts a task that had begun before it was added"
    if any(started[name] > end for name in less):
        return "counts a task that begins after it"
    if "refund" in between:
        return "counts a task that is as urgent"
    if "alarm" in between:
        return "counts a task that is more urgent"
    if len(between) < len(case) - 1 - len(started):
        return "counts a task that was added, and has not started"
    return "counts too many"


# --- machines -------------------------------------------------------------------------------------

# All of them exact as floats, in whatever order they are multiplied and divided.
LOADS, PASSED, SECONDS, SHARES, WORKERS = (
    [1, 8, 10, 1000, 0],
    [1, 4, 8, 1000],
    [1.0, 0.5, 0.25, 4.0],
    [1.0, 0.5, 0.25],
    [1, 4, 10, 64],
)


@exercise("09", "How many machines", "your function, as in machines_needed(machines_needed)")
def machines_needed(function: Any) -> Verdict:
    """Check ``machines_needed(load, passes_on, seconds, busy, workers)``. A case: these five."""
    unfit = need_function(function, "machines_needed", "check.machines_needed(machines_needed)")
    if unfit:
        return unfit
    cases = [
        [load, passed, seconds, share, workers]
        for load in LOADS
        for share in SHARES
        for seconds in SECONDS
        for workers in WORKERS
        for passed in PASSED
    ]
    cases.sort(key=lambda case: sum(value != 1 for value in case))  # few numbers to look at first
    for sure in (True, False):  # first where it is plain what was forgotten
        scenario = partial(_machines, function=function, sure=sure)
        if found := smallest_failure(scenario, cases):
            return found
    return right("it counts whoever hands out, and whoever works.")


def _machines(trial: Trial, case: Case, function: Any, sure: bool) -> None:
    if len(case) != 5:  # nothing can be left out
        return
    load, passed, seconds, share, workers = case
    told = ", ".join(f"{value:g}" for value in case)
    got = trial.call(f"machines_needed({told})", "machines_needed", function, *case)
    trial.lines[-1] += f"    # returned {got!r}"
    if not is_number(got):
        raise BrokenError("machines_needed", "does not return a number")
    dispatchers = Fraction(load, passed)
    crew = Fraction(load) * Fraction(seconds) / Fraction(share)
    wanted = ceil(dispatchers) + ceil(crew / workers)
    if got == wanted:
        return
    detail = (
        f"{counted(ceil(dispatchers), 'dispatcher')}, and {counted(ceil(crew), 'worker')} on "
        f"{counted(ceil(crew / workers), 'machine')}: {wanted}."
    )
    if not (isinstance(got, int) or float(got).is_integer()):
        raise BrokenError("machines_needed", "needs a part of a machine", detail)
    likely = [problem for number, problem in _slips(dispatchers, crew, case) if number == got]
    if len(likely) > 1 and sure:
        return
    fewer = "few" if got < wanted else "many"
    problem = likely[0] if len(likely) == 1 else f"gives too {fewer} machines"
    raise BrokenError("machines_needed", problem, detail)


def _slips(dispatchers: Fraction, crew: Fraction, case: Case) -> list[tuple[int, str]]:
    """What comes out if one thing is forgotten, and which."""
    share, workers = Fraction(case[3]), case[4]
    hands_out, works = ceil(dispatchers), ceil(crew / workers)
    slips = [
        (works, "leaves out the dispatchers"),
        (hands_out, "leaves out the workers"),
        (hands_out + ceil(crew), "takes each worker for a machine"),
        (hands_out + ceil(crew * share / workers), "leaves out how busy they may be"),
        (hands_out + ceil(crew * share**2 / workers), "needs fewer where they may be less busy"),
    ]
    parts = dispatchers != hands_out, crew / workers != works
    if parts == (True, False):
        slips.append((hands_out + works - 1, "gives the last tasks no dispatcher"))
    elif parts == (False, True):
        slips.append((hands_out + works - 1, "gives the last workers no machine"))
    elif all(parts):
        slips.append((hands_out + works - 2, "rounds down"))
    if all(parts) and ceil(dispatchers + crew / workers) < hands_out + works:
        slips.append((hands_out + works - 1, "lets dispatchers and workers share a machine"))
    return slips


# --- the diagnosis --------------------------------------------------------------------------------


@exercise(
    "09",
    "Diagnosis: a task that a restart leaves out",
    "a fault and a list of steps, as in ('A', ['take', 'done mail'])",
)
def diagnose_09(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenReader: (fault, the fewest steps that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_09((fault, steps))")
    if unfit:
        return unfit
    fault, steps = answer
    if not all(isinstance(s, str) and re.fullmatch(r"take|restart|done \S+", s) for s in steps):
        return wrong("the list", "should hold steps such as 'take', 'done mail' and 'restart'")
    if problem := _impossible(steps):
        return wrong("the list", problem)
    untyped: Any = left_undone
    lost = untyped(steps)
    if not lost:
        return wrong("the list", "does not show the fault: in the end, all is done")
    shown = f"{lost[0]!r} is never done"
    if len(steps) > 4:
        return wrong("the list", f"shows the fault ({shown}), but a shorter one can")
    if fault.strip().upper() != "B":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {shown}. What is `offset` after each step?",
        )
    return right(f"{shown}. One number cannot say that a later one is done, and an earlier not.")


def _impossible(steps: list[str]) -> str:
    """What is wrong with the list; nothing if all of it can happen."""
    place, offset = 0, 0
    in_hand: list[str] = []
    for step in steps:
        what, _, name = step.partition(" ")
        if what == "take":
            if place == len(LOG):
                return "takes where nothing is left"
            in_hand.append(LOG[place])
            place += 1
        elif what == "restart":
            place, in_hand = offset, []
        elif name not in in_hand:
            return f"says {step!r}, and {name!r} is in nobody's hand then"
        else:
            in_hand.remove(name)
            offset = max(offset, LOG.index(name) + 1)
    return ""


# --- what an engine is told (deeper) --------------------------------------------------------------

GRACE = 2  # seconds after its timeout, in which a task may tidy up


@exercise("09", "What an engine is told", "your function, as in engine_options(engine_options)")
def engine_options(function: Any) -> Verdict:
    """Check ``engine_options(priority, delay, timeout, key)``. A case: these four."""
    unfit = need_function(function, "engine_options", "check.engine_options(engine_options)")
    if unfit:
        return unfit
    cases = [
        [priority, delay, timeout, key]
        for key in (None, "order 7", "")
        for timeout in (None, 5, 0.5)
        for delay in (None, 60, 0)
        for priority in (0, 9, 4, 10, -1, 2.5)
    ]
    cases.sort(key=lambda case: sum(value is not None for value in case[1:]))
    cases.append([4, None, None, None])  # what was asked before is forgotten
    if found := smallest_failure(partial(_options, function=function), cases):
        return found
    return right("it tells the engine what it understands, and refuses the rest.")


def _options(trial: Trial, case: Case, function: Any) -> None:
    if len(case) != 4:  # nothing can be left out
        return
    priority, delay, timeout, key = case
    told = ", ".join(map(repr, case))
    shown = f"engine_options({told})"
    got, error = trial.call(shown, "engine_options", _given, function, case)
    how = f"raised {error!r}" if error is not None else f"returned {got!r}"
    trial.lines[-1] += f"    # {how}"
    refused = [] if key is None else ["key"]
    if not (isinstance(priority, int) and 0 <= priority <= 9):
        refused.append("priority")
    if refused and error is None:
        raise BrokenError(
            "engine_options", f"does not refuse a {refused[0]} of {_of(case, refused)}"
        )
    if error is not None:
        if not refused:
            raise BrokenError("engine_options", "raises ValueError for what the engine can do")
        if not any(name[:7] in str(error) for name in refused):  # or "priorities"
            detail = f"Whoever reads it has to know that it is about {' and '.join(refused)}."
            raise BrokenError(
                "engine_options", "raises ValueError without naming the argument", detail
            )
        return
    wanted: dict[str, Any] = {"priority": priority}
    if delay is not None:
        wanted["countdown"] = delay
    if timeout is not None:
        wanted |= {"soft_time_limit": timeout, "time_limit": timeout + GRACE}
    if not isinstance(got, dict):
        raise BrokenError("engine_options", "does not return a dictionary")
    if not delay:  # to wait for no time, or not to wait
        got, wanted = ({k: v for k, v in d.items() if k != "countdown" or v} for d in (got, wanted))
    if missing := [option for option in wanted if option not in got]:
        raise BrokenError("engine_options", f"leaves out {missing[0]}")
    if extra := [option for option in got if option not in wanted]:
        raise BrokenError("engine_options", f"gives {extra[0]}, which nobody asked for")
    if wrongly := [option for option in wanted if got[option] != wanted[option]]:
        detail = f"It should be {wanted[wrongly[0]]!r}."
        raise BrokenError("engine_options", f"gives another {wrongly[0]}", detail)


def _of(case: Case, refused: list[str]) -> str:
    return repr(case[3] if refused[0] == "key" else case[0])


def _given(function: Any, case: Case) -> tuple[Any, ValueError | None]:
    """What it returns, or the ValueError that it raises."""
    try:
        value = function(*case)
    except ValueError as error:
        return None, error
    if value is Ellipsis:
        raise NotImplementedError
    return value, None
