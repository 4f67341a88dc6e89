"""Answers to the exercises of notebook 08."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import math
from bisect import bisect_left
from collections import Counter
from decimal import Decimal
from fractions import Fraction

from sched import TaskStatus
from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- a watch --------------------------------------------------------------------------------------

W = "watch"
ENDS = ("succeeded", "retrying", "failed", "cancelled")


class OfTheNotebook:
    def __init__(self):
        self.running = {}

    def hear(self, event):
        if event.kind == "started":
            self.running[event.task.id] = event.task
        elif event.kind in ENDS:
            self.running.pop(event.task.id, None)

    def overdue(self, now, limit):
        late = [t for t in self.running.values() if now - t.started_at > limit]
        return [task.name for task in sorted(late, key=lambda task: task.started_at)]


@wrong(W, "overdue", "names a task that does not run")
class ForgetsTheRetries(OfTheNotebook):
    def hear(self, event):
        if event.kind == "started":
            self.running[event.task.id] = event.task
        elif event.kind in ("succeeded", "failed"):
            self.running.pop(event.task.id, None)


@wrong(W, "overdue", "names a task that does not run")
class OnlyEndsWhatSucceeds(OfTheNotebook):
    def hear(self, event):
        if event.kind == "started":
            self.running[event.task.id] = event.task
        elif event.kind == "succeeded":
            del self.running[event.task.id]


@wrong(W, "hear", "raises KeyError")
class EndsWhatNeverStarted(OfTheNotebook):
    def hear(self, event):
        if event.kind == "started":
            self.running[event.task.id] = event.task
        elif event.kind != "added":
            del self.running[event.task.id]


@wrong(W, "overdue", "leaves out a task that is overdue")
class GoesByTheName(OfTheNotebook):
    def hear(self, event):
        if event.kind == "started":
            self.running[event.task.name] = event.task
        elif event.kind in ENDS:
            self.running.pop(event.task.name, None)


@wrong(W, "overdue", "names a task too early")
class CountsFromTheAdding(OfTheNotebook):
    def hear(self, event):
        if event.kind == "started":
            self.running[event.task.id] = (event.task.added_at, event.task.name)
        elif event.kind in ENDS:
            self.running.pop(event.task.id, None)

    def overdue(self, now, limit):
        return [name for since, name in self.running.values() if now - since > limit]


@wrong(W, "overdue", "names a task too early")
class TakesAtLeastForMore(OfTheNotebook):
    def overdue(self, now, limit):
        return [t.name for t in self.running.values() if now - t.started_at >= limit]


@wrong(W, "overdue", "names a task too early")
class KeepsTheFirstStart(OfTheNotebook):
    def __init__(self):
        super().__init__()
        self.since = {}

    def hear(self, event):
        super().hear(event)
        if event.kind == "started":
            self.since.setdefault(event.task.id, event.task.started_at)

    def overdue(self, now, limit):
        late = [t for t in self.running.values() if now - self.since[t.id] > limit]
        return [task.name for task in sorted(late, key=lambda task: task.started_at)]


@wrong(W, "overdue", "does not name first who started first")
class InTheOrderOfTheirNumbers(OfTheNotebook):
    def overdue(self, now, limit):
        late = [t for t in self.running.values() if now - t.started_at > limit]
        return [task.name for task in sorted(late, key=lambda task: task.id)]


@wrong(W, "overdue", "does not name first who started first")
class ShortestFirst(OfTheNotebook):
    def overdue(self, now, limit):
        return super().overdue(now, limit)[::-1]


@wrong(W, "overdue", "gives something else than names")
class GivesTasks(OfTheNotebook):
    def overdue(self, now, limit):
        return [t for t in self.running.values() if now - t.started_at > limit]


@wrong(W, "overdue", "gives something else when it is asked again")
class ForgetsWhatItHasTold(OfTheNotebook):
    def overdue(self, now, limit):
        late = [t for t in self.running.values() if now - t.started_at > limit]
        for task in late:
            del self.running[task.id]
        return [task.name for task in sorted(late, key=lambda task: task.started_at)]


@wrong(W, "overdue", "names a task too early")
class TakesTheTimeOfDay(OfTheNotebook):
    def overdue(self, now, limit):
        return [t.name for t in self.running.values() if now > limit]


@wrong(W, "overdue", "leaves out a task that is overdue")
class HasALimitOfItsOwn(OfTheNotebook):
    def overdue(self, now, limit):
        return super().overdue(now, 60)


@wrong(W, "overdue", "names a task of which this watch has not heard")
class SharesOneDictionary(OfTheNotebook):
    running = {}  # noqa: RUF012

    def __init__(self):
        pass


@wrong(W, "overdue", "does not return a list")
class PrintsThem(OfTheNotebook):
    def overdue(self, now, limit):
        for task in self.running.values():
            if now - task.started_at > limit:
                print(task.name)


@wrong(W, "overdue", "does not return a list")
class ReturnsOne(OfTheNotebook):
    def overdue(self, now, limit):
        for task in self.running.values():
            if now - task.started_at > limit:
                return task.name
        return []


@wrong(W, "overdue", "leaves out a task that is overdue")
class DropsTheLatest:
    def __init__(self):
        self.running = []

    def hear(self, event):
        if event.kind == "started":
            self.running.append(event.task)
        elif event.kind in ENDS and self.running:
            self.running.pop()

    def overdue(self, now, limit):
        return [t.name for t in self.running if now - t.started_at > limit]


@also_right(W)
class WithTheStatus:
    """Keeps the latest of every task, and looks who runs."""

    def __init__(self):
        self.latest = {}

    def hear(self, event):
        self.latest[event.task.id] = event.task

    def overdue(self, now, limit):
        late = []
        for task in self.latest.values():
            if task.status == TaskStatus.RUNNING and task.started_at + limit < now:
                late.append((task.started_at, task.id, task.name))
        return [name for _, _, name in sorted(late)]


@also_right(W)
class WithAList:
    def __init__(self):
        self.runs = []

    def hear(self, event):
        self.runs = [(since, number, name) for since, number, name in self.runs
                     if number != event.task.id]  # fmt: skip
        if event.kind == "started":
            self.runs.append((event.task.started_at, event.task.id, event.task.name))

    def overdue(self, now, limit):
        return tuple(name for since, _, name in self.runs if now - since > limit)


@also_right(W)
class WithTwoDictionaries:
    def __init__(self):
        self.since, self.names = {}, {}

    def hear(self, event):
        task = event.task
        if event.kind == "added":
            self.names[task.id] = task.name
        if event.kind != "started":
            self.since.pop(task.id, None)
            return
        self.since[task.id] = task.started_at

    def overdue(self, now, limit):
        numbers = sorted(self.since, key=self.since.get)
        return [self.names[n] for n in numbers if now - self.since[n] > limit]


@wrong("watch", "overdue", "does not name first who started first")
class InTheOrderOfTheirNames(OfTheNotebook):
    def overdue(self, now, limit):
        return sorted(super().overdue(now, limit))


# --- work that stops when told --------------------------------------------------------------------

S = "in_steps"


@wrong(S, S, "goes on after it was told to stop")
def never_asks(steps, stop, undo):
    try:
        for step in steps:
            step()
    except Exception:
        undo()
        raise
    return len(steps)


@wrong(S, S, "goes on after it was told to stop")
def asks_once_at_the_start(steps, stop, undo):
    if stop():
        undo()
        raise RuntimeError("stopped")
    try:
        for step in steps:
            step()
    except Exception:
        undo()
        raise
    return len(steps)


@wrong(S, S, "stops when all is done")
def asks_after_each_step(steps, stop, undo):
    if steps and stop():
        undo()
        raise RuntimeError("stopped")
    for step in steps:
        try:
            step()
        except Exception:
            undo()
            raise
        if stop():
            undo()
            raise RuntimeError("stopped")
    return len(steps)


@wrong(S, S, "calls undo 2 times")
def undoes_its_own_error(steps, stop, undo):
    try:
        for step in steps:
            if stop():
                undo()
                raise RuntimeError("stopped")
            step()
    except Exception:
        undo()
        raise
    return len(steps)


@wrong(S, S, "ends as if nobody had stopped it")
def returns_quietly(steps, stop, undo):
    done = 0
    for step in steps:
        if stop():
            undo()
            return done
        try:
            step()
        except Exception:
            undo()
            raise
        done += 1
    return done


@wrong(S, S, "undoes what was done to its end")
def undoes_in_any_case(steps, stop, undo):
    try:
        for step in steps:
            if stop():
                raise RuntimeError("stopped")
            step()
        return len(steps)
    finally:
        undo()


@wrong(S, S, "does not call undo after a step has failed")
def forgets_the_errors(steps, stop, undo):
    for step in steps:
        if stop():
            undo()
            raise RuntimeError("stopped")
        step()
    return len(steps)


@wrong(S, S, "does not call undo after a step has failed")
def knows_one_error(steps, stop, undo):
    for step in steps:
        if stop():
            undo()
            raise RuntimeError("stopped")
        try:
            step()
        except ValueError:
            undo()
            raise
    return len(steps)


@wrong(S, S, "does not call undo after a step has failed")
def takes_the_error_of_a_step_for_its_own(steps, stop, undo):
    try:
        for step in steps:
            if stop():
                undo()
                raise RuntimeError("stopped")
            step()
    except RuntimeError:
        raise
    except Exception:
        undo()
        raise
    return len(steps)


@wrong(S, S, "keeps the error of a step to itself")
def swallows_the_error(steps, stop, undo):
    for step in steps:
        if stop():
            undo()
            raise RuntimeError("stopped")
        try:
            step()
        except Exception:
            undo()
            return None
    return len(steps)


@wrong(S, S, "goes on after a step has failed")
def goes_on_after_an_error(steps, stop, undo):
    failed = []
    for step in steps:
        if stop():
            undo()
            raise RuntimeError("stopped")
        try:
            step()
        except Exception as error:
            failed.append(error)
    if failed:
        undo()
        raise failed[0]
    return len(steps)


@wrong(S, S, "turns the error of a step into another")
def one_error_for_all(steps, stop, undo):
    for step in steps:
        try:
            if stop():
                raise RuntimeError("stopped")
            step()
        except Exception:
            undo()
            raise RuntimeError("stopped") from None
    return len(steps)


@wrong(S, S, "does not return how many steps it did")
def returns_the_number_of_the_last(steps, stop, undo):
    number = 0
    for number, step in enumerate(steps):  # noqa: B007
        if stop():
            undo()
            raise RuntimeError("stopped")
        try:
            step()
        except Exception:
            undo()
            raise
    return number


@wrong(S, S, "does not return how many steps it did")
def returns_nothing(steps, stop, undo):
    for step in steps:
        if stop():
            undo()
            raise RuntimeError("stopped")
        try:
            step()
        except Exception:
            undo()
            raise


@wrong(S, S, "ends in a TypeError")
def reads_stop_as_a_value(steps, stop, undo):
    for step in steps:
        if len(stop):
            undo()
            raise RuntimeError("stopped")
        step()
    return len(steps)


@wrong(S, S, "stops although nobody has told it to")
def does_not_call_stop(steps, stop, undo):
    for step in steps:
        if stop:
            undo()
            raise RuntimeError("stopped")
        step()
    return len(steps)


@wrong(S, S, "does not raise a RuntimeError when told to stop")
def raises_something_else(steps, stop, undo):
    for step in steps:
        if stop():
            undo()
            raise StopIteration
        try:
            step()
        except Exception:
            undo()
            raise
    return len(steps)


@wrong(S, S, "does not call undo after it was stopped")
def only_undoes_errors(steps, stop, undo):
    for step in steps:
        if stop():
            raise RuntimeError("stopped")
        try:
            step()
        except Exception:
            undo()
            raise
    return len(steps)


@wrong(S, S, "does not do the steps in turn")
def begins_with_the_last(steps, stop, undo):
    for step in reversed(steps):
        if stop():
            undo()
            raise RuntimeError("stopped")
        try:
            step()
        except Exception:
            undo()
            raise
    return len(steps)


@also_right(S)
def undoes_below_the_loop(steps, stop, undo):
    done = 0
    try:
        while done < len(steps):
            if stop():
                raise RuntimeError("stopped")
            steps[done]()
            done += 1
    except BaseException:
        undo()
        raise
    return done


@also_right(S)
def with_a_flag(steps, stop, undo):
    complete = False
    try:
        for step in steps:
            if stop() is True:
                raise RuntimeError
            step()
        complete = True
        return len(steps)
    finally:
        if not complete:
            undo()


@also_right(S)
def one_after_the_other(steps, stop, undo):
    if not steps:
        return 0
    if stop():
        undo()
        raise RuntimeError("told to stop, " + str(stop()))
    first, *rest = steps
    try:
        first()
    except Exception as error:
        undo()
        raise error
    return 1 + one_after_the_other(rest, stop, undo)


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_08"
FEWEST = ["add backup", "take", "cancel backup", "add backup"]
wrong_value(D, "another fault", ("C", FEWEST), "the fault", "is another one")
wrong_value(D, "cancelled in time", ("B", FEWEST[:1] + FEWEST[2:3]), "the list", "does not show")
wrong_value(D, "no second night", ("B", FEWEST[:3]), "the list", "does not show the fault")
wrong_value(D, "one too many", ("B", [*FEWEST, "take"]), "the list", "a shorter one can")
wrong_value(D, "two names", ("B", ["add mail", *FEWEST]), "the list", "does not show the fault")
wrong_value(D, "never added", ("B", ["cancel a", "add a"]), "the list", "nobody has added before")
wrong_value(D, "added twice", ("B", ["add a", "add a"]), "the list", "adds 'a' twice")
wrong_value(D, "takes nothing", ("B", ["take"]), "the list", "takes where nothing is left")
wrong_value(D, "no step", ("B", ["add a", "done a"]), "the list", "should hold steps such as")
wrong_value(D, "the sentence", ("A mark stays", FEWEST), "the fault", "should be one of A, B, C")
wrong_value(D, "no list", ("B", "add a, take"), "the list", "write it in square brackets")
RIGHT[D] += [
    ("b", ("add a", "take", "cancel a", "add a")),
    (" B ", ["add a", "cancel a", "cancel a", "add a"]),
]

# --- every so often -------------------------------------------------------------------------------

N = "next_time"


@wrong(N, N, "drifts")
def from_now_on(start, every, now):
    if now < start:
        return start
    return now + every


@wrong(N, N, "gives a time that is not later than now")
def the_one_that_is_now(start, every, now):
    return start + math.ceil(max(0, now - start) / every) * every


@wrong(N, N, "gives a time that is not later than now")
def once_only(start, every, now):
    return start if now < start else start + every


@wrong(N, N, "does not come back")
def counts_up(start, every, now):
    time = start
    while time <= now:
        time += every
    return time


@wrong(N, N, "begins before the start")
def forgets_the_start(start, every, now):
    return start + ((now - start) // every + 1) * every


@wrong(N, N, "leaves out a time")
def rounds_up_twice(start, every, now):
    return start if now < start else start + (math.ceil((now - start) / every) + 1) * every


@wrong(N, N, "drifts")
def by_the_clock(start, every, now):
    return start if now < start else (now // every + 1) * every


@wrong(N, N, "does not return a number of seconds")
def prints_it(start, every, now):
    print(start + ((now - start) // every + 1) * every)


@wrong(N, N, "leaves out a time")
def one_after_the_start(start, every, now):
    return start + every if now < start else start + ((now - start) // every + 1) * every


@wrong(N, N, "raises TypeError")
def with_a_range(start, every, now):
    return next(t for t in range(start, now + 2 * every, every) if t > now)


@also_right(N)
def by_the_rest(start, every, now):
    if now < start:
        return start
    return now - (now - start) % every + every


@also_right(N)
def with_max(start, every, now):
    passed = max(0, int((now - start) / every) + 1) if now >= start else 0
    return start + passed * every


@also_right(N)
def in_decimals(start, every, now):
    start, every, now = Decimal(start), Decimal(every), Decimal(now)
    return max(start, start + (math.floor((now - start) / every) + 1) * every)


@also_right(N)
def in_fractions(start, every, now):
    start, every, now = map(Fraction, (start, every, now))
    return max(start, start + (math.floor((now - start) / every) + 1) * every)


# --- buckets --------------------------------------------------------------------------------------

B = "buckets"


class BucketsOfTheNotebook:
    def __init__(self, bounds):
        self.bounds = [*bounds, math.inf]
        self.counts = [0] * len(self.bounds)

    def add(self, seconds):
        for place, bound in enumerate(self.bounds):
            if seconds <= bound:
                self.counts[place] += 1
                return

    def within(self, share):
        total, so_far = sum(self.counts), 0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            so_far += count
            if total and so_far >= share * total:
                return bound
        return None


@wrong(B, "within", "is too large")
class BelowTheBound(BucketsOfTheNotebook):
    def add(self, seconds):
        for place, bound in enumerate(self.bounds):
            if seconds < bound:
                self.counts[place] += 1
                return


@wrong(B, "within", "is too large")
class MoreThanTheShare(BucketsOfTheNotebook):
    def within(self, share):
        total, so_far = sum(self.counts), 0
        if not total:
            return None
        for bound, count in zip(self.bounds, self.counts, strict=True):
            so_far += count
            if so_far > share * total:
                return bound
        return math.inf


@wrong(B, "within", "is too large")
class NotAddedUp(BucketsOfTheNotebook):
    def within(self, share):
        total = sum(self.counts)
        if not total:
            return None
        for bound, count in zip(self.bounds, self.counts, strict=True):
            if count >= share * total:
                return bound
        return math.inf


@wrong(B, "within", "raises ZeroDivisionError")
class DividesByNothing(BucketsOfTheNotebook):
    def within(self, share):
        total, so_far = sum(self.counts), 0
        for bound, count in zip(self.bounds, self.counts, strict=True):
            so_far += count
            if so_far / total >= share:
                return bound
        return math.inf


@wrong(B, "within", "does not return a bound")
class ForgetsTheSlowest(BucketsOfTheNotebook):
    def __init__(self, bounds):
        self.bounds = list(bounds)
        self.counts = [0] * len(self.bounds)


@wrong(B, "add", "keeps what it is given")
class KeepsThemAll(BucketsOfTheNotebook):
    def __init__(self, bounds):
        self.bounds = [*bounds, math.inf]
        self.all = []

    def add(self, seconds):
        self.all.append(seconds)

    def within(self, share):
        if not self.all:
            return None
        ordered = sorted(self.all)
        value = ordered[math.ceil(share * len(ordered)) - 1]
        return min(bound for bound in self.bounds if value <= bound)


@wrong(B, "within", "returns something else than a bound")
class GivesTheMean(BucketsOfTheNotebook):
    def __init__(self, bounds):
        self.total = self.number = 0

    def add(self, seconds):
        self.total += seconds
        self.number += 1

    def within(self, share):
        return self.total / self.number if self.number else None


@wrong(B, "within", "is too large")
class InEveryBucket(BucketsOfTheNotebook):
    def add(self, seconds):
        for place, bound in enumerate(self.bounds):
            if seconds <= bound:
                self.counts[place] += 1


@wrong(B, "within", "is too small")
class TheLowerBound(BucketsOfTheNotebook):
    def within(self, share):
        found = super().within(share)
        if found is None:
            return None
        return self.bounds[max(0, self.bounds.index(found) - 1)]


@wrong(B, "within", "does not return None")
class BeginsAtNought(BucketsOfTheNotebook):
    def within(self, share):
        return super().within(share) or 0


@wrong(B, "within", "counts what another one was given")
class CountsTogether(BucketsOfTheNotebook):
    counts = {}  # noqa: RUF012

    def __init__(self, bounds):
        self.bounds = [*bounds, math.inf]

    def add(self, seconds):
        bound = min(bound for bound in self.bounds if seconds <= bound)
        self.counts[bound] = self.counts.get(bound, 0) + 1

    def within(self, share):
        total, so_far = sum(self.counts.values()), 0
        for bound in self.bounds:
            so_far += self.counts.get(bound, 0)
            if total and so_far >= share * total:
                return bound
        return None


@also_right(B)
class WithBisect:
    def __init__(self, bounds):
        self.bounds = tuple(bounds)
        self.counts = Counter()

    def add(self, seconds):
        self.counts[bisect_left(self.bounds, seconds)] += 1

    def within(self, share):
        if not self.counts:
            return None
        needed = share * sum(self.counts.values())
        for place, bound in enumerate(self.bounds):
            needed -= self.counts[place]
            if needed <= 0:
                return bound
        return float("inf")


@also_right(B)
class AddedUpAtOnce:
    """As Prometheus keeps them: each counts all that is at most its bound."""

    def __init__(self, bounds):
        self.at_most = dict.fromkeys([*bounds, math.inf], 0)

    def add(self, seconds):
        for bound in self.at_most:
            self.at_most[bound] += seconds <= bound

    def within(self, share):
        total = self.at_most[math.inf]
        enough = [b for b, number in self.at_most.items() if total and number / total >= share]
        return min(enough, default=None)


RIGHT[B].append(BucketsOfTheNotebook)


@wrong("buckets", "AppendsToTheBounds", "changes the list that it is given")
class AppendsToTheBounds(BucketsOfTheNotebook):
    def __init__(self, bounds):
        bounds.append(math.inf)
        self.bounds = bounds
        self.counts = [0] * len(bounds)
