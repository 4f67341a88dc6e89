"""Answers to the exercises of notebook 09."""

# mypy: allow-untyped-defs, allow-untyped-calls

import math
from math import ceil

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- who was overtaken ----------------------------------------------------------------------------

O = "overtaken"  # noqa: E741


@wrong(O, O, "counts a task that had begun before it was added")
def from_the_start_of_the_log(log, name):
    priorities = {who: priority for _, who, priority in log}
    number = 0
    for what, who, priority in log:
        if what == "started" and who == name:
            break
        number += what == "started" and priority > priorities[name]
    return number


@wrong(O, O, "counts a task that begins after it")
def to_the_end_of_the_log(log, name):
    mine, number = None, 0
    for what, who, priority in log:
        if who == name and what == "added":
            mine = priority
        elif mine is not None and what == "started" and priority > mine:
            number += 1
    return number


@wrong(O, O, "counts a task that is as urgent")
def equals_too(log, name):
    mine, number = None, 0
    for what, who, priority in log:
        if who == name:
            if what == "started":
                break
            mine = priority
        elif mine is not None and what == "started" and priority >= mine:
            number += 1
    return number


@wrong(O, O, "counts a task that is more urgent")
def everybody(log, name):
    there, number = False, 0
    for what, who, _ in log:
        if who == name:
            if what == "started":
                break
            there = True
        elif there and what == "started":
            number += 1
    return number


@wrong(O, O, "leaves out a less urgent task")
def a_larger_number_is_more_urgent(log, name):
    mine, number = None, 0
    for what, who, priority in log:
        if who == name:
            if what == "started":
                break
            mine = priority
        elif mine is not None and what == "started" and priority < mine:
            number += 1
    return number


@wrong(O, O, "counts a task that was added, and has not started")
def whoever_was_added(log, name):
    mine, number = None, 0
    for what, who, priority in log:
        if who == name:
            if what == "started":
                break
            mine = priority
        elif mine is not None and what == "added" and priority > mine:
            number += 1
    return number


@wrong(O, O, "leaves out a less urgent task")
def none_if_it_never_starts(log, name):
    mine, number = None, 0
    for what, who, priority in log:
        if who == name:
            if what == "started":
                return number
            mine = priority
        elif mine is not None and what == "started" and priority > mine:
            number += 1
    return 0


@wrong(O, O, "leaves out a less urgent task")
def only_the_first(log, name):
    mine, seen = None, False
    for what, who, priority in log:
        if who == name:
            if what == "started":
                break
            mine = priority
        elif mine is not None and what == "started" and priority > mine:
            seen = True
    return int(seen)


@wrong(O, O, "raises ValueError")
def looks_for_its_start(log, name):
    names = [(what, who) for what, who, _ in log]
    between = log[names.index(("added", name)) : names.index(("started", name))]
    mine = between[0][2]
    return sum(1 for what, _, priority in between if what == "started" and priority > mine)


@wrong(O, O, "does not return a number")
def names_them(log, name):
    mine, others = None, []
    for what, who, priority in log:
        if who == name:
            if what == "started":
                break
            mine = priority
        elif mine is not None and what == "started" and priority > mine:
            others.append(who)
    return others


@wrong(O, O, "changes the log")
def takes_it_apart(log, name):
    while log[0][:2] != ("added", name):
        log.pop(0)
    _, _, mine = log.pop(0)
    number = 0
    while log and log[0][1] != name:
        what, _, priority = log.pop(0)
        number += what == "started" and priority > mine
    return number


@also_right(O)
def by_slices(log, name):
    moves = [(what, who) for what, who, _ in log]
    first = moves.index(("added", name))
    last = moves.index(("started", name)) if ("started", name) in moves else len(log)
    mine = log[first][2]
    return len(
        [1 for what, _, priority in log[first:last] if what == "started" and priority > mine]
    )


@also_right(O)
def with_a_generator(log, name):
    steps = iter(log)
    mine = next(priority for what, who, priority in steps if (what, who) == ("added", name))
    number = 0.0
    for what, who, priority in steps:
        if who == name:
            break
        if what == "started" and priority > mine:
            number += 1
    return number


@wrong("overtaken", "overtaken", "leaves out a less urgent task")
def takes_priority_nought_for_none(log, name):
    own, count = None, 0
    for what, task, priority in log:
        if task == name and what == "added":
            own = priority
        elif task == name:
            break
        elif own and what == "started" and priority > own:
            count += 1
    return count


# --- machines -------------------------------------------------------------------------------------

M = "machines_needed"


@wrong(M, M, "leaves out the dispatchers")
def workers_alone(load, passes_on, seconds, busy, workers):
    return ceil(load * seconds / busy / workers)


@wrong(M, M, "leaves out the workers")
def dispatchers_alone(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on)


@wrong(M, M, "takes each worker for a machine")
def a_machine_each(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on) + ceil(load * seconds / busy)


@wrong(M, M, "leaves out how busy they may be")
def busy_all_the_time(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on) + ceil(load * seconds / workers)


@wrong(M, M, "needs fewer where they may be less busy")
def busy_the_wrong_way_round(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on) + ceil(load * seconds * busy / workers)


@wrong(M, M, "rounds down")
def whole_ones_only(load, passes_on, seconds, busy, workers):
    return load // passes_on + int(load * seconds / busy // workers)


@wrong(M, M, "gives the last tasks no dispatcher")
def half_a_dispatcher_is_none(load, passes_on, seconds, busy, workers):
    return int(load / passes_on) + ceil(load * seconds / busy / workers)


@wrong(M, M, "gives the last workers no machine")
def half_a_crew_is_none(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on) + int(load * seconds / busy / workers)


@wrong(M, M, "lets dispatchers and workers share a machine")
def rounds_at_the_end(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on + load * seconds / busy / workers)


@wrong(M, M, "needs a part of a machine")
def never_rounds(load, passes_on, seconds, busy, workers):
    return load / passes_on + load * seconds / busy / workers


@wrong(M, M, "gives too many machines")
def one_more_to_be_safe(load, passes_on, seconds, busy, workers):
    return load // passes_on + 1 + int(load * seconds / busy / workers) + 1


@wrong(M, M, "does not return a number")
def the_two_apart(load, passes_on, seconds, busy, workers):
    return ceil(load / passes_on), ceil(load * seconds / busy / workers)


@also_right(M)
def step_by_step(load, passes_on, seconds, busy, workers):
    dispatchers = math.ceil(load / passes_on)
    at_once = load * seconds
    crew = math.ceil(at_once / busy)
    machines = crew // workers
    if crew % workers:
        machines += 1
    return dispatchers + machines


@also_right(M)
def without_ceil(load, passes_on, seconds, busy, workers):
    return -(-load // passes_on) + -(-load * seconds / busy // workers)


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_09"
FEWEST = ["take", "take", "done backup", "restart"]
wrong_value(D, "another fault", ("D", FEWEST), "the fault", "is another one")
wrong_value(D, "done in turn", ("B", ["take", "done mail", "restart"]), "the list", "all is done")
wrong_value(D, "no restart", ("B", FEWEST[:3]), "the list", "does not show the fault")
wrong_value(D, "nothing done", ("B", ["take", "take", "restart"]), "the list", "does not show")
wrong_value(D, "one too many", ("B", [*FEWEST, "take"]), "the list", "a shorter one can")
wrong_value(
    D,
    "all three",
    ("B", ["take", *FEWEST[:1], "take", "done report", "restart"]),
    "the list",
    "a shorter",
)
wrong_value(D, "never taken", ("B", ["done mail"]), "the list", "in nobody's hand")
wrong_value(D, "forgotten", ("B", ["take", "restart", "done mail"]), "the list", "in nobody's hand")
wrong_value(D, "too many", ("B", ["take"] * 4), "the list", "takes where nothing is left")
wrong_value(D, "no step", ("B", ["add mail", "take"]), "the list", "should hold steps such as")
wrong_value(D, "the sentence", ("The offset", FEWEST), "the fault", "should be one of A, B, C")
wrong_value(D, "no list", ("B", "take, take"), "the list", "write it in square brackets")
RIGHT[D] += [("b", tuple(FEWEST)), (" B ", FEWEST)]

# --- what an engine is told -----------------------------------------------------------------------

E = "engine_options"


def options(priority, delay=None, timeout=None, key=None):
    if key is not None:
        raise ValueError(f"key must be None, got {key!r}")
    if priority not in range(10):
        raise ValueError(f"priority must be 0 to 9, got {priority!r}")
    told = {"priority": priority}
    if delay is not None:
        told["countdown"] = delay
    if timeout is not None:
        told["soft_time_limit"] = timeout
        told["time_limit"] = timeout + 2
    return told


@wrong(E, E, "does not refuse a key of 'order 7'")
def drops_the_key(priority, delay=None, timeout=None, key=None):
    return options(priority, delay, timeout)


@wrong(E, E, "does not refuse a key of ''")
def an_empty_key_is_none(priority, delay=None, timeout=None, key=None):
    return options(priority, delay, timeout, key or None)


@wrong(E, E, "does not refuse a priority of 10")
def any_priority(priority, delay=None, timeout=None, key=None):
    return options(0, delay, timeout, key) | {"priority": priority}


@wrong(E, E, "does not refuse a priority of 2.5")
def half_priorities(priority, delay=None, timeout=None, key=None):
    if not 0 <= priority <= 9:
        raise ValueError("priority must be from 0 to 9")
    return options(0, delay, timeout, key) | {"priority": priority}


@wrong(E, E, "does not refuse a priority of 10")
def the_nearest_priority(priority, delay=None, timeout=None, key=None):
    return options(int(min(max(priority, 0), 9)), delay, timeout, key)


@wrong(E, E, "raises ValueError for what the engine can do")
def from_one_to_nine(priority, delay=None, timeout=None, key=None):
    if not priority:
        raise ValueError("priority must be given")
    return options(priority, delay, timeout, key)


@wrong(E, E, "leaves out time_limit")
def only_asks(priority, delay=None, timeout=None, key=None):
    told = options(priority, delay, None, key)
    return told if timeout is None else told | {"soft_time_limit": timeout}


@wrong(E, E, "gives another time_limit")
def no_time_to_tidy_up(priority, delay=None, timeout=None, key=None):
    told = options(priority, delay, timeout, key)
    return told if timeout is None else told | {"time_limit": timeout}


@wrong(E, E, "leaves out countdown")
def calls_it_delay(priority, delay=None, timeout=None, key=None):
    told = options(priority, None, timeout, key)
    return told if delay is None else told | {"delay": delay}


@wrong(E, E, "gives countdown, which nobody asked for")
def always_a_countdown(priority, delay=None, timeout=None, key=None):
    return options(priority, delay or 1, timeout, key)


@wrong(E, E, "gives another priority")
def turned_round_as_for_rabbitmq(priority, delay=None, timeout=None, key=None):
    return options(priority, delay, timeout, key) | {"priority": 9 - priority}


@wrong(E, E, "raises ValueError without naming the argument")
def says_no(priority, delay=None, timeout=None, key=None):
    try:
        return options(priority, delay, timeout, key)
    except ValueError:
        raise ValueError("this is not possible") from None


@wrong(E, E, "does not return a dictionary")
def a_list_of_pairs(priority, delay=None, timeout=None, key=None):
    return list(options(priority, delay, timeout, key).items())


@also_right(E)
def in_another_order(priority, delay=None, timeout=None, key=None):
    if not isinstance(priority, int) or priority < 0 or priority > 9:
        raise ValueError("Celery has priorities 0 to 9 alone")
    told = {"priority": priority}
    if delay:
        told |= {"countdown": delay}
    if timeout is not None:
        told |= {"soft_time_limit": timeout, "time_limit": timeout + 2}
    if key is not None:
        raise ValueError("Celery has no key")
    return told


@also_right(E)
def with_a_comprehension(priority, delay=None, timeout=None, key=None):
    if key is not None:
        raise ValueError("a key cannot be kept")
    if priority not in list(range(10)):
        raise ValueError(f"priority {priority}")
    hard = None if timeout is None else timeout + 2
    told = {
        "priority": priority,
        "countdown": delay,
        "soft_time_limit": timeout,
        "time_limit": hard,
    }
    return {option: value for option, value in told.items() if value is not None}
