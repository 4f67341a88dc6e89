"""Ownership: one process at a time has a file, and a lock that dies with the process says which.

The lock is on a small file beside the other, which holds the owner's process id. It is a POSIX
record lock (on Windows, a locked byte): the system drops it when the process ends, however it
ends, and a forked child does not inherit it. Such a lock does not keep a process from itself, and
is lost if the process closes the file through any other descriptor; so what this process has is
also in a table here, and a file that it has is never opened twice.

Should the lock fail all the same (its file deleted, a file system that does not keep locks), each
commit still finds out whether somebody has opened the database since (counters.py).
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sched import forks
from sched.durable.errors import StorageError
from sched.durable.opening import as_path

if sys.platform == "win32":
    import msvcrt
elif sys.platform != "emscripten":  # in a browser there is no other process
    import fcntl

LONGEST = 10.0  # seconds to wait for an owner in this process that is about to let go
LOOKS = 20  # attempts at the lock, 5 ms apart
FAR = 2**30  # where Windows locks a byte, out of the way of readers


class _Owned(dict[str, "Ownership"]):
    """The files of this process. A forked child has none.

    inherited: what the parent had. SQLite keeps, for the whole process, which locks it has on a
    file, and in a child it is wrong: another program would see none, and delete the child's log."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inherited: set[str] = set()
        forks.note(self)

    __hash__ = object.__hash__  # type: ignore[assignment]

    def renew_after_fork(self) -> None:
        """Forget all, in a forked child. O(files)."""
        self.lock = threading.Lock()
        self.inherited.update(self)
        self.clear()


_owned = _Owned()


class Ownership:
    """Of the file at this path, from now on. O(1).

    Raises StorageError, naming the owner's process id, if another has it."""

    def __init__(self, path: Path, letting_go: Callable[[], bool] = bool) -> None:
        self.path, self.key = path, os.path.realpath(path)
        self.letting_go = letting_go  # whether it has been told to, but has not done so yet
        if self.key in _owned.inherited:
            raise StorageError(
                path,
                "it was open when this process was forked: open it in one that is started anew",
            )
        end = time.monotonic() + LONGEST
        while not self._enlist():
            other = _owned.get(self.key)
            if other is not None and (not other.letting_go() or time.monotonic() > end):
                raise StorageError(path, f"it is open already, in this process (pid {os.getpid()})")
            time.sleep(0.001)
        try:
            self.descriptor = os.open(_lock_file(self.key), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            self._delist()
            raise StorageError(path, f"it cannot be locked: {error.strerror}") from None
        try:
            if not _lock_soon(self.descriptor):
                pid = _pid(self.descriptor)
                raise StorageError(path, f"process {pid} has it: a file has one owner at a time")
            own = f"{os.getpid()}\n".encode()
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            os.write(self.descriptor, own)  # over the old one: a full disk has room for that
            os.ftruncate(self.descriptor, len(own))
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                raise StorageError(path, f"it cannot be locked: {error.strerror}") from None
            raise

    def _enlist(self) -> bool:
        with _owned.lock:
            return _owned.setdefault(self.key, self) is self

    def _delist(self) -> None:
        with _owned.lock:
            del _owned[self.key]

    def release(self) -> None:
        """Let the file go. Idempotent. O(1)."""
        if _owned.get(self.key) is self:
            try:
                os.close(self.descriptor)
            except OSError:
                pass  # somebody has closed it, and so it is
            finally:
                self._delist()


def owner_of(path: str | Path) -> int | None:
    """The id of the process that has the file; None if none has. O(1)."""
    key = os.path.realpath(as_path(path))
    with _owned.lock:  # a thread that took the lock meanwhile would lose it when we close the file
        return os.getpid() if key in _owned else _other_owner_of(key)


def _other_owner_of(key: str) -> int | None:
    try:  # to read is enough, and who may read the database may read this
        descriptor = os.open(_lock_file(key), os.O_RDONLY)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, shared=True) else _pid(descriptor)
    finally:
        os.close(descriptor)


def _lock_file(path: str) -> str:
    return path + "-owner"


def _lock_soon(descriptor: int) -> bool:
    """Take the lock, though somebody who looks for an owner may have it for an instant. O(1)."""
    for _ in range(LOOKS):
        if _lock(descriptor):
            return True
        time.sleep(0.005)
    return False


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock unless another process has it. O(1)."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        elif sys.platform != "emscripten":
            fcntl.lockf(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _pid(descriptor: int) -> int:
    """What the owner has written, which it does right after locking; 0 if it has not. O(1)."""
    for _ in range(100):
        os.lseek(descriptor, 0, os.SEEK_SET)
        line = os.read(descriptor, 32).partition(b"\n")[0]
        if line.isdigit():
            return int(line)
        time.sleep(0.001)
    return 0
