"""Processes: a pool whose actions run in processes, which can be killed.

What a thread cannot have: an action that takes too long, or is cancelled, is stopped at once,
whatever it does, and one that breaks its process (or takes all memory) breaks nothing else. And
Python code runs on as many cores as there are processes.

Each worker has a process of its own, with a pipe of its own, and another once that one has died. So
one that dies in the midst of a message, or with a lock, harms no other task. pebble starts them
and kills them. A process is never forked from this one, whose threads may hold locks: it is started
by a server that has no threads (or anew, where there is none).

What goes over is pickled, and so is what comes back; that is done here, on both sides, as an error
on the way is then an error of that task and of nothing else. Processes end with this one, however
it ends: each has a thread that waits for that.

Ctrl-C in a terminal, and SIGTERM from systemd, reach every process of the program. What runs is to
end all the same, within its grace: a process ignores both, unless the pool has told it before that
SIGTERM is meant for it. So ``kill PID`` does nothing to it; ``kill -9 PID`` does.
"""

import inspect
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from sched.arguments import as_error
from sched.attempts import Attempt
from sched.base import Scheduler
from sched.elsewhere import Ticket
from sched.entry import details_of
from sched.runner import Runner
from sched.task import Task

STILLBORN = 3  # processes in a row that end before they are ready
LOOK = 0.1  # seconds between two looks at whether a process still comes up
KILLED_IN = 10.0  # seconds in which a process that is killed has ended
DAY = 86400.0
READY = b"ready"


class ProcessDiedError(RuntimeError):
    """The process that ran the task has ended in its midst: killed, out of memory, or by itself."""


class StartError(RuntimeError):
    """No process comes up."""

    def __init__(self) -> None:
        super().__init__(
            f"{STILLBORN} processes in a row ended before they could run anything: is what starts "
            'this program below if __name__ == "__main__"?'
        )


class Processes(Runner):
    """The arguments are as Runner has them. Raises ImportError where pebble is missing."""

    def __init__(self, scheduler: Scheduler, run: Callable[[Task], Any] | None) -> None:
        try:
            import pebble
        except ImportError as error:
            raise ImportError(
                'executor="process" needs pebble: pip install "priority-sched[process]"'
            ) from error
        super().__init__(scheduler, run)
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context(
            "forkserver" if "forkserver" in methods else "spawn"
        )
        # Of the two names for the context one is what pebble documents, the other what it reads.
        how: dict[str, Any] = {"context": self._context, "mp_context": self._context}
        self._start: Any = pebble.concurrent.process(name="sched-process", daemon=False, **how)(
            serve
        )
        self._mine = _Mine()

    def perform(self, attempt: Attempt) -> Any:
        timeout = details_of(attempt.task.entry).timeout
        try:
            call = pickle.dumps((Ticket(attempt.task), self.run), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            why = as_error(error)
            raise TypeError(f"what goes to a process must be picklable: {why}") from None
        stop = _Stop()
        attempt.can_stop(stop)
        pipe, process = self._process(attempt)
        stop.begin(process, self._mine.tell)
        in_time = True
        try:
            pipe.send_bytes(call)
            if timeout is not None and not comes_within(timeout, pipe):
                in_time = False
                stop()
                raise EOFError
            outcome = pipe.recv_bytes()
        except (EOFError, OSError):  # the process has ended
            code = self._exit_code(process)
            self.leave()
            if not in_time:
                raise TimeoutError(f"killed after its timeout of {timeout:g} s") from None
            raise ProcessDiedError(f"the process that ran it {_end(code)}") from None
        except BaseException:  # no memory, say; its answer is not to be taken for another task's
            stop()
            self.leave()
            raise
        finally:
            stop.over()
        succeeded, value = pickle.loads(outcome)
        if succeeded:
            return value
        raise value

    def _process(self, attempt: Attempt) -> tuple[Connection, Future[None]]:
        """The worker's process and the pipe to it. Another if it has died with nothing to do."""
        mine = self._mine
        if mine.process is not None and (mine.process.done() or mine.pipe.poll()):
            self.leave()
        for _ in range(STILLBORN):
            if mine.process is not None:
                return mine.pipe, mine.process
            try:
                mine.pipe, other_end = self._context.Pipe()
                told, mine.tell = self._context.Pipe(duplex=False)
                mine.process = process = _quiet(self._start(other_end, told))
            except Exception as error:  # the system gives none, or this one has yet to begin itself
                attempt.stopped, self.broken = True, error
                raise
            while not mine.pipe.poll(LOOK) and not process.done():
                pass
            other_end.close()  # so that the pipe ends with the process
            told.close()
            if not mine.pipe.poll() or not _says_ready(mine.pipe):
                self.leave()
        attempt.stopped, self.broken = True, StartError()
        raise self.broken

    def _exit_code(self, process: Future[None]) -> int | None:
        """How the process has ended; None if it was cancelled."""
        try:
            process.result(KILLED_IN)
        except BaseException as error:  # of whatever kind: it is what the process has ended with
            code: int | None = getattr(error, "exitcode", None)
            return code
        return 0

    def leave(self) -> None:
        """End the worker's process, if it has one: the next task gets another. O(1)."""
        pipe, process, tell = self._mine.pipe, self._mine.process, self._mine.tell
        self._mine.pipe = self._mine.process = self._mine.tell = None
        if pipe is not None:
            if process is not None and process.cancelled():
                _wait_for_end(pipe)  # pebble is about to kill it: it is not to end by itself first
            pipe.close()  # which it notices
        if tell is not None:
            tell.close()
        if process is not None:
            self._exit_code(process)


class _Stop:
    """Kills a process for as long as it runs this task, and not when it has the next one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: Future[None] | None = None
        self._tell: Any = None
        self._asked = self._over = False

    def __call__(self) -> bool:
        with self._lock:
            if not self._over:
                self._asked = self._process is None or self._kill(self._process)
            return self._asked

    def _kill(self, process: "Future[None]") -> bool:
        with suppress(OSError):  # it has ended
            self._tell.send_bytes(b"")
        return process.cancel()

    def begin(self, process: "Future[None]", tell: Connection) -> None:
        with self._lock:
            self._process, self._tell = process, tell
            if self._asked:
                self._kill(process)

    def over(self) -> None:
        with self._lock:
            self._over, self._process, self._tell = True, None, None


class _Mine(threading.local):
    """What a worker has of its own. process: what pebble has of it, done when it has ended.
    pipe: to it and back. tell: to let it know that it is to be killed."""

    pipe: Any = None
    tell: Any = None
    process: "Future[None] | None" = None


def comes_within(seconds: float, pipe: Connection) -> bool:
    """Whether something comes in that time. Day by day: the system counts milliseconds up to 2**31,
    and what it refuses is no time that is over."""
    end = monotonic() + seconds
    while (left := end - monotonic()) > DAY:
        if pipe.poll(DAY):
            return True
    return pipe.poll(max(0.0, left))


def _quiet(process: Any) -> Any:
    """A process that is killed by somebody else while it is being cancelled is no fault: pebble
    would have it fail as well, which raises in a thread of its own."""
    fail = process.set_exception

    def unless_cancelled(error: BaseException) -> None:
        with suppress(InvalidStateError):
            fail(error)

    process.set_exception = unless_cancelled
    return process


def _says_ready(pipe: Connection) -> bool:
    try:
        return pipe.recv_bytes() == READY
    except (EOFError, OSError):
        return False


def _wait_for_end(pipe: Connection) -> None:
    """Until the process at the other end is no more; what it still says is dropped."""
    with suppress(EOFError, OSError):
        while pipe.poll(KILLED_IN):
            pipe.recv_bytes()


def _end(exitcode: int | None) -> str:
    if exitcode is None:
        return "was stopped"
    if exitcode < 0:
        try:
            return f"was killed by {signal.Signals(-exitcode).name}"
        except ValueError:
            return f"was killed by signal {-exitcode}"
    return f"ended with exit code {exitcode}"


# --- in the process -------------------------------------------------------------------------------


def serve(pipe: Connection, told: Connection) -> None:
    """What a process does all its life: until the pipe ends, or it is killed."""
    end: Any = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *args: end(*args) if told.poll() else None)
    _end_with_parent()
    process = os.getpid()
    if hasattr(os, "register_at_fork"):
        # What an action forks would hold them open when this process has died.
        for each in (pipe, *_pipes_of_pebble()):
            os.register_at_fork(after_in_child=each.close)
    pipe.send_bytes(READY)
    with suppress(EOFError, OSError):
        while True:
            outcome = perform_pickled(pipe.recv_bytes())
            if os.getpid() != process:  # forked by the action, it has come back with it
                os.kill(os.getpid(), signal.SIGKILL)
            pipe.send_bytes(outcome)
    signal.signal(signal.SIGTERM, end)


def _pipes_of_pebble() -> Iterator[Connection]:
    """By which it hears how this process ended. Only a frame of its own, below ours, has them."""
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("pebble."):
            yield from (each for each in frame.f_locals.values() if type(each) is Connection)
        frame = frame.f_back


def perform_pickled(call: bytes) -> bytes:
    """Perform what was pickled. Returns (True, result) or (False, exception), pickled. O(size)."""
    try:
        ticket, run = pickle.loads(call)
    except BaseException as error:
        text = f"what it calls cannot be found in a process: {_text(error)}"
        return pickle.dumps((False, LookupError(text)))
    try:
        result = ticket.perform(run)
    except BaseException as error:
        return _pickled_error(error)
    try:
        return pickle.dumps((True, result), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:  # what it is pickled with is the user's code
        text = f"the result cannot be pickled: {_text(error)}"
        return pickle.dumps((False, TypeError(text)))


def _pickled_error(error: BaseException) -> bytes:
    """An exception with its traceback as a note; another with its text, if it does not come back
    from being pickled."""
    try:
        error.add_note("in the process:\n" + "".join(traceback.format_exception(error)))
        pickled = pickle.dumps((False, error))
        if isinstance(pickle.loads(pickled)[1], BaseException):
            return pickled
    except BaseException:  # the user's own code
        pass
    return pickle.dumps((False, RuntimeError(_text(error))))


def _text(error: BaseException) -> str:
    try:
        return as_error(error)
    except BaseException:  # the user's own code
        return "an error whose text cannot be made"


def _end_with_parent() -> None:
    """Have this process end when the one that it works for does. O(1)."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    threading.Thread(target=wait, name="sched-parent", daemon=True).start()
