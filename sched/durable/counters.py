"""Counters: how many tasks stand where, and the last id; one row of the file, kept with it."""

import sqlite3
from dataclasses import dataclass, fields


@dataclass
class Counters:
    """Written in each transaction that changes something, so they are as true as the tasks."""

    last_id: int
    last_ended: int
    ready: int
    waiting: int
    added: int
    succeeded: int
    failed: int
    cancelled: int
    retried: int

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> "Counters":
        """Those of the file. O(1)."""
        return cls(*connection.execute(f"SELECT {', '.join(NAMES)} FROM sched_file").fetchone())

    def write(self, connection: sqlite3.Connection, opening: int) -> None:
        """Into the file, in the transaction that is open. O(1).

        opening: how often the file had been opened when its owner opened it. Raises
        sqlite3.OperationalError if somebody has opened it since: then it is no longer ours."""
        values = [getattr(self, name) for name in NAMES]
        if connection.execute(WRITE, [*values, opening]).rowcount != 1:
            raise sqlite3.OperationalError("another owner has opened it since")

    @property
    def pending(self) -> int:
        """How many tasks are PENDING. O(1)."""
        return self.ready + self.waiting


NAMES = [field.name for field in fields(Counters)]
WRITE = f"UPDATE sched_file SET {', '.join(f'{name} = ?' for name in NAMES)} WHERE openings = ?"
