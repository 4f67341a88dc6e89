"""Running a learner's code so that nothing it does can break the lesson.

It may raise, never come back, print a page for each of a thousand cases, or end the interpreter.
Endless code is stopped after a number of steps (lines), which is the same on every machine; what
takes long within one line by the clock, and so are all calls of a check together (see apart.py).
Sleeping is refused at once. What is printed is caught, and shown for the one case that failed. All
of it holds in the thread that runs the code, and nowhere else.
"""

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CoroutineType, FrameType, GeneratorType
from typing import Any

from .apart import Job, OutOfTime, TooLong, here

STEPS = 100_000  # lines of Python that one call may take: about 20 ms
PRINTED = 2_000  # characters that are kept of what one case prints

IS_ASYNC = (
    "is an async function",
    "Nothing in it has run: that takes an await. Leave the async out.",
)
IS_GENERATOR = (
    "gives a generator",
    "It has done nothing yet: a generator works when it is asked for its items.",
)

_sleep = time.sleep


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
        job = here.job if here.job is not None else Job[Any](lambda: None)
        job.began((self, shown, operation))
        here.out = out = io.StringIO()
        try:
            value = _Limits(job).run(function, args)
            if job.exceeded:  # it caught what was to stop it
                raise TooLong
        except TooLong:
            if job.stopped:
                raise
            raise BrokenError(operation, "does not come back", endless(shown)) from None
        except (KeyboardInterrupt, OutOfTime):
            raise
        except NotImplementedError:
            raise StubError(operation) from None
        except BaseException as error:
            raise BrokenError(
                operation, f"raises {type(error).__name__}", _told(shown, error)
            ) from None
        finally:
            here.out = None
            job.ended()
            self.printed = (self.printed + out.getvalue())[:PRINTED]
        if value is Ellipsis:
            raise StubError(operation)
        if isinstance(value, CoroutineType):
            value.close()  # else Python warns of it, much later
            raise BrokenError(operation, *IS_ASYNC)
        if isinstance(value, GeneratorType):
            raise BrokenError(operation, *IS_GENERATOR)
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


def endless(shown: str) -> str:
    return f"{shown} took too long and was stopped: is there a loop that never ends?"


class _Limits:
    """Raises TooLong in code that takes too many steps or too long; lets nothing sleep."""

    def __init__(self, job: Job[Any]) -> None:
        self.job = job
        self.left = STEPS

    def run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        tracer, profiler = sys.gettrace(), sys.getprofile()
        try:
            sys.setprofile(self._no_sleep)
            sys.settrace(self._count)
            return function(*args)
        finally:
            sys.settrace(tracer)
            sys.setprofile(profiler)

    def _count(self, _frame: FrameType, event: str, _arg: object) -> Any:
        self.left -= 1
        if self.left < 0 or self.job.stopped:
            self.job.exceeded = True  # a tracer that raises is dropped: who waits does the rest
            raise TooLong
        if event == "exception":  # a profiler that raised is dropped too, and needed again
            sys.setprofile(self._no_sleep)
        return self._count

    def _no_sleep(self, _frame: FrameType, event: str, arg: object) -> None:
        if event == "c_call" and arg is _sleep:
            raise RuntimeError("no real waiting here: time.sleep holds up everything else")
