"""Answers to the exercises of notebook 02."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import heapq
import time
from collections import deque
from decimal import Decimal
from fractions import Fraction

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- when -----------------------------------------------------------------------------------------

EX = "next_run_time"
FIRST = "does not give the time of the task that is due first"


@wrong(EX, EX, "raises ValueError")
def forgets_that_nothing_may_wait(ready, waiting, now):
    return now if ready else max(now, min(waiting))


@wrong(EX, EX, "does not see that a task is ready now")
def forgets_the_ready_ones(_ready, waiting, now):
    return max(now, min(waiting)) if waiting else None


@wrong(EX, EX, "gives a time that is past")
def goes_back_in_time(ready, waiting, now):
    if ready:
        return now
    return min(waiting) if waiting else None


@wrong(EX, EX, FIRST)
def takes_the_first_of_the_list(ready, waiting, now):
    if ready:
        return now
    return max(now, waiting[0]) if waiting else None


@wrong(EX, EX, "gives how long to wait, not until when")
def gives_the_seconds_to_wait(ready, waiting, now):
    if ready:
        return now
    return max(now, min(waiting)) - now if waiting else None


@wrong(EX, EX, FIRST)
def takes_the_last_one_due(ready, waiting, now):
    if ready:
        return now
    return max(now, *waiting) if waiting else None


@wrong(EX, EX, "gives a time where nothing is left to run")
def gives_now_when_there_is_nothing(ready, waiting, now):
    return now if ready or not waiting else max(now, min(waiting))


@wrong(EX, EX, "takes a task out of its list")
def pops_what_it_looks_at(ready, waiting, now):
    if ready:
        return now
    heapq.heapify(waiting)
    return max(now, heapq.heappop(waiting)) if waiting else None


@wrong(EX, EX, "does not return a moment")
def returns_the_tasks(ready, waiting, now):
    if ready:
        return ready[0]
    return max(now, min(waiting)) if waiting else None


@wrong(EX, EX, "gives no time, though a task is waiting")
def takes_zero_for_nothing(ready, waiting, now):
    return now if ready else (max(now, min(waiting, default=0)) or None) if waiting else None


@wrong(EX, EX, "gives no time, though a task is waiting")
def looks_only_at_what_is_ahead(ready, waiting, now):
    if ready:
        return now
    ahead = [moment for moment in waiting if moment > now]
    return min(ahead) if ahead else None


@wrong(EX, EX, "says that something can run now")
def is_always_ready(ready, waiting, now):
    return now if ready or waiting else None


@wrong(EX, EX, "raises TypeError")
def puts_all_into_one_list(ready, waiting, now):
    everything = sorted([*ready, *waiting])
    return max(now, everything[0]) if everything else None


@wrong(EX, EX, "raises TypeError")
def sorts_the_ready_ones(ready, waiting, now):
    ready.sort()
    if ready:
        return now
    return max(now, min(waiting)) if waiting else None


@also_right(EX)
def with_a_default(ready, waiting, now):
    return now if ready else max(now, min(waiting)) if len(waiting) > 0 else None


@also_right(EX)
def with_a_loop_and_a_fraction(ready, waiting, now):
    first = None
    for moment in waiting:
        if first is None or moment < first:
            first = moment
    if len(ready) != 0 or (first is not None and first <= now):
        return Fraction(now)
    return first


@also_right(EX)
def by_sorting(ready, waiting, now):
    moments = sorted([now] * len(ready) + [max(now, moment) for moment in waiting])
    return moments[0] if moments else None


@wrong(EX, EX, "changes the order of its list")
def sorts_the_list_itself(ready, waiting, now):
    waiting.sort()
    return now if ready else max(now, waiting[0]) if waiting else None


# --- waiting --------------------------------------------------------------------------------------


@wrong("run_all", "run_all", "stops while a task is still waiting")
def stops_at_the_first_none(scheduler, clock):
    ran = []
    while task := scheduler.get_next_task():
        ran.append((clock.now(), task.name))
        scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "wakes up when there is nothing to do")
def asks_every_half_second(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task is None:
            clock.advance(0.5)
        else:
            ran.append((clock.now(), task.name))
            scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "runs a task late")
def asks_every_second(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task is None:
            clock.advance(4)
        else:
            ran.append((clock.now(), task.name))
            scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "does not come back")
def never_moves_the_clock(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task is not None:
            ran.append((clock.now(), task.name))
            scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "raises RuntimeError")
def really_sleeps(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task is None:
            time.sleep(3600)
        else:
            ran.append((clock.now(), task.name))
            scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "takes tasks and never completes them")
def forgets_to_complete(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task is None:
            clock.advance_to(scheduler.next_run_time())
        else:
            ran.append((clock.now(), task.name))
    return ran


@wrong("run_all", "run_all", "raises AttributeError")
def forgets_that_there_may_be_none(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        ran.append((clock.now(), task.name))
        scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "does not return a list of pairs")
def returns_nothing(scheduler, clock):
    stops_at_the_first_none(scheduler, clock)


@wrong("run_all", "run_all", "notes an earlier time than the clock shows")
def notes_when_it_was_due(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        clock.advance_to(scheduler.next_run_time())
        task = scheduler.get_next_task()
        ran.append((task.run_at, task.name))
        scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "raises ValueError")
def goes_to_each_due_time_in_turn(scheduler, clock):
    ran = []
    for pending in scheduler.pending_tasks():
        clock.advance_to(pending.run_at)
        task = scheduler.get_next_task()
        ran.append((clock.now(), task.name))
        scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "puts the name first")
def puts_the_name_first(scheduler, clock):
    return [(name, time) for time, name in run_all_waiting_first(scheduler, clock)]


@wrong("run_all", "run_all", "stops while a task is ready")
def takes_second_zero_for_nothing(scheduler, clock):
    ran = []
    while scheduler.next_run_time():
        clock.advance_to(scheduler.next_run_time())
        task = scheduler.get_next_task()
        ran.append((clock.now(), task.name))
        scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "runs a task late")
def takes_the_moment_for_a_pause(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        task = scheduler.get_next_task()
        if task is None:
            clock.advance(scheduler.next_run_time())
        else:
            ran.append((clock.now(), task.name))
            scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "runs a task late")
def waits_for_the_last_one_first(scheduler, clock):
    ran = []
    clock.advance_to(max((task.run_at for task in scheduler.pending_tasks()), default=clock.now()))
    while task := scheduler.get_next_task():
        ran.append((clock.now(), task.name))
        scheduler.complete(task)
    return ran


@wrong("run_all", "run_all", "notes something that is no time of the clock")
def notes_the_clock(scheduler, clock):
    return [(clock, name) for _, name in run_all_waiting_first(scheduler, clock)]


@wrong("run_all", "run_all", "does not give the time and the order of each run")
def sorts_by_name_what_ran_together(scheduler, clock):
    return sorted(run_all_waiting_first(scheduler, clock))


@also_right("run_all")
def run_all_into_lists_of_two(scheduler, clock):
    return [[time, name] for time, name in run_all_waiting_first(scheduler, clock)]


@also_right("run_all")
def run_all_by_recursion(scheduler, clock):
    if scheduler.next_run_time() is None:
        return []
    task = scheduler.get_next_task()
    if task is None:
        clock.advance_to(scheduler.next_run_time())
        return run_all_by_recursion(scheduler, clock)
    now = clock.now()
    scheduler.complete(task)
    return [(now, task.name), *run_all_by_recursion(scheduler, clock)]


@also_right("run_all")
def run_all_moving_to_where_it_stands(scheduler, clock):
    ran = []
    while scheduler.pending_tasks():
        clock.advance_to(scheduler.next_run_time())  # no move at all when a task is ready
        task = scheduler.get_next_task()
        ran.append((clock.now(), task.name))
        scheduler.complete(task)
    return ran


@also_right("run_all")
def run_all_waiting_first(scheduler, clock):
    ran = []
    while (moment := scheduler.next_run_time()) is not None:
        if moment > clock.now():
            clock.advance(moment - clock.now())
        task = scheduler.get_next_task()
        scheduler.complete(task)
        ran.append((clock.now(), str(task)))
    return ran


# --- a clock --------------------------------------------------------------------------------------


class Clock:
    """What the answers below share; each is wrong in what it changes."""

    def __init__(self, wall):
        self.wall = wall
        self.last = wall()


@wrong("steady_clock", "now", "runs backwards")
class ShowsTheWall(Clock):
    def now(self):
        return self.wall()


@wrong("steady_clock", "now", "runs backwards")
class RemembersTheLastReading(Clock):
    def now(self):
        reading = self.wall()
        shown, self.last = max(reading, self.last), reading
        return shown


@wrong("steady_clock", "now", "stands still while the wall clock goes on")
class NeverMoves(Clock):
    def now(self):
        return self.last


@wrong("steady_clock", "now", "stands still while the wall clock goes on")
class TakesTheSmaller(Clock):
    def now(self):
        self.last = min(self.last, self.wall())
        return self.last


@wrong("steady_clock", "now", "is ahead of the wall clock")
class AddsTheJumpBack(Clock):
    """It takes every step for a step forwards."""

    def __init__(self, wall):
        super().__init__(wall)
        self.shown = self.last

    def now(self):
        reading = self.wall()
        self.shown += abs(reading - self.last)
        self.last = reading
        return self.shown


@wrong("steady_clock", "now", "does not return a time")
class ForgetsToReturn(Clock):
    def now(self):
        self.last = max(self.last, self.wall())


@wrong("steady_clock", "now", "raises AttributeError")
class RemembersNothing:
    def __init__(self, wall):
        self.wall = wall

    def now(self):
        self.largest = max(self.largest, self.wall())
        return self.largest


@wrong("steady_clock", "now", "shows what another clock has read")
class KeepsItInTheClass:
    largest = 0.0

    def __init__(self, wall):
        self.wall = wall

    def now(self):
        KeepsItInTheClass.largest = max(KeepsItInTheClass.largest, self.wall())
        return KeepsItInTheClass.largest


@wrong("steady_clock", "now", "raises TypeError")
class AsksTooEarly:
    """It keeps a reading in place of the function."""

    def __init__(self, wall):
        self.wall = wall()
        self.largest = self.wall

    def now(self):
        self.largest = max(self.largest, self.wall())
        return self.largest


@wrong("steady_clock", "now", "stands still while the wall clock goes on")
class StopsForGood(Clock):
    """Once it has been set back, it never moves again."""

    stopped = False

    def now(self):
        reading = self.wall()
        self.stopped = self.stopped or reading < self.last
        if not self.stopped:
            self.last = reading
        return self.last


@also_right("steady_clock")
class AsksOnlyWhenAsked:
    def __init__(self, wall):
        self.wall = wall
        self.largest = None

    def now(self):
        reading = Fraction(self.wall())
        if self.largest is None or reading > self.largest:
            self.largest = reading
        return self.largest


@also_right("steady_clock")
class InDecimals:
    def __init__(self, wall):
        self.wall, self.largest = wall, Decimal("-Infinity")

    def now(self):
        self.largest = max(self.largest, Decimal(self.wall()))
        return self.largest


@also_right("steady_clock")
class KeepsEveryReading:
    def __init__(self, wall):
        self.wall, self.readings = wall, deque()

    def now(self):
        self.readings.append(self.wall())
        return float(max(self.readings))


@wrong("steady_clock", "now", "is ahead of the wall clock")
class BeginsAtZero:
    def __init__(self, wall):
        self.wall = wall
        self.largest = 0

    def now(self):
        self.largest = max(self.largest, self.wall())
        return self.largest


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_02"
wrong_value(D, "another fault", ("B", [(2, 1), (1, 2)]), "the fault", "is another one")
wrong_value(D, "comes out in order", ("C", [(1, 1), (2, 2)]), "the list", "does not show the fault")
wrong_value(D, "equally due", ("C", [(1, 1), (1, 0)]), "the list", "does not show the fault")
wrong_value(D, "one too many", ("C", [(3, 0), (2, 1), (1, 2)]), "the list", "a shorter one can")
wrong_value(D, "never due", ("C", [(2, 1), (1, 20)]), "the list", "should be from 0 to 10")
wrong_value(D, "no delays", ("C", [2, 1]), "the list", "should hold pairs")
wrong_value(D, "one task", ("C", [(1, 5)]), "the list", "does not show the fault")
wrong_value(D, "the letters alone", ("C", "C"), "the list", "is a str")
wrong_value(D, "two letters", ("BC", [(2, 1), (1, 2)]), "the fault", "should be one of")
RIGHT[D] += [("c", [[5, 0], [4, 10]]), (" C", ((2, 0), (1, 0))), ["C", [(2.5, 0.5), (1.5, 9)]]]
RIGHT[D].append(("C", [(Fraction(5, 2), 0), (2, Fraction(1, 2))]))
