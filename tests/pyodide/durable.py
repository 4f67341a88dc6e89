"""Run inside Pyodide: a queue in a file, where there are no threads, no locks and no other process.

Prints what came of it, as JSON.
"""

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import _sched_first

_sched_first.install()

from sched.durable import Reader, ShardedScheduler, SQLiteScheduler, action, owner_of  # noqa: E402
from sched.durable.command_line import main  # noqa: E402

folder = Path(tempfile.mkdtemp())
path = folder / "tasks.db"
said: dict[str, Any] = {}


@action("double")
def double(n: int) -> int:
    return 2 * n


def take(scheduler: Any) -> Any:
    return scheduler.get_next_task()


def command(*arguments: object) -> tuple[int, str]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main([str(path), *map(str, arguments)])
    return code, out.getvalue()


s = SQLiteScheduler(path, window=10)
s.add_tasks([(k * 7 % 10, f"task {k}") for k in range(100)])
s.transact(lambda t: t.execute("CREATE TABLE mine (n)"))
s.transact(lambda t: t.add_task(-1, "double", action=double, args=(2,)))
task = take(s)
s.complete(task, task.action(*task.args))
running = take(s)
s.check()
s.backup(folder / "copy.db")
said["owner is this process"] = owner_of(path) == os.getpid()
said["read beside it"] = len(Reader(path).pending())
s.close()

with SQLiteScheduler(path, window=10) as s:
    s.check()
    said["attempts of what ran"] = s.task(running.id).attempts
    said["result"] = s.task(task.id).result
    said["order"] = [take(s).priority for _ in range(25)]
said["copied"] = len(Reader(folder / "copy.db").pending())
said["ls"] = command("ls", "--limit", 2)[0]
said["vacuum"] = command("vacuum")[0]
said["left"] = sorted(each.name for each in folder.iterdir())

with ShardedScheduler(2, factory=lambda k, **o: SQLiteScheduler(folder / f"{k}.db", **o)) as two:
    two.add_tasks([(k * 7 % 10, "t") for k in range(50)])
    two.check()
    said["shards"] = [take(two).priority for _ in range(10)]
print(json.dumps(said))
