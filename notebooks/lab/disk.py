"""Models of a disk, in memory, for what goes deeper than notebooks 07 and 08.

`Disk` holds the items for which there is no room, and counts how often it is read. `Buffered` is a
file as a power cut sees it: what was written is in the system's memory, line by line, until
somebody waits for a sync. `Files` are files as a program leaves them that is killed.
"""

import heapq
from random import Random
from typing import Any

from .crashing import Crash


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


class Files:
    """Files as a ``kill -9`` leaves them: writing takes three moments, what is written is kept.

    contents: text by name. dies_at: the moment at which the program is killed, counted from 1;
    None for never. moments: how many have passed.
    """

    def __init__(self, contents: dict[str, str] | None = None, dies_at: int | None = None) -> None:
        self.contents = dict(contents or {})
        self.dies_at = dies_at
        self.moments = 0

    def write(self, name: str, text: str) -> None:
        """Write a file anew: it is emptied, then half of the text is there, then all of it."""
        for part in ("", text[: len(text) // 2], text):
            self._lives()
            self.contents[name] = part
            self._moment()

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in one moment; one that has that name is replaced by it."""
        text = self.read(old)
        del self.contents[old]
        self.contents[new] = text
        self._moment()

    def delete(self, name: str) -> None:
        """Delete a file, in one moment."""
        self.read(name)
        del self.contents[name]
        self._moment()

    def read(self, name: str) -> str:
        """What is in a file. Raises FileNotFoundError if there is none."""
        self._lives()
        if name not in self.contents:
            raise FileNotFoundError(f"there is no file {name!r}")
        return self.contents[name]

    def _moment(self) -> None:
        self.moments += 1
        self._lives()

    def _lives(self) -> None:
        if self.dies_at is not None and self.moments >= self.dies_at:
            raise Crash


def is_killed(save: Any, files: Files, text: str, moment: int) -> bool:
    """Call `save(files, text)`, and kill it at its first moment, its second, and so on. False if it
    was done before that."""
    files.dies_at = files.moments + moment
    try:
        if save(files, text) is Ellipsis:
            raise NotImplementedError  # a stub
        return files.moments >= files.dies_at
    except Crash:
        return True
    finally:
        files.dies_at = None


def killed_at_each_moment(save: Any, old: str, new: str) -> list[str | None]:
    """What "queue" holds if `save(files, new)` is killed at its first moment, its second, and so
    on, and last if it is not; None where there is no such file. Before, it holds `old`."""
    found: list[str | None] = []
    for moment in range(1, 1000):
        files = Files({"queue": old})
        killed = is_killed(save, files, new, moment)
        found.append(files.contents.get("queue"))
        if not killed:
            break
    return found
