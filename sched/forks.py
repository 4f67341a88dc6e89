"""After a fork: the child's copies of locks, which a thread that it does not have may hold.

``os.fork`` copies the memory and one thread, the one that called it. A lock that another thread
held at that moment stays locked in the child for ever. So whatever has a lock is noted here, and
in the child it makes its lock anew.
"""

import os
from typing import Protocol
from weakref import WeakValueDictionary


class Forkable(Protocol):
    def renew_after_fork(self) -> None:
        """Called in the child, before anything else there."""


# By id: whoever derives a class from one of ours may define what is equal, and hash nothing.
_forkables: WeakValueDictionary[int, Forkable] = WeakValueDictionary()


def note(each: Forkable) -> None:
    """From now on it is told of forks, while it lives. O(1)."""
    _forkables[id(each)] = each


def _renew_all() -> None:
    for each in list(_forkables.values()):
        each.renew_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, not in a browser
    os.register_at_fork(after_in_child=_renew_all)
