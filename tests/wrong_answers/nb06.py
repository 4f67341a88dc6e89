"""Answers to the exercises of notebook 06."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import heapq
import math
from bisect import insort
from collections import defaultdict, deque

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- many at once ---------------------------------------------------------------------------------

NOT_IN = "does not put the items into the heap"
NO_HEAP = "leaves a list that is no heap"
TOO_MANY = "compares more items than it has to"


@wrong("bulk_add", "bulk_add", TOO_MANY)
def pushes_one_by_one(heap, items):
    for item in items:
        heapq.heappush(heap, item)


@wrong("bulk_add", "bulk_add", TOO_MANY)
def heapifies_for_a_single_item(heap, items):
    heap.extend(items)
    heapq.heapify(heap)


@wrong("bulk_add", "bulk_add", TOO_MANY)
def sorts(heap, items):
    heap.extend(items)
    heap.sort()


@wrong("bulk_add", "bulk_add", TOO_MANY)
def heapifies_after_each(heap, items):
    for item in items:
        heap.append(item)
        heapq.heapify(heap)


@wrong("bulk_add", "bulk_add", NO_HEAP)
def appends_only(heap, items):
    heap.extend(items)


@wrong("bulk_add", "bulk_add", NO_HEAP)
def heapifies_the_items_and_puts_them_behind(heap, items):
    heapq.heapify(items)
    heap += items


@wrong("bulk_add", "bulk_add", NOT_IN)
def makes_a_new_heap(heap, items):
    heap = heap + items
    heapq.heapify(heap)
    return heap


@wrong("bulk_add", "bulk_add", NOT_IN)
def forgets_what_was_there(heap, items):
    heap[:] = items
    heapq.heapify(heap)


@wrong("bulk_add", "bulk_add", "raises TypeError")
def puts_the_list_in_as_one_item(heap, items):
    heap.append(items)
    heapq.heapify(heap)


@wrong("bulk_add", "bulk_add", TOO_MANY)
def pushes_whenever_something_is_there(heap, items):
    if heap:
        for item in items:
            heapq.heappush(heap, item)
    else:
        heap.extend(items)
        heapq.heapify(heap)


@wrong("bulk_add", "bulk_add", TOO_MANY)
def heapifies_whenever_there_are_two(heap, items):
    if len(items) > 1:
        heap.extend(items)
        heapq.heapify(heap)
    else:
        heapq.heappush(heap, items[0])


@wrong("bulk_add", "bulk_add", TOO_MANY)
def pushes_whatever_is_shorter_than_the_heap(heap, items):
    if len(items) < len(heap):
        for item in items:
            heapq.heappush(heap, item)
    else:
        heap.extend(items)
        heapq.heapify(heap)


@also_right("bulk_add")
def bulk_add_by_counting_the_levels(heap, items):
    pushes = len(items) * (len(heap) + len(items)).bit_length()
    if pushes < 2 * (len(heap) + len(items)):
        for item in items:
            heapq.heappush(heap, item)
    else:
        heap += items
        heapq.heapify(heap)


@also_right("bulk_add")
def bulk_add_by_a_logarithm(heap, items):
    n = len(heap) + len(items)
    if n and len(items) * math.log2(n) < 2 * n:
        while items:
            heapq.heappush(heap, items.pop())
        return
    heap[len(heap) :] = items
    heapq.heapify(heap)


@wrong("bulk_add", "bulk_add", "raises ValueError")
def takes_the_logarithm_of_nothing(heap, items):
    n = len(heap)
    if len(items) * math.log2(n) < 2 * n:
        for item in items:
            heapq.heappush(heap, item)
    else:
        heap.extend(items)
        heapq.heapify(heap)


# --- a FIFO for each level ------------------------------------------------------------------------


class WithFifos:
    def __init__(self):
        self.fifos = {}

    def add(self, priority, name):
        self.fifos.setdefault(priority, deque()).append(name)


@wrong("levels", "take", "raises IndexError")
class LeavesAnEmptyLevel(WithFifos):
    def take(self):
        if not self.fifos:
            return None
        return self.fifos[min(self.fifos)].popleft()


@wrong("levels", "take", "returns None where a task is left")
class LooksAtTheFirstLevelEvenIfEmpty(WithFifos):
    def take(self):
        if not self.fifos:
            return None
        fifo = self.fifos[min(self.fifos)]
        return fifo.popleft() if fifo else None


@wrong("levels", "take", "is not first in, first out")
class TakesTheLast(WithFifos):
    def take(self):
        if not self.fifos:
            return None
        priority = min(self.fifos)
        name = self.fifos[priority].pop()
        if not self.fifos[priority]:
            del self.fifos[priority]
        return name


@wrong("levels", "take", "does not take from the most urgent level")
class TakesTheLargestNumber(WithFifos):
    def take(self):
        if not self.fifos:
            return None
        priority = max(self.fifos)
        name = self.fifos[priority].popleft()
        if not self.fifos[priority]:
            del self.fifos[priority]
        return name


@wrong("levels", "take", "does not take from the most urgent level")
class TakesFromTheLevelThatWasUsedFirst(WithFifos):
    def take(self):
        for priority in list(self.fifos):
            name = self.fifos[priority].popleft()
            if not self.fifos[priority]:
                del self.fifos[priority]
            return name
        return None


@wrong("levels", "take", "raises ValueError")
class AsksForTheSmallestOfNothing(WithFifos):
    def take(self):
        priority = min(self.fifos)
        name = self.fifos[priority].popleft()
        if not self.fifos[priority]:
            del self.fifos[priority]
        return name


@wrong("levels", "take", "is not first in, first out")
class StartsTheLevelAnew(WithFifos):
    def add(self, priority, name):
        self.fifos[priority] = deque([name])

    def take(self):
        return self.fifos.pop(min(self.fifos)).popleft() if self.fifos else None


@wrong("levels", "take", "returns something else than the name of a task")
class HandsOutTheWholeLevel(WithFifos):
    def take(self):
        return self.fifos.pop(min(self.fifos)) if self.fifos else None


@wrong("levels", "add", "raises IndexError")
class HasTenLevels:
    def __init__(self):
        self.fifos = [deque() for _ in range(10)]

    def add(self, priority, name):
        self.fifos[priority].append(name)

    def take(self):
        for fifo in self.fifos:
            if fifo:
                return fifo.popleft()
        return None


@wrong("levels", "Levels", "compares tasks, not levels")
class IsAHeapOfTasks:
    def __init__(self):
        self.heap, self.count = [], 0

    def add(self, priority, name):
        self.count += 1
        heapq.heappush(self.heap, (priority, self.count, name))

    def take(self):
        return heapq.heappop(self.heap)[2] if self.heap else None


@wrong("levels", "Levels", "compares tasks, not levels")
class IsASortedList:
    def __init__(self):
        self.tasks = []

    def add(self, priority, name):
        insort(self.tasks, (priority, name), key=lambda task: task[0])

    def take(self):
        return self.tasks.pop(0)[1] if self.tasks else None


@wrong("levels", "take", "is not first in, first out")
class KeepsEachLevelInAHeap(WithFifos):
    def add(self, priority, name):
        heapq.heappush(self.fifos.setdefault(priority, []), name)

    def take(self):
        if not self.fifos:
            return None
        priority = min(self.fifos)
        name = heapq.heappop(self.fifos[priority])
        if not self.fifos[priority]:
            del self.fifos[priority]
        return name


@also_right("levels")
class WithListsAndASortedDictionary:
    def __init__(self):
        self.levels = {}

    def add(self, priority, name):
        if priority in self.levels:
            self.levels[priority] += [name]
        else:
            self.levels = dict(sorted({**self.levels, priority: [name]}.items()))

    def take(self):
        for priority, names in self.levels.items():
            name = names.pop(0)
            if not names:
                self.levels.pop(priority)
            return name
        return None


@also_right("levels")
class WithAHeapOfLevels:
    def __init__(self):
        self.fifos, self.order = defaultdict(deque), []

    def add(self, priority, name):
        if priority not in self.fifos:
            heapq.heappush(self.order, priority)
        self.fifos[priority].append(name)

    def take(self):
        if not self.order:
            return None
        fifo = self.fifos[self.order[0]]
        name = fifo.popleft()
        if not fifo:
            del self.fifos[heapq.heappop(self.order)]
        return name


@wrong("levels", "take", "does not take from the most urgent level")
class WholeNumbersOnly(WithFifos):
    def add(self, priority, name):
        super().add(int(priority), name)

    def take(self):
        for priority in sorted(self.fifos):
            if self.fifos[priority]:
                return self.fifos[priority].popleft()
        return None


@wrong("levels", "take", "does not come back")
class CountsUpToTheNextLevel:
    def __init__(self):
        self.queues, self.lowest = {}, 0

    def add(self, priority, name):
        self.queues.setdefault(priority, deque()).append(name)
        self.lowest = min([self.lowest, priority], key=float) if len(self.queues) > 1 else priority

    def take(self):
        if not self.queues:
            return None
        name = self.queues[self.lowest].popleft()
        if not self.queues[self.lowest]:
            del self.queues[self.lowest]
            while self.queues and self.lowest not in self.queues:
                self.lowest += 1
        return name


@also_right("levels")
class WithTheMostUrgentLevelLast:
    def __init__(self):
        self.queues, self.order = {}, []

    def add(self, priority, name):
        if priority not in self.queues:
            insort(self.order, -priority)
            self.queues[priority] = deque()
        self.queues[priority].append(name)

    def take(self):
        if not self.order:
            return None
        queue = self.queues[-self.order[-1]]
        name = queue.popleft()
        if not queue:
            del self.queues[-self.order.pop()]
        return name


# --- what waits -----------------------------------------------------------------------------------

EARLY = "takes a task before it is due"
AGAIN = "looks at every waiting task again and again"


class InAHeap:
    def __init__(self):
        self.heap, self.added = [], 0

    def add(self, due, task):
        self.added += 1
        heapq.heappush(self.heap, (due, self.added, task))

    def take(self, now):
        return heapq.heappop(self.heap)[2] if self.heap and self.heap[0][0] <= now else None


@wrong("waiting", "take", "returns None where a task is due")
class NotYetIfDueExactlyNow(InAHeap):
    def take(self, now):
        return heapq.heappop(self.heap)[2] if self.heap and self.heap[0][0] < now else None


@wrong("waiting", "take", EARLY)
class DoesNotLookAtTheClock(InAHeap):
    def take(self, now):
        return heapq.heappop(self.heap)[2] if self.heap else None


@wrong("waiting", "take", "raises IndexError")
class LooksIntoAnEmptyHeap(InAHeap):
    def take(self, now):
        return heapq.heappop(self.heap)[2] if self.heap[0][0] <= now else None


@wrong("waiting", "take", "returns something else than a task")
class ReturnsTheWholeEntry(InAHeap):
    def take(self, now):
        return heapq.heappop(self.heap) if self.heap and self.heap[0][0] <= now else None


@wrong("waiting", "take", "returns something where nothing is due")
class LooksAndDoesNotRemove(InAHeap):
    def take(self, now):
        return self.heap[0][2] if self.heap and self.heap[0][0] <= now else None


@wrong("waiting", "take", "is not first in, first out")
class ComparesTheNames(InAHeap):
    def add(self, due, task):
        heapq.heappush(self.heap, (due, task))

    def take(self, now):
        return heapq.heappop(self.heap)[1] if self.heap and self.heap[0][0] <= now else None


class InAList:
    def __init__(self):
        self.tasks = []

    def add(self, due, task):
        self.tasks.append((due, task))


@wrong("waiting", "take", "does not take what is due first")
class TakesTheFirstAddedOfWhatIsDue(InAList):
    def take(self, now):
        for number, (due, task) in enumerate(self.tasks):
            if due <= now:
                del self.tasks[number]
                return task
        return None


@wrong("waiting", "take", "is not first in, first out")
class SortsBackwardsAndTakesTheLast(InAList):
    def take(self, now):
        self.tasks.sort(key=lambda pair: pair[0], reverse=True)
        return self.tasks.pop()[1] if self.tasks and self.tasks[-1][0] <= now else None


@wrong("waiting", "take", "returns None where a task is due")
class WaitsForTheOneAddedFirst(InAList):
    def take(self, now):
        return self.tasks.pop(0)[1] if self.tasks and self.tasks[0][0] <= now else None


@wrong("waiting", "Waiting", AGAIN)
class LooksForTheSmallestEachTime(InAList):
    def take(self, now):
        if not self.tasks:
            return None
        first = min(self.tasks, key=lambda pair: pair[0])
        if first[0] > now:
            return None
        self.tasks.remove(first)
        return first[1]


@wrong("waiting", "Waiting", AGAIN)
class SortsAtEachAdd(InAList):
    def add(self, due, task):
        self.tasks.append((due, task))
        self.tasks.sort(key=lambda pair: pair[0])

    def take(self, now):
        return self.tasks.pop(0)[1] if self.tasks and self.tasks[0][0] <= now else None


@also_right("waiting")
class SortsWhenSomebodyAsks:
    def __init__(self):
        self.fresh, self.run = [], deque()

    def add(self, due, task):
        self.fresh.append((due, task))

    def take(self, now):
        if self.fresh:
            self.run = deque(sorted([*self.run, *self.fresh], key=lambda pair: pair[0]))
            self.fresh = []
        if self.run and self.run[0][0] <= now:
            return self.run.popleft()[1]
        return None


@also_right("waiting")
class StaysSorted(InAList):
    def add(self, due, task):
        insort(self.tasks, (due, task), key=lambda pair: pair[0])

    def take(self, now):
        return self.tasks.pop(0)[1] if self.tasks and self.tasks[0][0] <= now else None


@also_right("waiting")
class QueuesByTheMoment:
    def __init__(self):
        self.moments, self.by_moment = [], {}

    def add(self, due, task):
        if due not in self.by_moment:
            self.by_moment[due] = deque()
            heapq.heappush(self.moments, due)
        self.by_moment[due].append(task)

    def take(self, now):
        while self.moments and self.moments[0] <= now:
            tasks = self.by_moment[self.moments[0]]
            if tasks:
                return tasks.popleft()
            del self.by_moment[heapq.heappop(self.moments)]
        return None


# --- two sorted lists into one --------------------------------------------------------------------

LOST = "does not return each task once"


@wrong("merge", "merge", "returns a list that is not sorted")
def puts_one_behind_the_other(a, b):
    return a + b


@wrong("merge", "merge", "changes the order of equals")
def compares_names_too(a, b):
    return sorted(a + b)


@wrong("merge", "merge", LOST)
def stops_when_one_is_at_its_end(a, b):
    merged, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if b[j][0] < a[i][0]:
            merged.append(b[j])
            j += 1
        else:
            merged.append(a[i])
            i += 1
    return merged


@wrong("merge", "merge", "changes the order of equals")
def takes_b_when_equal(a, b):
    merged, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i][0] < b[j][0]:
            merged.append(a[i])
            i += 1
        else:
            merged.append(b[j])
            j += 1
    return merged + a[i:] + b[j:]


@wrong("merge", "merge", "changes the lists that it was given")
def takes_them_out(a, b):
    merged = []
    while a and b:
        merged.append(b.pop(0) if b[0][0] < a[0][0] else a.pop(0))
    return merged + a + b


@wrong("merge", "merge", "compares more tasks than it has to")
def pushes_all_into_a_heap(a, b):
    heap = []
    for number, task in enumerate(a + b):
        heapq.heappush(heap, (task[0], number, task))
    return [heapq.heappop(heap)[2] for _ in range(len(heap))]


@wrong("merge", "merge", "compares more tasks than it has to")
def looks_for_the_smallest_each_time(a, b):
    rest, merged = a + b, []
    while rest:
        merged.append(min(rest, key=lambda task: task[0]))
        rest.remove(merged[-1])
    return merged


@wrong("merge", "merge", "raises IndexError")
def looks_behind_the_end(a, b):
    merged, i, j = [], 0, 0
    while len(merged) < len(a) + len(b):
        if b[j][0] < a[i][0]:
            merged.append(b[j])
            j += 1
        else:
            merged.append(a[i])
            i += 1
    return merged


@wrong("merge", "merge", "does not come back")
def forgets_to_go_on(a, b):
    merged, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        merged.append(min(a[i], b[j]))
    return merged + a[i:] + b[j:]


@wrong("merge", "merge", "does not return a list")
def sorts_in_place_and_returns_that(a, b):
    return (a + b).sort(key=lambda task: task[0])


@wrong("merge", "merge", "changes the order of equals")
def merges_without_a_key(a, b):
    return list(heapq.merge(a, b))


@also_right("merge")
def merge_by_sorting_what_is_in_order(a, b):
    return sorted(a + b, key=lambda task: task[0])


@also_right("merge")
def merge_by_heapq(a, b):
    return list(heapq.merge(a, b, key=lambda task: task[0]))


@wrong("merge", "merge", "returns a list that it was given")
def gives_the_other_one_where_one_is_empty(a, b):
    if not a:
        return b
    return sorted(a + b, key=lambda pair: pair[0])


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_06"
wrong_value(D, "another fault", ("B", [5, 0]), "the fault", "is another one")
wrong_value(D, "no delay", ("C", [0, 0, 0]), "the list", "comes out in order")
wrong_value(D, "delays that fall due in turn", ("C", [5, 5]), "the list", "comes out in order")
wrong_value(D, "due after the other is there", ("C", [15, 0]), "the list", "comes out in order")
wrong_value(D, "longer than needed", ("C", [0, 5, 0]), "the list", "can be shorter")
wrong_value(D, "a time of day", ("C", ["12:00", 0]), "the list", "numbers of seconds")
wrong_value(D, "before it was added", ("C", [-5, 0]), "the list", "numbers of seconds")
RIGHT[D] += [("C", [5, 0]), ("c", [10, 0]), ["C", [5.0, 0.0]], ("C", (0.5, 0))]
