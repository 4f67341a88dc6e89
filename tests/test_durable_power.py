"""A power cut: what "full" means beyond what kill -9 can show."""

import os
import random
import re
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sched import VirtualClock
from sched.durable import SQLiteScheduler
from tests import power
from tests.crashes import THREADS, Oracle, open_file, work
from tests.mutants import ROOT

SQLITE = power.library()
needs_library = pytest.mark.skipif(
    SQLITE is None, reason="the SQLite inside this Python cannot be reached from outside"
)
FILE = "tasks.db"
LOG = "tasks.db-wal"
CALLS = 100  # of each thread, at a time
BARRIER = 3  # SQLITE_SYNC_FULL: also where an fsync alone leaves it in the memory of the disk


def recorded(
    folder: Path, durability: str, use: Callable[[SQLiteScheduler, list[power.Event]], Any]
) -> list[power.Event]:
    """What is done to a new file by a scheduler that is opened, used and closed, twice."""
    with power.record(SQLITE) as events:
        for _ in range(2):
            with open_file(folder / FILE, durability) as s:
                use(s, events)
    return events


def cuts(
    events: list[power.Event], number: int, rng: random.Random, folder: Path
) -> list[tuple[int, Path]]:
    """So many moments at random, and a folder for each as a cut may leave it then.

    Most that is done is writing to the log; half of the moments are around what is not."""
    disk = power.Disk()
    left: list[tuple[int, Path]] = []
    rare = [i for i, (what, *name) in enumerate(events) if what != "said" and LOG not in name]
    moments = sorted(
        rng.choices(range(len(events) + 1), k=number - number // 2)
        + [i + rng.randrange(2) for i in rng.choices(rare, k=number // 2)]
    )
    for moment, event in enumerate([*events, None]):
        while moments and moments[0] == moment:
            left.append((moments.pop(0), folder / f"cut {len(left)}"))
            left[-1][1].mkdir()
            disk.cut(left[-1][1], rng)
        if event is not None:
            disk.do(event)
    return left


@pytest.fixture
def rng() -> random.Random:
    seed = int.from_bytes(os.urandom(4))
    print(f"seed {seed}")
    return random.Random(seed)


def work_in_threads(s: SQLiteScheduler, events: list[power.Event], rng: random.Random) -> None:
    """Random calls in several threads; what they say is noted among what is written."""

    def say(*line: Any) -> None:
        events.append(("said", [*line]))

    events.append(("opened",))
    start = len(events)
    # Until the log has been brought into the file, which is done now and then.
    while not any(event[:2] == ("sync", FILE) for event in events[start:]):
        threads = [
            threading.Thread(target=work, args=(s, number, rng.randrange(10**9), say, CALLS))
            for number in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def compare(events: list[power.Event], s: SQLiteScheduler) -> None:
    """What is in a file agrees with what was said before the cut."""
    oracle, said = Oracle(), list[list[Any]]()
    for what, *line in events:
        if what == "opened":
            oracle.read(said)
            oracle.crash()
            said = []
        elif what == "said":
            said += line
    oracle.compare(s, oracle.read(said))


@needs_library
def test_nothing_acknowledged_at_full_is_lost_in_a_power_cut(
    tmp_path: Path, rng: random.Random, pytestconfig: pytest.Config
) -> None:
    events = recorded(tmp_path, "full", lambda s, events: work_in_threads(s, events, rng))
    assert {event[2] for event in events if event[:2] == ("sync", LOG)} == {BARRIER}
    for moment, folder in cuts(events, pytestconfig.getoption("--cuts"), rng, tmp_path):
        with open_file(folder / FILE, "full", clock=VirtualClock(time.time())) as s:
            compare(events[:moment], s)


@needs_library
def test_a_power_cut_takes_the_last_moments_at_normal_and_nothing_before(
    tmp_path: Path, rng: random.Random, pytestconfig: pytest.Config
) -> None:
    """So the model has teeth: what is only written, and not synced, it loses."""

    def add(s: SQLiteScheduler, events: list[power.Event]) -> None:
        for number in range(200):
            events.append(("said", s.add_task(number % 3, "t")))

    events = recorded(tmp_path, "normal", add)
    lost = []
    for moment, folder in cuts(events, pytestconfig.getoption("--cuts"), rng, tmp_path):
        last = max((event[1] for event in events[:moment] if event[0] == "said"), default=0)
        with open_file(folder / FILE, "normal") as s:
            s.check()
            assert sorted(task.id for task in s.pending_tasks()) == [*range(1, len(s) + 1)]
            lost.append(last - len(s))
    assert max(lost) > 10
    assert min(lost) >= -1, "one can be there whose call was under way"


@needs_library
def test_a_power_cut_while_a_file_is_made_leaves_none_or_a_whole_one(
    tmp_path: Path, rng: random.Random
) -> None:
    with power.record(SQLITE) as noted:
        s = open_file(tmp_path / FILE, "full")
        events = [*noted]
        s.close()
    assert ("rename", f"{FILE}-new", FILE) in events
    disk = power.Disk()
    for moment, event in enumerate([("nothing",), *events]):
        disk.do(event)
        folder = tmp_path / f"cut {moment}"
        folder.mkdir()
        disk.cut(folder, rng)
        with open_file(folder / FILE, "full") as s:
            s.check()
            assert s.add_task(1, "t") == 1


# --- syncs, counted -------------------------------------------------------------------------------


def strace_works() -> bool:
    """Whether there is an strace that may trace a process here."""
    command = ["strace", "-qq", "true"]
    return bool(shutil.which("strace")) and not subprocess.run(command, check=False).returncode


def calls(trace: str) -> Iterator[tuple[str, str, str]]:
    """The calls of a trace as (what, file, text): a sync when it returns, others as they begin."""
    under_way: dict[str, str] = {}
    for line in trace.splitlines():
        process, call = line.split(maxsplit=1)
        if resumed := re.match(r"<\.\.\. (\w+) resumed>", call):
            if "sync" in resumed[1]:
                yield resumed[1], under_way[process], ""
        elif begun := re.match(r"(\w+)\(\d+<([^>]*)>(.*)", call):
            under_way[process] = begun[2]
            if not ("sync" in begun[1] and "<unfinished" in call):
                yield begun[1], begun[2], begun[3]


@pytest.mark.skipif(not strace_works(), reason="needs strace, and the permission to trace")
@pytest.mark.parametrize("durability", ["full", "normal"])
def test_every_answer_at_full_has_been_synced(durability: str, tmp_path: Path) -> None:
    """At normal it does not: so the trace shows it."""
    code = """
        import os, sys
        from tests.crashes import open_file
        s = open_file(sys.argv[1], sys.argv[2])
        for _ in range(100):
            os.write(1, b"ask")
            s.add_task(1, "t")
            os.write(1, b"told")
        os._exit(0)
    """
    trace = tmp_path / "trace"
    command = [
        "strace",
        "-f",
        "-qq",
        "-y",
        "-e",
        "trace=write,pwrite64,fsync,fdatasync",
        "-o",
        str(trace),
    ]
    child = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / FILE), durability]
    subprocess.run([*command, *child], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    steps = ""
    for what, file, text in calls(trace.read_text()):
        if file.endswith(LOG):
            steps += "s" if "sync" in what else "w"
        elif what == "write":
            steps += "?" * ('"ask"' in text) + "!" * ('"told"' in text)
    answers = re.findall(r"\?([ws]*)!", steps)
    assert len(answers) == 100
    if durability == "full":
        assert all(re.fullmatch("w+s+", answer) for answer in answers), steps
    else:
        assert not any("s" in answer for answer in answers), steps
