"""A disk whose power is cut: what it may hold then, by what has been written to it and synced.

A program writes to the memory of its operating system, which brings it to the disk when it likes
and in any order, in sectors of 512 bytes. Only a sync that has returned says that what was written
to that file before is on the disk; only a sync of the folder says so of new names and deletions.

``record()`` notes all that SQLite does to files, through a VFS (the layer of SQLite below which
operating systems differ) that passes each call on to the usual one. It is made with ctypes, inside
the very library that Python's sqlite3 uses: so the code under test is the whole of ours, unchanged.
``Disk`` then replays the notes up to any moment, and ``cut`` leaves a folder as it may be after it.
"""

import ctypes
import itertools
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

SECTOR = 512
Event = tuple[Any, ...]  # what, name of the file, more

P, I, L, S = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_char_p  # noqa: E741
OPEN = ctypes.CFUNCTYPE(I, P, P, P, I, P)
DELETE = ctypes.CFUNCTYPE(I, P, S, I)
WRITE = ctypes.CFUNCTYPE(I, P, P, I, L)
TRUNCATE = ctypes.CFUNCTYPE(I, P, L)
SYNC = ctypes.CFUNCTYPE(I, P, I)


class VFS(ctypes.Structure):
    """sqlite3_vfs."""

    _fields_ = (
        *(("iVersion", I), ("szOsFile", I), ("mxPathname", I), ("pNext", P), ("zName", S)),
        *(("pAppData", P), ("xOpen", OPEN), ("xDelete", DELETE), ("rest", P * 14)),
    )


class Methods(ctypes.Structure):
    """sqlite3_io_methods: what can be done to an open file."""

    _fields_ = (
        *(("iVersion", I), ("xClose", P), ("xRead", P), ("xWrite", WRITE)),
        *(("xTruncate", TRUNCATE), ("xSync", SYNC), ("rest", P * 13)),
    )


def library() -> ctypes.CDLL | None:
    """The SQLite of Python's sqlite3; None if its functions cannot be reached from outside."""
    try:
        import _sqlite3

        found = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        found.sqlite3_vfs_find.restype = P
        found.sqlite3_vfs_find.argtypes = [S]
        found.sqlite3_vfs_register.argtypes = [P, I]
        found.sqlite3_libversion.restype = S
    except (ImportError, OSError, AttributeError, TypeError):
        return None
    same: bool = found.sqlite3_libversion().decode() == sqlite3.sqlite_version
    return found if same else None


class Recorder:
    """Stands in front of the usual VFS while it is registered, as the one that is used."""

    def __init__(self, sqlite: ctypes.CDLL) -> None:
        self.sqlite = sqlite
        self.events: list[Event] = []
        self.names: dict[int, str] = {}  # of the open files, by their addresses
        self.usual: Any = VFS.from_address(sqlite.sqlite3_vfs_find(None))
        self.vfs = VFS.from_buffer_copy(self.usual)
        self.vfs.zName = b"recorder"
        self.vfs.xOpen, self.vfs.xDelete = OPEN(self.open), DELETE(self.delete)
        self.methods: dict[int, Any] = {}  # ours, by the address of the usual ones

    def open(self, vfs: int, path: int | None, file: int, flags: int, out: int | None) -> int:
        name = os.path.basename(ctypes.string_at(path)).decode() if path else None
        new = name is not None and not os.path.exists(ctypes.string_at(path or 0))
        status: int = self.usual.xOpen(ctypes.addressof(self.usual), path, file, flags, out)
        if status == 0 and name is not None:
            self.names[file] = name
            if new:
                self.events.append(("create", name))
            place = P.from_address(file)  # the address of its methods
            assert place.value is not None
            place.value = ctypes.addressof(self.methods_like(place.value))
        return status

    def methods_like(self, address: int) -> Any:
        if address not in self.methods:
            usual = Methods.from_address(address)

            def write(file: int, data: int, size: int, offset: int) -> int:
                self.events.append(
                    ("write", self.names[file], offset, ctypes.string_at(data, size))
                )
                status: int = usual.xWrite(file, data, size, offset)
                return status

            def truncate(file: int, size: int) -> int:
                self.events.append(("truncate", self.names[file], size))
                status: int = usual.xTruncate(file, size)
                return status

            def sync(file: int, flags: int) -> int:
                status: int = usual.xSync(file, flags)
                self.events.append(("sync", self.names[file], flags))
                return status

            ours = Methods.from_buffer_copy(usual)
            ours.xWrite, ours.xTruncate, ours.xSync = WRITE(write), TRUNCATE(truncate), SYNC(sync)
            self.methods[address] = ours
        return self.methods[address]

    def delete(self, vfs: int, path: bytes, sync_folder: int) -> int:
        status: int = self.usual.xDelete(ctypes.addressof(self.usual), path, sync_folder)
        if status == 0:
            self.events.append(("delete", os.path.basename(path).decode()))
            if sync_folder:
                self.events.append(("sync folder",))
        return status


@contextmanager
def record(sqlite: ctypes.CDLL) -> Iterator[list[Event]]:
    """All that is done to files through SQLite, and to their names by Python, while it lasts.

    What is opened in it must be closed in it: our functions are gone afterwards."""
    recorder = Recorder(sqlite)
    rename, fsync = os.rename, os.fsync

    def noted_rename(old: Any, new: Any) -> None:
        rename(old, new)
        recorder.events.append(("rename", Path(old).name, Path(new).name))

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        recorder.events.append(("sync folder",))

    usual = sqlite.sqlite3_vfs_find(None)
    sqlite.sqlite3_vfs_register(ctypes.byref(recorder.vfs), 1)
    try:
        with patch.object(os, "rename", noted_rename), patch.object(os, "fsync", noted_fsync):
            yield recorder.events
    finally:
        sqlite.sqlite3_vfs_register(usual, 1)
        sqlite.sqlite3_vfs_unregister(ctypes.byref(recorder.vfs))


# --- what may be left -----------------------------------------------------------------------------


@dataclass
class File:
    """safe: what is on the disk for sure; loose: the writes since, (offset, bytes) or a size."""

    safe: bytearray = field(default_factory=bytearray)
    loose: list[tuple[int, bytes] | int] = field(default_factory=list)
    synced: bool = False  # ever

    def sync(self) -> None:
        for change in self.loose:
            self.safe = applied(self.safe, change)
        self.loose, self.synced = [], True

    def left(self, rng: random.Random) -> bytearray:
        """What a cut may leave: all writes up to one, or a share of all their sectors."""
        content, kept = bytearray(self.safe), rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        if rng.random() < 0.3:
            for change in self.loose[: rng.randrange(len(self.loose) + 1)]:
                content = applied(content, change)
            return content
        for change in self.loose:
            for part in [change] if isinstance(change, int) else sectors(*change):
                if rng.random() < kept:
                    content = applied(content, part)
        return content


def sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """A write, cut where the sectors of the file are."""
    end = offset + len(data)
    cuts = [offset, *range((offset // SECTOR + 1) * SECTOR, end, SECTOR), end]
    for a, b in itertools.pairwise(cuts):
        yield a, data[a - offset : b - offset]


def applied(content: bytearray, change: tuple[int, bytes] | int) -> bytearray:
    if isinstance(change, int):
        return content[:change].ljust(change, b"\0")
    offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
    return content


class Disk:
    """A folder: safe_names is on the disk for sure, loose_names may be, in this order."""

    def __init__(self) -> None:
        self.names: dict[str, File] = {}  # as programs see it
        self.safe_names: dict[str, File] = {}
        self.loose_names: list[dict[str, File]] = []

    def do(self, event: Event) -> None:
        match event:
            case ["create", name]:
                self.names[name] = File()
                self.loose_names.append({**self.names})
            case ["delete", name]:
                del self.names[name]
                self.loose_names.append({**self.names})
            case ["rename", old, new]:
                self.names[new] = self.names.pop(old)
                self.loose_names.append({**self.names})
            case ["write", name, offset, data]:
                self.names[name].loose.append((offset, data))
            case ["truncate", name, size]:
                self.names[name].loose.append(size)
            case ["sync", name, _]:
                file = self.names[name]
                if not file.synced and name.endswith(("-wal", "-journal")):
                    self.sync_folder()  # SQLite does, when it first syncs a new log
                file.sync()
            case ["sync folder"]:
                self.sync_folder()

    def sync_folder(self) -> None:
        self.safe_names, self.loose_names = {**self.names}, []

    def cut(self, folder: Path, rng: random.Random) -> None:
        """Leave in a folder what the disk may hold after a cut."""
        names = rng.choice([self.safe_names, *self.loose_names])
        for name, file in names.items():
            (folder / name).write_bytes(file.left(rng))
