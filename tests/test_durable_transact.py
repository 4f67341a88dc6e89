"""The outbox: a user's own rows and tasks in one commit, or neither."""

import gc
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sched import HeapScheduler, InvalidTransitionError, QueueFullError, TaskEvent, VirtualClock
from sched.durable import SQLiteScheduler, Transaction, action
from sched.durable.standing import Standing


@action("test_durable_transact.mail")
def mail(order: int) -> None: ...


@pytest.fixture
def s(tmp_path: Path) -> Iterator[SQLiteScheduler]:
    with SQLiteScheduler(tmp_path / "t.db", max_pending=5) as s:
        s.transact(lambda t: t.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)"))
        yield s


def orders(s: SQLiteScheduler) -> list[Any]:
    return [item for (item,) in s.transact(lambda t: t.execute("SELECT item FROM orders"))]


def save(t: Transaction, item: str = "tea") -> tuple[int, int]:
    [(order,)] = t.execute("INSERT INTO orders (item) VALUES (?) RETURNING id", (item,))
    return order, t.add_task(1, "mail", action=mail, args=(order,), key=f"order {order}")


def test_the_order_is_saved_and_the_mail_is_queued(s: SQLiteScheduler) -> None:
    heard: list[TaskEvent] = []
    s.subscribe(heard.append)
    order, task_id = s.transact(save)
    assert orders(s) == ["tea"]
    task = s.get_next_task()
    assert (task.id, task.args, task.key) == (task_id, (order,), "order 1")
    assert [(event.kind, event.task.id) for event in heard] == [("added", 1), ("started", 1)]
    s.check()
    path = s.path
    s.close()
    with SQLiteScheduler(path) as again:
        assert orders(again) == ["tea"]
        assert again.peek_next_task().id == task_id


def test_neither_happens_if_the_function_raises(s: SQLiteScheduler) -> None:
    class RefusedError(Exception): ...

    def refuse(t: Transaction) -> None:
        save(t)
        t.add_tasks([(1, "a"), (2, "b")])
        raise RefusedError

    with pytest.raises(RefusedError):
        s.transact(refuse)
    assert (orders(s), len(s), s.metrics().added) == ([], 0, 0)
    s.check()
    assert s.transact(save) == (1, 1)
    s.check()


class EnoughError(Exception): ...


def only_rows(t: Transaction, clock: VirtualClock) -> None:
    t.execute("INSERT INTO orders (item) VALUES ('tea')")


def refused_tasks(t: Transaction, clock: VirtualClock) -> None:
    with suppress(QueueFullError):
        t.add_tasks([(1, "t")] * 99)
    t.execute("INSERT INTO orders (item) VALUES ('tea')")


def tasks_then_rows(t: Transaction, clock: VirtualClock) -> None:
    t.add_task(1, "new")
    t.execute("INSERT INTO orders (item) VALUES ('tea')")


def one_falls_due_meanwhile(t: Transaction, clock: VirtualClock) -> None:
    clock.advance(10)
    refused_tasks(t, clock)


def all_is_rolled_back(t: Transaction, clock: VirtualClock) -> None:
    with suppress(sqlite3.Error):
        t.execute("INSERT OR ROLLBACK INTO orders (id) VALUES (0)")


@pytest.mark.parametrize(
    ("function", "reads"),
    [
        *((only_rows, False), (refused_tasks, False), (tasks_then_rows, True)),
        *((one_falls_due_meanwhile, True), (all_is_rolled_back, True)),
    ],
)
def test_what_is_to_be_undone_is_undone_and_no_more_is_read(
    function: Any, reads: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether all that is in memory is made anew from the file, which takes long."""
    clock, loads = VirtualClock(0), list[str]()
    with SQLiteScheduler(tmp_path / "t.db", max_pending=5, clock=clock) as s:
        s.transact(lambda t: t.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT)"))
        s.transact(lambda t: t.execute("INSERT INTO orders VALUES (0, 'coffee')"))
        s.add_tasks([(1, "due soon", 5), (1, "due later", 10), (2, "ready")])
        clock.advance(5)
        load = Standing.load
        monkeypatch.setattr(Standing, "load", lambda self: (loads.append("load"), load(self)))

        def raises(t: Transaction) -> None:
            function(t, clock)
            raise EnoughError

        with pytest.raises((EnoughError, sqlite3.IntegrityError)):
            s.transact(raises)
        assert bool(loads) is reads
        s.check()
        assert orders(s) == ["coffee"]
        assert [task.name for task in s.pending_tasks()][-1] in ("due later", "ready")
        assert (len(s), s.metrics().added) == (3, 3)
    with SQLiteScheduler(tmp_path / "t.db", clock=clock) as s:
        s.check()
        assert len(s) == 3


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lambda t: t.execute("INSERT INTO nowhere VALUES (1)"), sqlite3.OperationalError),
        (lambda t: t.add_task("high", "mail"), TypeError),
        (lambda t: t.add_task(1, "mail", action=print_), ValueError),
        (lambda t: t.add_task(1, "mail", action=mail, args=((1,),)), TypeError),
        (lambda t: t.add_tasks([(1, "t")] * 6), RuntimeError),  # QueueFullError
    ],
)
def test_a_mistake_in_it_undoes_all_of_it(s: SQLiteScheduler, wrong: Any, error: Any) -> None:
    def both(t: Transaction) -> None:
        save(t)
        wrong(t)

    with pytest.raises(error):
        s.transact(both)
    assert (orders(s), len(s)) == ([], 0)
    s.check()


def print_() -> None:
    """Not registered."""


def test_a_mistake_in_an_argument_is_told_as_add_task_tells_it(s: SQLiteScheduler) -> None:
    with pytest.raises(ValueError, match=r"^delay must be a finite number of seconds >= 0, got -1"):
        s.transact(lambda t: t.add_task(1, "t", delay=-1))
    with pytest.raises(TypeError, match="function must be callable, got 7"):
        s.transact(7)


@pytest.mark.filterwarnings("error")
def test_a_function_of_which_nothing_would_run_is_refused(s: SQLiteScheduler) -> None:
    async def coroutine(t: Transaction) -> None:
        t.add_task(1, "never")

    def generator(t: Transaction) -> Any:
        yield t.add_task(1, "never")

    async def both(t: Transaction) -> Any:
        yield t.add_task(1, "never")

    def adds(t: Transaction) -> Any:
        t.add_task(1, "undone")
        return coroutine(t)

    for function in (coroutine, generator, both, adds):
        with pytest.raises(TypeError, match="function must be a plain function, got.*not one line"):
            s.transact(function)
    gc.collect()  # it would be said now that nobody has awaited it
    assert len(s) == 0
    s.check()


@pytest.mark.parametrize(
    "sql",
    [
        *("COMMIT", "ROLLBACK", "BEGIN", "SAVEPOINT a", "PRAGMA synchronous = OFF"),
        *("ATTACH 'x.db' AS x", "DELETE FROM sched_tasks", "UPDATE Sched_File SET magic = ''"),
        *("DROP TABLE sched_tasks", "DROP INDEX sched_ready", "CREATE TABLE sched_mine (a)"),
        "INSERT INTO sched_tasks SELECT * FROM sched_tasks",
        "CREATE TEMP TABLE sched_tasks (id)",
        "CREATE TEMP VIEW sched_tasks AS SELECT 1",
        "REINDEX sched_ready",
        "ALTER TABLE sched_tasks RENAME TO orders2",
        "CREATE TRIGGER a AFTER INSERT ON sched_tasks BEGIN SELECT 1; END",
        "ALTER TABLE orders RENAME TO sched_orders",
        "CREATE TRIGGER a AFTER INSERT ON orders BEGIN DELETE FROM sched_tasks; END",
    ],
)
def test_what_would_end_it_or_harm_the_tasks_is_refused(s: SQLiteScheduler, sql: str) -> None:
    def harm(t: Transaction) -> None:
        save(t)
        t.execute(sql)
        t.execute("INSERT INTO orders (item) VALUES ('fires a trigger')")

    with pytest.raises(PermissionError, match="may not"):
        s.transact(harm)
    assert (orders(s), len(s)) == ([], 0)
    s.check()


def test_no_other_table_takes_the_place_of_ours(s: SQLiteScheduler) -> None:
    def hide(t: Transaction) -> None:
        save(t)
        t.execute("CREATE TEMP TABLE mine (id)")
        with suppress(PermissionError):  # it is undone all the same
            t.execute("ALTER TABLE mine RENAME TO Sched_Tasks")

    with pytest.raises(PermissionError, match="may not.*make or write tables whose names begin"):
        s.transact(hide)
    assert (orders(s), len(s)) == ([], 0)
    s.transact(lambda t: t.execute("ALTER TABLE orders RENAME TO old_orders"))
    s.check()


def test_its_own_reading_of_the_tasks_is_allowed(s: SQLiteScheduler) -> None:
    s.add_task(1, "t")
    assert s.transact(lambda t: t.execute("SELECT count(*) FROM sched_tasks")) == [(1,)]


def test_the_schedulers_own_methods_are_refused_in_words(s: SQLiteScheduler) -> None:
    waits: list[Callable[[], Any]] = [s.get_next_task, s.__len__, lambda: s.transact(save)]
    for wait in [*waits, lambda: s.add_task(1, "t")]:

        def function(t: Transaction, wait: Callable[[], Any] = wait) -> Any:
            return wait()

        with pytest.raises(RuntimeError, match="would wait for the writer.*function is given"):
            s.transact(function)
    assert s.transact(lambda t: HeapScheduler().add_task(1, "another one's are not")) == 1
    s.check()


def test_a_transaction_ends_with_its_function(s: SQLiteScheduler) -> None:
    kept = s.transact(lambda t: t)
    for use in (lambda: kept.execute("SELECT 1"), lambda: kept.add_task(1, "t")):
        with pytest.raises(RuntimeError, match="ends when the function returns"):
            use()


def test_an_effect_and_the_end_of_its_task_are_one(s: SQLiteScheduler) -> None:
    """A hand-out that is over undoes the effect: it happens once, for all that tasks may repeat."""
    s.add_task(1, "t")
    heard: list[str] = []
    s.subscribe(lambda event: heard.append(event.kind))
    old = s.get_next_task()
    s.fail(old, "e", retry_in=0)
    new = s.get_next_task()

    def effect(t: Transaction, task: Any) -> None:
        t.execute("INSERT INTO orders (item) VALUES ('effect')")
        t.complete(task, "done")

    with pytest.raises(InvalidTransitionError):
        s.transact(lambda t: effect(t, old))
    s.transact(lambda t: effect(t, new))
    assert orders(s) == ["effect"]
    assert (s.task(new.id).result, heard[-1]) == ("done", "succeeded")
    s.check()


def test_it_has_a_transaction_of_its_own_among_others(s: SQLiteScheduler) -> None:
    """What others do at the same time is neither undone with it nor done twice."""
    calls: list[int] = []

    def refuse(t: Transaction) -> None:
        calls.append(1)
        save(t)
        raise ZeroDivisionError

    def use(number: int) -> None:
        for _ in range(20):
            if number % 2:
                with pytest.raises(ZeroDivisionError):
                    s.transact(refuse)
            else:
                task_id = s.add_task(1, "t")
                assert s.cancel(task_id)

    threads = [threading.Thread(target=use, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert len(calls) == 40
    assert orders(s) == []
    assert (s.metrics().added, s.metrics().cancelled) == (40, 40)
    s.check()


def test_what_rolls_back_inside_of_it_undoes_all_of_it(s: SQLiteScheduler) -> None:
    """A function that goes on after such an error would write outside of any transaction."""

    def goes_on(t: Transaction, then: Any = None) -> None:
        save(t)
        with pytest.raises(sqlite3.IntegrityError):
            t.execute("INSERT OR ROLLBACK INTO orders VALUES (1, 'again')")
        t.add_task(1, "after it")
        if then is not None:
            t.execute(then)

    for then in (None, "INSERT INTO orders VALUES (2, 'alone')"):

        def function(t: Transaction, then: Any = then) -> None:
            goes_on(t, then)

        with pytest.raises(sqlite3.IntegrityError):
            s.transact(function)
        assert (orders(s), len(s), s.metrics().added) == ([], 0, 0)
        s.check()
    assert s.transact(save) == (1, 1)


def test_it_reads_what_it_has_added(s: SQLiteScheduler) -> None:
    def look(t: Transaction) -> Any:
        save(t)
        return t.execute("SELECT name FROM sched_tasks")

    assert s.transact(look) == [("mail",)]
