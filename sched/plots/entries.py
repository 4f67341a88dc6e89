"""What is written on an entry's card: its key, and its name."""

from dataclasses import dataclass
from typing import Any

from sched.task import Details, Task


@dataclass(frozen=True)
class Label:
    """key: what the entry is compared by, as text. name: whose it is; empty if it has none."""

    key: str
    name: str

    def __str__(self) -> str:
        """For a sentence: ``Mail (3)``."""
        return f"{self.name} ({self.key})" if self.name else self.key


def label(entry: object) -> Label:
    """The label of a scheduler's entry, or of whatever a learner keeps in a list. O(its length).

    A scheduler's entry and a Task show their priority. Any other tuple shows all the numbers that
    it starts with, since they decide its place: ``(3.0, 1, "Mail")`` is ``3, 1`` and ``Mail``.
    """
    if isinstance(entry, Task):
        return Label(number(entry.priority), one_line(entry.name))
    if isinstance(entry, str):
        return Label(one_line(entry), "")
    if not isinstance(entry, tuple | list):
        return Label(number(entry), "")
    fields: tuple[Any, ...] | list[Any] = entry
    if is_task_entry(fields):
        payload = fields[3]
        name = payload.name if isinstance(payload, Details) else payload
        return Label(number(fields[0]), one_line(str(name)))
    numbers: list[str] = []
    for field in fields:
        if not isinstance(field, int | float):
            return Label(", ".join(numbers), one_line(str(field)))
        numbers.append(number(field))
    return Label(", ".join(numbers), "")


def is_task_entry(fields: tuple[Any, ...] | list[Any]) -> bool:
    """Whether this has the form of sched.task.TaskEntry."""
    return (
        len(fields) == 5
        and all(isinstance(fields[i], int | float) for i in (0, 1, 2, 4))
        and isinstance(fields[3], str | Details)
    )


def number(value: object) -> str:
    """A number as short as it can be said: 2 for 2.0; its end for a long one, where clock
    readings differ.
    """
    if isinstance(value, float):
        text = repr(int(value)) if value.is_integer() else repr(value)
        if "e-" in text and abs(value) >= 1e-9:
            text = f"{value:.9f}".rstrip("0")
    elif isinstance(value, int):
        text = repr(int(value))  # an IntEnum too, in every Python
    else:
        text = one_line(str(value))
    return text if len(text) <= 9 else "…" + text[-8:]


def seconds(value: float) -> str:
    """A time or a duration, to the millisecond, as short as it can be said."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def one_line(text: str) -> str:
    """Without line breaks, tabs and what no font can draw."""
    return "".join(c if c.isprintable() else " " for c in text).strip()
