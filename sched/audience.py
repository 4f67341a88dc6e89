"""Audience: who is told of something, whichever way they are told."""

from typing import TypeVar

T = TypeVar("T")


class Audience(dict[object, T]):
    """Who is told of something. Joining, leaving and copying are one step each: no lock is needed.

    anybody: a list that several audiences share, which is empty while nobody has joined any: all
    that an add or a take then spends on them is one look at it.
    """

    def __init__(self, anybody: list[object] | None = None) -> None:
        super().__init__()
        self._anybody = [] if anybody is None else anybody

    def join(self, token: object, how: T) -> None:
        """Be told from now on. O(1)."""
        self._anybody.append(token)
        self[token] = how

    def leave(self, token: object) -> None:
        """Be told no more; nothing happens to one that has left before. O(their number)."""
        self.pop(token, None)
        if token in self._anybody:
            self._anybody.remove(token)
