"""Opening: from a path to a sound database, or to an error that names the file.

A new file is made under another name and given its own when it is whole and on disk: a crash while
it is made leaves nothing that could be taken for a queue.
"""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from sched.arguments import shown
from sched.durable import schema
from sched.durable.damage import DamagedError, fetched
from sched.durable.disk_table import SELECT
from sched.durable.errors import StorageError
from sched.durable.rows import item_of

Durability: TypeAlias = Literal["full", "normal", "async"]

T = TypeVar("T")

BUSY = 5.0  # seconds to wait for another program that writes
LOOKS = 50  # attempts to look into a file that others open and close meanwhile
REASONS = {
    "SQLITE_FULL": "the disk is full: what is in the file is safe, nothing can be added to it",
    "SQLITE_BUSY": "another program has it locked",
    "SQLITE_LOCKED": "another connection has it locked",
    "SQLITE_READONLY": "it cannot be written: the file, or its folder, is read-only",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_NOTADB": "it is not a file of this scheduler, nor a database at all",
    "SQLITE_CORRUPT": "it is damaged: restore a backup",
    "SQLITE_IOERR": "the disk failed to read or write it",
}


def as_path(path: object) -> Path:
    """The path of a file, to which it leads wherever the process goes. O(1).

    Raises TypeError or ValueError."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(text, str):
        raise TypeError(f"path must be a str or a Path, got {shown(path)}")
    if text in ("", ":memory:") or "\0" in text:
        raise ValueError(f"path must be that of a file, got {shown(path)}")
    return Path(text).absolute()


def explained(path: str | Path, error: Exception) -> StorageError:
    """What an error of SQLite means for the file. O(1)."""
    name = _name(error)
    reason = next((text for prefix, text in REASONS.items() if name.startswith(prefix)), None)
    return StorageError(path, f"{reason} ({error})" if reason else f"{error}")


def _name(error: Exception) -> str:
    """SQLite's name of an error, or nothing. O(1)."""
    return getattr(error, "sqlite_errorname", None) or ""


def require_file(path: Path) -> None:
    """Raise StorageError if something is there that is no file: /dev/null, say, beside which
    nothing is to be made, and which nobody is to be told to delete. O(1)."""
    with suppress(OSError):  # whoever opens it is told
        if path.is_dir():
            raise StorageError(path, "it is a directory")
        if path.exists() and not path.is_file():
            raise StorageError(path, "it is no regular file")


def open_database(
    path: Path, durability: Durability, aging: float | None
) -> tuple[sqlite3.Connection, str, int]:
    """The connection, the file's uuid, and how often it has been opened, this time included.

    Its owner calls this. Raises StorageError. O(size of the file): all of it is checked."""
    try:
        size = path.stat().st_size if path.exists() else None
        if size is None:
            _create(Path(os.path.realpath(path)), aging)  # where a link leads that leads nowhere
        elif (names := _names(path)) > 1:
            raise StorageError(
                path, f"it has {names} names (hard links), and a log for each: delete the others"
            )
        elif size == 0:
            raise StorageError(path, "it is empty: delete it if a new queue is to stand there")
        connection = connect(path, "rw")
        try:
            return (connection, *_prepare(connection, path, durability, aging))
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise explained(path, error) from error
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error


def _names(path: Path) -> int:
    """How many names a file has, without the one that a backup had until it was whole. O(1), or
    O(files in the folder)."""
    if path.stat().st_nlink > 1:
        named = re.compile(re.escape(path.name) + "-new(-[0-9a-f]+)?")
        for other in path.parent.iterdir():
            if named.fullmatch(other.name) and other.samefile(path):
                other.unlink()  # it was interrupted just then
    return path.stat().st_nlink


def connect(path: Path, mode: Literal["ro", "rw", "rwc", "ro&immutable=1"]) -> sqlite3.Connection:
    """A connection, for use by one thread at a time. O(1). Raises sqlite3.Error."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY,
        isolation_level=None,
        check_same_thread=False,
    )


def look(path: Path, read: Callable[[sqlite3.Connection], T]) -> T:
    """What read(connection) returns, of one moment of the file. O(1) and what that takes.

    To look into a file of nobody's, SQLite would make a log beside it, and leave it there: in a
    folder that is read-only it cannot, and elsewhere it is in the way of whoever may not write what
    is another user's. So where there is no log, SQLite is told that the file does not change; if
    it has all the same, it is read once more. Raises StorageError, sqlite3.Error and OSError."""
    if path.exists() and not os.access(path, os.R_OK):
        raise StorageError(path, "this user may not read it")
    for _ in range(LOOKS):
        before = _unwritten(path)
        try:
            with closing(connect(path, "ro&immutable=1" if before else "ro")) as connection:
                connection.execute("BEGIN")  # one moment for all that is read
                found = read(connection)
        except Exception as error:
            if before != _unwritten(path):
                continue  # it was half of one moment and half of another
            read_only = not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK)
            if before is None and read_only and _name(error).startswith("SQLITE_CANTOPEN"):
                raise StorageError(
                    path,
                    "it was not closed, and its log cannot be read in a folder that is read-only: "
                    f"copy {path.name} and {path.name}-wal to another",
                ) from error
            raise
        if before is None or before == _unwritten(path):
            return found
    raise StorageError(path, "others open and close it all the time")


def _unwritten(path: Path) -> tuple[int, ...] | None:
    """The state of a file that nobody is writing; None if it has a log, in which the last commits
    are. O(1)."""
    for log in ("-wal", "-journal"):
        try:
            if os.stat(os.path.realpath(path) + log).st_size:
                return None
        except FileNotFoundError:
            pass
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _prepare(
    connection: sqlite3.Connection, path: Path, durability: Durability, aging: float | None
) -> tuple[str, int]:
    if (flaw := schema.flaw(connection)) is not None:
        raise StorageError(path, flaw)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
    connection.execute("PRAGMA fullfsync = ON")  # where an fsync alone does not reach the disk
    connection.execute("PRAGMA checkpoint_fullfsync = ON")
    connection.execute("BEGIN IMMEDIATE")
    schema.migrate(connection)
    schema.rank_by(connection, aging)
    _put_back(connection)
    connection.execute("UPDATE sched_file SET openings = openings + 1")
    row: tuple[str, int] = connection.execute("SELECT uuid, openings FROM sched_file").fetchone()
    connection.execute("COMMIT")
    return row


def _put_back(connection: sqlite3.Connection) -> None:
    """Tasks that were running, and whose rows are damaged, are ready again: whoever comes to take
    one is told, and ``discard`` finds it. O(running tasks)."""
    for row in fetched(connection, f"{SELECT} WHERE state = {schema.RUNNING}", ()):
        try:
            item_of(row, "")
        except DamagedError:
            connection.execute(
                f"UPDATE sched_tasks SET state = {schema.READY} WHERE id = ?", row[:1]
            )
            connection.execute("UPDATE sched_file SET ready = ready + 1")


def _create(path: Path, aging: float | None) -> None:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise StorageError(path, f"it is missing, but not {log.name}, which belongs to it")
    new = path.with_name(path.name + "-new")
    for left in (new, new.with_name(new.name + "-journal")):
        left.unlink(missing_ok=True)
    connection = connect(new, "rwc")
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        schema.create(connection, aging)
        connection.execute("COMMIT")
    finally:
        connection.close()
    os.rename(new, path)
    sync_folder(path.absolute().parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk as well. O(1)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
