"""``check()`` notices whatever is wrong with a scheduler in a file, in memory or on disk."""

from collections.abc import Callable
from typing import Any

import pytest

from sched import VirtualClock
from sched.durable.rows import Item
from sched.durable.schema import READY, WAITING
from sched.durable.store import Store
from tests.schedulers import FileScheduler


def sql(statement: str) -> Callable[[Store], Any]:
    def damage(store: Store) -> None:
        store.table.write()
        store.table.begin()
        store.connection.execute(statement)

    return damage


def entry_lost(store: Store) -> None:
    store.window.queue.pop()


def entry_twice(store: Store) -> None:
    store.window.queue.push(store.window.queue.peek())


def task_left_out_of_the_window(store: Store) -> None:
    entry: Any = store.window.pop()
    assert entry is not None


def window_before_another(store: Store) -> None:
    entry = (0, 0.0, 999, "not on disk")
    store.window.queue.push(entry)
    store.window.live[999] = entry


def boundary_too_low(store: Store) -> None:
    store.window.boundary = (-1, 0.0, 0)


def boundary_too_high(store: Store) -> None:
    store.window.boundary = None


def uncounted_ready(store: Store) -> None:
    store.counters.ready += 1


def uncounted_waiting(store: Store) -> None:
    store.counters.waiting -= 1


def forgotten_hand_out(store: Store) -> None:
    store.running.popitem()


def due_unnoticed(store: Store) -> None:
    store.due = 10.0**9


def overdue(store: Store) -> None:
    item = store.table.waiting(1)[0]
    entry: Any = item.task
    early = (entry[0], 0.5, *entry[2:])
    store.table.put(entry[2], Item(WAITING, early))
    store.due = 10.0**9


def too_early(store: Store) -> None:
    item = store.table.waiting(1)[0]
    entry: Any = item.task
    store.table.put(entry[2], Item(READY, entry))


def forgotten_letter(store: Store) -> None:
    store.dead_ids.clear()


def forgotten_end(store: Store) -> None:
    store.finished_ids.clear()


def history_too_long(store: Store) -> None:
    store.history = 0


DAMAGES: list[Callable[[Store], Any]] = [
    *(entry_lost, entry_twice, task_left_out_of_the_window, window_before_another),
    *(boundary_too_low, boundary_too_high, uncounted_ready, uncounted_waiting),
    *(forgotten_hand_out, due_unnoticed, overdue, too_early, forgotten_letter, forgotten_end),
    history_too_long,
]
ON_DISK = [
    "DELETE FROM sched_tasks WHERE state = 2",
    "DELETE FROM sched_tasks WHERE state = 1",
    "DELETE FROM sched_tasks WHERE state = 3",
    "DELETE FROM sched_tasks WHERE state = 4",
    "DELETE FROM sched_tasks WHERE state = 5",
    "UPDATE sched_tasks SET rank = -5 WHERE id = 9",
    "UPDATE sched_tasks SET number = number + 1 WHERE state = 3",
    "UPDATE sched_tasks SET state = 3 WHERE state = 2",
    "UPDATE sched_tasks SET ended = NULL WHERE state = 4",
    "UPDATE sched_tasks SET ended = 1000 WHERE state = 2",
]


@pytest.mark.parametrize(
    "damage",
    [*DAMAGES, *map(sql, ON_DISK)],
    ids=[*(damage.__name__ for damage in DAMAGES), *ON_DISK],
)
def test_check_notices_damage_in_a_file(damage: Callable[[Store], Any]) -> None:
    clock = VirtualClock(1000.0)
    s = FileScheduler(clock=clock, window=3)
    s.add_tasks([(n, "t") for n in range(9)])
    s.add_tasks([(1, "later", 5), (1, "later", 9)])
    s.complete(s.get_next_task())
    s.fail(s.get_next_task(), "e")
    s.get_next_task()
    s.peek_next_task()
    s.check()
    # In one request with the check: between two requests a broken file would be written.
    with pytest.raises(AssertionError, match="broken: "):
        s.ledger._call(lambda store: (damage(store), store.check()))  # type: ignore[attr-defined]
    s.check()  # what a request has broken before it failed is undone
