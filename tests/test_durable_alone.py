"""Where there are no threads, in a browser, whoever calls writes: the same promises hold."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from sched import VirtualClock
from sched.durable import SQLiteScheduler, StorageError, Transaction, ledger
from tests.instants import at_instant, handled_by
from tests.schedulers import FileScheduler
from tests.worlds import CALLS, World, verify


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(ledger, "HAS_THREADS", False)
    gc.disable()  # an interrupt in the finalizer of an earlier scheduler would end there
    yield
    gc.enable()


def test_a_file_is_used_without_threads(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with SQLiteScheduler(path, clock=VirtualClock(1000.0), window=2) as s:
        s.add_tasks([(n % 3, "t") for n in range(9)])
        order = [s.get_next_task().entry[:3] for _ in range(5)]
        assert order == sorted(order)
        s.check()
    with SQLiteScheduler(path) as s:
        assert len(s) == 9
        assert s.transact(lambda t: t.add_task(1, "t")) == 10
    with pytest.raises(StorageError, match="it is closed"):
        len(s)
    SQLiteScheduler(path).add_task(1, "t")
    assert len(SQLiteScheduler(path)) == 11, "one that nothing refers to is closed"


def test_its_own_methods_are_refused_in_a_transaction(tmp_path: Path) -> None:
    with SQLiteScheduler(tmp_path / "t.db") as s:

        def function(t: Transaction) -> None:
            s.add_task(1, "t")

        with pytest.raises(RuntimeError, match="would wait for the writer"):
            s.transact(function)
        s.check()


@pytest.mark.parametrize("name", ["add_task with a key", "get_next_task", "complete"])
def test_an_interrupt_at_any_instant_loses_nothing_without_threads(name: str) -> None:
    """Every few instants: here they are many, for the call does all the work itself."""
    call, number, broken = CALLS[name], 1, list[str]()
    with handled_by(signal.default_int_handler):
        while True:
            world = World(FileScheduler)
            made = call.make(world)
            reached, _, _ = at_instant(number, made)
            if not reached:
                break
            try:
                verify(world, call, made)
            except Exception as wrong:
                broken.append(f"{number}: {type(wrong).__name__} {wrong}")
            number += 3
    assert number > 60
    assert not broken, broken
