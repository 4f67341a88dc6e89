"""The command line of a queue in a file: what it prints, what it changes, and how it ends."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sched import TaskStatus
from sched.durable import SQLiteScheduler, action, copying, opening
from sched.durable.command_line import main
from sched.durable.commands import MISTAKE, NO_SUCH_TASK, TAKEN, UNUSABLE
from sched.durable.store import Store

PATIENCE = 60  # seconds after which something is stuck

ACTIONS = """
import threading
from pathlib import Path
from sched.durable import action

@action("note")
def note(path, text):
    with Path(path).open("a") as file:
        file.write(text + "\\n")

@action("raise")
def bad():
    raise OSError("no route to host")

@action("hang")
def hang():
    print("hangs", flush=True)
    threading.Event().wait()
"""

# Has the file, says so, and keeps it until its input ends.
OWNER = """
import sys
from sched.durable import SQLiteScheduler

with SQLiteScheduler(sys.argv[1]) as s:
    s.add_task(1, "of the owner")
    s.add_task(2, "is running")
    s.complete(s.get_next_task())
    s.get_next_task()
    print("here", flush=True)
    sys.stdin.read()
"""


@action("command line")
def nothing() -> None:
    """Registered in this process alone."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


def ended(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    """How a command ends: its exit code, and what it says on either channel."""
    try:
        code = main([str(each) for each in arguments])
    except SystemExit as end:  # argparse
        code = int(str(end.code))
    said = capsys.readouterr()
    return code, said.out, said.err


def done(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    code, out, err = ended(capsys, *arguments)
    assert (code, err) == (0, "")
    return out


def from_shell(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sched", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        **options,
    )


@contextmanager
def owned(path: Path) -> Iterator[int]:
    """Another process has the file meanwhile: its id."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        yield process.pid
    finally:
        process.communicate(timeout=PATIENCE)


def test_tasks_are_added_and_listed_in_the_order_in_which_they_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert done(capsys, path, "add", 5, "later") == "1\n"
    assert done(capsys, path, "add", -1.5, "first", "--key", "k") == "2\n"
    assert json.loads(done(capsys, path, "add", 1, "again", "--key", "k", "--json")) == {"id": 2}
    assert done(capsys, path, "add", 0, "waits", "--delay", 3600) == "3\n"
    lines = done(capsys, path, "ls").splitlines()
    assert [line.split()[0] for line in lines] == ["id", "2", "1", "3"]
    assert "in 60 min" in lines[3] or "in 1 h" in lines[3]
    one = json.loads(done(capsys, path, "ls", "--limit", 1, "--json"))
    assert [(t["id"], t["name"], t["priority"], t["key"]) for t in one] == [(2, "first", -1.5, "k")]
    assert "the first 1;" in done(capsys, path, "ls", "--limit", 1)
    assert len(json.loads(done(capsys, path, "ls", "--limit", 0, "--json"))) == 3


def test_an_action_and_its_arguments_are_kept_by_name(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--action", "unknown here", "--args", '["ada", 2]', "--kwargs", '{"copy": true}')
    done(capsys, path, "add", 1, "mail", *given, "--timeout", 30, "--run-at", "2001-02-03T04:05Z")
    [task] = json.loads(done(capsys, path, "ls", "--json"))
    assert (task["action"], task["args"], task["kwargs"]) == (
        "unknown here",
        ["ada", 2],
        {"copy": True},
    )
    assert (task["timeout"], task["run_at"]) == (30, 981173100)
    assert "unknown here" in done(capsys, path, "ls")


def test_numbers_tell_what_there_is(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SQLiteScheduler(path) as s:
        for name in ("a", "b", "c", "d"):
            s.add_task(1, name)
        s.add_task(1, "waits", delay=3600)
        s.complete(s.get_next_task())
        s.fail(s.get_next_task(), "no route")
        s.cancel(3)
    found = json.loads(done(capsys, path, "stats", "--json"))
    size = found.pop("bytes")
    assert size == path.stat().st_size
    assert found.pop("next_run_time") <= time.time()
    assert found == {
        "ready": 1,
        "waiting": 1,
        "running": 0,
        "dead_letters": 1,
        "added": 5,
        "succeeded": 1,
        "failed": 1,
        "retried": 0,
        "cancelled": 1,
        "owner": None,
    }
    lines = dict(line.rsplit("  ", 1) for line in done(capsys, path, "stats").splitlines())
    told = {k.strip(): v.strip() for k, v in lines.items()}
    assert (told["dead letters"], told["size of the file"]) == ("1", f"{size / 1000:.0f} kB")
    assert "no route" in done(capsys, path, "ls", "--state", "dead")
    states = [t["status"] for t in json.loads(done(capsys, path, "ls", "--state", "all", "--json"))]
    assert sorted(states) == ["CANCELLED", "FAILED", "PENDING", "PENDING", "SUCCEEDED"]


def test_tasks_are_cancelled_and_dead_letters_requeued_each_on_its_own(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SQLiteScheduler(path) as s:
        ids = [s.add_task(1, name) for name in ("a", "b", "c", "d")]
        s.fail(s.get_next_task(), "e")
        s.fail(s.get_next_task(), "e")
    code, out, err = ended(capsys, path, "cancel", ids[2], 99, ids[0])
    assert (code, out) == (NO_SUCH_TASK, "cancelled 1 task\n")
    assert "unknown task id 99" in err
    assert "task 1 is FAILED: only a pending task can be cancelled" in err
    code, out, err = ended(capsys, path, "requeue", ids[3], ids[0])
    assert (code, out) == (NO_SUCH_TASK, "requeued 1 task\n")
    assert "task 4 is PENDING, not a dead letter" in err
    assert done(capsys, path, "requeue", "--all") == "requeued 1 task\n"
    with SQLiteScheduler(path) as s:
        status = [str(s.status(i)) for i in ids]
    assert status == ["PENDING", "PENDING", "CANCELLED", "PENDING"]


def test_dead_letters_and_damaged_tasks_are_discarded(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SQLiteScheduler(path) as s:
        s.add_tasks([(1, name) for name in ("dead", "damaged", "sound")])
        s.fail(s.get_next_task(), "e")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE sched_tasks SET name = CAST(x'ff' AS TEXT) WHERE id = 2")
    code, out, err = ended(capsys, path, "ls")
    assert (code, out) == (UNUSABLE, "")
    assert "task 2 is damaged: restore a backup, or give it up with discard(2)" in err
    code, out, err = ended(capsys, path, "discard", 1, 2, 3)
    assert (code, out) == (NO_SUCH_TASK, "discarded 2 tasks\n")
    assert "task 3 is PENDING, not a dead letter" in err
    assert "sound" in done(capsys, path, "ls")


def test_many_are_moved_in_one_commit(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with SQLiteScheduler(path, durability="async") as s:
        ids = s.add_tasks([(1, "t")] * 40)
        for _ in ids[:30]:
            s.fail(s.get_next_task(), "e")
    commits: list[int] = []
    commit = Store.commit

    def counted(store: Store) -> None:
        commits.append(store.connection.in_transaction or store.table.is_dirty)
        commit(store)

    monkeypatch.setattr(Store, "commit", counted)
    assert done(capsys, path, "requeue", "--all") == "requeued 30 tasks\n"
    assert sum(commits) == 1
    commits.clear()
    assert done(capsys, path, "cancel", *ids) == "cancelled 40 tasks\n"
    assert sum(commits) == 1
    assert done(capsys, path, "requeue", "--all") == "requeued 0 tasks\n"


def test_a_command_forgets_nothing_and_keeps_the_ranks(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = 10_010  # more than a scheduler remembers unless it is told otherwise
    with SQLiteScheduler(path, history=20_000, aging=60.0, durability="async") as s:
        ids = s.add_tasks([(i % 7, "t") for i in range(many)])
        for i in ids:
            s.cancel(i)
        s.add_task(3, "old", run_at=1.0)
        s.add_task(2, "new", run_at=1e9)
        order = [task.name for task in s.pending_tasks()]
    assert order == ["old", "new"]
    assert done(capsys, path, "add", 9, "last") == f"{many + 3}\n"
    listed = json.loads(done(capsys, path, "ls", "--json"))
    assert [t["name"] for t in listed] == ["old", "new", "last"]
    with SQLiteScheduler(path, history=20_000, aging=60.0) as s:
        assert s.status(ids[0]) is TaskStatus.CANCELLED


def test_looks_work_while_another_process_has_the_file_and_changes_do_not(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.db"
    with owned(path) as pid:
        assert json.loads(done(capsys, path, "stats", "--json"))["owner"] == pid
        assert "is running" in done(capsys, path, "ls", "--state", "running")
        assert "of the owner" in done(capsys, path, "ls", "--state", "finished")
        done(capsys, path, "backup", copy)
        for command in (
            ("add", 1, "x"),
            ("cancel", 1),
            ("requeue", 1),
            ("vacuum",),
            ("run", "--actions", "json"),
        ):
            code, out, err = ended(capsys, path, *command)
            assert (code, out) == (TAKEN, ""), command
            assert f"process {pid} has it" in err
    assert "is running" in done(capsys, copy, "ls", "--state", "running")
    assert done(capsys, path, "add", 1, "x") == "3\n"


def test_a_backup_replaces_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done(capsys, path, "add", 1, "a")
    code, _, err = ended(capsys, path, "backup", path)
    assert code == UNUSABLE
    assert "it is there already" in err
    assert done(capsys, path, "ls").count("\n") == 2


def test_vacuum_gives_the_disk_back(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SQLiteScheduler(path, durability="async", history=0) as s:
        for i in s.add_tasks([(1, f"{i}" * 100) for i in range(3000)]):
            s.cancel(i)
        s.add_task(1, "kept")
    before = path.stat().st_size
    done(capsys, path, "vacuum")
    assert path.stat().st_size < before / 2
    assert "kept" in done(capsys, path, "ls")


def test_workers_run_what_is_there_until_nothing_is_left(path: Path, tmp_path: Path) -> None:
    (tmp_path / "acts.py").write_text(ACTIONS)
    notes = tmp_path / "notes.txt"
    here = {**os.environ, "PYTHONPATH": str(tmp_path)}
    for text in ("one", "two"):
        added = from_shell(
            *(path, "add", 1, text, "--action", "note"),
            *("--args", json.dumps([str(notes), text])),
        )
        assert added.returncode == 0, added.stderr
    from_shell(path, "add", 1, "fails", "--action", "raise")
    from_shell(path, "add", 1, "unknown", "--action", "none of this name")
    ran = from_shell(path, "run", "--actions", "acts", "--workers", 1, "--drain", env=here)
    assert ran.returncode == 0, ran.stderr
    assert notes.read_text().split() == ["one", "two"]
    assert "4 pending tasks, 1 worker" in ran.stdout
    assert "no route to host" in ran.stderr
    assert "no action 'none of this name' is registered" in ran.stderr
    assert json.loads(from_shell(path, "stats", "--json").stdout)["dead_letters"] == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_workers_end_when_told_to_and_what_is_pending_stays(
    number: signal.Signals, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "acts.py").write_text(ACTIONS)
    with SQLiteScheduler(path) as s:
        s.add_task(1, "waits", delay=3600)
    process = subprocess.Popen(
        [sys.executable, "-m", "sched", str(path), "run", "--actions", "acts"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert "1 pending task, 4 workers" in process.stdout.readline()
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (128 + number, "")
    with SQLiteScheduler(path) as s:
        assert len(s) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once_and_what_runs_will_run_again(
    second: signal.Signals, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "acts.py").write_text(ACTIONS)
    from_shell(path, "add", 1, "hangs", "--action", "hang")
    with subprocess.Popen(
        [sys.executable, "-m", "sched", str(path), "run", "--actions", "acts"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stderr
            assert [process.stdout.readline() for _ in range(2)][1] == "hangs\n"
            process.send_signal(signal.SIGINT)
            said = process.stderr.readline()
            assert said.startswith("sched: 1 running task to wait for; once more, and it ends at")
            assert process.poll() is None
            process.send_signal(second)
            _, err = process.communicate(timeout=PATIENCE)
            assert (process.returncode, err) == (-second, ""), "a shell says 128 + second"
        finally:
            process.kill()
    with SQLiteScheduler(path) as s:
        [task] = s.pending_tasks()
        assert task.attempts == 1


def test_a_command_that_is_told_to_end_tidies_up_first(
    path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done(capsys, path, "add", 1, "a")
    there = sorted(tmp_path.iterdir())
    look = opening.look

    def told(*given: Any) -> Any:
        look(*given)
        assert any("-new-" in each.name for each in tmp_path.iterdir())
        signal.raise_signal(number)

    monkeypatch.setattr(copying, "look", told)
    for number in (signal.SIGTERM, signal.SIGINT):
        code, out, err = ended(capsys, path, "backup", tmp_path / "copy.db")
        assert (code, out, err) == (128 + number, "", "")
        assert sorted(tmp_path.iterdir()) == there


def test_workers_go_on_though_nobody_reads_what_they_print(path: Path, tmp_path: Path) -> None:
    (tmp_path / "acts.py").write_text(ACTIONS)
    notes = tmp_path / "notes.txt"
    given = json.dumps([str(notes), "done"])
    from_shell(path, "add", 1, "t", "--action", "note", "--args", given)
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as broken:
        process = subprocess.run(
            [sys.executable, "-m", "sched", str(path), "run", "--actions", "acts", "--drain"],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            stdout=broken,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (process.returncode, "Traceback" in process.stderr) == (0, False)
    assert notes.read_text() == "done\n"


@pytest.mark.skipif(sys.platform == "win32", reason="as a shell closes channels: >&- 2>&-")
def test_a_command_needs_nowhere_to_print(path: Path) -> None:
    for command in ("add 1 a", "ls", "stats", "cancel 7"):
        shell = f'exec "$0" -m sched "$1" {command} >&- 2>&-'
        process = subprocess.run(
            ["sh", "-c", shell, sys.executable, str(path)],
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
        assert process.returncode == (NO_SUCH_TASK if command == "cancel 7" else 0), command


def test_a_module_that_ends_itself_is_no_module_of_actions(path: Path, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys; sys.exit('usage: script')")
    from_shell(path, "add", 1, "t")
    here = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ran = from_shell(path, "run", "--actions", "script", env=here)
    assert ran.returncode == MISTAKE
    assert ran.stderr.startswith("sched: --actions 'script' cannot be imported: SystemExit: usage")


MISTAKES: list[tuple[tuple[Any, ...], int, str]] = [
    (("add", "urgent", "x"), MISTAKE, "must be a number, got 'urgent'"),
    (("add", "nan", "x"), MISTAKE, "priority"),
    (("add", 1, ""), MISTAKE, "task_name"),
    (("add", 1, "x", "--delay", "-1"), MISTAKE, "delay"),
    (("add", 1, "x", "--delay", "1", "--run-at", "2"), MISTAKE, "not allowed with"),
    (("add", 1, "x", "--run-at", "tomorrow"), MISTAKE, "tomorrow"),
    (("add", 1, "x", "--run-at", "2030-01-01T00:00"), MISTAKE, "its offset from UTC, as in"),
    (("add", 1, "x", "--args", "[1]"), MISTAKE, "are for an action: give --action NAME"),
    (("backup", ""), MISTAKE, "path must be that of a file, got ''"),
    (("add", 1, "x", "--action", "a", "--args", "{}"), MISTAKE, "--args must be an array"),
    (("add", 1, "x", "--action", "a", "--kwargs", "[]"), MISTAKE, "--kwargs must be an object"),
    (("add", 1, "x", "--action", "a", "--args", "[1"), MISTAKE, "[1"),
    (("add", 1, "x", "--timeout", "0"), MISTAKE, "timeout"),
    (("cancel", "first"), MISTAKE, "first"),
    (("cancel", 7), NO_SUCH_TASK, "unknown task id 7"),
    (("requeue",), MISTAKE, "name ids, or give --all"),
    (("requeue", 7), NO_SUCH_TASK, "unknown task id 7"),
    (("run", "--actions", "no_such_module"), MISTAKE, "no_such_module"),
    (("run", "--actions", "json", "--workers", "0"), MISTAKE, "workers"),
    (("ls", "--limit", "-1"), MISTAKE, "-1"),
    (("ls", "--limit", 10**30), MISTAKE, "of 18 digits at most, got '1000"),
    (("cancel", 10**30), MISTAKE, "of 18 digits at most"),
    (("add", 1, "x", "--action", "a", "--args", "[" * 50_000), MISTAKE, "--args must be an array"),
    (("run", "--actions", ""), MISTAKE, "cannot be imported"),
    (("dance",), MISTAKE, "dance"),
    ((), MISTAKE, "COMMAND"),
]


@pytest.mark.parametrize(("command", "code", "text"), MISTAKES)
def test_a_mistake_is_told_in_a_line_and_changes_nothing(
    command: tuple[Any, ...],
    code: int,
    text: str,
    path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done(capsys, path, "add", 1, "there before")
    found, _, err = ended(capsys, path, *command)
    assert found == code
    assert text in err
    assert "Traceback" not in err
    assert [t["name"] for t in json.loads(done(capsys, path, "ls", "--json"))] == ["there before"]


@pytest.mark.parametrize(
    "command", [("ls",), ("stats",), ("cancel", 1), ("vacuum",), ("backup", "b")]
)
@pytest.mark.parametrize("content", [None, b"", b"not a database at all" * 100])
def test_a_file_that_is_none_of_ours_is_named_and_left_alone(
    content: bytes | None,
    command: tuple[Any, ...],
    path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if content is not None:
        path.write_bytes(content)
    code, out, err = ended(capsys, path, *command)
    assert (code, out) == (UNUSABLE, "")
    assert err.startswith(f"sched: {path}: ")
    assert (path.read_bytes() if path.exists() else None) == content


def test_who_has_read_enough_ends_it_without_a_word(path: Path) -> None:
    with SQLiteScheduler(path) as s:
        s.add_tasks([(1, "t" * 200) for _ in range(2000)])
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as broken:
        process = subprocess.run(
            [sys.executable, "-m", "sched", str(path), "ls", "--limit", "0"],
            stdout=broken,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert (process.returncode, process.stderr) == (0, "")


AWAY = """
import os
from sched.durable import action

@action("away")
def away(path):
    os.rename(path, path + "-away")
"""


def test_a_worker_that_breaks_ends_the_command(path: Path, tmp_path: Path) -> None:
    """And not only when something is waited for: it would look as if it worked."""
    (tmp_path / "acts.py").write_text(AWAY)
    here = {**os.environ, "PYTHONPATH": str(tmp_path)}
    from_shell(path, "add", 1, "t", "--action", "away", "--args", json.dumps([str(path)]))
    ran = from_shell(path, "run", "--actions", "acts", env=here)
    assert ran.returncode == UNUSABLE, ran.stderr
    assert ran.stderr.splitlines()[-1].startswith(f"sched: {path}: it has been deleted")


def test_what_a_terminal_cannot_show_is_shown_as_an_escape(path: Path) -> None:
    with SQLiteScheduler(path) as s:
        s.add_task(1, "漢 \x1b[31m")
    ran = from_shell(path, "ls", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u6f22 \\x1b[31m" in ran.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full, on Linux")
def test_what_cannot_be_printed_is_told_in_a_line(path: Path) -> None:
    SQLiteScheduler(path).close()
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "sched", str(path), "stats"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert ran.returncode == UNUSABLE
    assert ran.stderr.count("\n") == 1
    assert "No space left on device" in ran.stderr


def test_a_command_leaves_the_signals_of_its_process_alone(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done(capsys, path, "add", 1, "a")
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    done(capsys, path, "run", "--actions", "json", "--drain")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_without_a_file_it_says_what_the_package_is() -> None:
    said = from_shell()
    assert said.returncode == 0
    assert "python -m sched --help" in said.stdout
    assert "Exit codes" in from_shell("--help").stdout
