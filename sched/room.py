"""Room: producers that wait while ``max_pending`` tasks are pending.

Made known, then looked once more, then waiting: whoever makes room after the look rings the bell.
"""

from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from sched import forks
from sched.audience import Audience
from sched.bell import Bell
from sched.task import QueueFullError

LONGEST = 1.0  # seconds until a wait notices a Ctrl-C that did not end it

T = TypeVar("T")


class Room(Audience[Bell]):
    """The bells of those who wait."""

    def __init__(self, takes: list[object]) -> None:
        super().__init__(takes)
        self._takes = takes
        forks.note(self)

    def renew_after_fork(self) -> None:
        """Ring for nobody, in a forked child: those who wait are not there. O(their number)."""
        for bell in list(self):
            self.leave(bell)

    def wait(self, add: Callable[[], T], seconds: float) -> T:
        """Call add() until it finds room. Raises its QueueFullError when time is over."""
        bell = Bell()
        end = monotonic() + seconds
        try:
            while True:
                try:
                    return add()
                except QueueFullError:
                    left = end - monotonic()
                    if left <= 0:
                        raise
                if bell not in self:
                    self.join(bell, bell, self._takes)
                    continue
                bell.wait(min(left, LONGEST))
        finally:
            self.leave(bell)

    def tell(self) -> None:
        """Let all of them look again. O(their number)."""
        for bell in list(self.values()):
            bell.ring()
