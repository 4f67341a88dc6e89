"""A file that is not as it should be: one clear error that names it, and nothing is lost."""

import errno
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sched import TaskStatus, UnknownTaskError, VirtualClock, WorkerPool
from sched.durable import Reader, SQLiteScheduler, StorageError, action, copying, opening, schema
from sched.durable.copying import compact_file, copy_file
from sched.durable.store import Store
from tests.mutants import ROOT


@action("test_durable_faults.work")
def work(n: int = 0) -> str:
    return "x" * n


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that every user may enter: pytest, whenever it starts, closes its own to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder).resolve()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed file with tasks: some to run, one dead letter, one done."""
    path = tmp_path / "tasks.db"
    with SQLiteScheduler(path) as s:
        s.add_tasks([(5, "t" * 100, 1000 if n % 2 else None) for n in range(200)])
        s.complete(s.get_next_task())
        s.fail(s.get_next_task(), "e")
    return path


def refused(path: Path, message: str) -> None:
    """Opening and looking are refused; what is there stays as it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StorageError, match=message) as caught:
        SQLiteScheduler(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert before == (path.read_bytes() if path.is_file() else None)


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


# --- what is there is no file of ours -------------------------------------------------------------


def test_an_empty_file_is_refused(path: Path) -> None:
    path.write_bytes(b"")
    refused(path, "it is empty: delete it if a new queue is to stand there")
    with pytest.raises(StorageError, match="it is empty"):
        Reader(path)


@pytest.mark.parametrize("content", [b"just a text", b"\0" * 5000, os.urandom(20_000)])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused(path, "not a file of this scheduler|empty database")
    with pytest.raises(StorageError, match=r"tasks\.db: "):
        Reader(path)


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE users (name TEXT)", "INSERT INTO users VALUES ('ada')")
    refused(path, "a database of something else")
    with pytest.raises(StorageError, match="a database of something else"):
        Reader(path)


def test_a_database_without_tables_is_refused(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE a (a)", "DROP TABLE a")
    refused(path, "empty database")


@pytest.mark.parametrize(
    "change_to", ["UPDATE sched_file SET magic = 'x'", "DELETE FROM sched_file"]
)
def test_a_file_without_the_magic_row_is_refused(path: Path, change_to: str) -> None:
    change(path, change_to)
    refused(path, "its table sched_file is not that of this scheduler")


def test_a_file_of_a_newer_version_is_refused(path: Path) -> None:
    change(path, f"UPDATE sched_file SET version = {schema.VERSION + 1}")
    refused(path, f"version {schema.VERSION + 1}, this program knows versions up to")


@pytest.mark.parametrize(
    ("make", "message"), [(os.mkdir, "it is a directory"), (os.mkfifo, "it is no regular file")]
)
def test_what_is_no_file_is_refused_and_nothing_is_made_beside_it(
    tmp_path: Path, make: Any, message: str
) -> None:
    path = tmp_path / "tasks.db"
    make(path)
    refused(path, message)
    with pytest.raises(StorageError, match=message):
        Reader(path)
    assert [*tmp_path.iterdir()] == [path]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"missing/tasks\.db: it cannot be locked: No such file"):
        SQLiteScheduler(tmp_path / "missing" / "tasks.db")


def test_a_log_without_its_file_is_refused_and_kept(path: Path) -> None:
    """A new file beside it would take the log for its own, and be damaged by it."""
    log = path.with_name("tasks.db-wal")
    path.rename(log)
    refused(path, "it is missing, but not tasks.db-wal, which belongs to it")
    assert log.stat().st_size > 0
    assert not path.exists()


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(path: Path, part: float) -> None:
    os.truncate(path, int(path.stat().st_size * part) // 512 * 512)
    refused(path, "damaged|not a database|disk image is malformed")


def test_a_page_that_was_overwritten_is_found_on_opening(path: Path) -> None:
    size = path.stat().st_size
    for page in range(1, size // 4096):
        copy = path.with_name(f"page {page}.db")
        shutil.copy(path, copy)
        with copy.open("r+b") as file:
            file.seek(4096 * page)
            file.write(b"\xff" * 4096)
        refused(copy, "damaged")


@pytest.mark.parametrize(
    "damage",
    [
        "arguments = '[[1], {]'",
        "arguments = '{}'",
        "retry = '{\"max_attempts\": -1}'",
        "retry = '['",
    ],
)
def test_a_row_that_makes_no_task_is_told_wherever_it_is_met(path: Path, damage: str) -> None:
    with SQLiteScheduler(path) as s:
        rows = [{"priority": 1, "task_name": "t", "action": work, "args": [1]} for _ in range(2)]
        ready, waiting = s.add_tasks([rows[0], {**rows[1], "delay": 1000}])
    change(path, f"UPDATE sched_tasks SET {damage} WHERE id IN ({ready}, {waiting})")
    before, message = path.read_bytes(), f"tasks.db: task ({ready}|{waiting}) is damaged: restore"
    reader = Reader(path)
    for look in (reader.pending, reader.next_run_time, lambda: reader.task(ready)):
        with pytest.raises(StorageError, match=message):
            look()
    assert path.read_bytes() == before
    with SQLiteScheduler(path) as s:
        for call in (
            s.get_next_task,
            s.peek_next_task,
            lambda: list(s.pending_tasks()),
            lambda: s.task(waiting),
            lambda: s.cancel(waiting),
        ):
            with pytest.raises(StorageError, match=message):
                call()
        assert s.status(s.add_task(5, "goes on")) is TaskStatus.PENDING
    change(path, f"UPDATE sched_tasks SET arguments = NULL, retry = NULL WHERE id >= {ready}")
    with SQLiteScheduler(path) as s:
        assert s.get_next_task().id == ready and s.cancel(waiting)
        s.check()


DAMAGED = r"tasks\.db: task {} is damaged: restore a backup, or give it up with discard\({}\)"


def met(task_id: int) -> Any:
    return pytest.raises(StorageError, match=DAMAGED.format(task_id, task_id))


@pytest.mark.parametrize(
    ("damage", "before"),
    [
        ("priority = 'x'", 1),
        ("name = CAST(x'ff' AS TEXT)", 1),
        ("arguments = CAST(x'ff' AS TEXT)", 1),
        ("arguments = '[[1], [2]]'", 1),
        (f"arguments = '{'[' * 100_000}'", 1),
        ("rank = 'x'", 2),  # which SQLite puts behind all numbers
        ("rank = x'00', priority = x'00'", 2),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize("ran", [False, True])
def test_taking_stops_at_a_damaged_row_until_it_is_given_up(
    tmp_path: Path, damage: str, before: int, ran: bool
) -> None:
    path = tmp_path / "tasks.db"
    with SQLiteScheduler(path) as s:
        s.add_task(2, "damaged", key="k")
        if ran:  # its owner has died
            assert s.get_next_task() is not None
        s.add_tasks([(1, "first"), (3, "last")])
    change(path, f"UPDATE sched_tasks SET {damage} WHERE id = 1")
    with met(1):
        Reader(path).task(1)
    with SQLiteScheduler(path) as s:
        tasks = s.get_next_tasks(5)
        assert [task.name for task in tasks] == ["first", "last"][:before]
        for _ in range(2):
            for take in (s.get_next_task, s.peek_next_task, lambda: s.get_next_tasks(5)):
                with met(1):
                    take()
        assert s.complete_and_get_next_task(tasks[0]) is None  # what has ended has ended
        assert s.status(tasks[0].id) is TaskStatus.SUCCEEDED
        assert len(s) == 3 - before
        s.discard(1)
        with pytest.raises(UnknownTaskError):
            s.status(1)
        s.add_task(4, "again", key="k")
        assert [task.name for task in s.get_next_tasks(5)] == ["last", "again"][before - 1 :]
        s.check()


def test_a_damaged_task_that_waits_keeps_nobody_up_until_it_is_due_and_taken(path: Path) -> None:
    clock = VirtualClock()
    path.unlink()
    with SQLiteScheduler(path, clock=clock) as s:
        s.add_task(1, "damaged", delay=10)
        s.add_task(0, "soon", delay=20)
    change(path, "UPDATE sched_tasks SET name = CAST(x'ff' AS TEXT) WHERE id = 1")
    with SQLiteScheduler(path, clock=clock) as s:
        assert s.get_next_task() is None and s.next_run_time() == 10
        clock.advance(30)
        assert s.add_task(2, "new") == 3 and s.metrics().ready == 3
        assert s.get_next_task().name == "soon"
        with met(1):
            s.get_next_task()
        s.discard(1)
        assert s.get_next_task().name == "new"
        s.check()


def test_what_has_ended_and_is_damaged_can_be_given_up(path: Path) -> None:
    change(path, "UPDATE sched_tasks SET error = CAST(x'ff' AS TEXT) WHERE state = 5")
    change(path, "UPDATE sched_tasks SET result = '[1' WHERE state = 4")
    with SQLiteScheduler(path) as s:
        with pytest.raises(StorageError, match="is damaged"):
            s.dead_letters()
        for i in (1, 3):
            with met(i):
                s.task(i)
            s.discard(i)
        assert s.dead_letters() == []
        s.check()


def test_a_result_that_is_no_json_is_told(path: Path) -> None:
    change(path, "UPDATE sched_tasks SET result = '[1' WHERE id = 1")
    with SQLiteScheduler(path) as s, pytest.raises(StorageError, match="task 1 is damaged"):
        s.task(1)


def test_damage_that_sqlite_cannot_put_into_words_is_told(path: Path) -> None:
    content = path.read_bytes()
    place = content.index(b"openings INTEGER NOT NULL")
    path.write_bytes(content[:place] + b"\xff\xff " + content[place + 3 :])
    refused(path, "damaged")
    with pytest.raises(StorageError, match="damaged"):
        Reader(path)


def test_a_row_that_breaks_the_schema_is_refused_by_the_database(path: Path) -> None:
    for wrong in ("state = 9", "state = 'x'", "name = NULL", "run_at = 'soon'", "name = x'00'"):
        with pytest.raises(sqlite3.Error):
            change(path, f"UPDATE sched_tasks SET {wrong} WHERE id = 5")


# --- what may not be written ----------------------------------------------------------------------


def opened_by_nobody(path: Path) -> str:
    """What opening it says to a user whom permissions bind; root may write everything."""
    code = """
        import os, sys
        from sched.durable import SQLiteScheduler
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            SQLiteScheduler(sys.argv[1])
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(0)
    """
    return as_nobody(code, path)


def as_nobody(code: str, path: Path) -> str:
    """What a program says of a file."""
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout + ran.stderr


def test_a_file_that_is_read_only_is_refused(path: Path) -> None:
    path.parent.chmod(0o777)
    path.with_name("tasks.db-owner").chmod(0o666)
    path.chmod(0o444)
    assert f"StorageError: {path}: it cannot be written" in opened_by_nobody(path)


def test_a_folder_that_is_read_only_is_refused(path: Path) -> None:
    path.with_name("tasks.db-owner").unlink()
    path.parent.chmod(0o555)
    said = opened_by_nobody(path)
    path.parent.chmod(0o755)
    assert f"StorageError: {path}: it cannot be locked: Permission denied" in said


def test_a_file_that_another_program_has_locked_is_told_and_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="another program has it locked"):
        SQLiteScheduler(path)
    other.execute("COMMIT")
    with SQLiteScheduler(path) as s:
        before = s.metrics()
        task = s.get_next_task()
        other.execute("BEGIN IMMEDIATE")
        for call in (lambda: s.add_task(1, "t"), lambda: s.complete(task), s.get_next_task):
            with pytest.raises(StorageError, match=r"tasks\.db: another program has it locked"):
                call()
        assert s.metrics().running == 1, "a look needs no lock"
        other.execute("COMMIT")
        s.check()
        s.complete(task)
        assert s.metrics().succeeded == before.succeeded + 1
    other.close()


# --- a full disk ----------------------------------------------------------------------------------


@pytest.fixture
def full(path: Path) -> Iterator[SQLiteScheduler]:
    """A scheduler whose file may not grow any more."""

    def limit(store: Store) -> None:
        (pages,) = store.connection.execute("PRAGMA page_count").fetchone()
        store.connection.execute(f"PRAGMA max_page_count = {pages}")

    with SQLiteScheduler(path) as s:
        s.ledger._call(limit)  # type: ignore[attr-defined]
        yield s


def make_room(s: SQLiteScheduler) -> None:
    s.ledger._call(  # type: ignore[attr-defined]
        lambda store: store.connection.execute("PRAGMA max_page_count = 100000").fetchone()
    )


def test_a_full_disk_refuses_and_loses_nothing(full: SQLiteScheduler) -> None:
    s, path = full, full.path
    task = s.get_next_task()
    before = s.metrics()
    big = "x" * 100_000
    for call in (
        lambda: s.add_task(1, big),
        lambda: s.add_tasks([(1, "small"), (1, big)]),
        lambda: s.complete(task, big),
        lambda: s.fail(task, big),
        lambda: s.transact(lambda t: t.add_task(1, big)),
    ):
        with pytest.raises(StorageError, match=rf"^{path}: the disk is full"):
            call()
        s.check()
        assert s.metrics() == before
        assert s.running_tasks() == [task]
    make_room(s)
    s.complete(task, big)
    s.close()
    with SQLiteScheduler(path) as again:
        again.check()
        assert again.metrics().succeeded == before.succeeded + 1


def test_a_pool_stops_claiming_when_completing_fails(full: SQLiteScheduler) -> None:
    """Else every task of the queue would run, one after another, and none be done."""
    s = full
    for _ in range(3):
        s.add_task(0, "t", action=work, args=(200_000,))
    with pytest.raises(RuntimeError, match="crashed with StorageError"), WorkerPool(s, 1) as pool:
        pool.drain(60)
    m = s.metrics()
    assert (m.running, m.ready >= 2) == (1, True)
    s.check()


def test_a_file_that_may_not_grow_is_told_by_the_system_itself(path: Path) -> None:
    """Not SQLite's own limit: the system refuses the write."""
    limit = path.stat().st_size + 30_000

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    code = """
        import sys
        from sched.durable import SQLiteScheduler, StorageError
        s = SQLiteScheduler(sys.argv[1])
        added = 0
        try:
            while True:
                s.add_task(9, "t" * 3000)
                added += 1
        except StorageError as error:
            print(error)
        print(added, flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    ran = subprocess.run(
        command, cwd=ROOT, preexec_fn=bound, capture_output=True, text=True, check=False
    )
    message, added = ran.stdout.splitlines()
    assert message.startswith(f"{path}: the disk"), ran
    with SQLiteScheduler(path) as s:
        s.check()
        assert len([t for t in s.pending_tasks() if t.priority == 9]) == int(added) > 0


# --- copies ---------------------------------------------------------------------------------------


def test_a_backup_is_whole_and_its_own_file(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with SQLiteScheduler(path) as s:
        task = s.get_next_task()
        s.add_task(0, "the last commit")
        s.backup(copy)
        with SQLiteScheduler(copy) as other:
            other.check()
            assert other.peek_next_task().name == "the last commit"
            assert len(other) == len(s) + 1, "what was running in it runs again"
            with pytest.raises(RuntimeError):
                other.complete(task)
            assert other.ledger.name != s.ledger.name
        s.complete(task)
        with pytest.raises(StorageError, match=r"copy\.db: it is there already"):
            s.backup(copy)
        with pytest.raises(StorageError, match=r"missing/copy\.db: No such file or directory"):
            s.backup(tmp_path / "missing" / "copy.db")
        with pytest.raises(TypeError, match="path must be a str or a Path, got 7"):
            s.backup(7)
    assert not list(tmp_path.glob("*-new*"))


def test_a_copy_that_cannot_be_made_there_is_told(path: Path) -> None:
    with SQLiteScheduler(path) as s, pytest.raises(StorageError, match="^/: it is there already"):
        s.backup("/")
    """Root may enter each folder: a name that is too long cannot be looked for by anybody."""
    for name in ("x" * 300, "x" * 250, "tasks.db/copy.db"):
        with pytest.raises(StorageError, match="File name too long|Not a directory") as caught:
            copy_file(path, path.with_name("x").parent / name)
        assert str(caught.value).startswith(f"{path.parent / name}: ")
    with pytest.raises(StorageError, match="File name too long"):
        compact_file(path.with_name("x" * 300))
    with pytest.raises(StorageError, match="there is no such file"):
        compact_file(path.with_name("missing.db"))


def test_a_copy_that_is_not_for_this_user_to_make_is_told(path: Path) -> None:
    path.parent.chmod(0o755)
    (path.parent / "private").mkdir(0o700)
    said = as_nobody(
        """
        import os, sys
        from pathlib import Path
        from sched.durable.copying import compact_file, copy_file
        from sched.durable.commands import opened
        if os.geteuid() == 0:
            os.setuid(65534)
        path = Path(sys.argv[1])
        private = path.with_name("private") / "copy.db"
        if not os.access(private.parent, os.X_OK):
            copy, compact = lambda: copy_file(path, private), lambda: compact_file(private)
            for call in (copy, compact, lambda: opened(private)):
                try:
                    call()
                except Exception as error:
                    print(f"{type(error).__name__}: {error}", flush=True)
        """,
        path,
    )
    private = path.with_name("private") / "copy.db"
    if os.geteuid() == 0:
        assert said == 3 * f"StorageError: {private}: Permission denied\n"


def test_two_backups_at_once_to_one_name_leave_a_whole_one(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, both, outcomes = tmp_path / "copy.db", threading.Barrier(2), list[Any]()
    look_into = opening.look

    def meet(source: Path, read: Any) -> Any:
        both.wait(60)  # each has its own file by now
        found = look_into(source, read)
        both.wait(60)
        return found

    def backup() -> None:
        try:
            outcomes.append(copy_file(path, target))
        except StorageError as error:
            outcomes.append(str(error))

    monkeypatch.setattr(copying, "look", meet)
    threads = [threading.Thread(target=backup, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert {*outcomes} == {None, f"{target}: it is there already: a backup replaces nothing"}
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        *("copy.db", "tasks.db", "tasks.db-owner")
    ]
    with SQLiteScheduler(target) as s:
        s.check()
        assert len(s) == 198


def test_a_backup_is_made_where_a_file_system_knows_no_links_and_replaces_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    appears: list[Path] = []

    def no_links(*_: Any) -> None:
        for each in appears:
            each.write_bytes(b"somebody else's")
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    copy_file(path, tmp_path / "copy.db")
    assert len(Reader(tmp_path / "copy.db").pending()) == 198
    appears.append(tmp_path / "other.db")
    with pytest.raises(StorageError, match=r"other\.db: it is there already"):
        copy_file(path, appears[0])
    assert appears[0].read_bytes() == b"somebody else's"
    monkeypatch.delattr(os, "link")  # as in a browser
    copy_file(path, tmp_path / "third.db")
    assert not list(tmp_path.glob("*-new*"))


def test_a_crash_while_a_file_is_made_leaves_nothing_that_looks_like_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.db"

    def crash(*_: Any) -> None:
        raise OSError(errno.EIO, "a crash")

    monkeypatch.setattr(os, "rename", crash)
    with pytest.raises(StorageError, match=r"new\.db: a crash"):
        SQLiteScheduler(path)
    assert not path.exists()
    monkeypatch.undo()
    with SQLiteScheduler(path) as s:
        assert s.add_task(1, "t") == 1


# --- readers --------------------------------------------------------------------------------------


def test_readers_look_in_at_any_time(path: Path) -> None:
    for owner in (None, os.getpid()):
        s = None if owner is None else SQLiteScheduler(path)
        reader = Reader(path)
        assert reader.owner() == owner
        m = reader.metrics()
        assert (m.added, m.pending, m.succeeded, m.dead_letters) == (200, 198, 1, 1)
        assert [task.id for task in reader.pending(3)] == [5, 7, 9]
        assert len(reader.pending()) == 198
        assert [task.id for task in reader.dead()] == [3]
        assert [task.id for task in reader.finished()] == [1]
        assert reader.task(3).error == "e"
        for unknown in (999, 10**30):
            with pytest.raises(KeyError):
                reader.task(unknown)
        if s is not None:
            task = s.get_next_task()
            assert reader.running() == [task]
            assert reader.metrics() == s.metrics()
            assert reader.pending(150) == s.ledger.pending(150)[1]
            s.check()
            s.close()
    with pytest.raises(StorageError, match=r"none\.db: there is no such file"):
        Reader(path.with_name("none.db"))


def looked_into(path: Path) -> str:
    """What a user whom permissions bind sees of a file, and copies of it; and what says no."""
    code = """
        import os, sys, tempfile
        from pathlib import Path
        from sched.durable import Reader
        from sched.durable.copying import copy_file
        if os.geteuid() == 0:
            os.setuid(65534)
        path = Path(sys.argv[1])
        try:
            reader = Reader(path)
            with tempfile.TemporaryDirectory() as folder:
                copy_file(path, Path(folder) / "copy.db")
                copied = len(Reader(Path(folder) / "copy.db").pending())
            print(len(reader.pending()), reader.metrics().added, copied, flush=True)
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(0)
    """
    return as_nobody(code, path)


def test_a_bad_argument_of_a_look_is_named(path: Path) -> None:
    reader = Reader(path)
    for look in (reader.pending, reader.dead, reader.finished):
        for limit in ("x", None, 1.5, True, -2):
            with pytest.raises((TypeError, ValueError), match=f"limit must .*got {limit!r}"):
                look(limit)
        assert look(2**70) == look(-1) == look() != []
        assert look(0) == []
    for task_id in ("x", None, 1.5, True):
        with pytest.raises(TypeError, match=f"task_id must be an int, got {task_id!r}"):
            reader.task(task_id)
    for unknown in (2**70, -(2**70), 0):
        with pytest.raises(UnknownTaskError):
            reader.task(unknown)


def test_a_look_leaves_nothing_beside_a_file_that_nobody_has(path: Path) -> None:
    """A log left by one user is in the way of another, who may not write it."""
    there = sorted(path.parent.iterdir())
    reader = Reader(path)
    reader.metrics()
    reader.pending()
    reader.task(3)
    copy_file(path, path.with_name("copy.db"))
    assert sorted(path.parent.iterdir()) == sorted([*there, path.with_name("copy.db")])


def test_what_is_in_a_folder_that_is_read_only_can_be_looked_into(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        assert looked_into(path) == "198 200 198\n"
    finally:
        path.parent.chmod(0o755)
    with SQLiteScheduler(path) as s:
        s.add_task(1, "t")
        path.parent.chmod(0o555)
        try:
            assert looked_into(path) == "199 201 199\n", "though another user has it"
        finally:
            path.parent.chmod(0o755)
    assert looked_into(path) == "199 201 199\n"


def test_a_file_whose_owner_died_can_be_looked_into_where_its_log_can_be(path: Path) -> None:
    code = """
        import os, sys
        from sched.durable import SQLiteScheduler
        SQLiteScheduler(sys.argv[1]).add_task(1, "t")
        os._exit(1)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
    subprocess.run(command, cwd=ROOT, check=False)
    path.parent.chmod(0o555)
    try:
        assert looked_into(path) == "199 201 199\n"
        path.with_name("tasks.db-shm").unlink()  # as in a copy of the file and its log
        said = looked_into(path)
    finally:
        path.parent.chmod(0o755)
    assert said.startswith(f"StorageError: {path}: it was not closed, and its log cannot be read")


@pytest.mark.parametrize("breaks", [False, True])
def test_a_look_during_which_others_open_and_close_the_file_is_repeated(
    path: Path, breaks: bool
) -> None:
    looks: list[int] = []

    def read(connection: sqlite3.Connection) -> int:
        looks.append(connection.execute("SELECT count(*) FROM sched_tasks").fetchone()[0])
        if len(looks) < 3:
            with SQLiteScheduler(path) as s:
                s.add_task(1, "t")
            if breaks:
                raise sqlite3.DatabaseError("database disk image is malformed")
        return looks[-1]

    assert opening.look(path, read) == 202
    assert looks == [200, 201, 202]
    with pytest.raises(ZeroDivisionError):  # what has another reason is told
        opening.look(path, lambda connection: 1 // 0)


def test_a_file_that_may_not_be_read_is_told(path: Path) -> None:
    path.parent.chmod(0o755)
    path.chmod(0o200)
    assert looked_into(path) == f"StorageError: {path}: this user may not read it\n"


def test_an_empty_log_is_in_nobodys_way(path: Path) -> None:
    path.unlink()
    path.with_name("tasks.db-wal").touch()
    with SQLiteScheduler(path) as s:
        assert s.add_task(1, "t") == 1


# --- versions -------------------------------------------------------------------------------------

VERSION_1 = ROOT / "tests" / "data" / "version_1.sql"


def test_a_file_of_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    connection.close()
    with SQLiteScheduler(path) as s:
        s.check()
        assert [task.name for task in s.pending_tasks()] == ["running", "ready", "waits"]
        task = s.get_next_task()
        assert (task.name, task.attempts, task.key) == ("running", 4, "k")
        assert s.task(2).retry.max_attempts == 7
        assert (s.task(4).result, s.dead_letters()[0].error) == ({"n": 1}, "e")
        assert s.metrics().added == 5
    version = sqlite3.connect(path).execute("SELECT version FROM sched_file").fetchone()
    assert version == (schema.VERSION,)
    for _ in range(2):  # what had three attempts then has one crash after the other
        SQLiteScheduler(path).get_next_task()
    with SQLiteScheduler(path) as s:
        assert [letter.name for letter in s.dead_letters()] == ["failed", "running"]


def test_a_migration_is_done_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    step = schema.STEPS[1]

    def breaks(connection: sqlite3.Connection) -> None:
        step(connection)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setitem(schema.STEPS, 1, breaks)
    with pytest.raises(StorageError, match="disk I/O error"):
        SQLiteScheduler(path)
    assert connection.execute("SELECT version FROM sched_file").fetchone() == (1,)
    connection.close()
    monkeypatch.undo()
    with SQLiteScheduler(path) as s:
        s.check()
