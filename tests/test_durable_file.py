"""A file of tasks: what is in it after a close, a crash and a second owner, and who may have it."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sched import RetryPolicy, TaskStatus, VirtualClock
from sched.durable import SQLiteScheduler, StorageError, action, owner_of
from tests.mutants import ROOT


@action("test_durable_file.work")
def work(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


def python(code: str, *arguments: Any, check: bool = True) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=check)


# What the tests below have another process do, which then dies without a word.
DIES = """\
import os, sys
from sched import RetryPolicy, VirtualClock
from sched.durable import SQLiteScheduler
s = SQLiteScheduler(sys.argv[1], clock=VirtualClock(float(sys.argv[2])))
"""


def test_all_of_a_task_is_there_again(path: Path) -> None:
    retry = RetryPolicy(max_attempts=7, base=2, jitter="none")
    facts = "id name priority run_at added_at status attempts error action args kwargs timeout key"
    with SQLiteScheduler(path, clock=VirtualClock(1000.0)) as s:
        full: Any = {"action": work, "args": (1, [2, None]), "kwargs": {"a": {"b": 1.5}}}
        i = s.add_task(2.5, "full", delay=9, timeout=3, retry=retry, key="k", **full)
        j = s.add_task(1, "plain")
        k = s.add_task(-0.0, "failed", action=work)
        s.fail(s.get_next_task(), "e")
        before = [s.task(each) for each in (i, j, k)]
    with SQLiteScheduler(path, clock=VirtualClock(1001.0)) as s:
        s.check()
        for task in before:
            again = s.task(task.id)
            for fact in facts.split():
                assert getattr(again, fact) == getattr(task, fact), fact
                assert type(getattr(again, fact)) is type(getattr(task, fact)), fact
            assert again.retry == task.retry
            assert again == task
        assert s.add_task(1, "other", key="k") == i
        assert s.add_task(1, "next") == k + 1


def test_the_end_of_a_task_is_there_again(path: Path) -> None:
    with SQLiteScheduler(path, history=2) as s:
        for i in range(4):
            s.add_task(1, "t")
            s.complete(s.get_next_task(), result={"n": i})
        m = s.metrics()
    with SQLiteScheduler(path, history=2) as s:
        assert s.metrics() == m
        assert (s.task(4).status, s.task(4).result) == (TaskStatus.SUCCEEDED, {"n": 3})
        with pytest.raises(KeyError):
            s.task(2)
    with SQLiteScheduler(path, history=1) as s:
        with pytest.raises(KeyError):
            s.task(3)
        s.check()


def test_what_was_running_when_the_owner_died_runs_again_and_has_had_an_attempt(
    path: Path,
) -> None:
    code = DIES + "s.add_task(1, 't'); s.add_task(2, 'u'); s.get_next_task(); os._exit(1)"
    python(code, path, 1000, check=False)
    s = SQLiteScheduler(path, clock=VirtualClock(1001.0))
    s.check()
    task = s.get_next_task()
    assert (task.name, task.attempts) == ("t", 2)
    assert "died" in str(task.error)
    task = s.get_next_task()
    assert (task.name, task.attempts, task.error) == ("u", 1, None)
    assert s.metrics().retried == 1


def test_without_a_policy_a_task_runs_again_after_five_crashes_and_is_then_a_dead_letter(
    path: Path,
) -> None:
    python(DIES + "s.add_task(1, 'poison', key='k'); os._exit(1)", path, 1000, check=False)
    for crash in range(6):
        ran = python(
            DIES + "print(s.get_next_task().attempts, flush=True); os._exit(1)",
            *(path, 1001 + crash),
            check=False,
        )
        assert ran.stdout.strip() == str(crash + 1), ran.stderr
    s = SQLiteScheduler(path)
    assert len(s) == 0
    [letter] = s.dead_letters()
    assert (letter.attempts, letter.status) == (6, TaskStatus.FAILED)
    assert "died" in str(letter.error)
    s.check()


def test_a_policy_bounds_the_attempts_that_end_in_a_crash_and_sets_the_pause(path: Path) -> None:
    python(
        DIES + "s.add_task(1, 't', retry=RetryPolicy(max_attempts=2, base=8, jitter='none'));"
        "s.get_next_task(); os._exit(1)",
        *(path, 1000),
        check=False,
    )
    clock = VirtualClock(2000.0)
    with SQLiteScheduler(path, clock=clock) as s:
        assert s.next_run_time() == 2008.0
        clock.advance(8)
        s.get_next_task()
    with SQLiteScheduler(path, clock=VirtualClock(3000.0)) as s:
        assert [letter.attempts for letter in s.dead_letters()] == [2]


def test_a_hand_out_is_over_once_its_file_is_opened_again(path: Path) -> None:
    s = SQLiteScheduler(path)
    s.add_task(1, "t")
    old = s.get_next_task()
    s.close()
    s = SQLiteScheduler(path)
    with pytest.raises(RuntimeError, match="PENDING"):
        s.complete(old)
    new = s.get_next_task()
    assert new.id == old.id
    assert new != old
    with pytest.raises(RuntimeError, match="RUNNING"):
        s.complete(old)
    s.complete(new)


# --- one owner ------------------------------------------------------------------------------------


@pytest.fixture
def owner(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the file until its input ends."""
    code = DIES + "print('has it', flush=True); sys.stdin.read(); os._exit(1)"
    command = [sys.executable, "-c", textwrap.dedent(code), str(path), "1000"]
    pipe: Any = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "has it\n"
        yield process


def test_a_second_owner_is_told_the_pid_of_the_first(
    path: Path, owner: "subprocess.Popen[str]"
) -> None:
    with pytest.raises(StorageError, match=rf"tasks\.db.*process {owner.pid} has it"):
        SQLiteScheduler(path)
    assert owner_of(path) == owner.pid


def test_the_file_is_free_when_its_owner_has_died(
    path: Path, owner: "subprocess.Popen[str]"
) -> None:
    owner.kill()
    owner.wait()
    assert owner_of(path) is None
    with SQLiteScheduler(path) as s:
        assert owner_of(path) == os.getpid()
        s.add_task(1, "t")


def test_a_process_has_a_file_once_by_whatever_name(path: Path) -> None:
    with SQLiteScheduler(path) as s:
        other = path.with_name("link.db")
        other.symlink_to(path)
        for name in (path, other):
            with pytest.raises(StorageError, match=f"this process .pid {os.getpid()}"):
                SQLiteScheduler(name)
        code = "import sys; from sched.durable import owner_of; print(owner_of(sys.argv[1]))"
        assert python(code, path).stdout.strip() == str(os.getpid()), "and it still has it"
        s.add_task(1, "t")


def test_a_scheduler_that_nothing_refers_to_lets_its_file_go(path: Path) -> None:
    SQLiteScheduler(path).add_task(1, "t")
    assert len(SQLiteScheduler(path)) == 1


def test_a_closed_scheduler_says_so(path: Path) -> None:
    s = SQLiteScheduler(path)
    s.close()
    s.close()
    for call in (s.get_next_task, s.__len__, lambda: s.add_task(1, "t")):
        with pytest.raises(StorageError, match=r"tasks\.db: it is closed"):
            call()


def test_a_program_that_ends_without_closing_loses_nothing(path: Path) -> None:
    for durability in ("full", "normal", "async"):
        code = f"""
            import sys
            from sched.durable import SQLiteScheduler
            s = SQLiteScheduler(sys.argv[1], durability={durability!r})
            for _ in range(100): s.add_task(1, "t")
        """
        assert python(code, path).stderr == ""
    assert len(SQLiteScheduler(path)) == 300


def test_a_fork_is_refused_in_the_child_and_harms_nothing(path: Path) -> None:
    code = """
        import os, signal, sys, warnings
        from sched.durable import SQLiteScheduler
        warnings.simplefilter("ignore")  # of a fork beside threads, which is the point
        s = SQLiteScheduler(sys.argv[1])
        s.add_task(1, "before")
        if (child := os.fork()) == 0:
            signal.alarm(30)  # should it wait for a writer that it does not have
            try:
                s.add_task(1, "in the child")
            except Exception as error:
                print(f"{type(error).__name__}: {error}", flush=True)
            del s  # and the child ends as programs do, finalizers and all
        else:
            os.waitpid(child, 0)
            s.add_task(1, "after")
            s.check()
            print(len(s))
    """
    ran = python(code, path)
    assert ran.stderr == ""
    first, second = ran.stdout.splitlines()
    assert first.startswith("StorageError")
    assert "forked" in first
    assert str(path) in first
    assert second == "2"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"path": 7}, "path must be a str or a Path, got 7"),
        ({"path": b"x"}, "path must be"),
        ({"path": ""}, "path must be that of a file, got ''"),
        ({"path": ":memory:"}, "path must be that of a file"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"window": 2**63}, "window must be at most 9223372036854775807, got 9223372036854775808"),
        ({"durability": "some"}, "durability must be one of 'full', 'normal', 'async', got 'some'"),
        ({"history": -1}, "history must be"),
    ],
)
def test_a_bad_argument_is_named_and_makes_no_file(
    path: Path, bad: dict[str, Any], message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        SQLiteScheduler(**{"path": path, **bad})
    assert list(path.parent.iterdir()) == []


def test_no_statement_numbers_the_values_that_it_is_given_in_order() -> None:
    """Python 3.12 warns of one that does, and 3.14 refuses it."""
    for path in sorted((ROOT / "sched" / "durable").glob("*.py")):
        assert not re.search(r"[?]\d", path.read_text(encoding="utf-8")), path.name
