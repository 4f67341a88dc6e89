"""Answers to the exercises of notebook 05."""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated,has-type"

import bisect
from functools import total_ordering
from math import log
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


@wrong("counted", "__lt__", "does not tell which value is smaller")
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


@wrong("sorted_add", "add", FIFO)
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
RIGHT[D] += [("d", Random(1).sample(range(128), 128)), ("D", [37 * n % 128 for n in range(128)])]
