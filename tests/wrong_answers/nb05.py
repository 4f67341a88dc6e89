"""Answers to the exercises of notebook 05."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import bisect
from functools import total_ordering
from math import log
from operator import itemgetter
from random import Random

from tests.wrong_answers import RIGHT, also_right, wrong, wrong_value

# --- counting -------------------------------------------------------------------------------------


class Valued:
    comparisons = 0

    def __init__(self, value):
        self.value = value


@wrong("counted", "__lt__", "does not count every comparison")
class CountsForItselfAlone(Valued):
    def __lt__(self, other):
        self.comparisons += 1
        return self.value < other.value


@wrong("counted", "__lt__", "does not count every comparison")
class CountsNothing(Valued):
    def __lt__(self, other):
        return self.value < other.value


@wrong("counted", "__lt__", "does not count every comparison")
class CountsWhatIsSmaller(Valued):
    def __lt__(self, other):
        if self.value < other.value:
            type(self).comparisons += 1
            return True
        return False


@wrong("counted", "__lt__", "counts too many")
class CountsBothValues(Valued):
    def __lt__(self, other):
        type(self).comparisons += 2
        return self.value < other.value


@wrong("counted", "__lt__", "gives no answer")
class ForgetsToAnswer(Valued):
    def __lt__(self, other):
        type(self).comparisons += 1
        self.smaller = self.value < other.value


@wrong("counted", "__lt__", "raises RecursionError")
class ComparesItselfForEver(Valued):
    def __lt__(self, other):
        type(self).comparisons += 1
        return self < other


@wrong("counted", "__lt__", "does not tell which value is smaller")
class ComparesTheWrongWayRound(Valued):
    def __lt__(self, other):
        type(self).comparisons += 1
        return self.value > other.value


@wrong("counted", "__lt__", "says that a value is smaller than its equal")
class TakesEqualForSmaller(Valued):
    def __lt__(self, other):
        type(self).comparisons += 1
        return self.value <= other.value


@wrong("counted", "__lt__", "does not count every comparison")
class BeginsAnewWithEachValue:
    comparisons = 0

    def __init__(self, value):
        self.value = value
        type(self).comparisons = 0

    def __lt__(self, other):
        type(self).comparisons += 1
        return self.value < other.value


@wrong("counted", "__lt__", "does not tell which value is smaller")
class RoundsTheValue:
    comparisons = 0

    def __init__(self, value):
        self.value = round(value) if isinstance(value, float) else value

    def __lt__(self, other):
        type(self).comparisons += 1
        return self.value < other.value


@wrong("counted", "__lt__", "raises TypeError")
class ComparesWithTheObject(Valued):
    def __lt__(self, other):
        type(self).comparisons += 1
        return self.value < other


@wrong("counted", "Counted.comparisons", "is not there")
class HasNoCount:
    def __init__(self, value):
        self.value, self.comparisons = value, 0

    def __lt__(self, other):
        self.comparisons += 1
        return self.value < other.value


@wrong("counted", "Counted", "raises TypeError")
class ForgetsTheValue:
    comparisons = 0

    def __init__(self):
        self.value = 0

    def __lt__(self, other):
        type(self).comparisons += 1
        return self.value < other.value


@also_right("counted")
@total_ordering
class CountedWithAllTheSigns(Valued):
    def __lt__(self, other):
        type(self).comparisons += 1
        return bool(self.value < other.value)

    def __eq__(self, other):
        return self.value == other.value

    __hash__ = None  # type: ignore[assignment]


@also_right("counted")
class CountsAfterwardsAndSaysOneOrNothing:
    comparisons = 0.0

    def __init__(self, priority):
        self.priority = priority

    def __lt__(self, other):
        smaller = 1 if other.priority > self.priority else 0
        self.__class__.comparisons = self.__class__.comparisons + 1
        return smaller


@also_right("counted")
class CountsInAMethodOfTheClass(Valued):
    @classmethod
    def tick(cls):
        cls.comparisons += 1

    def __lt__(self, other):
        self.tick()
        return not other.value <= self.value


# --- naming a growth ------------------------------------------------------------------------------


@wrong("growth", "growth", "takes O(n log n) for O(n)")
def knows_no_logarithm_beside_n(sizes, counts):
    grown, larger = counts[-1] / counts[0], sizes[-1] / sizes[0]
    if grown < 1.1:
        return "O(1)"
    if grown < larger / 2:
        return "O(log n)"
    return "O(n)" if grown < larger * 2 else "O(n^2)"


@wrong("growth", "growth", "takes O(1) for O(log n)")
def wants_exact_numbers(_sizes, counts):
    if counts[0] == counts[-1] == counts[1]:
        return "O(1)"
    return "O(log n)"


@wrong("growth", "growth", "takes O(n log n) for O(n^2)")
def compares_count_and_size_as_they_are(sizes, counts):
    if counts[-1] < 20:
        return "O(1)"
    return "O(log n)" if counts[-1] < 150 else "O(n)" if counts[-1] <= sizes[-1] * 20 else "O(n^2)"


@wrong("growth", "growth", "takes O(n log n) for O(n)")
def looks_at_the_first_two_only(_sizes, counts):
    step = round(counts[1] / counts[0], 1)
    return {1.0: "O(1)", 1.1: "O(log n)"}.get(step, "O(n)" if step < 3 else "O(n^2)")


@wrong("growth", "growth", "returns no name of a growth")
def spells_it_another_way(_sizes, _counts):
    return "O(N)"


@wrong("growth", "growth", "returns no name of a growth")
def prints_and_does_not_return(_sizes, _counts):
    print("O(1)")


@wrong("growth", "growth", "raises ZeroDivisionError")
def divides_by_a_difference_of_nothing(sizes, counts):
    slope = (log(counts[-1]) - log(counts[0])) / (sizes.index(sizes[0]))
    return "O(1)" if slope < 0.05 else "O(n)"


@wrong("growth", "growth", "returns no name of a growth")
def returns_the_quotients(sizes, counts):
    return [count / n for n, count in zip(sizes, counts, strict=True)]


@also_right("growth")
def growth_by_the_last_two_steps(sizes, counts):
    step = (counts[-1] / counts[-3]) ** 0.5
    logs = (log(sizes[-1]) / log(sizes[-3])) ** 0.5
    expected = {"O(1)": 1, "O(log n)": logs, "O(n)": 2, "O(n log n)": 2 * logs, "O(n^2)": 4}
    return min(expected, key=lambda name: abs(log(step / expected[name])))


@also_right("growth")
def growth_by_the_ratio_of_the_ends(sizes, counts):
    times = counts[-1] / counts[0]
    n, logs = sizes[-1] / sizes[0], log(sizes[-1]) / log(sizes[0])
    expected = {"O(1)": 1, "O(log n)": logs, "O(n)": n, "O(n log n)": n * logs, "O(n^2)": n * n}
    return min(expected, key=lambda name: abs(log(times / expected[name])))


# --- a list kept sorted ---------------------------------------------------------------------------

FIFO = "does not keep equal priorities in order"


@wrong("sorted_add", "add", "leaves the list unsorted")
def appends(tasks, task):
    tasks.append(task)


@wrong("sorted_add", "add", "compares names")
def compares_names(tasks, task):
    bisect.insort(tasks, task)


@wrong("sorted_add", "add", FIFO)
def puts_it_before_its_equals(tasks, task):
    bisect.insort_left(tasks, task, key=lambda t: t[0])


@wrong("sorted_add", "add", "compares more tasks than it has to")
def sorts_it_all(tasks, task):
    tasks.append(task)
    tasks.sort(key=lambda t: t[0])


@wrong("sorted_add", "add", "compares more tasks than it has to")
def scans_from_the_front(tasks, task):
    i = 0
    while i < len(tasks) and tasks[i][0] <= task[0]:
        i += 1
    tasks.insert(i, task)


@wrong("sorted_add", "add", "compares more tasks than it has to")
def scans_from_the_back(tasks, task):
    i = len(tasks)
    while i > 0 and tasks[i - 1][0] > task[0]:
        i -= 1
    tasks.insert(i, task)


@wrong("sorted_add", "add", "does not put the task into the list")
def makes_a_new_list(tasks, task):
    return sorted([*tasks, task])


@wrong("sorted_add", "add", "does not put the task into the list")
def inserts_the_priority_alone(tasks, task):
    bisect.insort(tasks, task[0], key=lambda t: t[0] if isinstance(t, tuple) else t)


@wrong("sorted_add", "add", "compares names")
def puts_the_last_of_all_names_in_place_of_the_name(tasks, task):
    tasks.insert(bisect.bisect_right(tasks, (task[0], "\uffff")), task)


@wrong("sorted_add", "add", "looks at more tasks than it has to")
def copies_every_priority(tasks, task):
    keys = [t[0] for t in tasks]
    tasks.insert(bisect.bisect_right(keys, task[0]), task)


@wrong("sorted_add", "add", "leaves the list unsorted")
def takes_the_next_whole_number(tasks, task):
    tasks.insert(bisect.bisect_left(tasks, (task[0] + 1,)), task)


@wrong("sorted_add", "add", "does not put the task into the list")
def adds_it_twice(tasks, task):
    bisect.insort(tasks, task, key=lambda t: t[0])
    tasks.append(task)


@wrong("sorted_add", "add", "raises TypeError")
def asks_bisect_for_a_key_of_the_new_one(tasks, task):
    place = bisect.bisect_right(tasks, task, key=lambda t: t[0])
    tasks.insert(place, task)


@also_right("sorted_add")
def add_by_halving(tasks, task):
    low, high = 0, len(tasks)
    while low < high:
        middle = (low + high) // 2
        if task[0] < tasks[middle][0]:
            high = middle
        else:
            low = middle + 1
    tasks.insert(low, task)


@also_right("sorted_add")
def add_by_halving_again_and_again(tasks, task):
    def before(low, high):
        if low == high:
            return low
        middle = (low + high) // 2
        priority, _name = tasks[middle]
        return before(low, middle) if priority > task[0] else before(middle + 1, high)

    place = before(0, len(tasks))
    tasks[place:place] = [task]


@also_right("sorted_add")
def add_with_itemgetter(tasks, task):
    bisect.insort(tasks, task, key=itemgetter(0))


@wrong("sorted_add", "add", "leaves the list unsorted")
def looks_for_a_little_more(tasks, task):
    tasks.insert(bisect.bisect_left(tasks, (task[0] + 0.0001,)), task)


@also_right("sorted_add")
def asks_twice_at_each_step(tasks, task):
    low, high = 0, len(tasks)
    while low < high:
        middle = (low + high) // 2
        if task[0] == tasks[middle][0] or task[0] > tasks[middle][0]:
            low = middle + 1
        else:
            high = middle
    tasks.insert(low, task)


# --- runs -----------------------------------------------------------------------------------------


def cut(numbers, goes_on):
    """Cut where `goes_on(run, number)` says no."""
    found = []
    for number in numbers:
        if found and goes_on(found[-1], number):
            found[-1].append(number)
        else:
            found.append([number])
    return found


@wrong("runs", "runs", "ends a run too early")
def goes_up_only(numbers):
    return cut(numbers, lambda run, number: number >= run[-1])


@wrong("runs", "runs", "ends a run too early")
def goes_up_strictly(numbers):
    def goes_on(run, number):
        if len(run) == 1:
            return number != run[-1]
        return number < run[-1] if run[1] < run[0] else number > run[-1]

    return cut(numbers, goes_on)


@wrong("runs", "runs", "takes for one run what is more")
def goes_down_with_equals(numbers):
    def goes_on(run, number):
        if len(run) == 1:
            return True
        return number <= run[-1] if run[1] < run[0] else number >= run[-1]

    return cut(numbers, goes_on)


@wrong("runs", "runs", "takes for one run what is more")
def never_cuts(numbers):
    return [numbers[:]] if numbers else []


@wrong("runs", "runs", "does not keep each number once")
def turns_round_what_falls(numbers):
    return [run[::-1] if run[-1] < run[0] else run for run in runs_by_index(numbers)]


@wrong("runs", "runs", "does not keep each number once")
def forgets_the_last_run(numbers):
    return runs_by_index(numbers)[:-1]


@wrong("runs", "runs", "does not keep each number once")
def begins_with_the_last_of_the_one_before(numbers):
    found = runs_by_index(numbers)
    return [found[i - 1][-1:] * bool(i) + run for i, run in enumerate(found)]


@wrong("runs", "runs", "finds a run of nothing")
def has_a_run_in_an_empty_list(numbers):
    return runs_by_index(numbers) or [[]]


@wrong("runs", "runs", "does not return a list of lists")
def counts_the_runs(numbers):
    return len(runs_by_index(numbers))


@wrong("runs", "runs", "raises IndexError")
def looks_at_the_first_of_nothing(numbers):
    return [numbers[:1], *runs_by_index(numbers[1:])] if numbers[0] else []


@wrong("runs", "runs", "changes the list that it is given")
def eats_the_list(numbers):
    found = runs_by_index(numbers)
    numbers.clear()
    return found


def runs_by_index(numbers):
    found, start = [], 0
    for i in range(1, len(numbers) + 1):
        falls = i - start > 1 and numbers[start + 1] < numbers[start]
        over = i == len(numbers) or (i - start > 1 and (numbers[i] < numbers[i - 1]) != falls)
        if over:
            found.append(numbers[start:i])
            start = i
    return found


@also_right("runs")
def runs_as_tuples(numbers):
    return tuple(map(tuple, runs_by_index(numbers)))


RIGHT["runs"].append(runs_by_index)

# --- the diagnosis --------------------------------------------------------------------------------

D = "diagnose_05"
IN_ORDER = list(range(128))
IN_TURNS = [number + 64 * half for number in range(64) for half in (0, 1)]
ONE_OUT_OF_PLACE = [127, *range(127)]
LONG_RUNS = [*range(0, 128, 2), *range(1, 128, 2)]
wrong_value(D, "another fault", ("A", IN_TURNS), "the fault", "is another one")
wrong_value(D, "in order", ("D", IN_ORDER), "the list", "is little work")
wrong_value(D, "backwards", ("D", IN_ORDER[::-1]), "the list", "is little work")
wrong_value(D, "halves swapped", ("D", [*range(64, 128), *range(64)]), "the list", "little work")
wrong_value(D, "one out of place", ("D", ONE_OUT_OF_PLACE), "the list", "is little work")
wrong_value(D, "two long runs", ("D", LONG_RUNS), "the list", "is little work")
wrong_value(D, "one missing", ("D", IN_TURNS[:-1]), "the list", "once")
wrong_value(D, "from 1", ("D", [n + 1 for n in IN_TURNS]), "the list", "once")
wrong_value(D, "eight numbers", ("D", [1, 5, 2, 6, 3, 7, 4, 8]), "the list", "once")
wrong_value(D, "texts", ("D", [str(n) for n in IN_TURNS]), "the list", "once")
RIGHT[D] += [["D", [float(n) for n in IN_TURNS]], (" D ", tuple(IN_TURNS))]
RIGHT[D] += [("d", Random(1).sample(range(128), 128)), ("D", [37 * n % 128 for n in range(128)])]
