"""The entries of a scheduler's ready side, and what is written on a card: its key, its name."""

from dataclasses import dataclass
from typing import Any

from sched.entry import Details
from sched.heap import HeapScheduler
from sched.plots.letters import drawable
from sched.plots.words import number, one_line
from sched.task import Task


@dataclass(frozen=True)
class Label:
    """key: what the entry is compared by, as text. name: whose it is; empty if it has none.

    task: the id, which stands for a name that no font can draw; None if it is not known.
    """

    key: str
    name: str
    task: int | None = None

    def __str__(self) -> str:
        """For a sentence: ``Mail (3)``."""
        return f"{self.name} ({self.key})" if self.name else self.key

    def drawn(self) -> "Label":
        """The same in letters that can be drawn."""
        instead = "" if self.task is None else f"task {self.task}"
        return Label(drawable(self.key), drawable(self.name, instead), self.task)


def ready_side(scheduler: HeapScheduler) -> tuple[list[Any], set[int]]:
    """A scheduler's heap as it is now, and the indices of what is no task's current entry. O(n).

    The one place in which a picture looks into a scheduler that is in use.
    """
    scheduler.metrics()  # so that what has been added is let in
    ledger: Any = scheduler.ledger
    heap = list(ledger.queue.heap)
    return heap, {i for i, entry in enumerate(heap) if not ledger.is_current(entry)}


def label(entry: object) -> Label:
    """The label of a scheduler's entry, or of whatever a learner keeps in a list. O(its length).

    A scheduler's entry and a Task show their priority. Any other tuple shows all the numbers that
    it starts with, since they decide its place: ``(3.0, 1, "Mail")`` is ``3, 1`` and ``Mail``.
    """
    if isinstance(entry, Task):
        return Label(number(entry.priority), one_line(entry.name), entry.id)
    if isinstance(entry, str):
        return Label(one_line(entry), "")
    if not isinstance(entry, tuple | list):
        return Label(number(entry), "")
    fields: tuple[Any, ...] | list[Any] = entry
    if is_task_entry(fields):
        payload = fields[3]
        name = payload.name if isinstance(payload, Details) else payload
        return Label(number(fields[0]), one_line(str(name)), fields[2])
    numbers: list[str] = []
    for field in fields:
        if not isinstance(field, int | float):
            return Label(", ".join(numbers), one_line(str(field)))
        numbers.append(number(field))
    return Label(", ".join(numbers), "")


def is_task_entry(fields: tuple[Any, ...] | list[Any]) -> bool:
    """Whether this has the form of sched.task.TaskEntry."""
    return (
        len(fields) in (4, 5)
        and all(isinstance(number, int | float) for number in (*fields[:3], *fields[4:]))
        and isinstance(fields[3], str | Details)
    )
