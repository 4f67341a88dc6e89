"""A scheduler of one's own: the file that is taken away, what it is tried on, its race, its day."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import check, own, progress  # noqa: E402
from lab.conformance import Promise, conformance, promises, tried  # noqa: E402
from lab.contest import Stand, a_day, arrivals, draw_race, moved, race, same_order  # noqa: E402
from lab.progress import Code, Page  # noqa: E402
from sched import (  # noqa: E402
    HeapScheduler,
    InvalidTransitionError,
    RetryPolicy,
    UnknownTaskError,
    VirtualClock,
    simulate,
)
from tests.test_lab_workshop import PUSH, restart_the_kernel  # noqa: E402


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SCHED_PROGRESS", str(tmp_path))
    restart_the_kernel()
    return tmp_path


def wrote(name: str, source: str, called: str = "") -> None:
    """As if this cell had passed the check of this name."""
    exercise = getattr(check, name)
    page = progress.load(exercise.notebook)
    made = re.findall(r"^(?:def|class) (\w+)", source, re.M)[-1]
    page.code[name] = Code(called or made, source)
    progress.save(exercise.notebook, page)
    restart_the_kernel()


def text(where: Path) -> str:
    return (where / "my_scheduler.py").read_text(encoding="utf-8")


# --- the file -------------------------------------------------------------------------------------


def test_the_file_runs_without_lab_and_without_the_package(folder: Path) -> None:
    wrote("heap_push", PUSH)
    own.put_together()
    command = [sys.executable, "-I", "-S", "my_scheduler.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line != "pushed by me"]
    assert lines == ["mail is sent", "order is paid"]
    assert "pushed by me" in done.stdout


def test_it_says_whose_each_part_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrote("heap_push", PUSH)
    own.put_together()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "push: yours, of notebook 01."
    assert said[1] == "pop: ours, until yours passes check.heap_pop of notebook 01."
    assert len(said) == len(own.PARTS) + 1
    assert "\nMine: push. The rest is by the authors" in text(folder)
    assert "\n# --- push: mine, notebook 01 ---" in text(folder)
    assert "\n# --- pop: by the authors ---" in text(folder)
    assert "# my own heap" in text(folder)
    assert not re.search(r"^\s*(from|import) (lab|sched)\b", text(folder), re.M)


def test_whatever_else_they_wrote_is_in_it_too(folder: Path) -> None:
    replay = "def replay(text):\n    return parts(text)\n"
    helper = "def parts(text):\n    names = []\n    for line in text.split('\\n')[:-1]:\n"
    helper += "        what, name = line.split(' ', 1)\n"
    helper += (
        "        names.append(name) if what == 'add' else names.remove(name)\n    return names\n"
    )
    wrote("replay", helper + replay)
    module = own.put_together()
    assert module.replay("add a b\nadd c\ndone a b\nadd d") == ["c"]
    assert "replay: mine too, notebook 07" in text(folder)


HEAPS = """\
def less(a, b):
    return a < b

def push(heap, item):
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and less(heap[i], heap[(i - 1) // 2]):
        heap[i], heap[(i - 1) // 2] = heap[(i - 1) // 2], heap[i]
        i = (i - 1) // 2

print("tried:", push([], 1))
"""
LEVELS = """\
from collections import deque

def less(priorities):
    return min(priorities)

class Levels:
    def __init__(self):
        self.queues = {}

    def add(self, priority, name):
        self.queues.setdefault(priority, deque()).append(name)

    def take(self):
        if not self.queues:
            return None
        priority = less(self.queues)
        name = self.queues[priority].popleft()
        if not self.queues[priority]:
            del self.queues[priority]
        return name
"""
POP = """\
import heapq
Lock = heapq.heappop
sum = 0

def my_pop(heap):
    return Lock(heap)
"""


def test_two_cells_may_use_one_name_for_two_things(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrote("heap_push", HEAPS)
    wrote("levels", LEVELS)
    wrote("heap_pop", POP, "my_pop")
    capsys.readouterr()
    module = own.put_together()
    said = capsys.readouterr().out
    assert said.count(": yours, ") == 3
    assert "tried:" not in said
    assert "Mine: push, pop, Levels. The rest" in text(folder)
    assert module.less(1, 2)  # the first one to come has the name
    assert isinstance(module.Lock(), type(__import__("threading").Lock()))
    for levels in (False, True):
        s = module.Scheduler(VirtualClock(0), levels=levels)
        for priority, name in ((3, "c"), (1, "a"), (2, "b")):
            s.add_task(priority, name)
        assert [s.get_next_task().name for _ in range(3)] == ["a", "b", "c"]


def test_what_cannot_stand_in_a_file_gives_way_to_ours(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uses_lab = "from sched import HeapScheduler\n" + PUSH
    counts = "def less(a, b): return a < b\n\ndef push_2(heap): pass\n"
    wrote("heap_push", uses_lab)
    own.put_together()
    assert "push: ours in the file, where yours does not run." in capsys.readouterr().out
    assert "Mine: none yet." in text(folder)
    file = own._File({"less"})
    assert file.fit(counts + "from os import *\n" + PUSH, "push", "push", check.heap_push) == ""
    assert file.fit(counts + "runs = 0\n" + PUSH, "push", "push", check.heap_push)


def test_a_file_that_was_changed_is_never_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.put_together()
    own.put_together()
    assert sorted(p.name for p in folder.glob("*.py")) == ["my_scheduler.py"]
    changed = text(folder).replace('return "mine"', "") + "\nMARK = 'mine'\n"
    (folder / "my_scheduler.py").write_text(changed, encoding="utf-8")
    capsys.readouterr()
    assert own.put_together().MARK == "mine"
    assert "was changed by hand: it is yours, and stays as it is." in capsys.readouterr().out
    assert text(folder) == changed
    assert not hasattr(own.put_together(again=True), "MARK")
    assert "Yours is called my_scheduler_1.py now." in capsys.readouterr().out
    assert (folder / "my_scheduler_1.py").read_text(encoding="utf-8") == changed
    assert own.is_as_written(text(folder))


@pytest.mark.parametrize("damage", ["def f(:\n", "1 / 0\n", "raise SystemExit\n"])
def test_a_file_that_does_not_run_is_said_and_stays(
    damage: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.put_together()
    broken = text(folder) + damage
    (folder / "my_scheduler.py").write_text(broken, encoding="utf-8")
    assert own.put_together().Scheduler
    assert "my_scheduler.py does not run: " in capsys.readouterr().out
    assert text(folder) == broken


def test_where_it_cannot_be_written_it_is_made_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "my_scheduler.py").mkdir()
    assert own.put_together().Scheduler
    assert "my_scheduler.py cannot be kept in your folder: " in capsys.readouterr().out


def test_it_stands_beside_the_notebooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHED_PROGRESS")
    assert own.place() == NOTEBOOKS / "my_scheduler.py"


def test_in_a_browser_it_stands_beside_the_notebooks_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the progress is in a folder among them, where nobody looks for it."""
    monkeypatch.setattr(sys, "platform", "emscripten")
    assert own.place() == folder.parent / "my_scheduler.py"


# --- what it does ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module() -> Any:
    return own._load(own.whole(without=own.PARTS))


def test_its_tasks_are_shown_by_their_names_as_those_of_the_package(module: Any) -> None:
    s = module.Scheduler()
    s.add_task(1, "mail")
    assert f"{s.get_next_task()}" == "mail"


def test_its_watch_names_who_runs_too_long(module: Any) -> None:
    clock = VirtualClock(0)
    s = module.Scheduler(clock)
    s.add_task(1, "charge")
    s.add_task(2, "mail")
    charge = s.get_next_task()
    clock.advance(5)
    assert (s.overdue(5), s.overdue(4)) == ([], ["charge"])
    s.fail(charge, "busy")
    assert s.overdue(4) == []
    assert (s.status(1), s.tasks[1].error) == ("pending", "busy")


def test_its_workers_do_all_tasks(module: Any) -> None:
    done, s = [], module.Scheduler()
    for number in range(20):
        s.add_task(1, f"task {number}", action=lambda n=number: done.append(n))
    s.add_task(1, "late", delay=0.01, action=lambda: done.append("late"))
    s.run(workers=3)
    assert sorted(done, key=str) == sorted([*range(20), "late"], key=str)
    assert {s.status(n) for n in range(1, 22)} == {"succeeded"}


# --- what it promises -----------------------------------------------------------------------------


class OfThePackage:
    """A scheduler of the package, as the suite expects one of the learners' own."""

    def __init__(self, clock: VirtualClock) -> None:
        self.s = HeapScheduler(clock=clock)
        self.get_next_task = self.s.get_next_task
        self.next_run_time, self.pending_tasks = self.s.next_run_time, self.s.pending_tasks

    def add_task(self, priority: float, name: str, delay: float = 0, key: Any = None) -> int:
        retry = RetryPolicy(max_attempts=5, base=1, cap=60)
        return self.s.add_task(priority, name, delay, key=key, retry=retry)

    def complete(self, task: Any) -> None:
        try:
            self.s.complete(task)
        except InvalidTransitionError as error:
            raise ValueError(str(error)) from None

    def fail(self, task: Any) -> bool:
        return self.s.fail(task, "failed")

    def cancel(self, number: int) -> bool:
        try:
            return self.s.cancel(number)
        except UnknownTaskError:
            return False

    def status(self, number: int) -> str:
        return self.s.status(number).name.lower()


def test_a_scheduler_of_the_package_keeps_these_promises() -> None:
    for promise in promises()[-3:]:  # the last one is all of them
        _, verdict = tried(promise, OfThePackage)
        assert verdict is None, f"{promise.words}\n{verdict}"


@pytest.mark.parametrize(
    "options", [{}, {"levels": True, "waiting": True}], ids=["heaps", "levels"]
)
def test_one_that_is_put_together_keeps_them(
    module: Any, options: dict[str, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    conformance(module.Scheduler, **options)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(promises())
    assert all(re.match(r" *\d+  kept  \w", line) for line in lines[2:])


BREAKS = {  # a promise: what stands in the file, and what breaks it
    "the most urgent task comes first": (
        "(priority, self.added, name)",
        "(-priority, self.added, name)",
    ),
    "equals come in the order in which they were added": (
        "(priority, self.added, name)",
        "(priority, -self.added, name)",
    ),
    "nobody comes before its time": (
        "self.waiting.add(now + delay, name)",
        "self.ready.add(priority, name)",
    ),
    "who waits holds up nobody": (
        "        name = self.ready.take()",
        "        name = None if self.waiting.heap else self.ready.take()",
    ),
    "each has a number of its own, and a status": (
        'self.tracked.states[task.id] = "succeeded"\n',
        "pass\n",
    ),
    "it knows the moment at which something can run": ("if run_at <= now]", "if run_at < now]"),
    "what has ended cannot end again": (
        "            self._must_run(task)\n            self.tracked",
        "            self.tracked",
    ),
    "what failed comes back, a few times": ("ATTEMPTS = 5", "ATTEMPTS = 4"),
    "what is cancelled never runs": ('if self.states[number] == "pending":', "if number:"),
    "nothing else can be cancelled": (
        'if self.states.get(number) != "pending":',
        "if number not in self.states:",
    ),
    "one key, one task, until it has ended": ('in ("pending", "running"):', 'in ("pending",):'),
}


@pytest.mark.parametrize("words", BREAKS)
def test_what_breaks_a_promise_is_found_under_it_with_a_smallest_case(words: str) -> None:
    before, after = BREAKS[words]
    source = own.whole(without=own.PARTS)
    assert before in source
    broken = own._load(source.replace(before, after)).Scheduler
    (promise,) = [p for p in promises() if p.words == words]
    _, verdict = tried(promise, broken)
    assert verdict is not None
    assert verdict.case is not None
    assert verdict.again is not None
    for i in range(len(verdict.case)):
        assert verdict.again(verdict.case[:i] + verdict.case[i + 1 :]) is None
    assert verdict.lines[0] == "clock = VirtualClock(100)"


def test_every_promise_is_seen_broken_but_the_last_which_is_all_of_them() -> None:
    assert [p.words for p in promises()][:-1] == list(BREAKS)


def test_the_first_that_is_broken_is_shown(module: Any, capsys: pytest.CaptureFixture[str]) -> None:
    class CancelsAnything(module.Scheduler):  # type: ignore[misc, name-defined]
        def cancel(self, number: int) -> bool:
            return number in self.tasks and (super().cancel(number) or True)

    conformance(CancelsAnything)
    said = capsys.readouterr().out
    assert "nothing else can be cancelled" in said
    assert "Not right yet: cancel does not say whether it has cancelled." in said
    assert "    s.cancel(1)    # returned True" in said


def test_one_that_never_comes_back_is_stopped(module: Any) -> None:
    class Hangs(module.Scheduler):  # type: ignore[misc, name-defined]
        def get_next_task(self) -> Any:
            while True:
                pass

    _, verdict = tried(Promise("it ends", [["take"]]), Hangs)
    assert verdict is not None
    assert "does not come back" in verdict.message


# --- the race and the day -------------------------------------------------------------------------


def test_a_race_has_a_time_for_each_and_who_is_too_slow_is_out(
    module: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    class Never(module.Scheduler):  # type: ignore[misc, name-defined]
        def get_next_task(self) -> Any:
            while True:
                pass

    kinds = {"yours": module.Scheduler, "heap": HeapScheduler}
    times = race(kinds, sizes=[4, 8])
    assert list(times.index) == [4, 8]
    assert (times > 0).all().all()
    assert same_order(kinds, n=64)
    slow = race({"yours": Never, "heap": HeapScheduler}, sizes=[4, 8], seconds=0.1)
    assert slow["yours"].isna().all()
    assert slow["heap"].notna().all()
    assert capsys.readouterr().out.count("It was stopped") == 1
    draw_race(slow)


def test_a_day_is_that_of_the_package_whatever_holds_the_tasks(module: Any) -> None:
    day = a_day(module.Scheduler, failures=0)
    assert day is not None
    scheduler = HeapScheduler(clock=VirtualClock())
    theirs = simulate(
        scheduler,
        workers=3,
        service_time=lambda _task, luck: luck.uniform(30, 120),
        seed=10,
        arrivals=arrivals(),
    )
    assert moved(day, theirs) == 0
    assert day.attempts == theirs.attempts


def test_a_day_with_failures_is_the_same_with_levels(module: Any) -> None:
    one, other = a_day(module.Scheduler), a_day(module.Scheduler, levels=True, waiting=True)
    assert one is not None
    assert other is not None
    assert moved(one, other) == 0
    assert {a.outcome for a in one.attempts} == {"succeeded", "retrying"}
    late = a_day(module.Scheduler, failures=0)
    assert late is not None
    assert moved(one, late) > 100


def test_a_scheduler_that_is_too_slow_has_no_day(module: Any) -> None:
    class Never(module.Scheduler):  # type: ignore[misc, name-defined]
        def next_run_time(self) -> Any:
            while True:
                pass

    assert a_day(Never, seconds=0.1) is None


def test_before_one_of_ones_own_stands_one_that_simulate_takes(module: Any) -> None:
    clock = VirtualClock(50)
    timeline = simulate(Stand(module.Scheduler(clock), clock), workers=1, arrivals=[(60, 1, "a")])
    assert [(a.name, a.start, a.end) for a in timeline.attempts] == [("a", 60, 61)]


def test_pages_without_code_change_nothing() -> None:
    progress.save("10", Page())
    assert "Mine: none yet." in own.whole()
