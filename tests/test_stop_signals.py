"""SIGTERM and Ctrl-C end a program gracefully: what runs has a grace, nothing starts, nothing is
lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sched import HeapScheduler, TaskStatus, WorkerPool
from tests.pools import until
from tests.test_threads import PATIENCE

if sys.platform in ("emscripten", "win32"):
    pytest.skip("needs signals", allow_module_level=True)

from sched.durable import SQLiteScheduler
from tests.jobs import lines

ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import atexit, sys, threading, time
from pathlib import Path
from sched import HeapScheduler, RetryPolicy, WorkerPool
from sched.durable import SQLiteScheduler
from tests import jobs
here = {here!r}

def main():
{body}

if __name__ == "__main__":
    main()
"""


started: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _no_program_is_left() -> Iterator[None]:
    yield
    while started:
        with started.pop() as process:
            process.kill()


class Program:
    """A program in a process of its own, in the folder that its jobs write into."""

    def __init__(self, here: Path, body: str) -> None:
        indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
        path = here / "program.py"
        path.write_text(PROGRAM.format(here=str(here), body=indented), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, str(path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(self.process)
        self.watch = threading.Timer(PATIENCE, self.process.kill)
        self.watch.start()

    def reads(self) -> str:
        return self.process.stdout.readline().rstrip()

    def send(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def finish(self) -> tuple[int, list[str], str]:
        """Its exit code, what it has printed, and its errors."""
        out, err = self.process.communicate()
        self.watch.cancel()
        return self.process.returncode, out.splitlines(), err


BUSY = """
s = HeapScheduler()
atexit.register(lambda: print("at exit", s.metrics().succeeded, len(s), s.metrics().running))
with WorkerPool(s, 1, executor={executor!r}, signals=True, grace={grace}) as pool:
    s.add_task(1, "a", action=jobs.waits, args=(here, "a"))
    s.add_task(2, "b", action=jobs.waits, args=(here, "b"))
    while not jobs.lines(here, "a"): time.sleep(0.001)
    try:
        print("running", flush=True)
        {main}
    finally:
        print("leaving", flush=True)
print("never printed")
"""


@pytest.mark.parametrize("executor", ["thread", "process", "async"])
@pytest.mark.parametrize("main", ["pool.drain()", "time.sleep(3600)", "pool.wait(2)"])
def test_a_signal_lets_what_runs_end_and_starts_nothing(
    tmp_path: Path, executor: str, main: str
) -> None:
    program = Program(tmp_path, BUSY.format(executor=executor, grace=PATIENCE, main=main))
    assert program.reads() == "running"
    program.send()
    assert program.reads() == "leaving"
    (tmp_path / "go").touch()
    code, out, err = program.finish()
    assert (code, out) == (128 + signal.SIGTERM, ["at exit 1 1 0"]), err
    assert err == ""
    assert not lines(tmp_path, "b")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_every_process_of_the_program_ends_none_of_those_that_run(
    tmp_path: Path, number: int
) -> None:
    program = Program(
        tmp_path, BUSY.format(executor="process", grace=PATIENCE, main="pool.drain()")
    )
    assert program.reads() == "running"
    os.killpg(program.process.pid, number)
    assert program.reads() == "leaving"
    time.sleep(0.1)  # those that would end have time for it
    (tmp_path / "go").touch()
    code, out, err = program.finish()
    assert (code, out) == (
        128 + number if number == signal.SIGTERM else -number,
        ["at exit 1 1 0"],
    ), err


def test_ctrl_c_is_a_keyboard_interrupt_as_ever(tmp_path: Path) -> None:
    program = Program(tmp_path, BUSY.format(executor="thread", grace=PATIENCE, main="pool.drain()"))
    assert program.reads() == "running"
    program.send(signal.SIGINT)
    assert program.reads() == "leaving"
    (tmp_path / "go").touch()
    code, out, err = program.finish()
    assert (code, out) == (-signal.SIGINT, ["at exit 1 1 0"])
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize(("executor", "left"), [("thread", "0 1 1"), ("process", "0 2 0")])
def test_what_has_not_ended_within_the_grace_is_left_or_stopped(
    tmp_path: Path, executor: str, left: str
) -> None:
    program = Program(tmp_path, BUSY.format(executor=executor, grace=0.05, main="pool.drain()"))
    assert program.reads() == "running"
    program.send()
    code, out, _ = program.finish()
    assert (code, out) == (128 + signal.SIGTERM, ["leaving", f"at exit {left}"])


@pytest.mark.parametrize(("executor", "left"), [("thread", "0 1 1"), ("process", "0 2 0")])
def test_a_second_signal_ends_at_once(tmp_path: Path, executor: str, left: str) -> None:
    program = Program(tmp_path, BUSY.format(executor=executor, grace=3600, main="pool.drain()"))
    assert program.reads() == "running"
    program.send()
    assert program.reads() == "leaving"
    program.send(signal.SIGINT)
    code, out, _ = program.finish()
    assert code in (-signal.SIGINT, 128 + signal.SIGTERM)
    assert out == [f"at exit {left}"]


def test_a_signal_that_comes_while_the_block_is_left_gives_a_grace_too(tmp_path: Path) -> None:
    leave = "print('left', flush=True)"
    program = Program(tmp_path, BUSY.format(executor="thread", grace=0.05, main=leave))
    assert [program.reads() for _ in range(3)] == ["running", "left", "leaving"]
    time.sleep(0.05)
    program.send()
    code, out, _ = program.finish()
    assert (code, out) == (128 + signal.SIGTERM, ["at exit 0 1 1"])


def test_after_the_block_signals_are_what_they_were() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    s = HeapScheduler()
    with WorkerPool(s, 1, signals=True):
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_signals_are_for_the_main_thread() -> None:
    errors: list[BaseException] = []

    def use() -> None:
        try:
            with WorkerPool(HeapScheduler(), 1, signals=True):
                pass
        except ValueError as error:
            errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(PATIENCE)
    assert ["signals=True is for the main thread" in str(error) for error in errors] == [True]
    assert until(lambda: not any("-worker-" in each.name for each in threading.enumerate()))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"signals": 1}, TypeError, "signals must be True or False, got 1"),
        ({"grace": -1}, ValueError, "grace must be a finite number of seconds >= 0, got -1"),
    ],
    ids=str,
)
def test_bad_arguments_for_signals_are_named(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        WorkerPool(HeapScheduler(), **arguments)


# --- under load -----------------------------------------------------------------------------------

LOAD = """
with SQLiteScheduler(Path(here, "tasks.db"), history=10**6) as s:
    with WorkerPool(s, 4, executor={executor!r}, signals=True) as pool:
        n = 0
        while True:
            i = s.add_task(n % 3, "t", action=jobs.note, args=(here, "ran", str(n)))
            jobs.append(Path(here, "acknowledged"), f"{{i}} {{n}}")
            n += 1
            if n == 20: print("running", flush=True)
"""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "round_number" in metafunc.fixturenames:
        metafunc.parametrize("round_number", range(metafunc.config.getoption("--sigterms")))


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_sigterm_under_load_loses_no_acknowledged_task(
    tmp_path: Path, executor: str, round_number: int
) -> None:
    program = Program(tmp_path, LOAD.format(executor=executor))
    assert program.reads() == "running"
    time.sleep(0.02 * (round_number % 10))
    program.send()
    code, _, err = program.finish()
    assert (code, err) == (128 + signal.SIGTERM, "")
    acknowledged = [line.split() for line in lines(tmp_path, "acknowledged")]
    with SQLiteScheduler(tmp_path / "tasks.db", history=10**6) as s:
        s.check()
        assert not s.running_tasks() and s.metrics().retried == 0
        statuses = {int(i): s.status(int(i)) for i, _ in acknowledged}
        assert set(statuses.values()) <= {TaskStatus.PENDING, TaskStatus.SUCCEEDED}
        with WorkerPool(s, 4) as pool:
            assert pool.drain(PATIENCE)
        assert {s.status(i) for i in statuses} == {TaskStatus.SUCCEEDED}
    ran = lines(tmp_path, "ran")
    assert len(ran) == len({*ran}) and {n for _, n in acknowledged} <= {*ran}
