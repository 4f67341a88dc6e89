"""Answers to the exercises of notebook 01."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import heapq
from bisect import insort
from itertools import count

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- push -----------------------------------------------------------------------------------------

SMALLER = "leaves an item that is smaller than its parent"


@wrong("heap_push", "push", SMALLER)
def appends_only(heap, item):
    heap.append(item)


@wrong("heap_push", "push", SMALLER)
def climbs_one_step_only(heap, item):
    heap.append(item)
    i = len(heap) - 1
    parent = (i - 1) // 2
    if i > 0 and heap[i] < heap[parent]:
        heap[i], heap[parent] = heap[parent], heap[i]


@wrong("heap_push", "push", SMALLER)
def forgets_to_follow_the_item(heap, item):
    heap.append(item)
    i = len(heap) - 1
    parent = (i - 1) // 2
    while parent > 0 and heap[i] < heap[parent]:
        heap[i], heap[parent] = heap[parent], heap[i]
        i = parent
        parent = (i - 1) // 2


@wrong("heap_push", "push", SMALLER)
def halves_the_index_for_the_parent(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] < heap[i // 2]:
        heap[i], heap[i // 2] = heap[i // 2], heap[i]
        i = i // 2


@wrong("heap_push", "push", SMALLER)
def builds_a_heap_with_the_largest_on_top(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] > heap[(i - 1) // 2]:
        parent = (i - 1) // 2
        heap[i], heap[parent] = heap[parent], heap[i]
        i = parent


@wrong("heap_push", "push", "does not come back")
def swaps_equals_and_never_moves_on(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while heap[i] <= heap[(i - 1) // 2]:
        parent = max(0, (i - 1) // 2)
        heap[i], heap[parent] = heap[parent], heap[i]
        i = parent


@wrong("heap_push", "push", "loses an item")
def makes_a_new_list(heap, item):
    return sorted([*heap, item])


@wrong("heap_push", "push", "leaves other items in the heap")
def overwrites_instead_of_swapping(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        heap[(i - 1) // 2] = heap[i]
        i = (i - 1) // 2


@wrong("heap_push", "push", "raises IndexError")
def begins_past_the_end(heap, item):
    heap.append(item)
    i = len(heap)
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        i = (i - 1) // 2


@wrong("heap_push", "push", "compares more items than it has to")
def sorts_everything(heap, item):
    heap.append(item)
    heap.sort()


@wrong("heap_push", "push", "leaves the work to heapq")
def asks_heapq(heap, item):
    heapq.heappush(heap, item)


@wrong("heap_push", "push", "raises TypeError")
def subtracts_to_compare(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] - heap[(i - 1) // 2] < 0:
        parent = (i - 1) // 2
        heap[i], heap[parent] = heap[parent], heap[i]
        i = parent


@also_right("heap_push")
def push_with_a_for(heap, item):
    heap += [item]
    i = len(heap) - 1
    for _ in range(len(heap)):
        parent = int((i - 1) / 2)
        if i == 0 or heap[parent] <= heap[i]:
            return
        held = heap[i]
        heap[i] = heap[parent]
        heap[parent] = held
        i = parent


@also_right("heap_push")
def push_by_recursion(heap, item):
    def up(i):
        parent = (i - 1) // 2
        if i and heap[parent] > heap[i]:
            heap[parent], heap[i] = heap[i], heap[parent]
            up(parent)

    heap.append(item)
    up(len(heap) - 1)


@also_right("heap_push")
def push_by_moving_parents_down(heap, item):
    i = len(heap)
    heap.append(None)
    while i and item < heap[(i - 1) >> 1]:
        heap[i] = heap[(i - 1) >> 1]
        i = (i - 1) >> 1
    heap[i] = item


# --- pop ------------------------------------------------------------------------------------------


@wrong("heap_pop", "pop", SMALLER)
def takes_the_front_and_repairs_nothing(heap):
    return heap.pop(0)


@wrong("heap_pop", "pop", "does not return the smallest item")
def takes_the_last(heap):
    return heap.pop()


@wrong("heap_pop", "pop", SMALLER)
def looks_at_the_left_child_only(heap):
    smallest, last = heap[0], heap.pop()
    if heap:
        heap[0] = last
        i = 0
        while 2 * i + 1 < len(heap) and heap[2 * i + 1] < heap[i]:
            heap[i], heap[2 * i + 1] = heap[2 * i + 1], heap[i]
            i = 2 * i + 1
    return smallest


@wrong("heap_pop", "pop", SMALLER)
def sinks_one_step_only(heap):
    smallest, last = heap[0], heap.pop()
    if heap:
        heap[0] = last
        child = min((c for c in (1, 2) if c < len(heap)), key=heap.__getitem__, default=0)
        if heap[child] < heap[0]:
            heap[0], heap[child] = heap[child], heap[0]
    return smallest


@wrong("heap_pop", "pop", "raises IndexError")
def forgets_the_heap_of_one(heap):
    smallest = heap[0]
    heap[0] = heap.pop()
    i = 0
    while 2 * i + 1 < len(heap):
        child = 2 * i + 1
        if child + 1 < len(heap) and heap[child + 1] < heap[child]:
            child += 1
        if heap[i] <= heap[child]:
            break
        heap[i], heap[child] = heap[child], heap[i]
        i = child
    return smallest


@wrong("heap_pop", "pop", "raises IndexError")
def takes_the_right_child_for_granted(heap):
    smallest, last = heap[0], heap.pop()
    if heap:
        heap[0] = last
        i = 0
        while 2 * i + 1 < len(heap):
            child = 2 * i + 1 if heap[2 * i + 1] < heap[2 * i + 2] else 2 * i + 2
            if heap[i] <= heap[child]:
                break
            heap[i], heap[child] = heap[child], heap[i]
            i = child
    return smallest


@wrong("heap_pop", "pop", "leaves other items in the heap")
def looks_and_does_not_take(heap):
    return heap[0]


@wrong("heap_pop", "pop", "does not return the smallest item")
def repairs_and_returns_nothing(heap):
    heap[:] = sorted(heap)[1:]


@wrong("heap_pop", "pop", "compares more items than it has to")
def searches_everything(heap):
    smallest = min(heap)
    heap.remove(smallest)
    heap.sort()
    return smallest


@wrong("heap_pop", "pop", "leaves the work to heapq")
def pops_with_heapq(heap):
    return heapq.heappop(heap)


@wrong("heap_pop", "pop", "raises TypeError")
def takes_infinity_for_a_missing_child(heap):
    smallest, last = heap[0], heap.pop()
    if heap:
        heap[0] = last
        i = 0
        while 2 * i + 1 < len(heap):
            left = heap[2 * i + 1]
            right = heap[2 * i + 2] if 2 * i + 2 < len(heap) else float("inf")
            child = 2 * i + 1 if left <= right else 2 * i + 2
            if heap[i] <= heap[child]:
                break
            heap[i], heap[child] = heap[child], heap[i]
            i = child
    return smallest


@wrong("heap_pop", "pop", "loses an item")
def takes_the_last_off_twice(heap):
    smallest = heap[0]
    heap[0] = heap[-1]
    heap.pop()
    if len(heap) > 1:
        heap.pop()
    return smallest


@also_right("heap_pop")
def pop_with_min_of_the_children(heap):
    heap[0], heap[-1] = heap[-1], heap[0]
    smallest = heap.pop()
    i = 0
    while True:
        children = [c for c in (2 * i + 1, 2 * i + 2) if c < len(heap)]
        if not children:
            return smallest
        child = min(children, key=lambda c: heap[c])
        if heap[child] >= heap[i]:
            return smallest
        heap[i], heap[child] = heap[child], heap[i]
        i = child


@also_right("heap_pop")
def pop_to_the_leaf_and_back_up(heap):
    """As CPython does it: Floyd's way."""
    last = heap.pop()
    if not heap:
        return last
    smallest, i = heap[0], 0
    while 2 * i + 2 < len(heap):
        child = 2 * i + 1 + (heap[2 * i + 2] < heap[2 * i + 1])
        heap[i] = heap[child]
        i = child
    if 2 * i + 1 < len(heap):
        heap[i] = heap[2 * i + 1]
        i = 2 * i + 1
    heap[i] = last
    while i and heap[i] < heap[(i - 1) // 2]:
        heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
        i = (i - 1) // 2
    return smallest


# --- equal priorities -----------------------------------------------------------------------------

FIFO = "does not keep equal priorities in order"


class Scheduler:
    """What the answers below share; each is wrong in what it changes."""

    def __init__(self):
        self.heap = []
        self.number = count()

    def add_task(self, priority, task_name):
        heapq.heappush(self.heap, (priority, next(self.number), task_name))

    def get_next_task(self):
        return heapq.heappop(self.heap)[-1] if self.heap else None


@wrong("tie_break", "get_next_task", FIFO)
class ComparesNames(Scheduler):
    def add_task(self, priority, task_name):
        heapq.heappush(self.heap, (priority, task_name))


@wrong("tie_break", "get_next_task", FIFO)
class LastComeFirstServed(Scheduler):
    def add_task(self, priority, task_name):
        heapq.heappush(self.heap, (priority, -next(self.number), task_name))


@wrong("tie_break", "add_task", "raises TypeError")
class ComparesTextOfNamesThenNames(Scheduler):
    def add_task(self, priority, task_name):
        order = next(self.number) if isinstance(task_name, str) else 0
        heapq.heappush(self.heap, (priority, order, task_name))


class ByPriorityAlone:
    def __init__(self, priority, task_name):
        self.priority, self.task_name = priority, task_name

    def __lt__(self, other):
        return self.priority < other.priority


@wrong("tie_break", "get_next_task", FIFO)
class TrustsTheHeapToBeStable(Scheduler):
    def add_task(self, priority, task_name):
        heapq.heappush(self.heap, ByPriorityAlone(priority, task_name))

    def get_next_task(self):
        return heapq.heappop(self.heap).task_name if self.heap else None


@wrong("tie_break", "get_next_task", FIFO)
class CountsWhatIsInTheHeap(Scheduler):
    """The number goes down again when tasks leave, and comes twice."""

    def add_task(self, priority, task_name):
        heapq.heappush(self.heap, (priority, len(self.heap), str(task_name), task_name))


@wrong("tie_break", "get_next_task", "does not return the most urgent task")
class HigherIsMoreUrgent(Scheduler):
    def add_task(self, priority, task_name):
        super().add_task(-priority, task_name)


@wrong("tie_break", "get_next_task", "does not return the most urgent task")
class FirstInFirstOut(Scheduler):
    def add_task(self, _priority, task_name):
        super().add_task(0, task_name)


@wrong("tie_break", "get_next_task", "raises IndexError")
class CrashesWhenEmpty(Scheduler):
    def get_next_task(self):
        return heapq.heappop(self.heap)[-1]


@wrong("tie_break", "get_next_task", "something else than the name")
class ReturnsTheWholeEntry(Scheduler):
    def get_next_task(self):
        return heapq.heappop(self.heap) if self.heap else None


@wrong("tie_break", "get_next_task", "returns something where nothing is left")
class LooksAndDoesNotTake(Scheduler):
    def get_next_task(self):
        return self.heap[0][-1] if self.heap else None


@wrong("tie_break", "add_task", "puts its tasks where every scheduler finds them")
class SharesOneHeap(Scheduler):
    heap = []  # noqa: RUF012
    number = count()

    def __init__(self):
        pass


@wrong("tie_break", "ForgetsGetNextTask", "has no method get_next_task")
class ForgetsGetNextTask:
    def add_task(self, priority, task_name):
        self.task = (priority, task_name)


@also_right("tie_break")
class AListForEachPriority:
    def __init__(self):
        self.lists = {}

    def add_task(self, priority, task_name):
        self.lists.setdefault(priority, []).append(task_name)

    def get_next_task(self):
        for priority in sorted(self.lists):
            if self.lists[priority]:
                return self.lists[priority].pop(0)
        return None


@also_right("tie_break")
class ASortedListThatIsStable:
    def __init__(self):
        self.tasks = []

    def add_task(self, priority, task_name):
        insort(self.tasks, (priority, task_name), key=lambda task: task[0])

    def get_next_task(self):
        return self.tasks.pop(0)[1] if self.tasks else None


@wrong("tie_break", "get_next_task", "does not return the most urgent task")
class AddsALittleToThePriority:
    def __init__(self):
        self.heap = []
        self.added = 0

    def add_task(self, priority, task):
        self.added += 1
        heapq.heappush(self.heap, (priority + self.added / 1000, task))

    def get_next_task(self):
        return heapq.heappop(self.heap)[1] if self.heap else None


# --- two sides ------------------------------------------------------------------------------------


class TwoSides:
    """What the answers below share; each is wrong in what it changes."""

    def __init__(self):
        self.waiting, self.ready = [], []
        self.number = count()

    def add_task(self, priority, task_name, delay=0):
        heapq.heappush(self.waiting, (delay, next(self.number), priority, task_name))

    def move(self):
        _, number, priority, task_name = heapq.heappop(self.waiting)
        heapq.heappush(self.ready, (priority, number, task_name))

    def take(self):
        return heapq.heappop(self.ready)[-1] if self.ready else None

    def get_next_task(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            self.move()
        return self.take()


@wrong("two_sides", "get_next_task", "returns None where a task is due")
class OneHeapByPriority(TwoSides):
    def add_task(self, priority, task_name, delay=0):
        heapq.heappush(self.ready, (priority, next(self.number), delay, task_name))

    def get_next_task(self, now):
        return self.take() if self.ready and self.ready[0][2] <= now else None


@wrong("two_sides", "get_next_task", "does not return the most urgent of the due tasks")
class OneHeapByTime(TwoSides):
    def get_next_task(self, now):
        due = self.waiting and self.waiting[0][0] <= now
        return heapq.heappop(self.waiting)[-1] if due else None


@wrong("two_sides", "get_next_task", "returns a task before its time")
class IgnoresTheDelay(TwoSides):
    def add_task(self, priority, task_name, delay=0):
        super().add_task(priority, task_name)


@wrong("two_sides", "get_next_task", "returns None where a task is due")
class DueMeansPast(TwoSides):
    def get_next_task(self, now):
        while self.waiting and self.waiting[0][0] < now:
            self.move()
        return self.take()


@wrong("two_sides", "get_next_task", "does not return the most urgent of the due tasks")
class MovesOneAtATime(TwoSides):
    def get_next_task(self, now):
        if self.waiting and self.waiting[0][0] <= now:
            self.move()
        return self.take()


@wrong("two_sides", "get_next_task", "raises IndexError")
class LooksWithoutAsking(TwoSides):
    def get_next_task(self, now):
        while self.waiting[0][0] <= now:
            self.move()
        return self.take()


@wrong("two_sides", "get_next_task", "returns None where a task is due")
class LosesWhatIsNotDue(TwoSides):
    def get_next_task(self, now):
        while self.waiting:
            if self.waiting[0][0] <= now:
                self.move()
            else:
                heapq.heappop(self.waiting)
        return self.take()


@wrong("two_sides", "get_next_task", "does not keep equal priorities in order")
class ComparesNamesOnTheReadySide(TwoSides):
    def move(self):
        _, _, priority, task_name = heapq.heappop(self.waiting)
        heapq.heappush(self.ready, (priority, task_name))


@wrong("two_sides", "add_task", "raises TypeError")
class GivesANumberTwice(TwoSides):
    def add_task(self, priority, task_name, delay=0):
        heapq.heappush(self.waiting, (delay, len(self.waiting), priority, task_name))


@wrong("two_sides", "get_next_task", "does not keep equal priorities in order")
class ComparesTheTasks(TwoSides):
    def add_task(self, priority, task_name, delay=0):
        heapq.heappush(self.waiting, (delay, priority, task_name, 0))

    def move(self):
        _, priority, task_name, _ = heapq.heappop(self.waiting)
        heapq.heappush(self.ready, (priority, next(self.number), task_name))


@wrong("two_sides", "get_next_task", "does not come back")
class WaitsForWhatIsNotDue(TwoSides):
    def get_next_task(self, now):
        while self.waiting:
            if self.waiting[0][0] <= now:
                self.move()
        return self.take()


@also_right("two_sides")
class ReadyInTheOrderOfBecomingDue(TwoSides):
    def move(self):
        _, _, priority, task_name = heapq.heappop(self.waiting)
        heapq.heappush(self.ready, (priority, next(self.number), task_name))


@also_right("two_sides")
class ListsAndNoHeap(TwoSides):
    def add_task(self, priority, task_name, delay=0):
        self.waiting.append((priority, delay, task_name))

    def get_next_task(self, now):
        due = [task for task in self.waiting if task[1] <= now]
        if not due:
            return None
        best = min(due, key=lambda task: task[:2])
        self.waiting.remove(best)
        return best[2]


# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_01"
wrong_value(D, "another fault", ("A", [1, 3, 2, 4]), "the fault", "is another one")
wrong_value(D, "no such fault", ("E", [1, 3, 2, 4]), "the fault", "should be one of A, B, C and D")
wrong_value(D, "comes out in order", ("B", [4, 3, 2, 1]), "the list", "does not show the fault")
wrong_value(D, "one too many", ("B", [1, 3, 2, 4, 5]), "the list", "a shorter one can")
wrong_value(D, "letters", ("B", ["b", "a"]), "the list", "should hold numbers")
wrong_value(D, "true and false", ("B", [True, False]), "the list", "should hold numbers")
wrong_value(D, "not a list", ("B", 1324), "the list", "square brackets")
wrong_value(D, "endless list", ("B", list(range(1000))), "the list", "is long")
wrong_value(D, "a letter alone", "B", "check.diagnose_01((fault, priorities))", "two things")
RIGHT[D] += [("b", (1, 3, 2, 3)), (" B ", [10, 30, 20, 40]), ["B", [1.0, 3.0, 2.5, 4]]]

D = "diagnose_one_queue"
HELD = [(1, 3), (5, 0)]
wrong_value(D, "another fault", ("A", HELD), "the fault", "is another one")
wrong_value(D, "a task is lost", ("B", HELD), "the fault", "is another one")
wrong_value(D, "no such fault", ("E", HELD), "the fault", "should be one of A, B, C and D")
wrong_value(D, "none waits", ("C", [(1, 0), (5, 0)]), "the list", "does not show the fault")
wrong_value(D, "the urgent one first", ("C", [(1, 0), (5, 3)]), "the list", "does not show")
wrong_value(D, "one alone", ("C", [(1, 3)]), "the list", "does not show the fault")
wrong_value(D, "due together", ("C", [(2, 3), (1, 3)]), "the list", "does not show the fault")
wrong_value(D, "one too many", ("C", [(1, 0), (2, 3), (5, 0)]), "the list", "a shorter one can")
wrong_value(D, "delays alone", ("C", [3, 0]), "the list", "should hold pairs of numbers")
wrong_value(D, "names as well", ("C", [(1, "a", 3), (5, "b", 0)]), "the list", "pairs of numbers")
wrong_value(D, "in the past", ("C", [(1, 0), (5, -1)]), "the list", "a delay below 0")
wrong_value(D, "one pair, no list", ("C", (1, 3)), "the list", "should hold pairs of numbers")
RIGHT[D] += [
    ("C", [(5, 0), (1, 3)]),
    ["c", ([1, 2.5], [1, 0])],
    (" C ", ((-7, 100), (0.5, 99))),
]
