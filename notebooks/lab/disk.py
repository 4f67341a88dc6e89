"""A model of a disk, in memory, for two notebooks that go deeper than 07.

`Disk` holds the items for which there is no room, and counts how often it is read. `Buffered` is a
file as a power cut sees it: what was written is in the system's memory, line by line, until
somebody waits for a sync.
"""

import heapq
from random import Random
from typing import Any


class Disk:
    """Items in order, slow to reach: ``reads`` counts how often it was asked for some."""

    def __init__(self) -> None:
        self._items: list[Any] = []
        self.reads = 0

    def add(self, item: Any) -> None:
        """Put an item there. O(log n)."""
        heapq.heappush(self._items, item)

    def smallest(self, number: int) -> list[Any]:
        """Take the smallest so many items from it, in order; fewer if there are no more."""
        self.reads += 1
        there = range(min(number, len(self._items)))
        return [heapq.heappop(self._items) for _ in there]

    def __len__(self) -> int:
        return len(self._items)


class Buffered:
    """A file of lines. A line that was written may be lost in a power cut, until it is synced."""

    def __init__(self) -> None:
        self.on_disk: list[str] = []
        self.buffered: list[str] = []
        self.syncs = 0

    def write(self, line: str) -> None:
        """Hand a line to the system, which writes it to the disk when it likes. O(1)."""
        self.buffered.append(line)

    def sync(self) -> None:
        """Wait until all that was written is on the disk. O(lines)."""
        self.on_disk += self.buffered
        self.buffered = []
        self.syncs += 1

    def after_kill(self) -> list[str]:
        """What is in the file if the program dies now: the system goes on, and writes all."""
        return self.on_disk + self.buffered

    def after_power_cut(self, chance: Random) -> list[str]:
        """What is in the file if the power goes now: of what is buffered, any part."""
        return self.on_disk + [line for line in self.buffered if chance.random() < 0.5]
