"""The simulation finds nothing where all is well, and each bug that is planted."""

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

if sys.platform == "emscripten":  # Pyodide's core has no SQLite
    pytest.skip("needs SQLite", allow_module_level=True)

from sched import memory
from sched.durable import sharded_ledger, standing, window
from sched.durable.places import place
from sched.durable.shard import FileShard
from sched.durable.store import Store
from sched.entry import details_of, moved
from sched.memory import MemoryLedger
from sched.multilevel import MultilevelQueue
from sched.task import RunningTask
from sched.task_table import TaskTable
from sched.waiting import Waiting
from tests.simulated import CASES, DisagreementError, Run, sweep

SEEDS = {"SQLiteScheduler": 12, "ShardedScheduler-files": 6}  # of the others 20
TRIES = 60  # seeds within which a planted bug is found

Patch = pytest.MonkeyPatch


@pytest.mark.parametrize("case", CASES)
def test_whatever_happens_is_what_the_model_says(case: str, request: pytest.FixtureRequest) -> None:
    times = request.config.getoption("--simulated-seeds")
    first = request.config.getoption("--simulated-first")
    refused = sweep(case, range(first, first + times * SEEDS.get(case, 20)))
    assert (refused > 0) is bool(CASES[case][0].files), "the disk was full now and then"


@pytest.mark.parametrize("case", CASES)
def test_a_seed_replays_to_the_letter(case: str) -> None:
    first, second, other = Run(case, 3).run(), Run(case, 3).run(), Run(case, 4).run()
    assert len(first) > 50
    assert first == second
    assert first[1:] != other[1:]


# --- bugs that are planted ------------------------------------------------------------------------

BUGS: dict[str, tuple[str, Callable[[Patch], None]]] = {}


def bug(case: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    def plant(function: Callable[[Patch], None]) -> Callable[[Patch], None]:
        BUGS[function.__name__] = case, function
        return function

    return plant


@bug("HeapScheduler")
def what_is_due_at_this_very_moment_is_not_ready(patch: Patch) -> None:
    take_due = Waiting.take_due
    patch.setattr(
        Waiting, "take_due", lambda self, now: take_due(self, math.nextafter(now, -math.inf))
    )


@bug("SortedListScheduler")
def a_new_priority_is_lost_in_a_retry(patch: Patch) -> None:
    retry, first = MemoryLedger.retry, dict[int, float]()
    add = MemoryLedger._entry

    def remember(self: Any, task_id: int, now: float, priority: float, *rest: Any) -> Any:
        first[task_id] = priority
        return add(self, task_id, now, priority, *rest)

    def forget(self: Any, task: Any, error: str, retry_in: float) -> Any:
        entry = retry(self, task, error, retry_in)
        if entry[2] in first and first[entry[2]] != details_of(entry).priority:
            self.reprioritize(entry[2], first[entry[2]])
        return entry

    patch.setattr(MemoryLedger, "_entry", remember)
    patch.setattr(MemoryLedger, "retry", forget)


@bug("HeapScheduler")
def a_tombstone_is_lost(patch: Patch) -> None:
    def leave_behind(self: Any, entry: Any) -> None:
        if entry[1] > self.horizon:
            self.waiting.forget(entry)

    patch.setattr(TaskTable, "leave_behind", leave_behind)


@bug("MultilevelScheduler")
def a_key_is_free_while_its_task_runs(patch: Patch) -> None:
    take = MemoryLedger.take

    def take_and_free(self: Any) -> Any:
        task = take(self)
        if task is not None:
            self.release_key(task.entry)
        return task

    patch.setattr(MemoryLedger, "take", take_and_free)


@bug("HeapScheduler")
def the_history_forgets_the_newest(patch: Patch) -> None:
    def evict(self: Any) -> None:
        for task_id in self.finished_ids[self.history :]:
            self.dropped.append(self.table.pop(task_id))
        del self.finished_ids[self.history :]

    patch.setattr(TaskTable, "evict", evict)


@bug("MultilevelScheduler")
def what_is_due_is_promoted_in_the_wrong_order(patch: Patch) -> None:
    take_due = Waiting.take_due
    patch.setattr(Waiting, "take_due", lambda self, now: take_due(self, now)[::-1])

    def extend(self: Any, entries: list[Any]) -> None:
        for entry in entries:
            if entry[0] in self.levels:
                self.levels[entry[0]].fifo.append(entry)
            else:
                self.push(entry)

    patch.setattr(MultilevelQueue, "extend", extend)


@bug("SQLiteScheduler")
def what_is_beyond_the_window_enters_it(patch: Patch) -> None:
    def offer(self: Any, entry: Any) -> None:
        self.queue.push(entry)
        self.live[entry[2]] = entry

    patch.setattr(window.Window, "offer", offer)


@bug("SQLiteScheduler")
def a_window_that_is_just_full_is_taken_for_all_there_is(patch: Patch) -> None:
    refill = window.Window._refill

    def refill_wrongly(self: Any) -> None:
        refill(self)
        if len(self.live) <= self.size:
            self.boundary = None

    patch.setattr(window.Window, "_refill", refill_wrongly)


@bug("SQLiteScheduler")
def a_crash_is_no_attempt(patch: Patch) -> None:
    recover = Store.recover

    def forgive(self: Any) -> None:
        recover(self)
        self.table.write()
        self.connection.execute(
            "UPDATE sched_tasks SET attempts = attempts - 1 "
            "WHERE state <= 2 AND error = 'the process that ran it died'"
        )
        self.window.clear()

    patch.setattr(Store, "recover", forgive)


@bug("SQLiteScheduler")
def what_is_undone_stays_counted(patch: Patch) -> None:
    load = standing.Standing.load

    def load_but_counters(self: Any) -> None:
        counters = getattr(self, "counters", None)
        load(self)
        if counters is not None:
            self.counters = replace(counters)

    patch.setattr(standing.Standing, "load", load_but_counters)


@bug("NaiveSortScheduler")
def a_requeued_task_keeps_its_attempts(patch: Patch) -> None:
    def keep(entry: Any, rank: Any, run_at: float, **changes: Any) -> Any:
        if changes.get("attempts") == 0:
            del changes["attempts"]
        return moved(entry, rank, run_at, **changes)

    patch.setattr(memory, "moved", keep)


@bug("HeapScheduler")
def a_hand_out_that_is_over_is_taken_for_the_new_one(patch: Patch) -> None:
    def require(self: Any, task: Any, now: float) -> Any:
        item = self.table.get(task.id)
        if type(item) is RunningTask:
            return item
        return hand_out(self, task, now)

    hand_out = MemoryLedger.require_hand_out
    patch.setattr(MemoryLedger, "require_hand_out", require)


@bug("SortedListScheduler")
def there_is_room_for_one_more(patch: Patch) -> None:
    room = MemoryLedger.require_room
    patch.setattr(MemoryLedger, "require_room", lambda self, n: room(self, n - 1))


@bug("HeapScheduler")
def the_first_waiting_task_stays_the_first_when_it_is_cancelled(patch: Patch) -> None:
    def forget(self: Any, entry: Any) -> None:
        self._size -= 1
        self._tombstones += 1

    patch.setattr(Waiting, "forget", forget)


@bug("ShardedScheduler")
def the_first_shard_that_has_a_task_gives_it(patch: Patch) -> None:
    def first(self: Any) -> Any:
        heads = ((ledger.peek(), k) for k, ledger in enumerate(self.ledgers))
        return next(((head, k) for head, k in heads if head is not None), None)

    patch.setattr(sharded_ledger.ShardedLedger, "_first", first)


@bug("ShardedScheduler-files")
def a_key_moves_to_its_new_shard_before_its_task_has_ended(patch: Patch) -> None:
    patch.setattr(
        sharded_ledger.ShardedLedger, "place", lambda self, text: place(text, len(self.shards))
    )


@bug("ShardedScheduler-files")
def ids_begin_again_in_another_process(patch: Patch) -> None:
    patch.setattr(FileShard, "last_id", lambda self: 0)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case, plant = BUGS[name]
    sweep(case, range(2))  # it is the bug that is found
    plant(monkeypatch)
    for seed in range(TRIES):
        try:
            Run(case, seed).run()
        except DisagreementError:
            return
    pytest.fail(f"not found in {TRIES} seeds: {name}")


def test_there_are_at_least_ten_bugs() -> None:
    assert len(BUGS) >= 10
