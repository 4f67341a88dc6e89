"""What the tasks of the executor suite do, wherever they run: functions that a process can import
and a file can name. They tell what they have done by writing into a folder, as all that two
processes share is the disk.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from sched.durable import action
from sched.workers import current_task, time_left

PATIENCE = float(os.environ.get("SCHED_PATIENCE", "60"))


def append(path: Path, line: str) -> None:
    """Add a line to a file, in one step that no other process comes between."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(descriptor, f"{line}\n".encode())
    finally:
        os.close(descriptor)


def lines(folder: str | Path, name: str) -> list[str]:
    """What has been written under a name."""
    path = Path(folder, name)
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@action("jobs.empty")
def empty() -> None:
    """Nothing."""


@action("jobs.note")
def note(folder: str, name: str, line: str) -> str:
    append(Path(folder, name), line)
    return line


@action("jobs.fails")
def fails(folder: str, name: str, times: int) -> int:
    """Fails so many times, and then returns how often it was tried. Overlaps are noted."""
    inside = Path(folder, f"{name}.inside")
    try:
        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        append(Path(folder, "overlaps"), name)
        raise
    try:
        append(Path(folder, name), str(current_task().attempts))
        tried = len(lines(folder, name))
        if tried <= times:
            raise ValueError(f"{name}, {tried}")
        return tried
    finally:
        inside.unlink()


@action("jobs.counted")
def counted(folder: str, name: str, failures: int, deaths: int) -> int:
    """Fails so often, then kills its process so often, then returns how often it was tried. Each
    attempt is logged, and each that begins while another one is inside."""
    attempt = current_task().attempts
    append(Path(folder, "log"), f"{name} {attempt} {os.getpid()}")
    inside = f"{folder}/{name}"
    try:
        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        append(Path(folder, "overlaps"), f"{name} {attempt}")
        raise
    os.unlink(inside)
    if attempt <= failures:
        raise ValueError(attempt)
    if attempt <= failures + deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return attempt


@action("jobs.alone")
def alone(folder: str, name: str, deed: str, times: int) -> str:
    """Does its deed in so many attempts, and then returns its name. Each attempt is logged, and
    each that begins while another one is at it: that one has a lock, which the system takes from
    a process that dies."""
    import fcntl  # here: not every system has it

    attempt = current_task().attempts
    append(Path(folder, "log"), f"{name} {attempt} {os.getpid()}")
    with Path(folder, f"{name}.lock").open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            append(Path(folder, "overlaps"), f"{name} {attempt}")
            raise
        if attempt > times:
            return name
        if deed == "fails":
            raise ValueError(attempt)
        if deed == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if deed == "exits":
            os._exit(attempt)
        if deed == "computes":
            end = time.monotonic() + 0.05
            while time.monotonic() < end:
                pass
            return name
        time.sleep(3600)
    raise AssertionError("nobody has stopped it")


@action("jobs.logged")
def logged(folder: str, name: str) -> None:
    """Logs its attempt and its process. It leaves nothing half done that stops the next attempt."""
    append(Path(folder, "log"), f"{name} {current_task().attempts} {os.getpid()}")


@action("jobs.dies")
def dies(folder: str, name: str, times: int) -> str:
    """Kills its own process so many times."""
    append(Path(folder, name), str(os.getpid()))
    if len(lines(folder, name)) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


@action("jobs.exits")
def exits(code: int) -> None:
    os._exit(code)


@action("jobs.hangs")
def hangs(folder: str, name: str) -> None:
    """Says that it runs, and in which process, and then sleeps for an hour."""
    append(Path(folder, name), str(os.getpid()))
    time.sleep(3600)


@action("jobs.polite")
def polite(folder: str, name: str) -> str:
    """Says that it runs; goes on until it is cancelled or its time is over."""
    append(Path(folder, name), str(os.getpid()))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if current_task().cancelled:
            return "was cancelled"
        if time_left() == 0:
            return "came too late"
        time.sleep(0.001)
    raise AssertionError("nobody has stopped it")


@action("jobs.waits")
def waits(folder: str, name: str) -> str:
    """Says that it runs, and goes on until there is a file ``go``."""
    append(Path(folder, name), str(os.getpid()))
    end = time.monotonic() + PATIENCE
    while not Path(folder, "go").exists():
        assert time.monotonic() < end
        time.sleep(0.001)
    return "went"


@action("jobs.raises")
def raises(name: str) -> None:
    raise {
        "ValueError": ValueError("x"),
        "SystemExit": SystemExit(3),
        "KeyboardInterrupt": KeyboardInterrupt(),
        "GeneratorExit": GeneratorExit(),
        "OddError": OddError(1, 2),
        "SilentError": SilentError(),
    }[name]


class OddError(Exception):
    """One that does not come back from being pickled."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(a)


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@action("jobs.who")
def who() -> list[Any]:
    """What an action can ask for, as values that JSON knows."""
    task = current_task()
    return [task.id, str(task), task.attempts, time_left() < 3600]


@action("jobs.odd_result")
def odd_result() -> Any:
    return lambda: None


@action("jobs.async_sleeps")
async def async_sleeps(seconds: float, result: str) -> str:
    await asyncio.sleep(seconds)
    return result


@action("jobs.async_hangs")
async def async_hangs(folder: str, name: str) -> None:
    append(Path(folder, name), str(os.getpid()))
    await asyncio.sleep(3600)


@action("jobs.comes_back_twice")
def comes_back_twice() -> int:
    """The process that it forks comes back from the action as well."""
    return os.fork()


@action("jobs.dies_but_for_a_child")
def dies_but_for_a_child(folder: str, name: str) -> None:
    child = os.fork()
    if not child:
        time.sleep(3600)
    append(Path(folder, name), str(child))
    os.kill(os.getpid(), signal.SIGKILL)


MAILBOX = multiprocessing.Pipe()


@action("jobs.hears_a_child")
def hears_a_child(folder: str, name: str) -> None:
    """It forks, and its child says something by a pipe that the module has."""
    here, there = MAILBOX
    child = os.fork()
    if not child:
        there.send(name)
        os._exit(0)
    os.waitpid(child, 0)
    append(Path(folder, name), here.recv() if here.poll() else "nothing")


class Unwritable:
    """What ends whoever pickles it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __reduce__(self) -> Any:
        raise Leaves(self.text)


class Leaves(SystemExit):
    def __str__(self) -> str:
        return str(self.args[0]) or sys.exit()


@action("jobs.unwritable")
def unwritable(text: str) -> Unwritable:
    return Unwritable(text)


@action("jobs.same")
def same(value: int, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return value


@action("jobs.exit_code_of")
def exit_code_of(child: int) -> int:
    """Waits for what this process has forked."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
