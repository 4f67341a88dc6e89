"""Running a learner's code so that nothing it does can break the lesson.

It may raise, never come back, print a page for each of a thousand cases, or end the interpreter.
Endless code is stopped after a number of steps (lines), which is the same on every machine; what
takes long within one line, such as a sleep, by a timer where there is one. What is printed is
caught, and shown for the one case that failed.
"""

import contextlib
import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

STEPS = 100_000  # lines of Python that one call may take: about 20 ms
SECONDS = 5.0  # for what takes long without taking steps
PRINTED = 2_000  # characters that are kept of what one case prints


class TooLong(BaseException):
    """Raised inside code that does not come back. No learner's `except Exception` stops it."""


class StubError(Exception):
    """The learner has not written this yet: it raised NotImplementedError, or gives Ellipsis."""


class BrokenError(Exception):
    """An operation did not do what it promises.

    operation: the name the learner gave it, such as "push".
    problem: goes on from the name: "loses an item".
    detail: a whole sentence about this case.
    """

    def __init__(self, operation: str, problem: str, detail: str = "") -> None:
        super().__init__(operation, problem, detail)
        self.operation, self.problem, self.detail = operation, problem, detail


@dataclass
class Trial:
    """One case, run step by step: what was done, in words, and what the code printed."""

    lines: list[str] = field(default_factory=list)
    printed: str = ""

    def note(self, line: str) -> None:
        self.lines.append(line)

    def call(self, shown: str, operation: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call the learner's code; BrokenError if it raises or never ends.

        shown: the call as the learner would write it.
        """
        self.lines.append(shown)
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out), _limits() as limits:
                value = function(*args)
            if limits.exceeded:  # it caught what was to stop it
                raise TooLong
        except TooLong:
            raise BrokenError(
                operation,
                "does not come back",
                f"{shown} took too long and was stopped: is there a loop that never ends?",
            ) from None
        except KeyboardInterrupt:
            raise
        except NotImplementedError:
            raise StubError(operation) from None
        except BaseException as error:
            raise BrokenError(
                operation, f"raises {type(error).__name__}", _told(shown, error)
            ) from None
        finally:
            self.printed = (self.printed + out.getvalue())[:PRINTED]
        if value is Ellipsis:
            raise StubError(operation)
        return value


def _told(shown: str, error: BaseException) -> str:
    try:
        words = str(error)
    except Exception:
        words = ""
    told = f"{shown} raised {type(error).__name__}{': ' if words else ''}{words}"
    if "'NoneType' object has no attribute" in words:
        told += "\nWhat stands before the dot was None there: nothing."
    return told


class _Limits:
    exceeded = False


def _no_sleep(_seconds: object, /) -> None:
    raise RuntimeError("no real waiting here: time.sleep holds up everything else")


@contextlib.contextmanager
def _limits() -> Iterator[_Limits]:
    """Raise TooLong in the code inside that takes too many steps or too long."""
    limits = _Limits()
    left = STEPS
    inside = True

    def count(_frame: FrameType, _event: str, _arg: object) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            limits.exceeded = True
            if timed:  # a tracer that raises is dropped: the timer does the rest, if need be
                signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            raise TooLong
        return count

    def stop(_number: int, frame: FrameType | None) -> None:
        # Never in the lines around the call, which put everything back; the timer comes again.
        if inside and frame and frame.f_code.co_filename not in (__file__, contextlib.__file__):
            limits.exceeded = True
            raise TooLong

    # Signals reach the main thread only, and Windows has no timer: there the steps must do.
    timed = hasattr(signal, "setitimer") and (threading.current_thread() is threading.main_thread())
    tracer, sleep = sys.gettrace(), time.sleep
    handler: Any = None
    before = (0.0, 0.0)
    if timed:
        handler = signal.signal(signal.SIGALRM, stop)
        # Again and again: a bare `except:` in a loop catches the first one.
        before = signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS / 10)
    time.sleep = _no_sleep
    sys.settrace(count)
    try:
        yield limits
    finally:
        inside = False
        sys.settrace(tracer)
        time.sleep = sleep
        if timed:
            signal.setitimer(signal.ITIMER_REAL, *before)
            signal.signal(signal.SIGALRM, handler)
