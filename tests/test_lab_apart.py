"""A check touches nothing outside the code that it checks, whatever happens while it runs."""

import _thread
import dis
import gc
import io
import math
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))  # where a notebook finds `lab`

from lab import check, progress, within  # noqa: E402
from lab.check import apart  # noqa: E402
from lab.check.exercises import Exercise  # noqa: E402
from lab.check.running import BrokenError, Trial  # noqa: E402
from lab.check.searching import Case, Verdict, right, smallest_failure  # noqa: E402
from tests.instants import no_collection  # noqa: E402
from tests.surroundings import surroundings, threads_at_rest  # noqa: E402, F401


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHED_PROGRESS", str(tmp_path / "progress"))
    progress._unkept.clear()


def push(heap: list[int], item: int) -> None:
    """A right answer to heap_push."""
    heap.append(item)
    i = len(heap) - 1
    while i > 0 and heap[i] < heap[(i - 1) // 2]:
        parent = (i - 1) // 2
        heap[i], heap[parent] = heap[parent], heap[i]
        i = parent


def an_exercise(cases: int) -> Exercise:
    """One that calls the answer so often, in all the ways in which a check does."""

    def examine(answer: Any) -> Verdict:
        def scenario(trial: Trial, case: Case) -> None:
            trial.call("f()", "f", answer)

        return smallest_failure(scenario, [[n] for n in range(cases)]) or right("it ran.")

    return Exercise("01", "A title", "your function", examine)


# --- other threads --------------------------------------------------------------------------------


@contextmanager
def printing() -> Iterator[tuple[list[int], list[BaseException]]]:
    """A thread that sleeps and prints all the time: the rounds that it has gone, and its errors."""
    stop, errors, rounds = threading.Event(), list[BaseException](), list[int]()

    def live() -> None:
        while not stop.is_set():
            try:
                time.sleep(0.001)
                print("*", end="")
                rounds.append(1)
            except BaseException as error:
                errors.append(error)
                return

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield rounds, errors
    finally:
        stop.set()
        thread.join()


def chatty(heap: list[int], item: int) -> None:
    print("mine")
    push(heap, item)


def test_other_threads_sleep_and_print_while_a_check_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Not capsys: its TextIOWrapper may lose what two threads write when a collection falls between.
    written: list[str] = []
    out_there = SimpleNamespace(write=written.append, flush=lambda: None)
    monkeypatch.setattr(sys, "stdout", out_there)
    with printing() as (rounds, errors):
        check.heap_push(chatty)
    out = "".join(written)
    assert errors == []
    assert len(rounds) > 5
    assert out.count("*") == len(rounds)
    assert "mine" not in out
    assert "Right: " in out


def test_two_checks_at_once_keep_their_prints_apart() -> None:
    def says(word: str) -> Callable[[list[int], int], None]:
        def wrong(heap: list[int], item: int) -> None:
            print(word)
            if len(heap) < 3:
                push(heap, item)

        return wrong

    before = surroundings()
    found: dict[str, Verdict] = {}

    def examine(word: str) -> None:
        found[word] = check.heap_push.examine(says(word))

    threads = [threading.Thread(target=examine, args=(word,)) for word in ("ONE", "TWO")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found["ONE"].printed.split()) == {"ONE"}
    assert set(found["TWO"].printed.split()) == {"TWO"}
    assert surroundings() == before


def test_a_check_in_a_check_is_a_check() -> None:
    def checks() -> None:
        assert check.diagnose_01.examine(("B", [1, 3, 2, 4])).state == "right"
        print("mine")

    assert an_exercise(2).examine(checks).state == "right"


def test_where_there_are_no_threads_a_check_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    def endless() -> None:
        while True:
            pass

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_thread, "start_new_thread", none_left)
    before = surroundings()
    assert check.heap_push.examine(chatty).state == "right"
    assert "does not come back" in an_exercise(1).examine(endless).message
    with pytest.raises(KeyboardInterrupt):
        an_exercise(1).examine(interrupted)
    assert surroundings() == before


# --- sleeping -------------------------------------------------------------------------------------


def sleeps_by_its_name() -> None:
    from time import sleep

    sleep(3600)


def sleeps_as_an_action() -> None:
    action, args = time.sleep, (3600,)
    action(*args)


def sleeps_and_will_not_hear_of_it() -> None:
    for _ in range(3):
        try:
            time.sleep(3600)
        except RuntimeError:
            pass
    time.sleep(3600)


@pytest.mark.parametrize(
    "sleeper", [sleeps_by_its_name, sleeps_as_an_action, sleeps_and_will_not_hear_of_it]
)
def test_nobody_sleeps_in_a_check(sleeper: Callable[[], None]) -> None:
    began = time.monotonic()
    verdict = an_exercise(1).examine(sleeper)
    assert verdict.message.startswith("Not right yet: f raises RuntimeError")
    assert "no real waiting here" in verdict.detail
    assert time.monotonic() - began < 3


# --- what never comes back ------------------------------------------------------------------------


def test_what_waits_for_ever_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", 0.05)
    monkeypatch.setattr(apart, "GRACE", 0.05)
    gate = threading.Event()
    before = surroundings()
    verdict = an_exercise(3).examine(gate.wait)
    assert verdict.message == "Not right yet: f does not come back."
    assert verdict.lines == ["f()"]
    assert surroundings(threads=False) == before | {"threads": 0}
    monkeypatch.setattr(apart, "SECONDS", 5.0)
    for _ in range(300):  # those after it are none the slower
        assert an_exercise(3).examine(print).state == "right"
    gate.set()
    assert surroundings() == before


def test_what_takes_long_and_then_returns_did_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow() -> int:
        return sum(range(10_000_000))  # one step

    for _ in range(3):
        with monkeypatch.context() as hurried:
            hurried.setattr(apart, "SECONDS", 0.02)
            verdict = an_exercise(3).examine(slow)
        assert "does not come back" in verdict.message
        assert an_exercise(300).examine(print).state == "right"


def time_is_up() -> None:
    """In the thread of a check: as if its minute were over."""
    assert apart.here.job is not None
    apart.here.job.until = -math.inf


def test_calls_that_all_come_back_take_a_minute_together_at_most() -> None:
    def third_is_late() -> None:
        calls.append(1)
        if len(calls) == 3:
            time_is_up()

    before = surroundings()
    for _ in range(2):  # the second check has a minute of its own
        calls: list[int] = []
        verdict = an_exercise(10).examine(third_is_late)
        assert len(calls) == 3
        assert str(verdict) == (
            "Not right yet: f is too slow.\n"
            "The check stopped before f(), with nothing wrong so far: each call came back, but all "
            "of them\ntogether took more than 60 seconds."
        )
    assert an_exercise(300).examine(print).state == "right"
    assert surroundings() == before


def test_a_fault_that_was_found_is_shown_though_there_is_no_time_to_make_it_smaller() -> None:
    def scenario(trial: Trial, case: Case) -> None:
        trial.call("f()", "f", print)
        if len(case) < 6:  # made smaller
            raise apart.OutOfTime((trial, "f()", "f"))
        raise BrokenError("f", "is wrong")

    found = smallest_failure(scenario, [], [[1, 2, 3, 4, 5, 6]])
    assert found is not None
    assert found.message == "Not right yet: f is wrong."
    assert found.case == [1, 2, 3, 4, 5, 6]


def test_the_end_of_the_time_is_no_error_of_the_call_around_it() -> None:
    def calls_another() -> None:
        time_is_up()
        Trial().call("g()", "g", print)

    verdict = an_exercise(1).examine(calls_another)
    assert verdict.message == "Not right yet: g is too slow."


def test_an_endless_loop_in_the_second_call_is_shown_with_its_case() -> None:
    calls: list[int] = []

    def second() -> None:
        calls.append(1)
        while len(calls) == 2:
            try:
                pass
            except:  # noqa: E722
                pass

    verdict = an_exercise(3).examine(second)
    assert verdict.case == [1]
    assert "does not come back" in verdict.message


def test_what_is_done_with_right_but_slow_code_is_stopped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = surroundings()

    def endless() -> None:
        while True:
            pass

    def raises() -> None:
        raise ZeroDivisionError

    assert within(5, lambda: print("seen") or 17) == 17
    assert capsys.readouterr().out == "seen\n"
    assert within(5, divmod, 17, 5) == (3, 2)
    began = time.monotonic()
    assert within(0.1, endless) is None
    assert time.monotonic() - began < 2
    assert capsys.readouterr().out == "It was stopped: 0.1 seconds were not enough.\n"
    with pytest.raises(ZeroDivisionError):
        within(5, raises)
    assert surroundings() == before


# --- interrupts -----------------------------------------------------------------------------------

# Python looks for an interrupt when a function begins, after a call, and when a loop goes round.
LOOKS = ("RESUME", "CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD", "POP_JUMP_BACKWARD")


class Interrupter:
    """Raises KeyboardInterrupt at the n-th place where Python would deliver one."""

    def __init__(self, target: int) -> None:
        self.target, self.passed = target, 0
        self.latest: dict[FrameType, str] = {}
        self.names: dict[Any, dict[int, str]] = {}

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Any:
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "return":
            self.latest.pop(frame, None)
        if event != "opcode":
            return self
        code = frame.f_code
        if code not in self.names:
            self.names[code] = {i.offset: i.opname for i in dis.get_instructions(code)}
        if self.latest.get(frame, "RESUME").startswith(LOOKS):
            self.passed += 1
            if self.passed == self.target:
                raise KeyboardInterrupt
        self.latest[frame] = self.names[code].get(frame.f_lasti, "")
        return self


def interrupted_at(place: int, act: Callable[[], object]) -> bool:
    """Whether there was such a place in what `act` does."""
    interrupter = Interrupter(place)
    with no_collection():
        sys.settrace(interrupter)
        try:
            act()
        except KeyboardInterrupt:
            return True
        finally:
            left = sys.gettrace()
            sys.settrace(None)
            interrupter.latest.clear()  # frames, and what they hold
    assert left is interrupter
    return False


def busy() -> None:
    until = time.perf_counter() + 2 * apart.LOOK
    while time.perf_counter() < until:
        pass
    print("never seen")


# A file that pathlib had opened when it was interrupted is closed a little later.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.skipif(sys.gettrace() is not None, reason="something else traces")
@pytest.mark.parametrize("answer", [busy, print, ...], ids=["busy", "quick", "nothing"])
def test_an_interrupt_at_any_instant_leaves_everything_as_it_was(
    answer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(apart, "LOOK", 0.004)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    exercise = an_exercise(2)
    exercise(answer)  # what is made once is made
    before = surroundings()
    place, met = 1, 0
    while interrupted_at(place, lambda: exercise(answer)):
        met += 1
        place += 1
        assert surroundings() == before, f"interrupted at place {place - 1}"
        assert "never seen" not in sys.stdout.getvalue()  # type: ignore[attr-defined]
    gc.collect()  # what it still warns of, it warns of here
    exercise(answer)
    assert sys.stdout.getvalue().endswith(("it ran.\n", "again.\n"))  # type: ignore[attr-defined]
    assert met > (50 if answer is not ... else 5)
    assert not list(tmp_path.rglob("*damaged*"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that stands for Ctrl-C")
def test_real_interrupts_leave_everything_as_it_was() -> None:
    chance, before = random.Random(19), surroundings()
    met = 0
    for _ in range(40):
        delay = chance.random() * 0.02

        def send(delay: float = delay) -> None:
            time.sleep(delay)
            os.kill(os.getpid(), signal.SIGINT)

        sender = threading.Thread(target=send)
        try:
            sender.start()
            check.heap_push.examine(push)
            sender.join()
            time.sleep(0.2)  # it came after the check
        except KeyboardInterrupt:
            met += 1
        sender.join()
        assert surroundings() == before
    assert met == 40


def test_an_interrupted_check_stops_the_code_that_it_checked() -> None:
    steps = 0

    def counts() -> None:
        nonlocal steps
        while True:
            steps += 1

    def interrupt() -> None:
        time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    for _ in range(5):
        sender = threading.Thread(target=interrupt)

        def examine_for_ever(sender: threading.Thread = sender) -> None:
            sender.start()
            while True:
                an_exercise(1).examine(counts)

        with pytest.raises(KeyboardInterrupt):
            examine_for_ever()
        sender.join()
        here = steps
        time.sleep(0.01)
        assert steps == here
