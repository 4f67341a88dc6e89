"""DaskExecutor on a cluster of its own and on one of others: calls, faults, ports."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("distributed", reason="the extra dask is not installed")

from sched import HeapScheduler, RetryPolicy, TaskStatus
from sched.engines.dask import CAPABILITIES, DaskExecutor, pool
from sched.processes import ProcessDiedError
from tests.celery_worker import wait_until
from tests.dask_cluster import DaskCluster

PATIENCE = 120


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.close()


@pytest.fixture(scope="module", params=["a cluster of its own", "a cluster of others"])
def executor(request: pytest.FixtureRequest) -> Iterator[DaskExecutor]:
    address = None
    if request.param == "a cluster of others":
        address = request.getfixturevalue("cluster").address
    executor = DaskExecutor(address, 2, patience=30)
    wait_until(lambda: executor.slots == 2, "two workers")
    yield executor
    executor.shutdown()


def pid() -> int:
    time.sleep(0.05)
    return os.getpid()


def be_killed(folder: str) -> str:
    """The first attempt is killed with its process."""
    told = Path(folder, "killed")
    if told.exists():
        return "the second time"
    told.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def gate(folder: str, name: str) -> str:
    Path(folder, f"{name} {time.time_ns()}").touch()
    while not Path(folder, "open").exists():
        time.sleep(0.01)
    return name


class NotPicklable:
    def __reduce__(self) -> Any:
        raise RuntimeError("I stay here")


class EndsWhoWritesIt:
    def __reduce__(self) -> Any:
        raise SystemExit


class EndsWhoReadsIt:
    def __reduce__(self) -> Any:
        return sys.exit, ()


def raises(error: type[BaseException]) -> None:
    raise error("said by the call")


def test_calls_return_in_other_processes(executor: DaskExecutor) -> None:
    futures = [executor.submit(pid) for _ in range(8)]
    pids = {future.result(PATIENCE) for future in futures}
    assert os.getpid() not in pids
    assert len(pids) == 2
    assert executor.submit(divmod, 7, 2).result(PATIENCE) == (3, 1)
    assert executor.submit(int, "11", base=2).result(PATIENCE) == 3
    assert executor.submit(lambda x: x + 1, 1).result(PATIENCE) == 2


@pytest.mark.parametrize("error", [ValueError, KeyError, SystemExit, KeyboardInterrupt])
def test_what_a_call_raises_is_raised_here_and_the_worker_lives_on(
    error: type[BaseException], executor: DaskExecutor
) -> None:
    failed = executor.submit(raises, error)
    assert type(failed.exception(PATIENCE)) is error
    assert executor.submit(len, "abc").result(PATIENCE) == 3


def test_what_cannot_be_pickled_is_told_and_spoils_no_other(executor: DaskExecutor) -> None:
    good = executor.submit(len, "abc")
    gone = executor.submit(len, NotPicklable())
    with pytest.raises(TypeError, match="must be picklable: RuntimeError: I stay here"):
        gone.result(0)
    here = executor.submit(lambda: NotPicklable())
    assert "NotPicklable cannot be pickled" in str(here.exception(PATIENCE))
    ends = [executor.submit(kind) for kind in (EndsWhoWritesIt, EndsWhoReadsIt)]
    assert str(ends[0].exception(PATIENCE)) == "a EndsWhoWritesIt cannot be pickled: SystemExit"
    assert isinstance(ends[1].exception(PATIENCE), SystemExit)
    assert good.result(PATIENCE) == 3


def test_never_more_is_in_flight_than_workers_can_run(
    executor: DaskExecutor, tmp_path: Path
) -> None:
    futures = [executor.submit(gate, str(tmp_path), f"call {n}") for n in range(12)]
    wait_until(lambda: len(list(tmp_path.glob("call *"))) == 2, "two begun")
    held = executor._client.processing()
    assert sum(len(keys) for keys in held.values()) == 2  # Dask knows of no other
    assert futures[11].cancel() and not futures[0].cancel()
    (tmp_path / "open").touch()
    wait(futures, PATIENCE)
    begun = [path.name.split()[1] for path in sorted(tmp_path.glob("call *"), key=_moment)]
    assert begun[:2] in (["0", "1"], ["1", "0"])
    assert sorted(map(int, begun)) == list(range(11))
    assert max(abs(i - int(n)) for i, n in enumerate(begun)) <= 1  # in turn, but for the two


def _moment(path: Path) -> int:
    return int(path.name.split()[2])


@pytest.mark.parametrize("executor", ["a cluster of its own"], indirect=True)
def test_a_call_whose_worker_is_killed_says_so_and_others_do_not_notice(
    executor: DaskExecutor, tmp_path: Path
) -> None:
    killed = executor.submit(be_killed, str(tmp_path))
    others = [executor.submit(len, "abc") for _ in range(20)]
    assert isinstance(killed.exception(PATIENCE), ProcessDiedError)
    assert [other.result(PATIENCE) for other in others] == [3] * 20
    assert executor.submit(be_killed, str(tmp_path)).result(PATIENCE) == "the second time"
    wait_until(lambda: executor.slots == 2, "whole again")


def test_small_calls_travel_in_chunks_and_each_has_its_own_end(cluster: DaskCluster) -> None:
    executor = DaskExecutor(cluster.address, chunk=50)
    try:
        wait_until(lambda: executor.slots == 2, "two workers")
        futures: list[Future[Any]] = []
        for n in range(500):
            futures.append(executor.submit(divmod, 7, n % 5))
        for n, future in enumerate(futures):
            if n % 5:
                assert future.result(PATIENCE) == divmod(7, n % 5)
            else:
                assert isinstance(future.exception(PATIENCE), ZeroDivisionError)
    finally:
        executor.shutdown()


def test_nothing_is_lost_when_workers_die_and_join_and_the_scheduler_is_killed(
    tmp_path: Path,
) -> None:
    cluster = DaskCluster(tmp_path, workers=1)
    executor = None
    try:
        wait_until(lambda: _answers(cluster.port), "a scheduler")
        executor = DaskExecutor(cluster.address, patience=2)
        wait_until(lambda: executor.slots == 1, "one worker")
        (tmp_path / "a").mkdir()
        first = executor.submit(gate, str(tmp_path / "a"), "first")
        rest = [executor.submit(pid) for _ in range(10)]
        wait_until(lambda: list((tmp_path / "a").glob("first *")), "begun")
        cluster.workers[0].kill()  # the call is told; what waits waits for a worker
        assert isinstance(first.exception(PATIENCE), ProcessDiedError)
        cluster.start_worker()
        cluster.start_worker()
        assert len({future.result(PATIENCE) for future in rest}) >= 1
        wait_until(lambda: executor.slots == 2, "both joined")
        (tmp_path / "b").mkdir()
        held = [executor.submit(gate, str(tmp_path / "b"), f"call {n}") for n in range(6)]
        wait_until(lambda: len(list((tmp_path / "b").glob("call *"))) >= 2, "begun")
        cluster.kill_scheduler()
        (tmp_path / "b" / "open").touch()
        cluster.start_scheduler()
        cluster.start_worker()  # those that were there may come back, or not
        assert [each.result(PATIENCE) for each in held] == [f"call {n}" for n in range(6)]
    finally:
        if executor is not None:
            executor.shutdown(wait=False)
        cluster.close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _children() -> set[psutil.Process]:
    """The processes below this one; without the one that Python keeps until its own end."""
    found = psutil.Process().children(recursive=True)
    return {each for each in found if "resource_tracker" not in " ".join(_cmdline(each))}


def _listening() -> set[Any]:
    """What this process and its children listen to."""
    me = psutil.Process()
    found = [c for each in [me, *me.children(recursive=True)] for c in each.net_connections()]
    return {c.laddr for c in found if c.status == "LISTEN"}


def test_every_port_is_open_on_this_machine_alone() -> None:
    before = _listening()
    executor = DaskExecutor(None, 1)
    try:
        opened = _listening() - before
        assert len(opened) >= 3  # the scheduler's, a worker's, and their pages for browsers
        assert {address.ip for address in opened} == {"127.0.0.1"}
    finally:
        executor.shutdown()


def test_after_shutdown_nothing_is_left() -> None:
    before, threads = _children(), {*threading.enumerate()}  # other tests have some as well
    executor = DaskExecutor(None, 1)
    mine = _children() - before
    watchdogs = [t for t in {*threading.enumerate()} - threads if t.name == "sched-dask"]
    assert mine
    assert watchdogs
    assert executor.submit(len, "abc").result(PATIENCE) == 3
    executor.shutdown()
    executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(len, "abc")
    assert psutil.wait_procs(mine, PATIENCE)[1] == []
    wait_until(lambda: not any(t.is_alive() for t in watchdogs), "ended")


def test_a_shutdown_that_was_interrupted_is_ended_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _children()
    executor = DaskExecutor(None, 1)
    mine = _children() - before
    join, left = threading.Thread.join, [1]

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if thread.name == "sched-dask" and left:
            left.pop()
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        executor.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(len, "abc")
    executor.shutdown()
    assert psutil.wait_procs(mine, 30)[1] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"address": ""}, "address must not be empty"),
        ({"address": 7}, "address must be a str"),
        ({"workers": 0}, "workers must be at least 1, got 0"),
        ({"chunk": 0}, "chunk must be at least 1, got 0"),
        ({"patience": 0}, "patience must be a finite .*got 0"),
    ],
)
def test_a_bad_argument_is_named(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises((TypeError, ValueError), match=named):
        DaskExecutor(**arguments)


def test_where_there_is_no_scheduler_it_says_so() -> None:
    with pytest.raises(OSError, match="127.0.0.1:1"):
        DaskExecutor("tcp://127.0.0.1:1", patience=0.5)


# --- the pool -------------------------------------------------------------------------------------


def note(folder: str, line: str) -> None:
    with Path(folder, "log").open("a") as file:
        file.write(f"{line}\n")


def lines(folder: Path) -> list[str]:
    path = folder / "log"
    return path.read_text().splitlines() if path.exists() else []


def gated(folder: str, name: str) -> None:
    note(folder, name)
    while not Path(folder, "open").exists():
        time.sleep(0.01)


AT_ONCE = RetryPolicy(max_attempts=3, base=0.0)


def test_no_task_is_displaced_by_a_less_urgent_one(cluster: DaskCluster, tmp_path: Path) -> None:
    s = HeapScheduler()
    for n in range(2):
        s.add_task(0, "gate", action=gated, args=(str(tmp_path), f"gate {n}"))
    with pool(s, cluster.address, patience=30) as workers:
        assert workers.workers == 2
        wait_until(lambda: len(lines(tmp_path)) == 2, "both workers busy")
        rows = [(n * 7 % 10, n) for n in range(100)]
        for priority, n in rows:
            s.add_task(priority, "t", action=note, args=(str(tmp_path), f"{priority} {n:03}"))
        (tmp_path / "open").touch()
        assert workers.drain(PATIENCE)
    ran = lines(tmp_path)[2:]
    expected = [f"{priority} {n:03}" for priority, n in sorted(rows)]
    assert sorted(ran) == expected
    # Of two that run at once either may write first, and no more than that.
    assert max(abs(i - expected.index(line)) for i, line in enumerate(ran)) <= 2


def test_a_worker_that_dies_counts_as_an_attempt_and_poison_ends_as_a_dead_letter(
    tmp_path: Path,
) -> None:
    s = HeapScheduler()
    with pool(s) as workers:
        once = s.add_task(1, "once", action=be_killed, args=(str(tmp_path),), retry=AT_ONCE)
        poison = s.add_task(1, "poison", action=os._exit, args=(3,), retry=AT_ONCE)
        others = [s.add_task(2, "t", action=len, args=("abc",)) for _ in range(50)]
        assert workers.drain(PATIENCE)
    assert (s.task(once).result, s.task(once).attempts) == ("the second time", 2)
    assert s.task(poison).error == "ProcessDiedError: the worker that ran it has died"
    assert (s.status(poison), s.task(poison).attempts) == (TaskStatus.FAILED, 3)
    assert {(s.status(i), s.task(i).attempts) for i in others} == {(TaskStatus.SUCCEEDED, 1)}


def test_chunks_get_all_done_and_each_task_has_its_own_end(cluster: DaskCluster) -> None:
    s = HeapScheduler()
    ids = [s.add_task(1, f"{n}", action=divmod, args=(7, n % 5)) for n in range(300)]
    with pool(s, cluster.address, chunk=20, patience=30) as workers:
        assert workers.workers == 40
        assert workers.drain(PATIENCE)
    failed = [s.task(i).name for i in ids if s.status(i) is TaskStatus.FAILED]
    assert failed == [f"{n}" for n in range(0, 300, 5)]
    assert s.metrics().succeeded == 240


def test_a_pool_follows_its_cluster_and_outlives_its_scheduler(tmp_path: Path) -> None:
    cluster = DaskCluster(tmp_path, workers=1)
    s = HeapScheduler()
    try:
        wait_until(lambda: _answers(cluster.port), "a scheduler")
        with pool(s, cluster.address, patience=2) as workers:
            cluster.start_worker()
            wait_until(lambda: workers.workers == 2, "two workers")
            ids = [
                s.add_task(1, "t", action=gated, args=(str(tmp_path), f"task {n}"))
                for n in range(6)
            ]
            wait_until(lambda: len(lines(tmp_path)) == 2, "two at work")
            assert s.metrics().running == 2
            cluster.kill_scheduler()
            cluster.start_scheduler()
            (tmp_path / "open").touch()
            cluster.start_worker()  # those that were there may come back, or not
            assert workers.drain(PATIENCE)
        assert {(s.status(i), s.task(i).attempts) for i in ids} == {(TaskStatus.SUCCEEDED, 1)}
        assert set(lines(tmp_path)) == {f"task {n}" for n in range(6)}
    finally:
        cluster.close()


def test_a_pool_is_over_with_its_cluster_whoever_waits() -> None:
    s = HeapScheduler()
    before = _children()
    workers = pool(s, workers=1).start()
    mine = _children() - before
    assert mine
    i = s.add_task(1, "t", action=time.sleep, args=(0.2,))
    wait_until(lambda: s.metrics().running == 1, "running")
    assert workers.shutdown(wait=False) is False
    wait_until(lambda: s.status(i) is TaskStatus.SUCCEEDED, "ended by itself")
    assert psutil.wait_procs(mine, PATIENCE)[1] == []


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize("options", [{"workers": 0}, {"chunk": 0}, {"max_sleep": -1}])
def test_a_bad_option_of_a_pool_is_named(options: dict[str, Any], cluster: DaskCluster) -> None:
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"{name} .*{value}"):
        pool(HeapScheduler(), cluster.address, **options)


def test_each_line_of_the_table_is_told() -> None:
    assert [row.what for row in CAPABILITIES if row.level == "weaker"] == [
        "timeout",
        "cancel",
        "at least once",
    ]
