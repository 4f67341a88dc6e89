"""What a learner has written and checked is what runs later; their own words are kept."""

import linecache
import sys
from bisect import insort
from collections import deque
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import after as afterwards  # noqa: E402
from lab import check, explain, explained, mine, my_scheduler, progress, workshop  # noqa: E402
from lab.shell import Parts, Shell, examine  # noqa: E402
from tests.surroundings import surroundings, threads_at_rest  # noqa: E402, F401
from tests.wrong_answers import RIGHT  # noqa: E402

numbers = count()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    where = tmp_path / "progress"
    monkeypatch.setenv("SCHED_PROGRESS", str(where))
    restart_the_kernel()
    return where


def restart_the_kernel() -> None:
    progress._unkept.clear()
    mine._found.clear()
    mine._said.clear()


class Kernel:
    """Runs cells as IPython does: each is a file that only linecache has."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "check": check, "mine": mine}

    def run(self, source: str) -> None:
        name = f"/nowhere/ipykernel_1/{next(numbers)}.py"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), self.names)


PUSH = """# my own heap
def push(heap, item):
    print("pushed by me")
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        parent = (i - 1) // 2
        heap[i], heap[parent] = heap[parent], heap[i]
        i = parent
"""
BY_HELPER = """def push(heap, item):
    heap.append(item)
    climb(heap, len(heap) - 1)
"""
HELPER = """def climb(heap, i):
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
        i = (i - 1) // 2
"""
CHECK = "check.heap_push(push)"


def test_the_whole_cell_lives_on_in_the_next_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = Kernel()
    kernel.run("import random\nfrom bisect import insort as put")
    kernel.run("limit = 3\ndef unused(): return random.random(), put\n" + PUSH)
    kernel.run(CHECK)
    assert capsys.readouterr().out.count("\n") == 1  # right, and nothing is missing
    restart_the_kernel()
    heap: list[int] = []
    for item in (3, 1, 2):
        mine.push(heap, item)
    out = capsys.readouterr().out
    assert out.startswith("push: yours, of notebook 01.\n")
    assert out.count("yours") == 1  # once in a cell
    assert out.count("pushed by me") == 3
    assert heap == [1, 3, 2]
    kept = progress.load("01").code["heap_push"]
    assert kept.name == "push"
    assert "# my own heap" in kept.source
    assert "import random as random\n" in kept.source
    assert " as put\n" in kept.source


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = Kernel()
    kernel.run(HELPER)
    kernel.run(BY_HELPER)
    kernel.run(CHECK)
    assert capsys.readouterr().out.splitlines()[1] == (
        "push is not kept for later: it needs climb, which another cell makes. "
        "Copy that into the cell above, and check again."
    )
    assert progress.load("01").passed == ["heap_push"]  # it is right all the same
    mine.push([], 1)
    assert capsys.readouterr().out.startswith("push: ours, until yours passes check.heap_push")
    kernel.run(HELPER + BY_HELPER)
    kernel.run(CHECK)
    mine.push([], 1)
    assert capsys.readouterr().out.endswith("push: yours, of notebook 01.\n")


DOUBLE = "min(cap, base * 2 ** (attempts - 1))"
LAMBDA = f"pause = lambda attempts, base, cap: {DOUBLE}"
CACHED = f"@functools.cache\ndef pause(attempts, base, cap): return {DOUBLE}"
LOGGED = f"@logged\ndef pause(attempts, base, cap): return {DOUBLE}"
DECORATOR = """def logged(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args)
    return call
"""


DATACLASS = """@dataclasses.dataclass
class Keyed:
    tracked: object
    numbers: dict = dataclasses.field(default_factory=dict)

    def add(self, key, priority, delay, now):
        if self.tracked.states.get(self.numbers.get(key)) in ("pending", "running"):
            return self.numbers[key]
        self.numbers[key] = self.tracked.add(priority, delay, now)
        return self.numbers[key]
"""
GLOBAL = """seen: list = []
def work_off(scheduler):
    global seen, task
    seen = []
    while task := scheduler.get_next_task():
        seen.append(task.name)
        scheduler.complete(task)
    return seen
"""


@pytest.mark.parametrize(
    ("answer", "call"), [(DATACLASS, "keyed(Keyed)"), (GLOBAL, "work_off(work_off)")]
)
def test_what_python_and_the_cell_itself_make_is_not_missing(
    answer: str, call: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel()
    kernel.run("import dataclasses")
    kernel.run(answer)
    kernel.run(f"check.{call}")
    assert capsys.readouterr().out.startswith("Right: ")
    exercise = getattr(check, call.partition("(")[0])
    assert exercise.name in progress.load(exercise.notebook).code


@pytest.mark.parametrize("answer", [LAMBDA, CACHED, DECORATOR + LOGGED])
def test_a_function_lives_on_without_a_name_or_decorated(
    answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = Kernel()
    kernel.run("import functools")
    kernel.run(answer)
    kernel.run("check.pause(pause)")
    restart_the_kernel()
    assert mine.pause(3, 1, 60) == 4
    assert capsys.readouterr().out.endswith("pause: yours, of notebook 04.\n")


def test_a_decorator_of_another_cell_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = Kernel()
    kernel.run("import functools\n" + DECORATOR)
    kernel.run(LOGGED)
    kernel.run("check.pause(pause)")
    assert "it needs logged, which another cell makes" in capsys.readouterr().out


def test_a_cell_that_holds_only_by_what_ran_before_is_not_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kernel = Kernel()
    kernel.run("first = [1]")
    kernel.run("if first.pop() != 1: raise ValueError\n" + HELPER + BY_HELPER)
    kernel.names.pop("first")
    kernel.run(CHECK)
    assert "it needs first" in capsys.readouterr().out


def test_what_fails_later_gives_way_to_ours(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = Kernel()
    kernel.run(HELPER + BY_HELPER)
    kernel.run(CHECK)
    for damage in (
        "def push(heap, item): pass",
        "1 / 0",
        "while True: pass",
        "(",
        "import nowhere_1",
    ):
        page = progress.load("01")
        page.code["heap_push"].source = damage
        progress.save("01", page)
        restart_the_kernel()
        before = surroundings()
        capsys.readouterr()
        heap: list[int] = [2]
        mine.push(heap, 1)
        assert capsys.readouterr().out.startswith("push: ours. Yours does not pass")
        assert heap == [1, 2]
        assert surroundings() == before


def test_a_right_answer_that_is_no_cell_is_passed_and_not_kept() -> None:
    def push(heap: list[int], item: int) -> None:
        heap.append(item)
        i = len(heap) - 1
        while i > 0 and heap[i] < heap[(i - 1) // 2]:
            heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
            i = (i - 1) // 2

    check.heap_push(push)
    check.diagnose_01(("B", [1, 3, 2, 4]))
    page = progress.load("01")
    assert page.passed == ["heap_push", "diagnose_01"]
    assert page.code == {}


@pytest.mark.parametrize("name", sorted(workshop.by_name()))
def test_ours_passes_the_check_that_it_stands_in_for(name: str) -> None:
    exercise = workshop.by_name()[name]
    assert exercise.examine(workshop.ours(exercise)).state == "right"


def test_a_class_lives_on(capsys: pytest.CaptureFixture[str]) -> None:
    kernel = Kernel()
    kernel.run("from collections import deque")
    kernel.run(
        "class Levels:\n"
        "    def __init__(self): self.levels = {}\n"
        "    def add(self, p, name): self.levels.setdefault(p, deque()).append(name)\n"
        "    def take(self):\n"
        "        if not self.levels: return None\n"
        "        p = min(self.levels)\n"
        "        name = self.levels[p].popleft()\n"
        "        if not self.levels[p]: del self.levels[p]\n"
        "        return name\n"
    )
    kernel.run("check.levels(Levels)")
    restart_the_kernel()
    assert mine.Levels is not workshop.ours(check.levels)
    assert capsys.readouterr().out.endswith("Levels: yours, of notebook 06.\n")


def test_an_exercise_that_there_is_not_is_said() -> None:
    with pytest.raises(AttributeError, match="there is no exercise for pusch: .*push"):
        mine.pusch  # noqa: B018


# --- a scheduler of their own parts ---------------------------------------------------------------


def take(heap: list[Any], now: float, lock: Any) -> Any:
    with lock:
        return heappop(heap)[1] if heap and heap[0][0] <= now else None


def pauses(limit: int, source: Random) -> list[float]:
    return [source.uniform(0, min(60, 2**n)) for n in range(limit - 1)]


class Levels:
    def __init__(self) -> None:
        self.levels: dict[int, deque[str]] = {}

    def add(self, priority: int, name: str) -> None:
        self.levels.setdefault(priority, deque()).append(name)

    def take(self) -> str | None:
        if not any(self.levels.values()):
            return None
        return self.levels[min(p for p in self.levels if self.levels[p])].popleft()


class Stack(Levels):
    def take(self) -> str | None:
        if not any(self.levels.values()):
            return None
        return self.levels[min(p for p in self.levels if self.levels[p])].pop()


GOOD: dict[str, Any] = {"push": heappush, "pop": heappop, "take": take, "pauses": pauses}


class Waiting:
    def __init__(self) -> None:
        self.tasks: list[tuple[float, str]] = []

    def add(self, due: float, name: str) -> None:
        insort(self.tasks, (due, name), key=lambda task: task[0])

    def take(self, now: float) -> str | None:
        return self.tasks.pop(0)[1] if self.tasks and self.tasks[0][0] <= now else None


class Impatient(Waiting):
    def take(self, now: float) -> str | None:
        return super().take(now + 1000)


class Unfair(Waiting):
    def take(self, now: float) -> str | None:
        due = [task for task in self.tasks if task[0] <= now]
        if not due:
            return None
        self.tasks.remove(due[-1])
        return due[-1][1]


@pytest.mark.parametrize("levels", [None, Levels])
@pytest.mark.parametrize("waiting", [None, Waiting])
def test_good_parts_make_a_scheduler(levels: Any, waiting: Any) -> None:
    assert examine(Parts(**GOOD, levels=levels, waiting=waiting)).state == "right"


def test_any_pauses_within_their_bounds_will_do() -> None:
    for drawn in (
        [0, 0, 0, 0],
        [1, 2, 4, 8],
        [Fraction(1, 3)] * 4,
        [1, 2, 4, 8 + 1e-12],
        [0.5, 0.5, 0.5, 0.5],
    ):
        parts = Parts(**(GOOD | {"pauses": lambda limit, source, drawn=drawn: drawn}))
        assert examine(parts).state == "right"


def first_out(heap: list[Any]) -> Any:
    item = heap.pop(0)
    heapify(heap)
    return item


def last_out(heap: list[Any]) -> Any:
    item = heap.pop()
    heapify(heap)
    return item


def too_early(heap: list[Any], now: float, lock: Any) -> Any:
    return heappop(heap)[1] if heap else None


def too_late(heap: list[Any], now: float, lock: Any) -> Any:
    return heappop(heap)[1] if heap and heap[0][0] < now else None


def many(limit: int, source: Random) -> list[float]:
    return [source.uniform(0, 1) for _ in range(limit)]


@pytest.mark.parametrize(
    ("broken", "operation", "says", "steps"),
    [
        ({"push": lambda heap, item: None}, "take", "gives nothing where a task is ready", 2),
        ({"pop": last_out}, "take", "does not", 3),
        ({"take": lambda heap, now, lock: None}, "take", "gives nothing", 3),
        ({"take": too_early}, "take", "gives a task before its time", 2),
        ({"take": too_late}, "take", "gives nothing", 3),
        ({"pauses": lambda limit, source: [3.0] * (limit - 1)}, "fail", "too early or late", 3),
        ({"pauses": lambda limit, source: [-1.0] * (limit - 1)}, "fail", "too early or late", 3),
        ({"pauses": lambda limit, source: []}, "fail", "gives up too early", 3),
        ({"pauses": many}, "fail", "tries more often than it may", 20),
        ({"levels": Stack}, "take", "does not keep equal priorities in order", 3),
        ({"waiting": Impatient}, "take", "gives a task before its time", 2),
        ({"waiting": Unfair}, "take", "does not keep equal priorities in order", 4),
        ({"pop": lambda heap: 1 / 0}, "take", "raises ZeroDivisionError", 2),
    ],
)
def test_a_broken_part_is_shown_by_a_small_case_and_named(
    broken: dict[str, Any], operation: str, says: str, steps: int
) -> None:
    verdict = examine(Parts(**(GOOD | broken)))
    assert verdict.state == "wrong"
    assert verdict.operation == operation
    assert says in verdict.message
    assert verdict.case is not None
    assert len(verdict.case) <= steps
    (slot,) = broken
    shown = slot if slot in GOOD else slot.capitalize()
    assert f"With our {shown} in place of yours it comes out right" in verdict.detail
    assert verdict.again is not None
    for i in range(len(verdict.case)):
        smaller = verdict.case[:i] + verdict.case[i + 1 :]
        assert verdict.again(smaller) is None


@pytest.mark.parametrize("draw", RIGHT["pauses"], ids=lambda draw: draw.__name__)
def test_pauses_fit_in_whatever_arithmetic_they_are_computed(draw: Any) -> None:
    verdict = examine(Parts(**(GOOD | {"pauses": draw})))
    assert verdict.state == "right", str(verdict)


def test_the_case_shown_begins_later_than_zero_and_can_be_pasted() -> None:
    parts = Parts(**(GOOD | {"waiting": Impatient}))
    *calls, last = examine(parts).lines
    assert calls[0] == "s = my_scheduler(waiting=True)"
    names: dict[str, Any] = {"my_scheduler": lambda waiting: Shell(parts)}
    for line in calls:
        exec(line, names)
    call, _, said = last.partition("    # returned ")
    assert "now=100" in call
    assert repr(eval(call, names)) == said


def test_the_scheduler_of_ones_own_parts_runs(capsys: pytest.CaptureFixture[str]) -> None:
    check.my_scheduler()
    assert capsys.readouterr().out.splitlines()[-1].startswith("Right: it adds, waits, orders")
    for other in (False, True):
        s = my_scheduler(levels=other, waiting=other)
        s.add(2, "mail", now=0)
        s.add(1, "alert", delay=5, now=0)
        assert s.take(now=0) == "mail"
        pause = s.fail("mail", now=0)
        assert pause is not None
        assert 0 <= pause <= 1
        assert [s.take(now=1), s.take(now=1)] == ["mail", None]
        assert [s.take(now=5), s.take(now=5)] == ["alert", None]


def test_what_was_due_before_stands_before_what_is_added() -> None:
    for other in (False, True):
        s = my_scheduler(levels=other, waiting=other)
        s.add(1, "early", delay=5, now=0)
        s.add(1, "late", now=10)
        assert [s.take(now=10), s.take(now=10)] == ["early", "late"]


# --- words of their own ---------------------------------------------------------------------------


def test_words_are_kept_and_shown_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(afterwards, "FOLDER", tmp_path)
    (tmp_path / "01.md").write_text("## why\nTime is compared first.\n")
    explained("01")
    explain("01-why", "Why does Low come first?")
    explain("01-why", text="Because of ~~~ time\n# not a heading \ud83d")
    explain("01-why", "Why does Low come first?")
    out = capsys.readouterr().out
    assert out.startswith("Nothing is written in your own words yet.\nWhy does Low come first?\n")
    assert 'write explain("01-why", text="...")' in out
    assert out.count("Yours: Because of ~~~ time") == 1
    explained("01")
    assert capsys.readouterr().out == (
        "**Yours** (why)\n\n~~~~text\nBecause of ~~~ time\n# not a heading ?\n~~~~\n\n"
        "**Ours**\n\nTime is compared first.\n"
    )


def test_words_have_a_limit(capsys: pytest.CaptureFixture[str]) -> None:
    explain("01-why", text="x" * 5000)
    assert capsys.readouterr().out == "Kept. 0 letters are left.\n"
    assert progress.load("01").words["01-why"] == "x" * 2000
