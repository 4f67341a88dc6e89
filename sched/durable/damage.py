"""Damage: rows that SQLite can read, and that make no task.

Whoever meets one is told which it is. Nobody goes past it by themselves: who comes before whom is
what such a row no longer tells, so to take the next one would break the order; and a file in which
something else has written, or a disk has lied, is one to stop at, before much more is acknowledged
that no backup has. What leads past it is ``discard``, with which somebody says that this task is
given up: in the program, or as ``python -m sched FILE discard ID``.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from sched.arguments import shown

MAKES_NO_TASK = (TypeError, ValueError, RecursionError)  # JSON may be as deep as one likes


class DamagedError(sqlite3.DatabaseError):
    """A row whose values make no task."""

    def __init__(self, task_id: int, error: Exception) -> None:
        remedy = f"restore a backup, or give it up with discard({task_id})"
        super().__init__(f"task {task_id} is damaged: {remedy} ({error})")


def fetched(connection: sqlite3.Connection, question: str, values: Sequence[Any]) -> list[Any]:
    """The rows that answer a question, all of them. O(their number).

    What is no text, where a text should be, is bytes: without a row SQLite could not say whose it
    is. Most files have none, and their texts are read in C."""
    try:
        return connection.execute(question, values).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
    connection.text_factory = _text_or_bytes
    try:
        return connection.execute(question, values).fetchall()
    finally:
        connection.text_factory = str


def _text_or_bytes(text: bytes) -> str | bytes:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text


def require_numbers(rank: object, priority: object) -> None:
    """That they can be compared with those of other tasks. (With aging, a rank may be infinite.)"""
    for name, number in (("rank", rank), ("priority", priority)):
        if not isinstance(number, int | float):
            raise ValueError(f"its {name} is {shown(number)}")
