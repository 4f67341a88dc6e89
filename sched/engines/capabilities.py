"""What an engine makes of our promises, line by line: kept exactly, weakened, or refused."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from sched.table import text_table


class UnsupportedError(ValueError):
    """Asked for what the engine cannot do: nothing was sent."""


class Capability(NamedTuple):
    """One line of the table.

    what: an argument of ``add_task``, a method or a promise.
    level: "exact" (as our own schedulers do it), "weaker" or "refused".
    how: what the engine does instead.
    """

    what: str
    level: Literal["exact", "weaker", "refused"]
    how: str


def capability_table(rows: Sequence[Capability]) -> str:
    """The table as text. O(rows)."""
    return text_table([("what", "level", "how"), *rows], left=(0, 1, 2))
