"""A pool at Ctrl-C, at the end of the interpreter, and in a forked child."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.pools import (  # noqa: F401
    ROOT,
    nothing_hangs_and_no_thread_is_left,
    who_is_not_told_waits_on,
)
from tests.test_threads import PATIENCE

PREAMBLE = """
import json, sys, threading, time
from sched import HeapScheduler, RetryPolicy, WorkerPool
s = HeapScheduler(history=10**6)
say = lambda *words: print(" ".join(map(str, words)) + "\\n", end="", flush=True)
"""


class Child:
    """Another Python that runs some code, and is killed if it does not end in time."""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PREAMBLE + code],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.watch = threading.Timer(PATIENCE, os.killpg, (self.process.pid, signal.SIGKILL))
        self.watch.start()

    def reads(self) -> str:
        """The next line that it prints."""
        return self.process.stdout.readline().rstrip()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def finish(self, words: str = "") -> list[str]:
        """The rest of what it prints, once it has ended by itself."""
        self.process.stdin.write(words)
        self.process.stdin.close()
        with self.process.stdout as out:
            lines = out.read().splitlines()
        code = self.process.wait()
        self.watch.cancel()
        assert code == 0, lines
        return lines


INTERRUPTED = """
import logging
logging.disable()
begun, ended, ids = [], [], []
def action():
    begun.append(1)
    time.sleep(0.003)
    ended.append(1)
    add()  # so that it never runs dry
    if len(ended) % 5 == 0:
        raise ValueError("again")
def add():
    ids.append(s.add_task(1, "t", action=action, retry=RetryPolicy(base=0.01)))
try:
    with WorkerPool(s, 4) as pool:
        for _ in range(400): add()
        say("running")
        MAIN
except KeyboardInterrupt:
    say("interrupted")
m = s.metrics()
say(json.dumps({
    "begun": len(begun), "ended": len(ended), "running": m.running, "pending": m.pending,
    "threads": [t.name for t in threading.enumerate() if "-worker-" in t.name],
    "statuses": sorted({str(s.status(i)) for i in ids}),
}))
"""


@pytest.mark.parametrize(
    ("main", "after"), [("drain", 0), ("add", 0), ("add", 0.05), ("wait", 0.05), ("leave", 0)]
)
def test_ctrl_c_ends_running_tasks_and_loses_none(main: str, after: float) -> None:
    does = {
        "drain": "pool.drain()",
        "add": "while True: add()",
        "wait": "while True: time.sleep(0.01)",
        "leave": "pool.shutdown()\n        while True: time.sleep(0.01)",
    }
    child = Child(INTERRUPTED.replace("MAIN", does[main]))
    assert child.reads() == "running"
    time.sleep(after)
    child.interrupt()
    first, report = child.finish()
    found = json.loads(report)
    assert first == "interrupted"
    assert found["begun"] == found["ended"]
    assert found["running"] == 0 and found["threads"] == []
    assert found["pending"]
    assert set(found["statuses"]) <= {"PENDING", "SUCCEEDED", "FAILED"}


def test_a_second_ctrl_c_stops_the_waiting_and_the_task_ends_at_exit() -> None:
    child = Child("""
def action():
    say("running")
    sys.stdin.readline()
    say("task ended")
leaves = threading.Semaphore(0)
def tell_when_waited_for():  # begun here: at exit no thread can be started
    for _ in range(2):
        leaves.acquire()
        while not pool._onlookers._bells: time.sleep(0.001)
        say("waiting")
threading.Thread(target=tell_when_waited_for, daemon=True).start()
class Pool(WorkerPool):
    def shutdown(self, *args):
        say("leaving")
        leaves.release()
        super().shutdown(*args)
try:
    with Pool(s) as pool:
        s.add_task(1, "t", action=action)
        pool.drain()
except KeyboardInterrupt:
    say("left, task is", s.status(1))
""")
    assert child.reads() == "running"
    child.interrupt()
    assert [child.reads(), child.reads()] == ["leaving", "waiting"]
    child.interrupt()
    assert child.reads() == "left, task is RUNNING"
    assert [child.reads(), child.reads()] == ["leaving", "waiting"]  # again, at exit
    assert child.finish("go\n") == ["task ended"]


def test_a_pool_that_nobody_shuts_down_lets_running_tasks_end_at_exit() -> None:
    child = Child("""
begun = threading.Event()
def action():
    begun.set()
    while not pool._onlookers._bells: time.sleep(0.001)  # until somebody waits for it
    say("task ended")
pool = WorkerPool(s, 1).start()
for _ in range(100): s.add_task(1, "t", action=action)
begun.wait()
say("leaving")
""")
    leaving, warning, ended = child.finish()
    assert (leaving, ended) == ("leaving", "task ended")
    assert "was not shut down: waiting for its running tasks; pending ones, 99, are lost" in warning


def test_no_pool_starts_a_task_while_another_is_waited_for_at_exit() -> None:
    child = Child("""
import logging
logging.disable()
begun = threading.Barrier(3)
def first():
    begun.wait()
    while not any(pool._onlookers._bells for pool in pools): time.sleep(0.001)
    say("ended")
def later():
    say("started")
others = [HeapScheduler(), HeapScheduler()]
pools = [WorkerPool(each, 1).start() for each in others]
for each in others:
    each.add_task(1, "t", action=first)
    for _ in range(50): each.add_task(2, "t", action=later)
begun.wait()
""")
    assert child.finish() == ["ended", "ended"]


def test_a_log_that_raises_at_exit_ends_no_task() -> None:
    child = Child("""
import logging
def refuse(record): raise SystemExit("a filter of the application")
logging.getLogger("sched.workers").addFilter(refuse)
begun = threading.Event()
def action():
    begun.set()
    while not pool._onlookers._bells: time.sleep(0.001)
    say("task ended")
pool = WorkerPool(s, 1).start()
s.add_task(1, "t", action=action)
begun.wait()
""")
    assert child.finish() == ["task ended"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_ends_although_it_has_none_of_the_workers() -> None:
    child = Child("""
import os, warnings
warnings.simplefilter("ignore")
with WorkerPool(s) as pool:
    while len(pool._sleepers.idle) < 4: time.sleep(0.001)
    pid = os.fork()
    if not pid:
        sys.exit(7)
    say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
""")
    assert child.finish() == ["7"]
