"""Audience: who is told of something, whichever way they are told."""

from typing import TypeVar

T = TypeVar("T")


class Audience(dict[object, T]):
    """Who is told of something. Joining, leaving and copying are one step each: no lock is needed.

    anybody: lists that several audiences share, each about one kind of move, and empty while nobody
    is to be told of one: all that an add or a take then spends on them is one look at its list.
    """

    def __init__(self, *anybody: list[object]) -> None:
        super().__init__()
        self._anybody = anybody

    def join(self, token: object, how: T, *lists: list[object]) -> None:
        """Be told from now on, of the moves that these lists are about. O(1)."""
        for anybody in lists:
            anybody.append(token)
        self[token] = how

    def leave(self, token: object) -> None:
        """Be told no more; nothing happens to one that has left before. O(their number)."""
        self.pop(token, None)
        for anybody in self._anybody:
            if token in anybody:
                anybody.remove(token)
