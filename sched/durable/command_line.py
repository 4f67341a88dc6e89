"""The command line: ``python -m sched FILE COMMAND``, for whoever looks after a queue.

``ls``, ``stats`` and ``backup`` look, and always work. The others write: they need the file to be
free, and do not wait for it. What a command prints is for people, or with ``--json`` for programs.

Exit codes: 0 done; 1 there is no such task, or it is not in a state for that; 2 the command, an
argument or the module of actions is wrong; 3 another process has the file, which the message names;
4 the file cannot be used; 130 and 143 ended by Ctrl-C and by SIGTERM.
"""

import argparse
import importlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from sched.arguments import class_name, shown
from sched.durable.actions import function_of, name_of
from sched.durable.copying import compact_file, copy_file
from sched.durable.errors import StorageError
from sched.durable.ownership import owner_of
from sched.durable.reader import Reader
from sched.durable.sqlite import SQLiteScheduler
from sched.table import counted, duration, text_table
from sched.task import (
    InvalidTransitionError,
    QueueFullError,
    Task,
    UnknownTaskError,
)

DONE, NO_SUCH_TASK, MISTAKE, TAKEN, UNUSABLE = range(5)
ALL = 2**62  # a limit that keeps everything: a command is not the one to forget tasks
IDLE = 1.0  # seconds between two looks at a pool that has nothing to do: has it broken?
STATES = ("pending", "running", "dead", "finished", "all")


class SignalledError(BaseException):
    """The process has been told to end, by this signal."""


class WrongError(Exception):
    """The command asks for what cannot be; the text says why. code: the exit code."""

    def __init__(self, text: str, code: int = MISTAKE) -> None:
        super().__init__(text)
        self.code = code


def main(arguments: Sequence[str]) -> int:
    """Carry out one command; what it returns is the exit code."""
    for channel in (sys.stdout, sys.stderr):
        if isinstance(channel, TextIOWrapper):  # what a terminal cannot show is shown as an escape
            channel.reconfigure(errors="backslashreplace")
    given = _parser().parse_args(arguments)
    path = Path(given.file)
    try:
        code: int = given.carry_out(path, given) or DONE
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read it, head for example, has read enough
        _say_no_more()
        return DONE
    except OSError as error:  # of what is printed; those of the file are a StorageError
        _say_no_more()
        return _wrong(error, UNUSABLE)
    except StorageError as error:
        return _wrong(error, TAKEN if owner_of(path) not in (None, os.getpid()) else UNUSABLE)
    except (UnknownTaskError, InvalidTransitionError, QueueFullError) as error:
        return _wrong(error, NO_SUCH_TASK)
    except WrongError as error:
        return _wrong(error, error.code)
    except (TypeError, ValueError) as error:
        return _wrong(error, MISTAKE)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SignalledError as ended:
        return 128 + int(ended.args[0])
    return code


def _say_no_more() -> None:
    """What has not been printed is not tried again at the end of the program."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wrong(error: Exception, code: int) -> int:
    print(f"sched: {error}", file=sys.stderr)
    return code


# --- commands that look ---------------------------------------------------------------------------


def ls(path: Path, given: Any) -> None:
    reader, limit = Reader(path), given.limit or -1
    groups: dict[str, Callable[[], list[Task]]] = {
        "pending": lambda: reader.pending(limit),
        "running": reader.running,
        "dead": lambda: reader.dead(limit),
        "finished": lambda: reader.finished(limit),
    }
    names = list(groups) if given.state == "all" else [given.state]
    tasks = [task for name in names for task in groups[name]()]
    if given.json:
        print(json.dumps([_as_json(task) for task in tasks], indent=1))
        return
    rows: list[tuple[str, ...]] = [
        ("id", "priority", "status", "when", "tries", "name", "action", "error")
    ]
    rows += [_as_row(task, time.time()) for task in tasks]
    if tasks:
        print(text_table(rows, left=(2, 3, 5, 6, 7)))
    if len(tasks) == given.limit:
        print(f"(the first {given.limit}; --limit 0 shows all)")
    elif not tasks:
        print("no task" if given.state == "all" else f"no {given.state} task")


def _as_row(task: Task, now: float) -> tuple[str, ...]:
    if task.finished_at is not None:
        when = f"{duration(max(0.0, now - task.finished_at))} ago"
    elif task.started_at is not None:
        when = f"for {duration(max(0.0, now - task.started_at))}"
    else:
        when = "ready" if task.run_at <= now else f"in {duration(task.run_at - now)}"
    action = "" if task.action is None else name_of(task.action)
    what = (f"{task.id}", f"{task.priority}", f"{task.status}", when, f"{task.attempts}")
    return (*what, task.name, action, task.error or "")


def _as_json(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "priority": task.priority,
        "status": str(task.status),
        "run_at": task.run_at,
        "added_at": task.added_at,
        "started_at": task.started_at,
        "finished_at": task.finished_at,
        "attempts": task.attempts,
        "action": None if task.action is None else name_of(task.action),
        "args": list(task.args),
        "kwargs": task.kwargs,
        "timeout": task.timeout,
        "key": task.key,
        "result": task.result,
        "error": task.error,
    }


def stats(path: Path, given: Any) -> None:
    reader = Reader(path)
    m, owner, size = reader.metrics(), reader.owner(), path.stat().st_size
    first = reader.next_run_time()
    counts = {
        "ready": m.ready,
        "waiting": m.waiting,
        "running": m.running,
        "dead letters": m.dead_letters,
        "added": m.added,
        "succeeded": m.succeeded,
        "failed": m.failed,
        "retried": m.retried,
        "cancelled": m.cancelled,
    }
    if given.json:
        plain = {name.replace(" ", "_"): n for name, n in counts.items()}
        print(json.dumps({**plain, "next_run_time": first, "owner": owner, "bytes": size}))
        return
    rows = [(name, f"{n:,}") for name, n in counts.items()]
    now = time.time()
    when = "-" if first is None else "now" if first <= now else f"in {duration(first - now)}"
    rows += [("next task", when), ("owner", f"process {owner}" if owner else "none")]
    rows += [("size of the file", f"{size / 1e6:,.1f} MB")]
    print(text_table(rows, left=(0,)))


def backup(path: Path, given: Any) -> None:
    Reader(path)  # raises if it is no file of ours
    copy_file(path, Path(given.to))
    print(f"{given.to}: {Path(given.to).stat().st_size / 1e6:,.1f} MB")


# --- commands that write --------------------------------------------------------------------------


def opened(path: Path, *, make: bool = False, history: int = ALL) -> SQLiteScheduler:
    """The scheduler of a file, which is forgotten nothing of. Raises StorageError."""
    there = os.path.exists(path)  # which raises nothing, however odd the path
    if not (make or there):
        raise StorageError(path, "there is no such file")
    aging = Reader(path).aging() if there else None
    return SQLiteScheduler(path, history=history, max_dead_letters=None, aging=aging)


def add(path: Path, given: Any) -> None:
    action = None if given.action is None else function_of(given.action)
    values: dict[str, Any] = {}
    if given.args is not None:
        values["args"] = _parsed(given.args, "--args", list, "an array")
    if given.kwargs is not None:
        values["kwargs"] = _parsed(given.kwargs, "--kwargs", dict, "an object")
    with opened(path, make=True) as s:
        task_id = s.add_task(
            given.priority,
            given.name,
            given.delay,
            run_at=given.run_at,
            action=action,
            timeout=given.timeout,
            key=given.key,
            **values,
        )
    print(json.dumps({"id": task_id}) if given.json else task_id)


def _parsed(text: str, option: str, kind: type, called: str) -> Any:
    with suppress(ValueError, RecursionError):
        if isinstance(value := json.loads(text), kind):
            return value
    raise WrongError(f"{option} must be {called} of JSON, got {shown(text)}")


def cancel(path: Path, given: Any) -> int:
    def each(s: SQLiteScheduler, task_id: int) -> None:
        if not s.cancel(task_id):
            raise InvalidTransitionError(
                f"task {task_id} is {s.status(task_id)}: only a pending task can be cancelled"
            )

    return _for_each(path, given.ids, each, "cancelled")


def requeue(path: Path, given: Any) -> int:
    if bool(given.ids) == given.all:
        raise WrongError("requeue: name ids, or give --all")
    ids = [task.id for task in Reader(path).dead()] if given.all else given.ids
    return _for_each(path, ids, SQLiteScheduler.requeue, "requeued")


def _for_each(
    path: Path, ids: list[int], move: Callable[[SQLiteScheduler, int], Any], done: str
) -> int:
    """Do it to each task, whatever comes of the others."""
    code, moved = DONE, 0
    with opened(path) as s:
        for task_id in ids:
            try:
                move(s, task_id)
                moved += 1
            except (UnknownTaskError, InvalidTransitionError) as error:
                code = _wrong(error, NO_SUCH_TASK)
    print(f"{done} {counted(moved, 'task')}")
    return code


def run(path: Path, given: Any) -> None:
    try:
        importlib.import_module(given.actions)
    except Exception as error:
        raise WrongError(
            f"--actions {given.actions!r} cannot be imported: {class_name(error)}: {error}"
        ) from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _work(path, given)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _work(path: Path, given: Any) -> None:
    """Run tasks until told to end, or until nothing is pending."""
    from sched.workers import WorkerPool  # here: no other command needs threads of ours

    with opened(path, history=given.history) as s:
        try:
            with WorkerPool(s, given.workers) as pool:
                pending, workers = counted(len(s), "pending task"), counted(given.workers, "worker")
                print(f"{path}: {pending}, {workers}")
                sys.stdout.flush()
                while not pool.drain() or not given.drain:
                    time.sleep(IDLE)
        except StorageError:
            raise
        except RuntimeError as error:  # a worker crashed, or there are no more threads
            if isinstance(error.__cause__, StorageError):
                raise error.__cause__ from None
            raise WrongError(f"{error}") from error


def _end(number: int, frame: object) -> None:  # noqa: ARG001 (given by the signal)
    raise SignalledError(number)


def vacuum(path: Path, given: Any) -> None:  # noqa: ARG001 (as all commands)
    before, after = compact_file(path)
    print(f"{path}: {before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB now")


# --- what can be asked for ------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sched",
        description="Look after a queue that a SQLiteScheduler keeps in a file.",
        epilog="Exit codes: 0 done; 1 no such task, or not in a state for that; 2 a mistake in the "
        "command; 3 another process has the file; 4 the file cannot be used; 130, 143 interrupted.",
    )
    parser.add_argument("file", help="the file of the queue", metavar="FILE")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(carry_out: Callable[[Path, Any], Any], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(carry_out.__name__, help=text, description=text)
        made.set_defaults(carry_out=carry_out)
        return made

    one = command(ls, "list tasks, whoever has the file")
    one.add_argument("--state", choices=STATES, default="pending", help="which (default: pending)")
    one.add_argument("--limit", type=_count, default=20, help="how many of each (20); 0 for all")
    one.add_argument("--json", action="store_true", help="an array of objects")

    one = command(stats, "count tasks, whoever has the file")
    one.add_argument("--json", action="store_true", help="one object")

    one = command(add, "add a task; the file is made if it is missing")
    one.add_argument("priority", type=_number, help="lower is more urgent")
    one.add_argument("name")
    when = one.add_mutually_exclusive_group()
    when.add_argument("--delay", type=float, metavar="SECONDS")
    when.add_argument(
        "--run-at", type=_moment, metavar="WHEN", help="epoch seconds, or 2030-01-31T12:00+01:00"
    )
    one.add_argument("--action", help="the name under which a function is registered")
    one.add_argument("--args", metavar="JSON", help="an array")
    one.add_argument("--kwargs", metavar="JSON", help="an object")
    one.add_argument("--timeout", type=float, metavar="SECONDS")
    one.add_argument("--key", help="nothing is added while a task with this key is unfinished")
    one.add_argument("--json", action="store_true", help="one object")

    one = command(run, "run tasks until told to end, by Ctrl-C or SIGTERM")
    one.add_argument("--actions", required=True, metavar="MODULE", help="registers the functions")
    one.add_argument("--workers", type=_count, default=4, help="threads (4)")
    one.add_argument("--drain", action="store_true", help="end when nothing is pending")
    one.add_argument("--history", type=_count, default=10_000, help="finished tasks kept (10000)")

    one = command(cancel, "cancel pending tasks")
    one.add_argument("ids", type=_count, nargs="+", metavar="ID")

    one = command(requeue, "give dead letters another life")
    one.add_argument("ids", type=_count, nargs="*", metavar="ID")
    one.add_argument("--all", action="store_true", help="all that there are")

    one = command(backup, "copy the file as it is now, whoever has it")
    one.add_argument("to", metavar="TO")

    command(vacuum, "give the disk back what deleted tasks took")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:  # a file has no larger ones
        raise argparse.ArgumentTypeError(
            f"must be a whole number, 0 or more, of 18 digits at most, got {shown(text)}"
        )
    return int(text)


def _number(text: str) -> int | float:
    for kind in (int, float):
        with suppress(ValueError):
            value: int | float = kind(text)
            return value
    raise argparse.ArgumentTypeError(f"must be a number, got {text!r}")


def _moment(text: str) -> Any:
    for kind in (float, datetime.fromisoformat):
        with suppress(ValueError):
            return kind(text)
    raise argparse.ArgumentTypeError(f"must be epoch seconds or a date with time, got {text!r}")
