"""A check accepts what is right, and says of what is wrong which operation broke, and when.

Solutions and stubs are those of the notebooks; wrong answers are in tests/wrong_answers/.
"""

import ast
import heapq
import re
import signal
import sys
import threading
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import check  # noqa: E402
from lab.check.exercises import Exercise, is_empty  # noqa: E402
from lab.check.running import BrokenError, Trial  # noqa: E402
from lab.check.searching import LINE, Verdict, run, shrink, wrong  # noqa: E402
from lab.disk import Disk  # noqa: E402
from sched import HeapScheduler, VirtualClock  # noqa: E402
from tests import test_notebook_rules as notebook_rules  # noqa: E402
from tests.surroundings import surroundings, threads_at_rest  # noqa: E402, F401
from tests.wrong_answers import RIGHT, WRONG, WrongAnswer  # noqa: E402

EVERY = check.exercises()
each_exercise = pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: exercise.name)
MISTAKES = [(getattr(check, name), w) for name in sorted(WRONG) for w in WRONG[name]]
each_mistake = pytest.mark.parametrize(
    ("exercise", "mistake"), MISTAKES, ids=[f"{e.name}-{w.name}" for e, w in MISTAKES]
)
IN_NOTEBOOKS = [
    (path, found)
    for path in (*notebook_rules.STORED, *notebook_rules.DEEPER)
    for found in notebook_rules.exercises(notebook_rules.read(path))
]
each_in_a_notebook = pytest.mark.parametrize(
    ("path", "found"), IN_NOTEBOOKS, ids=[found.name for _, found in IN_NOTEBOOKS]
)
NEEDS_A_THING = [e for e in EVERY if not e.name.startswith("diagnose")]


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHED_PROGRESS", str(tmp_path / "progress"))


# --- what the notebooks hold ----------------------------------------------------------------------


def imports_of(path: Path) -> str:
    """The import statements of a notebook: what a cell may rely on."""
    lines = []
    for cell in notebook_rules.read(path).code:
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:
            continue
        lines += [ast.unparse(n) for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(lines)


def verdict_on(path: Path, found: notebook_rules.Exercise, answer: str | None) -> Verdict:
    """Run an answer and then the notebook's own check cell; return what the check found."""
    assert answer is not None
    assert found.call is not None
    verdicts: list[Verdict] = []
    exercise = getattr(check, found.name)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(imports_of(path), names)
    exec(answer, names)
    recorder = {found.name: lambda *a: verdicts.append(exercise.examine(a[0]))}
    names["check"] = SimpleNamespace(**recorder)
    exec(found.call, names)
    assert len(verdicts) == 1
    return verdicts[0]


@each_in_a_notebook
def test_the_solution_is_right(path: Path, found: notebook_rules.Exercise) -> None:
    verdict = verdict_on(path, found, found.solution)
    assert verdict.state == "right", str(verdict)
    assert str(verdict).startswith("Right: ")
    assert "\n" not in verdict.message


@each_in_a_notebook
def test_the_stub_is_not_yet(path: Path, found: notebook_rules.Exercise) -> None:
    verdict = verdict_on(path, found, found.stub)
    assert verdict.state == "not yet", str(verdict)
    assert str(verdict).startswith("Not yet: ")


def test_there_are_exercises_in_the_notebooks() -> None:
    assert {found.name for _, found in IN_NOTEBOOKS} >= {"heap_push", "heap_pop", "tie_break"}


# --- right and wrong ------------------------------------------------------------------------------


@each_mistake
def test_a_wrong_answer_is_rejected_and_the_operation_named(
    exercise: Exercise, mistake: WrongAnswer
) -> None:
    verdict = exercise.examine(mistake.thing)
    assert verdict.state == "wrong", str(verdict)
    assert verdict.operation == mistake.blames
    assert mistake.says in verdict.message
    assert verdict.message.startswith(f"Not right yet: {mistake.blames} ")
    for ours in ("Traceback", "Trial", "BrokenError", "StubError", 'File "'):
        assert ours not in str(verdict)


@each_mistake
def test_the_case_shown_fails_and_a_smaller_one_does_not(
    exercise: Exercise, mistake: WrongAnswer
) -> None:
    verdict = exercise.examine(mistake.thing)
    if verdict.case is None or verdict.again is None or not verdict.lines:
        assert not verdict.lines  # nothing is shown that could be made smaller
        return
    assert verdict.again(verdict.case) is not None
    if verdict.operation == "growth":
        return  # a case is a table of counts: none is smaller than another
    for i in range(len(verdict.case)):
        smaller = verdict.case[:i] + verdict.case[i + 1 :]
        if smaller and not isinstance(smaller[0], list):
            assert verdict.again(smaller) is None, f"{smaller} fails as well"


@each_mistake
def test_the_case_shown_can_be_pasted_and_does_what_it_says(
    exercise: Exercise, mistake: WrongAnswer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = exercise.examine(mistake.thing)
    monkeypatch.setattr(time, "sleep", refuses_to_sleep)
    if not verdict.lines or "does not come back" in verdict.message:
        return
    names = pasting(exercise, mistake.thing)
    raised = None
    for line in verdict.lines:
        source, _, comment = line.partition("    # ")
        reading = re.match(r"# the wall clock shows (-?\d+)", source)
        if reading:
            names["reading"][0] = int(reading[1])
            continue
        try:
            value = eval(source, names)
        except SyntaxError:
            exec(source, names)
            continue
        except BaseException as error:
            raised = type(error).__name__
            break
        said = re.fullmatch(r"(?:returned (.*?))?(?:, )?(?:heap is now (.*))?(?:is (.*))?", comment)
        if said:
            returned, heap, shown = said.groups()
            assert returned in (None, repr(value))
            assert shown in (None, repr(value))
            assert heap in (None, repr(names.get("heap")))
        else:
            assert comment.startswith("values ")
    expected = re.search(r"raises (\w+)", verdict.message)
    assert raised == (expected[1] if expected else None)


def refuses_to_sleep(_seconds: float) -> None:
    raise RuntimeError("no real waiting here")


def pasting(exercise: Exercise, thing: Any) -> dict[str, Any]:
    """The names that a case shown for this exercise may use."""
    asked = re.search(r"\((\w+)\)", exercise.asks_for)
    reading = [10]
    names: dict[str, Any] = {
        "Disk": Disk,
        "HeapScheduler": HeapScheduler,
        "VirtualClock": VirtualClock,
        "reading": reading,
        "run": len,
        "wall": lambda: reading[0],
        "write": len,
        getattr(thing, "__name__", "thing"): thing,
    }
    if asked:
        names[asked[1]] = thing
    return names


EIGHT = 8  # answers that learners give, right ones in another style among them


@each_exercise
def test_each_exercise_is_tried_with_eight_answers(exercise: Exercise) -> None:
    assert len(RIGHT[exercise.name]) >= 1
    assert len(WRONG[exercise.name]) + len(RIGHT[exercise.name]) >= EIGHT


@each_exercise
def test_a_right_answer_unlike_the_solution_is_accepted(exercise: Exercise) -> None:
    assert RIGHT[exercise.name]
    for thing in RIGHT[exercise.name]:
        verdict = exercise.examine(thing)
        assert verdict.state == "right", str(verdict)


@each_exercise
def test_every_exercise_has_wrong_answers(exercise: Exercise) -> None:
    assert len(WRONG[exercise.name]) >= 3
    assert len({w.name for w in WRONG[exercise.name]}) == len(WRONG[exercise.name])


def test_the_same_answer_gets_the_same_words() -> None:
    exercise, mistake = MISTAKES[0]
    assert str(exercise.examine(mistake.thing)) == str(exercise.examine(mistake.thing))


# --- answers that are none ------------------------------------------------------------------------


@each_exercise
def test_nothing_is_not_yet(exercise: Exercise) -> None:
    for nothing in (None, ...):
        assert exercise.examine(nothing).state == "not yet"


@each_exercise
def test_another_kind_of_thing_is_refused_in_words(exercise: Exercise) -> None:
    class Nameless:
        def __getattr__(self, name: str) -> Any:
            raise ZeroDivisionError(name)

        def __repr__(self) -> str:
            raise ZeroDivisionError

    for odd in (5, "push", [1], {}, object(), int, len, print, Exercise, Nameless(), Nameless):
        verdict = exercise.examine(odd)
        assert verdict.state in ("wrong", "not yet"), f"{odd}: {verdict}"
        assert "Traceback" not in str(verdict)


@pytest.mark.parametrize("exercise", NEEDS_A_THING, ids=lambda e: e.name)
def test_the_result_in_place_of_the_function_is_explained(exercise: Exercise) -> None:
    assert exercise.examine(17).operation.startswith(f"check.{exercise.name}(")


def test_a_long_message_is_broken_between_words_and_code_never_is() -> None:
    long = "It returned [1, 2]; it should return [1, 2, 3]. " * 6
    found = wrong("push", "loses an item, " * 9 + "in all", f"{long}\nThen {long}")
    found.lines = [f"push(heap, {'9' * 120})"]
    lines = str(found).split("\n")
    assert f"    push(heap, {'9' * 120})" in lines
    assert all(len(line) <= LINE for line in lines if "push(" not in line)
    whole = f"{found.message} The smallest case that shows it: {found.lines[0]} {found.detail}"
    assert " ".join(str(found).split()) == " ".join(whole.split())


def test_a_check_called_without_an_answer_or_with_two_is_no_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check.heap_push()
    check.heap_push(1, 2)
    check.diagnose_01("B", [1, 3, 2, 4])
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Not yet: ")
    assert said[1].startswith("Not right yet: ")
    assert said[-1].startswith("Right: ")


def returns_none(heap: Any, item: Any) -> None:
    """A docstring is no code."""
    return None  # noqa: RET501


def raises_not_implemented(heap: Any, item: Any) -> None:
    raise NotImplementedError


def is_dots(heap: Any, item: Any) -> None: ...


def passes(heap: Any, item: Any) -> None:
    pass


def returns_dots(heap: Any, item: Any) -> Any:
    return ...


@pytest.mark.parametrize(
    "stub", [returns_none, raises_not_implemented, is_dots, passes, returns_dots]
)
def test_a_stub_of_any_style_is_not_yet(stub: Any) -> None:
    assert check.heap_push.examine(stub).state == "not yet"


def test_a_body_that_does_or_gives_something_is_no_stub() -> None:
    def gives(heap: Any) -> int:
        return 0

    def does(heap: Any) -> None:
        heap.append(1)

    assert not is_empty(gives)
    assert not is_empty(does)
    assert not is_empty(len)


def test_a_class_half_written_is_told_which_half_is_missing() -> None:
    class Half:
        def __init__(self) -> None:
            self.heap: list[Any] = []

        def add_task(self, priority: int, task: Any) -> None:
            heapq.heappush(self.heap, (priority, len(self.heap), task))

        def get_next_task(self) -> Any: ...

    class Nothing:
        pass

    assert check.tie_break.examine(Half).message.startswith("Not yet: get_next_task")
    assert check.tie_break.examine(Nothing).state == "not yet"


# --- code that misbehaves -------------------------------------------------------------------------


def catches_all(heap: Any, item: Any) -> None:
    while True:
        try:
            item = item + 1
        except:  # noqa: E722
            pass


def waits_for_nobody(heap: Any, item: Any) -> None:
    threading.Event().wait()


def takes_no_for_an_answer(heap: Any, item: Any) -> None:
    try:
        while True:
            item += 1
    except BaseException:
        heap.append(1)


def leaves(heap: Any, item: Any) -> None:
    sys.exit(3)


def interrupts_nothing(heap: Any, item: Any) -> None:
    raise GeneratorExit


def says_nothing_in_its_error(heap: Any, item: Any) -> None:
    class OddError(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    raise OddError


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (catches_all, "does not come back"),
        (takes_no_for_an_answer, "does not come back"),
        (leaves, "raises SystemExit"),
        (interrupts_nothing, "raises GeneratorExit"),
        (says_nothing_in_its_error, "raises OddError"),
    ],
)
def test_code_that_misbehaves_is_named_and_survived(odd: Any, said: str) -> None:
    before = surroundings()
    verdict = check.heap_push.examine(odd)
    assert said in verdict.message
    assert verdict.operation == "push"
    assert verdict.case == [1]
    assert surroundings() == before


def test_nonetype_is_said_in_plain_words() -> None:
    def expects_a_task(scheduler: Any, clock: Any, hours: int) -> list[str]:
        return [scheduler.get_next_task().name for _ in range(hours)]

    verdict = check.night_watch.examine(expects_a_task)
    assert "no attribute 'name'\nWhat stands before the dot was None" in str(verdict)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer here")
def test_what_takes_long_without_taking_steps_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.check.apart.SECONDS", 0.05)
    assert "does not come back" in check.heap_push.examine(waits_for_nobody).message


def test_what_a_default_keeps_is_named_and_does_not_outlive_the_check() -> None:
    def kept(scheduler: Any, names: list[str] = []) -> list[str]:  # noqa: B006
        while task := scheduler.get_next_task():
            names.append(task.name)
            scheduler.complete(task)
        return names

    first, second = check.work_off.examine(kept), check.work_off.examine(kept)
    assert "gives too many names" in first.message
    assert first.detail.endswith(
        "The default of names is made once, and kept from call to call. "
        "Make it inside kept, so that each call has its own."
    )
    assert str(second) == str(first)


def test_what_a_class_keeps_for_all_is_named_and_does_not_outlive_the_check() -> None:
    class Shared:
        heap: list[Any] = []  # noqa: RUF012
        lines: deque[str] = deque()  # noqa: RUF012

        def add(self, due: float, task: Any) -> None:
            heapq.heappush(self.heap, (due, id(task), task))

        def take(self, now: float) -> Any:
            return heapq.heappop(self.heap)[2] if self.heap and self.heap[0][0] <= now else None

    first, second = check.waiting.examine(Shared), check.waiting.examine(Shared)
    assert "returns something where nothing is due" in first.message
    assert first.detail.endswith(
        "Shared.heap is one for all. Make it in __init__, on self, so that each has its own."
    )
    assert str(second) == str(first)
    assert not Shared.heap


async def is_async(scheduler: Any) -> list[str]:
    return [scheduler.get_next_task().name]


def has_a_yield(scheduler: Any) -> Any:
    yield scheduler.get_next_task().name


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("odd", "said"), [(is_async, "is an async function"), (has_a_yield, "gives a generator")]
)
def test_what_has_not_run_yet_is_said_to_be_so(odd: Any, said: str) -> None:
    for exercise in (check.work_off, check.in_steps, check.carry_on):  # called by way of others
        assert said in exercise.examine(odd).message


@pytest.mark.filterwarnings("error")
def test_a_method_that_is_async_is_said_to_be_so() -> None:
    class Waits:
        async def add_task(self, priority: int, task: Any) -> None:
            pass

        async def get_next_task(self) -> None:
            pass

    assert "is an async function" in check.tie_break.examine(Waits).message


def test_no_number_is_not_taken_for_the_right_one() -> None:
    nan = lambda *_given: float("nan")  # noqa: E731
    for exercise in EVERY:
        assert exercise.examine(nan).state == "wrong", exercise.name


def test_no_address_and_no_page_is_shown() -> None:
    class Thing:
        pass

    assert "<tests.test_lab_checks." in str(check.work_off.examine(lambda _: Thing()))
    assert " at 0x" not in str(check.work_off.examine(lambda _: Thing()))
    page = str(check.work_off.examine(lambda _: ["mail"] * 100_000))
    assert len(page) < 5_000


def test_nobody_really_waits_for_a_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits_where_there_is_no_task(scheduler: Any, stop: Any) -> None:
        while scheduler.get_next_task():
            pass
        stop.wait()

    monkeypatch.setattr("threading.Condition.wait", refuses_to_sleep)
    assert "it would be for ever" in check.work.examine(waits_where_there_is_no_task).detail
    for right in RIGHT["work"]:
        assert check.work.examine(right).state == "right"


def test_keyboard_interrupt_is_the_learners_own() -> None:
    def interrupted(heap: Any, item: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.heap_push.examine(interrupted)


def test_what_the_code_prints_is_shown_for_the_failing_case_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def chatty(heap: list[int], item: int) -> None:
        heap.append(item)
        print("pushing", item)

    check.heap_push(chatty)
    out = capsys.readouterr().out
    assert out.count("pushing") == 2
    assert "What your code printed in this case:\n    pushing 2\n    pushing 1\n" in out


def test_a_fault_of_the_check_itself_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_answer: Any) -> Verdict:
        raise ZeroDivisionError

    monkeypatch.setattr(check.heap_push, "_examine", fails)
    verdict = check.heap_push.examine(is_dots)
    assert "cannot make sense" in verdict.message


# --- finding the smallest case --------------------------------------------------------------------


def test_a_large_case_is_shrunk_until_no_step_is_left() -> None:
    def scenario(trial: Trial, case: list[int]) -> None:
        if sum(item >= 7 for item in case) >= 2:
            raise BrokenError("add", "breaks")

    found = run(scenario, [3, 40, 5, 12, 8, 99, 1])
    assert found is not None
    less = lambda n: [m for m in (n // 2, n - 1) if m > 0]  # noqa: E731
    assert shrink(scenario, found, less).case == [7, 7]


def test_a_fault_that_only_a_large_heap_shows_is_found_and_shrunk() -> None:
    def push(heap: list[int], item: int) -> None:
        heap.append(item)
        i = len(heap) - 1
        while i > 0 and heap[i] < heap[(i - 1) // 2] and len(heap) < 12:
            parent = (i - 1) // 2
            heap[i], heap[parent] = heap[parent], heap[i]
            i = parent

    verdict = check.heap_push.examine(push)
    assert verdict.case is not None
    assert len(verdict.case) == 12
    assert sorted(set(verdict.case)) in ([1, 2], [1, 3])


# --- keeping a pass -------------------------------------------------------------------------------


def test_a_pass_is_kept_and_a_failure_takes_nothing_back(tmp_path: Path) -> None:
    check.diagnose_01(("B", [1, 3, 2, 4]))
    check.diagnose_01(("A", [1]))
    kept = (tmp_path / "progress" / "01.json").read_text(encoding="utf-8")
    assert kept.count("diagnose_01") == 1


def test_a_check_that_is_gone_tells_how_to_get_a_fresh_copy() -> None:
    with pytest.raises(AttributeError, match=r'no check\.gone\. .*make lab ARGS="--fresh'):
        check.gone  # noqa: B018


def test_the_exercises_are_in_the_order_of_their_notebooks() -> None:
    assert check.notebooks() == sorted(check.notebooks())
    assert [e.name for e in check.exercises("02")][-1] == "diagnose_02"
    assert {e.name for e in EVERY} == {n for n in check.__all__ if n.islower()} - {
        "exercises",
        "my_scheduler",
        "notebooks",
    }
