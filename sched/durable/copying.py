"""Copying a file that is in use: a moment of it, whole, under another name.

Copying the file itself would not do: its last commits are in the log beside it (``-wal``), and a
copy made while somebody writes is half of one moment and half of another.
"""

import os
import sqlite3
import uuid
from contextlib import closing, suppress
from pathlib import Path

from sched.durable import schema
from sched.durable.errors import StorageError
from sched.durable.opening import connect, explained, look, sync_folder
from sched.durable.ownership import Ownership

REPLACES_NOTHING = "it is there already: a backup replaces nothing"


def copy_file(source: Path, target: Path) -> None:
    """Make a copy with a uuid of its own, so that no hand-out of one is taken for the other's.

    Others may write meanwhile: it does not hold them up. Raises StorageError; what is called
    ``target`` is whole, then, or is not there. (Killed, it leaves a file whose name is that of the
    target and ``-new-...``, which nobody needs.) O(size of the file)."""
    # Each has a name of its own: two that are made at once do not write into one file.
    new = target.parent / f"{target.name}-new-{uuid.uuid4().hex[:12]}"
    try:
        if target.exists():
            raise FileExistsError
        new.touch(exist_ok=False)  # the system says more clearly than SQLite why it cannot be
        with closing(connect(new, "rw")) as copy:
            copy.execute("PRAGMA synchronous = FULL")
            look(source, lambda original: original.backup(copy))
            copy.execute("UPDATE sched_file SET uuid = ?", (uuid.uuid4().hex,))
        _rename(new, target)
        sync_folder(target.absolute().parent)
    except FileExistsError:
        raise StorageError(target, REPLACES_NOTHING) from None
    except sqlite3.Error as error:
        raise explained(target, error) from error
    except OSError as error:
        raise StorageError(target, error.strerror or str(error)) from error
    finally:
        for left in (new, new.with_name(f"{new.name}-journal")):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _rename(new: Path, target: Path) -> None:
    """Give a file its name, unless there is one by now. Raises OSError. O(1)."""
    if hasattr(os, "link"):  # a browser has none
        try:
            os.link(new, target)  # a rename would replace what somebody has put there meanwhile
            return
        except FileExistsError:
            raise
        except OSError:  # a file system that knows no links
            pass
    if target.exists():
        raise FileExistsError
    new.rename(target)


def compact_file(path: Path) -> tuple[int, int]:
    """Rewrite a file without the room that deleted tasks took; its bytes before and after.

    Needs as much room again on the disk meanwhile. Raises StorageError, also if somebody has the
    file. O(size of the file)."""
    try:
        path.stat()
    except FileNotFoundError:
        raise StorageError(path, "there is no such file") from None
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from None
    ownership = Ownership(path)
    try:
        before = path.stat().st_size
        connection = connect(path, "rw")
        try:
            if (flaw := schema.flaw(connection)) is not None:
                raise StorageError(path, flaw)
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        return before, path.stat().st_size
    except sqlite3.Error as error:
        raise explained(path, error) from error
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error
    finally:
        ownership.release()
