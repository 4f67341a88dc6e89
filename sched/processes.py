"""Processes: a pool whose actions run in processes, which can be killed.

What a thread cannot have: an action that takes too long, or is cancelled, is stopped at once,
whatever it does, and one that breaks its process (or takes all memory) breaks nothing else. And
Python code runs on as many cores as there are processes.

Each worker has a process of its own, under a pool of pebble's that holds this one alone. So a
process that dies in the midst of a message, or with a lock, harms no other task; it is thrown away
with its pool, and the worker makes another. A process is never forked from this one, whose threads
may hold locks: it is started by a server that has no threads (or anew, where there is none).

What goes over is pickled, and so is what comes back; that is done here, on both sides, as an error
on the way is then an error of that task and of nothing else. Processes end with this one, however
it ends: each has a thread that waits for that.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

from sched.arguments import as_error
from sched.attempts import Attempt
from sched.base import Scheduler
from sched.elsewhere import Ticket
from sched.entry import details_of
from sched.execution import Runner
from sched.task import Task

STILLBORN = 3  # processes in a row that end before they have run anything


class ProcessDiedError(RuntimeError):
    """The process that ran the task has ended in its midst: killed, out of memory, or by itself."""


class StartError(RuntimeError):
    """No process comes up."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            f"{STILLBORN} processes in a row ended before they could run anything ({error}): is "
            'what starts this program below if __name__ == "__main__"?'
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
        self._pebble: Any = pebble
        methods = multiprocessing.get_all_start_methods()
        self._context = multiprocessing.get_context(
            "forkserver" if "forkserver" in methods else "spawn"
        )
        self._mine = _Mine()

    def perform(self, attempt: Attempt) -> Any:
        task = attempt.task
        timeout = details_of(task.entry).timeout
        try:
            call = pickle.dumps((Ticket(task), self.run), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            raise TypeError(
                f"what goes to a process must be picklable: {as_error(error)}"
            ) from None
        outcome = self._outcome(attempt, call, timeout)
        self._mine.stillborn = 0
        succeeded, value = pickle.loads(outcome)
        if succeeded:
            return value
        raise value

    def _outcome(self, attempt: Attempt, call: bytes, timeout: float | None) -> bytes:
        """What the process answers. Raises what became of it, if it does not."""
        while True:
            try:
                future = self._process().schedule(perform_pickled, (call,), timeout=timeout)
                attempt.can_stop(future.cancel)
                outcome: bytes = future.result()
            except self._pebble.ProcessExpired as died:
                self.leave()
                raise ProcessDiedError(f"the process that ran it {_end(died.exitcode)}") from None
            except (BrokenExecutor, RuntimeError) as error:
                # The process ended before it had the task: it was killed while it had nothing to
                # do. Or it cannot start, like all those before it.
                self.leave()
                self._mine.stillborn += 1
                if self._mine.stillborn >= STILLBORN:
                    attempt.stopped, self.broken = True, StartError(error)
                    raise
            except CancelledError:
                self.leave()  # which ends the process
                raise
            except TimeoutError:
                raise TimeoutError(f"killed after its timeout of {timeout:g} s") from None
            else:
                return outcome

    def _process(self) -> Any:
        """The worker's process, under the pool of pebble's that holds it."""
        if self._mine.pool is None:
            self._mine.pool = self._pebble.ProcessPool(
                max_workers=1, initializer=_end_with_parent, context=self._context
            )
        return self._mine.pool

    def leave(self) -> None:
        """End the worker's process, if it has one: the next task gets another. O(1)."""
        pool, self._mine.pool = self._mine.pool, None
        if pool is not None:
            pool.stop()
            pool.join()


class _Mine(threading.local):
    """What a worker has of its own."""

    pool: Any = None
    stillborn = 0


def _end(exitcode: int) -> str:
    if exitcode < 0:
        try:
            return f"was killed by {signal.Signals(-exitcode).name}"
        except ValueError:
            return f"was killed by signal {-exitcode}"
    return f"ended with exit code {exitcode}"


# --- in the process -------------------------------------------------------------------------------


def perform_pickled(call: bytes) -> bytes:
    """Perform what was pickled. Returns (True, result) or (False, exception), pickled. O(size)."""
    try:
        ticket, run = pickle.loads(call)
    except BaseException as error:
        text = f"what it calls cannot be found in a process: {as_error(error)}"
        return pickle.dumps((False, LookupError(text)))
    try:
        result = ticket.perform(run)
    except BaseException as error:
        return _pickled_error(error)
    try:
        return pickle.dumps((True, result), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        text = f"the result cannot be pickled: {as_error(error)}"
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
    try:
        text = as_error(error)
    except BaseException:
        text = "an error whose text cannot be made"
    return pickle.dumps((False, RuntimeError(text)))


def _end_with_parent() -> None:
    """Have this process end when the one that it works for does. O(1)."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)

    threading.Thread(target=wait, name="sched-parent", daemon=True).start()
