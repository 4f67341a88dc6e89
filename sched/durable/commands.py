"""The commands of the command line: each does what was asked for, and prints what came of it.

A command is called with the path of the file and the arguments as they were parsed
(command_line.py); what it returns, if anything, is the exit code.
"""

import importlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sched.arguments import class_name, shown
from sched.durable.actions import function_of, name_of
from sched.durable.copying import compact_file, copy_file
from sched.durable.errors import StorageError
from sched.durable.opening import as_path
from sched.durable.reader import Reader
from sched.durable.sqlite import SQLiteScheduler
from sched.durable.store import Store
from sched.table import counted, duration, text_table
from sched.task import InvalidTransitionError, Task, UnknownTaskError

DONE, NO_SUCH_TASK, MISTAKE, TAKEN, UNUSABLE = range(5)
ALL = 2**62  # a limit that keeps everything: a command is not the one to forget tasks
IDLE = 1.0  # seconds between two looks at a pool that has nothing to do: has it broken?


class SignalledError(BaseException):
    """The process has been told to end, by this signal."""


class WrongError(Exception):
    """The command asks for what cannot be; the text says why."""


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
    rows += [("size of the file", _bytes(size))]
    print(text_table(rows, left=(0,)))


def _bytes(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number >= 1e6 else f"{number / 1e3:,.0f} kB"


def backup(path: Path, given: Any) -> None:
    Reader(path)  # raises if it is no file of ours
    copy_file(path, as_path(given.to))
    print(f"{given.to}: {_bytes(Path(given.to).stat().st_size)}")


# --- commands that write --------------------------------------------------------------------------


def opened(path: Path, *, make: bool = False, history: int = ALL) -> SQLiteScheduler:
    """The scheduler of a file, which is forgotten nothing of. Raises StorageError."""
    there = os.path.exists(path)  # which raises nothing, however odd the path
    aging = Reader(path).aging() if there or not make else None
    return SQLiteScheduler(path, history=history, max_dead_letters=None, aging=aging)


def add(path: Path, given: Any) -> None:
    action = None if given.action is None else function_of(given.action)
    values: dict[str, Any] = {}
    if action is None and (given.args is not None or given.kwargs is not None):
        raise WrongError("--args and --kwargs are for an action: give --action NAME")
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
    return _for_each(path, given.ids, _cancel, "cancelled")


def _cancel(store: Store, task_id: int) -> None:
    if store.cancel(task_id) is None:
        task: Any = store.find(task_id)
        raise InvalidTransitionError(
            f"task {task_id} is {task.status}: only a pending task can be cancelled"
        )


def discard(path: Path, given: Any) -> int:
    return _for_each(path, given.ids, Store.discard, "discarded")


def requeue(path: Path, given: Any) -> int:
    if bool(given.ids) == given.all:
        raise WrongError("requeue: name ids, or give --all")
    return _for_each(path, None if given.all else given.ids, Store.requeue, "requeued")


def _for_each(
    path: Path, ids: list[int] | None, move: Callable[[Store, int], Any], done: str
) -> int:
    """Do it to each task, in one commit, whatever comes of the others; None: each dead letter."""
    with opened(path) as s:
        ledger: Any = s.ledger
        moved, refused = ledger.ask(_do_each, ids, move)
    for error in refused:
        print(f"sched: {error}", file=sys.stderr)
    print(f"{done} {counted(moved, 'task')}")
    return NO_SUCH_TASK if refused else DONE


def _do_each(
    store: Store, ids: list[int] | None, move: Callable[[Store, int], Any]
) -> tuple[int, list[Exception]]:
    """What the thread does that writes the file: how many were moved, and why others were not."""
    chosen = list(store.dead_ids) if ids is None else ids
    refused: list[Exception] = []
    for task_id in chosen:
        try:
            move(store, task_id)
        except (UnknownTaskError, InvalidTransitionError) as error:
            refused.append(error.with_traceback(None))
    return len(chosen) - len(refused), refused


def run(path: Path, given: Any) -> None:
    try:
        importlib.import_module(given.actions)
    except (Exception, SystemExit) as error:  # a script may end itself
        raise WrongError(
            f"--actions {given.actions!r} cannot be imported: {class_name(error)}: {error}"
        ) from error
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    from sched.workers import WorkerPool  # here: no other command needs threads of ours

    with opened(path, history=given.history) as s:
        pool = WorkerPool(s, given.workers)
        pending, workers = counted(len(s), "pending task"), counted(given.workers, "worker")
        say(f"{path}: {pending}, {workers}")
        try:
            with pool:
                try:
                    while not pool.drain() or not given.drain:
                        time.sleep(IDLE)
                except SignalledError:
                    if running := len(s.running_tasks()):
                        print(
                            f"sched: {counted(running, 'running task')} to wait for; "
                            "once more, and it ends at once, and what runs will run again",
                            file=sys.stderr,
                        )
                    raise
        except StorageError:
            raise
        except RuntimeError as error:  # a worker crashed, or there are no more threads
            if isinstance(error.__cause__, StorageError):
                raise error.__cause__ from None
            raise WrongError(f"{error}") from error


def say(text: str) -> None:
    """Print at once. Whoever has stopped reading is no reason to stop working."""
    try:
        print(text, flush=True)
    except OSError:
        say_no_more()


def say_no_more() -> None:
    """What has not been printed is not tried again at the end of the program."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def vacuum(path: Path, given: Any) -> None:  # noqa: ARG001 (as all commands)
    before, after = compact_file(path)
    print(f"{path}: {_bytes(before)} before, {_bytes(after)} now")
