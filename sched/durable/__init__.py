"""Schedulers whose tasks survive the process: a queue in a file, larger than memory.

::

    from sched.durable import SQLiteScheduler, action

    @action("send_mail")
    def send_mail(to): ...

    with SQLiteScheduler("tasks.db") as s:
        s.add_task(1, "mail", action=send_mail, args=("ada@example.org",))
"""

from sched.durable.actions import action
from sched.durable.errors import StorageError
from sched.durable.ownership import owner_of
from sched.durable.reader import Reader
from sched.durable.shards import ShardedScheduler
from sched.durable.sqlite import SQLiteScheduler
from sched.durable.transaction import Transaction

__all__ = [
    "Reader",
    "SQLiteScheduler",
    "ShardedScheduler",
    "StorageError",
    "Transaction",
    "action",
    "owner_of",
]
