"""Shards: where a task stands, in one order over all or in one for each, in memory and in files."""

import asyncio
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "emscripten":  # Pyodide's core has no SQLite
    pytest.skip("needs SQLite", allow_module_level=True)

from sched import (
    HeapScheduler,
    MultilevelScheduler,
    QueueFullError,
    Scheduler,
    TaskStatus,
    UnknownTaskError,
    VirtualClock,
    WorkerPool,
)
from sched.durable import ShardedScheduler, SQLiteScheduler, StorageError, action
from sched.durable.places import jump, place
from sched.durable.rank_error import rank_errors
from tests.mutants import ROOT

KEYS = [f"key {i}" for i in range(3000)]
LETTER = next(key for key in KEYS[40:] if place(key, 2) != place(key, 5))


@action("test_shards.work")
def work(*args: Any) -> Any:
    return args


def files(folder: Path, shards: int, **options: Any) -> ShardedScheduler:
    def shard(number: int, **shared: Any) -> Scheduler:
        path = folder / f"tasks-{number}.db"
        return SQLiteScheduler(path, window=3, durability="normal", **shared)

    return ShardedScheduler(shards, factory=shard, **options)


def homes(s: ShardedScheduler) -> list[list[str]]:
    """The names of the pending tasks of each shard."""
    return [[task.name for task in each.pending()[1]] for each in s.ledger.ledgers]  # type: ignore[attr-defined]


def drain(s: Any) -> list[str]:
    names = []
    while (task := s.get_next_task()) is not None:
        names.append(task.name)
        s.complete(task)
    return names


# --- places ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2, 3, 8, 30])
def test_one_shard_more_moves_one_key_in_n_and_only_to_it(shards: int) -> None:
    before = [place(key, shards) for key in KEYS]
    after = [place(key, shards + 1) for key in KEYS]
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert {*moved} == {shards}, "nothing moves between those that were there"
    fair = len(KEYS) / (shards + 1)
    assert 0.75 * fair < len(moved) < 1.25 * fair


@pytest.mark.parametrize(
    ("number", "shards", "found"),
    [(0, 1, 0), (42, 57, 43), (0xDEAD10CC, 1, 0), (0xDEAD10CC, 666, 361), (256, 1024, 520)],
)
def test_a_number_has_the_place_that_other_programs_give_it(
    number: int, shards: int, found: int
) -> None:
    assert jump(number, shards) == found


def test_keys_are_spread_evenly() -> None:
    sizes = Counter(place(key, 8) for key in KEYS)
    assert sorted(sizes) == list(range(8))
    assert max(sizes.values()) < 1.3 * min(sizes.values())


def test_a_key_has_the_same_place_in_every_process() -> None:
    assert [place(key, 8) for key in ("", "mail-7", "ä", "\ud800")] == [5, 1, 2, 6]
    code = "from sched.durable.places import place; print([place(f'{i}', 100) for i in range(50)])"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


# --- who is where ---------------------------------------------------------------------------------


def test_tasks_are_shared_out_among_all_shards() -> None:
    s = ShardedScheduler(8)
    for i in range(400):
        s.add_task(1, f"{i}")
    s.add_tasks([(1, "batch")] * 400)
    assert all(60 < len(names) < 140 for names in homes(s))


def test_tasks_of_one_text_go_to_one_shard() -> None:
    s = ShardedScheduler(8, by=lambda task: task.args[0] if task.args else None)
    for i in range(40):
        s.add_task(1, "of ada", action=work, args=("ada",))
        s.add_task(1, "of bob", action=work, args=("bob",), key=f"{i}")  # the key goes first
    s.add_tasks([{"priority": 1, "task_name": "of ada", "action": work, "args": ["ada"]}] * 9)
    found = homes(s)
    assert [names.count("of ada") for names in found if "of ada" in names] == [49]
    assert sum("of bob" in names for names in found) > 1
    s.check()


def test_what_by_raises_or_returns_is_refused_and_nothing_added() -> None:
    s = ShardedScheduler(2, by=lambda task: {"int": 7}[task.name])  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match=r"by\(task\) must return a str or None, got 7"):
        s.add_task(1, "int")
    with pytest.raises(KeyError):
        s.add_task(1, "another")
    with pytest.raises(TypeError, match="row 0: by"):
        s.add_tasks([(1, "int")])
    assert len(s) == 0
    s.check()


def test_each_shard_has_the_queue_of_the_class() -> None:
    s = ShardedScheduler(2, factory=MultilevelScheduler)
    assert {type(each.queue) for each in s.ledger.ledgers} == {MultilevelScheduler.queue}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("options", "error", "what"),
    [
        ({"shards": 0}, ValueError, "shards must be at least 1, got 0"),
        ({"shards": 10**400}, ValueError, r"shards must be at most 1024, got 10+\.\.\.0+$"),
        ({"by": asyncio.sleep}, TypeError, "by must be a plain function, got <function sleep"),
        ({"shards": "8"}, TypeError, "shards must be an int, got '8'"),
        ({"by": "key"}, TypeError, "by must be callable, got 'key'"),
        ({"factory": 3}, TypeError, "factory must be callable, got 3"),
        ({"relaxed": 1}, TypeError, "relaxed must be True or False, got 1"),
        ({"factory": SQLiteScheduler}, TypeError, "factory must be a class of schedulers in mem"),
        ({"factory": lambda number, **options: None}, TypeError, "must return an SQLiteScheduler"),
        (
            {"factory": lambda number, **options: HeapScheduler()},
            TypeError,
            "must return an SQLiteScheduler, got <HeapScheduler",
        ),
    ],
)
def test_bad_arguments_are_named(options: Any, error: type[Exception], what: str) -> None:
    with pytest.raises(error, match=what):
        ShardedScheduler(**options)


def test_a_factory_must_pass_its_options_on(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="factory must pass the options on"):
        ShardedScheduler(2, factory=lambda number, **_: SQLiteScheduler(tmp_path / f"{number}"))
    with pytest.raises(TypeError, match="unexpected keyword argument") as caught:
        ShardedScheduler(2, factory=lambda number: SQLiteScheduler(tmp_path / f"{number}"))
    assert "factory is called with (number, **options)" in caught.value.__notes__[0]


# --- relaxed order --------------------------------------------------------------------------------


def test_a_worker_takes_from_its_shard_and_steals_when_idle() -> None:
    s = ShardedScheduler(2, by=lambda task: task.name, relaxed=True, clock=VirtualClock())
    names = [next(n for n in KEYS if place(n, 2) == shard) for shard in (0, 1)]
    s.add_tasks([(5, names[0]), (1, names[1]), (3, names[0]), (2, names[1], 10)])
    workers = [s.shard(0), s.shard(1)]
    taken = [workers[0].get_next_task() for _ in range(3)]
    assert [(t.priority, t.name) for t in taken] == [
        *((3, names[0]), (5, names[0])),
        (1, names[1]),  # stolen
    ]
    assert workers[0].get_next_task() is None
    assert workers[1].get_next_task() is None
    for task in taken:
        s.complete(task)
    s.check()
    assert s.metrics().succeeded == 3


def test_a_take_from_a_shard_is_told_like_any_other() -> None:
    s = ShardedScheduler(2, relaxed=True, max_pending=1)
    told: list[str] = []
    s.subscribe(lambda event: told.append(event.kind))
    s.add_task(1, "a")
    task = s.shard(1).get_next_task()
    s.complete(task)
    assert told == ["added", "started", "succeeded"]


def test_shards_are_for_relaxed_order_and_have_numbers() -> None:
    with pytest.raises(ValueError, match="shard.. needs relaxed=True"):
        ShardedScheduler(2).shard(0)
    s = ShardedScheduler(2, relaxed=True)
    for number in (-1, 2):
        with pytest.raises(ValueError, match=f"number must be .*got {number}"):
            s.shard(number)
    assert repr(s.shard(1)).startswith("<shard 1 of <ShardedScheduler")


@pytest.mark.parametrize("where", ["memory", "files"])
def test_many_workers_in_relaxed_order_lose_nothing_and_repeat_nothing(
    where: str, tmp_path: Path
) -> None:
    s = files(tmp_path, 3, relaxed=True) if where == "files" else ShardedScheduler(3, relaxed=True)
    taken: list[list[int]] = [[] for _ in range(6)]
    added: list[list[int]] = [[] for _ in range(6)]

    def body(number: int) -> None:
        worker = s.shard(number % 3)
        for i in range(60):
            added[number].append(s.add_task(i % 3, "t"))
            if i % 10 == 0:
                added[number] += s.add_tasks([(1, "batch")] * 4)
            if i % 2 and (task := worker.get_next_task()) is not None:
                taken[number].append(task.id)
                s.complete(task)

    crew = [threading.Thread(target=body, args=(n,), daemon=True) for n in range(6)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join(60)
        assert not thread.is_alive()
    s.check()
    left = [task.id for task in s.pending_tasks()]
    ids = [i for each in added for i in each]
    assert len({*ids}) == len(ids)
    assert sorted([*(i for each in taken for i in each), *left]) == sorted(ids)
    for each in added:
        assert each == sorted(each), "what one thread adds in turn has ids in turn"
    s.close()


def test_the_rank_error_is_nought_in_exact_order_and_counted_in_relaxed() -> None:
    exact = rank_errors(4, 300, relaxed=False)
    assert (exact.largest, exact.mean, exact.share_overtaken) == (0, 0.0, 0.0)
    relaxed = rank_errors(4, 300)
    assert relaxed == rank_errors(4, 300)
    assert len(relaxed.errors) == len(relaxed.overtaken) == 300
    assert sum(relaxed.errors) == sum(relaxed.overtaken), "each overtaking is counted on both sides"
    assert 0 < relaxed.mean < relaxed.largest < 300
    assert 0 < relaxed.share_overtaken < 1
    assert rank_errors(1, 300).largest == 0


# --- in files -------------------------------------------------------------------------------------


def test_shards_in_files_keep_one_order_over_all_and_over_openings(tmp_path: Path) -> None:
    clock = VirtualClock(1000.0)
    rows = [(i * 7 % 5, f"{i}", i % 3) for i in range(60)]
    with files(tmp_path, 3, clock=clock) as s:
        for priority, name, delay in rows[:20]:
            s.add_task(priority, name, delay=delay)
        ids = s.add_tasks(rows[20:40])
        assert ids == list(range(21, 41))
        assert all(homes(s))
    with files(tmp_path, 3, clock=clock) as s:
        assert s.add_task(*rows[40][:2], delay=rows[40][2]) == 41
        s.add_tasks(rows[41:])
        s.check()
        clock.advance(10)
        expected = sorted(rows, key=lambda row: (row[0], row[2], int(row[1])))
        assert drain(s) == [name for _, name, _ in expected]
        s.check()
        assert s.metrics().succeeded == 60


def test_with_one_file_more_all_is_found_and_no_key_is_there_twice(tmp_path: Path) -> None:
    with files(tmp_path, 2) as s:
        ids = {key: s.add_task(1, key, key=key) for key in KEYS[:40]}
        dead = s.add_task(0, "dead", key=LETTER)
        s.fail(s.get_next_task(), "e")
    with files(tmp_path, 5) as s:
        s.check()
        assert {key: s.add_task(1, "again", key=key) for key in ids} == ids
        assert s.add_tasks([{"priority": 1, "task_name": "again", "key": key} for key in ids]) == [
            *ids.values()
        ]
        assert len(s) == 40
        other = s.add_task(1, "alive", key=LETTER)
        with pytest.raises(RuntimeError, match=f"its key '{LETTER}' is taken"):
            s.requeue(dead)
        assert s.cancel(other)
        s.requeue(dead)
        assert s.cancel(ids[KEYS[0]])
        assert len(drain(s)) == 40
        s.check()
    with files(tmp_path, 5) as s:
        more = {s.add_task(1, key, key=key) for key in KEYS[:40]}
        assert min(more) > max(ids.values())
        assert all(homes(s)[place(key, 5)].count(key) == 1 for key in KEYS[:40])


def test_what_ran_when_the_process_died_runs_again(tmp_path: Path) -> None:
    code = """\
import os, sys
from pathlib import Path
from tests.test_shards import files
s = files(Path(sys.argv[1]), 3)
s.add_tasks([(1, f"{i}") for i in range(9)])
s.complete(s.get_next_task())
for _ in range(3):
    s.get_next_task()
os._exit(9)
"""
    died = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    assert died.returncode == 9
    with files(tmp_path, 3) as s:
        m = s.metrics()
        assert (m.pending, m.running, m.succeeded) == (8, 0, 1)
        assert sorted(task.attempts for task in s.pending_tasks()) == [0] * 5 + [1] * 3
        s.check()


def test_a_row_that_no_file_can_hold_is_refused_before_any_is_added(tmp_path: Path) -> None:
    with files(tmp_path, 3) as s:
        rows: list[Any] = [(1, f"{i}") for i in range(9)]
        bad = {"priority": 1, "task_name": "bad", "action": work, "args": (float("nan"),)}
        with pytest.raises(ValueError, match="row 9: args.*nan"):
            s.add_tasks([*rows, bad])
        with pytest.raises(ValueError, match="^action must be registered"):
            s.add_task(1, "bad", action=lambda: None)
        assert len(s) == 0
        s.add_tasks(rows)
        assert len(s) == 9


def test_room_is_counted_over_all_shards(tmp_path: Path) -> None:
    with files(tmp_path, 3, max_pending=5) as s:
        s.add_tasks([(1, f"{i}") for i in range(4)])
        with pytest.raises(QueueFullError, match="4 tasks are pending, max_pending is 5"):
            s.add_tasks([(1, "a"), (1, "b")])
        s.add_task(1, "a")
        with pytest.raises(QueueFullError):
            s.add_task(1, "b")
        assert len(s) == 5


def test_if_one_file_cannot_be_opened_the_others_are_let_go(tmp_path: Path) -> None:
    (tmp_path / "tasks-1.db").write_text("something else")
    with pytest.raises(StorageError, match="tasks-1.db"):
        files(tmp_path, 2)
    (tmp_path / "tasks-1.db").unlink()
    files(tmp_path, 2).close()


def test_an_error_half_way_through_a_batch_says_what_has_been_added(tmp_path: Path) -> None:
    with files(tmp_path, 2) as s:
        names = [next(k for k in KEYS if place(k, 2) == shard) for shard in (0, 1)]
        full = s.ledger.ledgers[1]  # type: ignore[attr-defined]
        (pages,) = full.ask(lambda store: store.connection.execute("PRAGMA page_count").fetchone())
        full.ask(
            lambda store: store.connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        )
        rows = [{"priority": 1, "task_name": "x" * 50_000, "key": name} for name in names]
        with pytest.raises(StorageError, match="tasks-1.db: the disk is full") as caught:
            s.add_tasks(rows)
        assert caught.value.__notes__ == ["tasks [1] of the batch have been added"]
        assert [task.id for task in s.pending_tasks()] == [1]
        assert s.add_task(1, "goes on", key=names[0]) == 1
        s.check()


# --- in memory ------------------------------------------------------------------------------------


def test_the_history_and_the_dead_letters_are_bounded_over_all_shards() -> None:
    clock = VirtualClock()
    s = ShardedScheduler(4, history=3, max_dead_letters=2, clock=clock)
    ids = s.add_tasks([(i, f"{i}") for i in range(12)])
    for _ in range(6):
        s.complete(s.get_next_task())
        clock.advance(1)
    for _ in range(6):
        s.fail(s.get_next_task(), "e")
        clock.advance(1)

    def known(task_id: int) -> bool:
        try:
            return s.status(task_id) in (TaskStatus.SUCCEEDED, TaskStatus.FAILED)
        except UnknownTaskError:
            return False

    assert [i for i in ids if known(i)] == [4, 5, 6, 11, 12]
    assert [task.id for task in s.dead_letters()] == [11, 12]


def test_a_pool_runs_what_shards_hold() -> None:
    s = ShardedScheduler(4)
    done: list[int] = []
    for i in range(200):
        s.add_task(i % 5, f"{i}", action=done.append, args=(i,))
    with WorkerPool(s, workers=4) as pool:
        assert pool.drain(timeout=60)
    assert sorted(done) == list(range(200))


def test_a_key_goes_before_what_a_task_would_go_by() -> None:
    s = ShardedScheduler(8, by=lambda task: task.name)
    assert len({s.add_task(1, f"n{i}", action=print, key="k") for i in range(20)}) == 1
    assert len(s) == 1
