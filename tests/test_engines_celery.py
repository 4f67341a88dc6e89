"""CeleryScheduler on a real Redis: each line of its CAPABILITIES, and what faults do to it."""

import json
import os
import pickle
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("celery", reason="the extra celery is not installed")

from sched import Priority, RetryPolicy, Scheduler, TaskStatus
from sched.engines import UnsupportedError, capability_table
from sched.engines.celery import CAPABILITIES, CeleryScheduler
from tests import celery_actions as actions
from tests.celery_worker import Book, CeleryWorker, wait_until
from tests.redis_server import RedisServer

# The lines of the table, and the tests that hold the engine to them.
PROVED = {
    "task_name": ["test_the_name_is_what_celery_calls_the_task"],
    "action, args, kwargs": [
        "test_arguments_arrive_as_they_were",
        "test_what_json_would_change_is_refused",
    ],
    "priority": [
        "test_the_most_urgent_comes_first_and_equals_in_turn",
        "test_a_priority_that_redis_has_no_list_for_is_refused",
        "test_another_broker_is_refused",
    ],
    "delay, run_at": [
        "test_a_delayed_task_is_never_early_and_waits_in_a_worker",
        "test_what_is_due_runs_before_what_is_more_urgent",
        "test_what_would_be_held_for_too_long_is_refused",
    ],
    "timeout": [
        "test_after_its_timeout_the_policy_decides",
        "test_what_ignores_its_timeout_is_killed_and_has_failed",
        "test_a_pool_that_cannot_kill_is_refused",
    ],
    "retry": [
        "test_attempts_and_pauses_are_those_of_the_policy",
        "test_what_kills_its_process_comes_back_each_time",
    ],
    "key": ["test_what_celery_cannot_do_is_refused_and_nothing_is_sent"],
    "wait": ["test_what_celery_cannot_do_is_refused_and_nothing_is_sent"],
    "cancel": [
        "test_a_cancelled_task_does_not_run_where_a_worker_has_heard",
        "test_cancelling_is_false_where_no_worker_hears_it",
    ],
    "status": ["test_the_status_is_what_celery_knows"],
    "at least once": [
        "test_what_kills_its_process_comes_back_each_time",
        "test_the_task_of_a_killed_worker_runs_again_when_it_is_visible",
        "test_a_message_twice_runs_twice_unless_it_has_succeeded",
    ],
    "on disk when it returns": ["test_nothing_is_lost_when_redis_is_killed_under_a_worker"],
    "what is not ours": ["test_what_is_not_ours_is_logged_and_stops_nothing"],
    "everything else": ["test_the_rest_of_a_scheduler_is_refused_by_name"],
}


def test_each_line_of_the_table_has_its_tests() -> None:
    assert list(PROVED) == [row.what for row in CAPABILITIES]
    assert [name for names in PROVED.values() for name in names if name not in globals()] == []
    assert all(row.what in capability_table(CAPABILITIES) for row in CAPABILITIES)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def worker(server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryWorker]:
    """The one that most tests share; faults have workers of their own."""
    worker = CeleryWorker(tmp_path_factory.mktemp("celery"), server.url, "shared")
    yield worker.wait_until_ready()
    worker.stop()


@pytest.fixture
def s(server: RedisServer) -> Iterator[CeleryScheduler]:
    with CeleryScheduler(server.url, name="shared") as s:
        yield s


@pytest.fixture
def nobody(server: RedisServer) -> Iterator[CeleryScheduler]:
    """One that has no worker, and has sent nothing when the test is over."""
    with CeleryScheduler(server.url, name="nobody", visibility_timeout=10) as s:
        yield s
    assert not list(server.client.scan_iter("nobody:*"))


@pytest.fixture
def book(worker: CeleryWorker, request: pytest.FixtureRequest) -> Book:
    return Book(worker.folder, request.node.name)


def ended(s: CeleryScheduler, task_id: str, status: TaskStatus = TaskStatus.SUCCEEDED) -> Any:
    """Its result, or its error, once it has ended in this way."""
    wait_until(lambda: s.status(task_id) is status, f"{status}, but {s.status(task_id)}")
    return s.app.AsyncResult(task_id).result


def closed_gate(s: CeleryScheduler, book: Book) -> str:
    """The worker's one process has a task that ends when the book's gate is opened."""
    gate = s.add_task(0, "gate", action=actions.gate, args=(book.name, "gate"))
    book.wait_for("gate starts")
    return gate


def held(server: RedisServer, name: str = "shared") -> int:
    """How many messages workers have fetched and not ended."""
    return int(server.client.hlen(f"{name}:unacked"))


# --- what is asked for ----------------------------------------------------------------------------


def test_the_name_is_what_celery_calls_the_task(
    s: CeleryScheduler, worker: CeleryWorker, book: Book
) -> None:
    task = s.add_task(1, "mail to Ada", action=actions.noted, args=(book.name, "sent"))
    assert ended(s, task) == "sent"
    assert f"Task mail to Ada[{task}] received" in worker.log
    assert "sent" not in re.findall(rf"^.*{task}\] received.*$", worker.log, re.M)[0]


def test_arguments_arrive_as_they_were(s: CeleryScheduler, book: Book) -> None:
    args: tuple[Any, ...] = (1, 2.5, None, True, "ü\n", [1, [2]], {"a": {"b": []}})
    kwargs = {"to": "ada", "many": [0.1, 2**60]}
    ended(s, s.add_task(1, "v", action=actions.values, args=(book.name, *args), kwargs=kwargs))
    assert [json.loads(line) for line in book.lines] == [[list(args), kwargs]]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"action": len}, "action must be registered"),
        ({"action": None}, "action must be given for Celery, got None"),
        ({"action": actions.noted, "args": ((1, 2),)}, "args"),
        ({"action": actions.noted, "kwargs": {"x": float("nan")}}, "kwargs"),
        ({"action": actions.noted, "args": ({1},)}, "args"),
        ({"action": actions.noted, "retry": RetryPolicy(retry_on=(KeyError,))}, "retry"),
        ({"action": actions.noted, "timeout": 0}, "timeout"),
    ],
    ids=["unknown", "none", "tuple", "nan", "set", "classes", "timeout"],
)
def test_what_json_would_change_is_refused(
    arguments: dict[str, Any], named: str, nobody: CeleryScheduler
) -> None:
    with pytest.raises((TypeError, ValueError), match=named):
        nobody.add_task(1, "refused", **arguments)


def test_the_most_urgent_comes_first_and_equals_in_turn(s: CeleryScheduler, book: Book) -> None:
    closed_gate(s, book)
    rows = [(n * 7 % 10, f"{n * 7 % 10} as number {n:02}") for n in range(30)]
    for priority, text in rows:
        s.add_task(priority, text, action=actions.noted, args=(book.name, text))
    s.add_task(Priority.IDLE, "i", action=actions.noted, args=(book.name, "5 as number 99"))
    last = s.add_task(9, "last", action=actions.noted, args=(book.name, "last"))
    book.open()
    ended(s, last)
    expected = sorted([*(text for _, text in rows), "5 as number 99"])
    assert book.lines == ["gate starts", "gate ends", *expected, "last"]


@pytest.mark.parametrize("priority", [-1, 10, 2.5, 2**40])
def test_a_priority_that_redis_has_no_list_for_is_refused(
    priority: float, nobody: CeleryScheduler
) -> None:
    with pytest.raises(UnsupportedError, match=f"priority .*{re.escape(str(priority))}"):
        nobody.add_task(priority, "p", action=actions.noted)


@pytest.mark.parametrize("url", ["amqp://guest@localhost//", "memory://", "localhost:6379"])
def test_another_broker_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedError, match=f"url must be of Redis.*{re.escape(url)}"):
        CeleryScheduler(url)


def test_a_delayed_task_is_never_early_and_waits_in_a_worker(
    s: CeleryScheduler, server: RedisServer, book: Book
) -> None:
    before = time.time()
    tasks = [
        s.add_task(1, "delay", 0.4, action=actions.moment, args=(book.name,)),
        s.add_task(1, "run_at", run_at=before + 0.4, action=actions.moment, args=(book.name,)),
        s.add_task(
            1,
            "aware",
            run_at=datetime.now(UTC) + timedelta(seconds=0.4),
            action=actions.moment,
            args=(book.name,),
        ),
    ]
    far = s.add_task(1, "far", 600, action=actions.moment, args=(book.name,))
    wait_until(lambda: held(server) >= 1, "held by the worker")
    for task in tasks:
        ended(s, task)
    assert len(book.lines) == 3
    assert all(float(line) >= before + 0.4 - 1e-5 for line in book.lines)
    wait_until(lambda: held(server) == 1, "only the far one, in the worker's memory")
    assert server.client.llen("shared:shared\x06\x161") == 0
    assert s.status(far) is TaskStatus.PENDING
    assert s.cancel(far)


def test_what_is_due_runs_before_what_is_more_urgent(
    s: CeleryScheduler, server: RedisServer, book: Book
) -> None:
    before = held(server)
    late = s.add_task(9, "late", 1.0, action=actions.noted, args=(book.name, "the least urgent"))
    due = time.time() + 1.0
    wait_until(lambda: held(server) == before + 1, "in the worker's memory")
    closed_gate(s, book)
    urgent = s.add_task(0, "urgent", action=actions.noted, args=(book.name, "the most urgent"))
    wait_until(lambda: time.time() > due + 0.2, "due")
    book.open()
    ended(s, late)
    ended(s, urgent)
    ours = [line for line in book.lines if line.startswith("the")]
    assert ours == ["the least urgent", "the most urgent"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"delay": 10}, "delay"),
        ({"run_at": time.time() + 1e6}, "delay"),
        ({"delay": 5, "timeout": 4}, "delay"),
        ({"timeout": 9}, "timeout"),
        ({"retry": RetryPolicy(max_attempts=9, base=1, cap=60)}, "retry"),
        ({"retry": RetryPolicy(max_attempts=None, base=1, cap=10)}, "retry"),
    ],
)
def test_what_would_be_held_for_too_long_is_refused(
    arguments: dict[str, Any], named: str, nobody: CeleryScheduler
) -> None:
    with pytest.raises(UnsupportedError, match=f"{named} must end before visibility_timeout"):
        nobody.add_task(1, "long", action=actions.noted, **arguments)


def test_after_its_timeout_the_policy_decides(s: CeleryScheduler, book: Book) -> None:
    twice = RetryPolicy(max_attempts=2, base=0)
    task = s.add_task(1, "slow", action=actions.slow, args=(book.name,), timeout=0.2, retry=twice)
    assert "timed out after 0.2 s" in str(ended(s, task, TaskStatus.FAILED))
    assert book.lines == ["has inf s left, as far as it is told"] * 2


def test_what_ignores_its_timeout_is_killed_and_has_failed(s: CeleryScheduler, book: Book) -> None:
    task = s.add_task(
        1, "deaf", action=actions.deaf, args=(book.name,), timeout=0.2, retry=RetryPolicy(5)
    )
    ended(s, task, TaskStatus.FAILED)
    after = s.add_task(1, "after", action=actions.noted, args=(book.name, "after"))
    ended(s, after)  # by a new process
    assert book.lines == ["tried", "heard and went on", "after"]


def test_a_pool_that_cannot_kill_is_refused(server: RedisServer, tmp_path: Path) -> None:
    worker = CeleryWorker(tmp_path, server.url, "refusing", pool="threads")
    assert worker.process.wait(60) != 0
    assert "--pool prefork, not thread" in worker.log


def test_attempts_and_pauses_are_those_of_the_policy(s: CeleryScheduler, book: Book) -> None:
    own = s.add_task(1, "own", action=actions.fails, args=(book.name,))
    assert "again" in str(ended(s, own, TaskStatus.FAILED))
    assert book.lines == ["tried"] * 3
    fewer = RetryPolicy(max_attempts=2, base=0.3, jitter="none")
    start = time.time()
    given = s.add_task(1, "given", action=actions.fails, args=(book.name,), retry=fewer)
    ended(s, given, TaskStatus.FAILED)
    assert time.time() - start >= 0.3
    assert book.lines == ["tried"] * 5
    # Which errors are worth it belongs to the action, also with other numbers.
    no = s.add_task(1, "no", action=actions.fails, args=(book.name, "ValueError"), retry=fewer)
    ended(s, no, TaskStatus.FAILED)
    assert book.lines == ["tried"] * 6
    leaves = s.add_task(1, "exit", action=actions.fails, args=(book.name, "SystemExit"))
    assert "SystemExit" in str(ended(s, leaves, TaskStatus.FAILED))
    assert book.lines == ["tried"] * 7


def test_what_kills_its_process_comes_back_each_time(s: CeleryScheduler, book: Book) -> None:
    ended(s, s.add_task(1, "crash", action=actions.crashes, args=(book.name, 2)))
    assert book.lines == ["tried"] * 3  # though its policy allows one attempt


@pytest.mark.parametrize("refused", [{"key": "a"}, {"wait": 1.0}])
def test_what_celery_cannot_do_is_refused_and_nothing_is_sent(
    refused: dict[str, Any], nobody: CeleryScheduler
) -> None:
    ((argument, value),) = refused.items()
    with pytest.raises(UnsupportedError, match=f"{argument} must be None for Celery.*{value}"):
        nobody.add_task(1, "refused", action=actions.noted, **refused)


def test_the_rest_of_a_scheduler_is_refused_by_name(nobody: CeleryScheduler) -> None:
    offered = {"add_task", "cancel", "status"}
    names = {name for name in vars(Scheduler) if not name.startswith("_")} - offered
    assert len(names) > 15
    for name in names:
        with pytest.raises(AttributeError, match=f"no '{name}': .*CAPABILITIES"):
            getattr(nobody, name)


# --- cancelling and looking -----------------------------------------------------------------------


def test_a_cancelled_task_does_not_run_where_a_worker_has_heard(
    s: CeleryScheduler, book: Book
) -> None:
    gate = closed_gate(s, book)
    task = s.add_task(1, "cancelled", action=actions.noted, args=(book.name, "cancelled"))
    last = s.add_task(2, "last", action=actions.noted, args=(book.name, "last"))
    assert s.cancel(task) is True
    assert s.cancel(gate) is False  # it runs
    book.open()
    ended(s, last)
    assert s.status(task) is TaskStatus.CANCELLED
    assert book.lines == ["gate starts", "gate ends", "last"]
    assert s.cancel(last) is False


def test_cancelling_is_false_where_no_worker_hears_it(server: RedisServer) -> None:
    with CeleryScheduler(server.url, name="unheard") as s:
        task = s.add_task(1, "t", action=actions.noted, args=("unheard", "t"))
        assert s.cancel(task) is False


def test_the_status_is_what_celery_knows(s: CeleryScheduler, book: Book) -> None:
    assert s.status("never added") is TaskStatus.PENDING
    gate = closed_gate(s, book)
    wait_until(lambda: s.status(gate) is TaskStatus.RUNNING, "running")
    task = s.add_task(1, "t", action=actions.noted, args=(book.name, "t"))
    assert s.status(task) is TaskStatus.PENDING
    book.open()
    ended(s, task)


# --- faults ---------------------------------------------------------------------------------------


def test_the_task_of_a_killed_worker_runs_again_when_it_is_visible(
    server: RedisServer, tmp_path: Path
) -> None:
    s, book = CeleryScheduler(server.url, name="killed"), Book(tmp_path, "book")
    first = CeleryWorker(tmp_path, server.url, "killed").wait_until_ready()
    gate = closed_gate(s, book)
    waiting = s.add_task(1, "w", action=actions.noted, args=(book.name, "waiting"))
    delayed = s.add_task(1, "d", action=actions.noted, args=(book.name, "delayed"))
    first.kill()
    assert held(server, "killed") >= 1  # not lost, and nobody's until the timeout is over
    tags: Any = server.client.zrange("killed:unacked_index", 0, -1)
    server.client.zadd("killed:unacked_index", dict.fromkeys(tags, 0))  # long ago
    second = CeleryWorker(tmp_path, server.url, "killed")
    try:
        book.open()
        for task in (gate, waiting, delayed):
            ended(s, task)
        assert book.lines.count("gate starts") == 2
    finally:
        second.stop()
        s.close()


def test_a_message_twice_runs_twice_unless_it_has_succeeded(
    s: CeleryScheduler, server: RedisServer, worker: CeleryWorker, book: Book
) -> None:
    gate = closed_gate(s, book)
    twin = next(
        message
        for message, _, _ in map(json.loads, server.client.hvals("shared:unacked"))
        if message["headers"]["id"] == gate
    )
    twin["properties"]["delivery_tag"] = "another"
    server.client.lpush("shared:shared", json.dumps(twin))  # its timeout is over while it runs
    book.open()
    wait_until(lambda: book.lines.count("gate ends") == 2, "run twice")
    ended(s, gate)
    # And once more, as Redis gives it back when an acknowledgement was lost.
    twin["headers"]["redelivered"] = twin["properties"]["delivery_info"]["redelivered"] = True
    server.client.lpush("shared:shared", json.dumps(twin))
    last = s.add_task(0, "last", action=actions.noted, args=(book.name, "last"))
    ended(s, last)
    assert book.lines == ["gate starts", "gate ends"] * 2 + ["last"]


def test_nothing_is_lost_when_redis_is_killed_under_a_worker(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    s, book = CeleryScheduler(server.url, name="restarted"), Book(tmp_path, "book")
    worker = CeleryWorker(tmp_path, server.url, "restarted")
    try:
        worker.wait_until_ready()
        closed_gate(s, book)
        tasks = [f"task {n}" for n in range(5)]
        for task in tasks:
            s.add_task(1, task, action=actions.noted, args=(book.name, task))
        server.kill()
        book.open()
        book.wait_for("gate ends")
        server.start()
        book.wait_for(*tasks)
        assert [line for line in book.lines if line.startswith("task")] == tasks
    finally:
        worker.stop()
        s.close()
        server.close()


def message(
    task: str, body: Any, kind: str = "application/json", encoding: str = "utf-8"
) -> dict[str, Any]:
    """What a program that knows Celery's format can put into Redis."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {
        "body": b64encode(body).decode(),
        "content-encoding": encoding,
        "content-type": kind,
        "headers": {"lang": "py", "task": task, "id": f"id of {task}", "argsrepr": "()"},
        "properties": {
            "correlation_id": f"id of {task}",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "shared"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": os.urandom(8).hex(),
        },
    }


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_what_is_not_ours_is_logged_and_stops_nothing(
    s: CeleryScheduler, server: RedisServer, worker: CeleryWorker, book: Book
) -> None:
    embed = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    bomb = worker.folder / "the bomb has gone off"
    payloads: list[Any] = [
        "no JSON at all",
        "[1, 2",
        "[" * 100_000 + "]" * 100_000,
        "null",
        '"a text"',
        "{}",
        '{"properties": {}}',
        json.dumps({**message("x", {}), "headers": None}),
        json.dumps({**message("x", {}), "properties": {"delivery_tag": []}}),
        json.dumps({**message("x", {}), "properties": {"delivery_tag": "1"}}),
        json.dumps({**message("x", {}), "body": "not base64 !"}),
        json.dumps(message("somebody.elses.task", [[], {}, embed])),
        json.dumps(message("sched.attempt", ["too", "few"])),
        json.dumps(
            message("sched.attempt", [["test.no_such_action", [], {}, None, None], {}, embed])
        ),
        json.dumps(message("sched.attempt", [["os.system", ["true"], {}, None, None], {}, embed])),
        json.dumps(message("sched.attempt", [[7], {"x": 1}, embed])),
        json.dumps(
            message(
                "sched.attempt",
                pickle.dumps(((Bomb(bomb),), {}, embed)),
                "application/x-python-serialize",
                "binary",
            )
        ),
    ]
    logged = len(worker.log)
    for payload in payloads:
        server.client.lpush("shared:shared", payload)
        task = s.add_task(0, "after", action=actions.noted, args=(book.name, "after"))
        ended(s, task)  # the worker lives, and goes on
    assert worker.process.poll() is None
    assert book.lines == ["after"] * len(payloads)
    assert not bomb.exists()
    said = worker.log[logged:]
    assert said.count("dropped what is no message") >= 5
    assert said.count("rejected a message that is not ours") == 1
    for part in ("somebody.elses.task", "test.no_such_action", "os.system", "ContentDisallowed"):
        assert part in said
