"""Writer: one thread that does all that is done to a file, and commits for many at once.

Who wants something appends a request and waits, holding no lock. The writer takes all that has
arrived, does it in turn in one transaction, commits, and only then answers: so what somebody has
been told is on disk, and while one commit waits for the disk the requests for the next one gather.
Sixty-four callers pay for two commits, not for sixty-four. (Group commit: D. DeWitt et al.,
"Implementation Techniques for Main Memory Database Systems", SIGMOD 1984.)

A request that is refused has changed nothing. One that breaks, or a write that fails, has the whole
transaction undone; its requests are then done one by one, so that only the culprit fails.

This thread alone refers to the database. So a forked child, which has no such thread, cannot touch
the copy of the connection that it has; and a scheduler that nobody refers to is closed.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from time import sleep
from typing import Any, NamedTuple

from sched.durable.errors import StorageError
from sched.durable.opening import Durability, explained, open_database, require_file
from sched.durable.ownership import Ownership
from sched.durable.store import Store
from sched.durable.transaction import FunctionRaisedError, transact
from sched.task import InvalidTransitionError, QueueFullError, UnknownTaskError

MOST = 10_000  # requests in one transaction
REFUSALS = (InvalidTransitionError, QueueFullError, UnknownTaskError)

Outcome = tuple[Any, BaseException | None]


class Request(NamedTuple):
    """function(store, *arguments) is called, and answer(outcome) with what came of it."""

    answer: Callable[[Outcome], Any]
    function: Callable[..., Any] | None  # None: close
    arguments: tuple[Any, ...] = ()


class Inbox:
    """What arrives for a writer. thread: the id of the writer's thread, None until it runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requests: SimpleQueue[Request] = SimpleQueue()
        self.closed = False
        self.thread: int | None = None
        self.letting_go = False

    def put(self, request: Request) -> None:
        """Append a request. If the writer is gone, it is answered here. O(1)."""
        self.requests.put(request)
        if self.closed:
            self.refuse_all()

    def refuse_all(self) -> None:
        """Answer what has arrived after the end. O(its number)."""
        while True:
            try:
                request = self.requests.get_nowait()
            except Empty:
                return
            closing = request.function is None
            request.answer((None, None if closing else StorageError(self.path, "it is closed")))

    def let_go(self) -> None:
        """Have the writer close the file, without waiting for it. O(1)."""
        self.letting_go = True
        self.put(Request(bool, None))  # nobody wants the answer


def serve(
    inbox: Inbox,
    opened: Callable[[Outcome], Any],
    durability: Durability,
    options: dict[str, Any],
) -> None:
    """What the writer does all its life; ``opened`` is told the file's uuid, or what went wrong."""
    inbox.thread = threading.get_ident()
    try:
        writer = Writer(inbox, durability, options)
    except BaseException as error:
        inbox.closed = True
        inbox.refuse_all()
        opened((None, error.with_traceback(None)))
        return
    opened((writer.store.name, None))
    batch: list[Request] = []
    try:
        while writer.is_open:
            batch = writer.gather()
            writer.run(batch)
            batch = []  # what it refers to may be the scheduler
    except BaseException as error:  # a fault of ours; who has been answered hears no more
        for request in batch:
            request.answer((None, StorageError(inbox.path, f"its writer broke: {error!r}")))
        raise
    finally:
        writer.close()


class Writer:
    """Opens the file, and is the one that reads and writes it. Raises StorageError.

    options: of the Store, without ``connection``, ``name`` and ``opening``."""

    def __init__(self, inbox: Inbox, durability: Durability, options: dict[str, Any]) -> None:
        self.inbox, self.path = inbox, inbox.path
        self.answers_early = durability == "async"
        self.is_open = True
        self.is_crowded = False  # whether the last requests came together
        self.failed: Exception | None = None  # what is in memory is not what is in the file
        require_file(self.path)
        self.ownership = Ownership(self.path, lambda: inbox.letting_go)
        try:
            opened = open_database(self.path, durability, options["aging"])
            try:
                self.store = Store(*opened, **options)
                self.store.recover()
                self.store.commit()
            except BaseException:
                opened[0].close()
                raise
        except BaseException as error:
            self.ownership.release()
            if isinstance(error, sqlite3.Error):
                raise explained(self.path, error) from error
            raise
        self.place = _place(self.path)

    def gather(self) -> list[Request]:
        """Wait for a request, and take all that arrives while others are about to append theirs.

        To write lets other threads run at each row. It is better that they do so before: each that
        has something to ask asks, and sleeps, and is served by the same commit."""
        batch = [self.inbox.requests.get()]
        before = 0 if self.is_crowded or self.inbox.requests.qsize() else 1
        while before < len(batch) < MOST and batch[-1].function is not None:
            before = len(batch)
            sleep(0)
            try:
                while batch[-1].function is not None:
                    batch.append(self.inbox.requests.get_nowait())
            except Empty:
                pass
        self.is_crowded = len(batch) > 1
        return batch

    def run(self, batch: list[Request]) -> None:
        """Do all of it, and answer. What runs a user's function has a transaction to itself, so
        that it is undone, and called, alone."""
        start = 0
        for i, request in enumerate(batch):
            if request.function is transact:
                self._run(batch[start:i])
                self._run([request])
                start = i + 1
        self._run(batch[start:])

    def _run(self, batch: list[Request]) -> None:
        """Do all of it in one transaction, and answer."""
        if self.failed is not None and len(batch) > 1:  # the first is told, and the others go on
            for request in batch:
                self._run([request])
            return
        try:
            if self.failed is not None:
                self._recover()
            outcomes = [self._do(request) for request in batch]
            self.store.write()
            self._require_place()
            if not self.answers_early:
                self.store.commit()
        except BaseException as error:
            self._undo(error)
            if len(batch) > 1 and not _is_busy(error):
                for request in batch:
                    self._run([request])
                return
            if _closes(batch):  # whatever went wrong
                self.close()
            for request in batch:
                request.answer((None, self._told(error)))
            return
        if _closes(batch):
            self.close()
        for request, outcome in zip(batch, outcomes, strict=True):
            request.answer(outcome)
        if self.answers_early and self.is_open:
            self._commit()

    def _require_place(self) -> None:
        """Raise if what is to be committed would be in a file that nobody finds again. O(1)."""
        if self.store.connection.in_transaction and _place(self.path) != self.place:
            raise StorageError(
                self.path, "it has been deleted, or replaced, while it was open: nothing is kept"
            )

    def _told(self, error: BaseException) -> BaseException:
        """What the caller is told."""
        if isinstance(error, sqlite3.Error):
            return explained(self.path, error)
        return error.error if isinstance(error, FunctionRaisedError) else error

    def _do(self, request: Request) -> Outcome:
        if request.function is None:
            return None, None
        try:
            return request.function(self.store, *request.arguments), None
        except REFUSALS as error:
            return None, error.with_traceback(None)
        except FunctionRaisedError as raised:
            if raised.moved:
                raise
            return None, raised.error

    def _commit(self) -> None:
        """Commit what has been answered already. If that fails, whoever comes next is told."""
        try:
            self.store.commit()
        except sqlite3.Error as error:
            self._undo(error)
            self.failed = error

    def _undo(self, error: BaseException) -> None:
        try:
            self.store.undo()
        except Exception:  # the disk fails: tried again at the next request
            self.failed = error if isinstance(error, Exception) else StorageError(self.path, "?")

    def _recover(self) -> None:
        """Raise what went wrong once more, if it has taken what was acknowledged; go on then."""
        error, self.failed = self.failed, None
        self.store.undo()
        if self.answers_early and error is not None:
            raise StorageError(self.path, f"the last tasks could not be kept: {error}") from error

    def close(self) -> None:
        """Close the file and let it go; what arrives from now on is refused. Idempotent."""
        self.is_open = False
        try:
            if not self.inbox.closed:
                self._let_go()
        finally:
            self.inbox.closed, self.inbox.thread = True, None  # another may get this one's id
            self.inbox.refuse_all()

    def _let_go(self) -> None:
        try:
            if self.failed is None:
                self._commit()
        finally:
            try:
                self.store.connection.close()
            finally:
                self.ownership.release()


def _place(path: Path) -> tuple[int, int] | None:
    """Which file is there; None if there is none. O(1)."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _closes(batch: list[Request]) -> bool:
    """Whether the last request, and no other can, closes the file."""
    return bool(batch) and batch[-1].function is None


def _is_busy(error: BaseException) -> bool:
    """Whether another program would not let us write: no request's fault, and a long wait."""
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")
