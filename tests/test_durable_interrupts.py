"""Ctrl-C while a file is opened, closed, copied, or written to in a transaction: nothing is lost.

The methods that every scheduler has are interrupted in test_interrupts.py.
"""

import gc
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sched.durable import SQLiteScheduler, Transaction, owner_of
from tests.instants import at_instant, handled_by


@pytest.fixture(autouse=True)
def _no_finalizer_runs_by_chance() -> Iterator[None]:
    """An interrupt in the finalizer of an earlier scheduler would end there."""
    gc.disable()
    yield
    gc.enable()


def at_each_instant(prepare: Callable[[int], Callable[[], Any]]) -> Iterator[tuple[int, Any, Any]]:
    """Interrupt what is prepared at each instant in turn; what it returned, or raised."""
    with handled_by(signal.default_int_handler):
        for number in count(1):
            reached, result, error = at_instant(number, prepare(number))
            if not reached:
                assert number > 10, "there are instants"
                return
            assert result is not None or isinstance(error, KeyboardInterrupt), error
            error = None if error is None else error.with_traceback(None)
            yield number, result, error


def test_an_interrupted_opening_leaves_a_file_that_can_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with SQLiteScheduler(path) as s:
        s.add_task(1, "t")

    for _, opened, _ in at_each_instant(lambda number: lambda: SQLiteScheduler(path)):
        del opened
        with SQLiteScheduler(path) as s:
            s.check()
            assert len(s) == 1


def test_an_interrupted_first_opening_makes_a_file_or_none(tmp_path: Path) -> None:
    for number, opened, _ in at_each_instant(
        lambda number: lambda: SQLiteScheduler(tmp_path / f"{number}.db")
    ):
        del opened
        with SQLiteScheduler(tmp_path / f"{number}.db") as s:
            assert s.add_task(1, "t") == 1
            s.check()


def test_an_interrupted_close_can_be_made_again(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    opened: list[SQLiteScheduler] = []

    def prepare(number: int) -> Callable[[], Any]:
        opened.append(SQLiteScheduler(path))
        opened[-1].add_task(1, "t")
        return lambda: opened[-1].close() or True

    for number, _, _ in at_each_instant(prepare):
        opened.pop().close()
        assert owner_of(path) is None
        with SQLiteScheduler(path) as s:
            assert len(s) == number
            s.check()
    opened.pop().close()


def test_an_interrupted_transaction_has_happened_or_has_not(tmp_path: Path) -> None:
    def both(t: Transaction) -> int:
        t.execute("INSERT INTO orders VALUES (1)")
        return t.add_task(1, "t")

    with SQLiteScheduler(tmp_path / "t.db", durability="normal") as s:
        s.transact(lambda t: t.execute("CREATE TABLE orders (id INTEGER)"))
        before, outcomes = 0, set()
        for _, result, _ in at_each_instant(lambda number: lambda: s.transact(both)):
            s.check()
            [(orders,)] = s.transact(lambda t: t.execute("SELECT count(*) FROM orders"))
            assert len(s) == orders
            assert orders - before in ((1,) if result is not None else (0, 1))
            outcomes.add(orders - before)
            before = orders
        assert outcomes == {0, 1}


def test_an_interrupted_backup_is_whole_or_not_there(tmp_path: Path) -> None:
    with SQLiteScheduler(tmp_path / "t.db") as s:
        s.add_task(1, "t")

        def prepare(number: int) -> Callable[[], Any]:
            return lambda: s.backup(tmp_path / f"copy {number}.db") or True

        for number, _, _ in at_each_instant(prepare):
            copy = tmp_path / f"copy {number}.db"
            if not copy.exists():
                s.backup(copy)
            with SQLiteScheduler(copy) as other:
                other.check()
                assert len(other) == 1
        s.check()
