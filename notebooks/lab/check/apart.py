"""A check runs apart: it touches nothing outside the code that it checks.

The check has a thread of its own, which has what a learner's code needs and must not leave behind:
a tracer that counts steps, a profiler that forbids to sleep. Python keeps both for each thread, so
no other thread meets them and nothing has to be put back. An interrupt ("Interrupt the kernel")
reaches the main thread only, which does nothing but wait.

One thing belongs to all threads: `sys.stdout`. It is divided by threads while a check runs, and put
back by a single store in a `finally`, where no interrupt can come in between.

Where there are no threads (Python in a browser), the check runs in the thread that asks.
"""

import _thread
import io
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TextIO, TypeVar, cast

SECONDS = 5.0  # for what takes long without taking steps
WHOLE = 60.0  # for all calls of one check together: those of a right answer take a second or two
GRACE = 2.0  # seconds that code has to leave when it is told to
LOOK = 0.02  # seconds from one look of the waiting thread to the next

T = TypeVar("T")


class TooLong(BaseException):
    """Raised inside code that does not come back. No learner's `except Exception` stops it."""


class OutOfTime(BaseException):
    """Raised in a check, outside the code that it checks, when all its calls took too long.

    A BaseException: no check takes it for an error of the learner's.
    """

    def __init__(self, call: Any) -> None:
        super().__init__(call)
        self.call = call


class AbandonedError(Exception):
    """The code did not leave either when it was told to: it waits, outside Python, for ever."""

    def __init__(self, call: Any) -> None:
        super().__init__(call)
        self.call = call


class _Here(threading.local):
    """What belongs to one thread: the job that it does, and where its prints go."""

    job: "Job[Any] | None" = None
    out: io.StringIO | None = None


here = _Here()
_turn = threading.Lock()  # one check at a time has sys.stdout


class _Divided:
    """Stands for `sys.stdout` while a check runs: the thread of the check has its prints caught.

    What other threads print goes where it always went.
    """

    def __init__(self, real: TextIO | None) -> None:
        self._real = real

    def write(self, text: str) -> int:
        out = here.out
        if out is not None:
            return out.write(text)
        return self._real.write(text) if self._real is not None else len(text)

    def flush(self) -> None:
        if here.out is None and self._real is not None:
            self._real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Job(Generic[T]):
    """Something done in a thread of its own, which can be stopped from outside."""

    stopped = False  # nobody waits for the outcome any more: leave at the next step
    exceeded = False  # the code has to leave, and may have caught what told it to
    call: Any = None  # the latest call of the learner's code, and
    since = math.inf  # when it began, while it goes on

    def __init__(
        self, work: Callable[[], T], seconds: float | None = None, whole: float = math.inf
    ) -> None:
        self.work = work
        self.seconds = seconds
        self.until = time.monotonic() + whole
        self.thread: int | None = None
        self.done = _thread.allocate_lock()
        self.done.acquire()
        self.telling = _thread.allocate_lock()
        self.value: T | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do it, and wait for it; AbandonedError if it never comes back."""
        try:
            # Not a threading.Thread: its start leaves traces if it is interrupted half-way.
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            self._run()
            return
        told = math.inf
        while not self.done.acquire(timeout=LOOK):
            now = time.monotonic()
            if now - self.since > (SECONDS if self.seconds is None else self.seconds):
                self.exceeded = True
            if not self.exceeded:
                told = math.inf
                continue
            # Again and again: a bare `except:` in a loop catches the first one.
            self._tell()
            told = min(told, now)
            if now - told > GRACE:
                _forget()
                raise AbandonedError(self.call)

    def began(self, call: object) -> None:
        """From now on the time counts; `call` is for whoever finds that it never ends."""
        if self.stopped:
            raise TooLong
        now = time.monotonic()
        if now > self.until:
            raise OutOfTime(call)
        self.call, self.since = call, now

    def ended(self) -> None:
        """The call is over. What it was told to hear, and did not, is not for the check."""
        while True:
            try:
                with self.telling:
                    self.since, self.exceeded = math.inf, False
                _hear()
                return
            except TooLong:
                continue

    def leave(self) -> None:
        """See to it that the thread comes to its end, after an interrupt as well."""
        until = time.monotonic() + GRACE
        while not self.done.acquire(timeout=LOOK):
            if time.monotonic() > until:  # it stops at its next step, if it ever comes to one
                _forget()
                return
            self._tell()

    def _run(self) -> None:
        self.thread, here.job = _thread.get_ident(), self
        try:
            if not self.stopped:
                self.value = self.work()
        except TooLong:  # it came late, and met the check in place of the code
            self.error = AbandonedError(self.call)
        except BaseException as error:
            self.error = error
        finally:
            here.job = here.out = None
            self.thread = None
            self.done.release()

    def _tell(self) -> None:
        with self.telling:
            if self.thread is not None and (self.exceeded or self.stopped):
                _raise_in(self.thread, TooLong)


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise an error in another thread at its next step."""
    import ctypes  # a Python without threads may have none

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _forget() -> None:
    """Let the interpreter forget that it has something to tell to a thread that does not hear.

    Python 3.11 looks for it at each step of every thread, and where a thread is traced, it goes on
    looking and comes to no step any more: the next check would hang. It forgets when any thread
    has heard something; this one is made for it.
    """

    def hear() -> None:
        try:
            _raise_in(_thread.get_ident(), TooLong)
            _hear()
        except TooLong:
            pass

    try:
        _thread.start_new_thread(hear, ())
    except RuntimeError:
        pass


def _hear() -> None:
    """Where a function begins, Python raises what another thread has sent."""


def apart(work: Callable[[], T], seconds: float | None = None, whole: float = math.inf) -> T:
    """What `work` returns, or raises, in a thread of its own.

    seconds: how long one call of the learner's code may take; SECONDS if not given.
    whole: when no other call of it begins any more: OutOfTime.
    """
    if here.job is not None:  # a check in a check
        return work()
    job = Job(work, seconds, whole)
    with _turn:
        before = sys.stdout
        try:
            sys.stdout = cast(TextIO, _Divided(before))
            job.run()
        finally:
            # Two stores and no call between: no interrupt is let in before both are done.
            sys.stdout = before
            job.stopped = True
            if job.thread is not None:
                job.leave()
    if job.error is not None:
        raise job.error
    return cast(T, job.value)


def within(seconds: float, work: Callable[..., T], *args: Any) -> T | None:
    """What `work(*args)` returns, if that takes so many seconds at most; else a line says so, and
    None.

    For what is done with a learner's code after its check: it may be right, and slow.
    """

    def timed() -> T:
        job = here.job
        if job is None:  # there are no threads here, and nothing that could watch the clock
            return work(*args)
        job.began(work)
        try:
            return work(*args)
        finally:
            job.ended()

    try:
        return apart(timed, seconds)
    except AbandonedError:
        print(f"It was stopped: {seconds:g} seconds were not enough.")
        return None
