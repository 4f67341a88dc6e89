"""Notebook 08: what has run for too long, work that stops when told, a mark that stays."""

import re
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from math import inf
from typing import Any

from sched.table import counted

from ..broken import what_runs
from .exercises import a_kind, exercise, is_number, need_class, need_diagnosis, need_function
from .running import BrokenError, Trial
from .searching import Case, Verdict, right, sequences, smallest_failure, wrong

NAMES = ["mail", "report", "backup", "invoice"]  # the later starts first: in no order of letters

# --- a watch --------------------------------------------------------------------------------------

MOVES = ["add", "start", "longer", "exactly", "done", "again", "fail", "cancel"]
ENDS = {
    "done": "s.complete(s.running_tasks()[0])",
    "again": 's.fail(s.running_tasks()[0], "no answer", retry_in=0)',
    "fail": 's.fail(s.running_tasks()[0], "no answer")',
}


def lives(longest: int) -> Iterator[Case]:
    """What may become of tasks, move by move, the shortest first: only moves that are possible."""
    yield []
    last: list[Case] = [["add"]]
    while last:
        yield from last
        longer = [[*case, move] for case in last for move in _possible(case) if len(case) < longest]
        last = [case for case in longer if case.count("add") < 3]


def _is_possible(case: Case) -> bool:
    return all(move in _possible(case[:n]) for n, move in enumerate(case))


def _possible(case: Case) -> list[str]:
    ready = case.count("add") + case.count("again") - case.count("start") - case.count("cancel")
    running = case.count("start") - sum(case.count(end) for end in ENDS)
    needed = {"start": ready, "cancel": ready, **dict.fromkeys(ENDS, running)}
    possible = [move for move in MOVES if needed.get(move, 1) > 0]
    return [move for move in possible if move != "add" or case.count("add") < len(NAMES)]


@exercise("08", "A watch that sees what is stuck", "your class, as in watch(Watch)")
def watch(kind: Any) -> Verdict:
    """Check ``Watch``: hear(event), overdue(now, limit). A case: what becomes of some tasks."""
    unfit = need_class(kind, "check.watch(Watch)", "hear", "overdue")
    if unfit:
        return unfit
    rounds = [
        partial(_watch, kind=kind, start=0, limit=60, names=NAMES),
        partial(_watch, kind=kind, start=1000, limit=2.5, names=["mail"] * 4),
    ]
    long = [
        ["add", "add", "start", "exactly", "start", "longer"],
        ["add", "add", "start", "start", "done", "longer"],
        ["add", "start", "longer", "again", "start", "exactly"],
        ["add", "start", "again", "start", "longer", "done", "longer"],
        ["add", "add", "add", "add", *["start", "exactly"] * 4, "done", "again", "exactly"],
    ]
    if found := smallest_failure(partial(_two_watches, kind=kind), [[]]):
        return found
    for scenario in rounds:
        if found := smallest_failure(scenario, [*lives(5), *long]):
            return found
    return right("it knows what runs, and since when, whatever becomes of a task.")


def _watch(
    trial: Trial, case: Case, kind: Any, start: float, limit: float, names: list[str]
) -> None:
    from sched import HeapScheduler, VirtualClock

    if not _is_possible(case):  # of such a life there is nothing to tell
        return
    clock = VirtualClock(start)
    scheduler = HeapScheduler(clock=clock)
    events: list[Any] = []
    scheduler.subscribe(events.append)
    trial.note(f"clock = VirtualClock({start:g})")
    trial.note("s = HeapScheduler(clock=clock)")
    watching = trial.call(f"watch = {kind.__name__}()", kind.__name__, kind)
    trial.note(HEARS)
    for move in case:
        trial.note(_move(move, scheduler, clock, limit, names))
    _hear(trial, watching, events)
    now = clock.now()
    running = sorted(scheduler.running_tasks(), key=lambda task: _since(task.started_at))
    late = [task for task in running if now - _since(task.started_at) > limit]
    for again in (False, True):
        got = trial.call(
            f"watch.overdue({now:g}, {limit:g})", "overdue", watching.overdue, now, limit
        )
        trial.lines[-1] += f"    # returned {got!r}"
        stands = {task.name: str(scheduler.status(task.id)) for task in map(_task_of, events)}
        _overdue(got, late, running, again, limit, stands)


HEARS = "s.subscribe(watch.hear)"


def _hear(trial: Trial, watching: Any, events: list[Any]) -> None:
    """Let it hear all events; what it raises would only be logged, had it subscribed itself."""
    for number, event in enumerate(events):
        told = f"watch.hear(events[{number}])"
        try:
            trial.call(told, "hear", watching.hear, event)
        except BrokenError:
            place = trial.lines.index(HEARS)
            trial.lines[place : place + 1] = ["events = []", "s.subscribe(events.append)"]
            if number:
                trial.lines[-1:] = [f"[watch.hear(event) for event in events[:{number}]]", told]
            trial.lines.insert(-1, f"# then the event that {event.task.name!r} is {event.kind}")
            raise
        trial.lines.pop()


def _task_of(event: Any) -> Any:
    return event.task


def _since(started_at: float | None) -> float:
    return 0.0 if started_at is None else started_at


def _move(move: str, scheduler: Any, clock: Any, limit: float, names: list[str]) -> str:
    """Make one move, and say how it is written."""
    if move == "add":
        number = scheduler.metrics().added
        # Each is more urgent than the one before, so that they start in another order.
        scheduler.add_task(9 - number, names[number])
        return f"s.add_task({9 - number}, {names[number]!r})"
    if move == "start":
        scheduler.get_next_task()
        return "s.get_next_task()"
    if move == "cancel":
        number = next(iter(scheduler.pending_tasks())).id
        scheduler.cancel(number)
        return f"s.cancel({number})"
    if move in ENDS:
        first = scheduler.running_tasks()[0]
        if move == "done":
            scheduler.complete(first)
        else:
            scheduler.fail(first, "no answer", retry_in=0 if move == "again" else None)
        return ENDS[move]
    seconds = limit + (1 if move == "longer" else 0)
    clock.advance(seconds)
    return f"clock.advance({seconds:g})"


def _overdue(
    got: Any,
    late: list[Any],
    running: list[Any],
    again: bool,
    limit: float,
    stands: dict[str, str],
) -> None:
    """Compare what overdue returned with the tasks that are late, first started first.

    stands: the status of each task, by name.
    """
    names = [task.name for task in late]
    if not isinstance(got, list | tuple):
        what = "None" if got is None else a_kind(got)
        raise BrokenError("overdue", "does not return a list", f"It returned {what}.")
    got = list(got)
    detail = f"It returned {got}; running for more than {limit:g} seconds: {names}."
    if got and not all(isinstance(name, str) for name in got):
        raise BrokenError("overdue", "gives something else than names", detail)
    if again and sorted(got) != sorted(names):
        raise BrokenError("overdue", "gives something else when it is asked again", detail)
    if len(got) > len(names) or set(got) - set(names):
        extra = next(name for name in got if got.count(name) > names.count(name))
        if extra not in [task.name for task in running] or len(got) > len(running):
            if len(stands) > 1 or len(got) == 1:  # else all have this name
                detail += f" {extra!r} is {stands.get(extra)}."
            raise BrokenError("overdue", "names a task that does not run", detail)
        raise BrokenError("overdue", "names a task too early", detail)
    if len(got) < len(names) or set(names) - set(got):
        raise BrokenError("overdue", "leaves out a task that is overdue", detail)
    starts = {name: [t.started_at for t in late if t.name == name] for name in names}
    order = [starts[name].pop(0) for name in got]
    if order != sorted(order):
        raise BrokenError("overdue", "does not name first who started first", detail)


def _two_watches(trial: Trial, _case: Case, kind: Any) -> None:
    from sched import HeapScheduler, VirtualClock

    scheduler = HeapScheduler(clock=VirtualClock(0))
    first = trial.call(f"watch = {kind.__name__}()", kind.__name__, kind)
    other = trial.call(f"other = {kind.__name__}()", kind.__name__, kind)
    events: list[Any] = []
    scheduler.subscribe(events.append)
    trial.note("s = HeapScheduler(clock=VirtualClock(0))")
    trial.note(HEARS)
    scheduler.add_task(1, "mail")
    trial.note("s.add_task(1, 'mail')")
    scheduler.get_next_task()
    trial.note("s.get_next_task()")
    _hear(trial, first, events)
    got = trial.call("other.overdue(100, 60)", "overdue", other.overdue, 100, 60)
    trial.lines[-1] += f"    # returned {got!r}"
    if got:
        raise BrokenError(
            "overdue",
            "names a task of which this watch has not heard",
            "What a watch remembers belongs on self, where each has its own.",
        )


# --- work that stops when told --------------------------------------------------------------------

ERRORS = [ValueError("a bad file"), OSError("the disk is full"), RuntimeError("a bug")]


@exercise("08", "Work that stops when told", "your function, as in in_steps(in_steps)")
def in_steps(function: Any) -> Verdict:
    """Check ``in_steps(steps, stop, undo)``. A case: what each step does."""
    unfit = need_function(function, "in_steps", "check.in_steps(in_steps)")
    if unfit:
        return unfit
    for error in ERRORS:
        for told_before in (False, True):
            scenario = partial(_in_steps, function=function, error=error, told_before=told_before)
            cases = sequences(["works", "told", "fails"], 4, shortest=0)
            if found := smallest_failure(scenario, cases):
                return found
    return right("it stops between two steps, and leaves nothing half done.")


KINDS = {
    "works": "works",
    "told": "works, and from now on stop() is true",
    "fails": "raises an error",
}


def try_out(
    function: Any, kinds: list[str], error: Exception = ERRORS[0], told: bool = False
) -> list[str]:
    """Call in_steps(steps, stop, undo) with steps of these kinds: what was done, and how it ended.

    kinds: "works", "told" (from then on, stop() is true) or "fails". error: what the last raises.
    told: whether stop() is true from the start.
    """
    did, _, _ = _tried(function, kinds, error, told)
    return did


def _tried(
    function: Any, kinds: list[str], error: Exception, told: bool
) -> tuple[list[str], str, Any]:
    """What was done, with how it ended; "returned" or "raised"; and what."""
    did: list[str] = []

    def step(number: int, kind: str) -> Callable[[], str]:
        def one_step() -> str:
            nonlocal told
            did.append(f"step {number}")
            if kind == "fails":
                raise error
            told = told or kind == "told"
            return "done"

        return one_step

    steps = [step(number, kind) for number, kind in enumerate(kinds, start=1)]
    try:
        value = function(steps, lambda: told, lambda: did.append("undo"))
    except NotImplementedError:
        raise
    except Exception as raised:
        return [*did, f"raised {type(raised).__name__}"], "raised", raised
    if value is Ellipsis:
        raise NotImplementedError
    return [*did, f"returned {value!r}"], "returned", value


def _in_steps(trial: Trial, case: Case, function: Any, error: Exception, told_before: bool) -> None:
    trial.note("from lab.check.nb08 import try_out  # it calls in_steps(steps, stop, undo)")
    if told_before:
        trial.note("# stop() is true from the start")
    for number, kind in enumerate(case, start=1):
        trial.note(f"# step {number} {KINDS[kind]}")
    more = f", {error!r}" if "fails" in case else ""
    more += ", told=True" if told_before else ""
    shown = f"try_out(in_steps, {case}{more})"
    did, how, what = trial.call(shown, "in_steps", _tried, function, case, error, told_before)
    trial.lines[-1] += f"    # returned {did}"
    did = did[:-1]
    expected, ending = _should(case, told_before)
    if ending == "stopped" and how == "raised" and isinstance(what, RuntimeError):
        ending = "" if did == expected else ending
    elif ending == "all" and how == "returned":
        ending = "" if did == expected and what == len(case) else ending
    elif ending == "failed" and how == "raised" and type(what) is type(error):
        ending = "" if did == expected and str(what) == str(error) else ending
    if ending:
        _blame(case, did, expected, ending, how, what, error)


def _should(case: Case, told: bool) -> tuple[list[str], str]:
    """What has to be done, and how it has to end: "all", "stopped" or "failed"."""
    did: list[str] = []
    for number, kind in enumerate(case, start=1):
        if told:
            return [*did, "undo"], "stopped"
        did.append(f"step {number}")
        if kind == "fails":
            return [*did, "undo"], "failed"
        told = kind == "told"
    return did, "all"


def _blame(
    case: Case,
    did: list[str],
    expected: list[str],
    ending: str,
    how: str,
    what: Any,
    error: Exception,
) -> None:
    detail = f"It did: {', '.join(did) or 'nothing'}. It should do: "
    detail += f"{', '.join(expected) or 'nothing'}."
    steps, wanted = [d for d in did if d != "undo"], [d for d in expected if d != "undo"]
    unexpected = how == "raised" and not isinstance(what, RuntimeError) and what is not error
    if unexpected and (ending != "stopped" or type(what).__name__ in PYTHONS):
        raise BrokenError("in_steps", f"ends in {a_kind(what)}", f"{what}. {detail}")
    if len(steps) > len(wanted):
        after = "a step has failed" if ending == "failed" else "it was told to stop"
        raise BrokenError("in_steps", f"goes on after {after}", detail)
    if steps != wanted:
        if how == "raised" and isinstance(what, RuntimeError) and what is not error:
            detail += " stop is a function: stop() asks it."
            raise BrokenError("in_steps", "stops although nobody has told it to", detail)
        raise BrokenError("in_steps", "does not do the steps in turn", detail)
    undone, needed = did.count("undo"), expected.count("undo")
    if undone < needed:
        why = "a step has failed" if ending == "failed" else "it was stopped"
        raise BrokenError("in_steps", f"does not call undo after {why}", detail)
    if undone > needed and ending == "all":
        if how == "raised":
            detail += " When the last step is done, there is nothing left to stop."
            raise BrokenError("in_steps", "stops when all is done", detail)
        raise BrokenError("in_steps", "undoes what was done to its end", detail)
    if undone > needed:
        raise BrokenError("in_steps", f"calls undo {undone} times", detail)
    if did != expected:
        raise BrokenError("in_steps", "calls undo before the last step", detail)
    if ending == "all" and how == "raised":
        detail = "When the last step is done, there is nothing left to stop."
        raise BrokenError("in_steps", "stops when all is done", detail)
    if ending == "all":
        detail = f"It returned {what!r}, and did {counted(len(case), 'step')}."
        raise BrokenError("in_steps", "does not return how many steps it did", detail)
    if ending == "stopped" and how == "returned":
        detail = "Whoever called it would think that all is done."
        raise BrokenError("in_steps", "ends as if nobody had stopped it", detail)
    if ending == "stopped":
        detail = f"It raised {type(what).__name__}."
        raise BrokenError("in_steps", "does not raise a RuntimeError when told to stop", detail)
    if how == "returned":
        detail = f"The step raised {error!r}, and nobody hears of it."
        raise BrokenError("in_steps", "keeps the error of a step to itself", detail)
    detail = f"It raised {what!r}; the step had raised {error!r}."
    raise BrokenError("in_steps", "turns the error of a step into another", detail)


PYTHONS = ("NameError", "UnboundLocalError", "TypeError", "AttributeError", "IndexError")

# --- the diagnosis --------------------------------------------------------------------------------


@exercise(
    "08",
    "Diagnosis: a task that is never run again",
    "a fault and a list of steps, as in ('A', ['add mail', 'take'])",
)
def diagnose_08(answer: Any) -> Verdict:
    """Check a diagnosis of BrokenCancel: (fault, the fewest steps that show it)."""
    unfit = need_diagnosis(answer, "check.diagnose_08((fault, steps))")
    if unfit:
        return unfit
    fault, steps = answer
    if not all(isinstance(s, str) and re.fullmatch(r"(add|cancel) \S.*|take", s) for s in steps):
        return wrong(
            "the list", "should hold steps such as 'add mail', 'take' and 'cancel mail', in quotes"
        )
    expected = _should_run(steps)
    if isinstance(expected, str):
        return wrong("the list", expected)
    untyped: Any = what_runs
    got = untyped(steps)
    shown = f"{_listed(got)} runs, and {_listed(expected)} should"
    if got == expected:
        return wrong("the list", f"does not show the fault: {_listed(got)} runs, as it should")
    if len(steps) > 4:
        return wrong("the list", f"shows the fault ({shown}), but a shorter one can")
    if fault.strip().upper() != "B":
        return wrong(
            "the fault",
            "is another one",
            f"Your list does show it: {shown}. What is in `marks` after each step?",
        )
    return right(f"{shown}. The mark had no task to hit, and waited for the next one.")


def _listed(names: list[str]) -> str:
    return f"{names}" if names else "nothing"


def _should_run(steps: list[str]) -> list[str] | str:
    """What should run; or what is wrong with the list."""
    queue: list[str] = []
    ran: list[str] = []
    added: set[str] = set()
    for step in steps:
        what, _, name = step.partition(" ")
        if what == "take":
            if not queue:
                return "takes where nothing is left"
            ran.append(queue.pop(0))
        elif what == "add":
            if name in queue:
                return f"adds {name!r} twice, and nobody could tell which one is cancelled"
            queue.append(name)
            added.add(name)
        elif name not in added:
            return f"cancels {name!r}, which nobody has added before"
        elif name in queue:
            queue.remove(name)
    return ran + queue


# --- every so often (deeper) ----------------------------------------------------------------------


@exercise("08", "The next time, without drift", "your function, as in next_time(next_time)")
def next_time(function: Any) -> Verdict:
    """Check ``next_time(start, every, now)``. A case holds one list: [start, every, now]."""
    unfit = need_function(function, "next_time", "check.next_time(next_time)")
    if unfit:
        return unfit
    rounds = [(0, 60), (10, 60), (100.5, 0.25), (7, 7)]
    cases = [
        [[start, every, _plain(start + after * every)]]
        for after in (0, 0.5, 1, 1.5, 2, 3.75, 100, -0.5, -1, -3.5)
        for start, every in rounds
    ]
    cases.append([[5, 0.5, 1_000_000_000]])
    found = smallest_failure(partial(_next_time, function=function), cases)
    return found or right("every time comes from the start, and none is later than it need be.")


def _plain(seconds: float) -> float:
    """A whole number as an int, as a learner would write it."""
    return int(seconds) if seconds == int(seconds) else seconds


def _next_time(trial: Trial, case: Case, function: Any) -> None:
    start, every, now = case[0]
    expected = start if now < start else start + ((now - start) // every + 1) * every
    shown = f"next_time({start!r}, {every!r}, {now!r})"
    got = trial.call(shown, "next_time", function, start, every, now)
    trial.lines[-1] += f"    # returned {got!r}"
    if not is_number(got):
        detail = f"It should be {expected:g}."
        raise BrokenError("next_time", "does not return a number of seconds", detail)
    if isinstance(got, Decimal):  # which floats cannot be taken from
        got = float(got)
    if abs(got - expected) < 1e-9 * max(1, abs(expected)):
        return
    detail = f"It returned {got}; the first time after {now:g} is {expected:g}."
    if now < start and got < start:
        raise BrokenError("next_time", "begins before the start", detail)
    if got <= now:
        again = f"{detail} At {now:g} itself it has run already."
        raise BrokenError(
            "next_time", "gives a time that is not later than now", again if got == now else detail
        )
    if (got - start) % every > 1e-9:
        raise BrokenError("next_time", "drifts", f"{detail} Count from the start, not from now.")
    raise BrokenError("next_time", "leaves out a time", detail)


# --- buckets (deeper) -----------------------------------------------------------------------------


@exercise("08", "How late, in a few numbers", "your class, as in buckets(Buckets)")
def buckets(kind: Any) -> Verdict:
    """Check ``Buckets(bounds)``: add(seconds), within(share). A case: what is added."""
    unfit = need_class(kind, "check.buckets(Buckets)", "add", "within")
    if unfit:
        return unfit
    if found := smallest_failure(partial(_two_of_them, kind=kind), [[]]):
        return found
    cases = list(sequences([0.5, 1, 7, 60], 4, shortest=0))
    cases += [[0, 1, 1, 5, 5, 10, 10, 11], [1] * 7 + [3] * 2 + [600], [0.001] * 19 + [100]]
    all_bounds: list[list[float]] = [[1, 5, 10], [0.5]]
    for bounds in all_bounds:
        scenario = partial(_buckets, kind=kind, bounds=bounds)
        if found := smallest_failure(scenario, cases):
            return found
    found = smallest_failure(partial(_few_numbers, kind=kind), [[]])
    return found or right("it answers from a handful of counts, however much is added.")


def _buckets(trial: Trial, case: Case, kind: Any, bounds: list[float]) -> None:
    given = list(bounds)
    made = trial.call(f"b = {kind.__name__}({bounds})", kind.__name__, kind, given)
    if given != bounds:
        problem = "changes the list that it is given"
        raise BrokenError(kind.__name__, problem, f"It is now {given}: take a copy.")
    for seconds in case:
        trial.call(f"b.add({seconds:g})", "add", made.add, seconds)
    for share in (0.5, 0.9, 1, 0.25):
        got = trial.call(f"b.within({share:g})", "within", made.within, share)
        trial.lines[-1] += f"    # returned {got!r}"
        _within(got, case, bounds, share)
        trial.lines.pop()


def _two_of_them(trial: Trial, _case: Case, kind: Any) -> None:
    first = trial.call(f"b = {kind.__name__}([1, 5])", kind.__name__, kind, [1, 5])
    other = trial.call(f"other = {kind.__name__}([1, 5])", kind.__name__, kind, [1, 5])
    trial.call("b.add(3)", "add", first.add, 3)
    got = trial.call("other.within(1)", "within", other.within, 1)
    trial.lines[-1] += f"    # returned {got!r}"
    if is_number(got) and got == 5:
        detail = "What it counts belongs on self, where each has its own."
        raise BrokenError("within", "counts what another one was given", detail)


def _within(got: Any, case: Case, bounds: list[float], share: float) -> None:
    if not case:
        if got is not None:
            raise BrokenError("within", "does not return None before anything is added")
        return
    below = {bound: sum(seconds <= bound for seconds in case) for bound in (*bounds, inf)}
    expected = min(bound for bound, number in below.items() if number >= share * len(case))
    if is_number(got) and got == expected:
        return
    told = ", ".join(f"{number} of {len(case)} took {b:g} s at most" for b, number in below.items())
    detail = f"{told}. It should be {expected:g}."
    if not is_number(got):
        raise BrokenError("within", "does not return a bound", detail)
    if got not in below:
        raise BrokenError("within", "returns something else than a bound", detail)
    raise BrokenError("within", f"is too {'large' if got > expected else 'small'}", detail)


MANY, FEW = 400, 50


def _few_numbers(trial: Trial, _case: Case, kind: Any) -> None:
    made = trial.call(f"b = {kind.__name__}([1, 5, 10])", kind.__name__, kind, [1, 5, 10])
    for number in range(MANY):
        trial.call("b.add(...)", "add", made.add, number / 7)
        trial.lines.pop()
    trial.note(f"# b.add {MANY} times, each time another number")
    if (held := _held(made)) > FEW:
        detail = f"It holds {held} values now. A count for each bound is enough."
        raise BrokenError("add", "keeps what it is given", detail)


def _held(thing: Any) -> int:
    """How many things an object holds, in lists, dictionaries and the like."""
    inside = [*getattr(thing, "__dict__", {}).values()]
    inside += [getattr(thing, name, None) for name in getattr(thing, "__slots__", ())]
    number = 0
    while inside:
        one = inside.pop()
        number += 1
        if isinstance(one, dict):
            inside += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset | deque):
            inside += list(one)
        if number > 10 * FEW:
            break
    return number
