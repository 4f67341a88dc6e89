"""Ownership: one process at a time has a file, and a lock that dies with the process says which.

The lock is on a small file beside the other, which holds the owner's process id. It is a POSIX
record lock (on Windows, a locked byte): the system drops it when the process ends, however it
ends, and a forked child does not inherit it. Such a lock does not keep a process from itself, and
is lost if the process closes the file through any other descriptor; so what this process has is
also in a table here, and a file that it has is never opened twice.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sched import forks
from sched.durable.errors import StorageError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LONGEST = 10.0  # seconds to wait for an owner in this process that is about to let go
FAR = 2**30  # where Windows locks a byte, out of the way of readers


class _Owned(dict[str, "Ownership"]):
    """The files of this process. A forked child has none."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        forks.note(self)

    __hash__ = object.__hash__  # type: ignore[assignment]

    def renew_after_fork(self) -> None:
        """Forget all, in a forked child. O(1)."""
        self.lock = threading.Lock()
        self.clear()


_owned = _Owned()


class Ownership:
    """Of the file at this path, from now on. O(1).

    Raises StorageError, naming the owner's process id, if another has it."""

    def __init__(self, path: Path, letting_go: Callable[[], bool] = bool) -> None:
        self.path, self.key = path, os.path.realpath(path)
        self.letting_go = letting_go  # whether it has been told to, but has not done so yet
        end = time.monotonic() + LONGEST
        while not self._enlist():
            other = _owned.get(self.key)
            if other is not None and (not other.letting_go() or time.monotonic() > end):
                raise StorageError(path, f"it is open already, in this process (pid {os.getpid()})")
            time.sleep(0.001)
        try:
            self.descriptor = os.open(_lock_file(self.key), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            del _owned[self.key]
            raise StorageError(path, f"it cannot be locked: {error.strerror}") from None
        if not _lock(self.descriptor):
            pid = _pid(self.descriptor)
            self.release()
            raise StorageError(path, f"process {pid} has it: a file has one owner at a time")
        os.ftruncate(self.descriptor, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        os.write(self.descriptor, f"{os.getpid()}\n".encode())

    def _enlist(self) -> bool:
        with _owned.lock:
            return _owned.setdefault(self.key, self) is self

    def release(self) -> None:
        """Let the file go. Idempotent. O(1)."""
        if _owned.get(self.key) is self:
            os.close(self.descriptor)
            with _owned.lock:
                del _owned[self.key]


def owner_of(path: str | Path) -> int | None:
    """The id of the process that has the file; None if none has. O(1)."""
    key = os.path.realpath(path)
    if key in _owned:
        return os.getpid()
    try:
        descriptor = os.open(_lock_file(key), os.O_RDWR)
    except OSError:
        return None
    try:
        return None if _lock(descriptor) else _pid(descriptor)
    finally:
        os.close(descriptor)


def _lock_file(path: str) -> str:
    return path + "-owner"


def _lock(descriptor: int) -> bool:
    """Take the lock unless another process has it. O(1)."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _pid(descriptor: int) -> int:
    """What the owner has written; it does so right after locking. O(1)."""
    for _ in range(100):
        os.lseek(descriptor, 0, os.SEEK_SET)
        if text := os.read(descriptor, 32).strip():
            return int(text)
        time.sleep(0.001)
    return 0
