"""Answers to the exercises of notebook 10, and to its open tasks: they are nowhere else."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

from collections import OrderedDict, deque
from heapq import heappop, heappush
from itertools import count

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- tasks by number ------------------------------------------------------------------------------

T = "tracked"


class OfTheNotebook:
    def __init__(self, queue):
        self.queue = queue
        self.states = {}

    def add(self, priority, delay, now):
        number = len(self.states) + 1
        self.states[number] = "pending"
        self.queue.add(priority, number, delay, now)
        return number

    def take(self, now):
        while True:
            number = self.queue.take(now)
            if number is None:
                return None
            if self.states[number] == "pending":
                self.states[number] = "running"
                return number

    def cancel(self, number):
        if self.states.get(number) != "pending":
            return False
        self.states[number] = "cancelled"
        return True


@wrong(T, "take", "returns None where a task is left")
class PassesOverOneOnly(OfTheNotebook):
    def take(self, now):
        number = self.queue.take(now)
        if number is None or self.states[number] == "cancelled":
            return None
        self.states[number] = "running"
        return number


@wrong(T, "take", "gives a task that is cancelled")
class LooksAtTheNextOneOnly(OfTheNotebook):
    def take(self, now):
        number = self.queue.take(now)
        if number is not None and self.states[number] == "cancelled":
            number = self.queue.take(now)
        if number is not None:
            self.states[number] = "running"
        return number


@wrong(T, "take", "gives a task that is cancelled")
class ForgetsTheMark(OfTheNotebook):
    def take(self, now):
        number = self.queue.take(now)
        if number is not None:
            self.states[number] = "running"
        return number


@wrong(T, "states", "does not hold the status of each task")
class NeverRunning(OfTheNotebook):
    def take(self, now):
        while True:
            number = self.queue.take(now)
            if number is None or self.states[number] == "pending":
                return number


@wrong(T, "cancel", "says that it cancelled a task that is not pending")
class CancelsWhatRuns(OfTheNotebook):
    def cancel(self, number):
        if number not in self.states:
            return False
        self.states[number] = "cancelled"
        return True


@wrong(T, "cancel", "says that it cancelled a task that is not pending")
class CancelsTwice(OfTheNotebook):
    def cancel(self, number):
        if self.states.get(number) in ("pending", "cancelled"):
            self.states[number] = "cancelled"
            return True
        return False


@wrong(T, "cancel", "raises KeyError")
class KnowsEveryNumber(OfTheNotebook):
    def cancel(self, number):
        if self.states[number] != "pending":
            return False
        self.states[number] = "cancelled"
        return True


@wrong(T, "cancel", "does not return True or False")
class SaysNothing(OfTheNotebook):
    def cancel(self, number):
        if self.states.get(number) == "pending":
            self.states[number] = "cancelled"


@wrong(T, "states", "does not hold the status of each task")
class DeletesTheCancelled(OfTheNotebook):
    def take(self, now):
        while (number := self.queue.take(now)) is not None:
            if number in self.states:
                self.states[number] = "running"
                return number
        return None

    def cancel(self, number):
        if self.states.get(number) != "pending":
            return False
        del self.states[number]
        return True


@wrong(T, "add", "does not return the next number")
class BeginsAtNought(OfTheNotebook):
    def add(self, priority, delay, now):
        number = len(self.states)
        self.states[number] = "pending"
        self.queue.add(priority, number, delay, now)
        return number


@wrong(T, "add", "does not return the next number")
class ReturnsNothing(OfTheNotebook):
    def add(self, priority, delay, now):
        number = len(self.states) + 1
        self.states[number] = "pending"
        self.queue.add(priority, number, delay, now)


@wrong(T, "take", "returns None where a task is left")
class NeverInTheQueue(OfTheNotebook):
    def add(self, priority, delay, now):
        number = len(self.states) + 1
        self.states[number] = "pending"
        return number


@wrong(T, "take", "gives a task before its time")
class ForgetsNow(OfTheNotebook):
    def add(self, priority, delay, now):
        number = len(self.states) + 1
        self.states[number] = "pending"
        self.queue.add(priority, number, delay, 0)
        return number


@wrong(T, "take", "does not come back")
class WaitsForATask(OfTheNotebook):
    def take(self, now):
        while True:
            number = self.queue.take(now)
            if self.states.get(number) == "pending":
                self.states[number] = "running"
                return number


@wrong(T, "add", "gives a number twice")
class CountsWhatIsPending(OfTheNotebook):
    def add(self, priority, delay, now):
        number = 1 + sum(status == "pending" for status in self.states.values())
        self.states[number] = "pending"
        self.queue.add(priority, number, delay, now)
        return number


@wrong(T, "Tracked", "has no dictionary called states")
class Tracked(OfTheNotebook):
    def __init__(self, queue):
        self.queue = queue
        self.numbers = count(1)
        self.status = {}

    def add(self, priority, delay, now):
        number = next(self.numbers)
        self.status[number] = "pending"
        self.queue.add(priority, number, delay, now)
        return number


@wrong(T, "cancel", "looks at all tasks")
class LooksAtAll(OfTheNotebook):
    def cancel(self, number):
        for other in self.states:
            if other == number and self.states[other] == "pending":
                self.states[other] = "cancelled"
                return True
        return False


@wrong(T, "add", "counts the tasks of another one")
class CountsTogether(OfTheNotebook):
    states = {}  # noqa: RUF012

    def __init__(self, queue):
        self.queue = queue


@also_right(T)
class WithACounter(OfTheNotebook):
    def __init__(self, queue):
        super().__init__(queue)
        self.numbers = count(1)

    def add(self, priority, delay, now):
        number = next(self.numbers)
        self.queue.add(priority, number, delay, now)
        self.states.update({number: "pending"})
        return number

    def take(self, now):
        number = self.queue.take(now)
        if number is None:
            return None
        if self.states[number] == "cancelled":
            return self.take(now)
        self.states[number] = "running"
        return number

    def cancel(self, number):
        pending = number in self.states and self.states[number] == "pending"
        if pending:
            self.states[number] = "cancelled"
        return pending


@also_right(T)
class WithAWalrus(OfTheNotebook):
    def take(self, now):
        while (number := self.queue.take(now)) is not None:
            if self.states[number] != "cancelled":
                self.states[number] = "running"
                break
        return number


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_10"
FEWEST = ["add", "end 1", "add"]
wrong_value(D, "another fault", ("D", FEWEST), "the fault", "is another one")
wrong_value(D, "nothing ends", ("C", ["add", "add"]), "the list", "does not show the fault")
wrong_value(D, "the last ends", ("C", ["add", "add", "end 2"]), "the list", "does not show")
wrong_value(D, "longer", ("C", ["add", "add", "end 1", "add"]), "the list", "a shorter one can")
wrong_value(
    D, "no such task", ("C", ["end 1", "add"]), "the list", "ends task 1, and there is none"
)
wrong_value(D, "ends twice", ("C", ["add", "end 1", "end 1"]), "the list", "ends task 1, and")
wrong_value(D, "numbers alone", ("C", [1, 1]), "the list", "should hold steps such as")
wrong_value(D, "a name", ("C", ["add mail", "end 1"]), "the list", "should hold steps such as")
wrong_value(D, "the sentence", ("It is given twice", FEWEST), "the fault", "should be one of A, B")
wrong_value(D, "no list", ("C", "add, end 1, add"), "the list", "write it in square brackets")
RIGHT[D] += [("c", ("add", "end 1", "add")), (" C ", FEWEST)]

# --- one key, one task ----------------------------------------------------------------------------

K = "keyed"


class KeyedOfTheNotebook:
    def __init__(self, tracked):
        self.tracked = tracked
        self.numbers = {}

    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number) in ("pending", "running"):
            return number
        number = self.tracked.add(priority, delay, now)
        self.numbers[key] = number
        return number


@wrong(K, "add", "never frees a key")
class OnceForEver(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        if key not in self.numbers:
            self.numbers[key] = self.tracked.add(priority, delay, now)
        return self.numbers[key]


@wrong(K, "add", "adds a second task for a key")
class FreeOnceItRuns(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number) == "pending":
            return number
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "adds a second task for a key")
class NotesNothing(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number) in ("pending", "running"):
            return number
        return self.tracked.add(priority, delay, now)


@wrong(K, "add", "adds a second task for a key")
class KeepsTheFirstNumber(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number) in ("pending", "running"):
            return number
        number = self.tracked.add(priority, delay, now)
        self.numbers.setdefault(key, number)
        return number


@wrong(K, "add", "does not return the number of the task")
class ReturnsNothingForTheSecond(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number) in ("pending", "running"):
            return None
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "raises ValueError")
class RefusesTheSecond(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        if self.tracked.states.get(self.numbers.get(key)) in ("pending", "running"):
            raise ValueError(f"{key} is there already")
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "never frees a key")
class OnlySuccessFreesIt(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number, "succeeded") != "succeeded":
            return number
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "adds a second task for a key")
class TheLastClickWins(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        if key in self.numbers:
            self.tracked.cancel(self.numbers[key])
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "adds nothing under a new key")
class TakesANumberForItsText(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        return super().add(str(key), priority, delay, now)


@wrong(K, "add", "adds a second task for a key")
class AddsOneFirst(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.setdefault(key, self.tracked.add(priority, delay, now))
        if self.tracked.states[number] in ("pending", "running"):
            return number
        self.numbers[key] = self.tracked.add(priority, delay, now)
        return self.numbers[key]


@wrong(K, "add", "adds a second task for a key")
class AKeyThatIsFalse(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        if key and self.tracked.states.get(self.numbers.get(key)) in ("pending", "running"):
            return self.numbers[key]
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "adds nothing under a new key")
class OneForAll(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        for number in self.numbers.values():
            if self.tracked.states[number] in ("pending", "running"):
                return number
        self.numbers[key] = number = self.tracked.add(priority, delay, now)
        return number


@wrong(K, "add", "knows the keys of another one")
class KnowsTogether(KeyedOfTheNotebook):
    numbers = {}  # noqa: RUF012

    def __init__(self, tracked):
        self.tracked = tracked


@wrong(K, "add", "does not hand on priority, delay and now")
class ForgetsTheDelay(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        number = self.numbers.get(key)
        if self.tracked.states.get(number) in ("pending", "running"):
            return number
        self.numbers[key] = number = self.tracked.add(priority, 0, now)
        return number


@also_right(K)
class KeepsOnlyWhatIsBusy(KeyedOfTheNotebook):
    def add(self, key, priority, delay, now):
        if key in self.numbers:
            number = self.numbers[key]
            if self.tracked.states[number] not in ("succeeded", "failed", "cancelled"):
                return number
            del self.numbers[key]
        self.numbers[key] = self.tracked.add(priority, delay, now)
        return self.numbers[key]


@also_right(K)
class ByNumber:
    def __init__(self, tracked):
        self.tracked = tracked
        self.keys = []

    def add(self, key, priority, delay, now):
        for other, number in self.keys:
            if other == key and self.tracked.states[number] in {"pending", "running"}:
                return number
        number = self.tracked.add(priority, delay, now)
        self.keys.append((key, number))
        return number


# --- open: fair sharing ---------------------------------------------------------------------------

F = "fair"


@also_right(F)
class InTurns:
    """A heap for each customer, and a line of the customers who wait: whoever had a turn goes to
    its end.
    """

    def __init__(self):
        self.heaps = {}
        self.line = deque()
        self.added = count()

    def add(self, customer, priority, name):
        if customer not in self.heaps:
            self.heaps[customer] = []
            self.line.append(customer)
        heappush(self.heaps[customer], (priority, next(self.added), name))

    def take(self):
        if not self.line:
            return None
        customer = self.line.popleft()
        name = heappop(self.heaps[customer])[-1]
        if self.heaps[customer]:
            self.line.append(customer)
        else:
            del self.heaps[customer]
        return name


@also_right(F)
class WhoWaitsLongest:
    """Whoever has waited longest, since the last turn or since coming back, is next."""

    def __init__(self):
        self.tasks = []
        self.since = OrderedDict()

    def add(self, customer, priority, name):
        self.tasks.append((customer, priority, name))
        self.since.setdefault(customer, None)

    def take(self):
        if not self.tasks:
            return None
        customer = next(iter(self.since))
        task = min((t for t in self.tasks if t[0] == customer), key=lambda t: t[1])
        self.tasks.remove(task)
        del self.since[customer]
        if any(t[0] == customer for t in self.tasks):
            self.since[customer] = None
        return task[2]


@also_right(F)
class ByTheAlphabet(InTurns):
    def __init__(self):
        super().__init__()
        self.last = ""

    def take(self):
        if not self.line:
            return None
        later = [c for c in self.line if c > self.last]
        self.last = min(later or self.line)
        self.line.remove(self.last)
        self.line.appendleft(self.last)
        return super().take()


@wrong(F, "take", "lets one customer have two turns")
class FirstComeFirstServed:
    def __init__(self):
        self.heap = []
        self.added = count()

    def add(self, customer, priority, name):
        heappush(self.heap, (next(self.added), name))

    def take(self):
        return heappop(self.heap)[1] if self.heap else None


@wrong(F, "take", "lets one customer have two turns")
class LeastServedInAll(InTurns):
    """Who was idle for a while catches up, and keeps all others waiting meanwhile."""

    def __init__(self):
        super().__init__()
        self.served = {}

    def take(self):
        if not self.line:
            return None
        customer = min(self.line, key=lambda c: self.served.get(c, 0))
        self.line.remove(customer)
        self.line.appendleft(customer)
        self.served[customer] = self.served.get(customer, 0) + 1
        return super().take()


@wrong(F, "take", "does not keep one customer's tasks in order")
class ForgetsThePriorities(InTurns):
    def add(self, customer, priority, name):
        super().add(customer, 0, name)


@wrong(F, "take", "does not keep one customer's tasks in order")
class TheLastFirst(InTurns):
    def add(self, customer, priority, name):
        if customer not in self.heaps:
            self.line.append(customer)
        heappush(self.heaps.setdefault(customer, []), (priority, -next(self.added), name))


@wrong(F, "take", "lets one customer have two turns")
class TheMostUrgentOfAll(InTurns):
    def take(self):
        if not self.line:
            return None
        customer = min(self.line, key=lambda c: self.heaps[c][0])
        self.line.remove(customer)
        self.line.appendleft(customer)
        return super().take()


@wrong(F, "take", "lets one customer have two turns")
class ComesBackInFront(InTurns):
    """A customer with nothing left, who comes back, goes ahead of those who wait."""

    def add(self, customer, priority, name):
        new = customer not in self.heaps
        super().add(customer, priority, name)
        if new:
            self.line.rotate()


@wrong(F, "take", "returns None where a task is left")
class WaitsForAllCustomers(InTurns):
    """It goes round all customers that it has ever seen, and stops at one who has nothing."""

    def take(self):
        if not self.line:
            return None
        customer = self.line.popleft()
        self.line.append(customer)
        return heappop(self.heaps[customer])[-1] if self.heaps[customer] else None


@wrong(F, "take", "raises IndexError")
class TakesFromNobody(InTurns):
    def take(self):
        customer = self.line.popleft()
        self.line.append(customer)
        return heappop(self.heaps[customer])[-1]


# --- open: rate limits ----------------------------------------------------------------------------

L = "limited"


@also_right(L)
class AWindowForEach:
    """A heap for each kind, and the moments at which its last tasks were handed out."""

    def __init__(self, limits):
        self.limits = limits
        self.heaps = {}
        self.handed = {}
        self.added = count()

    def add(self, kind, priority, name):
        heappush(self.heaps.setdefault(kind, []), (priority, next(self.added), name))

    def may(self, kind, now):
        handed = self.handed.setdefault(kind, deque())
        while handed and now - handed[0] >= 60:
            handed.popleft()
        return kind not in self.limits or len(handed) < self.limits[kind]

    def take(self, now):
        free = [kind for kind, heap in self.heaps.items() if heap and self.may(kind, now)]
        if not free:
            return None
        kind = min(free, key=lambda k: self.heaps[k][0])
        self.handed[kind].append(now)
        return heappop(self.heaps[kind])[-1]


@also_right(L)
class OneSortedList:
    def __init__(self, limits):
        self.limits, self.tasks, self.handed = limits, [], []

    def add(self, kind, priority, name):
        self.tasks.append((priority, kind, name))
        self.tasks.sort(key=lambda task: task[0])

    def take(self, now):
        for task in self.tasks:
            lately = [when for kind, when in self.handed if kind == task[1] and when > now - 60]
            if task[1] not in self.limits or len(lately) < self.limits[task[1]]:
                self.tasks.remove(task)
                self.handed.append((task[1], now))
                return task[2]
        return None


@wrong(L, "take", "breaks a limit")
class ByTheMinuteOfTheClock(AWindowForEach):
    """Twice the limit may come at once: as one minute ends, and the next begins."""

    def may(self, kind, now):
        lately = [when for when in self.handed.setdefault(kind, deque()) if when // 60 == now // 60]
        return kind not in self.limits or len(lately) < self.limits[kind]


@wrong(L, "take", "breaks a limit")
class ATokenBucket(AWindowForEach):
    """It fills up again little by little: after a burst, more comes than a minute allows."""

    def __init__(self, limits):
        super().__init__(limits)
        self.tokens = dict(limits)
        self.filled = {}

    def may(self, kind, now):
        self.handed.setdefault(kind, deque())
        if kind not in self.limits:
            return True
        passed = now - self.filled.get(kind, now)
        self.filled[kind] = now
        limit = self.limits[kind]
        self.tokens[kind] = min(limit, self.tokens[kind] + passed * limit / 60)
        return self.tokens[kind] >= 1

    def take(self, now):
        before = {kind: len(handed) for kind, handed in self.handed.items()}
        name = super().take(now)
        for kind, handed in self.handed.items():
            if kind in self.tokens and len(handed) > before.get(kind, 0):
                self.tokens[kind] -= 1
        return name


@wrong(L, "take", "returns None where a task may run")
class HoldsUpEverybody(AWindowForEach):
    def take(self, now):
        waiting = [kind for kind, heap in self.heaps.items() if heap]
        if not waiting:
            return None
        kind = min(waiting, key=lambda k: self.heaps[k][0])
        if not self.may(kind, now):
            return None
        self.handed[kind].append(now)
        return heappop(self.heaps[kind])[-1]


@wrong(L, "take", "breaks a limit")
class NeverHeardOfLimits(AWindowForEach):
    def may(self, kind, now):
        self.handed.setdefault(kind, deque())
        return True


@wrong(L, "take", "breaks a limit")
class OneTooMany(AWindowForEach):
    def may(self, kind, now):
        super().may(kind, now)
        return kind not in self.limits or len(self.handed[kind]) <= self.limits[kind]


@wrong(L, "take", "returns None where a task may run")
class ASecondTooLate(AWindowForEach):
    def may(self, kind, now):
        handed = self.handed.setdefault(kind, deque())
        while handed and now - handed[0] > 60:
            handed.popleft()
        return kind not in self.limits or len(handed) < self.limits[kind]


@wrong(L, "take", "raises KeyError")
class EveryKindHasALimit(AWindowForEach):
    def may(self, kind, now):
        super().may(kind, now)
        return len(self.handed[kind]) < self.limits[kind]


@wrong(L, "take", "returns None where a task may run")
class OnceForEver2(AWindowForEach):
    def may(self, kind, now):
        handed = self.handed.setdefault(kind, deque())
        return kind not in self.limits or len(handed) < self.limits[kind]


@wrong(L, "take", "does not give the most urgent of those that may run")
class FirstKindFirst(AWindowForEach):
    def take(self, now):
        for kind, heap in self.heaps.items():
            if heap and self.may(kind, now):
                self.handed[kind].append(now)
                return heappop(heap)[-1]
        return None


# --- open: dependencies ---------------------------------------------------------------------------

P = "dependent"


@also_right(P)
class CountsWhatIsMissing:
    """How many each task still needs, and who needs it: what is free goes into a heap."""

    def __init__(self):
        self.missing = {}
        self.places = {}
        self.needed_by = {}
        self.complete_ones = set()
        self.dead = set()
        self.free = []

    def add(self, name, priority, after):
        self.places[name] = (priority, len(self.places), name)
        if any(other in self.dead for other in after):
            self.dead.add(name)
            return
        needs = {other for other in after if other not in self.complete_ones}
        self.missing[name] = len(needs)
        for other in needs:
            self.needed_by.setdefault(other, []).append(name)
        if not needs:
            heappush(self.free, self.places[name])

    def take(self):
        return heappop(self.free)[-1] if self.free else None

    def complete(self, name):
        self.complete_ones.add(name)
        for other in self.needed_by.pop(name, []):
            self.missing[other] -= 1
            if not self.missing[other] and other not in self.dead:
                heappush(self.free, self.places[other])

    def fail(self, name):
        self.dead.add(name)
        dropped = []
        for other in self.needed_by.pop(name, []):
            if other not in self.dead:
                dropped += [other, *self.fail(other)]
        return dropped


@also_right(P)
class AsksEachTime:
    def __init__(self):
        self.tasks = {}
        self.states = {}

    def add(self, name, priority, after):
        self.tasks[name] = (priority, after)
        dead = any(self.states[other] in ("failed", "dropped") for other in after)
        self.states[name] = "dropped" if dead else "pending"

    def take(self):
        free = [n for n in self.tasks if self.states[n] == "pending" and self.is_free(n)]
        if not free:
            return None
        name = min(free, key=lambda n: self.tasks[n][0])
        self.states[name] = "running"
        return name

    def is_free(self, name):
        return all(self.states[other] == "done" for other in self.tasks[name][1])

    def complete(self, name):
        self.states[name] = "done"

    def fail(self, name):
        self.states[name] = "failed"
        dropped = []
        for other, (_, after) in self.tasks.items():
            hit = any(self.states[n] in ("failed", "dropped") for n in after)
            if hit and self.states[other] == "pending":
                self.states[other] = "dropped"
                dropped.append(other)
        return dropped


@wrong(P, "take", "gives a task too early")
class IgnoresWhatIsNeeded(AsksEachTime):
    def is_free(self, name):
        return True


@wrong(P, "take", "gives a task too early")
class OneIsEnough(AsksEachTime):
    def is_free(self, name):
        after = self.tasks[name][1]
        return not after or any(self.states[other] == "done" for other in after)


@wrong(P, "take", "gives a task too early")
class HandedOutIsEnough(AsksEachTime):
    def is_free(self, name):
        return all(self.states[other] in ("running", "done") for other in self.tasks[name][1])


@wrong(P, "fail", "does not return the tasks that can never run now")
class DropsTheNextOnly(AsksEachTime):
    def fail(self, name):
        self.states[name] = "failed"
        dropped = [n for n, (_, after) in self.tasks.items() if name in after]
        dropped = [n for n in dropped if self.states[n] == "pending"]
        for other in dropped:
            self.states[other] = "dropped"
        return dropped


@wrong(P, "fail", "does not return the tasks that can never run now")
class DropsThemTwice(AsksEachTime):
    def fail(self, name):
        self.states[name] = "failed"
        dropped = []
        for other, (_, after) in self.tasks.items():
            if any(self.states[n] in ("failed", "dropped") for n in after):
                self.states[other] = "dropped"
                dropped.append(other)
        return dropped


@wrong(P, "fail", "does not return the tasks that can never run now")
class AFailureIsAnEndToo(AsksEachTime):
    def fail(self, name):
        self.states[name] = "done"
        return []


@wrong(P, "take", "gives a task although what it needs has failed")
class ForgetsThatItFailed(AsksEachTime):
    """Right for what was there when it failed; what is added later runs."""

    def add(self, name, priority, after):
        self.tasks[name] = (priority, after)
        self.states[name] = "pending"

    def is_free(self, name):
        return all(self.states[n] not in ("pending", "running") for n in self.tasks[name][1])


@wrong(P, "take", "returns None where a task is free to run")
class WaitsForOneThatIsDone(CountsWhatIsMissing):
    """Who is added when all that it needs is complete already is never told so."""

    def add(self, name, priority, after):
        self.complete_ones.clear()
        super().add(name, priority, after)


@wrong(P, "take", "does not give the most urgent of those that are free")
class InTheOrderAdded(AsksEachTime):
    def take(self):
        for name in self.tasks:
            if self.states[name] == "pending" and self.is_free(name):
                self.states[name] = "running"
                return name
        return None


@wrong(P, "take", "gives a task that is running")
class DoesNotRememberWhatRuns(AsksEachTime):
    def take(self):
        free = [n for n in self.tasks if self.states[n] == "pending" and self.is_free(n)]
        return min(free, key=lambda n: self.tasks[n][0], default=None)


@wrong(P, "fail", "does not return a list")
class ReturnsHowMany(AsksEachTime):
    def fail(self, name):
        return len(super().fail(name))


@wrong(P, "take", "does not keep equal priorities in order")
class EqualsByTheirNames(AsksEachTime):
    def take(self):
        free = [n for n in self.tasks if self.states[n] == "pending" and self.is_free(n)]
        if not free:
            return None
        name = min(free, key=lambda n: (self.tasks[n][0], n))
        self.states[name] = "running"
        return name
