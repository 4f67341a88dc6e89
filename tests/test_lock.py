"""The lock of a ledger: a threading.Lock that `with` takes and gives back faster."""

import threading

import pytest

from sched.lock import new_lock
from tests.test_threads import PATIENCE


def test_a_block_keeps_others_out_and_lets_them_in_however_it_ends() -> None:
    lock = new_lock()
    for error in [None, ValueError("in the block"), KeyboardInterrupt()]:
        with pytest.raises(type(error)) if error else lock, lock if error else new_lock():
            assert lock.locked()
            assert not lock.acquire(blocking=False)
            if error:
                raise error
        assert not lock.locked()


def test_who_waits_for_a_lock_gets_it() -> None:
    lock, seen = new_lock(), list[str]()

    def enter() -> None:
        with lock:
            seen.append("inside")

    with lock:
        waiting = threading.Thread(target=enter, daemon=True)
        waiting.start()
        waiting.join(0.05)
        assert seen == []
    waiting.join(PATIENCE)
    assert seen == ["inside"]


def test_each_lock_is_one_of_its_own() -> None:
    first, second = new_lock(), new_lock()
    with first:
        assert not second.locked()
        assert second.acquire(blocking=False)
        second.release()
