"""One writer: what is answered is on disk, one commit serves many, and only the culprit fails."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from sched import InvalidTransitionError, VirtualClock, WorkerPool
from sched.durable import SQLiteScheduler, StorageError, action
from sched.durable.store import Store
from sched.entry import Details, details_of
from sched.task import pending_task
from tests.mutants import ROOT
from tests.schedulers import FileScheduler

PATIENCE = float(os.environ.get("SCHED_PATIENCE", "60"))


@action("test_durable_commits.work")
def work() -> None: ...


def ask(s: SQLiteScheduler, look: Any) -> Any:
    """What a look by the writer finds."""
    return s.ledger._call(look)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1), ("async", 1)])
def test_each_durability_has_its_level_of_synchronous(
    tmp_path: Path, durability: Any, level: int
) -> None:
    s = SQLiteScheduler(tmp_path / "t.db", durability=durability)

    def look(store: Store) -> list[Any]:
        names = ("journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync")
        return [store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert ask(s, look) == ["wal", level, 1, 1]
    s.close()


@pytest.mark.parametrize("durability", ["full", "normal"])
def test_what_is_answered_is_committed(tmp_path: Path, durability: Any) -> None:
    """Another connection sees it, at once and whatever the method."""
    path = tmp_path / "t.db"
    clock = VirtualClock(0.0)
    s = SQLiteScheduler(path, durability=durability, clock=clock)
    other = sqlite3.connect(path, isolation_level=None)

    def states() -> str:
        rows = other.execute("SELECT state FROM sched_tasks ORDER BY id").fetchall()
        return "".join(str(state) for (state,) in rows)

    s.add_task(1, "a")
    assert states() == "2"
    s.add_tasks([(2, "b"), (3, "c", 5)])
    assert states() == "221"
    task = s.get_next_task()
    assert states() == "321"
    s.complete(task)
    assert states() == "421"
    s.reprioritize(2, 7)
    assert other.execute("SELECT priority FROM sched_tasks WHERE id = 2").fetchone() == (7,)
    s.cancel(3)
    assert states() == "426"
    s.fail(s.get_next_task(), "e", retry_in=5)
    assert states() == "416"
    clock.advance(5)
    s.fail(s.get_next_task(), "e")
    assert states() == "456"
    s.requeue(2)
    assert states() == "426"
    s.fail(s.get_next_task(), "e")
    s.discard(2)
    assert states() == "46"
    other.close()
    s.close()


def test_one_commit_serves_all_who_wait(tmp_path: Path) -> None:
    """While the writer is held up, requests gather; they are done in one transaction."""
    s = FileScheduler()
    held, go = threading.Event(), threading.Event()
    commits: list[str] = []

    def hold(store: Store) -> None:
        store.connection.set_trace_callback(
            lambda sql: commits.append(sql) if sql == "COMMIT" else None
        )
        held.set()
        assert go.wait(PATIENCE)

    ids: SimpleQueue[int] = SimpleQueue()
    holder = threading.Thread(target=ask, args=(s, hold), daemon=True)
    holder.start()
    assert held.wait(PATIENCE)
    callers = [
        threading.Thread(target=lambda: ids.put(s.add_task(1, "t")), daemon=True) for _ in range(32)
    ]
    for caller in callers:
        caller.start()
    inbox = s.ledger._inbox  # type: ignore[attr-defined]
    while inbox.requests.qsize() < 32:
        assert holder.is_alive()
    go.set()
    for caller in [holder, *callers]:
        caller.join(PATIENCE)
    assert sorted(ids.get() for _ in callers) == list(range(1, 33))
    assert len(commits) == 1
    s.check()


@pytest.mark.parametrize("seed", range(8))
def test_moves_of_one_commit_are_all_in_the_file(seed: int) -> None:
    """Whatever a task has been through since the last commit, its row is what it is now."""
    rng, clock = random.Random(seed), VirtualClock(1000.0)
    s = FileScheduler(clock=clock, history=30)

    def facts(task: Any) -> list[Any]:
        found = pending_task(task, "") if isinstance(task, tuple) else task
        names = ("status", "entry", "attempts", "number", "started_at", "finished_at", "result")
        values = [getattr(found, name) for name in names]
        values[1] = [*found.entry[:3], details_of(found.entry)[:6], found.key, found.added_at]
        return [*values, found.error]

    def some_moves(store: Store) -> dict[int, list[Any]]:
        for number in range(rng.randrange(2, 12)):
            clock.advance(rng.choice([0, 1]))
            # To ask the store what is pending would write what has changed so far.
            running, pending = [*store.running.values()], [*store.window.live]
            match rng.choice("aattttcccbrxpq"):
                case "a":
                    details = Details("new", 3, args=(number,), key=f"key {rng.randrange(3)}")
                    store.add(rng.randrange(5), rng.choice(["new", details]))
                case "t":
                    store.take()
                case "c" if running:
                    store.complete(rng.choice(running), rng.choice([None, {"number": number}]))
                case "b" if running:
                    store.bury(rng.choice(running), "for good")
                case "r" if running:
                    store.retry(rng.choice(running), "again", rng.choice([0, 1]))
                case "x" if pending:
                    store.cancel(rng.choice(pending))
                case "p" if pending:
                    store.reprioritize(rng.choice(pending), rng.randrange(-5, 5))
                case "q" if store.dead_ids:
                    with suppress(InvalidTransitionError):  # its key is another's now
                        store.requeue(rng.choice([*store.dead_ids]))
        ids = range(1, store.counters.last_id + 1)
        return {i: facts(item.task) for i in ids if (item := store.item(i)) is not None}

    def read(store: Store) -> dict[int, list[Any]]:
        assert not store.table.is_dirty
        ids = range(1, store.counters.last_id + 1)
        return {i: facts(item.task) for i in ids if (item := store.table.get(i)) is not None}

    for _ in range(25):
        assert ask(s, some_moves) == ask(s, read)
    s.check()


def test_a_request_that_breaks_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that were to share its transaction are done without it."""
    s = FileScheduler()
    s.add_task(1, "before")
    held, go = threading.Event(), threading.Event()

    def hold(store: Store) -> None:
        held.set()
        assert go.wait(PATIENCE)

    def breaks(store: Store) -> None:
        store.enter_new(0.0, 1, "half done")
        store.counters.ready += 5
        raise ZeroDivisionError("a fault of ours")

    outcomes: dict[int, Any] = {}

    def call(number: int, *request: Any) -> None:
        try:
            outcomes[number] = s.ledger._call(*request)  # type: ignore[attr-defined]
        except Exception as error:
            outcomes[number] = error

    threading.Thread(target=call, args=(-1, hold), daemon=True).start()
    assert held.wait(PATIENCE)
    inbox = s.ledger._inbox  # type: ignore[attr-defined]
    threads = []
    for number, request in enumerate([(Store.add, 2, "a"), (breaks,), (Store.add, 3, "b")]):
        threads.append(threading.Thread(target=call, args=(number, *request), daemon=True))
        threads[-1].start()
        while inbox.requests.qsize() < number + 1:
            pass
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert isinstance(outcomes[1], ZeroDivisionError)
    assert [outcomes[0][3], outcomes[2][3]] == ["a", "b"]
    s.check()
    assert [task.name for task in s.pending_tasks()] == ["before", "a", "b"]


def test_a_clock_that_raises_harms_nothing() -> None:
    class Faulty:
        broken = False

        def now(self) -> float:
            if self.broken:
                raise OSError("no time")
            return 1000.0

    clock = Faulty()
    s = FileScheduler(clock=clock)
    s.add_task(1, "a")
    task = s.get_next_task()
    s.add_task(2, "b", delay=5)
    clock.broken = True
    for call in (
        *(lambda: s.add_task(1, "c"), s.get_next_task, lambda: s.complete(task)),
        *(lambda: s.fail(task, "e", retry_in=1), lambda: s.cancel(2), s.metrics),
    ):
        with pytest.raises(OSError, match="no time"):
            call()
    clock.broken = False
    s.check()
    assert s.metrics()[:4] == (2, 0, 1, 1)
    s.complete(task)


def test_many_threads_lose_nothing_over_reopenings(tmp_path: Path) -> None:
    path, done = tmp_path / "t.db", Counter[int]()
    for opening in range(3):
        with SQLiteScheduler(path, window=7) as s:

            def use(number: int, s: SQLiteScheduler = s, opening: int = opening) -> None:
                rng = random.Random(number + 10 * opening)
                for _ in range(30):
                    s.add_task(rng.randrange(3), "t")
                    if rng.random() < 0.7 and (task := s.get_next_task()) is not None:
                        s.complete(task)
                        done[task.id] += 1

            threads = [threading.Thread(target=use, args=(n,), daemon=True) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
                assert not thread.is_alive()
            s.check()
    with SQLiteScheduler(path) as s:
        s.check()
        left = [task.id for task in s.pending_tasks()]
        assert sorted([*done, *left]) == list(range(1, 3 * 8 * 30 + 1))
        assert max(done.values()) == 1


def test_a_signal_handler_may_add_while_a_call_waits() -> None:
    """Of the thread that it interrupts, which waits for the writer and holds no lock."""
    s = FileScheduler()
    added: list[int] = []
    held = threading.Event()

    def hold(store: Store) -> None:
        # Python hears of one that comes right before the caller falls asleep when it wakes up.
        for _ in range(int(PATIENCE * 20)):
            os.kill(os.getpid(), signal.SIGUSR1)
            if held.wait(0.05):
                return

    def handler(*_: Any) -> None:
        if not held.is_set():
            held.set()
            added.append(s.add_task(1, "in the handler"))

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        ask(s, hold)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert added == [1]
    assert s.add_task(1, "after it") == 2
    s.check()


def test_a_pool_runs_what_is_in_a_file(tmp_path: Path) -> None:
    with SQLiteScheduler(tmp_path / "t.db", window=5) as s:
        s.add_tasks([{"priority": n % 3, "task_name": "t", "action": work} for n in range(100)])
        with WorkerPool(s, 8) as pool:
            s.add_task(1, "later", delay=0.01, action=work)
            assert pool.drain(PATIENCE)
        assert s.metrics().succeeded == 101
        s.check()


def test_a_pool_that_is_running_at_exit_ends_its_tasks_before_the_file_is_closed(
    tmp_path: Path,
) -> None:
    code = """
        import sys, time
        from sched import WorkerPool
        from sched.durable import SQLiteScheduler, action
        started = []
        @action("slow")
        def slow():
            started.append(1)
            time.sleep(0.3)
            return "done"
        s = SQLiteScheduler(sys.argv[1])
        s.add_tasks([{"priority": 1, "task_name": "t", "action": slow}] * 3)
        pool = WorkerPool(s, 1).start()
        while not started: time.sleep(0.001)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "t.db")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "stay in" in ran.stderr
    assert "Traceback" not in ran.stderr
    with SQLiteScheduler(tmp_path / "t.db") as s:
        m = s.metrics()
        assert (m.running, m.pending + m.succeeded, m.retried) == (0, 3, 0)
        assert m.succeeded >= 1


def test_what_async_could_not_keep_is_told_to_whoever_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = SQLiteScheduler(tmp_path / "t.db", durability="async")
    s.add_task(1, "kept")
    commit, left = Store.commit, [1]

    def fails_once(store: Store) -> None:
        if left and store.connection.in_transaction:
            left.pop()
            raise sqlite3.OperationalError("disk I/O error")
        commit(store)

    len(s)
    monkeypatch.setattr(Store, "commit", fails_once)
    s.add_task(1, "answered before it is committed")
    with pytest.raises(StorageError, match=r"t\.db: the last tasks could not be kept"):
        s.add_task(1, "next")
    assert len(s) == 1
    s.add_task(1, "and on it goes")
    s.check()
    s.close()
