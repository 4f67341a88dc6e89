"""Actions on disk: names and JSON, and what is refused before anything is stored."""

import json
import sys
import weakref
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sched import RetryPolicy, TaskStatus, WorkerPool
from sched.durable import SQLiteScheduler, action
from sched.durable.actions import function_of
from sched.durable.plain import as_plain
from tests.schedulers import FileScheduler


@action("test_durable_actions.work")
def work(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


@action("test_durable_actions.call", retry=RetryPolicy(9, base=0, retry_on=OSError))
def call() -> None: ...


class Level(IntEnum):
    HIGH = 1


Point = namedtuple("Point", "x")

circle: list[Any] = []
circle.append(circle)

REFUSED: list[tuple[Any, str]] = [
    ((1, (2, 3)), r"args\[1\].*got \(2, 3\): it would come back as a list"),
    (({1: "a"},), r"args\[0\].*got 1: as a key it would come back as a str, not as int"),
    ((float("nan"),), r"args\[0\].*got nan"),
    (([1, {"a": float("inf")}],), r"args\[0\]\[1\]\['a'\].*got inf"),
    (("\ud800",), r"args\[0\].*lone surrogate"),
    (({"\udfff": 1},), r"args\[0\].*lone surrogate"),
    ((b"bytes",), r"args\[0\].*got b'bytes'"),
    (({1, 2},), r"args\[0\].*got \{1, 2\}"),
    ((datetime(2030, 1, 1, tzinfo=UTC),), r"args\[0\].*datetime"),
    ((Level.HIGH,), r"args\[0\].*plain int"),
    ((Point(1),), r"args\[0\].*Point"),
    ((circle,), "contains itself"),
    ((10**5000,), r"args\[0\].*digits"),
    ((object(),), r"args\[0\].*object"),
]


@pytest.mark.parametrize(
    ("args", "message"), REFUSED, ids=lambda x: ascii(x)[:30] if isinstance(x, str) else ""
)
def test_an_argument_that_would_come_back_changed_is_refused_and_nothing_is_stored(
    args: Any, message: str
) -> None:
    s = FileScheduler()
    with pytest.raises((TypeError, ValueError), match=message):
        s.add_task(1, "t", action=work, args=args)
    with pytest.raises((TypeError, ValueError), match=message.replace("args", "kwargs", 1)[:6]):
        s.add_task(1, "t", action=work, kwargs={"k": args[0] if len(args) == 1 else args})
    with pytest.raises((TypeError, ValueError), match=f"row 1: .*{message}"):
        s.add_tasks([(1, "a"), {"priority": 1, "task_name": "t", "action": work, "args": args}])
    assert s.metrics().added == 0
    s.check()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab\0é"), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return repr(a) == repr(b)


@given(value=json_values)
def test_what_is_let_through_comes_back_as_it_was(value: Any) -> None:
    assert same(as_plain(value, "x"), value)


@given(
    value=st.recursive(json_values | st.tuples(st.integers()), lambda i: st.lists(i, max_size=3))
)
def test_what_is_refused_is_what_json_changes(value: Any) -> None:
    try:
        as_plain(value, "x")
    except (TypeError, ValueError):
        assert not same(json.loads(json.dumps(value)), value)


def test_args_and_kwargs_come_back_and_are_the_tasks_own(tmp_path: Path) -> None:
    given_list: list[Any] = [1, {"é": None}]
    with SQLiteScheduler(tmp_path / "t.db") as s:
        s.add_task(1, "t", action=work, args=("a", given_list), kwargs={"k": given_list})
        given_list.append("changed by the caller")
    with SQLiteScheduler(tmp_path / "t.db") as s:
        task = s.get_next_task()
        function: Any = task.action
        assert function(*task.args, **task.kwargs) == (
            ("a", [1, {"é": None}]),
            {"k": [1, {"é": None}]},
        )


@pytest.mark.parametrize("function", [lambda: None, partial(work, 1), "".join, int, Level])
def test_a_function_that_is_not_registered_is_refused_and_nothing_is_stored(function: Any) -> None:
    s = FileScheduler()
    with pytest.raises(ValueError, match="action must be registered to be kept in a file, got"):
        s.add_task(1, "t", action=function)
    with pytest.raises(ValueError, match="row 0: action must be registered"):
        s.add_tasks([{"priority": 1, "task_name": "t", "action": function}])
    assert s.metrics().added == 0


def test_names_and_keys_that_no_file_can_hold_are_refused() -> None:
    s = FileScheduler()
    with pytest.raises(ValueError, match=r"task_name must be .* lone surrogate"):
        s.add_task(1, "\ud800")
    with pytest.raises(ValueError, match=r"key must be .* lone surrogate"):
        s.add_task(1, "t", key="\ud800")
    i = s.add_task(1, "null \0 and 🙂", key="\0")
    assert (s.task(i).name, s.task(i).key) == ("null \0 and 🙂", "\0")
    s.fail(s.get_next_task(), "an error \ud800")
    assert s.dead_letters()[0].error == "an error \\ud800"


def test_a_name_stands_for_one_function() -> None:
    def other() -> None: ...

    with pytest.raises(ValueError, match=r"name must be new, got 'test_durable_actions.work'"):
        action("test_durable_actions.work")(other)
    with pytest.raises(ValueError, match="registered already, as 'test_durable_actions.work'"):
        action("test_durable_actions.another")(work)
    with pytest.raises(ValueError, match="name must not be empty"):
        action("")
    with pytest.raises(TypeError, match="name must be a str"):
        action(work)
    with pytest.raises(TypeError, match="retry must be a RetryPolicy"):
        action("test_durable_actions.other", retry=3)
    assert function_of("test_durable_actions.work") is work


def test_a_module_that_is_loaded_again_replaces_its_function() -> None:
    def make() -> Any:
        @action("test_durable_actions.again")
        def again() -> None: ...

        return again

    first, second = make(), make()
    assert function_of("test_durable_actions.again") is second
    with pytest.raises(ValueError, match="must be registered"):
        FileScheduler().add_task(1, "t", action=first)


# --- an unknown action ----------------------------------------------------------------------------


def test_an_unknown_action_fails_its_task_with_a_clear_error_and_harms_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.db"
    with SQLiteScheduler(path) as s:
        unknown = s.add_task(1, "t", action=work, args=(1,))
        known = s.add_task(2, "t", action=call)
    forget("test_durable_actions.work")
    try:
        with SQLiteScheduler(path) as s, WorkerPool(s, 2) as pool:
            assert pool.drain(60)
            assert s.status(known) is TaskStatus.SUCCEEDED
            [letter] = s.dead_letters()
            assert letter.id == unknown
            assert "no action 'test_durable_actions.work' is registered" in str(letter.error)
            s.requeue(unknown)
            action("test_durable_actions.work")(work)
            assert pool.drain(60)
            assert s.task(unknown).result == "((1,), {})"
    finally:
        action("test_durable_actions.work")(work)


def forget(name: str) -> None:
    from sched.durable import actions

    del actions._names[actions._functions.pop(name)]


# --- retries --------------------------------------------------------------------------------------


def test_a_task_without_a_policy_has_that_of_its_action(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    for again in (False, True):
        with SQLiteScheduler(path) as s:
            if not again:
                s.add_task(1, "t", action=call)
            task = s.get_next_task()
            assert (task.retry.max_attempts, task.retry.retry_on) == (9, (OSError,))
            assert s.fail(task, OSError("x"))


def test_a_tasks_own_numbers_go_with_the_classes_of_its_action(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    with SQLiteScheduler(path) as s:
        s.add_task(1, "t", action=call, retry=RetryPolicy(3, base=0, retry_on=OSError))
        s.add_task(2, "t", action=call, retry=RetryPolicy(4, base=0))
    with SQLiteScheduler(path) as s:
        first, second = s.get_next_task(), s.get_next_task()
        assert [first.retry.max_attempts, second.retry.max_attempts] == [3, 4]
        assert s.fail(second, OSError("x"))
        assert not s.fail(first, ValueError("not among the classes"))


class Patient:
    """A policy of a user's own."""

    def allows(self, attempts: int, error: object) -> bool:
        return True

    def pause(self, attempts: int) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("retry", "message"),
    [
        (RetryPolicy(retry_on=ValueError), "retry must come without retry_on and give_up_on"),
        (RetryPolicy(give_up_on=ValueError), "classes belong to the action"),
        (Patient(), "retry must be a RetryPolicy to be kept in a file"),
        (RetryPolicy(10**5000), r"retry\.max_attempts must.*it has too many digits"),
        (RetryPolicy(seed=10**5000), r"retry\.seed must.*it has too many digits"),
    ],
)
def test_a_policy_that_no_row_can_hold_is_refused_and_nothing_is_stored(
    retry: Any, message: str
) -> None:
    s = FileScheduler()
    for function in (work, call):
        with pytest.raises((TypeError, ValueError), match=message):
            s.add_task(1, "t", action=function, retry=retry)
    assert s.metrics().added == 0


# --- results --------------------------------------------------------------------------------------


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class BrokenBy:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __repr__(self) -> str:
        raise self.error


class Nameless(type):
    __name__ = property(lambda _: 1 / 0)  # type: ignore[assignment]


class OfNameless(Broken, metaclass=Nameless): ...


class Proxy:
    __class__ = property(lambda _: sys.exit())  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "a proxy"


def dead_proxy() -> Any:
    return weakref.proxy(Broken())


@pytest.mark.parametrize(
    ("result", "stored"),
    [
        (None, None),
        ({"a": [1, 2.5, "é"]}, {"a": [1, 2.5, "é"]}),
        ((1, 2), "(1, 2)"),
        (float("nan"), "nan"),
        ({1: 2}, "{1: 2}"),
        (Broken(), "<Broken whose repr raises>"),
        ("\ud800", "'\\ud800'"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_a_result_is_kept_if_json_knows_it_and_as_its_repr_otherwise(
    tmp_path: Path, result: Any, stored: Any
) -> None:
    with SQLiteScheduler(tmp_path / "t.db") as s:
        i = s.add_task(1, "t")
        s.complete(s.get_next_task(), result)
        assert s.task(i).result == stored
    with SQLiteScheduler(tmp_path / "t.db") as s:
        assert s.task(i).result == stored


@action("test_durable_actions.give")
def give(n: int) -> Any:
    makers: list[Callable[[], Any]] = [
        lambda: BrokenBy(SystemExit()),
        lambda: BrokenBy(KeyboardInterrupt()),
        OfNameless,
        Proxy,
        dead_proxy,
        lambda: [dead_proxy()],
    ]
    return makers[n]()


@pytest.mark.parametrize("executor", ["thread", "async"])
def test_whatever_a_result_says_of_itself_its_worker_lives_on(
    tmp_path: Path, executor: str
) -> None:
    with SQLiteScheduler(tmp_path / "t.db") as s, WorkerPool(s, 1, executor=executor) as pool:
        ids = [s.add_task(1, "t", action=give, args=(n,)) for n in range(6)]
        assert pool.drain(60)
        assert [s.status(i) for i in ids] == 6 * [TaskStatus.SUCCEEDED]
        by, nameless, proxy, dead, deep = (s.task(i).result for i in ids[1:])
        assert by == "<BrokenBy whose repr raises>" and nameless == "<OfNameless whose repr raises>"
        assert proxy == "a proxy" and "weakproxy" in dead and "weakproxy" in deep


def test_nothing_is_unpickled() -> None:
    import sched.durable

    for module in Path(sched.durable.__file__).parent.glob("*.py"):
        text = module.read_text(encoding="utf-8")
        assert "import pickle" not in text
        assert "eval(" not in text
