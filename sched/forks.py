"""After a fork: the child's copies of locks, which a thread that it does not have may hold.

``os.fork`` copies the memory and one thread, the one that called it. A lock that another thread
held at that moment stays locked in the child for ever. So whatever has a lock is noted here, and
in the child it makes its lock anew.
"""

import os
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    def renew_after_fork(self) -> None:
        """Called in the child, before anything else there."""


_forkables: WeakSet[Forkable] = WeakSet()

note = _forkables.add  # from now on it is told of forks, while it lives


def _renew_all() -> None:
    for each in list(_forkables):
        each.renew_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, not in a browser
    os.register_at_fork(after_in_child=_renew_all)
