"""PendingTasks: a live view of what a scheduler still has to do."""

from collections.abc import Iterator
from typing import Any

from sched.ledger import Ledger
from sched.table import counted, duration, html_table, text_table
from sched.task import Task

_ROWS = 20  # what a table shows: a scheduler may hold a million
_TEXT = (2, 3)  # the columns that hold words


class PendingTasks:
    """The PENDING tasks of a scheduler: ready ones in order, then waiting ones by run_at.

    A view, made in O(1): ``len`` and ``bool`` always tell how it is now. Iterating takes one
    snapshot, O(n log n), and goes through that, whatever happens meanwhile.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __len__(self) -> int:
        """How many tasks are pending. O(1)."""
        return len(self._ledger)

    def __iter__(self) -> Iterator[Task]:
        """Go through a snapshot taken now. O(n log n)."""
        return iter(self._ledger.pending()[1])

    def to_frame(self) -> Any:
        """A pandas DataFrame, one row a task; needs pandas. O(n log n).

        Columns: id, priority, name, run_at (epoch seconds), due_in (seconds, 0 if ready),
        attempts, key.
        """
        import pandas as pd

        now, tasks = self._ledger.pending()
        columns = ["id", "priority", "name", "run_at", "due_in", "attempts", "key"]
        rows = [
            (t.id, t.priority, t.name, t.run_at, max(0.0, t.run_at - now), t.attempts, t.key)
            for t in tasks
        ]
        return pd.DataFrame(rows, columns=columns)

    def _table(self) -> tuple[str, list[tuple[str, str, str, str]]]:
        """The headline, and the head and first rows of the table; none if nothing is pending."""
        now, tasks = self._ledger.pending(_ROWS)
        total = len(self)
        headline = counted(total, "pending task")
        if total > len(tasks):
            headline += f", the first {len(tasks)}:"
        rows = [("id", "priority", "due", "name")] if tasks else []
        for task in tasks:
            due = "ready" if task.run_at <= now else f"in {duration(task.run_at - now)}"
            rows.append((str(task.id), str(task.priority), due, task.name))
        return headline, rows

    def __repr__(self) -> str:
        headline, rows = self._table()
        return f"{headline}\n{text_table(rows, left=_TEXT)}" if rows else headline

    def _repr_html_(self) -> str:
        headline, rows = self._table()
        return f"<p>{headline}</p>" + (html_table(rows, left=_TEXT) if rows else "")
