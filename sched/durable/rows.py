"""Rows: what stands for a task in a file, and what it is in memory.

In memory a task is what it is in every ledger: the entry of a pending one, the Task of one that is
running or has ended. Here each becomes a row and comes back from it.
"""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from sched.arguments import class_name, shown
from sched.durable.actions import function_of, name_of, policy_of
from sched.durable.damage import MAKES_NO_TASK, DamagedError, require_numbers
from sched.durable.plain import as_plain, as_text, copied, is_plain, text_flaw, to_json
from sched.durable.schema import CANCELLED, FAILED, RUNNING, SUCCEEDED
from sched.entry import Details, TaskEntry
from sched.events import is_ctrl_c
from sched.retry import RetryPolicy
from sched.task import (
    Task,
    TaskStatus,
    cancelled_task,
    finished_task,
    running_task,
)

Row: TypeAlias = tuple[Any, ...]

# What may change comes first, what never does after it.
CHANGING = (
    "state, rank, run_at, priority, attempts, number, started_at, finished_at, ended, result, error"
)
COLUMNS = f"id, {CHANGING}, added_at, name, action, arguments, timeout, retry, key"
CHANGES = 1 + len(CHANGING.split(","))

# What an entry is made of comes first, in its order.
ENTRY = (
    "rank, run_at, id, name, added_at, priority, attempts, error, action, arguments, timeout, "
    "retry, key"
)
NUMBER = (int, float)
PLAIN = (0, *[None] * 6)  # the last columns of a task that has a name and no more

# Rows in one statement: to enter SQLite costs as much as to change a row or two, and at each step
# other threads may run. Powers of two, so that few statements make up any number.
SIZES = (64, 32, 16, 8, 4, 2, 1)


class Statement:
    """A statement for any number of rows. No placeholder has a number: from Python 3.14 on, one
    that has is no match for a tuple."""

    def __init__(self, text: str, columns: int) -> None:
        one = f"({', '.join('?' * columns)})"
        self.texts = [(size, text.format(rows=", ".join([one] * size))) for size in SIZES]

    def execute(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Execute it for all of these rows. O(their number)."""
        start = 0
        for size, text in self.texts:
            while start + size <= len(rows):
                values = [*chain.from_iterable(rows[start : start + size])]
                connection.execute(text, values)
                start += size


def _update(changes: str) -> Statement:
    """Of the rows' first columns; the last one is the id."""
    columns = changes.count("?") + 1
    for number in range(1, columns):
        changes = changes.replace("?", f"column{number}", 1)
    where = f"FROM (VALUES {{rows}}) WHERE id = column{columns}"
    return Statement(f"UPDATE sched_tasks SET {changes} {where}", columns)


INSERT = Statement(f"INSERT INTO sched_tasks ({COLUMNS}) VALUES {{rows}}", len(COLUMNS.split(",")))
UPDATE = _update(f"{CHANGING.replace(',', ' = ?,')} = ?")
# Two moves that nearly every task makes, and that change little of its row.
HAND_OUT = _update(f"state = {RUNNING}, number = ?, started_at = ?")
SUCCEED = _update(f"state = {SUCCEEDED}, finished_at = ?, ended = ?, result = ?")
DELETE = Statement("DELETE FROM sched_tasks WHERE id IN (VALUES {rows})", 1)

STATUSES = {
    SUCCEEDED: TaskStatus.SUCCEEDED,
    FAILED: TaskStatus.FAILED,
    CANCELLED: TaskStatus.CANCELLED,
}
NUMBERS = [
    f.name for f in fields(RetryPolicy) if f.init and f.name not in ("retry_on", "give_up_on")
]


class Item(NamedTuple):
    """A task, the state that its row has, and, if it has ended, as which."""

    state: int
    task: TaskEntry | Task
    ended: int | None = None


def changing(item: Item) -> Row:
    """The values of what may change. O(size of a result)."""
    state, task, ended = item
    if isinstance(task, tuple):
        details = task[3]
        if isinstance(details, str):
            return (state, task[0], task[1], task[0], 0, 0, None, None, None, None, None)
        return (
            *(state, task[0], task[1], details.priority, details.attempts),
            *(0, None, None, None, None, details.error),
        )
    rank, run_at, _, details, *_ = task.entry
    result, error = task.result, task.error
    if isinstance(details, str):
        priority, attempts = rank, 0
    else:
        priority, attempts = details.priority, details.attempts
    return (
        *(state, rank, run_at, priority, attempts, task.number, task.started_at),
        *(task.finished_at, ended, None if result is None else to_json(result), error),
    )


def row_of(task_id: int, item: Item) -> Row:
    """The values of INSERT. O(size of arguments and result)."""
    task = item.task
    entry: Any = task if isinstance(task, tuple) else task.entry
    added_at = entry[4] if len(entry) > 4 else entry[1]
    d = entry[3]
    if isinstance(d, str):
        return (task_id, *changing(item), added_at, d, None, None, None, None, None)
    action = None if d.action is None else name_of(d.action)
    arguments = to_json([d.args, d.kwargs]) if d.args or d.kwargs else None
    # The classes belong to the action, and so does a policy that is the action's own.
    retry = None
    if d.retry is not None and d.retry is not policy_of(action):
        retry = to_json({name: getattr(d.retry, name) for name in NUMBERS})
    rest = (added_at, d.name, action, arguments, d.timeout, retry, d.key)
    return (task_id, *changing(item), *rest)


def item_of(row: Row, ledger: str) -> Item:
    """What a row of COLUMNS stands for. O(size of arguments and result).

    Raises DamagedError, as ``entry_of`` does."""
    try:
        return _item_of(row, ledger)
    except MAKES_NO_TASK as error:
        raise DamagedError(row[0], error) from error


def _item_of(row: Row, ledger: str) -> Item:
    (task_id, state, rank, run_at, priority, attempts) = row[:6]
    (number, started_at, finished_at, ended, result, error) = row[6:CHANGES]
    (added_at, name, *rest) = row[CHANGES:]
    require_numbers(rank, priority)
    payload = _payload(name, rank, priority, attempts, error, *rest)
    entry: TaskEntry = (rank, run_at, task_id, payload, added_at)
    if state < RUNNING:
        return Item(state, entry)
    if not number:
        return Item(state, cancelled_task(entry, ledger, finished_at), ended)
    task = running_task(entry, ledger, number, started_at)
    if state == RUNNING:
        return Item(state, task)
    value = None if result is None else json.loads(result)
    return Item(state, finished_task(task, STATUSES[state], finished_at, value, error), ended)


def entry_of(row: Row) -> TaskEntry:
    """The entry of a pending task: for most, the first part of a row of ENTRY. O(1), or O(size of
    arguments). Raises DamagedError."""
    # By numbers, and in this order: it is done for each task that is taken.
    if row[5] == row[0] and row[6:] == PLAIN and type(row[0]) in NUMBER and type(row[3]) is str:
        return row[:5]
    rank, run_at, task_id, name, added_at, priority, *rest = row
    try:
        require_numbers(rank, priority)
        return (rank, run_at, task_id, _payload(name, rank, priority, *rest), added_at)
    except MAKES_NO_TASK as error:
        raise DamagedError(task_id, error) from error


def _payload(
    name: str,
    rank: int | float,
    priority: int | float,
    attempts: int,
    error: Any,
    action: Any,
    arguments: Any,
    timeout: Any,
    retry: Any,
    key: Any,
) -> str | Details:
    """A name, where a task has no more than that. Raises TypeError, ValueError, RecursionError."""
    if bytes in map(type, (name, error, action, arguments, retry, key)):  # see ``fetched``
        raise ValueError("one of its texts is not UTF-8")
    if action is timeout is retry is key is error is None and rank == priority and not attempts:
        return name
    args, kwargs = ([], {}) if arguments is None else json.loads(arguments)
    if not (isinstance(args, list) and isinstance(kwargs, dict)):
        raise ValueError(f"its arguments are {shown(arguments)}")
    return Details(
        name,
        priority,
        None if action is None else function_of(action),
        tuple(args),
        kwargs,
        timeout,
        _policy(action, retry),
        key,
        attempts,
        error,
    )


def storable(payload: str | Details) -> str | Details:
    """A payload as it comes back from a file, with values of its own. O(size of arguments).

    Raises TypeError or ValueError, naming the argument, for what would not come back."""
    name = payload if isinstance(payload, str) else payload.name
    if (why := text_flaw(name)) is not None:
        raise ValueError(f"task_name must be a text that a file can hold, got {shown(name)}: {why}")
    if isinstance(payload, str):
        return payload
    if payload.key is not None and (why := text_flaw(payload.key)) is not None:
        raise ValueError(
            f"key must be a text that a file can hold, got {shown(payload.key)}: {why}"
        )
    action = None if payload.action is None else name_of(payload.action)
    return payload._replace(
        priority=as_number(payload.priority),
        args=tuple(as_plain(list(payload.args), "args")) if payload.args else (),
        kwargs=as_plain(payload.kwargs, "kwargs") if payload.kwargs else {},
        retry=_storable_policy(action, payload.retry),
        context=None,  # it is of this process
    )


def as_number(priority: int | float) -> int | float:
    """A plain number in place of a member of Priority. O(1)."""
    if type(priority) is int or type(priority) is float:
        return priority
    return float(priority) if isinstance(priority, float) else int(priority)


def storable_result(result: Any) -> Any:
    """The result as it comes back from a file: itself, or its repr. O(its size)."""
    if result is None:
        return None
    with suppress(RecursionError):
        if is_plain(result):
            return copied(result)
    try:
        return as_text(repr(result))
    except BaseException as error:  # the user's own code, of which no worker may die
        if is_ctrl_c(error):
            raise
        return f"<{class_name(result)} whose repr raises>"


def _policy(action: str | None, numbers: str | None) -> RetryPolicy | None:
    """The policy of a row: that of its action, unless it has numbers of its own."""
    policy = policy_of(action)
    return policy if numbers is None else _with_classes(json.loads(numbers), policy)


def _with_classes(numbers: dict[str, Any], policy: RetryPolicy | None) -> RetryPolicy:
    if not isinstance(policy, RetryPolicy):
        return RetryPolicy(**numbers)
    return RetryPolicy(**numbers, retry_on=policy.retry_on, give_up_on=policy.give_up_on)


def _storable_policy(action: str | None, policy: Any) -> RetryPolicy | None:
    """What the policy of a task will be when it comes back from the file."""
    own = policy_of(action)
    if policy is None or policy is own:
        return own
    if type(policy) is not RetryPolicy:
        raise TypeError(
            f"retry must be a RetryPolicy to be kept in a file, got {policy!r}: give a policy of "
            "another kind to the action, @action(name, retry=...)"
        )
    plain = RetryPolicy()
    classes = (policy.retry_on, policy.give_up_on)
    if classes not in [
        (each.retry_on, each.give_up_on) for each in (plain, own) if isinstance(each, RetryPolicy)
    ]:
        raise ValueError(
            "retry must come without retry_on and give_up_on to be kept in a file, got "
            f"{policy!r}: classes belong to the action, @action(name, retry=...)"
        )
    for name in ("max_attempts", "seed"):  # which may have any number of digits
        as_plain(getattr(policy, name), f"retry.{name}")
    return _with_classes({name: getattr(policy, name) for name in NUMBERS}, own)
