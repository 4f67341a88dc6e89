"""One owner of a file, whatever becomes of locks, names and forks; and no caller waits for ever."""

import errno
import gc
import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from sched import RetryPolicy, WorkerPool
from sched.durable import (
    Reader,
    SQLiteScheduler,
    StorageError,
    action,
    opening,
    owner_of,
    ownership,
)
from sched.durable.store import Store
from tests.mutants import ROOT

PATIENCE = float(os.environ.get("SCHED_PATIENCE", "60"))


class Moody:
    """A retry policy of the user's own, whose pause is no number of seconds."""

    def allows(self, attempts: int, error: object) -> bool:
        return True

    def pause(self, attempts: int) -> Any:
        return float("nan")


@action("test_durable_owner.moody", retry=Moody())  # type: ignore[arg-type]
def moody() -> None: ...


@action("test_durable_owner.fails")
def fails() -> None:
    raise OSError("no route")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.db"


def python(code: str, *arguments: Any) -> str:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout


def change(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


# --- locks ----------------------------------------------------------------------------------------


def test_looking_for_an_owner_takes_no_lock_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process loses its lock on a file by closing it anywhere: not while another thread opens."""
    opened: SimpleQueue[SQLiteScheduler] = SimpleQueue()
    opening = threading.Thread(target=lambda: opened.put(SQLiteScheduler(path)), daemon=True)
    lock = ownership._lock

    def another_thread_opens_it(descriptor: int, *, shared: bool = False) -> bool:
        taken = lock(descriptor, shared=shared)
        if shared:
            opening.start()
            opening.join(0.5)  # as long as it likes, if it can
        return taken

    SQLiteScheduler(path).close()
    monkeypatch.setattr(ownership, "_lock", another_thread_opens_it)
    owner_of(path)
    monkeypatch.undo()
    opening.join(PATIENCE)
    s = opened.get(timeout=PATIENCE)
    look = "import sys; from sched.durable import owner_of; print(owner_of(sys.argv[1]))"
    assert python(look, path).strip() == str(os.getpid())
    s.close()


def test_an_instant_of_somebody_who_looks_keeps_nobody_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, refused = ownership._lock, [False, False]

    def is_looked_at(descriptor: int, **how: bool) -> bool:
        return refused.pop() if refused else lock(descriptor, **how)

    monkeypatch.setattr(ownership, "_lock", is_looked_at)
    SQLiteScheduler(path).close()


def test_an_owner_whose_lock_did_not_hold_commits_nothing_more(path: Path) -> None:
    """Its lock file was deleted, and another process has opened the database: nothing twice."""
    s = SQLiteScheduler(path)
    s.add_tasks([(1, "a"), (2, "b")])
    path.with_name("t.db-owner").unlink()
    code = """
        import sys
        from sched.durable import SQLiteScheduler
        with SQLiteScheduler(sys.argv[1]) as s:
            s.complete(s.get_next_task())
    """
    python(code, path)
    for call in (s.get_next_task, lambda: s.add_task(1, "c"), lambda: s.cancel(2)):
        with pytest.raises(StorageError, match=r"t\.db: another owner has opened it since"):
            call()
    s.close()
    with SQLiteScheduler(path) as again:
        again.check()
        assert [task.name for task in again.pending_tasks()] == ["b"]


def test_a_file_of_the_parent_is_not_opened_in_a_forked_child(path: Path) -> None:
    """SQLite would think that the child has the parent's locks. Another program then sees none and
    deletes the log in which the child's tasks are."""
    code = """
        import os, sys, warnings
        from sched.durable import SQLiteScheduler
        warnings.simplefilter("ignore")  # of a fork beside threads, which is the point
        s = SQLiteScheduler(sys.argv[1])
        if os.fork() != 0:
            s.close()
            os.wait()
        else:
            read, write = os.pipe()
            try:
                SQLiteScheduler(sys.argv[1])
            except Exception as error:
                print(error, flush=True)
            SQLiteScheduler(sys.argv[1] + "-other").add_task(1, "t")
            print("another", flush=True)
            os._exit(0)
    """
    refused, another = python(code, path).splitlines()
    assert refused == (
        f"{path}: it was open when this process was forked: open it in one that is started anew"
    )
    assert another == "another"


def test_a_lock_file_that_cannot_be_written_is_told_and_leaves_nothing_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match=r"t\.db: it cannot be locked: No space left"):
        SQLiteScheduler(path)
    monkeypatch.undo()
    assert owner_of(path) is None
    SQLiteScheduler(path).close()


def test_what_stands_in_a_lock_file_is_no_reason_to_fail(path: Path) -> None:
    with SQLiteScheduler(path):
        code = """
            import sys
            from sched.durable import owner_of
            with open(sys.argv[1] + "-owner", "w") as file: file.write("not a pid")
            print(owner_of(sys.argv[1]))
        """
        assert python(code, path) == "0\n"


# --- names ----------------------------------------------------------------------------------------


def test_a_file_of_two_names_is_refused(path: Path) -> None:
    """SQLite has a log for each name: what is in one of them is not seen under the other."""
    SQLiteScheduler(path).close()
    other = path.with_name("other.db")
    os.link(path, other)
    for name in (path, other):
        with pytest.raises(StorageError, match=r"it has 2 names \(hard links\)"):
            SQLiteScheduler(name)
    other.rename(path.with_name("t.db-new"))  # as a backup that was interrupted leaves it
    SQLiteScheduler(path).close()
    assert sorted(each.name for each in path.parent.iterdir()) == [
        "other.db-owner",
        "t.db",
        "t.db-owner",
    ]


def test_a_link_that_leads_nowhere_is_one_name_of_the_file_that_is_made(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with SQLiteScheduler(link):
        assert (link.is_symlink(), path.exists()) == (True, True)
        for name in (link, path):
            assert owner_of(name) == os.getpid()
            with pytest.raises(StorageError, match="open already"):
                SQLiteScheduler(name)


def test_a_relative_path_leads_to_the_same_file_wherever_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        s, reader = SQLiteScheduler("t.db"), Reader("t.db")
        s.add_task(1, name)
        if name == "here":
            first, its_reader = s, reader
    first.backup("copy.db")
    for each in (its_reader, Reader("copy.db")):
        assert [task.name for task in each.pending()] == ["here"]


@pytest.mark.parametrize("odd", ["a b?c#d%20&mode=ro.db", "ü漢.db", "-x", "~", ".hidden"])
def test_a_name_may_be_odd(tmp_path: Path, odd: str) -> None:
    with SQLiteScheduler(tmp_path / odd) as s:
        s.add_task(1, "t")
        s.backup(tmp_path / f"{odd}.copy")
        assert owner_of(tmp_path / odd) == os.getpid()
    assert (tmp_path / odd).exists()
    assert len(Reader(tmp_path / f"{odd}.copy").pending()) == 1


@pytest.mark.parametrize("bad", [7, b"x", "", ":memory:", "a\0b"])
def test_what_is_no_path_is_named_by_all_that_take_one(tmp_path: Path, bad: Any) -> None:
    for call in (SQLiteScheduler, Reader, owner_of, SQLiteScheduler(tmp_path / "s.db").backup):
        with pytest.raises((TypeError, ValueError), match=r"^path must be"):
            call(bad)


def test_a_name_that_is_too_long_and_a_folder_are_told_to_readers_too(tmp_path: Path) -> None:
    for path, why in ((tmp_path / ("x" * 300), "File name too long"), (tmp_path, "a directory")):
        with pytest.raises(StorageError, match=why):
            Reader(path)
        with pytest.raises(StorageError):
            SQLiteScheduler(path)


@pytest.mark.parametrize("durability", ["full", "async"])
def test_nothing_is_acknowledged_in_a_file_that_is_gone(path: Path, durability: Any) -> None:
    s = SQLiteScheduler(path, durability=durability)
    s.add_task(1, "t")
    kept = path.with_name("kept.db")
    path.rename(kept)
    for replaced in (False, True):
        if replaced:
            path.write_bytes(b"something else")
        for call in (lambda: s.add_task(1, "u"), s.get_next_task):
            with pytest.raises(StorageError, match=r"t\.db: it has been deleted, or replaced"):
                call()
    kept.rename(path)
    s.add_task(1, "it is back")
    s.check()
    s.close()


# --- nobody waits for ever ------------------------------------------------------------------------


def within_patience(call: Any) -> Any:
    """What a call returns or raises; fails if it does neither."""
    outcome: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put(call())
        except BaseException as error:
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome.get(timeout=PATIENCE)


def at_once(
    s: SQLiteScheduler, *requests: Any, before: tuple[Any, ...] = (Store.size,)
) -> list[Any]:
    """What becomes of requests that the writer finds all at once, after one before them, which is
    over meanwhile: (function, arguments...) each."""
    held, go = threading.Event(), threading.Event()
    outcomes: dict[int, Any] = {}

    def hold(store: Store) -> None:
        function, *arguments = before
        function(store, *arguments)
        held.set()
        assert go.wait(PATIENCE)

    def call(number: int, function: Any, *arguments: Any) -> None:
        try:
            outcomes[number] = s.ledger._request(function, *arguments)  # type: ignore[attr-defined]
        except BaseException as error:
            outcomes[number] = error

    inbox = s.ledger._inbox  # type: ignore[attr-defined]
    threads = [threading.Thread(target=call, args=(-1, hold), daemon=True)]
    threads[0].start()
    assert held.wait(PATIENCE)
    for number, request in enumerate(requests):
        threads.append(threading.Thread(target=call, args=(number, *request), daemon=True))
        threads[-1].start()
        while inbox.requests.qsize() < number + 1:
            pass
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return [outcomes[number] for number in range(len(requests))]


def breaks(store: Store) -> None:
    raise ZeroDivisionError


def test_a_transaction_cannot_close_the_file_under_itself(path: Path) -> None:
    s = SQLiteScheduler(path)
    error = within_patience(lambda: s.transact(lambda t: s.close()))
    assert "would wait for the writer" in str(error)
    s.close()
    s.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_waits_for_a_writer_that_breaks_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_again(store: Store) -> None:
        raise SystemExit("a fault of ours")

    s = SQLiteScheduler(path)
    monkeypatch.setattr(Store, "undo", breaks_again)
    one, other = at_once(s, (breaks,), (Store.add, 1, "t"))
    assert "its writer broke: SystemExit" in str(one)
    assert isinstance(other, StorageError)
    monkeypatch.undo()
    assert "it is closed" in str(within_patience(lambda: s.add_task(1, "t")))
    s.close()
    with SQLiteScheduler(path) as again:
        again.check()


def test_a_file_is_closed_though_somebody_has_closed_its_lock(path: Path) -> None:
    """As programs do that close all descriptors they know nothing of."""
    s = SQLiteScheduler(path)
    os.close(ownership._owned[os.path.realpath(path)].descriptor)
    assert within_patience(s.close) is None
    with SQLiteScheduler(path) as again:
        again.check()


def test_what_comes_before_a_close_is_done_though_something_breaks(path: Path) -> None:
    s = SQLiteScheduler(path)
    requests = ((breaks,), (Store.add, 1, "a"), (Store.add, 1, "b"), (None,))
    broken, first, second, closed = at_once(s, *requests)
    assert isinstance(broken, ZeroDivisionError)
    assert (first[3], second[3], closed) == ("a", "b", None)
    with SQLiteScheduler(path) as again:
        assert len(again) == 2


def test_what_async_could_not_keep_is_told_to_one_of_many(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = SQLiteScheduler(path, durability="async")
    commit, left = Store.commit, [1]

    def fails_once(store: Store) -> None:
        if left and store.connection.in_transaction:
            left.pop()
            raise sqlite3.OperationalError("disk I/O error")
        commit(store)

    len(s)
    monkeypatch.setattr(Store, "commit", fails_once)
    first, *others = at_once(s, *[(Store.add, 1, "t")] * 3, before=(Store.add, 1, "not kept"))
    assert "the last tasks could not be kept" in str(first)
    assert [entry[3] for entry in others] == ["t", "t"]
    assert len(s) == 2
    s.check()
    s.close()


def test_a_lock_of_another_program_is_waited_for_once_by_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by one caller after the other, five seconds each."""
    monkeypatch.setattr(opening, "BUSY", 0.05)
    s = SQLiteScheduler(path)
    begun: list[str] = []
    s.ledger._call(  # type: ignore[attr-defined]
        lambda store: store.connection.set_trace_callback(begun.append)
    )
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = at_once(s, *[(Store.add, 1, "t")] * 8)
    other.execute("ROLLBACK")
    other.close()
    assert all("another program has it locked" in str(each) for each in outcomes)
    assert begun.count("BEGIN IMMEDIATE") == 1
    assert s.add_task(1, "t") == 1
    s.check()
    s.close()


# --- what was not the task's fault ----------------------------------------------------------------


def test_a_lock_of_another_program_takes_no_attempt_from_a_task(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that could not be written is not one that the policy refuses."""
    s = SQLiteScheduler(path)
    s.add_task(1, "t", action=fails, retry=RetryPolicy(max_attempts=5, base=3600))
    retry, left = Store.retry, [1]

    def is_locked(store: Store, *arguments: Any) -> Any:
        if left:
            left.pop()
            raise sqlite3.OperationalError("database is locked")
        return retry(store, *arguments)

    monkeypatch.setattr(Store, "retry", is_locked)
    with pytest.raises(RuntimeError, match="crashed with StorageError"), WorkerPool(s, 1) as pool:
        pool.drain(PATIENCE)
    assert (s.metrics().dead_letters, s.metrics().running) == (0, 0)  # recorded at the shutdown
    s.close()
    with SQLiteScheduler(path) as again:
        assert again.metrics().waiting == 1


def test_a_policy_with_an_odd_pause_keeps_no_file_from_being_opened(path: Path) -> None:
    with SQLiteScheduler(path) as s:
        s.add_task(1, "t", action=moody)
        s.get_next_task()
    with SQLiteScheduler(path) as s:
        s.check()
        assert s.metrics().ready == 1


def test_a_closed_scheduler_has_a_repr(path: Path) -> None:
    s = SQLiteScheduler(path)
    assert "0 pending" in repr(s)
    s.close()
    assert repr(s) == f"<SQLiteScheduler: {path}: it is closed>"


def test_a_scheduler_that_a_function_referred_to_is_let_go(path: Path) -> None:
    def use() -> None:
        s = SQLiteScheduler(path)
        s.transact(lambda t: repr(s.path))

    use()
    gc.collect()
    SQLiteScheduler(path).close()
